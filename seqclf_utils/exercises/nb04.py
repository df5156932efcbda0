"""Checks for the exercises in notebook 04, training with early stopping."""

from collections.abc import Callable

import numpy as np

from seqclf_utils.exercises.report import all_close, call, close, exercise, slip
from seqclf_utils.exercises.training_run import (
    TrainingRun,
    follow,
    gradient_hint,
    loss_hint,
    mode_hint,
    optimizer_hint,
    order_hint,
    rule_hint,
    weights_hint,
)


@exercise
def check_epoch_loss(epoch_loss: Callable) -> str | None:
    """Check notebook 04, exercise 1: the mean over sequences from the batch means."""
    batch_losses = np.array([0.0, 0.0, 1.0])
    result = call(epoch_loss, batch_losses, 34, 16)
    if np.ndim(result) > 0:
        return "one number, please: add up what the batches contribute."
    slips = (
        (1 / 34, "multiply each batch's mean by the size of the batch before you add up."),
        (1 / 3, "that is the mean of the batch means: two sequences count as much as sixteen."),
        (16 / 34, "the last batch counts as a full one: of 34 sequences only 2 are left for it."),
        (2.0, "that is the sum over the sequences; divide by how many there are."),
        (2 / 3, "divide by the number of sequences, not by the number of batches."),
    )
    if hint := slip(result, slips):
        return hint
    for means, sizes in (
        ([0.0, 0.0, 1.0], [16, 16, 2]),
        ([0.5, 1.0], [16, 16]),
        ([0.2, 0.4, 0.6, 0.9], [3, 3, 3, 1]),
    ):
        result = call(epoch_loss, np.array(means), sum(sizes), sizes[0])
        if sizes == [16, 16] and close(result, 0.25):
            return "the last batch may be full: 32 % 16 is 0, and yet 16 sequences are left for it."
        expected = np.average(means, weights=sizes)
        if not close(result, expected):
            return f"means {means} of {sizes} sequences should give {expected:.4g}, not {result}."
    return None


@exercise
def check_fit_from_memory(fit_from_memory: Callable) -> str | None:
    """Check notebook 04, exercise 2: the whole loop with early stopping."""
    names = getattr(getattr(fit_from_memory, "__code__", None), "co_names", ())
    for helper in ("train_one_epoch", "evaluate", "EarlyStopping", "fit"):
        if helper in names:
            return f"from memory, please: write out what {helper} does."
    for val_losses, patience in (
        ([0.6, 0.5, 0.4], 2),
        ([0.6, 0.5, 0.7, 0.8, 0.9, 0.4], 2),
        ([0.6, 0.7, 0.5, 0.6, 0.4], 2),
        ([0.5, 0.7, 0.6, 0.4, 0.3], 2),
        ([0.6, 0.5, 0.5, 0.7, 0.8, 0.9], 2),
        ([0.5, 0.5, 0.5], 1),
        ([0.6, 0.5, 0.7], 3),
    ):
        run = TrainingRun(fit_from_memory, val_losses, len(val_losses), patience)
        if not run.numbers:
            return "return a list of numbers: the validation loss of each epoch."
        _, best_epoch = follow(val_losses, patience, stop=True)
        hint = (
            order_hint(run)
            or gradient_hint(run)
            or mode_hint(run)
            or optimizer_hint(run)
            or loss_hint(run.numbers, val_losses)
            or _wrong_number_of_epochs(run, patience)
            or weights_hint(run, best_epoch)
        )
        if hint is not None:
            return hint
    return None


def _wrong_number_of_epochs(run: TrainingRun, patience: int) -> str | None:
    """Return a hint if training stops too early or too late, or the list has the wrong length."""
    expected, found = len(follow(run.val_losses, patience, stop=True)[0]), len(run.weights)
    if found != expected:
        case = f"with {run.case}, training should end after epoch {expected}"
        case = f"{case}, but yours ended after epoch {found}"
        hint = rule_hint(run, [1e-3] * found, patience, stop=True)
        if hint is None and found == run.max_epochs:
            hint = "patience ran out before, and training continued."
        return f"{case}: {hint}" if hint else f"{case}."
    if len(run.numbers) != expected:
        return f"return one loss per epoch: {expected} here, and yours are {len(run.numbers)}."
    return None


@exercise
def check_fit_halving(fit_halving: Callable) -> str | None:
    """Check notebook 04, exercise 3: halve the learning rate instead of stopping."""
    for val_losses, patience in (
        ([0.6, 0.5, 0.4], 2),
        ([0.6, 0.7, 0.5, 0.6, 0.4, 0.5], 2),
        ([0.6, 0.5, 0.52, 0.53, 0.51, 0.54], 2),
        ([0.5, 0.5, 0.5, 0.6], 2),
        ([0.6, 0.5, 0.55, 0.56, 0.4, 0.41, 0.42, 0.41, 0.43, 0.5], 2),
        ([0.6, 0.7, 0.5, 0.6, 0.4, 0.8, 0.7], 1),
    ):
        run = TrainingRun(fit_halving, val_losses, len(val_losses), patience)
        _, best_epoch = follow(val_losses, patience, stop=False)
        hint = (
            _wrong_rates(run, patience)
            or order_hint(run)
            or optimizer_hint(run)
            or _unused_rates(run)
            or _forgotten_best(run)
            or weights_hint(run, best_epoch)
        )
        if hint is not None:
            return hint
    return None


def _wrong_rates(run: TrainingRun, patience: int) -> str | None:
    """Return a hint for incorrect learning rates."""
    rates, (expected, _) = run.numbers, follow(run.val_losses, patience, stop=False)
    if rates is None:
        return "return a list of numbers: the learning rate of each epoch."
    if 0 < len(rates) < len(expected) and all_close(rates, expected[: len(rates)]):
        n_run, n = len(rates), len(expected)
        return f"training ended after epoch {n_run} of {n}: halve the rate and continue."
    if len(rates) != len(expected):
        return f"one rate per epoch: {len(expected)} epochs, but you return {len(rates)} rates."
    if all_close(rates, expected):
        return None
    case = f"{run.case} should give the rates {expected}, not {rates}"
    if all_close(rates[:-1], expected[1:]):
        return f"{case}: store an epoch's rate before you halve it."
    hint = rule_hint(run, rates, patience, stop=False)
    if hint is None and all_close(rates, [1e-3] * len(rates)):
        hint = "yours is never halved."
    return f"{case}: {hint}" if hint else f"{case}."


def _unused_rates(run: TrainingRun) -> str | None:
    """Return a hint if the learning rates used in training differ from those returned."""
    if all_close(run.rates, run.numbers):
        return None
    return (
        "the list is right, but training used other rates: write the new rate into each of "
        'optimizer.param_groups, under "lr".'
    )


def _forgotten_best(run: TrainingRun) -> str | None:
    """Return a hint if the weights are only the best since the last halving."""
    start = run.rates.index(run.rates[-1])
    lowest = start + int(np.argmin(run.val_losses[start:]))
    if lowest == np.argmin(run.val_losses) or not close(run.final_weight, run.weights[lowest]):
        return None
    return (
        f"the best epoch is {1 + np.argmin(run.val_losses)} ({run.case}): when the count restarts "
        "after a halving, the best loss so far is kept."
    )
