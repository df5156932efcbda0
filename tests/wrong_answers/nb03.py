"""Typical wrong answers to the exercises of notebook 03, and a part of the hint for each."""

import torch

from seqclf_utils import checks
from seqclf_utils.model import masked_mean


def real_steps(outputs, lengths):
    """Mark the real time steps, shape (N, L)."""
    return torch.arange(outputs.size(1)) < lengths[:, None]


WRONG = [
    (checks.check_max_pool, lambda o, n: o.amax(dim=1), "padding wins"),
    (
        checks.check_max_pool,
        lambda o, n: o.masked_fill(~real_steps(o, n)[:, :, None], 0).amax(dim=1),
        "-inf",
    ),
    (checks.check_max_pool, lambda o, n: o.amax(dim=2), "should have shape"),
    (checks.check_max_pool, lambda o, n: o.tolist(), "yours is list"),
    (
        checks.check_max_pool,
        lambda o, n: o.masked_fill_(~real_steps(o, n)[:, :, None], -torch.inf).amax(dim=1),
        "changed outputs",
    ),
    (checks.check_max_pool, masked_mean, "expected [[-1.0, 1.0]"),
    (checks.check_max_pool, lambda o, n: o.max(dim=1), "Take .values"),
    (checks.check_batch_sizes, lambda n: [4, 3, 2, 1, 1], "should be a tensor"),
    (checks.check_batch_sizes, lambda n: n.sort(descending=True).values, "not one per sequence"),
    (
        checks.check_batch_sizes,
        lambda n: (torch.arange(n.max()) <= n[:, None]).sum(dim=0),
        "not <=",
    ),
    (
        checks.check_batch_sizes,
        lambda n: (torch.arange(n.max()) + 1 < n[:, None]).sum(dim=0),
        "one step too late",
    ),
    (
        checks.check_batch_sizes,
        lambda n: (torch.arange(n.max()) < n[:, None]).double().sum(dim=0),
        "should be whole",
    ),
    (checks.check_batch_sizes, lambda n: torch.arange(5), "should give [4, 3, 2, 1, 1]"),
]
