"""Checks for the exercises in notebook 05, last vs avg pooling."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from seqclf_utils.exercises.report import (
    call,
    close,
    exercise,
    slip,
    tensors_close,
    two_numbers,
    wrong_shape,
)


@exercise
def check_paired_difference(paired_difference: Callable) -> str | None:
    """Check notebook 05, exercise 1: mean and standard error of differences by seed."""
    for first, second in (
        (np.array([0.9, 0.8, 0.7, 0.6]), np.array([0.8, 0.75, 0.6, 0.55])),
        (np.array([0.9, 0.7, 0.8]), np.array([0.8, 0.85, 0.78])),
    ):
        result = two_numbers(call(paired_difference, first, second))
        if result is None:
            return "return two numbers: the mean difference and its standard error."
        hint = _wrong_difference(*result, first, second)
        if hint is not None:
            return hint
    return None


def _wrong_difference(
    mean: float, error: float, first: np.ndarray, second: np.ndarray
) -> str | None:
    """Return a hint for an incorrect mean difference or standard error."""
    differences = first - second
    n = len(differences)
    deviation = differences.std(ddof=1)
    expected = deviation / np.sqrt(n)
    case = f"for {first.tolist()} and {second.tolist()}"
    if close(mean, expected) and close(error, differences.mean()):
        return "the right numbers in the wrong order: first the mean, then its standard error."
    if close(mean, -differences.mean()):
        return "the wrong way round: first minus second."
    if not close(mean, differences.mean()) and close(mean, np.abs(differences).mean()):
        return "keep the sign of each difference: seeds that disagree must cancel."
    if not close(mean, differences.mean()):
        return f"the mean difference is {differences.mean():.4f} {case}, not {mean}."
    root_n = "that is the standard deviation; for the error of the mean divide by sqrt(n)."
    unpaired = np.sqrt(first.var(ddof=1) / n + second.var(ddof=1) / n)
    slips = (
        (deviation, root_n),
        (differences.std(), root_n),
        (differences.std() / np.sqrt(n), "divide the variance by n - 1, not by n: ddof=1."),
        (deviation / n, "divide by the square root of the number of seeds, not by the number."),
        (unpaired, "take the differences first, seed by seed: what a seed shares cancels."),
    )
    if not close(error, expected):
        return slip(error, slips) or f"the standard error is {expected:.4f} {case}, not {error}."
    return None


ALL_STEPS = (
    "outputs[:, lengths - 1] takes the last step of *every* sequence from each of them. Pair each "
    "row with its own step: outputs[torch.arange(len(lengths)), lengths - 1]."
)


@exercise
def check_last_and_avg(last_and_avg: Callable) -> str | None:
    """Check notebook 05, exercise 2: last output and masked mean side by side."""
    outputs = torch.tensor([[[1.0], [3.0], [8.0]], [[4.0], [5.0], [9.0]]])  # (N=2, L=3, H=1)
    try:
        pooled = call(last_and_avg, outputs, torch.tensor([2, 3]))
    except RuntimeError as error:
        if "number of dimensions" not in str(error):
            raise
        return ALL_STEPS
    expected = torch.tensor([[3.0, 2.0], [9.0, 6.0]])
    if isinstance(pooled, Tensor) and pooled.shape == (2, 3):
        return ALL_STEPS
    hint = wrong_shape(pooled, (2, 2), "(N, 2 H)")
    if hint is not None:
        return hint
    if tensors_close(pooled, expected.flip(1)):
        return "the right numbers in the wrong order: first last, then avg."
    if close(pooled[0, 0], 8.0):
        return "sequence 0 has length 2: the last column of outputs is padding."
    if close(pooled[0, 1], 4.0):
        return "the mean of sequence 0 includes padding; masked_mean leaves it out."
    if not tensors_close(pooled, expected):
        return f"expected {expected.tolist()} for a small case, got {pooled.tolist()}."
    outputs = torch.tensor([[6.0, 1.0], [2.0, 5.0], [4.0, 3.0], [0.0, 7.0]])  # (L=4, H=2)
    outputs = torch.stack([outputs, 2 * outputs, 3 * outputs])  # (N=3, L=4, H=2)
    pooled = call(last_and_avg, outputs, torch.tensor([3, 4, 1]))
    expected = torch.tensor(
        [[4.0, 3.0, 4.0, 3.0], [0.0, 14.0, 6.0, 8.0], [18.0, 3.0, 18.0, 3.0]]
    )  # (N, 2 H)
    if not isinstance(pooled, Tensor) or pooled.shape != (3, 4):
        return "with N = 3 and H = 2 the shape should be (3, 4): join along the last axis."
    if tensors_close(pooled, expected[:, [0, 2, 1, 3]]):
        return "last and avg alternate: first all H numbers of last, then all of avg (torch.cat)."
    if not tensors_close(pooled, expected):
        return f"expected {expected.tolist()} for N = 3 and H = 2, got {pooled.tolist()}."
    return None


@exercise
def check_attention_pool(attention_pool: Callable) -> str | None:
    """Check notebook 05, exercise 3: a softmax-weighted mean over real time steps."""
    outputs = torch.tensor(
        [[[1.0, 4.0], [3.0, -2.0], [8.0, 8.0]], [[4.0, 1.0], [5.0, 0.0], [9.0, 2.0]]]
    )  # (N=2, L=3, H=2)
    lengths = torch.tensor([2, 3])
    scores = torch.tensor([[0.0, 1.0, 2.0], [1.0, -1.0, 0.5]])  # (N, L)
    pooled = call(attention_pool, outputs, lengths, scores)
    hint = wrong_shape(pooled, (2, 2), "(N, H)")
    if hint is not None:
        return hint
    expected = _attention(outputs, lengths, scores)
    hint = _wrong_attention(pooled, expected, outputs, lengths, scores)
    if hint is not None:
        return hint
    hostile_outputs, hostile_scores = outputs.clone(), scores.clone()
    hostile_scores[0, 2] = torch.nan
    if not tensors_close(call(attention_pool, outputs, lengths, hostile_scores), expected):
        return (
            "nan as the score of a padded step makes the result nan: fill with -inf; don't add it."
        )
    hostile_outputs[0, 2] = torch.nan
    if not tensors_close(call(attention_pool, hostile_outputs, lengths, scores), expected):
        return "nan in a padded output makes the result nan, for 0 * nan is nan. Fill outputs, too."
    for shift, why in (
        (1000.0, "exp(1000) is infinity. Subtract the largest score first, or let softmax do it."),
        (-1000.0, "exp(-1000) is 0, and the padding must be lower still: fill with -inf."),
    ):
        if not tensors_close(call(attention_pool, outputs, lengths, scores + shift), expected):
            return f"{shift:+.0f} on every score should change nothing: {why}"
    apart = scores + torch.tensor([[1000.0], [-1000.0]])
    if not tensors_close(call(attention_pool, outputs, lengths, apart), expected):
        return (
            "with +1000 in one sequence, -1000 in the other: subtract each sequence's own maximum."
        )
    wanted = scores.clone().requires_grad_()
    pooled = call(attention_pool, outputs, lengths, wanted)
    if not _reaches(wanted, pooled):
        return "no gradient reaches the scores, so they could never be learned: stay in PyTorch."
    return None


def _reaches(scores: Tensor, pooled: Tensor) -> bool:
    """Return whether a gradient flows from the result back to the scores."""
    if not pooled.requires_grad:
        return False
    (gradient,) = torch.autograd.grad(pooled.sum(), scores, allow_unused=True)
    return gradient is not None


def _attention(outputs: Tensor, lengths: Tensor, scores: Tensor) -> Tensor:
    """Compute the expected result one sequence at a time, shape (N, H)."""
    rows = [s[:n].softmax(dim=0) @ o[:n] for o, n, s in zip(outputs, lengths, scores, strict=True)]
    return torch.stack(rows)


def _wrong_attention(
    pooled: Tensor, expected: Tensor, outputs: Tensor, lengths: Tensor, scores: Tensor
) -> str | None:
    """Return a hint for an incorrect pooled batch."""
    is_pad = torch.arange(outputs.size(1)) >= lengths[:, None]  # (N, L)
    over_all = scores.softmax(dim=1)  # (N, L)

    def weighted(weights: Tensor) -> Tensor:
        return (weights[:, :, None] * outputs).sum(dim=1)

    if tensors_close(pooled, expected):
        return None
    if tensors_close(pooled, weighted(over_all)):
        return "padding counts: time step 3 of sequence 0 is padding, with the largest score."
    if tensors_close(pooled, weighted(over_all.masked_fill(is_pad, 0))):
        return "the weights of sequence 0 add up to less than 1: take padding out before softmax."
    if tensors_close(pooled, weighted(scores.masked_fill(is_pad, 0).softmax(dim=1))):
        return "a score of 0 still has a weight: exp(0) is 1. Fill the padding with -inf."
    if tensors_close(pooled, weighted(scores.masked_fill(is_pad, -torch.inf).softmax(dim=0))):
        return "the weights of one sequence must add up to 1: softmax over the time steps, dim=1."
    if tensors_close(pooled, expected / lengths[:, None]) or tensors_close(pooled, expected / 3):
        return "the weights add up to 1, so the weighted sum is the mean: don't divide again."
    filled = scores.masked_fill(is_pad, 0)
    if tensors_close(pooled, weighted(filled / filled.sum(dim=1, keepdim=True))):
        return "scores are not weights yet: they may be negative. Take exp first."
    if tensors_close(pooled, _attention(outputs, lengths, torch.zeros_like(scores))):
        return "that is the masked mean: your scores have no effect."
    return f"expected {_rounded(expected)} for a small case, got {_rounded(pooled)}."


def _rounded(values: Tensor) -> list:
    """Round values for a message."""
    return values.detach().double().round(decimals=3).tolist()
