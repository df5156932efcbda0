"""Checks for the exercises in notebook 09, "When it goes wrong"."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from seqclf_utils.exercises.report import HintError, all_close, call, close, exercise, numbers, slip
from seqclf_utils.exercises.training_run import (
    TrainingRun,
    gradient_hint,
    loss_hint,
    mode_hint,
    order_hint,
    weights_hint,
)

MEETS_ALL = "(N, 1) against (N,) makes (N, N): every logit meets every label. Squeeze first."


@exercise
def check_fraction_right(fraction_right: Callable) -> str | None:
    """Check notebook 09, exercise 1: accuracy from logits of shape (N, 1)."""
    logits = torch.tensor([[2.0], [-1.0], [0.3], [-3.0], [0.2], [-0.5], [4.0]])  # (N=7, 1)
    labels = torch.tensor([1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0])  # (N=7,)
    result = call(fraction_right, logits, labels)
    if isinstance(result, Tensor) and result.numel() > 1:
        return f"return one number, the mean; yours has shape {tuple(result.shape)}."
    slips = (
        (4 / 7, "every table is called a cheat: every probability is above 0. Compare with 0.5."),
        *((n / 49, MEETS_ALL) for n in (25, 23, 25 * 7)),
        (3 / 7, "a logit is compared with 0.5; that is the threshold for probabilities."),
        (5, "that is the number of right predictions; divide by how many there are."),
        (2 / 7, "that is the fraction that is wrong."),
    )
    if not close(result, 5 / 7):
        right = f"5 of the 7 predictions are right, 5/7 = 0.714; yours gives {result}."
        return slip(result, slips) or right
    for logits, labels, expected in (
        (torch.tensor([[-2.0], [1.0], [1.0]]), torch.tensor([0.0, 0.0, 1.0]), 2 / 3),
        (torch.tensor([[-2.0]]), torch.tensor([0.0]), 1.0),
    ):
        result = call(fraction_right, logits, labels)
        if not close(result, expected):
            return f"for {len(labels)} logits the result should be {expected:.3f}, not {result}."
    return None


def _running_state(padded: Tensor) -> Tensor:
    """Return a state that decays by half at each step, padding included, shape (N, L)."""
    if padded.dim() != 2:
        raise HintError(f"predict needs padded of shape (N, L), not {tuple(padded.shape)}.")
    state, states = torch.zeros(len(padded), dtype=torch.float64), []
    for symbols in padded.double().T:
        state = 0.5 * state + symbols + 1
        states.append(state)
    return torch.stack(states, dim=1)


def _reads_real_steps(padded: Tensor, lengths: Tensor) -> Tensor:
    """Return the state at the last real step, which is correct."""
    if not isinstance(lengths, Tensor) or lengths.dim() != 1:
        raise HintError(f"predict needs lengths of shape (N,), a tensor, not {lengths!r}.")
    return _running_state(padded)[torch.arange(len(lengths)), lengths - 1]


def _up_to_rounding(padded: Tensor, lengths: Tensor) -> Tensor:
    """Return the correct result with a rounding error that depends on the batch."""
    return _reads_real_steps(padded, lengths) * (1 + 1e-13 * padded.numel())


def _reads_last_position(padded: Tensor, lengths: Tensor) -> Tensor:
    """Read `outputs[:, -1]`."""
    return _running_state(padded)[:, -1]


def _reads_last_position_negative(padded: Tensor, lengths: Tensor) -> Tensor:
    """Read `outputs[:, -1]` with the opposite sign."""
    return -_reads_last_position(padded, lengths)


def _averages_padding(padded: Tensor, lengths: Tensor) -> Tensor:
    """Average over all positions."""
    return _running_state(padded).mean(dim=1)


def _crops_then_reads_last(padded: Tensor, lengths: Tensor) -> Tensor:
    """Read `outputs[:, -1]` after unpacking, which removes padding shared by all rows."""
    return _running_state(padded[:, : int(lengths.max())])[:, -1]


def _reads_down_the_batch(padded: Tensor, lengths: Tensor) -> Tensor:
    """Leave out `batch_first`, so that each row depends on the rows above it."""
    return _reads_real_steps(padded, lengths).cumsum(dim=0)


def _loses_the_order(padded: Tensor, lengths: Tensor) -> Tensor:
    """Sort by length without restoring the original order."""
    return _reads_real_steps(padded, lengths)[lengths.argsort(descending=True)]


def _moves_a_little(padded: Tensor, lengths: Tensor) -> Tensor:
    """Shift each prediction slightly."""
    return _reads_real_steps(padded, lengths) + 1e-3 * padded.size(1)


def _batch(*rows: list[int]) -> tuple[Tensor, Tensor]:
    """Return a padded batch and its lengths."""
    sequences = [torch.tensor(row) for row in rows]
    lengths = torch.tensor([len(row) for row in rows])
    return nn.utils.rnn.pad_sequence(sequences, batch_first=True), lengths


@exercise
def check_is_batch_invariant(is_batch_invariant: Callable) -> str | None:
    """Check notebook 09, exercise 2: a test of batch invariance."""
    batch = _batch([6, 1], [1, 2, 3, 4, 5], [3, 3, 2])

    def says(predict: Callable, batch: tuple[Tensor, Tensor] = batch) -> bool:
        result = call(is_batch_invariant, predict, *batch)
        if (result.numel() if isinstance(result, Tensor) else np.size(result)) > 1:
            raise HintError("return one True or False for the whole batch.")
        if isinstance(result, Tensor | np.bool_):
            result = result.item()
        if not isinstance(result, bool):
            raise HintError(f"return True or False, not {result!r}.")
        return result

    if not says(_up_to_rounding):
        if says(_reads_real_steps):
            return "a right model is rejected for rounding: compare with torch.allclose, not ==."
        return "a model that reads real steps only is rejected; return True if nothing moves."
    if says(_reads_last_position) != says(_reads_last_position_negative):
        return "only changes in one direction are noticed: a difference can be negative. Use abs."
    if says(_reads_last_position) or says(_averages_padding):
        if says(_reads_down_the_batch):
            return "outputs[:, -1] is accepted, though the answers move with the padding."
        return "alone, a sequence has no padding: predict padded[i : i + 1, :n], with n its length."
    if says(_crops_then_reads_last):
        return "more padding is not enough: compare with each sequence alone in a batch."
    for other in (_batch([5, 4, 3, 2, 1], [6, 6], [1]), _batch([2], [6, 5], [1, 2, 3, 4])):
        if says(_reads_last_position, other) or says(_reads_down_the_batch, other):
            return "compare every sequence: the first, or the longest, may be the one that stays."
    if says(_reads_down_the_batch, _batch([2], [6, 5])):
        return "the longest sequence is left out: it has no padding, but others share its batch."
    if says(_loses_the_order):
        return "right answers in another order are accepted: compare them one by one."
    if says(_moves_a_little):
        return "answers that move by 0.005 are accepted: the tolerance is too generous."
    return None


@exercise
def check_train_and_keep_best(train_and_keep_best: Callable) -> str | None:
    """Check notebook 09, exercise 3: a training function with its five bugs fixed."""
    stopped = TrainingRun(train_and_keep_best, [0.5, 0.6, 0.7, 0.8, 0.9], 5, 2, as_lists=True)
    ran_out = TrainingRun(train_and_keep_best, [0.5, 0.6, 0.7], 3, 9, as_lists=True)
    for run in (stopped, ran_out):
        if hint := order_hint(run):
            return hint
    losses = numbers([stopped.result, ran_out.result])
    if losses is None:
        return f"return one number, the lowest validation loss, not {stopped.result!r}."
    hints = [
        gradient_hint(stopped),
        None if close(losses[0], stopped.val_losses[2]) else loss_hint(losses[:1], [0.5]),
        mode_hint(stopped),
        weights_hint(stopped, 1),
        None if "L" in ran_out.events else weights_hint(ran_out, 1),
    ]
    found = [hint for hint in hints if hint is not None]
    if found:
        return f"probes that fail: {len(found)} of 5. The first: {found[0]}"
    for run in (stopped, ran_out):
        if len(run.weights) != 3:
            return f"{run.case}: 3 epochs should be run; yours ran {len(run.weights)}."
    if not all_close(losses, [0.5, 0.5]):
        return f"return the lowest validation loss, 0.5 here, not {max(losses):.4g}."
    return None
