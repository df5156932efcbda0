"""Checks for the exercises, one module per notebook.

A check runs the reader's code on small cases with known answers, and returns None or a hint about
the first mistake. The decorator `exercise` prints `Correct` or the hint, and never raises an error.
"""

from seqclf_utils.exercises.nb01 import (
    check_audit_split,
    check_leaked_positions,
    check_share_of_cheats,
)
from seqclf_utils.exercises.nb02 import (
    check_bce_by_hand,
    check_largest_hidden_size,
    check_logit_by_hand,
)
from seqclf_utils.exercises.nb03 import check_max_pool, check_packed_last, check_recent_throws
from seqclf_utils.exercises.nb04 import check_epoch_loss, check_fit_from_memory, check_fit_halving
from seqclf_utils.exercises.nb05 import (
    check_attention_pool,
    check_last_and_avg,
    check_paired_difference,
)
from seqclf_utils.exercises.nb06 import (
    check_auc_by_hand,
    check_choose_and_report,
    check_paired_interval,
)
from seqclf_utils.exercises.nb07 import check_longest_run, check_ngram_counts, check_same_shape
from seqclf_utils.exercises.nb08 import (
    check_cell_batches,
    check_padding_share,
    check_step_in_pieces,
)
from seqclf_utils.exercises.nb09 import (
    check_fraction_right,
    check_is_batch_invariant,
    check_train_and_keep_best,
)
