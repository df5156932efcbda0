"""Checks of the exercises of notebook 03, padding and packing."""

from collections.abc import Callable

import torch
from torch import Tensor

from seqclf_utils.checks.report import call, exercise, tensors_close


@exercise
def check_max_pool(max_pool: Callable) -> str | None:
    """Check notebook 03, exercise 1: the largest output over the real time steps."""
    outputs = torch.tensor(
        [[[-3.0, 1.0], [-1.0, 0.5], [0.0, 9.0]], [[2.0, -4.0], [5.0, -2.0], [1.0, -7.0]]]
    )  # (N=2, L=3, H=2)
    before = outputs.clone()
    pooled = call(max_pool, outputs, torch.tensor([2, 3]))
    expected = torch.tensor([[-1.0, 1.0], [5.0, -2.0]])
    if isinstance(pooled, tuple):
        return ".max(dim=1) returns values and positions. Take .values, or call amax."
    if not isinstance(pooled, Tensor) or pooled.shape != (2, 2):
        shape = tuple(pooled.shape) if isinstance(pooled, Tensor) else type(pooled).__name__
        return f"the result should have shape (N, H) = (2, 2); yours is {shape}."
    if not torch.equal(outputs, before):
        return "your function changed outputs; masked_fill (without _) makes a copy."
    if tensors_close(pooled, outputs.amax(dim=1)):
        return "padding wins: time step 3 of sequence 0 is padding and must not count."
    if tensors_close(pooled, torch.tensor([[0.0, 1.0], [5.0, 0.0]])) or pooled[0, 0] == 0:
        return "where all real outputs are negative, a padding of 0 wins. Fill in -inf instead."
    if not tensors_close(pooled, expected):
        return f"expected {expected.tolist()} for a small case, got {pooled.tolist()}."
    return None


@exercise
def check_batch_sizes(batch_sizes: Callable) -> str | None:
    """Check notebook 03, exercise 2: how many sequences are running at each time step."""
    lengths = torch.tensor([2, 5, 3, 1])
    sizes = call(batch_sizes, lengths)
    if not isinstance(sizes, Tensor):
        return f"the result should be a tensor; yours is {type(sizes).__name__}."
    if sizes.shape == (4,):
        return "there is one number per time step (5 here), not one per sequence."
    if sizes.tolist() == [4, 4, 3, 2, 1]:
        return "a sequence of 2 symbols runs at steps 0 and 1: compare with <, not <=."
    if sizes.tolist() == [3, 2, 1, 1, 0]:
        return "one step too late: at the first step every sequence is running."
    if sizes.dtype == torch.bool or sizes.is_floating_point():
        return f"the numbers should be whole; yours are {sizes.dtype}."
    if sizes.tolist() != [4, 3, 2, 1, 1]:
        return f"lengths 2, 5, 3, 1 should give [4, 3, 2, 1, 1], not {sizes.tolist()}."
    return None
