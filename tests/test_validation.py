"""Every check: what it takes, and exactly what it says when it refuses."""

import math
from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

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
]


@pytest.mark.parametrize(("check", "arguments", "options", "expected"), GOOD)
def test_good_values_pass(check, arguments, options, expected):
    """A value at the edge of what is allowed comes back as a plain Python value."""
    found = check(*arguments, **options)

    assert found == expected
    assert type(found) is type(expected)


FINITE = "it must be a finite number (look for NaN in the weights, and try a lower learning rate)"
BAD = [
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
    (
        v.check_batch,
        (torch.tensor([[1, 2], [3, 7]]), torch.tensor([2, 2])),
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


def test_positions_become_plain_lists():
    """Arrays, tensors and lists of positions become lists; a side may be empty."""
    found = v.check_positions((np.array([2, 0]), torch.tensor([1]), []), n_sequences=4)

    assert found == [[2, 0], [1], []]


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
