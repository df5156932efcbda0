"""Flat storage: the same batches as `SequenceDataset`, with one byte per symbol."""

import pickle
import sys
import tracemalloc

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples
from torch.utils.data import DataLoader

from seqclf_utils import FlatDataset, LengthBatchSampler, SequenceDataset, collate_fn, flatten
from seqclf_utils.extras import arguments
from seqclf_utils.validation import check_sequences

SYMBOLS, OFFSETS, LABELS = np.array([1, 6, 3], dtype=np.uint8), np.array([0, 2, 3]), [1, 0]
ragged = st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=9), min_size=1, max_size=8)


def assert_same_batch(found, expected):
    """Assert that two batches have equal tensors with equal dtypes."""
    torch.testing.assert_close(list(found), list(expected), rtol=0, atol=0)


@pytest.fixture
def mapped(tmp_path):
    """Return a dataset with memory-mapped symbols."""
    np.save(tmp_path / "symbols.npy", SYMBOLS)
    return FlatDataset(np.load(tmp_path / "symbols.npy", mmap_mode="r"), OFFSETS, LABELS)


@examples(25)
@given(ragged, st.randoms(use_true_random=False))
def test_batches_are_those_of_the_list_of_tensors(sequences, random):
    """For any indices, batches equal those of SequenceDataset and collate_fn."""
    labels = [random.randint(0, 1) for _ in sequences]
    dataset = FlatDataset(*flatten(sequences, vocab_size=7), labels)
    listed = SequenceDataset(sequences, labels)
    indices = [random.randrange(-len(sequences), len(sequences)) for _ in range(5)]

    assert len(dataset) == len(sequences)
    assert_same_batch(dataset[indices], collate_fn([listed[i] for i in indices]))


@pytest.mark.parametrize("kind", [list, np.array, np.uint64, torch.tensor, pd.Series])
def test_sequences_are_flattened_from_any_container(kind):
    """Sequences in any container become an array of symbols and an array of offsets."""
    symbols, offsets = flatten([kind([1, 6]), kind([3])], vocab_size=7)

    assert (symbols.tolist(), symbols.dtype) == ([1, 6, 3], np.uint8)
    assert (offsets.tolist(), offsets.dtype) == ([0, 2, 3], np.int64)


@pytest.mark.parametrize(
    ("vocab_size", "dtype"), [(256, "u1"), (257, "u2"), (65_536, "u2"), (65_537, "u4")]
)
def test_symbols_are_as_small_as_the_vocabulary_allows(vocab_size, dtype):
    """Symbols have the smallest unsigned dtype that can hold the largest symbol."""
    symbols, offsets = flatten([[vocab_size - 1, 1]], vocab_size=vocab_size)

    assert symbols.dtype == np.dtype(dtype)
    padded, _, _ = FlatDataset(symbols, offsets, [1], vocab_size=vocab_size)[[0]]
    assert padded.tolist() == [[vocab_size - 1, 1]]


@pytest.mark.parametrize("dtype", [np.int32, np.uint64])
def test_long_sequences_and_late_offsets_are_read(dtype):
    """Lengths and offsets above 65,535 do not overflow."""
    long = np.arange(70_000) % 6 + 1
    symbols, offsets = flatten([long, [5, 2], long[1:]], vocab_size=7)
    dataset = FlatDataset(symbols, offsets.astype(dtype), [1, 0, 1])

    padded, lengths, _ = dataset[[2, 1]]

    assert dataset.offsets.dtype == np.int64  # because there may be more than 2**32 symbols
    assert (lengths.tolist(), lengths.dtype) == ([69_999, 2], torch.int64)
    np.testing.assert_array_equal(padded[0], long[1:])
    assert (padded[1, :2].tolist(), padded[1].sum()) == ([5, 2], 7)


def test_labels_are_copied_in_the_default_dtype(settings_kept):
    """Labels get the default dtype and are copied, so changing the input has no effect."""
    torch.set_default_dtype(torch.float64)
    labels = np.array([1.0, 0.0])
    datasets = [FlatDataset(SYMBOLS, OFFSETS, kind) for kind in (labels, pd.Series(LABELS, [7, 8]))]

    labels[0] = 0.0

    for dataset in datasets:
        assert (dataset.labels.tolist(), dataset.labels.dtype) == ([1, 0], torch.float64)


def test_symbols_are_checked_chunk_by_chunk(monkeypatch):
    """Symbols may fill most of the memory, so they are not copied, not even during checks."""
    monkeypatch.setattr(arguments, "CHUNK", 2_000)
    symbols, offsets = np.ones(100_001, dtype=np.uint8), np.array([0, 100_001])
    symbols[-1] = 9
    symbols.flags.writeable = False
    with pytest.raises(ValueError, match=r"symbols\[100000\] is 9; it must be at most 6"):
        FlatDataset(symbols, offsets, [1])
    tracemalloc.start()

    dataset = FlatDataset(symbols, offsets, [1], vocab_size=10)

    assert tracemalloc.get_traced_memory()[1] < 50_000
    tracemalloc.stop()
    assert dataset.symbols is symbols


def test_there_must_be_sequences_with_a_label_each():
    """Too few labels and empty arrays are rejected."""
    with pytest.raises(ValueError, match=r"len\(labels\) is 1; it must be 2"):
        FlatDataset(SYMBOLS, OFFSETS, [1])
    with pytest.raises(ValueError, match=r"offsets is array\(\[0\]\); it must be N"):
        FlatDataset(SYMBOLS[:0], OFFSETS[:1], [])


def test_ordinary_sequences_are_flattened_together(monkeypatch):
    """Ordinary sequences are validated together, not one by one."""
    monkeypatch.setattr("seqclf_utils.validation.check_each", None)

    assert check_sequences([[1, 6], [3]], vocab_size=7)[0].tolist() == [1, 6, 3]


def test_memory_maps_are_pickled_by_path(mapped):
    """A pickled memory map stores the path, not the symbols, and is reopened read-only."""
    symbols = pickle.loads(pickle.dumps(mapped)).symbols

    assert isinstance(mapped.__getstate__()["symbols"], tuple)
    assert isinstance(symbols, np.memmap)
    assert (symbols.tolist(), symbols.mode, symbols.offset) == ([1, 6, 3], "r", 128)
    assert isinstance(mapped.symbols, np.memmap)


@pytest.mark.parametrize("step", [slice(1, 4), slice(None, None, 2), slice(None, None, -2)])
@pytest.mark.parametrize("kind", [np.asanyarray, np.asarray, np.copy, np.int64])
def test_arrays_and_parts_of_memory_maps_are_pickled_whole(kind, step, tmp_path):
    """Arrays and parts of memory maps are pickled with their data, not by path."""
    np.save(tmp_path / "symbols.npy", np.array([2, 1, 6, 3, 5], dtype=np.uint8))
    symbols = np.load(tmp_path / "symbols.npy", mmap_mode="r")
    dataset = FlatDataset(kind(symbols[step]), OFFSETS, LABELS)

    pickled = pickle.loads(pickle.dumps(dataset))

    assert type(pickled.symbols) is np.ndarray
    assert_same_batch(pickled[[1, 0]], dataset[[1, 0]])


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_workers_read_the_same_batches(mapped):
    """Two worker processes yield the same batches as one process, in the same order."""
    sampler = LengthBatchSampler(
        mapped.lengths, 1, generator=torch.Generator().manual_seed(0), window=1
    )
    context = "fork" if sys.platform == "linux" else "spawn"
    options = {"batch_size": None, "num_workers": 2, "multiprocessing_context": context}

    batches = list(DataLoader(mapped, sampler=sampler, **options))

    sampler.generator.manual_seed(0)
    order = list(sampler)
    assert len(batches) == 2
    for found, indices in zip(batches, order, strict=True):
        assert_same_batch(found, mapped[indices])
