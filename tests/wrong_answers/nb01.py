"""Typical wrong answers to the exercises of notebook 01, and a part of the hint for each."""

import numpy as np

from seqclf_utils import checks

WRONG = [
    (checks.check_share_of_cheats, lambda y, i: np.mean(y), "among all labels"),
    (checks.check_share_of_cheats, lambda y, i: y[i].sum(), "Divide by the number"),
    (checks.check_share_of_cheats, lambda y, i: np.mean(i == 1), "Look up the labels"),
    (checks.check_share_of_cheats, lambda y, i: y[i].sum() / len(y), "not of all labels"),
    (checks.check_share_of_cheats, lambda y, i: 0.9, "should give 0.5, not 0.9"),
    (checks.check_leaked_positions, lambda s, p: [2], "stands in validation"),
    (checks.check_leaked_positions, lambda s, p: [4, 2], "not sorted"),
    (checks.check_leaked_positions, lambda s, p: [3, 4], "places inside test_idx"),
    (checks.check_leaked_positions, lambda s, p: [2, 4, 5], "the order matters"),
    (checks.check_leaked_positions, lambda s, p: [2, 4, 6], "only its beginning"),
    (checks.check_leaked_positions, lambda s, p: [0, 1, 2, 4], "only positions of the test side"),
    (checks.check_leaked_positions, lambda s, p: [], "expected [2, 4]"),
]
