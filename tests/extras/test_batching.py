"""Batches of sequences with similar lengths, and moving batches to a device."""

import itertools

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqclf_utils.extras.batching import DeviceLoader, LengthBatchSampler

LENGTHS = np.random.default_rng(0).permutation(100) + 1  # all different
BATCH = (torch.tensor([[3, 0]]), torch.tensor([1]), torch.tensor([1.0]))


def sampler(lengths, seed=0, **options):
    """Build a sampler with its own generator."""
    generator = torch.Generator().manual_seed(seed)
    return LengthBatchSampler(lengths, **{"batch_size": 4, "generator": generator} | options)


# ------------------------------------------------------------------------ LengthBatchSampler


@given(
    lengths=st.lists(st.integers(1, 60), min_size=1, max_size=200),
    batch_size=st.integers(1, 9),
    window=st.integers(1, 9),
    seed=st.integers(0, 99),
)
def test_every_sequence_is_in_one_batch_of_an_epoch(lengths, batch_size, window, seed):
    """Each sequence is in one batch, at most one batch is smaller, and len() counts the batches."""
    batches = sampler(lengths, seed, batch_size=batch_size, window=window)

    for _ in range(2):
        found = list(batches)
        assert sorted(itertools.chain(*found)) == list(range(len(lengths)))
        assert len(found) == len(batches)
        assert sorted(map(len, found))[1:] == [batch_size] * (len(found) - 1)


def test_batches_hold_similar_lengths():
    """Within a window, batches do not overlap in length and come in random order."""
    ranges = [(LENGTHS[batch].min(), LENGTHS[batch].max()) for batch in sampler(LENGTHS, window=25)]

    assert all(high < low for (_, high), (low, _) in itertools.pairwise(sorted(ranges)))
    assert ranges not in (sorted(ranges), sorted(ranges, reverse=True))


def test_windows_are_shuffled():
    """Two windows have different sequences, and each window has both short and long sequences."""
    batches = list(sampler(LENGTHS, window=5))

    first, second = (LENGTHS[list(itertools.chain(*batches[k : k + 5]))] for k in (0, 5))
    assert not set(first) & set(second)
    assert min(first) < max(second)
    assert min(second) < max(first)


def test_windows_have_25_batches_by_default():
    """With the default window of 25 batches, over 95 percent of the time steps are real."""
    lengths = np.random.default_rng(0).integers(5, 61, size=2_000)

    batches = list(sampler(lengths, batch_size=16))

    assert lengths.sum() / sum(len(batch) * lengths[batch].max() for batch in batches) > 0.95
    assert batches == list(sampler(lengths, batch_size=16, window=25))


def test_without_a_generator_the_seed_is_that_of_pytorch():
    """Without a generator, `torch.manual_seed` fixes the order."""
    batches = LengthBatchSampler(LENGTHS, batch_size=4)
    torch.manual_seed(0)
    first = list(batches)
    torch.manual_seed(0)

    assert list(batches) == first


def test_windows_are_sorted_lazily():
    """Windows are sorted one at a time, so that the first batch comes without delay."""
    batches, looked_up = sampler([1, 2, 3, 4] * 1000, window=2), []

    class Counting:
        """Lengths that record which positions are read."""

        def __len__(self):
            return 4000

        def __getitem__(self, positions):
            looked_up.extend(positions)
            return torch.ones(len(positions))

    batches.lengths = Counting()
    next(iter(batches))

    assert len(looked_up) == 8


@pytest.mark.parametrize("kind", [np.uint8, torch.tensor, lambda x: pd.Series(x, range(7, 10))])
def test_lengths_come_in_any_container(kind):
    """Lengths can be in any container; a Series is read by position, not by index."""
    assert sorted(*sampler(kind([5, 1, 3]))) == [0, 1, 2]
    assert list(sampler(kind([5, 1, 3]), batch_size=10**9, window=10**9)) == [[1, 2, 0]]


def test_many_and_long_sequences():
    """Positions and lengths above 65,535 do not overflow."""
    lengths = np.ones(70_000, dtype=np.int64)
    lengths[[65_536, 69_999]] = 65_537

    batches = list(sampler(lengths, batch_size=2, window=35_000))

    assert sorted(itertools.chain(*batches)) == list(range(70_000))
    assert sorted(next(batch for batch in batches if 69_999 in batch)) == [65_536, 69_999]


# ------------------------------------------------------------------------------ DeviceLoader


def test_symbols_and_labels_move_and_lengths_stay():
    """Symbols and labels move to the device; lengths stay on the CPU ("meta" mimics a GPU)."""
    loader = DeviceLoader([BATCH] * 3, "meta")

    assert len(loader) == 3
    for padded, lengths, labels in loader:
        assert (padded.device.type, padded.shape, padded.dtype) == ("meta", (1, 2), torch.int64)
        assert lengths is BATCH[1]
        assert (labels.device.type, labels.shape, labels.dtype) == ("meta", (1,), torch.float32)


def test_batches_on_the_same_device_are_not_copied():
    """Batches that are already on the device are passed through without a copy."""
    loader = DeviceLoader([BATCH], torch.device("cpu"))

    for _ in range(2):
        assert all(ours is given for ours, given in zip(*loader, BATCH, strict=True))
