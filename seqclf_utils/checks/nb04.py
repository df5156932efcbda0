"""Checks of the exercises of notebook 04, training with early stopping."""

import operator
from collections.abc import Callable

import numpy as np

from seqclf_utils.checks.report import call, close, exercise, two_numbers


def _stopping_epochs(
    val_losses: list[float], patience: int, improves: Callable = operator.lt
) -> tuple[int, int]:
    """Return the last epoch run and the best one, for a given idea of what improves."""
    best_epoch = 1
    for epoch, val_loss in enumerate(val_losses, start=1):
        if improves(val_loss, val_losses[best_epoch - 1]):
            best_epoch = epoch
        if epoch - best_epoch >= patience:
            break
    return epoch, best_epoch


@exercise
def check_stopping_epochs(stopping_epochs: Callable) -> str | None:
    """Check notebook 04, exercise 1: the last epoch run and the best one."""
    for val_losses, patience in (
        ([0.6, 0.5, 0.7, 0.8, 0.4], 2),
        ([0.6, 0.5, 0.4, 0.3], 3),
        ([0.6, 0.7, 0.5, 0.6, 0.4], 2),
        ([0.5, 0.7, 0.6, 0.4], 2),
        ([0.6, 0.5, 0.5, 0.7, 0.8, 0.9], 2),
        ([0.5, 0.5, 0.5], 1),
    ):
        result = two_numbers(call(stopping_epochs, list(val_losses), patience))
        if result is None:
            return "return two numbers: the last epoch that is run, and the best epoch."
        last, best = _stopping_epochs(val_losses, patience)
        case = f"losses {val_losses} with patience {patience}"
        if val_losses == [0.6, 0.7, 0.5, 0.6, 0.4] and result == (4, 3):
            return f"{case}: a new best starts the count again; patience counts epochs in a row."
        if val_losses == [0.5, 0.7, 0.6, 0.4] and result == (4, 4):
            return f"{case}: compare with the best loss so far, not with the epoch before."
        if result == (best, last) and best != last:
            return "the right epochs in the wrong order: first the last epoch, then the best one."
        if result == (last - 1, best - 1):
            return "epochs count from 1, not from 0."
        if result == _stopping_epochs(val_losses, patience + 1) != (last, best):
            return f"one epoch too many for {case}: stop as soon as patience is used up."
        if result == _stopping_epochs(val_losses, patience, operator.le) != (last, best):
            return f"an equal loss is no improvement ({case}): compare with <, not <=."
        if result != (last, best):
            return f"{case} should give {(last, best)}, not {result}."
    return None


@exercise
def check_epoch_loss(epoch_loss: Callable) -> str | None:
    """Check notebook 04, exercise 2: the mean over sequences from the batches' means."""
    result = call(epoch_loss, np.array([0.0, 0.0, 1.0]), 34, 16)
    if close(result, 1 / 3):
        return "that is the mean of the batch means: two sequences count as much as sixteen."
    if close(result, 16 / 34):
        return "the last batch counts as a full one: of 34 sequences only 2 are left for it."
    if close(result, 2.0):
        return "that is the sum over the sequences; divide by how many there are."
    if close(result, 2 / 3):
        return "divide by the number of sequences, not by the number of batches."
    if not close(result, 2 / 34):
        return f"means 0, 0, 1 of 16, 16, 2 sequences should give 2/34 = 0.0588, not {result}."
    result = call(epoch_loss, np.array([0.5, 1.0]), 32, 16)
    if not close(result, 0.75):
        return f"means 0.5 and 1 of 16 and 16 sequences should give 0.75, not {result}."
    return None
