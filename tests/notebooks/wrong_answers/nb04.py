"""Typical wrong answers to the exercises of notebook 04, and a part of the hint for each."""

import copy

import numpy as np
import torch
from torch import nn

from seqclf_utils import exercises
from seqclf_utils.training import evaluate, train_one_epoch


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


def halving(
    *,
    keep=copy.deepcopy,
    again=True,
    in_a_row=True,
    equal=False,
    slack=0,
    deaf=False,
    stop=False,
    after=False,
    train_on=0,
    restore=True,
    factor=2,
    previous=False,
    forget=False,
    back=False,
):
    """Return a `fit_halving`, with a bug if asked for one."""

    def fit_halving(model, train_loader, val_loader, max_epochs, patience):
        loaders, criterion = (train_loader, val_loader), nn.BCEWithLogitsLoss()
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        rate, rates, best, failures, kept = 1e-3, [], np.inf, 0, None
        before = np.inf
        for _ in range(max_epochs):
            used = rate
            if train_on is not None:
                train_one_epoch(model, loaders[train_on], criterion, optimizer)
            val_loss = evaluate(model, val_loader, criterion)
            if val_loss < best or (equal and val_loss <= best + 1e-9):
                best, kept = val_loss, keep(model.state_dict())
                failures = 0 if in_a_row else failures
            else:
                failures += 1
            if previous:
                failures, before = 0 if val_loss < before else failures, val_loss
            if failures >= patience + slack:
                rate, failures = rate / factor, 0 if again else failures
                best = np.inf if forget else best
                if back:
                    model.load_state_dict(kept)
                if not deaf:
                    optimizer.param_groups[0]["lr"] = rate
                if stop:
                    rates.append(used)
                    break
            rates.append(rate if after else used)
        if restore:
            model.load_state_dict(kept)
        return rates

    return fit_halving


WRONG = [
    (exercises.check_stopping_epochs, lambda v, p: early_stop(v, p)[::-1], "wrong order"),
    (exercises.check_stopping_epochs, lambda v, p: early_stop(v, p, base=0), "from 1"),
    (exercises.check_stopping_epochs, lambda v, p: early_stop(v, p, slack=1), "one epoch too many"),
    (exercises.check_stopping_epochs, lambda v, p: early_stop(v, p, equal=True), "not <="),
    (exercises.check_stopping_epochs, lambda v, p: (4, 2), "should give (4, 4), not (4.0, 2.0)"),
    (exercises.check_stopping_epochs, lambda v, p: count_in_total(v, p), "starts the count again"),
    (exercises.check_stopping_epochs, lambda v, p: compare_with_previous(v, p), "the epoch before"),
    (exercises.check_stopping_epochs, lambda v, p: 4, "return two numbers"),
    (
        exercises.check_stopping_epochs,
        lambda v, p: (len(v), 1 + int(np.argmin(v))),
        "later losses are never seen",
    ),
    (
        exercises.check_stopping_epochs,
        lambda v, p: early_stop(v, p) if early_stop(v, p)[0] < len(v) else None,
        "nothing is returned when the list ends",
    ),
    (exercises.check_epoch_loss, lambda m, n, b: np.mean(m), "mean of the batch means"),
    (exercises.check_epoch_loss, lambda m, n, b: np.sum(m) * b / n, "counts as a full one"),
    (exercises.check_epoch_loss, lambda m, n, b: np.dot(m, [16, 16, 2]), "divide by how many"),
    (exercises.check_epoch_loss, lambda m, n, b: np.dot(m, [16, 16, 2]) / 3, "number of batches"),
    (exercises.check_epoch_loss, lambda m, n, b: 0.5, "2/34"),
    (
        exercises.check_epoch_loss,
        lambda m, n, b: (m[:-1].sum() * b + m[-1] * (n % b)) / n,
        "32 % 16 is 0",
    ),
    (
        exercises.check_epoch_loss,
        lambda m, n, b: (m[:-1].sum() * b + m[-1] * 2) / n,
        "should give 0.75",
    ),
    (
        exercises.check_epoch_loss,
        lambda m, n, b: (m[:-1].sum() * 16 + m[-1] * (n - 16 * (len(m) - 1))) / n,
        "should give 0.45",
    ),
    (exercises.check_epoch_loss, lambda m, n, b: m * b / n, "one number, please"),
    (exercises.check_epoch_loss, lambda m, n, b: m.sum() / n, "the size of the batch before"),
    (exercises.check_fit_halving, halving(keep=dict), "from a real copy"),
    (exercises.check_fit_halving, halving(again=False), "no second halving in the next epoch"),
    (exercises.check_fit_halving, halving(in_a_row=False), "starts the count again"),
    (exercises.check_fit_halving, halving(equal=True), "compare with <, not <="),
    (exercises.check_fit_halving, halving(slack=1), "one epoch too late"),
    (exercises.check_fit_halving, halving(deaf=True), "optimizer.param_groups"),
    (exercises.check_fit_halving, halving(stop=True), "halve, and go on"),
    (exercises.check_fit_halving, halving(after=True), "before you halve it"),
    (exercises.check_fit_halving, halving(train_on=1), "0 times through the training side"),
    (
        exercises.check_fit_halving,
        halving(train_on=None),
        "0 times through the training side and 3 times through the validation side",
    ),
    (exercises.check_fit_halving, halving(factor=1), "must be for validation losses [0.6, 0.5"),
    (exercises.check_fit_halving, halving(factor=10), "should give the rates"),
    (exercises.check_fit_halving, halving(previous=True), "not with the epoch before"),
    (exercises.check_fit_halving, halving(forget=True), "the best loss so far stays"),
    (exercises.check_fit_halving, halving(back=True), "restore once, at the very end"),
    (
        exercises.check_fit_halving,
        lambda *a: (lambda rates: [*rates[1:], rates[-1]])(halving()(*a)),
        "note down the rate that an epoch was trained with",
    ),
    (exercises.check_fit_halving, lambda m, t, v, n, p: [0.001], "ended after epoch 1 of 3"),
    (exercises.check_fit_halving, lambda m, t, v, n, p: [], "3 epochs, but you return 0 rates"),
    (exercises.check_fit_halving, lambda m, t, v, n, p: 0.0005, "return a list of numbers"),
    (exercises.check_fit_halving, lambda m, t, v, n, p: [0.001] * (n + 1), "one rate an epoch"),
]
