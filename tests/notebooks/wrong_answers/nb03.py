"""Typical wrong answers to the exercises of notebook 03, and a part of the hint for each."""

import torch

from seqclf_utils import exercises
from seqclf_utils.model import masked_mean


def real_steps(outputs, lengths):
    """Mark the real time steps, shape (N, L)."""
    return torch.arange(outputs.size(1)) < lengths[:, None]


def run(cell, embedded, lengths, *, late=0, carry="hc", read="h", shared=False):
    """Run a cell over a batch, picking the sequences still running, with a bug if asked."""
    states = {"h": torch.zeros(len(lengths), cell.hidden_size)}
    states["c"] = states["h"] if shared else states["h"].clone()
    for step in range(int(lengths.max()) - max(late, 0)):
        running = lengths - late > step
        before = tuple(states[name][running] * (name in carry) for name in "hc")
        states["h"][running], states["c"][running] = cell(embedded[running, step], before)
    return states[read]


def run_on(cell, embedded, n_steps):
    """Run the whole batch for a number of steps."""
    return run(cell, embedded, torch.full((len(embedded),), n_steps))


def in_sorted_order(cell, embedded, lengths):
    """Sort by length and forget to undo it."""
    order = lengths.argsort(descending=True, stable=True)
    return run(cell, embedded[order], lengths[order])


def sorted_twice(cell, embedded, lengths):
    """Sort by length and take the same order for the way back."""
    order = lengths.argsort(descending=True, stable=True)
    return run(cell, embedded[order], lengths[order])[order]


def everything_then_pick(cell, embedded, lengths):
    """Compute all the padding, then pick the last real step."""
    steps = [run_on(cell, embedded, n + 1) for n in range(embedded.size(1))]
    return torch.stack(steps, dim=1)[torch.arange(len(lengths)), lengths - 1]


def one_by_one(cell, embedded, lengths):
    """Run each sequence alone."""
    rows = zip(embedded, lengths, strict=True)
    return torch.cat([run(cell, row[None], length[None]) for row, length in rows])


def changes_its_input(cell, embedded, lengths):
    """Sort the batch in place."""
    embedded.copy_(embedded.flip(0))
    return run(cell, embedded.flip(0), lengths)


WRONG = [
    (exercises.check_max_pool, lambda o, n: o.amax(dim=1), "padding wins"),
    (
        exercises.check_max_pool,
        lambda o, n: o.masked_fill(~real_steps(o, n)[:, :, None], 0).amax(dim=1),
        "-inf",
    ),
    (exercises.check_max_pool, lambda o, n: o.amax(dim=2), "should have shape"),
    (exercises.check_max_pool, lambda o, n: o.tolist(), "yours is list"),
    (
        exercises.check_max_pool,
        lambda o, n: o.masked_fill_(~real_steps(o, n)[:, :, None], -torch.inf).amax(dim=1),
        "changed outputs",
    ),
    (
        exercises.check_max_pool,
        lambda o, n: o.masked_fill(~real_steps(o, n), -torch.inf).amax(dim=1),
        "needs a third axis",
    ),
    (exercises.check_max_pool, lambda o, n: o.reshape(5), "your code raised RuntimeError"),
    (exercises.check_max_pool, masked_mean, "expected [[-2.0, 1.0]"),
    (exercises.check_max_pool, lambda o, n: o.max(dim=1), "Take .values"),
    (exercises.check_batch_sizes, lambda n: [4, 3, 2, 1, 1], "should be a tensor"),
    (exercises.check_batch_sizes, lambda n: n.sort(descending=True).values, "not one per sequence"),
    (
        exercises.check_batch_sizes,
        lambda n: (torch.arange(n.max()) <= n[:, None]).sum(dim=0),
        "not <=",
    ),
    (
        exercises.check_batch_sizes,
        lambda n: (torch.arange(n.max()) + 1 < n[:, None]).sum(dim=0),
        "one step too late",
    ),
    (
        exercises.check_batch_sizes,
        lambda n: (torch.arange(n.max()) < n[:, None]).double().sum(dim=0),
        "should be whole",
    ),
    (exercises.check_batch_sizes, lambda n: torch.arange(n.max()) < n[:, None], "sum over the seq"),
    (
        exercises.check_batch_sizes,
        lambda n: (torch.arange(n.max()) >= n[:, None]).sum(dim=0),
        "still running",
    ),
    (exercises.check_batch_sizes, lambda n: torch.arange(5), "should give [4, 3, 2, 1, 1]"),
    (exercises.check_packed_last, lambda f, e, n: run(f, e, n)[None], "should have shape (N, H)"),
    (exercises.check_packed_last, changes_its_input, "changed embedded"),
    (exercises.check_packed_last, lambda f, e, n: run_on(f, e, e.size(1)), "after the padding"),
    (exercises.check_packed_last, lambda f, e, n: run_on(f, e, n.max()), "ran on with the longest"),
    (exercises.check_packed_last, in_sorted_order, "in the sorted order"),
    (exercises.check_packed_last, sorted_twice, "sorting twice"),
    (exercises.check_packed_last, lambda f, e, n: run(f, e, n, read="c"), "the memories c"),
    (exercises.check_packed_last, lambda f, e, n: run(f, e, n, late=1), "one step too early"),
    (exercises.check_packed_last, lambda f, e, n: run(f, e, n, carry=""), "every step must start"),
    (exercises.check_packed_last, lambda f, e, n: run(f, e, n, carry="h"), "the memory c starts"),
    (exercises.check_packed_last, lambda f, e, n: run(f, e, n, late=-1), "one step too far"),
    (exercises.check_packed_last, lambda f, e, n: run(f, e, n, shared=True), "are one tensor"),
    (exercises.check_packed_last, everything_then_pick, "some of them are padding"),
    (exercises.check_packed_last, one_by_one, "One call a time step is enough"),
    (exercises.check_packed_last, lambda f, e, n: torch.zeros(len(n), 3), "not those that nn.LSTM"),
]
