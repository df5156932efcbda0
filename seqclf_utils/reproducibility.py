"""Make a run repeatable."""

import random

import numpy as np
import torch

from seqclf_utils.validation import check_seed


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
