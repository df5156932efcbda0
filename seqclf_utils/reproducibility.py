"""Make a run repeatable, on this machine and on others."""

import functools
import random
from collections.abc import Iterable
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch.optim.optimizer import Optimizer, register_optimizer_step_post_hook

from seqclf_utils.validation import check_seed

GRID = 2.0**-20  # about one millionth; a power of two, so that rounding to it is exact


def seed_everything(seed: int) -> None:
    """Seed the random numbers of Python, NumPy and PyTorch.

    The same seed repeats a run on the same machine with the same versions, not across devices,
    platforms or versions (PyTorch documentation, *Reproducibility*).

    Args:
        seed: A whole number, 0..2**32 - 1.

    Raises:
        TypeError: If `seed` is not a whole number.
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


def random_state(loaders: Iterable = ()) -> dict[str, Any]:
    """Return where the random numbers of Python, NumPy, PyTorch and of data loaders stand.

    Args:
        loaders: Data loaders; the generators that shuffle for them count, if they have any.

    Returns:
        Numbers, tuples and tensors that `set_random_state` takes.

    Example:
        >>> state = random_state()
        >>> first = torch.rand(1)
        >>> set_random_state(state)
        >>> bool(torch.rand(1) == first)
        True
    """
    name, keys, *rest = np.random.get_state()
    return {
        "python": random.getstate(),
        "numpy": (name, keys.tolist(), *rest),
        "torch": torch.get_rng_state(),
        "loaders": [generator.get_state() for generator in _generators(loaders)],
    }


def set_random_state(state: dict[str, Any], loaders: Iterable = ()) -> None:
    """Put all random numbers back to where they stood.

    Args:
        state: What `random_state` returned.
        loaders: Data loaders made like those it was given.
    """
    random.setstate(state["python"])
    np.random.set_state(state["numpy"])
    torch.set_rng_state(state["torch"])
    for generator, kept in zip(_generators(loaders), state["loaders"], strict=True):
        generator.set_state(kept)


def _generators(loaders: Iterable) -> list[torch.Generator]:
    """List the generators that data loaders and their samplers bring along, each once."""
    parts = [
        (loader, getattr(loader, "sampler", None), getattr(loader, "batch_sampler", None))
        for loader in loaders
    ]
    found = {id(g): g for owner in chain(*parts) if (g := getattr(owner, "generator", None))}
    return [generator for generator in found.values() if isinstance(generator, torch.Generator)]


def agree_across_machines() -> None:
    """Let training give the same numbers on every processor, from now on.

    Processors add and multiply in different orders and round the last digits differently, and
    training multiplies such differences until whole curves part. So: compute in float64 and with
    one thread, which keeps the differences tiny, and round the weights to a grid of 2**-20 after
    every optimizer step, which removes them before they can grow. Learning does not notice: a
    usual step of Adam is a thousand times larger than the grid.
    """
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    _round_after_every_step()


@functools.cache  # once is enough
def _round_after_every_step() -> None:
    """Ask PyTorch to round the weights after each step of any optimizer."""
    register_optimizer_step_post_hook(_round_weights)


def _round_weights(optimizer: Optimizer, args: tuple, kwargs: dict) -> None:
    """Round all weights of float64 models to the grid."""
    with torch.no_grad():
        for group in optimizer.param_groups:
            for weight in group["params"]:
                if weight.dtype == torch.float64:
                    weight.copy_((weight / GRID).round() * GRID)
