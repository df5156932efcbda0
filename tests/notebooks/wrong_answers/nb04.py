"""Typical wrong answers to the exercises of notebook 04, with part of the hint for each."""

import copy

import numpy as np
import torch
from torch import nn
from wrong_answers.loops import loop, with_bug

from seqclf_utils import exercises
from seqclf_utils.training import evaluate, train_one_epoch


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
    anew=False,
):
    """Return a `fit_halving`, optionally with a bug."""

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
                if anew:
                    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
                elif not deaf:
                    optimizer.param_groups[0]["lr"] = rate
                if stop:
                    rates.append(used)
                    break
            rates.append(rate if after else used)
        if restore:
            model.load_state_dict(kept)
        return rates

    return fit_halving


def in_place(batch_losses, n_sequences, batch_size):
    """Multiply the batch means in place."""
    batch_losses *= batch_size
    batch_losses[-1] *= (n_sequences - batch_size * (len(batch_losses) - 1)) / batch_size
    return batch_losses.sum() / n_sequences


def with_helpers(model, train_loader, val_loader, max_epochs, patience):
    """Call the notebook's own functions."""
    train_one_epoch(model, train_loader, nn.BCEWithLogitsLoss(), None)


WRONG = {
    exercises.check_epoch_loss: [
        (lambda m, n, b: np.mean(m), "mean of the batch means"),
        (lambda m, n, b: np.sum(m) * b / n, "counts as a full one"),
        (lambda m, n, b: np.dot(m, [16, 16, 2]), "divide by how many"),
        (lambda m, n, b: np.dot(m, [16, 16, 2]) / 3, "number of batches"),
        (lambda m, n, b: 0.5, "should give 0.05882, not 0.5"),
        (lambda m, n, b: (m[:-1].sum() * b + m[-1] * (n % b)) / n, "32 % 16 is 0"),
        (lambda m, n, b: (m[:-1].sum() * b + m[-1] * 2) / n, "should give 0.75"),
        (
            lambda m, n, b: (m[:-1].sum() * 16 + m[-1] * (n - 16 * (len(m) - 1))) / n,
            "should give 0.45",
        ),
        (lambda m, n, b: m * b / n, "one number, please"),
        (lambda m, n, b: m.sum() / n, "the size of the batch before"),
        (in_place, "changes one of its arguments"),
    ],
    exercises.check_fit_from_memory: [
        (with_bug("no zero_grad"), "gradients add up"),
        (with_bug("zero_grad too late"), "zero_grad() belongs before"),
        (with_bug("no backward"), "backward() is missing"),
        (with_bug("no step"), "step() is missing"),
        (with_bug("trains a copy"), "of this model never change"),
        (with_bug("one step per epoch"), "a step of its own"),
        (with_bug("no train"), "evaluation mode, without dropout: call model.train() first"),
        (with_bug("train once"), "from the second epoch on"),
        (with_bug("no eval"), "where dropout is active"),
        (with_bug("no no_grad"), "torch.no_grad()"),
        (with_bug("batch means"), "mean of batch means"),
        (with_bug("sum"), ": divide by the number of sequences."),
        (with_bug("sum by batches"), "not of batches"),
        (with_bug("all batches full"), "should be 0.6, not"),
        (with_bug("alias"), "state_dict() keeps changing during training"),
        (with_bug("never restored"), "ends with its last weights"),
        (with_bug("restores if stopped"), "when the epochs run out, its weights are not restored"),
        (with_bug("restores in the loop"), "once, after the loop"),
        (with_bug("copied too early"), "ends with the weights of epoch 2"),
        (with_bug("late"), "one epoch too late"),
        (with_bug("early"), "one epoch too early"),
        (with_bug("equal"), "not <="),
        (with_bug("previous"), "not with the epoch before"),
        (with_bug("in total"), "a new best restarts"),
        (with_bug("never stops"), "and training continued"),
        (with_bug("endless"), "the loop never ends"),
        (with_bug("new optimizer"), "create it once, before the loop"),
        (with_bug("learns from validation"), "the model learns from val_loader"),
        (with_bug("test set"), "never touches the test set"),
        (with_bug("measures first"), "train first"),
        (with_bug("first batch only"), "all of train_loader"),
        (with_helpers, "write out what train_one_epoch does"),
        (lambda *a: loop(*a)[-1], "return a list of numbers"),
        (lambda *a: loop(*a)[:-1], "yours are 2"),
    ],
    exercises.check_fit_halving: [
        (halving(keep=dict), "state_dict() keeps changing during training"),
        (halving(again=False), "the next epoch halves again"),
        (halving(in_a_row=False), "a new best restarts"),
        (halving(equal=True), "compare with <, not <="),
        (halving(slack=1), "one epoch too late"),
        (halving(deaf=True), "optimizer.param_groups"),
        (halving(stop=True), "halve the rate and continue"),
        (halving(after=True), "before you halve it"),
        (halving(train_on=1), "the model learns from val_loader"),
        (halving(train_on=None), "the model never reads the batches of train_loader"),
        (halving(factor=1), "yours is never halved"),
        (halving(factor=10), "should give the rates"),
        (halving(previous=True), "not with the epoch before"),
        (halving(forget=True), "the best loss so far is kept"),
        (halving(back=True), "once, after the loop"),
        (lambda m, t, v, n, p: [0.001], "ended after epoch 1 of 3"),
        (lambda m, t, v, n, p: [], "3 epochs, but you return 0 rates"),
        (lambda m, t, v, n, p: 0.0005, "return a list of numbers"),
        (lambda m, t, v, n, p: [0.001] * (n + 1), "one rate per epoch: 3 epochs, but you return 4"),
        (halving(anew=True), "create it once, before the loop"),
    ],
}
