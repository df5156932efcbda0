"""Seeding all generators, and training that agrees across machines."""

import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim import optimizer as optimizer_module

from seqclf_utils import LSTMClassifier, agree_across_machines, seed_everything


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_an_invalid_seed_leaves_all_generators_unchanged(seed):
    """If some generators would reject a seed, none of them is seeded."""
    draws = []
    for is_bad in (False, True):
        seed_everything(0)
        if is_bad:
            with pytest.raises(ValueError, match=f"seed is {seed}; it must be at"):
                seed_everything(seed)
        draws.append((random.random(), np.random.random(), torch.rand(1).item()))

    assert draws[0] == draws[1]


def train_with_rounding_errors(size):
    """Train a small LSTM with relative noise of this size in its gradients; return its weights."""
    torch.manual_seed(0)
    model = LSTMClassifier(packed=False)
    padded = torch.randint(1, 7, (16, 30))
    lengths, labels = torch.full((16,), 30), torch.rand(16).round()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    noise = torch.Generator().manual_seed(1)
    for _ in range(150):
        optimizer.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(model(padded, lengths), labels).backward()
        for weight in model.parameters():
            factor = torch.rand(weight.shape, generator=noise, dtype=weight.dtype) - 0.5
            weight.grad *= 1 + size * factor
        optimizer.step()
    return torch.cat([weight.detach().flatten() for weight in model.parameters()])


def test_rounding_errors_vanish_on_the_grid(settings_kept):
    """Noise in the last digits of every gradient does not change the trained weights at all."""
    agree_across_machines()
    exact, disturbed = (train_with_rounding_errors(size) for size in (0.0, 1e-14))
    assert torch.equal(exact, disturbed)


def test_weights_move_to_the_nearest_point_of_the_grid(settings_kept):
    """After each step, weights are rounded to the nearest multiples of 2**-20."""
    agree_across_machines()
    before = [0.3, -1.7, 2.0**-20, 0.0]
    weight = nn.Parameter(torch.tensor(before))
    weight.grad = torch.zeros(4)

    torch.optim.SGD([weight], lr=0.1).step()

    assert weight.tolist() == [round(number * 2**20) / 2**20 for number in before]


def test_rounding_errors_stay_without_the_grid(settings_kept):
    """Without rounding to the grid, the same noise changes the weights."""
    torch.set_default_dtype(torch.float64)
    exact, disturbed = (train_with_rounding_errors(size) for size in (0.0, 1e-14))
    assert not torch.equal(exact, disturbed)


def test_agreement_is_set_up_once(settings_kept):
    """Two calls to agree_across_machines set float64, one thread and only one optimizer hook."""
    agree_across_machines()
    agree_across_machines()
    assert torch.get_default_dtype() == torch.float64
    assert torch.get_num_threads() == 1
    assert len(optimizer_module._global_optimizer_post_hooks) == 1


def test_models_in_float32_are_left_alone(settings_kept):
    """float32 weights are not rounded."""
    agree_across_machines()
    weight = nn.Parameter(torch.tensor([0.1], dtype=torch.float32))
    weight.grad = torch.zeros_like(weight)
    torch.optim.SGD([weight], lr=1.0).step()
    assert weight.item() == torch.tensor(0.1, dtype=torch.float32).item()
