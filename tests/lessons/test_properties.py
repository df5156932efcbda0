"""Public functions handle any input correctly or reject it with an error that names the argument.

SEQCLF_EXAMPLES=500 tries ten times as many examples, which differ from run to run.
"""

import functools
import math
import random

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from references import sigmoid
from strategies import (
    BOXES,
    VALUES,
    RefusedError,
    answer,
    boxed,
    boxes,
    examples,
    is_refused,
    unboxed,
)
from torch import nn
from torch.utils.data import DataLoader

import seqclf_utils as sc

SPLITS = sc.SplitIndices([0, 1, 2], [3], [4])
BATCH = (torch.tensor([[1, 6], [3, 0]]), torch.tensor([2, 1]), torch.tensor([1.0, 0.0]))
MODEL = sc.LSTMClassifier(embed_dim=2, hidden_size=2)
LOOP = {"model": MODEL, "loader": [BATCH], "criterion": nn.MSELoss()}
sequences = st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=5), min_size=1, max_size=6)


def fit(**arguments):
    """Train a new classifier, by default for one epoch."""
    model = sc.LSTMClassifier(embed_dim=2, hidden_size=2)
    defaults = {"model": model, "train_loader": [BATCH], "val_loader": [BATCH], "max_epochs": 1}
    return sc.fit(**defaults | arguments)


# ------------------------------------------------------------------------- single arguments


def integer(low, high=math.inf):
    """Accept integers in a range, but not True or False."""

    def accepts(value):
        is_integer = isinstance(value, int | np.integer) and not isinstance(value, bool)
        return is_integer and low <= value <= high

    return accepts


def python_integer(low, high):
    """Accept Python integers in a range; NumPy integers are left to PyTorch, which rejects them."""
    return lambda value: None if isinstance(value, np.integer) else integer(low, high)(value)


def number(low, high):
    """Accept real numbers in a range."""

    def accepts(value):
        is_number = isinstance(value, int | float | np.integer | np.floating)
        return is_number and not isinstance(value, bool) and low <= float(value) <= high

    return accepts


def flag(value):
    """Accept True and False."""
    return isinstance(value, bool | np.bool_)


def nothing(value):
    """Accept none of the values tried here."""
    return False


SEED, SIZE = integer(0, 2**32 - 1), integer(1, 10**9)
ONES = torch.ones(9, dtype=torch.int64)
# A function, valid arguments for it, and the values that each tested argument accepts.
DOORS = [
    (
        sc.make_casino,
        {"n_sequences": 2, "max_length": 9, "seed": 0},
        {
            "n_sequences": integer(1, 10**7),
            "cheat": nothing,
            "min_length": integer(1, 9),
            "max_length": integer(5, 10**7),
            "seed": SEED,
        },
    ),
    (sc.log_likelihood_ratio, {"sequences": [[1]]}, {"cheat": nothing}),
    (
        sc.split_indices,
        {"labels": [0, 1] * 10, "seed": 0},
        {"val_fraction": number(0.1, 0.7), "test_fraction": number(0.1, 0.7), "seed": SEED},
    ),
    (
        sc.make_loaders,
        {"sequences": [[1]] * 5, "labels": [0, 1, 0, 1, 0], "splits": SPLITS, "seed": 0},
        {
            "splits": nothing,
            "batch_size": integer(1, 10**9),
            "vocab_size": integer(2),
            "similar_lengths": flag,
            "seed": SEED,
        },
    ),
    (sc.SequenceDataset, {"sequences": [[1]], "labels": [1]}, {"vocab_size": integer(2)}),
    (
        sc.LSTMClassifier,
        {},
        {
            "vocab_size": integer(2, 2**24),
            "embed_dim": python_integer(1, 2**24),
            "hidden_size": python_integer(1, 2**24),
            "pooling": nothing,
            "packed": flag,
        },
    ),
    (MODEL.forward, {"padded": torch.stack([ONES] * 9)}, {"lengths": nothing}),
    (MODEL.forward, {"lengths": ONES}, {"padded": nothing}),
    (sc.masked_mean, {"outputs": torch.ones(9, 2, 1)}, {"lengths": nothing}),
    (sc.masked_mean, {"lengths": ONES}, {"outputs": nothing}),
    (sc.EarlyStopping, {}, {"patience": integer(1), "min_delta": number(0, 1e300)}),
    (sc.EarlyStopping().step, {"model": MODEL}, {"val_loss": number(-1e300, 1e300)}),
    (sc.EarlyStopping().step, {"val_loss": 0.5}, {"model": nothing}),
    (
        sc.train_one_epoch,
        LOOP | {"optimizer": torch.optim.Adam(MODEL.parameters())},
        dict.fromkeys([*LOOP, "optimizer"], nothing),
    ),
    (sc.evaluate, LOOP, dict.fromkeys(LOOP, nothing)),
    (sc.predict_proba, {"loader": [BATCH]}, {"model": nothing}),
    (sc.predict_proba, {"model": MODEL}, {"loader": nothing}),
    (
        fit,
        {},
        {
            "model": nothing,
            "train_loader": nothing,
            "val_loader": nothing,
            "max_epochs": integer(1, 10**9),
            "patience": integer(1),
            "learning_rate": number(0, 1000),
            "criterion": lambda value: value is None,
            "progress": flag,
            "live": flag,
        },
    ),
    (sc.LengthBatchSampler, {"lengths": [3, 1], "batch_size": 2}, {"window": SIZE}),
    (sc.LengthBatchSampler, {"lengths": [3, 1]}, {"batch_size": SIZE}),
    (sc.flatten, {"sequences": [[1]]}, {"vocab_size": integer(2)}),
    (sc.seed_everything, {}, {"seed": SEED}),
    (sc.plot_loss_curves, {"ax": Figure().subplots()}, {"history": nothing}),
]
CASES = {
    f"{function.__name__}-{name}": (function, valid, name, accepts)
    for function, valid, rules in DOORS
    for name, accepts in rules.items()
}
# Arguments that an error message may call by another name.
ALSO = {
    "min_length": "max_length is 9",
    "padded": "lengths.shape",
    "outputs": "lengths.shape",
    "train_loader": "loader ",
    "val_loader": "loader ",
}


@pytest.mark.parametrize("case", CASES)
def test_an_argument_is_accepted_exactly_if_it_is_allowed(case):
    """Allowed values are accepted; all others raise an error that names the argument."""
    function, valid, name, accepts = CASES[case]
    for value in VALUES:
        call = functools.partial(function, **valid | {name: value})
        if accepts(value) is not None:
            assert is_refused(call, name, ALSO.get(name, name)) is not accepts(value), repr(value)


# ------------------------------------------------------------------------- lists of numbers

mixed = st.sampled_from([-1, 0, 1, 2, 6, 7, 2**40, 0.5, 1.0, math.nan, True, "1", None, 1j])
# A function that returns the values it has read, the argument's name, and the allowed values.
LISTS = {
    "dataset sequence": (
        lambda x: sc.SequenceDataset([x, [1]], [0, 1])[0][0],
        "sequences[0]",
        {1, 2, 6},
    ),
    "dataset labels": (lambda x: sc.SequenceDataset([[1], [2]], x).labels, "labels", {0, 1}),
    "flat sequence": (lambda x: sc.flatten([x], vocab_size=7)[0], "sequences[0]", {1, 2, 6}),
    "lengths": (lambda x: sc.LengthBatchSampler(x, 2).lengths, "lengths", {1, 2, 6, 7, 2**40}),
    "score labels": (lambda x: sc.score(x, [0.2, 0.7]) and x, "labels", {0, 1}),
    "probabilities": (lambda x: sc.score([0, 1], x) and x, "probabilities", {0, 0.5, 1}),
}


@pytest.mark.parametrize("case", LISTS)
@examples(40)
@given(values=st.lists(mixed, max_size=3) | st.lists(st.sampled_from([0, 1, 2]), max_size=3))
def test_numbers_are_refused_or_read_unchanged(case, values):
    """Numbers in any container are rejected or read without conversion, loss or overflow."""
    call, name, allowed = LISTS[case]
    for box in BOXES:
        given_values = boxed(values, box)
        try:
            found = answer(lambda: call(given_values), name, "len(labels) is")  # noqa: B023
        except RefusedError:
            continue
        assert set(values) <= allowed
        assert unboxed(found) == values


@pytest.mark.parametrize("box", BOXES)
def test_good_numbers_are_accepted_in_any_box(box):
    """Lists, arrays, tensors and Series with any index give the same result."""
    symbols, labels = boxed([3, 1, 6], box), boxed([0, 1, 0], box)

    assert unboxed(sc.SequenceDataset([symbols], [1])[0][0]) == [3, 1, 6]
    assert unboxed(sc.SequenceDataset([[1]] * 3, labels).labels) == [0, 1, 0]
    assert unboxed(sc.LengthBatchSampler(symbols, 2).lengths) == [3, 1, 6]
    assert unboxed(sc.FlatDataset(np.ones(3, int), np.arange(4), labels).labels) == [0, 1, 0]
    assert sc.score(labels, labels)["auc"] == 1
    many = boxed([0, 1] * 5, box)
    assert len(sc.split_indices(many, seed=0).test_idx) == 2
    splits = [boxed(list(part), box) for part in SPLITS]
    assert len(sc.make_loaders([symbols] * 5, boxed([0, 1] * 2 + [1], box), splits, seed=0)) == 3


# ---------------------------------------------------------------- splits, batches, predictions


NAMES = {
    "integer": lambda k: k - 3,
    "text": lambda k: f"person {k}",
    "time": lambda k: pd.Timestamp(2020, 1, 1 + k),
    "large": lambda k: 2**53 + k,
}


@examples(40)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 8)), min_size=6, max_size=40),
    st.booleans(),
    st.sampled_from([0.1, 0.2, 0.34]),
    st.integers(0, 2**32 - 1),
    st.sampled_from(sorted(NAMES)),
    st.sampled_from(["list", "column"]),
)
def test_groups_of_any_kind_stay_together(pairs, are_mixed, fraction, seed, kind, box):
    """Each group, whatever its type, is in exactly one set, and each set has both labels."""
    pairs += [(1 - label, code) for label, code in pairs if are_mixed]
    labels, codes = map(list, zip(*pairs, strict=True))
    groups = boxed([NAMES[kind](code) for code in codes], box)
    options = {"val_fraction": fraction, "seed": seed}
    try:
        splits = answer(
            lambda: sc.split_indices(labels, groups=groups, **options), "group", "label"
        )
    except RefusedError:
        assert not are_mixed or len(set(codes)) < 3  # three mixed groups can always be split
        return
    assert sorted(position for part in splits for position in part) == list(range(len(pairs)))
    assert sum(len({codes[i] for i in part}) for part in splits) == len(set(codes))
    for part in splits:
        assert {labels[i] for i in part} == {0, 1}
        assert list(part) == sorted(part)
    again = sc.split_indices(labels, groups=codes, **options)
    assert [part.tolist() for part in again] == [part.tolist() for part in splits]


@examples(40)
@given(sequences, st.integers(1, 4), st.data(), boxes, st.booleans())
def test_loaders_yield_every_sequence_once_and_padded(rows, batch_size, data, box, similar):
    """Loaders yield each sequence of their set once, and only the training set is shuffled."""
    n = len(rows)
    labels = data.draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))
    order = data.draw(st.permutations(range(n)))
    cut = data.draw(st.integers(1, n))
    options = {"batch_size": batch_size, "similar_lengths": similar, "seed": n}
    splits = (order[:cut], order[cut:], [])

    loaders = sc.make_loaders(
        [boxed(row, box) for row in rows], boxed(labels, box), splits, **options
    )

    expected = [(rows[i], labels[i]) for i in order]
    train, val, test = (read(loader, batch_size) for loader in loaders)
    assert sorted(train) == sorted(read(loaders[0], batch_size)) == sorted(expected[:cut])
    assert (val, test) == (expected[cut:], [])
    again = sc.make_loaders(rows, labels, splits, **options)[0]
    assert read(again, batch_size) == train


def read(loader, batch_size):
    """Return the sequences of a loader without padding, with their labels."""
    found = []
    for padded, lengths, labels in loader:
        assert len(padded) <= batch_size
        assert padded.size(1) == max(lengths)
        for row, length, label in zip(padded.tolist(), lengths, labels, strict=True):
            assert not any(row[length:])
            found.append((row[:length], label.item()))
    return found


@examples(50)
@given(st.data())
def test_a_batch_is_accepted_exactly_if_every_number_fits(data):
    """A length or symbol out of range is rejected, and the error names the first such number."""
    n, steps = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
    symbols = data.draw(st.lists(st.integers(-1, 7), min_size=n * steps, max_size=n * steps))
    lengths = data.draw(st.lists(st.integers(0, 4), min_size=n, max_size=n))
    bad_lengths = [i for i, length in enumerate(lengths) if not 1 <= length <= steps]
    bad_symbols = [i for i, symbol in enumerate(symbols) if not 0 <= symbol < 7]
    named = "nothing"
    if bad_lengths:
        named = f"lengths[{bad_lengths[0]}] is {lengths[bad_lengths[0]]};"
    elif bad_symbols:
        row, column = divmod(bad_symbols[0], steps)
        named = f"padded[{row}, {column}] is {symbols[bad_symbols[0]]};"
    padded = torch.tensor(symbols).reshape(n, steps)
    model = sc.LSTMClassifier(pooling=data.draw(st.sampled_from(["last", "avg"])))

    refused = is_refused(lambda: model(padded, torch.tensor(lengths)), named)

    assert refused is bool(bad_lengths or bad_symbols)


class Replies(nn.Module):
    """A model that returns a function of the batch."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, padded, lengths):
        """Return the reply."""
        return self.function(padded)


@examples(30)
@given(
    sequences,
    st.integers(1, 4),
    st.booleans(),
    st.sampled_from([torch.float16, torch.bfloat16, torch.float32, torch.float64]),
)
def test_predictions_are_in_order(rows, batch_size, mode, dtype):
    """Probability i is that of sequence i, whatever the batches; the model's mode is restored."""
    dataset = sc.SequenceDataset(rows, [0] * len(rows))
    model = Replies(lambda padded: padded.sum(dim=1).to(dtype) - 9).train(mode)

    found = sc.predict_proba(model, DataLoader(dataset, batch_size, collate_fn=sc.collate_fn))

    np.testing.assert_allclose(found, [sigmoid(sum(row) - 9) for row in rows], atol=0.005)
    assert model.training is mode


@examples(40)
@given(
    st.integers(1, 3),
    st.lists(st.integers(0, 3), max_size=3),
    st.sampled_from([0.0, math.nan, math.inf]),
)
def test_only_one_finite_logit_per_sequence_is_a_prediction(n, shape, value):
    """Predictions with a shape other than (N,), or with NaN or infinity, are rejected."""
    reply, ones = torch.full(shape, value), torch.ones(n, dtype=torch.int64)
    is_good = shape == [n] and math.isfinite(value)

    def call():
        sc.predict_proba(Replies(lambda padded: reply), [(ones[:, None], ones, ones)])

    assert is_refused(call, "the model returned", "logits[0] is") is not is_good


def first_random_numbers(seed):
    """Return the first random numbers of Python, NumPy and PyTorch."""
    sc.seed_everything(seed)
    return random.random(), np.random.random(), torch.rand(1).item()


def training_order(seed, **options):
    """Return the training sequences in shuffled order."""
    splits = sc.SplitIndices(range(64), [64], [65])
    rows = [[1] * (1 + i % 7) + [2] * (1 + i // 7) for i in range(66)]
    loader = sc.make_loaders(rows, [0] * 66, splits, batch_size=4, seed=seed, **options)[0]
    return [tuple(row.tolist()) for padded, _, _ in loader for row in padded]


SEEDED = {
    "Python": lambda seed: first_random_numbers(seed)[0],
    "NumPy": lambda seed: first_random_numbers(seed)[1],
    "PyTorch": lambda seed: first_random_numbers(seed)[2],
    "casino": lambda seed: sc.make_casino(40, seed=seed).labels,
    "throws": lambda seed: sc.make_casino(40, seed=seed).log_likelihood_ratio,
    "split": lambda seed: sc.split_indices([0, 1] * 20, seed=seed).train_idx,
    "groups": lambda seed: sc.split_indices([0, 1] * 20, groups=range(40), seed=seed).train_idx,
    "loaders": training_order,
    "similar lengths": lambda seed: training_order(seed, similar_lengths=True),
}


@pytest.mark.parametrize("source", SEEDED)
def test_every_bit_of_a_seed_counts(source):
    """Equal seeds give equal numbers, and seeds that differ in a single bit do not."""
    seeds = [2**32 - 1, *(2**32 - 1 - 2**bit for bit in range(32))]

    drawn = [str(SEEDED[source](seed)) for seed in seeds]

    assert len(set(drawn)) == len(seeds)
    assert str(SEEDED[source](np.uint64(seeds[0]))) == drawn[0]


@examples(60)
@given(
    st.binary(max_size=60), st.sampled_from([b"", b"sequence\n", b"\xef\xbb\xbfsequence,label\n"])
)
def test_any_file_is_a_table_or_refused(tmp_path_factory, content, header):
    """Whatever its bytes, a file gives symbols 1..K or is rejected."""
    path = tmp_path_factory.getbasetemp() / "bytes.csv"
    path.write_bytes(header + content)
    try:
        table = sc.load_csv(path)
    except ValueError as error:
        assert not isinstance(error, UnicodeError)  # its message would not name the file
        return
    assert all(len(s) > 0 and 1 <= min(s) <= max(s) < table.vocab_size for s in table.sequences)
