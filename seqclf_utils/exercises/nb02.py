"""Checks for the exercises in notebook 02, model anatomy."""

import functools
import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from seqclf_utils.exercises.report import call, close, exercise, slip
from seqclf_utils.model import LSTMClassifier


@exercise
def check_largest_hidden_size(largest_hidden_size: Callable) -> str | None:
    """Check notebook 02, exercise 1: the largest LSTM within a parameter budget."""

    @functools.cache
    def count(hidden_size: int) -> int:
        model = LSTMClassifier(vocab_size=7, embed_dim=16, hidden_size=hidden_size)
        return sum(parameter.numel() for parameter in model.parameters())

    def largest(budget: int, forgotten: Callable[[int], int] = lambda h: 0) -> int:
        return max(h for h in range(1, 120) if count(h) - forgotten(h) <= budget)

    # The first budget detects off-by-one errors; each of the others detects one forgotten part.
    for budget in (count(32), 1000, count(33) - 100, count(33) - 1, 50_000):
        expected = largest(budget)
        size = call(largest_hidden_size, budget)
        if close(size, expected):
            continue
        slips = (
            (count(expected), "that is the number of parameters. Return the hidden size."),
            (largest(budget, lambda h: h + 1), "the linear layer has H weights and a bias, too."),
            (largest(budget, lambda h: 4 * h), "the LSTM has two bias vectors of 4 H each."),
            (largest(budget, lambda h: 7 * 16), "the embedding has 7 * 16 parameters, too."),
            (expected + 1, f"{size} needs {count(expected + 1)} parameters, more than {budget}."),
            (expected - 1, f"{expected} fits, too: it needs {count(expected)} of {budget}."),
        )
        return slip(size, slips) or f"a budget of {budget} should give {expected}, not {size}."
    return None


@exercise
def check_bce_by_hand(bce_by_hand: Callable) -> str | None:
    """Check notebook 02, exercise 2: the mean binary cross-entropy from logits."""
    logits, labels = torch.tensor([2.0, -1.0, 0.5]), torch.tensor([1.0, 1.0, 0.0])
    criterion = nn.BCEWithLogitsLoss(reduction="none")
    losses = criterion(logits, labels)
    result = call(bce_by_hand, logits, labels)
    if isinstance(result, Tensor) and result.shape == (3,):
        return "that is one loss per sequence; return their mean."
    slips = (
        (-losses.mean(), "the sign is wrong: the loss is minus the log-probability."),
        (losses.sum(), "that is the sum over the sequences; return the mean."),
        (criterion(torch.sigmoid(logits), labels).mean(), "the sigmoid was applied twice."),
        (criterion(-logits, labels).mean(), "a positive logit points to label 1, not to label 0."),
        (criterion(logits, torch.ones(3)).mean(), "for label 0 the probability is sigmoid(-z)."),
        ((losses * labels).mean(), "sequences with label 0 count, too, with sigmoid(-z)."),
    )
    if hint := slip(result, slips):
        return hint
    if isinstance(result, Tensor | float) and math.isnan(result):
        return "nan: the logarithm of a negative logit does not exist. Apply the sigmoid first."
    if not close(result, losses.mean()):
        return f"expected {losses.mean():.4f} for a small case, got {result}."
    extreme = call(bce_by_hand, torch.tensor([1000.0, -1000.0]), torch.tensor([0.0, 1.0]))
    if not close(extreme, 1000.0):
        return (
            f"for logits of 1000 and -1000, both wrong, the loss is 1000, but yours is {extreme}: "
            "the sigmoid is rounded to 0 or 1, and log(0) is infinite. softplus(-z) computes "
            "log(1 + exp(-z)) safely."
        )
    return None


def _logit(
    model: LSTMClassifier,
    sequence: Tensor,
    *,
    order: str = "ifgo",
    two_biases: bool = True,
    carried: str = "hc",
    read: str = "h",
) -> float:
    """Compute a logit step by step, optionally with a mistake."""
    lstm, zeros = model.lstm, torch.zeros(model.lstm.hidden_size)
    h, c = zeros, zeros
    shown = []
    for x in model.embed.weight[sequence]:
        h, c = h if "h" in carried else zeros, c if "c" in carried else zeros
        stacked = lstm.weight_ih_l0 @ x + lstm.bias_ih_l0 + lstm.weight_hh_l0 @ h
        if two_biases:
            stacked = stacked + lstm.bias_hh_l0
        gates = dict(zip(order, stacked.chunk(4), strict=True))
        c = torch.sigmoid(gates["f"]) * c + torch.sigmoid(gates["i"]) * torch.tanh(gates["g"])
        h = torch.sigmoid(gates["o"]) * torch.tanh(c)
        shown.append(h)
    state = {"h": h, "c": c, "mean": torch.stack(shown).mean(dim=0)}[read]
    return (model.fc.weight[0] @ state + model.fc.bias[0]).item()


def _logit_hint(model: LSTMClassifier, sequence: Tensor, logit: float, expected: float) -> str:
    """Return a hint for a typical mistake, identified by its logit."""

    def made(**mistake: object) -> float:
        return _logit(model, sequence, **mistake)

    slips = [
        (torch.sigmoid(torch.tensor(expected)).item(), "that is the probability, not the logit."),
        (expected - model.fc.bias.item(), "the linear layer has a bias: model.fc.bias."),
        (made(read="c"), "the linear layer reads the state h, not the memory c."),
        (made(read="mean"), "that is avg pooling; take the last output."),
        (_logit(model, sequence.flip(0)), "the sequence is read from right to left."),
        (_logit(model, sequence - 1), "row 0 of the table is padding: symbol s is row s."),
        (made(two_biases=False), "one of the two biases is missing: add both."),
        (made(carried=""), "every step starts from zeros: pass h and c on to the next."),
        (made(carried="h"), "h is passed on, but the memory c restarts from zeros."),
        (made(carried="c"), "c is passed on, but the state h restarts from zeros."),
    ]
    for order in ("ifog", "figo", "fiog"):
        slips.append(
            (made(order=order), "the gates are mixed up: their order in PyTorch is i, f, g, o.")
        )
    if hint := slip(logit, slips):
        return hint
    shape = f"E = {model.embed.embedding_dim}, H = {model.lstm.hidden_size}"
    return f"{shape}, sequence {sequence.tolist()}: expected {expected:.4f}, got {logit:.4f}."


def _watch(model: LSTMClassifier) -> list[str]:
    """Record calls to the model's modules from now on."""
    called: list[str] = []
    for name, module in model.named_modules():
        what = f"model.{name}" if name else "the model"
        module.register_forward_pre_hook(lambda *_, what=what: called.append(what))
    return called


@exercise
def check_logit_by_hand(logit_by_hand: Callable) -> str | None:
    """Check notebook 02, exercise 3: the whole classifier from its weights alone."""
    for seed, (embed_dim, hidden_size, symbols) in enumerate(
        ((3, 2, [4]), (5, 4, [3, 6, 6, 1, 2]), (16, 32, [1, 2, 3, 4, 5, 6] * 3))
    ):
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(seed)
            model = LSTMClassifier(embed_dim=embed_dim, hidden_size=hidden_size)
            for parameter in model.parameters():
                parameter.mul_(2)  # so that mistakes differ clearly from rounding errors
            expected = model(torch.tensor([symbols]), torch.tensor([len(symbols)])).item()
        called = _watch(model)
        result = call(logit_by_hand, model, torch.tensor(symbols))
        if called:
            return f"your code calls {called[0]}. Use its weights only."
        if isinstance(result, Tensor | np.ndarray):
            if math.prod(result.shape) != 1:
                return f"return one number, not a tensor of shape {tuple(result.shape)}."
            result = result.item()
        if not close(result, expected):
            try:
                logit = float(result)
            except (TypeError, ValueError):
                return f"return one number, not {result!r}."
            with torch.no_grad():
                return _logit_hint(model, torch.tensor(symbols), logit, expected)
    return None
