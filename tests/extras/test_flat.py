"""Flat symbols: the same sequences come out, small, and whatever is wrong is named."""

import itertools
import time
import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqclf_utils import SequenceDataset, collate_fn
from seqclf_utils.extras import flat as storage
from seqclf_utils.extras.flat import check_flat, flatten, pad_rows, symbol_dtype
from seqclf_utils.validation import check_sequences

ragged = st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=9), min_size=1, max_size=8)
KINDS = {
    "lists": list,
    "tuples": tuple,
    "int64 arrays": np.array,
    "int8 arrays": lambda s: np.array(s, dtype=np.int8),
    "uint64 arrays": lambda s: np.array(s, dtype=np.uint64),
    "tensors": torch.tensor,
    "ranges": lambda s: range(1, len(s) + 1),
    "boxed numbers": lambda s: [np.int32(i) for i in s],
}


@pytest.mark.parametrize("kind", KINDS)
@given(sequences=ragged)
def test_flat_symbols_hold_the_same_sequences(kind, sequences):
    """Whatever the sequences are: lists, arrays, tensors."""
    given_ones = [KINDS[kind](s) for s in sequences]

    symbols, offsets = flatten(given_ones, vocab_size=10)

    found = [symbols[a:b].tolist() for a, b in itertools.pairwise(offsets)]
    assert found == [list(map(int, s)) for s in given_ones]
    assert (symbols.dtype, offsets.dtype) == (np.uint8, np.int64)
    assert (offsets[0], offsets[-1]) == (0, len(symbols))


BAD = [
    [[1, 7]],
    [[0]],
    [[1], []],
    [[1], [-1]],
    [[1, True]],
    [[1.0]],
    [[1], "12"],
    [[1], 2],
    [[2**70]],
    [[[1]]],
    [np.array([1, 7])],
    [np.array([], dtype=int)],
    [np.array([True])],
    [np.array([[1]])],
    [np.array([1]), np.array([2**63], dtype=np.uint64)],
    [np.array([1]), np.array([[1]])],
    [],
    "123",
    None,
]


@pytest.mark.parametrize("sequences", BAD, ids=lambda sequences: repr(sequences)[:30])
def test_the_quick_way_refuses_what_the_slow_way_refuses(sequences):
    """With the same words: the first sequence and symbol that are wrong are named."""
    with pytest.raises((ValueError, TypeError)) as slow:
        check_sequences(sequences, vocab_size=7)

    with pytest.raises(type(slow.value)) as quick:
        flatten(sequences, vocab_size=7)

    assert str(quick.value) == str(slow.value)


@pytest.mark.parametrize("make", [list, np.array], ids=["lists", "arrays"])
def test_ordinary_sequences_take_the_quick_way(make, monkeypatch):
    """One closer look a sequence would make millions slow."""
    monkeypatch.setattr(storage, "check_sequences", None)

    assert flatten([make([1, 6]), make([3])], vocab_size=7)[0].tolist() == [1, 6, 3]


@pytest.mark.parametrize(
    ("vocab_size", "dtype"),
    [(2, "u1"), (256, "u1"), (257, "u2"), (65537, "u4"), (2**32 + 1, "u8"), (2**63, "u8")],
)
def test_symbols_are_as_small_as_the_vocabulary_allows(vocab_size, dtype):
    """The largest symbol fits; it and nothing larger is kept."""
    assert symbol_dtype(vocab_size) == np.dtype(dtype)
    flat, _ = flatten([[vocab_size - 1]], vocab_size=vocab_size)
    assert (flat.dtype, flat.tolist()) == (np.dtype(dtype), [vocab_size - 1])


@pytest.mark.parametrize("other", [[1], np.array([1]), np.array([1], dtype=np.uint64)])
def test_large_symbols_are_not_rounded(other):
    """No symbol becomes a float on its way, which would hold 53 of its 60 bits."""
    large = [2**53 + 1] if isinstance(other, list) else np.array([2**53 + 1])

    symbols, _ = flatten([large, other], vocab_size=2**60)

    assert symbols.tolist() == [2**53 + 1, 1]


def test_a_symbol_takes_a_byte_and_a_sequence_sixteen():
    """Measured: at most 1.1 bytes a symbol and 20 bytes a sequence, in float64."""
    rng = np.random.default_rng(0)
    sequences = [rng.integers(1, 7, size=n) for n in rng.integers(5, 61, size=20_000)]
    n_symbols, labels = sum(map(len, sequences)), np.zeros(20_000, dtype=int)
    labels[::2] = 1
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()

    dataset = SequenceDataset(sequences, labels)

    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    kept = after - before + dataset.labels.nbytes  # PyTorch's memory is not traced
    assert kept < 1.1 * n_symbols + 20 * len(sequences)


def test_many_sequences_are_flattened_quickly():
    """Two hundred thousand lists in a fraction of a second each hundred thousand."""
    sequences = [[1, 6, 3, 2, 5]] * 200_000
    started = time.process_time()

    flatten(sequences, vocab_size=7)

    assert time.process_time() - started < 1.5


@given(sequences=ragged)
def test_rows_are_padded_as_collate_fn_pads_them(sequences):
    """A batch made at once is the batch made pair by pair."""
    symbols, offsets = flatten(sequences, vocab_size=7)
    batch = [(torch.tensor(s), torch.tensor(0.0)) for s in sequences]

    padded = pad_rows(symbols, offsets[:-1], np.diff(offsets))

    assert torch.equal(padded, collate_fn(batch)[0])
    assert padded.dtype == torch.int64


FLAT, OFFSETS = np.array([1, 6, 3], dtype=np.uint8), np.array([0, 2, 3])


@pytest.mark.parametrize(
    ("symbols", "offsets", "error", "message"),
    [
        ([1, 6, 3], OFFSETS, TypeError, "symbols is list; it must be an array of whole numbers"),
        (FLAT * 1.0, OFFSETS, TypeError, "symbols is float64; it must be an array of whole"),
        (FLAT, [0, 2, 3], TypeError, "offsets is list; it must be an array of whole numbers"),
        (FLAT, OFFSETS > 0, TypeError, "offsets is bool; it must be an array of whole numbers"),
        (FLAT[None], OFFSETS, ValueError, r"symbols has shape \(1, 3\); it must be one-dim"),
        (FLAT, OFFSETS[None], ValueError, r"offsets has shape \(1, 3\); it must be one-dim"),
        (np.ma.array(FLAT, mask=[0, 1, 0]), OFFSETS, ValueError, "symbols has shape .* whole"),
        (FLAT, np.array([0]), ValueError, "offsets holds 1 positions; it must begin with 0 and"),
        (FLAT, np.array([1, 3]), ValueError, "offsets holds 2 positions; it must begin with 0"),
        (FLAT, np.array([0, 2]), ValueError, "offsets holds 2 positions; .* end with 3, the numb"),
        (FLAT, np.array([0, 2, 2, 3]), ValueError, r"offsets\[2\] is 2 after 2; offsets must rise"),
        (FLAT, np.array([0, 3, 2, 3]), ValueError, r"offsets\[2\] is 2 after 3; offsets must rise"),
        (FLAT + 1, OFFSETS, ValueError, r"symbols\[1\] is 7; symbols must be 1..6 \(0 is kept"),
        (FLAT - 1, OFFSETS, ValueError, r"symbols\[0\] is 0; symbols must be 1..6 \(0 is kept"),
        (np.array([1, -1, 3]), OFFSETS, ValueError, r"symbols\[1\] is -1; symbols must be 1..6"),
    ],
)
def test_flat_symbols_that_are_none_are_named(symbols, offsets, error, message):
    """The message says which array, which position and what is allowed."""
    with pytest.raises(error, match=message):
        check_flat(symbols, offsets, vocab_size=7)


def test_every_chunk_is_looked_at(monkeypatch):
    """A wrong symbol in the last chunk is found, at its place in the whole."""
    monkeypatch.setattr(storage, "CHUNK", 2)
    symbols = np.array([1, 2, 3, 4, 9], dtype=np.uint8)

    with pytest.raises(ValueError, match=r"symbols\[4\] is 9"):
        check_flat(symbols, np.array([0, 5]), vocab_size=7)
    assert check_flat(symbols, np.array([0, 5]), vocab_size=10).tolist() == [0, 5]


def test_unsigned_offsets_that_fall_are_noticed():
    """Their difference would be a huge positive number."""
    offsets = np.array([0, 3, 1, 3], dtype=np.uint64)

    with pytest.raises(ValueError, match=r"offsets\[2\] is 1 after 3"):
        check_flat(np.array([1, 2, 3]), offsets, vocab_size=7)
    assert check_flat(FLAT, OFFSETS.astype(np.uint64), vocab_size=7).dtype == np.int64
