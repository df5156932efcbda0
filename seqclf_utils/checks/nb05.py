"""Checks of the exercises of notebook 05, last vs avg pooling."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from seqclf_utils.checks.report import call, close, exercise, tensors_close, two_numbers


@exercise
def check_paired_difference(paired_difference: Callable) -> str | None:
    """Check notebook 05, exercise 1: mean and standard error of differences by seed."""
    first, second = np.array([0.9, 0.8, 0.7, 0.6]), np.array([0.8, 0.75, 0.6, 0.55])
    differences = first - second
    result = two_numbers(call(paired_difference, first, second))
    if result is None:
        return "return two numbers: the mean difference and its standard error."
    mean, error = result
    n = len(differences)
    if close(mean, -differences.mean()):
        return "the wrong way round: first minus second."
    if not close(mean, differences.mean()):
        return f"the mean difference of a small case is {differences.mean():.4f}, not {mean}."
    if close(error, differences.std(ddof=1)):
        return "that is the standard deviation; for the error of the mean divide by sqrt(n)."
    if close(error, differences.std() / np.sqrt(n)):
        return "with few seeds use the sample's standard deviation: ddof=1."
    if close(error, np.sqrt(first.var(ddof=1) / n + second.var(ddof=1) / n)):
        return "take the differences first: seed by seed, the luck of the draw cancels out."
    if not close(error, differences.std(ddof=1) / np.sqrt(n)):
        expected = differences.std(ddof=1) / np.sqrt(n)
        return f"the standard error of a small case is {expected:.4f}, not {error}."
    return None


@exercise
def check_last_and_avg(last_and_avg: Callable) -> str | None:
    """Check notebook 05, exercise 2: last output and masked mean side by side."""
    outputs = torch.tensor([[[1.0], [3.0], [8.0]], [[4.0], [5.0], [9.0]]])  # (N=2, L=3, H=1)
    pooled = call(last_and_avg, outputs, torch.tensor([2, 3]))
    expected = torch.tensor([[3.0, 2.0], [9.0, 6.0]])
    if not isinstance(pooled, Tensor) or pooled.shape != (2, 2):
        shape = tuple(pooled.shape) if isinstance(pooled, Tensor) else type(pooled).__name__
        return f"the result should have shape (N, 2 H) = (2, 2); yours is {shape}."
    if tensors_close(pooled, expected.flip(1)):
        return "the right numbers in the wrong order: first last, then avg."
    if close(pooled[0, 0], 8.0):
        return "the last column of outputs is padding for sequence 0: its length is 2."
    if close(pooled[0, 1], 4.0):
        return "the mean of sequence 0 includes padding; masked_mean leaves it out."
    if not tensors_close(pooled, expected):
        return f"expected {expected.tolist()} for a small case, got {pooled.tolist()}."
    return None
