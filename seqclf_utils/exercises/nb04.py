"""Checks of the exercises of notebook 04, training with early stopping."""

import math
import operator
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

from seqclf_utils.exercises.report import NothingYetError, call, close, exercise, two_numbers


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
    """Check notebook 04, exercise 2: the last epoch run and the best one."""
    for val_losses, patience in (
        ([0.6, 0.5, 0.7, 0.8, 0.9, 0.4], 2),
        ([0.6, 0.5, 0.4, 0.3], 3),
        ([0.6, 0.7, 0.5, 0.6, 0.4], 2),
        ([0.5, 0.7, 0.6, 0.4], 2),
        ([0.6, 0.5, 0.5, 0.7, 0.8, 0.9], 2),
        ([0.5, 0.5, 0.5], 1),
    ):
        last, best = _stopping_epochs(val_losses, patience)
        case = f"losses {val_losses} with patience {patience}"
        try:
            result = two_numbers(call(stopping_epochs, list(val_losses), patience))
        except NothingYetError:
            if last < len(val_losses):
                raise
            return f"{case}: nothing is returned when the list ends before patience does."
        if result is None:
            return "return two numbers: the last epoch that is run, and the best epoch."
        if val_losses == [0.6, 0.7, 0.5, 0.6, 0.4] and result == (4, 3):
            return f"{case}: a new best starts the count again; patience counts epochs in a row."
        if val_losses == [0.5, 0.7, 0.6, 0.4] and result == (4, 4):
            return f"{case}: compare with the best loss so far, not with the epoch before."
        lowest_of_all = 1 + int(np.argmin(val_losses))
        if result[1] == lowest_of_all > last:
            return f"{case}: training stops after epoch {last}, so later losses are never seen."
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
    """Check notebook 04, exercise 1: the mean over sequences from the batches' means."""
    result = call(epoch_loss, np.array([0.0, 0.0, 1.0]), 34, 16)
    if np.ndim(result) > 0:
        return "one number, please: add up what the batches contribute."
    if close(result, 1 / 34):
        return "multiply each batch's mean by the size of the batch before you add up."
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
    if close(result, 0.25):
        return "the last batch may be full: 32 % 16 is 0, and yet 16 sequences are left for it."
    if not close(result, 0.75):
        return f"means 0.5 and 1 of 16 and 16 sequences should give 0.75, not {result}."
    result = call(epoch_loss, np.array([0.2, 0.4, 0.6, 0.9]), 10, 3)
    if not close(result, 0.45):
        return f"means 0.2, 0.4, 0.6, 0.9 of 3, 3, 3, 1 sequences should give 0.45, not {result}."
    return None


class _OneWeight(nn.Module):
    """A model whose one weight grows by the learning rate at every step of Adam."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros((), dtype=torch.float64))

    def forward(self, padded: Tensor, lengths: Tensor) -> Tensor:
        """Return a logit that depends on the weight in training only, shape (N,)."""
        return padded[:, 0] + self.weight * padded[:, 1]


class _Script:
    """A loader of one batch of one sequence; each pass reads the next loss of the script."""

    def __init__(self, losses: list[float] | None = None) -> None:
        self.losses = losses
        self.passes = 0

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        logit, slope = 0.0, 1.0
        if self.losses is not None:
            loss = self.losses[min(self.passes, len(self.losses) - 1)]
            logit, slope = -math.log(math.expm1(loss)), 0.0
        self.passes += 1
        padded = torch.tensor([[logit, slope]], dtype=torch.float64)
        yield padded, torch.tensor([2]), torch.ones(1, dtype=torch.float64)


def _rates(
    val_losses: list[float],
    patience: int,
    *,
    improves: Callable = operator.lt,
    again: bool = True,
    in_a_row: bool = True,
    best_so_far: bool = True,
) -> tuple[list[float], int]:
    """Return the learning rate of each epoch and the best epoch, for a given idea of the rule."""
    rate, best_epoch, failures, rates = 1e-3, 1, 0, []
    for epoch, val_loss in enumerate(val_losses, start=1):
        rates.append(rate)
        rival = best_epoch if best_so_far else epoch - 1
        if epoch == 1 or improves(val_loss, val_losses[rival - 1]):
            best_epoch, failures = epoch, 0 if in_a_row else failures
        else:
            failures += 1
        if failures >= patience:
            rate, failures = rate / 2, 0 if again else failures
    return rates, best_epoch


def _as_rates(result: object) -> list[float] | None:
    """Return the reader's learning rates as numbers; None if they are something else."""
    try:
        return [float(rate) for rate in result]
    except (TypeError, ValueError):
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
        model, train, val = _OneWeight(), _Script(), _Script(val_losses)
        result = _as_rates(call(fit_halving, model, train, val, len(val_losses), patience))
        n = len(val_losses)
        passes = (
            f"in {n} epochs you went {train.passes} times through the training side and "
            f"{val.passes} times through the validation side."
        )
        if train.passes > n or val.passes > n + 1:
            return passes
        hint = _wrong_rates(result, val_losses, patience)
        if hint is not None:
            return hint
        if train.passes < n or val.passes < n:
            return passes
        rates, best_epoch = _rates(val_losses, patience)
        sums = np.cumsum(rates)
        weight = model.weight.item()
        case = f"validation losses {val_losses} with patience {patience}"
        if np.isclose(weight, sums[best_epoch - 1], rtol=0.01):
            continue
        if np.isclose(weight, sums[-1], rtol=0.01):
            return (
                f"the model leaves with the weights of the last epoch, not with those of epoch "
                f"{best_epoch} ({case}). Restore the best ones, and from a real copy."
            )
        if np.isclose(weight, 1e-3 * best_epoch, rtol=0.01):
            return (
                "the list is right, but training went on with 0.001 all the time: write the new "
                'rate into each of optimizer.param_groups, under "lr".'
            )
        start = rates.index(rates[-1])  # the first epoch after the last halving
        if np.isclose(weight, sums[start + np.argmin(val_losses[start:])], rtol=0.01):
            return (
                f"the best epoch is {best_epoch} ({case}): when the count starts again after a "
                "halving, the best loss so far stays."
            )
        return (
            f"the model leaves with other weights than those of epoch {best_epoch} ({case}). In "
            "each epoch train with Adam, then measure; restore once, at the very end."
        )
    return None


def _wrong_rates(rates: list[float] | None, val_losses: list[float], patience: int) -> str | None:
    """Say what is wrong with the list of learning rates, or None."""
    expected, _ = _rates(val_losses, patience)
    case = f"validation losses {val_losses} with patience {patience}"

    def are(others: list[float]) -> bool:
        return len(rates) == len(others) and np.allclose(rates, others, rtol=1e-4, atol=0)

    if rates is None:
        return "return a list of numbers: the learning rate of each epoch."
    if 0 < len(rates) < len(expected) and are(expected[: len(rates)]):
        return f"training ended after epoch {len(rates)} of {len(expected)}: halve, and go on."
    if len(rates) != len(expected):
        return f"one rate an epoch: {len(expected)} epochs, but you return {len(rates)} rates."
    if are(expected):
        return None
    if are([*expected[1:], expected[-1]]) or are([*expected[1:], expected[-1] / 2]):
        return "note down the rate that an epoch was trained with, before you halve it."
    if are(_rates(val_losses, patience, again=False)[0]):
        return f"after halving, start counting again: no second halving in the next epoch ({case})."
    if are(_rates(val_losses, patience, in_a_row=False)[0]):
        return f"a new best starts the count again; patience counts epochs in a row ({case})."
    if are(_rates(val_losses, patience, improves=operator.le)[0]):
        return f"an equal loss is no improvement ({case}): compare with <, not <=."
    if are(_rates(val_losses, patience, best_so_far=False)[0]):
        return f"compare with the best loss so far, not with the epoch before ({case})."
    if are([1e-3] * len(rates)):
        return f"the rate is never halved; it must be for {case}."
    if are(_rates(val_losses, patience + 1)[0]):
        return f"one epoch too late ({case}): halve as soon as patience is used up."
    return f"{case} should give the rates {expected}, not {rates}."
