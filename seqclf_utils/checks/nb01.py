"""Checks of the exercises of notebook 01, data splits."""

from collections.abc import Callable

import numpy as np

from seqclf_utils.checks.report import call, close, exercise
from seqclf_utils.data import SplitIndices


@exercise
def check_share_of_cheats(share_of_cheats: Callable) -> str | None:
    """Check notebook 01, exercise 1: the share of label 1 among some positions."""
    labels = np.array([1, 0, 0, 1, 1, 1])
    share = call(share_of_cheats, labels, np.array([0, 1, 2, 4]))
    if close(share, labels.mean()):
        return "that is the share among all labels. Use only those at the given positions."
    if close(share, 2 / 6):
        return "divide by the number of the given positions, not of all labels."
    if close(share, 2):
        return "that is how many cheats there are. Divide by the number of positions."
    if close(share, 0.25):
        return "that is the share of label 1 among the positions themselves. Look up the labels."
    if not close(share, 0.5):
        return f"labels 1, 0, 0, 1 at the four positions should give 0.5, not {share}."
    return None


@exercise
def check_leaked_positions(leaked_positions: Callable) -> str | None:
    """Check notebook 01, exercise 2: test sequences that also stand in training or validation."""
    sequences = [[1, 2], [3], [1, 2], [4, 4], [3], [2, 1], [1, 2, 0], [5]]
    arrays = [np.array(sequence) for sequence in sequences]
    splits = SplitIndices(np.array([0, 3]), np.array([1]), np.array([7, 6, 5, 4, 2]))
    leaked = list(call(leaked_positions, arrays, splits))
    if leaked in ([3, 4], [False, False, False, True, True]):
        return "those are places inside test_idx. Return the positions that stand there."
    if leaked == [2]:
        return "position 4 is missing: its twin stands in validation, which counts as well."
    if sorted(leaked) == [2, 4] and leaked != [2, 4]:
        return "the right positions, but not sorted."
    if 5 in leaked:
        return "position 5 holds [2, 1], and no other sequence does: the order matters."
    if 6 in leaked:
        return "position 6 holds [1, 2, 0]; [1, 2] is only its beginning."
    if any(position in leaked for position in (0, 1, 3)):
        return "only positions of the test side can be leaked positions."
    if leaked != [2, 4]:
        return f"expected [2, 4] for a small case, got {leaked}."
    return None
