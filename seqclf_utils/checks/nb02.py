"""Checks of the exercises of notebook 02, model anatomy."""

import functools
from collections.abc import Callable

import torch
from torch import Tensor, nn

from seqclf_utils.checks.report import call, close, exercise
from seqclf_utils.model import LSTMClassifier


@exercise
def check_largest_hidden_size(largest_hidden_size: Callable) -> str | None:
    """Check notebook 02, exercise 1: the largest LSTM within a budget of parameters."""

    @functools.cache
    def count(hidden_size: int) -> int:
        model = LSTMClassifier(vocab_size=7, embed_dim=16, hidden_size=hidden_size)
        return sum(parameter.numel() for parameter in model.parameters())

    def largest(budget: int, biases: int = 2) -> int:
        sizes = range(1, 120)
        return max(h for h in sizes if count(h) - 4 * h * (2 - biases) <= budget)

    for budget in (1000, count(32), 50_000):
        expected = largest(budget)
        size = call(largest_hidden_size, budget)
        if close(size, expected):
            continue
        if close(size, count(expected)):
            return "that is the number of parameters. Return the hidden size."
        if close(size, largest(budget, biases=1)):
            return "PyTorch's LSTM has two bias vectors, b_ih and b_hh, of 4 H numbers each."
        if close(size, expected + 1):
            return f"{size} is one too many for a budget of {budget}: it needs {count(size)}."
        if close(size, expected - 1):
            return f"{expected} still fits into a budget of {budget}: it needs {count(expected)}."
        return f"a budget of {budget} should give {expected}, not {size}."
    return None


@exercise
def check_bce_by_hand(bce_by_hand: Callable) -> str | None:
    """Check notebook 02, exercise 2: the mean binary cross-entropy from logits."""
    logits, labels = torch.tensor([2.0, -1.0, 0.5]), torch.tensor([1.0, 1.0, 0.0])
    criterion = nn.BCEWithLogitsLoss(reduction="none")
    losses = criterion(logits, labels)
    result = call(bce_by_hand, logits, labels)
    if close(result, -losses.mean()):
        return "the right size with the wrong sign: the loss is minus the log-probability."
    if isinstance(result, Tensor) and result.shape == (3,):
        return "there is one number a sequence; the loss is their mean."
    if close(result, losses.sum()):
        return "that is the sum over the sequences; the loss is their mean."
    if close(result, criterion(torch.sigmoid(logits), labels).mean()):
        return "the sigmoid was taken twice."
    if close(result, criterion(-logits, labels).mean()):
        return "the labels are swapped: a positive logit speaks for label 1."
    if not close(result, losses.mean()):
        return f"expected {losses.mean():.4f} for a small case, got {result}."
    extreme = call(bce_by_hand, torch.tensor([1000.0, -1000.0]), torch.tensor([0.0, 1.0]))
    if not close(extreme, 1000.0):
        return (
            f"for logits of 1000 and -1000, both wrong, the loss is 1000, but yours is {extreme}: "
            "the sigmoid is rounded to 1 or 0 and its logarithm explodes. softplus(-z) is the "
            "logarithm of 1 + exp(-z), computed safely."
        )
    return None
