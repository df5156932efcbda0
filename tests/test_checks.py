"""The exercises' checks: typical wrong answers get a hint of their own, and nothing raises."""

import numpy as np
import pytest
import torch
from torch import nn

from seqclf_utils import checks
from seqclf_utils.model import masked_mean


def real_steps(outputs, lengths):
    """Mark the real time steps, shape (N, L)."""
    return torch.arange(outputs.size(1)) < lengths[:, None]


def hidden(budget, *, biases=2):
    """Return the largest hidden size within the budget."""
    size = 0
    while 112 + 4 * (size + 1) * (17 + size + biases) + size + 2 <= budget:
        size += 1
    return size


def early_stop(val_losses, patience, *, slack=0, equal=False, base=1):
    """Return (last, best) epoch, with a bug if asked for one."""
    best = 0
    for epoch, loss in enumerate(val_losses, start=1):
        lowest = val_losses[best - 1]
        if best == 0 or loss < lowest or (equal and loss == lowest):
            best = epoch
        if epoch - best >= patience + slack:
            break
    return epoch - 1 + base, best - 1 + base


def count_in_total(val_losses, patience):
    """Count epochs without improvement in total, not in a row."""
    best, failures = 1, 0
    for epoch, loss in enumerate(val_losses[1:], start=2):
        if loss < val_losses[best - 1]:
            best = epoch
        else:
            failures += 1
        if failures >= patience:
            break
    return epoch, best


def compare_with_previous(val_losses, patience):
    """Take any fall since the epoch before for an improvement."""
    best = 1
    for epoch, loss in enumerate(val_losses[1:], start=2):
        if loss < val_losses[epoch - 2]:
            best = epoch
        if epoch - best >= patience:
            break
    return epoch, best


WRONG = [
    (checks.check_share_of_cheats, lambda y, i: np.mean(y), "among all labels"),
    (checks.check_share_of_cheats, lambda y, i: y[i].sum(), "Divide by the number"),
    (checks.check_share_of_cheats, lambda y, i: np.mean(i == 1), "Look up the labels"),
    (checks.check_share_of_cheats, lambda y, i: y[i].sum() / len(y), "not of all labels"),
    (checks.check_share_of_cheats, lambda y, i: 0.9, "should give 0.5, not 0.9"),
    (checks.check_leaked_positions, lambda s, p: [2], "stands in validation"),
    (checks.check_leaked_positions, lambda s, p: [4, 2], "not sorted"),
    (checks.check_leaked_positions, lambda s, p: [3, 4], "places inside test_idx"),
    (checks.check_leaked_positions, lambda s, p: [2, 4, 5], "the order matters"),
    (checks.check_leaked_positions, lambda s, p: [2, 4, 6], "only its beginning"),
    (checks.check_leaked_positions, lambda s, p: [0, 1, 2, 4], "only positions of the test side"),
    (checks.check_leaked_positions, lambda s, p: [], "expected [2, 4]"),
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
    (checks.check_stopping_epochs, lambda v, p: early_stop(v, p)[::-1], "wrong order"),
    (checks.check_stopping_epochs, lambda v, p: early_stop(v, p, base=0), "from 1"),
    (checks.check_stopping_epochs, lambda v, p: early_stop(v, p, slack=1), "one epoch too many"),
    (checks.check_stopping_epochs, lambda v, p: early_stop(v, p, equal=True), "not <="),
    (checks.check_stopping_epochs, lambda v, p: (4, 2), "should give (4, 4), not (4.0, 2.0)"),
    (checks.check_stopping_epochs, lambda v, p: count_in_total(v, p), "starts the count again"),
    (checks.check_stopping_epochs, lambda v, p: compare_with_previous(v, p), "the epoch before"),
    (checks.check_stopping_epochs, lambda v, p: 4, "return two numbers"),
    (checks.check_epoch_loss, lambda m, n, b: np.mean(m), "mean of the batch means"),
    (checks.check_epoch_loss, lambda m, n, b: np.sum(m) * b / n, "counts as a full one"),
    (checks.check_epoch_loss, lambda m, n, b: np.dot(m, [16, 16, 2]), "divide by how many"),
    (checks.check_epoch_loss, lambda m, n, b: np.dot(m, [16, 16, 2]) / 3, "number of batches"),
    (checks.check_epoch_loss, lambda m, n, b: 0.5, "2/34"),
    (
        checks.check_epoch_loss,
        lambda m, n, b: (m[:-1].sum() * b + m[-1] * (n % b)) / n,
        "should give 0.75",
    ),
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
ALL = sorted({check for check, _, _ in WRONG}, key=lambda check: check.__name__)


@pytest.mark.parametrize(("check", "answer", "hint"), WRONG)
def test_typical_wrong_answers_get_their_own_hint(check, answer, hint, capsys):
    """A wrong answer is never Correct, and the hint names what is wrong with it."""
    check(answer)
    printed = capsys.readouterr().out
    assert printed.startswith("Not yet: ")
    assert hint in printed


def test_every_check_has_wrong_answers():
    """A new check must be entered above."""
    names = {name for name in vars(checks) if name.startswith("check_")}
    assert names == {check.__name__ for check in ALL}


@pytest.mark.parametrize("check", ALL)
def test_nothing_yet_is_said_kindly(check, capsys):
    """A stub that returns None is told so, by name."""

    def stub(*arguments):
        """Return nothing."""

    check(stub)
    assert capsys.readouterr().out.startswith("Not yet: stub returns nothing.")


@pytest.mark.parametrize("check", ALL)
def test_an_error_in_the_answer_is_reported_and_does_not_stop_the_notebook(check, capsys):
    """The check prints the reader's own error instead of raising it."""

    def broken(*arguments):
        raise KeyError("oops")

    check(broken)
    assert capsys.readouterr().out == "Not yet: your code raised KeyError: 'oops'\n"


@pytest.mark.parametrize("check", ALL)
@pytest.mark.parametrize("answer", ["word", 3, [1, 2], float("nan"), torch.zeros(3)])
def test_answers_of_the_wrong_kind_are_not_correct(check, answer, capsys):
    """Nonsense never passes and never raises."""
    check(lambda *arguments: answer)
    assert capsys.readouterr().out.startswith("Not yet: ")
