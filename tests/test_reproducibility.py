"""One call seeds all three generators."""

import random

import numpy as np
import pytest
import torch

from seqclf_utils import LSTMClassifier, seed_everything

DRAWS = {
    "python": lambda: random.random(),
    "numpy": lambda: float(np.random.random()),
    "torch": lambda: torch.rand(1).item(),
    "weights": lambda: LSTMClassifier(embed_dim=2, hidden_size=2).fc.bias.item(),
}


@pytest.mark.parametrize("source", DRAWS)
def test_same_seed_same_numbers(source):
    """Python, NumPy, PyTorch and a model's first weights repeat, and depend on the seed."""
    numbers = []
    for seed in (3, 3, 4):
        seed_everything(seed)
        numbers.append(DRAWS[source]())

    assert numbers[0] == numbers[1]
    assert numbers[0] != numbers[2]


@pytest.mark.parametrize("seed", [0, 2**32 - 1, np.int64(5)])
def test_seeds_that_every_generator_takes(seed):
    """The whole range of NumPy is allowed, whatever kind of whole number it is."""
    assert seed_everything(seed) is None


@pytest.mark.parametrize(
    ("seed", "error", "message"),
    [
        (-1, ValueError, "seed is -1; it must be at least 0"),
        (2**32, ValueError, r"seed is 4294967296; it must be below 2\*\*32"),
        (1.0, TypeError, "seed is 1.0; it must be a whole number"),
        (True, TypeError, "seed is True; it must be a whole number"),
        (None, TypeError, "seed is None; it must be a whole number"),
        ("7", TypeError, "seed is '7'; it must be a whole number"),
    ],
)
def test_bad_seeds_are_named(seed, error, message):
    """A bad seed is named, and no generator was touched."""
    seed_everything(0)
    expected = [DRAWS[name]() for name in ("python", "numpy", "torch")]
    seed_everything(0)

    with pytest.raises(error, match=message):
        seed_everything(seed)

    assert [DRAWS[name]() for name in ("python", "numpy", "torch")] == expected
