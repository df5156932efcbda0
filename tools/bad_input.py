"""Write docs/bad_input.md: what is told to whoever passes something wrong.

`python -m tools.bad_input` runs every line below and notes the message, word for word. A line is
`argument: what somebody wrote`; the argument, or what is named in its place, stands in the message.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from torch.utils.data import DataLoader

import seqclf_utils as sc
from seqclf_utils import datasets
from seqclf_utils.extras.game import percent

PAGE = Path(__file__).resolve().parent.parent / "docs" / "bad_input.md"
INTRODUCTION = """# What you are told when something is wrong

The functions of `seqclf_utils` check what they get. An error names the argument, says what stands
there and what is allowed; nothing is repaired in silence. Here are typical slips and what they get,
word for word. In the lines below `sequences = [[1, 6], [3], [2, 2], [5]] * 5` and
`labels = [0, 1] * 10`; `model`, `loader`, `table` and `history` are what the course calls so.

`python -m tools.bad_input` writes this page.
"""
MISTAKES = """
## `make_casino` and the exact odds
n_sequences: sc.make_casino(0, seed=0)
n_sequences: sc.make_casino(10.0, seed=0)
cheat: sc.make_casino(10, cheat="Clever", seed=0)
max_length: sc.make_casino(10, min_length=8, max_length=5, seed=0)
n_sequences * max_length: sc.make_casino(10_000_000, max_length=60, seed=0)
sequences: sc.log_likelihood_ratio([[1, 6], [0, 3]], cheat="late")
sequences: sc.log_likelihood_ratio("161", cheat="late")

## `split_indices`
labels: sc.split_indices(["no", "yes"] * 10, seed=0)
labels: sc.split_indices(None, seed=0)
labels: sc.split_indices([1] * 20, seed=0)
val_fraction: sc.split_indices(labels, val_fraction=20, seed=0)
val_fraction: sc.split_indices(labels, val_fraction=0.5, test_fraction=0.5, seed=0)
validation: sc.split_indices(labels, val_fraction=0.02, seed=0)
groups: sc.split_indices(labels, groups=["anna", "ben"] * 10, seed=0)
groups: sc.split_indices(labels, groups=["anna", "ben", None, "eve"] * 5, seed=0)
groups: sc.split_indices(labels, groups=["anna", "ben", 3, 4] * 5, seed=0)

## `SequenceDataset` and `make_loaders`
sequences: sc.SequenceDataset([[1, 6], []], [0, 1])
sequences: sc.SequenceDataset([[1, 7], [3]], [0, 1])
sequences: sc.SequenceDataset([[1.0, 6.0], [3.0]], [0, 1])
sequences: sc.SequenceDataset({(1, 6), (3,)}, [0, 1])
sequences: sc.SequenceDataset(pd.DataFrame({"a": [1, 2], "b": [3, 4]}), [0, 1])
labels: sc.SequenceDataset(sequences, [0, 1])
vocab_size: sc.SequenceDataset(sequences, labels, vocab_size=6.5)
splits: sc.make_loaders(sequences, labels, ([0, 1], [2], [2]), seed=0)
splits: sc.make_loaders(sequences, labels, ([0, 1], [2], [20]), seed=0)
splits: sc.make_loaders(sequences, labels, (0.6, 0.2, 0.2), seed=0)
batch_size: sc.make_loaders(sequences, labels, ([0], [1], [2]), batch_size=0, seed=0)
batch: sc.collate_fn([])
batch[1]: sc.collate_fn([(torch.tensor([1, 6]), torch.tensor(1.0)), ([3], 0)])
batch[0]: sc.collate_fn([(torch.tensor([1, 6]), torch.tensor(1))])

## `LSTMClassifier` and `masked_mean`
pooling: sc.LSTMClassifier(pooling="mean")
hidden_size: sc.LSTMClassifier(hidden_size=0)
vocab_size: sc.LSTMClassifier(vocab_size=7.0)
packed: sc.LSTMClassifier(packed="no")
padded: model(torch.tensor([1, 6]), torch.tensor([2]))
padded: model(torch.tensor([[1, 7]]), torch.tensor([2]))
lengths: model(torch.tensor([[1, 6]]), torch.tensor([3]))
lengths: model(torch.tensor([[1, 6]]), [2])
lengths: sc.masked_mean(torch.ones(2, 3, 1), torch.tensor([3, 0]))
outputs: sc.masked_mean(torch.ones(2, 3), torch.tensor([3, 2]))

## `EarlyStopping`, `train_one_epoch`, `evaluate` and `fit`
patience: sc.EarlyStopping(patience=0)
val_loss: sc.EarlyStopping().step(float("nan"), model)
max_epochs: sc.fit(model, loader, loader, max_epochs=True)
live: sc.fit(model, loader, loader, live="yes")
learning_rate: sc.fit(model, loader, loader, learning_rate="0.001")
model: sc.fit(sc.LSTMClassifier, loader, loader)
val_loader: sc.fit(model, loader, None)
checkpoint: sc.fit(model, loader, loader, checkpoint=".")
model: sc.EarlyStopping().step(0.5, "model")
loader: sc.evaluate(model, sequences, torch.nn.BCEWithLogitsLoss())
loader: sc.evaluate(model, [(*next(iter(loader))[:2], torch.ones(1, 1))], torch.nn.MSELoss())
criterion: sc.evaluate(model, loader, torch.nn.BCEWithLogitsLoss)
optimizer: sc.train_one_epoch(model, loader, torch.nn.MSELoss(), 0.001)

## `LengthBatchSampler`, `from_flat` and `OnDevice`
lengths: sc.LengthBatchSampler([5, 0, 3], 16)
symbols: sc.SequenceDataset.from_flat(np.array([1, 7, 3]), np.array([0, 3]), [1])
offsets: sc.SequenceDataset.from_flat(np.array([1, 6, 3]), np.array([0, 2]), [1])
device: sc.OnDevice(loader, "gpu")

## `predict_proba` and `score`
model: sc.predict_proba(sc.LSTMClassifier, loader)
loader: sc.predict_proba(model, sequences)
loader: sc.predict_proba(model, [])
probabilities: sc.score([0, 1], [0.2, 1.2])
probabilities: sc.score([0, 1], ["0.2", "0.8"])
probabilities: sc.score([0, 1, 1], [0.2, 0.8])
labels: sc.score([1, 1], [0.2, 0.8])

## `load_csv` and `load_trained_model`
path: sc.load_csv(None)
label_names: sc.load_csv("visits.csv", label_names={"bought": 1, "left": 0})
label_names: sc.load_csv("visits.csv", label_names=["bought"])
symbols: sc.load_csv("visits.csv", symbols=["scroll", "click once"])
sequence: table.decode([1, 0])
sequence: table.decode([1.5])

## Outlines
image: datasets.hexagon_ink(np.full((8, 8), 255.0))
image: datasets.hexagon_ink(np.zeros((8, 8)))
ink: datasets.trace_outline(np.ones((3, 3), dtype=bool))

## Figures
history: sc.plot_loss_curves(history.drop(columns="is_best"))
history: sc.plot_loss_curves(history.head(0))
curves: sc.plot_lines([1, 2], {name: [0, 1] for name in "abcde"})
curves: sc.plot_lines([1, 2], {"a": [0.5, float("nan")]})
curves: sc.plot_lines([1, 2], {"a": [0, 1, 2]})
curves: sc.plot_lines([1, 2], {"_a": [0, 1]})
ax: sc.plot_lines([1, 2], {"a": [0, 1]}, ax=Figure().subplots(1, 2))
figure: sc.show_figure(None, "my_figure", alt="Two lines.")
alt: sc.show_figure(Figure(), "my_figure", alt=None)
best_possible: sc.plot_dots({"a": [0.5], "b": [0.6]}, best_possible=[0.7])
names: sc.plot_throws(sequences, ["a", "b"])
marked: sc.plot_throws(sequences, ["a"] * 20, marked=6)
lengths: sc.plot_padded_batch(torch.tensor([[1, 0]]), torch.tensor([1, 1]))

## At the table
who: sc.DiceTable(model, who="me", seed=0)
times: sc.DiceTable(model, seed=0).throw(0)
probability: percent(50)

## Random numbers
seed: sc.seed_everything(2**32)
"""


def known() -> dict:
    """Return what the lines talk about.

    Returns:
        Values by name.
    """
    sequences, labels = [[1, 6], [3], [2, 2], [5]] * 5, [0, 1] * 10
    columns = {"epoch": [1, 2], "train_loss": [0.7, 0.6], "val_loss": [0.7, 0.6]}
    return {
        **{"sc": sc, "np": np, "pd": pd, "torch": torch, "Figure": Figure, "percent": percent},
        **{"datasets": datasets, "sequences": sequences, "labels": labels},
        "model": sc.LSTMClassifier(),
        "loader": DataLoader(sc.SequenceDataset(sequences, labels), collate_fn=sc.collate_fn),
        "table": sc.SequenceTable([], None, None, ("buy", "click", "scroll")),
        "history": pd.DataFrame({**columns, "is_best": [False, True]}),
    }


def message(line: str) -> str:
    """Run a line that is wrong.

    Args:
        line: An expression.

    Returns:
        Kind of the error and what it says.

    Raises:
        AssertionError: If nothing is wrong with it.
    """
    try:
        eval(line, known())
    except (ValueError, TypeError) as error:
        return f"{type(error).__name__}: {error}"
    raise AssertionError(f"{line} is accepted")


def rows() -> list[tuple[str, str, str]]:
    """Run all lines.

    Returns:
        Argument, line and message of each.
    """
    lines = [line for line in MISTAKES.splitlines() if line and not line.startswith("#")]
    pairs = [line.split(": ", 1) for line in lines]
    return [(argument, line, message(line)) for argument, line in pairs]


def page() -> str:
    """Compose the page.

    Returns:
        Markdown.
    """
    said = {line: text for _, line, text in rows()}
    assert not any(mark in text for text in said.values() for mark in "`|\n")  # of Markdown
    parts = [INTRODUCTION]
    for line in MISTAKES.strip().splitlines():
        if line.startswith("#"):
            parts.append(f"{line}\n\n| what you wrote | what you are told |\n| --- | --- |\n")
        elif line:
            written = line.split(": ", 1)[1]
            parts.append(f"| `{written}` | `{said[written]}` |\n")
        else:
            parts.append("\n")
    return "".join([parts[0], "\n", *parts[1:]])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
