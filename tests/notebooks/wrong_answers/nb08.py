"""Typical wrong answers to the exercises of notebook 08, with part of the hint for each."""

import torch

from seqclf_utils import exercises


def batches_of(lengths, batch_size):
    """Cut lengths into batches."""
    return [lengths[k : k + batch_size] for k in range(0, len(lengths), batch_size)]


def share(lengths, batch_size):
    """Return the share of padding."""
    return 1 - sum(lengths) / sum(len(b) * max(b) for b in batches_of(lengths, batch_size))


def mean_of_shares(lengths, batch_size):
    """Average the shares of the batches."""
    parts = batches_of(lengths, batch_size)
    return sum(1 - sum(b) / (len(b) * max(b)) for b in parts) / len(parts)


def all_rows(lengths, batch_size):
    """Count missing rows in the last batch as padding."""
    parts = batches_of(lengths, batch_size)
    return 1 - sum(lengths) / sum(batch_size * max(b) for b in parts)


def filled(lengths, max_cells, *, too_much=0, order=None, value=None, cells=None):
    """Fill batches from short to long, optionally with a bug."""
    batches, batch = [], []
    for i in sorted(range(len(lengths)), key=order or (lambda i: lengths[i])):
        count = cells or (lambda batch, i: (len(batch) + 1) * lengths[i])
        if batch and count(batch, i) > max_cells + too_much:
            batches.append(batch)
            batch = []
        batch.append(i)
    batches.append(batch)
    return [[value(i) for i in batch] for batch in batches] if value else batches


def in_pieces(model, pieces, criterion, optimizer, *, share="right", clear="once", steps="once"):
    """Take one step for a batch that is split into pieces, optionally with a bug."""
    n = sum(len(labels) for _, _, labels in pieces)
    total = 0.0
    if clear == "once":
        optimizer.zero_grad()
    for padded, lengths, labels in pieces:
        factor = {"right": len(labels) / n, "equal": 1 / len(pieces), "none": 1, "sum": len(labels)}
        factor["squared"] = factor["right"] ** 2
        if clear == "each":
            optimizer.zero_grad()
        loss = criterion(model(padded, lengths), labels) * factor[share]
        loss.backward()
        total += loss.item()
        if steps == "each":
            optimizer.step()
    if clear == "late":
        optimizer.zero_grad()
    if steps == "once":
        optimizer.step()
    return total


def with_loss(change):
    """Take the right step but return a changed loss."""

    def answer(model, pieces, criterion, optimizer):
        with torch.no_grad():
            means = [criterion(model(padded, lengths), y).item() for padded, lengths, y in pieces]
        model.rows.clear()
        return change(in_pieces(model, pieces, criterion, optimizer), means)

    return answer


def at_once(model, pieces, criterion, optimizer):
    """Pad the pieces into one batch."""
    width = max(padded.size(1) for padded, _, _ in pieces)
    rows = [torch.nn.functional.pad(p, (0, width - p.size(1))) for p, _, _ in pieces]
    whole = [torch.cat(rows), *(torch.cat(parts) for parts in list(zip(*pieces, strict=True))[1:])]
    return in_pieces(model, [whole], criterion, optimizer)


def sorts_in_place(lengths, batch_size):
    """Sort the lengths in place."""
    lengths.sort()
    return 0.5


WRONG = {
    exercises.check_padding_share: [
        (sorts_in_place, "changes one of its arguments"),
        (lambda s, n: 1 - share(s, n), "the share of real cells"),
        (lambda s, n: 1 - sum(s) / (len(s) * max(s)), "2: pad each batch"),
        (
            lambda s, n: 1 - sum(s) / (-(-len(s) // n) * n * max(s)),
            "count the cells batch by batch",
        ),
        (all_rows, "the last batch may have fewer"),
        (lambda s, n: share(sorted(s), n), "keep the sequences in their order"),
        (mean_of_shares, "average shares"),
        (lambda s, n: 100 * share(s, n), "not a percentage"),
        (lambda s, n: 0.123, "of the cells are padding, not 0.123"),
    ],
    exercises.check_cell_batches: [
        (lambda s, n: [0, 1], "a list of batches, each a list of positions"),
        (lambda s, n: [[], *filled(s, n)], "batches is empty"),
        (lambda s, n: filled(s, n, value=lambda i: s[i]), "the batches hold lengths"),
        (lambda s, n: filled(s, n)[:-1], "exactly once"),
        (lambda s, n: filled(s, n, too_much=1), "cells."),
        (lambda s, n: filled(s, n, too_much=-1), "are enough"),
        (lambda s, n: [batch[::-1] for batch in filled(s, n)], "shortest first"),
    ],
    exercises.check_step_in_pieces: [
        (lambda *a: in_pieces(*a, clear="never"), "previous step are included"),
        (lambda *a: in_pieces(*a, clear="each"), "only the last piece"),
        (lambda *a: in_pieces(*a, clear="late"), "no gradients are left"),
        (lambda *a: in_pieces(*a, share="none"), "the gradient is too large"),
        (lambda *a: in_pieces(*a, share="equal"), "as much as that of 3"),
        (lambda *a: in_pieces(*a, share="sum"), "divide by how many"),
        (lambda *a: in_pieces(*a, share="squared"), "the gradient should be"),
        (lambda *a: in_pieces(*a, steps="each"), "yours are 3"),
        (at_once, "call the model once for each"),
        (with_loss(lambda loss, means: sum(means) / 3), "the loss is a mean of the pieces' means"),
        (with_loss(lambda loss, means: sum(means)), "the loss is a sum of the pieces' means"),
        (with_loss(lambda loss, means: torch.tensor(loss)), "as a plain number"),
        (with_loss(lambda loss, means: 0.5), "the mean loss is"),
    ],
}
