"""Whatever comes in: a right answer, or a refusal that names what is wrong.

Every public function, module by module, against a slow reference or against the plain statement of
what it accepts. SEQCLF_EXAMPLES=500 tries ten times as much, other cases at every run.
"""

import itertools
import math
import os
import random
from fractions import Fraction

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from references import (
    grey_at,
    is_whole,
    likelihood,
    log_loss,
    lstm_logit,
    pieces,
    sigmoid,
)
from strategies import (
    BOXES,
    JUNK,
    RefusedError,
    answer,
    boxes,
    examples,
    fresh,
    is_refused,
    numbers,
    whole_types,
)
from torch import nn

import seqclf_utils as sc
from seqclf_utils import casino, datasets, plotting, validation
from seqclf_utils.extras import checkpoints
from seqclf_utils.extras.game import percent, picture, plot_dice_table
from seqclf_utils.extras.progress import epochs_left

SPLITS = sc.SplitIndices([0, 1, 2], [3], [4])
HISTORY = {
    "epoch": [1, 2, 3],
    "train_loss": [0.7, 0.5, 0.4],
    "val_loss": [0.7, 0.6, 0.65],
    "is_best": [False, True, False],
}
TABLE = sc.SequenceTable([], None, None, ("a", "b", "c"))
short = st.lists(st.integers(1, 6), min_size=1, max_size=5)
ragged = st.lists(short, min_size=1, max_size=6)


def plain(values):
    """Return numbers of any kind as Python's own, and None for what is hidden."""
    seen = [None if value is np.ma.masked else value for value in values]
    return [value.item() if hasattr(value, "item") else value for value in seen]


class Answers(nn.Module):
    """A model that answers what it is told to."""

    def __init__(self, reply):
        super().__init__()
        self.reply = reply

    def forward(self, padded, lengths):
        """Return the answer."""
        return self.reply


def axes():
    """Return axes that no window belongs to."""
    return Figure().subplots()


AX = axes()


def shared():
    """Return the same axes, empty, again and again: for plots that are mostly refused."""
    if AX.has_data() or AX.texts:
        AX.clear()
    return AX


def model():
    """Return a small classifier."""
    return sc.LSTMClassifier(embed_dim=2, hidden_size=2)


# ------------------------------------------------------------- one number or one word at a time


def number_between(low, high):
    """Say which values are whole numbers of a range."""
    return lambda value: is_whole(value, low, high)


def is_share(value):
    """Say whether a value is a float between 0 and 1 that leaves room for the other, 0.2."""
    is_float = isinstance(value, float | np.float32)
    return is_float and 0 < float(value) < 1 and float(value) + 0.2 < 1


def is_real(low, high):
    """Say which values are finite real numbers of a range."""

    def check(value):
        if isinstance(value, bool) or not isinstance(value, int | float | Fraction | np.number):
            return False
        if isinstance(value, complex | np.complexfloating | np.timedelta64):
            return False
        try:
            return low <= float(value) <= high and math.isfinite(value)
        except OverflowError:
            return False

    return check


def is_holder(low, high):
    """Say which values are finite real numbers, or arrays and tensors of shape () that hold one."""

    def check(value):
        if isinstance(value, np.ndarray | torch.Tensor) and value.shape == ():
            value = value.item()
        return is_real(low, high)(value)

    return check


def one_of(*words):
    """Say which values are one of a few words."""
    return lambda value: isinstance(value, str) and value in words


def history_with(value):
    """Draw a history with this as the best possible loss."""
    return sc.plot_loss_curves(pd.DataFrame(HISTORY), best_possible=value, ax=shared())


def splits_of(**options):
    """Split twenty balanced labels."""
    return sc.split_indices([0, 1] * 10, **{"seed": 0, **options})


def loaders_with(**options):
    """Build loaders of five sequences."""
    return sc.make_loaders([[1]] * 5, [0, 1, 0, 1, 0], SPLITS, **{"seed": 0, **options})


def fit_with(**options):
    """Train for an epoch or so."""
    small = loaders_with()
    return sc.fit(model(), small[0], small[1], **{"max_epochs": 1, **options})


BATCH = (torch.tensor([[1, 6], [3, 0]]), torch.tensor([2, 1]), torch.tensor([1.0, 0.0]))


def learn_with(**options):
    """Train for one batch."""
    learner = model()
    parts = {
        "model": learner,
        "loader": [BATCH],
        "criterion": nn.MSELoss(),
        "optimizer": torch.optim.Adam(learner.parameters()),
    }
    return sc.train_one_epoch(**parts | options)


def stepped():
    """Return an early stopping that keeps weights."""
    stopper = sc.EarlyStopping()
    stopper.step(0.5, model())
    return stopper


def a_table(**options):
    """Sit down at a table."""
    return sc.DiceTable(Answers(torch.zeros(1)), **{"seed": 0, **options})


INT64 = 2**63
SEED = number_between(0, 2**32 - 1)
# What is called, the name of the argument, and the plain statement of what it accepts.
ARGUMENTS = {
    "check_count": (
        lambda x: validation.check_count("n", x, minimum=1, maximum=9),
        "n is",
        number_between(1, 9),
    ),
    "check_seed": (validation.check_seed, "seed is", SEED),
    "check_fractions": (
        lambda x: validation.check_fractions(share=x, other=0.2),
        "share",
        is_share,
    ),
    "check_nonnegative": (
        lambda x: validation.check_nonnegative("x", x),
        "x is",
        is_real(0, math.inf),
    ),
    "check_finite": (
        lambda x: validation.check_finite("loss", x),
        "loss",
        is_holder(-math.inf, math.inf),
    ),
    "check_finite_number": (
        lambda x: validation.check_finite_number("x", x),
        "x is",
        is_real(-math.inf, math.inf),
    ),
    "check_choice": (
        lambda x: validation.check_choice("way", x, ("last", "12")),
        "way is",
        one_of("last", "12"),
    ),
    "make_casino n_sequences": (
        lambda x: None if is_whole(x, 999, 2 * 10**7) else sc.make_casino(x, max_length=5, seed=0),
        "n_sequences",
        number_between(1, 10**8 // 5),
    ),
    "make_casino min_length": (
        lambda x: sc.make_casino(1, min_length=x, max_length=9, seed=0),
        ("min_length", "max_length"),
        number_between(1, 9),
    ),
    "make_casino max_length": (
        lambda x: None if is_whole(x, 999, 10**8) else sc.make_casino(1, max_length=x, seed=0),
        "max_length",
        number_between(5, 10**8),
    ),
    "make_casino cheat": (
        lambda x: sc.make_casino(1, cheat=x, seed=0),
        "cheat is",
        one_of(*casino.CHEATS),
    ),
    "make_casino seed": (lambda x: sc.make_casino(1, seed=x), "seed is", SEED),
    "log_likelihood_ratio cheat": (
        lambda x: sc.log_likelihood_ratio([[1]], cheat=x),
        "cheat is",
        one_of(*casino.CHEATS),
    ),
    "log_likelihood player": (
        lambda x: casino.log_likelihood([[1]], x),
        "player is",
        lambda x: False,
    ),
    "hexagon_grid height": (
        lambda x: datasets.hexagon_grid((x, 3)),
        "shape[0] (height) is",
        number_between(1, 1000),
    ),
    "split_indices seed": (lambda x: splits_of(seed=x), "seed is", SEED),
    "make_loaders seed": (lambda x: loaders_with(seed=x), "seed is", SEED),
    "make_loaders batch_size": (
        lambda x: list(loaders_with(batch_size=x)[0]),
        "batch_size is",
        number_between(1, INT64 - 1),
    ),
    "make_loaders vocab_size": (
        lambda x: loaders_with(vocab_size=x),
        "vocab_size is",
        number_between(2, INT64),
    ),
    "SequenceDataset vocab_size": (
        lambda x: sc.SequenceDataset([[1]], [1], vocab_size=x),
        "vocab_size is",
        number_between(2, INT64),
    ),
    "LSTMClassifier pooling": (
        lambda x: sc.LSTMClassifier(pooling=x),
        "pooling is",
        one_of("last", "avg"),
    ),
    "LSTMClassifier vocab_size": (
        lambda x: None if is_whole(x, 999, 2**24) else sc.LSTMClassifier(vocab_size=x),
        "vocab_size is",
        number_between(2, 2**24),
    ),
    "LSTMClassifier embed_dim": (
        lambda x: None if is_whole(x, 999, 2**24) else sc.LSTMClassifier(embed_dim=x),
        "embed_dim is",
        number_between(1, 2**24),
    ),
    "LSTMClassifier hidden_size": (
        lambda x: None if is_whole(x, 999, 2**24) else sc.LSTMClassifier(hidden_size=x),
        "hidden_size is",
        number_between(1, 2**24),
    ),
    "LSTMClassifier packed": (
        lambda x: sc.LSTMClassifier(packed=x),
        "packed is",
        lambda x: isinstance(x, bool | np.bool_),
    ),
    "seed_everything": (sc.seed_everything, "seed is", SEED),
    "EarlyStopping patience": (sc.EarlyStopping, "patience is", number_between(1, 10**5000)),
    "EarlyStopping min_delta": (
        lambda x: sc.EarlyStopping(min_delta=x),
        "min_delta is",
        is_real(0, math.inf),
    ),
    "EarlyStopping.step": (
        lambda x: sc.EarlyStopping().step(x, model()),
        "val_loss",
        is_holder(-math.inf, math.inf),
    ),
    "fit max_epochs": (
        lambda x: None if is_whole(x, 2, 10**9) else fit_with(max_epochs=x),
        "max_epochs is",
        number_between(1, 10**9),
    ),
    "fit learning_rate": (
        lambda x: fit_with(learning_rate=x),
        "learning_rate is",
        is_real(0, 1000),
    ),
    "fit patience": (lambda x: fit_with(patience=x), "patience is", number_between(1, 10**5000)),
    "DiceTable who": (
        lambda x: a_table(who=x),
        "who is",
        one_of("secret", "cheat", "honest"),
    ),
    "DiceTable seed": (lambda x: a_table(seed=x), "seed is", SEED),
    "DiceTable.throw": (
        lambda x: a_table().throw(x),
        "times is",
        number_between(1, 10**5000),
    ),
    "play_dice seed": (
        lambda x: sc.play_dice(model(), seed=x),
        "seed is",
        lambda x: x is None or SEED(x),
    ),
    "percent": (percent, "probability is", is_real(0, 1)),
    "plot_loss_curves best_possible": (
        history_with,
        "best_possible",
        lambda x: x is None or is_real(-1e100, 1e100)(x),
    ),
}


def check_argument(name, value):
    """See that a value is accepted or refused as the plain description says."""
    call, names, is_allowed = ARGUMENTS[name]

    refused = is_refused(lambda: call(value), *([names] if isinstance(names, str) else names))

    assert refused is not bool(is_allowed(value)), repr(value)[:80]


@pytest.mark.parametrize("name", ARGUMENTS)
def test_an_argument_is_taken_exactly_if_it_is_allowed(name):
    """Every single number and word is accepted or refused as its plain description says."""
    for make in JUNK.values():
        check_argument(name, make())


@pytest.mark.parametrize("name", ARGUMENTS)
@examples(12)
@given(value=numbers)
def test_a_number_is_taken_exactly_if_it_is_allowed(name, value):
    """So is any number."""
    check_argument(name, value)


# Arguments that take one kind of object: everything of another kind is refused.
OBJECTS = {
    "check_logits": (lambda x: validation.check_logits(x, n_sequences=9), "the model returned"),
    "check_model": (validation.check_model, "model is"),
    "check_triple": (validation.check_triple, "loader yields"),
    "check_lengths": (
        lambda x: validation.check_lengths(x, n_sequences=9, n_steps=3),
        "lengths",
    ),
    "check_batch": (
        lambda x: validation.check_batch(x, torch.tensor([1] * 9), vocab_size=7),
        ("padded", "lengths has shape"),
    ),
    "check_positions": (lambda x: validation.check_positions(x, n_sequences=9), "splits"),
    "hexagon_grid": (
        lambda x: datasets.hexagon_grid([x] if isinstance(x, list) else x),
        "shape",
    ),
    "hexagon_ink": (datasets.hexagon_ink, "image"),
    "trace_outline": (datasets.trace_outline, "ink"),
    "make_loaders splits": (
        lambda x: sc.make_loaders([[1]] * 3, [0, 1, 0], x, seed=0),
        "splits",
    ),
    "masked_mean outputs": (
        lambda x: sc.masked_mean(x, torch.ones(9, dtype=torch.int64)),
        ("outputs", "lengths has shape"),
    ),
    "collate_fn batch": (sc.collate_fn, "batch"),
    "collate_fn pair": (lambda x: sc.collate_fn([x]), "batch[0]"),
    "collate_fn sequence": (lambda x: sc.collate_fn([(x, torch.tensor(1.0))]), "batch[0]"),
    "collate_fn label": (lambda x: sc.collate_fn([(torch.tensor([1]), x)]), "batch[0]"),
    "masked_mean lengths": (lambda x: sc.masked_mean(torch.ones(9, 2, 1), x), "lengths"),
    "forward padded": (
        lambda x: model()(x, torch.ones(9, dtype=torch.int64)),
        ("padded", "lengths has shape"),
    ),
    "forward lengths": (lambda x: model()(torch.ones(9, 2, dtype=torch.int64), x), "lengths"),
    "train_one_epoch model": (lambda x: learn_with(model=x), "model is"),
    "train_one_epoch loader": (lambda x: learn_with(loader=x), "loader"),
    "train_one_epoch batch": (lambda x: learn_with(loader=[x]), "loader"),
    "train_one_epoch optimizer": (
        lambda x: refuse_none(x, lambda x: learn_with(optimizer=x)),
        "optimizer is",
    ),
    "train_one_epoch criterion": (
        lambda x: refuse_none(None if x is len else x, lambda x: learn_with(criterion=x)),
        "criterion is",
    ),
    "evaluate model": (lambda x: sc.evaluate(x, [BATCH], nn.MSELoss()), "model is"),
    "evaluate loader": (lambda x: sc.evaluate(model(), x, nn.MSELoss()), "loader"),
    "EarlyStopping.step model": (lambda x: sc.EarlyStopping().step(0.5, x), "model is"),
    "EarlyStopping.restore model": (lambda x: stepped().restore(x), "model is"),
    "fit model": (lambda x: sc.fit(x, [BATCH], [BATCH], max_epochs=1), "model is"),
    "fit train_loader": (
        lambda x: sc.fit(model(), x, [BATCH], max_epochs=1),
        ("train_loader is", "loader yields", "number of sequences in loader"),
    ),
    "fit val_loader": (
        lambda x: sc.fit(model(), [BATCH], x, max_epochs=1),
        ("val_loader is", "loader yields", "number of sequences in loader"),
    ),
    "show_figure figure": (lambda x: sc.show_figure(x, "a", alt="b"), "figure is"),
    "predict_proba model": (lambda x: sc.predict_proba(x, [5]), "model is"),
    "predict_proba loader": (lambda x: sc.predict_proba(model(), x), "loader"),
    "plot_loss_curves": (lambda x: sc.plot_loss_curves(x, ax=shared()), "history"),
    "plot_lines curves": (lambda x: sc.plot_lines([1, 2, 3], x, ax=shared()), "curves"),
    "plot_histograms values": (
        lambda x: sc.plot_histograms(x, [], ax=shared()),
        ("values", "bins"),
    ),
    "plot_dots scores": (
        lambda x: sc.plot_dots(x, best_possible=[1] * 9, ax=shared()),
        ("scores", "best_possible"),
    ),
    "plot_padded_batch padded": (
        lambda x: sc.plot_padded_batch(x, torch.tensor([1] * 9), ax=shared()),
        ("padded", "lengths has shape"),
    ),
    "plot_throws names": (
        lambda x: sc.plot_throws([[1]] * 9, x, ax=shared()),
        "names",
    ),
    "plot_dice_table table": (lambda x: plot_dice_table(x, ax=shared()), "table is"),
    "picture": (picture, "table is"),
    "Game rng": (lambda x: sc.play.Game(model(), x), "rng is"),
    "DiceTable model": (
        lambda x: refuse_none(None if x is len else x, lambda x: sc.DiceTable(x, seed=0)),
        "model is",
    ),
    "ax": (lambda x: refuse_none(x, lambda ax: sc.plot_lines([1], {"a": [1]}, ax=ax)), "ax is"),
}


def refuse_none(value, call):
    """Call with anything but None, which is left out here."""
    return call(...) if value is None else call(value)


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_of_another_kind_is_refused(name):
    """No wrong type gets as far as PyTorch, NumPy, pandas or matplotlib."""
    call, names = OBJECTS[name]
    for make in JUNK.values():
        value = make()
        refused = is_refused(lambda: call(value), *([names] if isinstance(names, str) else names))  # noqa: B023
        assert refused, repr(value)[:80]


def is_drawable(value):
    """Say whether a number, True and False included, fits on an axis."""
    return abs(value) <= 1e100


# Arguments that take numbers one after the other: what is accepted is understood as it stands.
LISTS = {
    "check_labels": (validation.check_labels, "labels", lambda x: x in (0, 1)),
    "check_numbers": (lambda x: validation.check_numbers("x", x), "x", math.isfinite),
    "check_probabilities": (
        lambda x: validation.check_probabilities(x, n_sequences=2),
        "probabilities",
        lambda x: 0 <= x <= 1,
    ),
    "check_symbols": (
        lambda x: validation.check_symbols("sequence", x, vocab_size=7),
        "sequence",
        lambda x: is_whole(x, 1, 6),
    ),
    "check_sequences": (
        lambda x: validation.check_sequences([x], vocab_size=7)[0],
        "sequences[0]",
        lambda x: is_whole(x, 1, 6),
    ),
    "dataset labels": (
        lambda x: sc.SequenceDataset([[1], [2]], x).labels,
        "labels",
        lambda x: x in (0, 1),
    ),
    "split_indices labels": (lambda x: sc.split_indices(x, seed=0), "labels", None),
    "score labels": (lambda x: sc.score(x, [0.5, 0.5]), ("labels", "probabilities has"), None),
    "score probabilities": (lambda x: sc.score([0, 1], x), "probabilities", None),
    "ratio": (lambda x: sc.log_likelihood_ratio([x], cheat="late"), "sequences[0]", None),
    "outline_points": (datasets.outline_points, "sequence", None),
    "decode": (
        lambda x: [" abc".index(name) for name in TABLE.decode(x)],
        "sequence",
        lambda x: x in (1, 2, 3),
    ),
    "plot_lines x": (
        lambda x: sc.plot_lines(x, {"a": [1, 2]}, ax=shared()).get_lines()[0].get_xdata(),
        ("x", "curves['a'] has 2 entries"),
        is_drawable,
    ),
    "plot_lines y": (
        lambda x: sc.plot_lines([1, 2], {"a": x}, ax=shared()).get_lines()[0].get_ydata(),
        "curves['a']",
        is_drawable,
    ),
    "plot_lines best": (
        lambda x: last_line([1, 2], x),
        "best_possible",
        is_drawable,
    ),
    "plot_dots": (
        lambda x: sc.plot_dots({"a": x}, ax=shared()).get_lines()[0].get_ydata(),
        "scores['a']",
        is_drawable,
    ),
    "plot_histograms": (
        lambda x: sc.plot_histograms({"a": x}, [0, 1], ax=shared()),
        "values['a']",
        None,
    ),
    "plot_histograms bins": (
        lambda x: sc.plot_histograms({"a": [0.5, 1.5]}, x, ax=shared()),
        "bins",
        None,
    ),
    "plot_outline": (lambda x: sc.plot_outline(x, ax=shared()), "sequence", None),
    "plot_throws": (lambda x: sc.plot_throws([x], ["a"], ax=shared()), "sequences[0]", None),
}


def last_line(x, best):
    """Return the heights of the line of the best possible, or of the only one."""
    ax = sc.plot_lines(x, {"a": [1, 2]}, best_possible=best, ax=shared())
    return [1, 1] if best is None else ax.get_lines()[-1].get_ydata()


def check_list(name, value):
    """See that numbers are refused, or come out as they went in."""
    call, names, is_good = LISTS[name]
    try:
        found = answer(lambda: call(value), *([names] if isinstance(names, str) else names))
    except RefusedError:
        return
    if is_good is not None and value is not None:
        entries = plain(list(value))
        assert all(isinstance(x, int | float) and is_good(x) for x in entries)
        assert plain(found) == entries


@pytest.mark.parametrize("name", LISTS)
def test_numbers_are_refused_or_understood_as_they_stand(name):
    """No text is read as a number, no mask dropped, no fraction cut off, nothing wraps around."""
    for make in JUNK.values():
        check_list(name, make())


@pytest.mark.parametrize("name", LISTS)
@examples(8)
@given(values=st.lists(numbers | st.sampled_from(["1", None, True, 1j]), max_size=3), box=boxes)
def test_lists_are_refused_or_understood_as_they_stand(name, values, box):
    """Whatever the mixture and the box it comes in."""
    try:
        boxed = BOXES[box](values)
    except (ValueError, TypeError, OverflowError, RuntimeError, IndexError):
        boxed = values
    check_list(name, boxed)


# ------------------------------------------------------------------------------- validation


@examples(50)
@given(st.lists(st.integers(0, 1), min_size=1, max_size=9), boxes)
def test_labels_may_come_in_any_box(labels, box):
    """Lists, arrays, tensors and columns of a table with an odd index are all the same."""
    assert validation.check_labels(BOXES[box](labels)).tolist() == labels
    for kind in (torch.bfloat16, torch.float16, torch.bool, torch.uint8):
        assert validation.check_labels(torch.tensor(labels, dtype=kind)).tolist() == labels


@examples(60)
@given(ragged, boxes, boxes, whole_types)
def test_sequences_may_come_in_any_box(sequences, box, outer, kind):
    """So are sequences, in boxes of boxes, of every type of whole number."""
    inner = [BOXES[box](sequence) for sequence in sequences]
    typed = [np.array(sequence, dtype=kind) for sequence in sequences]
    same_length = [sequence[:1] for sequence in sequences]

    found = validation.check_sequences(inner, vocab_size=7)
    assert [s.tolist() for s in found] == sequences
    found = validation.check_sequences(tuple(typed), vocab_size=np.uint8(7))
    assert [s.tolist() for s in found] == sequences
    found = validation.check_sequences(np.array(same_length), vocab_size=7)
    assert [s.tolist() for s in found] == same_length


@pytest.mark.parametrize("choice", JUNK)
def test_a_collection_in_no_order_is_refused(choice):
    """Sets, dictionaries and tables are no lists of sequences; what is one is read in order."""
    value = fresh(choice)
    try:
        found = answer(lambda: validation.check_sequences(value, vocab_size=7), "sequences")
    except RefusedError:
        return
    assert not isinstance(value, set | dict | pd.DataFrame)
    assert [s.tolist() for s in found] == [plain(list(s)) for s in value]


@examples(50)
@given(st.data(), whole_types, st.integers(2, 2**63))
def test_symbols_never_wrap_around(data, kind, vocab_size):
    """Whatever the type and however large vocab_size: a symbol comes out as it went in, or not."""
    limits = np.iinfo(kind)
    values = data.draw(st.lists(st.integers(limits.min, limits.max), min_size=1, max_size=4))
    wrong = [i for i, value in enumerate(values) if not 1 <= value < vocab_size]

    call = validation.check_symbols
    array = np.array(values, dtype=kind)
    if wrong:
        named = f"sequence[{wrong[0]}] is {values[wrong[0]]};"
        assert is_refused(lambda: call("sequence", array, vocab_size=vocab_size), named)
    else:
        assert call("sequence", array, vocab_size=vocab_size).tolist() == values


groups = st.one_of(
    st.text(max_size=2),
    st.integers(-2, 2),
    st.sampled_from([2**53, 2**53 + 1, 0.5, -0.0, 10**400, math.nan, None, "1", b"1", 1j]),
    st.frozensets(st.integers(0, 2), max_size=2),
)


@examples(80)
@given(st.lists(groups, min_size=3, max_size=8))
def test_groups_are_told_apart_as_python_does(values):
    """1 is not "1", and 2**53 + 1 not 2**53; what is missing or has no order is refused."""
    try:
        found = answer(
            lambda: validation.check_groups(values, n_sequences=len(values)), "groups"
        ).tolist()
    except RefusedError:
        kinds = {type(v) if not isinstance(v, int | float) else float for v in values}
        is_missing = None in values or any(v != v for v in values)
        has_no_order = kinds & {frozenset, complex} or len(kinds) > 1
        assert is_missing or has_no_order or len(set(values)) < 3
        return
    assert found == values
    codes = np.unique(np.array(found, dtype=object), return_inverse=True)[1]
    for (a, x), (b, y) in itertools.combinations(zip(codes, values, strict=True), 2):
        assert (a == b) == (x == y)


@examples(50)
@given(st.data())
def test_a_batch_is_taken_exactly_if_every_number_fits(data):
    """The first wrong length or symbol is named, row by row; else the batch passes."""
    n, steps = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
    vocab_size = data.draw(st.sampled_from([2, 7, 2**40, 2**63 - 1]))
    symbols = data.draw(
        st.lists(st.integers(-1, 7), min_size=n * steps, max_size=n * steps), label="symbols"
    )
    lengths = data.draw(st.lists(st.integers(0, 4), min_size=n, max_size=n))
    kind = data.draw(st.sampled_from([torch.int64, torch.int32]))
    padded = torch.tensor(symbols, dtype=kind).reshape(n, steps)

    bad_lengths = [i for i, length in enumerate(lengths) if not 1 <= length <= steps]
    bad_symbols = [i for i, symbol in enumerate(symbols) if not 0 <= symbol < vocab_size]
    named = "nothing"
    if bad_lengths:
        named = f"lengths[{bad_lengths[0]}] is {lengths[bad_lengths[0]]};"
    elif bad_symbols:
        row, step = divmod(bad_symbols[0], steps)
        named = f"padded[{row}, {step}] is {symbols[bad_symbols[0]]};"

    def call():
        validation.check_batch(padded, torch.tensor(lengths), vocab_size=vocab_size)

    assert is_refused(call, named) is bool(bad_lengths or bad_symbols)


@examples(50)
@given(
    st.lists(st.lists(st.integers(-1, 6), max_size=4), min_size=2, max_size=4),
    boxes,
)
def test_positions_are_taken_exactly_if_each_exists_once(parts, box):
    """Three sides, the first not empty, no position twice or beyond the end."""
    everything = [position for part in parts for position in part]
    fits = len(parts) == 3 and parts[0] and len(set(everything)) == len(everything)
    fits = bool(fits and all(0 <= position < 6 for position in everything))
    boxed = [BOXES[box](part) if part else part for part in parts]
    try:
        found = answer(lambda: validation.check_positions(boxed, n_sequences=6), "splits")
    except RefusedError:
        assert not fits
    else:
        assert fits
        assert found == parts


# ----------------------------------------------------------------------------------- casino


@examples(40)
@given(
    st.integers(1, 9),
    st.integers(1, 6),
    st.integers(0, 5),
    st.sampled_from(casino.CHEATS),
    st.integers(0, 2**32 - 1),
    whole_types,
)
def test_a_casino_is_what_was_ordered(n, shortest, more, cheat, seed, kind):
    """Lengths, labels, symbols and odds are right, and numbers of any type order the same."""
    whole = np.dtype(kind).type
    found = sc.make_casino(
        n, cheat=cheat, min_length=shortest, max_length=shortest + more, seed=seed
    )
    again = sc.make_casino(
        whole(n),
        cheat=cheat,
        min_length=whole(shortest),
        max_length=whole(shortest + more),
        seed=np.uint64(seed),
    )

    assert len(found.sequences) == len(found.labels) == n
    for one, other in zip(found.sequences, again.sequences, strict=True):
        assert shortest <= len(one) <= shortest + more
        assert set(one.tolist()) <= set(range(1, 7))
        assert one.tolist() == other.tolist()
    assert set(found.labels.tolist()) <= {0, 1}
    assert again.labels.tolist() == found.labels.tolist()
    expected = sc.log_likelihood_ratio(found.sequences, cheat=cheat)
    np.testing.assert_array_equal(found.log_likelihood_ratio, expected)
    shortest = min(found.sequences, key=len).tolist()
    at = [len(sequence) for sequence in found.sequences].index(len(shortest))
    thrown = shortest[::-1] if cheat == "late" else shortest
    honest, cheating = (likelihood(thrown, *player) for player in casino.PLAYERS[cheat])
    assert expected[at] == pytest.approx(math.log(cheating / honest), abs=1e-9)
    share = [sigmoid(value) for value in expected.tolist()]
    np.testing.assert_allclose(found.best_probabilities, share, rtol=1e-12)


@st.composite
def players(draw):
    """Draw a player with one to three uneven dice."""
    n_dice = draw(st.integers(1, 3))

    def row(size):
        parts = draw(st.lists(st.integers(0, 5), min_size=size, max_size=size).filter(any))
        return [part / sum(parts) for part in parts]

    start, switch = row(n_dice), [row(n_dice) for _ in range(n_dice)]
    return start, switch, [row(6) for _ in range(n_dice)]


@examples(50)
@given(players(), st.lists(short, min_size=1, max_size=3), boxes)
def test_likelihood_is_the_sum_over_all_hidden_dice(tables, sequences, box):
    """For any player and any sequence, an impossible one included."""
    player = casino.Player(*map(np.array, tables))

    found = casino.log_likelihood([BOXES[box](s) for s in sequences], player)

    expected = [likelihood(sequence, *tables) for sequence in sequences]
    np.testing.assert_allclose(np.exp(found), expected, rtol=1e-9, atol=1e-15)


@examples(40)
@given(players(), st.data())
def test_a_broken_player_is_refused(tables, data):
    """A table with another shape, or a row that does not sum to 1, is named."""
    broken = [np.array(table) for table in tables]
    which = data.draw(st.integers(0, 2))
    how = data.draw(st.sampled_from(["negative", "sum", "nan", "shape", "scalar"]))
    if how == "negative":
        broken[which] = broken[which] * 2 - 1.5
    elif how == "sum":
        broken[which] = broken[which] * 0.9
    elif how == "nan":
        broken[which][..., 0] = math.nan
    else:
        broken[which] = np.ones((2, 2, 2)) if how == "shape" else 1.0

    def call():
        casino.log_likelihood([[1]], casino.Player(*broken))

    assert is_refused(call, "player.")


# --------------------------------------------------------------------------------- datasets


@examples(40)
@given(st.lists(st.integers(1, 6), max_size=9), boxes)
def test_outlines_are_walked_on_the_complex_plane(steps, box):
    """Symbol k goes half a pixel in the direction of k - 1 sixths of a turn."""
    boxed = BOXES[box](steps) if steps else steps
    here, expected = 0, [0]
    for symbol in steps:
        here += 0.5 * (0.5 + math.sqrt(0.75) * 1j) ** (symbol - 1)
        expected.append(here)

    found = datasets.outline_points(boxed)

    np.testing.assert_allclose(found, [(p.real, p.imag) for p in map(complex, expected)], atol=1e-8)


@examples(25)
@given(st.data())
def test_ink_is_what_is_dark_in_the_largest_piece(data):
    """Every cell is read between the pixels; an image too pale for any ink is refused."""
    height, width = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
    grey = st.sampled_from([0, 0, 5, 8, 9, 16]) | st.integers(0, 16)
    rows = [[data.draw(grey) for _ in range(width)] for _ in range(height)]
    kind = data.draw(st.sampled_from([float, np.uint8, np.int64, np.float32]))
    image = np.array(rows, dtype=kind)

    x, y = datasets.hexagon_grid((height, width))
    dark = {
        (i, j)
        for i, j in np.ndindex(x.shape)
        if round(grey_at(rows, x[i, j], y[i, j]) / 16, 9) >= 0.5
    }
    assert min(x.min(), y.min()) <= -0.5
    assert x.max() >= width - 0.5
    assert y.max() >= height - 0.5
    if not dark:
        assert is_refused(lambda: datasets.hexagon_ink(image), "image has no ink")
        return
    found = {(int(i), int(j)) for i, j in np.argwhere(datasets.hexagon_ink(image))}
    assert found in pieces(dark)
    assert len(found) == max(map(len, pieces(dark)))


@examples(60)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 2**25 - 1), st.booleans())
def test_ink_is_traced_exactly_if_it_is_one_piece_off_the_border(height, width, bits, is_framed):
    """Else it is refused; the outline is closed and walks on ink only."""
    cells = [(bits >> i) & 1 == 1 for i in range(height * width)]
    ink = np.array(cells).reshape(height, width)
    ink = np.pad(ink, 1) if is_framed else ink
    cells = {(int(i), int(j)) for i, j in np.argwhere(ink)}
    touches = any(i in (0, ink.shape[0] - 1) or j in (0, ink.shape[1] - 1) for i, j in cells)
    try:
        steps = answer(lambda: datasets.trace_outline(ink), "ink").tolist()
    except RefusedError:
        assert not cells or touches or len(pieces(cells)) > 1
        return
    assert len(pieces(cells)) == 1
    assert not touches
    start = here = min(cells)
    for symbol in steps:
        row, column = datasets.DIRECTIONS[symbol - 1]
        here = (here[0] + row, here[1] + column)
        assert here in cells
    assert here == start
    assert len(steps) >= (len(cells) > 1)


@examples(25)
@given(st.data())
def test_a_grey_value_that_cannot_be_is_named(data):
    """NaN and whatever is not 0..16 is refused with its place."""
    wrong = data.draw(st.sampled_from([-1, 17, math.nan, math.inf, -0.001, 16.001]))
    image = np.full((2, 3), 16.0)
    image[1, 2] = wrong

    assert is_refused(lambda: datasets.hexagon_ink(image), "image[1, 2]", "image[5]")


# ------------------------------------------------------------------------------------- data


def makers(kind):
    """Return how the k-th group is called."""
    return {
        "whole": lambda k: k - 3,
        "text": lambda k: "ab"[: k % 2] + str(k),
        "bytes": lambda k: bytes([k]),
        "time": lambda k: pd.Timestamp(2020, 1, 1 + k),
        "fraction": lambda k: Fraction(k, 7),
        "large": lambda k: 2**53 + k,
        "tuple": lambda k: float(k) if k else math.inf,
    }[kind]


kinds_of_groups = st.sampled_from(["whole", "text", "bytes", "time", "fraction", "large", "tuple"])


@examples(40)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 8)), min_size=3, max_size=40),
    st.sampled_from([0.1, 0.2, 0.34, np.float32(0.25), np.float64(0.5)]),
    st.integers(0, 5),
    kinds_of_groups,
    st.sampled_from(["list", "Series", "object array"]),
)
def test_groups_of_any_kind_stay_together(pairs, share, seed, kind, box):
    """Each position is on one side, each group on one side, however groups are called."""
    labels = [label for label, _ in pairs]
    named = [makers(kind)(k) for _, k in pairs]
    if box == "object array":
        boxed = np.empty(len(named), dtype=object)
        boxed[:] = named
    else:
        boxed = named if box == "list" else pd.Series(named, index=[0] * len(named))
    try:
        sides = answer(
            lambda: sc.split_indices(labels, val_fraction=share, groups=boxed, seed=seed),
            "labels",
            "groups",
            "_idx would hold",
        )
    except RefusedError:
        return
    assert sorted(position for side in sides for position in side) == list(range(len(pairs)))
    homes = [{named[position] for position in side} for side in sides]
    assert not homes[0] & homes[1] | homes[0] & homes[2] | homes[1] & homes[2]
    for side in sides:
        assert {labels[position] for position in side} == {0, 1}
        assert list(side) == sorted(side)
    if kind == "whole":
        codes = np.array([k for _, k in pairs])
        again = sc.split_indices(labels, val_fraction=share, groups=codes, seed=seed)
        assert [side.tolist() for side in again] == [side.tolist() for side in sides]


@examples(40)
@given(ragged, st.integers(1, 4), st.data(), boxes)
def test_loaders_hand_out_every_sequence_once_and_padded(sequences, batch_size, data, box):
    """Batches are the sequences of their side, in order, with zeros behind; training shuffles."""
    n = len(sequences)
    labels = data.draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))
    order = data.draw(st.permutations(range(n)))
    cut = data.draw(st.integers(1, n))
    sides = (order[:cut], order[cut:], [])
    seed = data.draw(st.integers(0, 9))
    boxed = [BOXES[box](sequence) for sequence in sequences]

    def rows(loader):
        found = []
        for padded, lengths, targets in loader:
            assert len(padded) <= batch_size
            assert padded.size(1) == max(lengths)
            for row, length, target in zip(padded.tolist(), lengths, targets, strict=True):
                assert row[length:] == [0] * (len(row) - length)
                found.append((row[:length], target.item()))
        return found

    options = {"batch_size": batch_size, "seed": seed}
    train, val, test = sc.make_loaders(boxed, BOXES[box](labels), sides, **options)

    expected = [(sequences[position], labels[position]) for position in order]
    first, second = rows(train), rows(train)
    assert sorted(first) == sorted(second) == sorted(expected[:cut])
    assert rows(val) == expected[cut:]
    assert rows(test) == []
    again = sc.make_loaders(boxed, labels, sides, **options)[0]
    assert [rows(again), rows(again)] == [first, second]


# ------------------------------------------------------------------------------------ model


@examples(30)
@given(
    ragged,
    st.integers(1, 3),
    st.integers(1, 3),
    st.sampled_from(["last", "avg"]),
    st.booleans(),
    st.integers(0, 99),
    st.sampled_from([torch.int32, torch.int64]),
)
def test_the_model_is_the_lstm_of_the_books(sequences, embed, hidden, pooling, packed, seed, kind):
    """Every logit is that of an LSTM written gate by gate, which reads one sequence alone."""
    torch.manual_seed(seed)
    lstm = sc.LSTMClassifier(7, embed, hidden, pooling, packed).double()
    padded, lengths, _ = sc.collate_fn([(torch.tensor(s), torch.tensor(0.0)) for s in sequences])

    found = lstm(padded.to(kind), lengths)

    weights = {name: weight.tolist() for name, weight in lstm.state_dict().items()}
    expected = [lstm_logit(weights, sequence, pooling) for sequence in sequences]
    np.testing.assert_allclose(found.tolist(), expected, rtol=1e-9, atol=1e-12)


# ------------------------------------------------------------------------ evaluation, training


@examples(40)
@given(ragged, st.integers(1, 4), st.booleans(), st.sampled_from(["half", "float", "bfloat16"]))
def test_predictions_are_in_order_and_change_nothing(sequences, size, mode, kind):
    """Probability i is that of sequence i, whatever the batches and the type of float."""
    dataset = sc.SequenceDataset(sequences, [0] * len(sequences))
    loader = torch.utils.data.DataLoader(dataset, size, collate_fn=sc.collate_fn)

    class Sums(nn.Module):
        def forward(self, padded, lengths):
            return getattr(padded.sum(dim=1), kind)() - 9

    net = Sums().train(mode)
    found = sc.predict_proba(net, loader)

    expected = [sigmoid(sum(sequence) - 9) for sequence in sequences]
    np.testing.assert_allclose(found, expected, atol=0.005)
    assert net.training is mode


@examples(40)
@given(
    st.integers(1, 4),
    st.lists(st.integers(0, 3), max_size=3),
    st.sampled_from([torch.float32, torch.int64, torch.complex64, torch.bool]),
    st.sampled_from([0.0, 1.0, math.nan, math.inf]),
)
def test_a_reply_of_another_shape_is_never_a_probability(n, shape, kind, value):
    """Only one finite float a sequence is; (N, 1) and (N, 2) are not."""
    reply = torch.full(shape, 0.0)
    reply.reshape(-1)[:1] = value
    reply = reply.to(kind) if math.isfinite(value) else reply
    batch = (torch.ones(n, 2, dtype=torch.int64), torch.ones(n, dtype=torch.int64), torch.ones(n))
    is_good = shape == [n] and reply.dtype == torch.float32 and math.isfinite(value)

    refused = is_refused(lambda: sc.predict_proba(Answers(reply), [batch]), "the model returned")
    assert refused is not is_good
    net = Answers(reply)
    lone = shape == [1] and reply.dtype == torch.float32 and math.isfinite(value)
    table = sc.DiceTable(net, seed=0)
    assert is_refused(table.throw, "the model returned") is not lone
    assert len(table.throws) == len(table.lstm) == len(table.odds) == lone


@examples(40)
@given(st.data())
def test_a_batch_of_another_kind_is_refused(data):
    """Parts that are missing, too many, no tensors or of other lengths are never used."""
    shapes = st.lists(st.integers(0, 2), max_size=3)
    parts = data.draw(st.lists(shapes, min_size=0, max_size=4))
    batch = [torch.zeros(shape) for shape in parts]
    fits = [len(shape) for shape in parts] == [2, 1, 1]
    fits = fits and len({shape[0] for shape in parts}) == 1

    assert is_refused(lambda: validation.check_triple(batch), "loader yields") is not fits


@examples(25)
@given(ragged, st.integers(1, 4), st.data(), st.sampled_from(["last", "avg"]))
def test_losses_are_means_over_sequences(sequences, size, data, pooling):
    """However sequences fall into batches, each counts once, in training as in evaluation."""
    labels = data.draw(
        st.lists(st.integers(0, 1), min_size=len(sequences), max_size=len(sequences))
    )
    dataset = sc.SequenceDataset(sequences, labels)
    loader = torch.utils.data.DataLoader(dataset, size, collate_fn=sc.collate_fn)
    torch.manual_seed(0)
    net = sc.LSTMClassifier(7, 2, 2, pooling)
    weights = {name: weight.tolist() for name, weight in net.state_dict().items()}
    pairs = zip(sequences, labels, strict=True)
    expected = [log_loss(lstm_logit(weights, s, pooling), label) for s, label in pairs]

    criterion, still = nn.BCEWithLogitsLoss(), torch.optim.SGD(net.parameters(), lr=0.0)
    for found in (
        sc.evaluate(net, loader, criterion),
        sc.train_one_epoch(net, loader, criterion, still),
    ):
        assert found == pytest.approx(sum(expected) / len(expected), rel=1e-4)


@examples(25)
@given(st.integers(0, 2**32 - 1), st.sampled_from([int, np.uint32, np.int64, np.uint64]))
def test_a_seed_of_any_type_repeats_all_random_numbers(seed, kind):
    """Python, NumPy and PyTorch start anew, alike for numbers of every type."""

    def numbers(value):
        sc.seed_everything(value)
        return random.random(), np.random.random(), torch.rand(1).item()

    assert numbers(kind(seed)) == numbers(seed)


@examples(25)
@given(st.integers(0, 5), st.integers(1, 5), st.booleans(), st.booleans())
def test_epochs_left_are_those_that_are_not_finished(finished, max_epochs, progress, live):
    """Whether shown or not, in order."""
    losses = [(epoch, 0.5, 0.5) for epoch in range(1, finished + 1)]
    left = epochs_left(losses, max_epochs, progress=progress, live=live)
    assert list(left) == list(range(1, max_epochs + 1))[finished:]


# --------------------------------------------------------------------------------- csv_data

cells = st.lists(st.sampled_from(["a", "b", "ab", "0", "1", "", "7 7"]), max_size=6).map(" ".join)
texts = st.one_of(
    st.text(alphabet="ab01 ,\n;\r\t", max_size=40),
    st.lists(cells, min_size=1, max_size=4).map("\n".join),
)


@examples(80)
@given(texts, st.sampled_from(["sequence", "sequence,label", "label,sequence", "group,sequence"]))
def test_a_file_without_quotes_is_read_as_it_stands(tmp_path_factory, body, header):
    """Split at line ends, commas and spaces: the same, or a refusal that names line and file."""
    path = tmp_path_factory.getbasetemp() / "fuzz.csv"
    path.write_text(f"{header}\n{body}", encoding="utf-8", newline="")
    try:
        table = answer(lambda: sc.load_csv(path), "fuzz.csv")
    except RefusedError:
        return
    lines = body.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    rows = [line.split(",") for line in lines if line.strip(" \t,")]
    columns = dict(zip(header.split(","), zip(*rows, strict=True), strict=True))
    assert [table.decode(s) for s in table.sequences] == [c.split() for c in columns["sequence"]]
    if "label" in columns:
        assert table.labels.tolist() == [int(cell) for cell in columns["label"]]
    if "group" in columns:
        assert table.groups.tolist() == [cell.strip() for cell in columns["group"]]


@examples(60)
@given(
    st.binary(max_size=60), st.sampled_from([b"", b"sequence\n", b"\xef\xbb\xbfsequence,label\r\n"])
)
def test_any_bytes_are_a_table_or_refused(tmp_path_factory, data, header):
    """No file whatsoever gets as far as an error of Python's own."""
    path = tmp_path_factory.getbasetemp() / "bytes.csv"
    path.write_bytes(header + data)
    try:
        table = answer(lambda: sc.load_csv(path), "bytes.csv")
    except RefusedError:
        return
    assert all(len(s) > 0 and set(s) <= set(range(1, table.vocab_size)) for s in table.sequences)


@pytest.mark.parametrize("choice", JUNK)
@pytest.mark.parametrize("argument", ["symbols", "label_names"])
def test_names_that_are_none_are_refused(tmp_path_factory, choice, argument):
    """Names are text in an order; a set, a dictionary or a generator of names has none."""
    path = tmp_path_factory.getbasetemp() / "names.csv"
    path.write_text("sequence,label\na,0\nb,1\n", encoding="utf-8")
    value = fresh(choice)
    call = lambda: sc.load_csv(path, **{argument: value})  # noqa: E731
    if choice == "text array":
        value = value[:0]
    if value is None and argument == "symbols":
        assert call().symbols == ("a", "b")
        return
    assert is_refused(call, argument, "it must be one of")


word = st.sampled_from(["a", "b", "0", " a", "b ", "", " ", "a b", "\u00a0", "\ta"])


@examples(40)
@given(st.lists(word, max_size=3), st.sampled_from(["symbols", "label_names"]))
def test_names_are_taken_exactly_if_a_file_can_hold_them(tmp_path_factory, names, argument):
    """Different, not blank, no space at the ends; labels are two, and symbols hold no space."""
    path = tmp_path_factory.getbasetemp() / "words.csv"
    path.write_text("sequence\n" + "\n".join(["a", *names]), encoding="utf-8")
    is_good = len(names) > 0 and len(set(names)) == len(names)
    is_good = is_good and all(name and name == name.strip() for name in names)
    if argument == "label_names":
        is_good = is_good and len(names) == 2
    else:
        is_good = is_good and " " not in "".join(names) and "a" in names
    options = {argument: names}

    said = (argument, "it must be one of")
    assert is_refused(lambda: sc.load_csv(path, **options), *said) is not bool(is_good)


@pytest.mark.parametrize("choice", JUNK)
def test_a_path_that_is_none_is_refused(choice):
    """Whatever is no name of a file is said to be none, by both who read files."""
    value = fresh(choice)
    for read in (sc.load_csv, sc.load_trained_model):
        with pytest.raises((TypeError, OSError, ValueError)) as caught:
            read(value)
        said = str(caught.value)
        is_name = isinstance(value, str | os.PathLike)
        assert is_name or said.startswith("path is ")
        assert not isinstance(caught.value, UnicodeError)


@pytest.mark.parametrize("choice", JUNK)
def test_a_checkpoint_that_is_no_path_is_refused(choice):
    """Whatever is no name of a file is said to be none before anything is read or written."""
    value = fresh(choice)
    is_name = value is None or isinstance(value, str | os.PathLike)
    is_name = is_name and choice not in ("no text", "half a character", "NUL")

    def call():
        checkpoints.Checkpoint(value, None, None, None, [])

    assert is_refused(call, "checkpoint is ") is not is_name


# ------------------------------------------------------------- large data, and other devices

BATCH = (torch.tensor([[3, 0]]), torch.tensor([1]), torch.tensor([1.0]))
# what it is called: what takes it and what comes out, which answers are right
LARGE = {
    "lengths": (
        lambda x: sorted(itertools.chain(*sc.LengthBatchSampler(x, 2))),
        lambda x, found: found == list(range(len(x))) and min(x) >= 1,
    ),
    "batch_size": (
        lambda x: [len(batch) for batch in sc.LengthBatchSampler([3, 1, 2], x)],
        lambda x, found: sum(found) == 3 and max(found) == min(x, 3),
    ),
    "window": (
        lambda x: sorted(itertools.chain(*sc.LengthBatchSampler([3, 1, 2], 1, window=x))),
        lambda x, found: found == [0, 1, 2] and x >= 1,
    ),
    "generator": (
        lambda x: len(sc.LengthBatchSampler([3, 1, 2], 1, generator=x)),
        lambda x, found: x is None,
    ),
    "symbols": (
        lambda x: sc.SequenceDataset.from_flat(x, np.array([0, 2]), [1])[0][0].tolist(),
        lambda x, found: found == x.tolist(),
    ),
    "offsets": (
        lambda x: sc.SequenceDataset.from_flat(np.array([3, 1]), x, [1])[0][0].tolist(),
        lambda x, found: found == [3, 1] and x.tolist() == [0, 2],
    ),
    "labels": (
        lambda x: sc.SequenceDataset.from_flat(np.array([3, 1]), np.array([0, 1, 2]), x).labels,
        lambda x, found: found.tolist() == plain(list(x)),
    ),
    "loader": (
        lambda x: sc.OnDevice(x, "cpu").loader,
        lambda x, found: found is x and hasattr(x, "__iter__"),
    ),
    "device": (
        lambda x: sc.OnDevice([BATCH], x).device,
        lambda x, found: str(found) == x,
    ),
    "similar_lengths": (
        lambda x: sc.make_loaders([[3]] * 6, [0, 1] * 3, SIDES, similar_lengths=x, seed=0)[0],
        lambda x, found: isinstance(found.batch_sampler, sc.LengthBatchSampler) is bool(x),
    ),
}
SIDES = sc.split_indices([0, 1] * 3, val_fraction=1 / 3, test_fraction=1 / 3, seed=0)


def check_large(name, value):
    """See that a value is refused, or does what it says."""
    call, is_right = LARGE[name]
    try:
        found = answer(lambda: call(value), name)
    except RefusedError:
        return
    assert is_right(value, found)


@pytest.mark.parametrize("name", LARGE)
def test_what_large_data_take_is_refused_or_does_what_it_says(name):
    """Samplers, flat symbols, other devices: whatever is passed."""
    for make in JUNK.values():
        check_large(name, make())


@pytest.mark.parametrize("name", ["lengths", "symbols", "offsets", "labels"])
@examples(20)
@given(values=st.lists(numbers, max_size=3), kind=st.sampled_from(["O", "i8", "u1", "f4", "?"]))
def test_arrays_of_large_data_are_refused_or_do_what_they_say(name, values, kind):
    """Arrays of any type, with numbers that do and that do not make sense."""
    try:
        with np.errstate(all="ignore"):  # what float32 does not hold becomes infinite
            array = np.array(values, dtype=kind)
    except (ValueError, TypeError, OverflowError):
        return
    check_large(name, array)


# ---------------------------------------------------------------------------------- trained

WEIGHTS = {name: weight.numpy() for name, weight in sc.load_trained_model().state_dict().items()}


@examples(80)
@given(
    st.sampled_from(sorted(WEIGHTS)),
    st.sampled_from(["<f4", ">f4", "<f8", ">f8", "f2", "g", "i8", "c8", "?", "U3", "O"]),
    st.sampled_from([None, math.nan, math.inf, 1e300, -1.0]),
    st.booleans(),
)
@example("fc.bias", "<f8", 1e300, True)
def test_weights_of_any_type_are_the_same_numbers_or_refused(
    tmp_path_factory, name, kind, value, whole
):
    """Byte order and precision of a file do not matter; what is no finite float is named."""
    array = WEIGHTS[name].astype(kind) if kind != "O" else np.array([None])
    if value is not None and array.dtype.kind == "f" and kind != "f2":
        with np.errstate(over="ignore"):
            array.reshape(-1)[0] = value
    array = array if whole else array[..., :1]
    path = tmp_path_factory.getbasetemp() / "weights.npz"
    np.savez(path, **{**WEIGHTS, name: array})
    try:
        found = answer(lambda: sc.load_trained_model(path), name, "weights.npz is damaged")
    except RefusedError:
        is_bad = array.dtype.kind != "f" or array.shape != WEIGHTS[name].shape
        assert is_bad or value not in (None, -1.0)
        return
    assert np.isfinite(array).all()
    np.testing.assert_allclose(found.state_dict()[name].numpy(), array.astype(float), rtol=1e-6)


# --------------------------------------------------------------------------------- plotting

eighths = st.integers(-72, 72).map(lambda number: number / 8)  # alike in float32 and float64
heights = st.one_of(eighths, eighths, st.integers(-9, 9), st.just(math.nan), st.just(math.inf))
NAMES = ["a", "b", "LSTM", "two\nlines", "", " ", "_hidden", 5, ("x", 1), None]
names = st.one_of(st.sampled_from(["a", "b", 5, ("x", 1), "LSTM"]), st.sampled_from(NAMES))


def shows(name):
    """Say whether a legend shows a name."""
    return name is not None and str(name).strip() != "" and not str(name).startswith("_")


@examples(20)
@given(
    st.dictionaries(names, st.lists(heights, min_size=2, max_size=3), max_size=5),
    st.none() | st.lists(heights, min_size=2, max_size=3),
    st.sampled_from(["list", "Series", "tensor", "array"]),
)
@example({name: [0, 1] for name in "abcd"}, [0, 1], "list")
@example({name: [0, 1] for name in "abcde"}, None, "list")
def test_lines_are_all_drawn_as_they_are_or_refused(curves, best, box):
    """No curve, no name and no point is lost on the way."""
    is_good = 1 <= len(curves) <= 4 - (best is not None) and all(map(shows, curves))
    everything = [*curves.values(), *([] if best is None else [best])]
    is_good = is_good and all(len(y) == 2 and all(map(math.isfinite, y)) for y in everything)
    boxed = {name: BOXES[box]([float(v) for v in y]) for name, y in curves.items()}
    before, ax = plt.get_fignums(), axes()
    try:
        answer(
            lambda: sc.plot_lines([1, 2], boxed, best_possible=best, ax=ax),
            "curves",
            "best_possible",
        )
    except RefusedError:
        assert not is_good
        assert not ax.has_data()
    else:
        assert is_good
        assert [line.get_ydata().tolist() for line in ax.get_lines()] == everything
        shown = [text.get_text() for text in ax.get_legend().get_texts()]
        assert shown == [str(name) for name in curves]
        styles = {(line.get_color(), line.get_linestyle()) for line in ax.get_lines()}
        assert len(styles) == len(everything)
    assert plt.get_fignums() == before


@examples(20)
@given(
    st.dictionaries(names, st.lists(heights, max_size=4), max_size=5),
    st.one_of(st.integers(-1, 4), st.lists(st.integers(-9, 9), max_size=4), st.just([0, 1, 1])),
)
@example({"a": [1]}, [0, 1, 1])
def test_histograms_count_what_lies_between_the_edges(values, bins):
    """Every number between the edges is in a bar; nothing that is no number gets near."""
    is_good = 1 <= len(values) <= 4 and all(map(shows, values))
    is_good = is_good and all(v and all(map(math.isfinite, v)) for v in values.values())
    if isinstance(bins, int):
        is_good = is_good and bins >= 1
    else:
        is_good = is_good and len(bins) > 1 and bins == sorted(set(bins))
    before, ax = plt.get_fignums(), axes()
    try:
        answer(lambda: sc.plot_histograms(values, bins, ax=ax), "values", "bins")
    except RefusedError:
        assert not is_good
        assert not ax.has_data()
    else:
        assert is_good
        first = next(iter(values.values()))
        low, high = (-math.inf, math.inf) if isinstance(bins, int) else (bins[0], bins[-1])
        n_patches = bins if isinstance(bins, int) else len(bins) - 1
        filled = [patch.get_height() for patch in ax.patches[:n_patches]]
        assert sum(filled) == sum(low <= value <= high for value in first)
        shown = len(ax.get_legend().get_texts()) if ax.get_legend() else 1
        assert shown == len(values)
    assert plt.get_fignums() == before


@examples(20)
@given(
    st.dictionaries(names, st.lists(heights, max_size=3), max_size=4),
    st.none() | st.lists(heights, max_size=4),
)
def test_dots_are_all_drawn_or_refused(scores, best):
    """A dot a score, a line a column, and as many names as columns."""
    everything = [v for column in scores.values() for v in column] + (best or [])
    is_good = bool(scores) and all(scores.values()) and all(map(math.isfinite, everything))
    is_good = is_good and (best is None or len(best) == len(scores))
    before, ax = plt.get_fignums(), axes()
    try:
        answer(lambda: sc.plot_dots(scores, best_possible=best, ax=ax), "scores", "best_possible")
    except RefusedError:
        assert not is_good
        assert not ax.has_data()
    else:
        assert is_good
        drawn = [line.get_ydata().tolist() for line in ax.get_lines()]
        assert drawn == list(scores.values())
        assert len(ax.get_xticks()) == len(scores)
        assert len(ax.collections) == len(best or [])
    assert plt.get_fignums() == before


@examples(20)
@given(st.data())
def test_a_history_is_drawn_as_it_is_or_refused(data):
    """A missing column, no epoch, NaN or two best epochs: never half a picture."""
    n = data.draw(st.integers(0, 3))
    rows = {
        "epoch": list(range(1, n + 1)),
        "train_loss": data.draw(st.lists(eighths, min_size=n, max_size=n)),
        "val_loss": data.draw(
            st.lists(eighths, min_size=n, max_size=n) | st.lists(heights, min_size=n, max_size=n)
        ),
        "is_best": data.draw(
            st.lists(st.sampled_from([True, False]), min_size=n, max_size=n) | st.just([1] * n)
        ),
    }
    dropped = data.draw(st.sampled_from([None, None, None, None, None, None, *rows]))
    history = pd.DataFrame({name: column for name, column in rows.items() if name != dropped})
    is_good = n > 0 and dropped is None and sum(map(bool, rows["is_best"])) <= 1
    is_good = is_good and all(map(math.isfinite, rows["train_loss"] + rows["val_loss"]))
    is_good = is_good and all(isinstance(value, bool) for value in rows["is_best"])
    ax = axes()
    try:
        answer(lambda: sc.plot_loss_curves(history, ax=ax), "history")
    except RefusedError:
        assert not is_good
        assert not ax.has_data()
    else:
        assert is_good
        train, val = ax.get_lines()[:2]
        assert train.get_ydata().tolist() == rows["train_loss"]
        assert val.get_ydata().tolist() == rows["val_loss"]
        assert len(ax.texts) == sum(rows["is_best"])


@pytest.mark.parametrize("is_best", list(itertools.product([True, False], repeat=3)), ids=str)
def test_no_more_than_one_epoch_is_the_best(is_best):
    """Two marks for one set of restored weights would be one too many."""
    history = pd.DataFrame({**HISTORY, "is_best": is_best})
    refused = is_refused(lambda: sc.plot_loss_curves(history, ax=axes()), "history['is_best']")
    assert refused is (sum(is_best) > 1)


@examples(15)
@given(ragged, st.lists(st.integers(0, 7), max_size=3), st.integers(0, 1), boxes)
def test_throws_are_all_written_and_boxed_or_refused(sequences, marked, extra, box):
    """A digit a throw, a box where asked for, a name a row."""
    rows = [f"row {i}" for i in range(len(sequences) + extra)]
    is_good = extra == 0 and all(1 <= face <= 6 for face in marked)
    ax, boxed = axes(), [BOXES[box](sequence) for sequence in sequences]
    try:
        answer(lambda: sc.plot_throws(boxed, rows, marked=marked, ax=ax), "names", "marked")
    except RefusedError:
        assert not is_good
        assert not ax.texts
    else:
        assert is_good
        throws = [face for sequence in sequences for face in sequence]
        assert [text.get_text() for text in ax.texts] == [str(face) for face in throws]
        is_boxed = [text.get_bbox_patch() is not None for text in ax.texts]
        assert is_boxed == [face in marked for face in throws]


@examples(15)
@given(ragged, st.integers(0, 2), st.integers(-1, 3))
def test_padded_batches_are_drawn_cell_by_cell_or_refused(sequences, extra, wrong):
    """A cell a symbol, hatched behind the length; a length or symbol that cannot be is named."""
    longest = max(map(len, sequences)) + extra
    rows = [sequence + [0] * (longest - len(sequence)) for sequence in sequences]
    lengths = [len(sequence) for sequence in sequences]
    lengths[0] = lengths[0] if wrong == 3 else min(wrong, longest)
    ax = axes()
    try:
        answer(
            lambda: sc.plot_padded_batch(torch.tensor(rows), torch.tensor(lengths), ax=ax),
            "lengths[0]",
        )
    except RefusedError:
        assert lengths[0] < 1
        assert not ax.patches
    else:
        assert lengths[0] >= 1
        cells = [(row, step) for row in range(len(rows)) for step in range(longest)]
        assert [text.get_text() for text in ax.texts] == [str(rows[i][j]) for i, j in cells]
        assert [bool(p.get_hatch()) for p in ax.patches] == [j >= lengths[i] for i, j in cells]


@pytest.mark.parametrize("name", NAMES, ids=repr)
@pytest.mark.parametrize("plot", ["lines", "histograms"])
def test_every_name_shows_or_is_refused(name, plot):
    """A legend leaves out what begins with an underscore; so nothing does."""
    pair = {name: [1, 2], "other": [2, 1]}
    calls = {
        "lines": lambda: sc.plot_lines([1, 2], pair, ax=axes()),
        "histograms": lambda: sc.plot_histograms(pair, [0, 1, 2], ax=axes()),
    }
    try:
        ax = answer(calls[plot], "curves", "values")
    except RefusedError:
        assert not shows(name)
    else:
        shown = [text.get_text() for text in ax.get_legend().get_texts()]
        assert shown == [str(name), "other"]


@pytest.mark.parametrize("face", range(-1, 9))
def test_a_face_is_marked_or_refused(face):
    """A die has six of them."""
    call = lambda: sc.plot_throws([[1, 6]], ["a"], marked=[face], ax=axes())  # noqa: E731
    assert is_refused(call, "a face in marked") is not (1 <= face <= 6)


@pytest.mark.parametrize("choice", JUNK)
def test_faces_to_mark_are_faces_or_refused(choice):
    """Whatever is not 1..6 marks nothing and says so."""
    value = fresh(choice)
    ax = axes()
    try:
        answer(lambda: sc.plot_throws([[1, 6]], ["a"], marked=value, ax=ax), "marked")
    except RefusedError:
        assert not ax.texts
    else:
        assert {type(text) for text in ax.texts} == {plotting.mpl.text.Text}


# ------------------------------------------------------------------------------------- play


@examples(40)
@given(st.floats(0, 1) | st.sampled_from([0, 1, np.float32(0.5), Fraction(1, 8)]))
def test_no_probability_is_called_certain(probability):
    """Whole percent between 1 and 99, else how close to an end it is."""
    found = percent(probability)

    if found in ("under 1%", "over 99%"):
        assert float(probability) < 0.01 or float(probability) > 0.99
    else:
        assert abs(int(found.removesuffix("%")) / 100 - float(probability)) <= 0.005 + 1e-9
        assert 1 <= int(found.removesuffix("%")) <= 99


@examples(6)
@given(
    st.lists(st.integers(1, 40), max_size=4),
    st.integers(0, 99),
    st.sampled_from(["cheat", "secret"]),
)
def test_a_table_knows_its_throws_and_both_judges(times, seed, who):
    """As many thoughts as throws, 60 at most; the odds are those of the sequence so far."""
    table = sc.DiceTable(Answers(torch.tensor([0.5])), who=who, seed=seed)
    for n in times:
        table.throw(n)

    assert len(table.throws) == len(table.lstm) == len(table.odds) == min(60, sum(times))
    assert table.is_over is (sum(times) >= 60)
    assert set(table.throws) <= set(range(1, 7))
    if table.throws:
        ratio = sc.log_likelihood_ratio([table.throws], cheat="clever")[0]
        assert table.odds[-1] == pytest.approx(sigmoid(float(ratio)))
        assert table.lstm[-1] == pytest.approx(sigmoid(0.5))
    texts = plot_dice_table(table, ax=axes()).texts
    assert [text.get_text() for text in texts] == [str(face) for face in table.throws]
