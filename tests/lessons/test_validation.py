"""Every check: what it takes, and exactly what it says when it refuses."""

import math
import re
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from seqclf_utils import validation as v


class Sides(NamedTuple):
    """Positions of three sides."""

    train_idx: list
    val_idx: list
    test_idx: list


GOOD = [
    (v.check_count, ("n", 3), {"minimum": 3}, 3),
    (v.check_count, ("n", np.int64(4)), {"minimum": 0}, 4),
    (v.check_fractions, (), {"a": 0.5, "b": 0.499}, None),
    (v.check_fractions, (), {"a": np.float32(0.25)}, None),
    (v.check_nonnegative, ("x", 0), {}, 0.0),
    (v.check_nonnegative, ("x", np.float32(0.5)), {}, 0.5),
    (v.check_finite, ("x", -2), {}, -2.0),
    (v.check_choice, ("x", "b", ("a", "b")), {}, "b"),
    (v.check_label_counts, (np.array([0, 0, 0, 1, 1, 1]),), {}, None),
    (v.check_label_counts, (np.array([0, 1]),), {"minimum": 1}, None),
    (v.check_seed, (0,), {}, 0),
    (v.check_seed, (2**32 - 1,), {}, 2**32 - 1),
    (v.check_generator, ("g", None), {}, None),
    (v.check_device, ("d", "cpu"), {}, torch.device("cpu")),
    (v.check_device, ("d", torch.device("meta")), {}, torch.device("meta")),
    (v.check_names, ("c", {"a": 1, "b": 2}), {"maximum": 2}, [("a", 1), ("b", 2)]),
    (v.check_learning, (torch.nn.Linear(1, 1), torch.nn.MSELoss()), {}, None),
    (v.check_outputs, (torch.zeros(2, 3, 4), torch.tensor([1, 3])), {}, None),
    (v.check_positions, ([[0], [], [1]],), {"n_sequences": 2}, [[0], [], [1]]),
    (v.shorten, ("a" * 78,), {}, f"'{'a' * 78}'"),
    (v.shorten, ("a" * 79,), {}, f"'{'a' * 76}..."),
    (v.shorten, (np.float32(0.5),), {}, "0.5"),
]


@pytest.mark.parametrize(("check", "arguments", "options", "expected"), GOOD)
def test_good_values_pass(check, arguments, options, expected):
    """A value at the edge of what is allowed comes back as a plain Python value."""
    found = check(*arguments, **options)

    assert found == expected
    assert type(found) is type(expected)


FINITE = "it must be a finite number (look for NaN in the weights, and try a lower learning rate)"
RAGGED = [[1], [1, 2]]
BAD = [
    (v.check_seed, (-1,), {}, ValueError, "seed is -1; it must be at least 0"),
    (v.check_seed, (0.5,), {}, TypeError, "seed is 0.5; it must be a whole number"),
    (
        v.check_seed,
        (2**32,),
        {},
        ValueError,
        "seed is 4294967296; it must be below 2**32, the limit of NumPy",
    ),
    (
        v.check_finite,
        ("x", np.ma.masked),
        {},
        ValueError,
        "x is a masked array that hides values; it must hold all of them",
    ),
    (
        v.check_finite_number,
        ("x", math.nan),
        {},
        ValueError,
        "x is nan; it must be a finite number",
    ),
    (
        v.check_numbers,
        ("x", RAGGED),
        {},
        ValueError,
        "x is ragged; it must be a plain array of numbers",
    ),
    (
        v.check_whole_numbers,
        ("n", RAGGED),
        {"minimum": 1},
        ValueError,
        "n is ragged; it must be a plain array of numbers",
    ),
    (
        v.check_whole_numbers,
        ("n", []),
        {"minimum": 1},
        ValueError,
        "n has shape (0,); it must be (n,), n at least 1",
    ),
    (
        v.check_whole_numbers,
        ("n", [[1]]),
        {"minimum": 1},
        ValueError,
        "n has shape (1, 1); it must be (n,), n at least 1",
    ),
    (
        v.check_whole_numbers,
        ("n", [1.5]),
        {"minimum": 1},
        ValueError,
        "n holds float64 values; it must hold whole numbers",
    ),
    (
        v.check_whole_numbers,
        ("n", [3, 0]),
        {"minimum": 1},
        ValueError,
        "n[1] is 0; it must be at least 1",
    ),
    (
        v.check_generator,
        ("g", 5),
        {},
        TypeError,
        "g is 5; it must be a torch.Generator or None",
    ),
    (
        v.check_probabilities,
        (RAGGED,),
        {"n_sequences": 2},
        ValueError,
        "probabilities is ragged; it must be a plain array of numbers",
    ),
    (
        v.check_probabilities,
        ([0.5, 1.5],),
        {"n_sequences": 2},
        ValueError,
        "probabilities[1] is 1.5; it must be 0..1",
    ),
    (
        v.check_pairs,
        ([],),
        {},
        ValueError,
        "batch is empty; it must hold at least 1 sequence",
    ),
    (
        v.check_pairs,
        ([5],),
        {},
        TypeError,
        "batch[0] is 5; it must be a pair of tensors, a sequence and its label, as "
        "SequenceDataset gives them",
    ),
    (
        v.check_triple,
        (5,),
        {},
        TypeError,
        "loader yields a int; it must yield three tensors, padded, lengths and labels (a "
        "DataLoader needs collate_fn=collate_fn)",
    ),
    (
        v.check_logits,
        (torch.tensor([0.0, math.nan]),),
        {"n_sequences": 2},
        ValueError,
        "the model returned the logit nan for sequence 1 of its batch; it must be finite (look "
        "for NaN in the weights)",
    ),
    (
        v.check_label_counts,
        (np.array([0, 0, 0]),),
        {},
        ValueError,
        "labels holds 0 sequences with label 1; 3 sides need at least 3",
    ),
    (
        v.check_groups,
        (RAGGED,),
        {"n_sequences": 2},
        ValueError,
        "groups is ragged; it must be a plain array of numbers",
    ),
    (
        v.check_outputs,
        (torch.zeros(2, 3, 4), torch.tensor([4, 1])),
        {},
        ValueError,
        "lengths[0] is 4; every length must be 1..3, the time steps of the padded batch",
    ),
    (
        v.check_positions,
        (5,),
        {"n_sequences": 2},
        TypeError,
        "splits is a int; it must be three lists of positions, as split_indices returns them",
    ),
    (
        v.check_positions,
        ([[0], [1]],),
        {"n_sequences": 2},
        ValueError,
        "splits has sides of [1, 1] positions; it must have three, train, validation and test, "
        "and the first must not be empty",
    ),
    (
        v.check_positions,
        ([RAGGED, [3], [4]],),
        {"n_sequences": 5},
        ValueError,
        "splits is ragged; it must be a plain array of numbers",
    ),
    (v.check_count, ("n", 2), {"minimum": 3}, ValueError, "n is 2; it must be at least 3"),
    (v.check_count, ("n", 2.0), {"minimum": 1}, TypeError, "n is 2.0; it must be a whole number"),
    (v.check_count, ("n", True), {"minimum": 0}, TypeError, "n is True; it must be a whole number"),
    (v.check_count, ("n", "2"), {"minimum": 0}, TypeError, "n is '2'; it must be a whole number"),
    (
        v.check_fractions,
        (),
        {"a": 0.2, "b": "x"},
        TypeError,
        "b is 'x'; it must be a number between 0 and 1",
    ),
    (
        v.check_fractions,
        (),
        {"a": True},
        TypeError,
        "a is True; it must be a number between 0 and 1",
    ),
    (
        v.check_fractions,
        (),
        {"a": 0},
        ValueError,
        "a is 0; it must lie between 0 and 1, ends excluded",
    ),
    (
        v.check_fractions,
        (),
        {"a": 1},
        ValueError,
        "a is 1; it must lie between 0 and 1, ends excluded",
    ),
    (
        v.check_fractions,
        (),
        {"a": math.nan},
        ValueError,
        "a is nan; it must lie between 0 and 1, ends excluded",
    ),
    (
        v.check_fractions,
        (),
        {"a": 0.75, "b": 0.25},
        ValueError,
        "a + b is 1; it must be below 1 to leave something for training",
    ),
    (v.check_nonnegative, ("x", -1), {}, ValueError, "x is -1; it must be finite and at least 0"),
    (
        v.check_nonnegative,
        ("x", math.inf),
        {},
        ValueError,
        "x is inf; it must be finite and at least 0",
    ),
    (
        v.check_nonnegative,
        ("x", math.nan),
        {},
        ValueError,
        "x is nan; it must be finite and at least 0",
    ),
    (v.check_nonnegative, ("x", None), {}, TypeError, "x is None; it must be a number"),
    (v.check_nonnegative, ("x", True), {}, TypeError, "x is True; it must be a number"),
    (v.check_finite, ("loss", math.nan), {}, ValueError, f"loss is nan; {FINITE}"),
    (v.check_finite, ("loss", -math.inf), {}, ValueError, f"loss is -inf; {FINITE}"),
    (
        v.check_choice,
        ("x", "c", ("a", "b")),
        {},
        ValueError,
        "x is 'c'; it must be one of 'a', 'b'",
    ),
    (v.check_choice, ("x", ["a"], ("a",)), {}, ValueError, "x is ['a']; it must be one of 'a'"),
    (
        v.check_labels,
        ([0, 1, -1],),
        {},
        ValueError,
        "labels[2] is -1; every label must be 0 or 1",
    ),
    (v.check_labels, ([0.0, 0.5],), {}, ValueError, "labels[1] is 0.5; every label must be 0 or 1"),
    (
        v.check_labels,
        ([math.nan],),
        {},
        ValueError,
        "labels[0] is nan; every label must be 0 or 1",
    ),
    (
        v.check_labels,
        (["a"],),
        {},
        ValueError,
        "labels holds <U1 values; every label must be 0 or 1",
    ),
    (
        v.check_labels,
        ([[0], [1]],),
        {},
        ValueError,
        "labels has shape (2, 1); it must be one-dimensional, (N,)",
    ),
    (
        v.check_labels,
        ([[0], [1, 0]],),
        {},
        ValueError,
        "labels is ragged; it must be a plain array of numbers",
    ),
    (
        v.check_labels,
        ([0, 1],),
        {"n_sequences": 3},
        ValueError,
        "labels has 2 entries for 3 sequences; there must be exactly one label per sequence",
    ),
    (
        v.check_label_counts,
        (np.array([0, 0, 0, 1, 1]),),
        {},
        ValueError,
        "labels holds 2 sequences with label 1; 3 sides need at least 3",
    ),
    (
        v.check_label_counts,
        (np.array([1, 1, 1]),),
        {},
        ValueError,
        "labels holds 0 sequences with label 0; 3 sides need at least 3",
    ),
    (
        v.check_groups,
        ([1, 2],),
        {"n_sequences": 3},
        ValueError,
        "groups has shape (2,) for 3 labels; there must be exactly one group per sequence",
    ),
    (
        v.check_groups,
        ([[1], [2], [3]],),
        {"n_sequences": 3},
        ValueError,
        "groups has shape (3, 1) for 3 labels; there must be exactly one group per sequence",
    ),
    (
        v.check_groups,
        (["a", "b", "a"],),
        {"n_sequences": 3},
        ValueError,
        "groups holds 2 different groups; 3 sides need at least 3",
    ),
    (
        v.check_sides,
        (Sides([0, 1], [2, 3], [5]), np.array([0, 1, 0, 1, 0, 1])),
        {},
        ValueError,
        "test_idx would hold no sequence with label 0; raise its fraction, or "
        "bring more sequences (or groups) with label 0",
    ),
    (
        v.check_sequences,
        ([[1], [2, 3.5]],),
        {"vocab_size": 7},
        ValueError,
        "sequences[1] holds float64 values; symbols must be whole numbers",
    ),
    (
        v.check_sequences,
        ([[1], [3, 7, 8]],),
        {"vocab_size": 7},
        ValueError,
        "sequences[1][1] is 7; symbols must be 1..6 (0 is kept for padding)",
    ),
    (
        v.check_sequences,
        ([[4, 0]],),
        {"vocab_size": 5},
        ValueError,
        "sequences[0][1] is 0; symbols must be 1..4 (0 is kept for padding)",
    ),
    (
        v.check_sequences,
        ([[1], []],),
        {"vocab_size": 7},
        ValueError,
        "sequences[1] is empty; every sequence needs at least 1 symbol",
    ),
    (
        v.check_sequences,
        ([[[1, 2]]],),
        {"vocab_size": 7},
        ValueError,
        "sequences[0] has shape (1, 2); it must be one-dimensional, (L,)",
    ),
    (
        v.check_sequences,
        ([[1, [2]]],),
        {"vocab_size": 7},
        ValueError,
        "sequences[0] is ragged; it must be a plain array of numbers",
    ),
    (
        v.check_sequences,
        ([[True]],),
        {"vocab_size": 7},
        ValueError,
        "sequences[0] holds bool values; symbols must be whole numbers",
    ),
    (
        v.check_sequences,
        ([],),
        {"vocab_size": 7},
        ValueError,
        "sequences is empty; there must be at least 1 sequence",
    ),
    (
        v.check_sequences,
        (5,),
        {"vocab_size": 7},
        TypeError,
        "sequences is a int; it must be a list of sequences of symbols",
    ),
    (
        v.check_sequences,
        (b"12",),
        {"vocab_size": 7},
        TypeError,
        "sequences is a bytes; it must be a list of sequences of symbols",
    ),
    (
        v.check_lengths,
        (torch.tensor([1, 0]),),
        {"n_sequences": 2, "n_steps": 3},
        ValueError,
        "lengths[1] is 0; every length must be 1..3, the time steps of the padded batch",
    ),
    (
        v.check_lengths,
        (torch.tensor([4, 1]),),
        {"n_sequences": 2, "n_steps": 3},
        ValueError,
        "lengths[0] is 4; every length must be 1..3, the time steps of the padded batch",
    ),
    (
        v.check_lengths,
        (torch.tensor([1]),),
        {"n_sequences": 2, "n_steps": 3},
        ValueError,
        "lengths has shape (1,); it must be (2,)",
    ),
    (
        v.check_lengths,
        (torch.tensor([1], dtype=torch.int32),),
        {"n_sequences": 1, "n_steps": 3},
        TypeError,
        "lengths is torch.int32; it must be an int64 tensor",
    ),
    (
        v.check_lengths,
        (np.array([1]),),
        {"n_sequences": 1, "n_steps": 3},
        TypeError,
        "lengths is ndarray; it must be an int64 tensor",
    ),
    (
        v.check_lengths,
        (torch.ones(1, dtype=torch.int64, device="meta"),),
        {"n_sequences": 1, "n_steps": 3},
        ValueError,
        "lengths is on meta; it must stay on the CPU",
    ),
    (
        v.check_positions,
        (([0], [1], [3]),),
        {"n_sequences": 3},
        ValueError,
        "splits holds position 3; with 3 sequences positions must be 0..2",
    ),
    (
        v.check_positions,
        (([0], [1], [-1]),),
        {"n_sequences": 3},
        ValueError,
        "splits holds position -1; with 3 sequences positions must be 0..2",
    ),
    (
        v.check_positions,
        (([0], [1], [0]),),
        {"n_sequences": 3},
        ValueError,
        "splits holds position 0 twice; train, validation and test must not overlap",
    ),
    (
        v.check_positions,
        (([0], [1], [1.5]),),
        {"n_sequences": 3},
        ValueError,
        "splits holds 1.5; positions must be whole numbers",
    ),
    (v.check_device, ("d", 3), {}, TypeError, "d is 3; it must be the name of a device"),
    (
        v.check_device,
        ("d", "gpu"),
        {},
        ValueError,
        "d is 'gpu'; it must be a device of PyTorch, such as 'cpu' or 'cuda'",
    ),
    (
        v.check_batch,
        (torch.tensor([[6, 2], [3, 7]]), torch.tensor([2, 2])),
        {"vocab_size": 7},
        ValueError,
        "padded[1, 1] is 7; every symbol must be 0..6",
    ),
    (
        v.check_batch,
        (torch.tensor([[1, -1]]), torch.tensor([2])),
        {"vocab_size": 7},
        ValueError,
        "padded[0, 1] is -1; every symbol must be 0..6",
    ),
    (
        v.check_batch,
        (torch.zeros(2, 0, dtype=torch.int64), torch.tensor([1, 1])),
        {"vocab_size": 7},
        ValueError,
        "padded has shape (2, 0); it must be (N, L), N and L at least 1",
    ),
    (
        v.check_batch,
        ([[1]], torch.tensor([1])),
        {"vocab_size": 7},
        TypeError,
        "padded is list; it must be an int64 tensor",
    ),
    (
        v.check_batch,
        (torch.tensor([[1.0]]), torch.tensor([1])),
        {"vocab_size": 7},
        TypeError,
        "padded is torch.float32; it must be an int64 tensor",
    ),
    (
        v.check_batch,
        (torch.tensor([[1]]), torch.tensor([2])),
        {"vocab_size": 7},
        ValueError,
        "lengths[0] is 2; every length must be 1..1, the time steps of the padded batch",
    ),
]


@pytest.mark.parametrize(
    ("check", "arguments", "options", "error", "message"),
    BAD,
    ids=[f"{check.__name__}-{message[:40]}" for check, _, _, _, message in BAD],
)
def test_bad_values_are_named(check, arguments, options, error, message):
    """The message names the argument, position and value, and says what is allowed."""
    with pytest.raises(error) as caught:
        check(*arguments, **options)

    assert type(caught.value) is error
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "labels",
    [[0, 1], (0.0, 1.0), [False, True], np.array([0, 1], dtype=np.uint8), np.array([0, 1])],
    ids=["list", "floats", "bools", "small array", "array"],
)
def test_labels_become_int64(labels):
    """Whatever holds the labels, they come back as an int64 array of their own."""
    found = v.check_labels(labels, n_sequences=2)

    assert found.dtype == np.int64
    assert found.tolist() == [0, 1]
    assert not np.shares_memory(found, np.asarray(labels))


@pytest.mark.parametrize("values", [[1], [3, 1], [2**63 - 1], torch.tensor([1, 2])])
def test_whole_numbers_become_int64(values):
    """From the smallest allowed one to the largest of int64; one more is refused."""
    found = v.check_whole_numbers("n", values, minimum=1)

    assert (found.tolist(), found.dtype) == (list(map(int, values)), np.dtype(np.int64))
    with pytest.raises(ValueError, match=r"^n\[1\] is 9223372036854775808; it must be at most 9"):
        v.check_whole_numbers("n", np.array([1, 2**63], dtype=np.uint64), minimum=1)


def test_a_generator_passes_unchanged():
    """It is the caller's own, as its state goes on."""
    generator = torch.Generator()

    assert v.check_generator("g", generator) is generator


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1], True),
        (np.array([1]), True),
        (np.array(1), False),
        (torch.tensor(1), False),
        (iter([1]), False),
        ({1}, False),
        ("1", False),
        (list, False),
    ],
    ids=["list", "array", "scalar", "tensor", "iterator", "set", "text", "class"],
)
def test_a_list_has_an_order_and_a_length(values, expected):
    """Else nobody knows which label belongs to which sequence."""
    assert v.is_list(values) is expected


def test_no_symbols_and_nothing_hidden_are_fine():
    """An empty sequence where it may be empty; a masked array that masks nothing."""
    assert v.check_symbols("s", [], vocab_size=7, may_be_empty=True).tolist() == []
    assert v.check_numbers("x", np.ma.array([1.0, 2.0])).tolist() == [1, 2]


def test_no_labels_are_said_to_be_missing():
    """Whoever passes a table without labels is told that, and not something about shapes."""
    with pytest.raises(TypeError, match="labels is None; there must be one label, 0 or 1, per"):
        v.check_labels(None)


def test_a_label_tensor_may_carry_a_gradient():
    """Labels in a tensor that requires a gradient are read all the same."""
    assert v.check_labels(torch.tensor([1.0], requires_grad=True)).tolist() == [1]


@given(st.lists(st.lists(st.integers(-3, 12), max_size=5), max_size=4), st.integers(2, 9))
def test_sequences_are_taken_exactly_if_every_symbol_fits(sequences, vocab_size):
    """Sequences pass unchanged if each holds symbols of 1..vocab_size - 1 only, or are refused."""
    fits = len(sequences) > 0 and all(
        s and all(1 <= symbol < vocab_size for symbol in s) for s in sequences
    )
    if not fits:
        with pytest.raises(ValueError, match="sequences"):
            v.check_sequences(sequences, vocab_size=vocab_size)
        return
    found = v.check_sequences(sequences, vocab_size=vocab_size)

    assert [s.tolist() for s in found] == sequences
    assert {s.dtype for s in found} == {torch.int64}


@pytest.mark.parametrize("kind", [tuple, np.int32, np.uint8, torch.tensor])
def test_sequences_may_come_in_any_container(kind):
    """Tuples, arrays of any whole-number type and tensors become int64 tensors of their own."""
    sequence = np.array([1, 6], dtype=kind) if kind in (np.int32, np.uint8) else kind([1, 6])

    (found,) = v.check_sequences([sequence], vocab_size=7)

    assert found.dtype == torch.int64
    assert found.tolist() == [1, 6]


def test_a_table_of_equally_long_sequences_is_taken():
    """A two-dimensional array is a collection of sequences too."""
    found = v.check_sequences(np.array([[1, 2], [3, 4]]), vocab_size=7)

    assert [s.tolist() for s in found] == [[1, 2], [3, 4]]


def test_lengths_pass_unchanged():
    """Lengths from 1 to the number of steps come back as the same tensor."""
    lengths = torch.tensor([1, 3])

    assert v.check_lengths(lengths, n_sequences=2, n_steps=3) is lengths
    none = torch.empty(0, dtype=torch.int64)
    assert v.check_lengths(none, n_sequences=0, n_steps=3) is none


def test_positions_become_plain_lists():
    """Arrays, tensors and lists of positions become lists; a side may be empty."""
    found = v.check_positions((np.array([2, 0]), torch.tensor([1]), []), n_sequences=4)

    assert found == [[2, 0], [1], []]


@pytest.mark.parametrize(
    ("groups", "kind"),
    [([1, 2, 3], "i"), (["a", "b", "c"], "O"), (np.array(["a", "b", "c"]), "U")],
    ids=["numbers", "texts", "array of texts"],
)
def test_groups_keep_their_kind(groups, kind):
    """Only what a list holds beside whole numbers is kept as it is, object by object."""
    assert v.check_groups(groups, n_sequences=3).dtype.kind == kind


def test_groups_come_back_as_an_array():
    """Three different groups are enough for three sides."""
    found = v.check_groups(["b", "a", "c", "a"], n_sequences=4)

    assert isinstance(found, np.ndarray)
    assert found.tolist() == ["b", "a", "c", "a"]


def test_complete_sides_pass_unchanged():
    """A split in which every side holds both labels comes back as it is."""
    sides = Sides([0, 1], [2, 3], [4, 5])

    assert v.check_sides(sides, np.array([0, 1] * 3)) is sides


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32])
def test_good_batches_pass(dtype):
    """Padding, every symbol and every length from 1 to L are fine."""
    padded = torch.tensor([[6, 0], [1, 2]], dtype=dtype)

    assert v.check_batch(padded, torch.tensor([1, 2]), vocab_size=7) is None


# ------------------------------------------------- what properties found, with the smallest input

BOXED = np.array([1, 2], dtype=object)
MASKED = np.ma.array([1, 0], mask=[0, 1])
META = torch.ones(2, dtype=torch.int64, device="meta")
SPARSE = torch.ones(2, 2, dtype=torch.int64).to_sparse()
ONE, YES = torch.tensor([1]), torch.tensor(1.0)
LINEAR = torch.nn.Linear(1, 1)
NESTED = "ignore:The PyTorch API of nested tensors is in prototype stage"
FOUND = [
    (lambda: v.check_count("n", 9, minimum=1, maximum=8), "n is 9; it must be at most 8"),
    (
        lambda: v.check_count("n", 10**5000, minimum=1, maximum=8),
        "n is a number of very many digits; it must be at most 8",
    ),
    (
        lambda: v.check_count("n", np.timedelta64(3), minimum=1),
        "; it must be a whole number",
    ),
    (
        lambda: v.check_count("n", list(range(99)), minimum=1),
        "n is [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21"
        "...; it must be a whole number",
    ),
    (lambda: v.check_fractions(a=Fraction(1, 5)), "a is Fraction(1, 5); it must be a float, such"),
    (lambda: v.check_nonnegative("x", 10**400), "; it must be finite and at least 0"),
    (lambda: v.check_finite("loss", None), "loss is None; it must be a number"),
    (lambda: v.check_finite("loss", torch.tensor([0.5])), "loss is tensor([0.5000]); it must be a"),
    (lambda: v.check_finite_number("x", math.nan), "x is nan; it must be a finite number"),
    (lambda: v.check_numbers("x", [[1]]), "x has shape (1, 1); it must be one-dimensional, (n,)"),
    (lambda: v.check_numbers("x", []), "x is empty; it must hold at least 1 number"),
    (lambda: v.check_numbers("x", [1], n_values=2), "x has 1 entries; there must be 2"),
    (lambda: v.check_numbers("x", ["1"]), "x holds <U1 values; it must hold numbers"),
    (lambda: v.check_numbers("x", [0, math.inf]), "x[1] is inf; it must be a finite number"),
    (lambda: v.check_names("x", [1]), "x is a list; it must be a dictionary from name to numbers"),
    (lambda: v.check_names("x", {}), "x holds 0 names; there must be at least 1"),
    (
        lambda: v.check_names("x", {"a": 1, "b": 2}, maximum=1),
        "x holds 2 names; there must be 1..1",
    ),
    (
        lambda: v.check_probabilities(["0.5"], n_sequences=1),
        "probabilities holds <U3 values; each must be a number, 0..1",
    ),
    (
        lambda: v.check_probabilities([0.5, -0.5], n_sequences=2),
        "probabilities[1] is -0.5; it must be 0..1",
    ),
    (lambda: v.check_probabilities([0.5], n_sequences=2), "probabilities has shape (1,); it must"),
    (lambda: v.check_model(torch.nn.LSTM), "model is the class LSTM; it must be an nn.Module"),
    (lambda: v.check_model(None), "model is NoneType; it must be an nn.Module"),
    (lambda: v.check_triple([1, 2, 3]), "loader yields a list; it must yield three tensors"),
    (
        lambda: v.check_triple([torch.ones(2, 2), torch.ones(2), torch.tensor(1)]),
        "loader yields tensors of shapes [(2, 2), (2,), ()]; it must yield padded (N, L), lengths",
    ),
    (
        lambda: v.check_logits(torch.ones(2, 1), n_sequences=2),
        "the model returned shape (2, 1) for 2 sequences; it must be (2,)",
    ),
    (
        lambda: v.check_logits(torch.ones(2, dtype=torch.int64), n_sequences=2),
        "the model returned torch.int64; it must return a tensor of floats, one logit a sequence",
    ),
    (lambda: v.check_logits([0.5], n_sequences=1), "the model returned list; it must return a"),
    (
        lambda: v.check_logits(torch.tensor([0.5, math.nan]), n_sequences=2),
        "the model returned the logit nan for sequence 1 of its batch; it must be finite",
    ),
    (
        lambda: v.check_triple([torch.ones(2, 2), torch.ones(2), torch.ones(2, 1)]),
        "loader yields tensors of shapes [(2, 2), (2,), (2, 1)]; it must yield padded (N, L), len",
    ),
    (
        lambda: v.check_triple([torch.ones(2, 2), torch.ones(2), torch.ones(3)]),
        "loader yields tensors of shapes [(2, 2), (2,), (3,)]; it must yield padded (N, L), len",
    ),
    (
        lambda: v.check_triple([torch.ones(1, 2), torch.ones(1), torch.tensor([1])]),
        "loader yields labels of torch.int64; they must be floats",
    ),
    (lambda: v.check_loaders(train_loader=None), "train_loader is NoneType; it must yield batches"),
    (lambda: v.check_loaders(a=[], b=DataLoader), "b is the class DataLoader; it must yield"),
    (lambda: v.check_loaders(loader=torch.tensor(1)), "loader is Tensor; it must yield batches"),
    (lambda: list(v.check_batches(5)), "loader is int; it must yield batches"),
    (lambda: list(v.check_batches([5])), "loader yields a int; it must yield three tensors"),
    (lambda: v.check_learning(None, sum), "model is NoneType; it must be an nn.Module"),
    (lambda: v.check_learning(LINEAR, 0.5), "criterion is float; it must be callable, such as"),
    (
        lambda: v.check_learning(LINEAR, torch.nn.MSELoss),
        "criterion is the class MSELoss; it must be callable, such as BCEWithLogitsLoss()",
    ),
    (
        lambda: v.check_learning(LINEAR, sum, torch.nn.MSELoss()),
        "optimizer is MSELoss; it must be one of torch.optim, such as Adam",
    ),
    (lambda: v.check_flag("packed", 1), "packed is 1; it must be True or False"),
    (lambda: v.check_flags(live=True, progress=1), "progress is 1; it must be True or False"),
    (lambda: v.check_sizes(1, 1, 1), "vocab_size is 1; it must be at least 2"),
    (lambda: v.check_sizes(2, 0, 1), "embed_dim is 0; it must be at least 1"),
    (lambda: v.check_sizes(2, 1, 0), "hidden_size is 0; it must be at least 1"),
    (lambda: v.check_sizes(2**24 + 1, 1, 1), "vocab_size is 16777217; it must be at most 16777216"),
    (lambda: v.check_sizes(2, 2**24 + 1, 1), "embed_dim is 16777217; it must be at most 16777216"),
    (lambda: v.check_sizes(2, 1, 2**24 + 1), "hidden_size is 16777217; it must be at most 16777"),
    (
        lambda: v.check_nonnegative("x", 1000.5, maximum=1000),
        "x is 1000.5; it must be at most 1000",
    ),
    (lambda: v.check_pairs({}), "batch is a dict; it must be a list of pairs"),
    (
        lambda: v.check_pairs([(ONE, ONE, ONE)]),
        "; it must be a pair of tensors, a sequence and its",
    ),
    (lambda: v.check_pairs([(ONE, YES), ONE]), "batch[1] is tensor([1]); it must be a pair of"),
    (lambda: v.check_pairs([(META, YES)]), "batch[0] is (tensor(..., device='meta'"),
    (lambda: v.check_pairs([(SPARSE[0], YES)]), "batch[0] is (tensor(indices="),
    (
        lambda: v.check_pairs([(YES[None], YES)]),
        "batch[0] holds a sequence of torch.float32 and a label of torch.float32; they must be",
    ),
    (
        lambda: v.check_pairs([(ONE, ONE[0])]),
        "batch[0] holds a sequence of torch.int64 and a label of torch.int64; they must be int64",
    ),
    (
        lambda: v.check_pairs([(ONE[:0], YES)]),
        "batch[0] holds a sequence of shape (0,) and a label of shape (); they must be (L,), L at",
    ),
    (
        lambda: v.check_pairs([(ONE[None], YES)]),
        "batch[0] holds a sequence of shape (1, 1) and a label of shape (); they must be (L,), L",
    ),
    (
        lambda: v.check_pairs([(ONE, YES[None])]),
        "batch[0] holds a sequence of shape (1,) and a label of shape (1,); they must be (L,), L",
    ),
    (lambda: v.check_outputs([[[1.0]]], ONE), "outputs is list; it must be a tensor of floats"),
    (
        lambda: v.check_outputs(torch.ones(1, 1, 1, dtype=torch.int64), ONE),
        "outputs is torch.int64; it must be a tensor of floats",
    ),
    (
        lambda: v.check_outputs(torch.ones(1, 1), ONE),
        "outputs is of shape (1, 1); it must be (N, L, H), each at least 1",
    ),
    (
        lambda: v.check_outputs(torch.ones(1, 2, 0), ONE),
        "outputs is of shape (1, 2, 0); it must be (N, L, H), each at least 1",
    ),
    (
        lambda: v.check_outputs(torch.nested.nested_tensor([torch.ones(1, 1)]), ONE),
        "outputs is nested; it must be (N, L, H), each at least 1",
    ),
    (
        lambda: v.check_outputs(torch.ones(1, 1, 1, device="meta"), ONE),
        "outputs is a meta tensor; it must be a plain one that holds its values",
    ),
    (
        lambda: v.check_outputs(torch.ones(1, 1, 1), ONE + 1),
        "lengths[0] is 2; every length must be",
    ),
    (lambda: v.check_groups([1, 2, None], n_sequences=3), "groups[2] is None; every sequence must"),
    (lambda: v.check_groups(np.array([1, 2, math.nan]), n_sequences=3), "groups[2] is nan; every"),
    (lambda: v.check_groups([1, "1", 2], n_sequences=3), "groups holds values that cannot be put"),
    (
        lambda: v.check_groups([frozenset([i]) for i in (0, 1, 2, 0)], n_sequences=4),
        "groups holds values that cannot be put in order; they must be of one kind",
    ),
    (
        lambda: v.check_labels(MASKED),
        "labels is a masked array that hides values; it must hold all",
    ),
    (
        lambda: v.check_labels(META),
        "labels cannot be read as numbers; it must be a list or a plain",
    ),
    (lambda: v.check_sequences(SPARSE, vocab_size=7), "sequences cannot be read as numbers; it"),
    (lambda: v.check_sequences({(1, 2), (3,)}, vocab_size=7), "sequences is a set; it must be a"),
    (
        lambda: v.check_sequences(pd.DataFrame([[9]], columns=[(1, 2)]), vocab_size=7),
        "sequences is a DataFrame; it must be a list of sequences of symbols",
    ),
    (
        lambda: v.check_sequences([[1]], vocab_size=2**63 + 1),
        "vocab_size is 9223372036854775809; it must be at most 9223372036854775808",
    ),
    (
        lambda: v.check_sequences([[torch.tensor(1), torch.tensor(True)]], vocab_size=7),
        "sequences[0][1] is True; symbols must be whole numbers",
    ),
    (
        lambda: v.check_sequences([[1, True]], vocab_size=7),
        "sequences[0][1] is True; symbols must be whole numbers",
    ),
    (
        lambda: v.check_positions(None, n_sequences=3),
        "splits is a NoneType; it must be three lists",
    ),
    (lambda: v.check_positions((0, 1, 2), n_sequences=3), "splits holds a side of shape (); each"),
    (
        lambda: v.check_lengths(SPARSE[0], n_sequences=2, n_steps=3),
        "lengths is a torch.sparse_coo tensor; it must be a plain one that holds its values",
    ),
    (
        lambda: v.check_batch(META[None], torch.tensor([2]), vocab_size=7),
        "padded is a meta tensor; it must be a plain one that holds its values",
    ),
    (
        lambda: v.check_batch(
            torch.nested.nested_tensor([torch.tensor([1])]), torch.tensor([1]), vocab_size=7
        ),
        "padded is a nested tensor; it must be a plain one, as collate_fn pads it",
    ),
]


@pytest.mark.filterwarnings(NESTED)
@pytest.mark.parametrize(("call", "message"), FOUND, ids=[message[:40] for _, message in FOUND])
def test_what_properties_found_is_refused(call, message):
    """Each of these was an error of NumPy's or PyTorch's own once, or a wrong answer."""
    with pytest.raises((ValueError, TypeError), match=re.escape(message)) as caught:
        call()

    assert type(caught.value) in (ValueError, TypeError)


def test_what_properties_found_is_accepted():
    """Unusual and right: half precision, tensors of shape (), large groups, a large vocabulary."""
    assert v.check_labels(torch.tensor([1, 0], dtype=torch.bfloat16)).tolist() == [1, 0]
    assert v.check_finite("loss", torch.tensor(0.5, requires_grad=True)) == 0.5
    assert v.check_finite_number("x", Fraction(1, 2)) == 0.5
    assert v.check_groups([2**53, 2**53 + 1, 0.5], n_sequences=3).tolist()[1] == 2**53 + 1
    assert v.check_sequences([[2**63 - 1]], vocab_size=2**63)[0].tolist() == [2**63 - 1]
    assert v.check_sequences(torch.tensor([[1, 2]]), vocab_size=7)[0].tolist() == [1, 2]
    assert v.check_symbols("s", [], vocab_size=7, may_be_empty=True).dtype == torch.int64
    padded = torch.ones(1, 1, dtype=torch.int32)
    v.check_batch(padded, torch.tensor([1]), vocab_size=2**40)
    batch = (torch.ones(1, 2), torch.ones(1), torch.ones(1))
    assert v.check_triple(batch) == batch
    assert v.check_names("x", pd.DataFrame({"a": [1]}))[0][0] == "a"
    assert v.check_count("n", 8, minimum=1, maximum=8) == 8
    model, logits = torch.nn.Linear(1, 1), torch.zeros(1)
    assert v.check_model(model) is model
    assert v.check_logits(logits, n_sequences=1) is logits
    assert v.check_probabilities([True, 0], n_sequences=2).tolist() == [1, 0]
    assert v.check_numbers("x", torch.tensor([1, 2])).tolist() == [1, 2]
    assert not v.is_list("ab")
    assert v.check_flag("packed", np.True_) is True
    assert v.check_flag("packed", False) is False
    assert v.check_sizes(np.int16(2), 1, 2**24) == (2, 1, 2**24)
    assert v.check_sizes(2**24, 2**24, 1) == (2**24, 2**24, 1)
    assert v.check_nonnegative("x", 1000, maximum=1000) == 1000
    assert v.check_pairs([(ONE, YES)]) == [(ONE, YES)]
    assert list(v.check_batches(iter([batch]))) == [batch]
    assert math.isnan(v.check_logits(logits * math.nan, n_sequences=1, finite=False).item())
