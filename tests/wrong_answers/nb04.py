"""Typical wrong answers to the exercises of notebook 04, and a part of the hint for each."""

import numpy as np

from seqclf_utils import checks


def early_stop(val_losses, patience, *, slack=0, equal=False, base=1):
    """Return (last, best) epoch, with a bug if asked for one."""
    best = 0
    for epoch, loss in enumerate(val_losses, start=1):
        lowest = val_losses[best - 1]
        if best == 0 or loss < lowest or (equal and loss == lowest):
            best = epoch
        if epoch - best >= patience + slack:
            break
    return epoch - 1 + base, best - 1 + base


def count_in_total(val_losses, patience):
    """Count epochs without improvement in total, not in a row."""
    best, failures = 1, 0
    for epoch, loss in enumerate(val_losses[1:], start=2):
        if loss < val_losses[best - 1]:
            best = epoch
        else:
            failures += 1
        if failures >= patience:
            break
    return epoch, best


def compare_with_previous(val_losses, patience):
    """Take any fall since the epoch before for an improvement."""
    best = 1
    for epoch, loss in enumerate(val_losses[1:], start=2):
        if loss < val_losses[epoch - 2]:
            best = epoch
        if epoch - best >= patience:
            break
    return epoch, best


WRONG = [
    (checks.check_stopping_epochs, lambda v, p: early_stop(v, p)[::-1], "wrong order"),
    (checks.check_stopping_epochs, lambda v, p: early_stop(v, p, base=0), "from 1"),
    (checks.check_stopping_epochs, lambda v, p: early_stop(v, p, slack=1), "one epoch too many"),
    (checks.check_stopping_epochs, lambda v, p: early_stop(v, p, equal=True), "not <="),
    (checks.check_stopping_epochs, lambda v, p: (4, 2), "should give (4, 4), not (4.0, 2.0)"),
    (checks.check_stopping_epochs, lambda v, p: count_in_total(v, p), "starts the count again"),
    (checks.check_stopping_epochs, lambda v, p: compare_with_previous(v, p), "the epoch before"),
    (checks.check_stopping_epochs, lambda v, p: 4, "return two numbers"),
    (checks.check_epoch_loss, lambda m, n, b: np.mean(m), "mean of the batch means"),
    (checks.check_epoch_loss, lambda m, n, b: np.sum(m) * b / n, "counts as a full one"),
    (checks.check_epoch_loss, lambda m, n, b: np.dot(m, [16, 16, 2]), "divide by how many"),
    (checks.check_epoch_loss, lambda m, n, b: np.dot(m, [16, 16, 2]) / 3, "number of batches"),
    (checks.check_epoch_loss, lambda m, n, b: 0.5, "2/34"),
    (
        checks.check_epoch_loss,
        lambda m, n, b: (m[:-1].sum() * b + m[-1] * (n % b)) / n,
        "should give 0.75",
    ),
]
