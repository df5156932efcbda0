"""Make results reproducible, on one machine and across machines; used from notebook 02 on."""

import functools
import random

import numpy as np
import torch
from torch.optim.optimizer import Optimizer, register_optimizer_step_post_hook

from seqclf_utils.validation import check_seed

GRID = 2.0**-20  # about one millionth; a power of two, so that rounding to its multiples is exact


def seed_everything(seed: int) -> None:
    """Seed the random number generators of Python, NumPy and PyTorch.

    The same seed gives the same results on the same machine with the same library versions, but
    not across devices, platforms or versions (PyTorch documentation, *Reproducibility*).

    Args:
        seed: An integer, 0..2**32 - 1.

    Raises:
        TypeError: If `seed` is not an integer.
        ValueError: If `seed` is out of range.

    Example:
        >>> seed_everything(0)
        >>> first = torch.rand(1)
        >>> seed_everything(0)
        >>> bool(torch.rand(1) == first)
        True
    """
    seed = check_seed(seed)
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def agree_across_machines() -> None:
    """Make training give the same numbers on every CPU, from now on.

    Different CPUs add and multiply in different orders, so the last digits of their results
    differ. Training amplifies these differences until whole loss curves diverge. Computing in
    float64 with one thread keeps the differences tiny. Rounding the weights to multiples of 2**-20
    after every optimizer step removes the differences before they can grow. This rounding does not
    affect learning, because a typical step of Adam is a thousand times larger than 2**-20.
    """
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    _round_after_every_step()


@functools.cache  # registers the hook only once
def _round_after_every_step() -> None:
    """Register a hook that rounds the weights after each step of any optimizer."""
    register_optimizer_step_post_hook(_round_weights)


def _round_weights(optimizer: Optimizer, args: tuple, kwargs: dict) -> None:
    """Round float64 weights to the grid."""
    with torch.no_grad():
        for group in optimizer.param_groups:
            for weight in group["params"]:
                if weight.dtype == torch.float64:
                    weight.copy_((weight / GRID).round() * GRID)
