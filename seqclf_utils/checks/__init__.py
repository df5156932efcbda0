"""Checks of the exercises: each prints `Correct` or says what is still missing, and never raises.

A check tries the reader's function on small cases with known answers and returns a hint for the
first thing that is wrong, or None; `exercise` turns that into a line of text. One module a
notebook.
"""

from seqclf_utils.checks.nb01 import check_leaked_positions, check_share_of_cheats
from seqclf_utils.checks.nb02 import check_bce_by_hand, check_largest_hidden_size
from seqclf_utils.checks.nb03 import check_batch_sizes, check_max_pool
from seqclf_utils.checks.nb04 import check_epoch_loss, check_stopping_epochs
from seqclf_utils.checks.nb05 import check_last_and_avg, check_paired_difference

__all__ = [
    "check_batch_sizes",
    "check_bce_by_hand",
    "check_epoch_loss",
    "check_largest_hidden_size",
    "check_last_and_avg",
    "check_leaked_positions",
    "check_max_pool",
    "check_paired_difference",
    "check_share_of_cheats",
    "check_stopping_epochs",
]
