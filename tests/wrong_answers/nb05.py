"""Typical wrong answers to the exercises of notebook 05, and a part of the hint for each."""

import numpy as np
import torch

from seqclf_utils import checks
from seqclf_utils.model import masked_mean

WRONG = [
    (checks.check_paired_difference, lambda a, b: (a - b).mean(), "return two numbers"),
    (checks.check_paired_difference, lambda a, b: ((b - a).mean(), 0.1), "wrong way round"),
    (
        checks.check_paired_difference,
        lambda a, b: ((a - b).mean(), (a - b).std(ddof=1)),
        "divide by sqrt(n)",
    ),
    (checks.check_paired_difference, lambda a, b: ((a - b).mean(), (a - b).std() / 2), "ddof=1"),
    (
        checks.check_paired_difference,
        lambda a, b: ((a - b).mean(), np.sqrt(a.var(ddof=1) / 4 + b.var(ddof=1) / 4)),
        "differences first",
    ),
    (checks.check_paired_difference, lambda a, b: (0.5, 0.1), "the mean difference"),
    (checks.check_paired_difference, lambda a, b: ((a - b).mean(), 0.5), "the standard error"),
    (
        checks.check_last_and_avg,
        lambda o, n: torch.cat([masked_mean(o, n), o[torch.arange(2), n - 1]], dim=1),
        "wrong order",
    ),
    (
        checks.check_last_and_avg,
        lambda o, n: torch.cat([o[:, -1], masked_mean(o, n)], dim=1),
        "its length is 2",
    ),
    (
        checks.check_last_and_avg,
        lambda o, n: torch.cat([o[torch.arange(2), n - 1], o.mean(dim=1)], dim=1),
        "includes padding",
    ),
    (checks.check_last_and_avg, masked_mean, "should have shape (N, 2 H)"),
    (checks.check_last_and_avg, lambda o, n: torch.ones(2, 2), "expected [[3.0, 2.0]"),
]
