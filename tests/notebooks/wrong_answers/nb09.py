"""Typical wrong answers to the exercises of notebook 09, with part of the hint for each."""

import torch
from torch import nn
from wrong_answers.loops import loop

from seqclf_utils import exercises


def broadcast(logits, labels):
    """Fix the threshold, but still compare shape (N, 1) with (N,)."""
    return ((logits > 0) == labels).double().mean()


def of_squeezed(logits, labels, threshold=0.0):
    """Return the accuracy, which is correct with the default threshold."""
    return ((logits.squeeze(-1) > threshold) == labels).double().mean()


def one_by_one(predict, padded, lengths, *, crop=True, only_first=False, **tolerance):
    """Compare each sequence's prediction alone and in the batch, optionally with a bug."""
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
    """Predict a sequence without the batch dimension."""
    together = predict(padded, lengths)
    return all(predict(padded[i, :n], n) == together[i] for i, n in enumerate(lengths))


def no_axis_but_lengths(predict, padded, lengths):
    """Predict a sequence without the batch dimension, but keep that dimension in its length."""
    alone = [predict(padded[i, :n], lengths[i : i + 1]) for i, n in enumerate(lengths)]
    return torch.allclose(torch.cat(alone), predict(padded, lengths))


def shorter_only(predict, padded, lengths):
    """Leave out the longest sequence, which has no padding."""
    moved = predict(padded, lengths) - alone(predict, padded, lengths)
    return moved[lengths < lengths.max()].abs().max() < 1e-6


def wider(predict, padded, lengths):
    """Add padding instead of predicting the sequences one by one."""
    return torch.allclose(
        predict(padded, lengths), predict(nn.functional.pad(padded, (0, 9)), lengths)
    )


def alone(predict, padded, lengths):
    """Predict each sequence alone."""
    return torch.cat(
        [predict(row[None, :n], n[None]) for row, n in zip(padded, lengths, strict=True)]
    )


def to_the_last_digit(predict, padded, lengths):
    """Compare without a tolerance for rounding."""
    return torch.equal(predict(padded, lengths), alone(predict, padded, lengths))


def means_only(predict, padded, lengths):
    """Compare sorted predictions, ignoring their order."""
    together = predict(padded, lengths).sort().values
    return torch.allclose(together, alone(predict, padded, lengths).sort().values)


def keep_best(bug):
    """Return the training function with one bug."""
    return lambda *arguments: min(loop(*arguments, bug=bug))


WRONG = {
    exercises.check_fraction_right: [
        (lambda x, y: (x.sigmoid() > 0).eq(y).double().mean(), "0.5"),
        (broadcast, "(N, N)"),
        (lambda x, y: of_squeezed(x, y, 0.5), "for probabilities"),
        (lambda x, y: of_squeezed(x, y) * len(y), "number of right predictions"),
        (lambda x, y: 1 - of_squeezed(x, y), "is wrong"),
        (lambda x, y: (x.squeeze(-1) > 0).eq(y), "one number"),
        (lambda x, y: 0.1, "5/7"),
        (lambda x, y: 5 / 7, "should be 0.667"),
    ],
    exercises.check_is_batch_invariant: [
        (to_the_last_digit, "torch.allclose"),
        (lambda *a: not one_by_one(*a), "True if nothing moves"),
        (lambda *a: True, "move with the padding"),
        (lambda *a: one_by_one(*a, crop=False), "has no padding: predict"),
        (wider, "more padding is not enough"),
        (lambda *a: one_by_one(*a, only_first=True), "every sequence"),
        (means_only, "another order"),
        (each, "for the whole batch"),
        (without_abs, "can be negative"),
        (no_axis, "lengths of shape (N,)"),
        (no_axis_but_lengths, "padded of shape (N, L)"),
        (shorter_only, "longest sequence is left out"),
        (lambda *a: one_by_one(*a, atol=0.1), "too generous"),
        (lambda *a: 0.3, "True or False"),
    ],
    exercises.check_train_and_keep_best: [
        (keep_best("no zero_grad"), "1 of 5. The first: gradients add up"),
        (keep_best("zero_grad too late"), "zero_grad() belongs before"),
        (keep_best("batch means"), "mean of batch means"),
        (keep_best("train once"), "from the second epoch"),
        (keep_best("no eval"), "where dropout is active"),
        (keep_best("alias"), "1 of 5. The first: the best epoch is 1"),
        (keep_best("restores if stopped"), "when the epochs run out"),
        (keep_best("sum by batches"), "not of batches"),
        (keep_best("sum"), ": divide by the number of sequences."),
        (keep_best("all batches full"), "should be 0.5, not"),
        (keep_best("copied too early"), "ends with other weights"),
        (keep_best("restores in the loop"), "once, after the loop"),
        (keep_best("late"), "yours ran 4"),
        (lambda *a: loop(*a)[-1], "the lowest validation loss"),
        (loop, "return one number"),
    ],
}
