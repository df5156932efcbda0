"""Typical wrong answers to the exercises of notebook 09, and a part of the hint for each."""

import copy

import numpy as np
import torch
from torch import nn

from seqclf_utils import exercises


def broadcast(logits, labels):
    """Fix the threshold and leave (N, 1) against (N,)."""
    return ((logits > 0) == labels).double().mean()


def of_squeezed(logits, labels, threshold=0.0):
    """Return the fraction right; right with the default threshold."""
    return ((logits.squeeze(-1) > threshold) == labels).double().mean()


def one_by_one(predict, padded, lengths, *, crop=True, only_first=False, **tolerance):
    """Compare each sequence alone with itself in company; right without options."""
    together = predict(padded, lengths)
    for i, n in enumerate(lengths):
        row = padded[i : i + 1, : n if crop else None]
        if not torch.allclose(predict(row, lengths[i : i + 1]), together[i : i + 1], **tolerance):
            return False
        if only_first:
            break
    return True


def each(predict, padded, lengths):
    """Return one verdict for each sequence."""
    return torch.isclose(predict(padded, lengths), alone(predict, padded, lengths))


def without_abs(predict, padded, lengths):
    """Forget that a difference can be negative."""
    return (predict(padded, lengths) - alone(predict, padded, lengths)).max() < 1e-6


def no_axis(predict, padded, lengths):
    """Ask about a sequence without the axis of the batch."""
    together = predict(padded, lengths)
    return all(predict(padded[i, :n], n) == together[i] for i, n in enumerate(lengths))


def no_axis_but_lengths(predict, padded, lengths):
    """Ask about a sequence without the axis of the batch, though its length has it."""
    alone = [predict(padded[i, :n], lengths[i : i + 1]) for i, n in enumerate(lengths)]
    return torch.allclose(torch.cat(alone), predict(padded, lengths))


def shorter_only(predict, padded, lengths):
    """Leave out the longest, which has no padding."""
    moved = predict(padded, lengths) - alone(predict, padded, lengths)
    return moved[lengths < lengths.max()].abs().max() < 1e-6


def wider(predict, padded, lengths):
    """Add padding instead of asking one by one."""
    return torch.allclose(
        predict(padded, lengths), predict(nn.functional.pad(padded, (0, 9)), lengths)
    )


def alone(predict, padded, lengths):
    """Return what is said about each sequence alone."""
    return torch.cat(
        [predict(row[None, :n], n[None]) for row, n in zip(padded, lengths, strict=True)]
    )


def to_the_last_digit(predict, padded, lengths):
    """Forget about rounding."""
    return torch.equal(predict(padded, lengths), alone(predict, padded, lengths))


def means_only(predict, padded, lengths):
    """Compare sorted answers, as if order did not matter."""
    together = predict(padded, lengths).sort().values
    return torch.allclose(together, alone(predict, padded, lengths).sort().values)


def train(model, train_batches, val_batches, max_epochs, patience, *, bug=""):
    """Train with one bug of the five, or some other; right without one."""
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    if bug == "other optimizer":
        optimizer = torch.optim.Adam(model.parameters(), lr=0.5)
    best_loss, best_weights, waited = float("inf"), None, 0
    model.train()
    for _ in range(max(max_epochs - (bug == "an epoch less"), 1)):
        weights_before = copy.deepcopy(model.state_dict())
        if bug != "stays in eval":
            model.train()
        for padded, lengths, labels in train_batches:
            if bug not in ("adds up", "zero before step"):
                optimizer.zero_grad()
            criterion(model(padded, lengths), labels).backward()
            if bug == "zero before step":
                optimizer.zero_grad()
            optimizer.step()
        if bug != "never eval":
            model.eval()
        with torch.no_grad():
            losses = [criterion(model(p, n), y).item() for p, n, y in val_batches]
        sizes = None if bug == "means" else [len(y) for _, _, y in val_batches]
        val_loss = np.average(losses, weights=sizes)
        if bug == "sum":
            val_loss = np.dot(losses, sizes)
        if bug == "sum by batches":
            val_loss = np.dot(losses, sizes) / len(sizes)
        if bug == "all batches full":
            val_loss = np.dot(losses, sizes) / (len(sizes) * max(sizes))
        waited += 1
        if val_loss < best_loss:
            best_loss, waited = val_loss, 0
            best_weights = model.state_dict()
            if bug != "alias":
                best_weights = copy.deepcopy(best_weights)
            if bug == "copied too early":
                best_weights = weights_before
        if waited >= patience + (bug == "too patient"):
            model.load_state_dict(best_weights)
            if bug == "last loss if stopped":
                return val_loss
            break
        if bug == "back every time":
            model.load_state_dict(best_weights)
    if bug != "only if stopped":
        model.load_state_dict(best_weights)
    return val_loss if bug == "last loss" else best_loss


def with_bug(bug):
    """Return the training function with one bug."""
    return lambda *arguments: train(*arguments, bug=bug)


WRONG = [
    (exercises.check_fraction_right, lambda x, y: (x.sigmoid() > 0).eq(y).double().mean(), "0.5"),
    (exercises.check_fraction_right, broadcast, "(N, N)"),
    (exercises.check_fraction_right, lambda x, y: of_squeezed(x, y, 0.5), "for probabilities"),
    (exercises.check_fraction_right, lambda x, y: of_squeezed(x, y) * len(y), "how many are right"),
    (exercises.check_fraction_right, lambda x, y: 1 - of_squeezed(x, y), "is wrong"),
    (exercises.check_fraction_right, lambda x, y: (x.squeeze(-1) > 0).eq(y), "one number"),
    (exercises.check_fraction_right, lambda x, y: 0.1, "5/7"),
    (exercises.check_fraction_right, lambda x, y: 5 / 7, "should be 0.667"),
    (exercises.check_is_batch_invariant, to_the_last_digit, "torch.allclose"),
    (exercises.check_is_batch_invariant, lambda *a: not one_by_one(*a), "True if nothing moved"),
    (exercises.check_is_batch_invariant, lambda *a: True, "move with the padding"),
    (exercises.check_is_batch_invariant, lambda *a: one_by_one(*a, crop=False), "has no padding: ask"),
    (exercises.check_is_batch_invariant, wider, "more padding is not enough"),
    (exercises.check_is_batch_invariant, lambda *a: one_by_one(*a, only_first=True), "every sequence"),
    (exercises.check_is_batch_invariant, means_only, "another order"),
    (exercises.check_is_batch_invariant, each, "for the whole batch"),
    (exercises.check_is_batch_invariant, without_abs, "can be negative"),
    (exercises.check_is_batch_invariant, no_axis, "lengths of shape (N,)"),
    (exercises.check_is_batch_invariant, no_axis_but_lengths, "padded of shape (N, L)"),
    (exercises.check_is_batch_invariant, shorter_only, "longest sequence is left out"),
    (exercises.check_is_batch_invariant, lambda *a: one_by_one(*a, atol=0.1), "too generous"),
    (exercises.check_is_batch_invariant, lambda *a: 0.3, "True or False"),
    (exercises.check_train_and_keep_best, with_bug("adds up"), "add up. Which line"),
    (exercises.check_train_and_keep_best, with_bug("zero before step"), "never move"),
    (exercises.check_train_and_keep_best, with_bug("means"), "mean of batch means"),
    (exercises.check_train_and_keep_best, with_bug("stays in eval"), "from the second epoch"),
    (exercises.check_train_and_keep_best, with_bug("never eval"), "validation runs in training mode"),
    (exercises.check_train_and_keep_best, with_bug("alias"), "1 of 5. The first: the weights put ba"),
    (exercises.check_train_and_keep_best, with_bug("only if stopped"), "epochs run out"),
    (
        exercises.check_train_and_keep_best,
        lambda m, t, v, n, p: train(m, t, v, max(n - 1, 1), p, bug="only if stopped"),
        "before patience does, the best weights are not put back",
    ),
    (exercises.check_train_and_keep_best, with_bug("sum by batches"), "not of batches"),
    (exercises.check_train_and_keep_best, with_bug("sum"), "divided by the number of sequences"),
    (
        exercises.check_train_and_keep_best,
        with_bug("all batches full"),
        "with 4 + 1 sequences the loss should be 1.392",
    ),
    (
        exercises.check_train_and_keep_best,
        with_bug("other optimizer"),
        "one epoch of SGD leads to other",
    ),
    (exercises.check_train_and_keep_best, with_bug("copied too early"), "weights of the best epoch"),
    (exercises.check_train_and_keep_best, with_bug("back every time"), "once, after the loop"),
    (exercises.check_train_and_keep_best, with_bug("too patient"), "yours ran 4"),
    (
        exercises.check_train_and_keep_best,
        with_bug("an epoch less"),
        "3 epochs at most, 3 epochs are run; yours ran 2",
    ),
    (exercises.check_train_and_keep_best, with_bug("last loss if stopped"), "the lowest validation"),
    (exercises.check_train_and_keep_best, with_bug("last loss"), "the lowest validation loss"),
]
