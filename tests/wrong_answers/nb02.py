"""Typical wrong answers to the exercises of notebook 02, and a part of the hint for each."""

import torch
from torch import nn

from seqclf_utils import checks


def hidden(budget, *, biases=2):
    """Return the largest hidden size within the budget."""
    size = 0
    while 112 + 4 * (size + 1) * (17 + size + biases) + size + 2 <= budget:
        size += 1
    return size


WRONG = [
    (checks.check_largest_hidden_size, lambda budget: hidden(budget, biases=1), "b_hh"),
    (checks.check_largest_hidden_size, lambda budget: hidden(budget) + 1, "one too many"),
    (checks.check_largest_hidden_size, lambda budget: hidden(budget - 1), "32 still fits"),
    (checks.check_largest_hidden_size, lambda budget: 900, "a budget of 1000 should give 8"),
    (checks.check_largest_hidden_size, lambda budget: 953, "Return the hidden size"),
    (
        checks.check_bce_by_hand,
        lambda z, y: (y * z.sigmoid().log() + (1 - y) * (-z).sigmoid().log()).mean(),
        "wrong sign",
    ),
    (
        checks.check_bce_by_hand,
        lambda z, y: -(y * z.sigmoid().log() + (1 - y) * (-z).sigmoid().log()),
        "their mean",
    ),
    (
        checks.check_bce_by_hand,
        lambda z, y: nn.functional.binary_cross_entropy_with_logits(z, y, reduction="sum"),
        "the sum over",
    ),
    (
        checks.check_bce_by_hand,
        lambda z, y: nn.functional.binary_cross_entropy_with_logits(z.sigmoid(), y),
        "taken twice",
    ),
    (
        checks.check_bce_by_hand,
        lambda z, y: -(y * z.sigmoid().log() + (1 - y) * (1 - z.sigmoid()).log()).mean(),
        "softplus",
    ),
    (
        checks.check_bce_by_hand,
        lambda z, y: nn.functional.binary_cross_entropy_with_logits(z, 1 - y),
        "swapped",
    ),
    (checks.check_bce_by_hand, lambda z, y: torch.tensor(0.1), "expected 0."),
]
