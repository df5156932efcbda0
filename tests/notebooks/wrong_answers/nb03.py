"""Typical wrong answers to the exercises of notebook 03, with part of the hint for each."""

import torch
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset

from seqclf_utils import exercises
from seqclf_utils.data import collate_fn
from seqclf_utils.model import masked_mean


def real_steps(outputs, lengths):
    """Mark the real time steps in a mask of shape (N, L)."""
    return torch.arange(outputs.size(1)) < lengths[:, None]


def run(cell, embedded, lengths, *, late=0, carry="hc", read="h", shared=False):
    """Run an LSTM cell over the sequences that have not ended, optionally with a bug."""
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
    """Sort by length and forget to restore the order."""
    order = lengths.argsort(descending=True, stable=True)
    return run(cell, embedded[order], lengths[order])


def sorted_twice(cell, embedded, lengths):
    """Sort by length and apply the same order again instead of restoring the original order."""
    order = lengths.argsort(descending=True, stable=True)
    return run(cell, embedded[order], lengths[order])[order]


def everything_then_pick(cell, embedded, lengths):
    """Run over all the padding, then pick the last real step."""
    steps = [run_on(cell, embedded, n + 1) for n in range(embedded.size(1))]
    return torch.stack(steps, dim=1)[torch.arange(len(lengths)), lengths - 1]


def one_by_one(cell, embedded, lengths):
    """Run each sequence alone."""
    rows = zip(embedded, lengths, strict=True)
    return torch.cat([run(cell, row[None], length[None]) for row, length in rows])


def changes_its_input(cell, embedded, lengths):
    """Reverse the batch in place."""
    embedded.copy_(embedded.flip(0))
    return run(cell, embedded.flip(0), lengths)


def recent(
    *,
    keep=slice(-3, None),
    pad_to=0,
    symbol_type=torch.int64,
    kind=torch.tensor,
    label_type=torch.float32,
    label_shape=(),
    label=float,
    alone=False,
    count=4,
    parts=("padded", "lengths", "labels"),
    collate="",
):
    """Return a `RecentThrows` and a `collate_recent`, optionally with a bug."""

    class RecentThrows(Dataset):
        def __init__(self, sequences, labels, max_length):
            self.sequences, self.labels = sequences, labels

        def __len__(self):
            return count

        def __getitem__(self, index):
            symbols = list(self.sequences[index][keep])
            symbols = [0] * (pad_to - len(symbols)) + symbols
            sequence = kind(symbols)
            if kind is torch.tensor:
                sequence = sequence.to(symbol_type)
            y = torch.tensor(label(self.labels[index]), dtype=label_type).reshape(label_shape)
            return sequence if alone else (sequence, y)

    def collate_recent(batch):
        sequences, labels = zip(*batch, strict=True)
        n_steps = [len(sequence) for sequence in sequences]
        if collate == "stack":
            return torch.stack(sequences), torch.tensor(n_steps), torch.stack(labels)
        if collate == "reshape":
            return torch.cat(sequences).reshape(1000), torch.tensor(n_steps), torch.stack(labels)
        side = "left" if collate == "left" else "right"
        value = -1 if collate == "pad with -1" else 0
        if collate == "to max_length":
            sequences = [*sequences, torch.ones(3, dtype=torch.int64)]
        made = {
            "padded": pad_sequence(sequences, True, value, side)[: len(n_steps)],
            "lengths": torch.tensor(n_steps),
            "labels": torch.stack(labels),
        }
        made |= {
            "time first": {"padded": made["padded"].T},
            "float symbols": {"padded": made["padded"].double()},
            "one row": {"padded": made["padded"].flatten()},
            "padded lengths": {"lengths": torch.full((len(n_steps),), max(n_steps))},
            "lengths in a list": {"lengths": n_steps},
            "float lengths": {"lengths": torch.tensor(n_steps).double()},
            "labels (N, 1)": {"labels": made["labels"][:, None]},
            "whole labels": {"labels": made["labels"].long()},
            "labels reversed": {"labels": made["labels"].flip(0)},
        }.get(collate, {})
        return tuple(made[part] for part in parts)

    return RecentThrows, collate_recent


WRONG = {
    exercises.check_max_pool: [
        (lambda o, n: o.amax(dim=1), "padding wins"),
        (lambda o, n: o.masked_fill(~real_steps(o, n)[:, :, None], 0).amax(dim=1), "-inf"),
        (lambda o, n: o.amax(dim=2), "should have shape"),
        (lambda o, n: o.tolist(), "yours is list"),
        (
            lambda o, n: o.masked_fill_(~real_steps(o, n)[:, :, None], -torch.inf).amax(dim=1),
            "changes one of its arguments",
        ),
        (
            lambda o, n: o.masked_fill(~real_steps(o, n), -torch.inf).amax(dim=1),
            "needs a third axis",
        ),
        (lambda o, n: o.reshape(5), "your code raised RuntimeError"),
        (masked_mean, "expected [[-2.0, 1.0]"),
        (lambda o, n: o.max(dim=1), "Take .values"),
        (
            lambda o, n: o.masked_fill(~real_steps(o, n)[:, :, None], -2).amax(dim=1),
            "padding of -2 wins",
        ),
        (
            lambda o, n: o.masked_fill(~real_steps(o, n)[:, :, None], -10).amax(dim=1),
            "padding of -10 wins",
        ),
        (
            lambda o, n: o.masked_fill(~real_steps(o, n)[:, :, None], -1e9).amax(dim=1),
            "padding of -1e+09 wins",
        ),
    ],
    exercises.check_recent_throws: [
        (recent(keep=slice(3)), "first symbols. Keep the last"),
        (recent(keep=slice(None)), "it should be [6, 4, 5], not [1, 6, 6, 4, 5]"),
        (recent(pad_to=3), "leave the padding to the collate function"),
        (recent(symbol_type=torch.float32), "torch.int64, not torch.float32"),
        (recent(kind=list), "torch.int64, not list"),
        (recent(label_type=torch.int64), "should be a float tensor, as the loss function needs it"),
        (recent(label_shape=(1,)), "becomes (N, 1)"),
        (recent(label=lambda y: 1 - y), "the label should be 0, not 1"),
        (recent(alone=True), "return a pair"),
        (recent(collate="reshape"), "your code raised RuntimeError"),
        (recent(count=3), "number of sequences, 4 here"),
        (recent(parts=("padded", "labels")), "three parts"),
        (recent(parts=("padded", "labels", "lengths")), "in this order, please"),
        (recent(collate="stack"), "use pad_sequence"),
        (recent(collate="time first"), "batch_first=True"),
        (recent(collate="to max_length"), "not to max_length"),
        (recent(collate="left"), "on the left"),
        (recent(collate="pad with -1"), "padded should be [[3, 2, 0]"),
        (recent(collate="float symbols"), "padded should be torch.int64, not torch.float64"),
        (recent(collate="padded lengths"), "not of the padded rows"),
        (recent(collate="lengths in a list"), "lengths should be a tensor, not list"),
        (recent(collate="float lengths"), "lengths should be torch.int64"),
        (recent(collate="labels (N, 1)"), "not (N, 1)"),
        (recent(collate="whole labels"), "labels should be torch.float32, not torch.int64"),
        (recent(collate="labels reversed"), "labels should be [0.0, 1.0"),
        (
            recent(collate="one row"),
            "padded should be [[3, 2, 0], [6, 4, 5], [1, 4, 2], [2, 0, 0]], not [3",
        ),
        ((Dataset, collate_fn), "Dataset still needs __init__, __len__"),
        ((recent()[0], lambda batch: None), "<lambda> returns nothing"),
    ],
    exercises.check_packed_last: [
        (lambda f, e, n: run(f, e, n)[None], "should have shape (N, H)"),
        (changes_its_input, "changes one of its arguments"),
        (lambda f, e, n: run_on(f, e, e.size(1)), "after the padding"),
        (lambda f, e, n: run_on(f, e, n.max()), "ran on with the longest"),
        (in_sorted_order, "in the sorted order"),
        (sorted_twice, "sorting twice"),
        (lambda f, e, n: run(f, e, n, read="c"), "the memories c"),
        (lambda f, e, n: run(f, e, n, late=1), "one step too early"),
        (lambda f, e, n: run(f, e, n, carry=""), "every step must start"),
        (lambda f, e, n: run(f, e, n, carry="h"), "the memory c starts"),
        (lambda f, e, n: run(f, e, n, late=-1), "one step too far"),
        (lambda f, e, n: run(f, e, n, shared=True), "are one tensor"),
        (everything_then_pick, "some of them are padding"),
        (one_by_one, "One call a time step is enough"),
        (lambda f, e, n: torch.zeros(len(n), 3), "not those that nn.LSTM"),
    ],
}
