"""Whole batches read like pairs; other ways to make batches lose and repeat nothing."""

import itertools
import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqclf_utils import (
    LengthBatchSampler,
    LSTMClassifier,
    OnDevice,
    SequenceDataset,
    collate_fn,
    fit,
    make_loaders,
    predict_proba,
)
from seqclf_utils.data import collate_whole
from seqclf_utils.extras.batching import WholeBatch
from seqclf_utils.extras.checkpoints import get_rng_state, set_rng_state

lengths_of = st.lists(st.integers(1, 60), min_size=1, max_size=200)


def sampler(lengths, seed=0, **options):
    """Build a sampler with random numbers of its own."""
    generator = torch.Generator().manual_seed(seed)
    return LengthBatchSampler(lengths, **{"batch_size": 4, "generator": generator} | options)


# ------------------------------------------------------------------------------- WholeBatch


def test_a_whole_batch_reads_like_a_list_of_pairs():
    """Length, items, iteration, and whoever pads it pair by pair gets the same batch."""
    tensors = (torch.tensor([[1, 6], [3, 0]]), torch.tensor([2, 1]), torch.tensor([1.0, 0.0]))
    batch = WholeBatch(*tensors)

    assert len(batch) == 2
    assert [(s.tolist(), y.item()) for s, y in batch] == [([1, 6], 1.0), ([3], 0.0)]
    assert batch[-1][0].tolist() == [3]
    for found, expected in zip(collate_fn(batch), tensors, strict=True):
        assert torch.equal(found, expected)
    assert collate_whole(batch) is batch.tensors


def test_what_is_no_whole_batch_is_padded_pair_by_pair():
    """For a dataset of somebody's own."""
    pairs = [(torch.tensor([1, 6]), torch.tensor(1.0)), (torch.tensor([3]), torch.tensor(0.0))]

    for found, expected in zip(collate_whole(pairs), collate_fn(pairs), strict=True):
        assert torch.equal(found, expected)


def test_loaders_make_whole_batches():
    """The batches of a loader are those that collate_fn makes of the items."""
    sequences, labels = [[1, 6], [3, 3, 3], [2], [5, 1]] * 5, [0, 1] * 10
    splits = (list(range(12)), list(range(12, 16)), list(range(16, 20)))
    dataset = SequenceDataset(sequences, labels)

    loaders = make_loaders(sequences, labels, splits, batch_size=3, seed=0)

    for loader, side in zip(loaders[1:], splits[1:], strict=True):
        rows = [side[k : k + 3] for k in range(0, len(side), 3)]
        expected = [collate_fn([dataset[i] for i in batch]) for batch in rows]
        for found, batch in zip(loader, expected, strict=True):
            for ours, theirs in zip(found, batch, strict=True):
                assert torch.equal(ours, theirs)
                assert ours.dtype == theirs.dtype


# ------------------------------------------------------------------------ LengthBatchSampler


@given(
    lengths=lengths_of,
    batch_size=st.integers(1, 9),
    window=st.integers(1, 9),
    seed=st.integers(0, 99),
)
def test_every_sequence_is_in_one_batch_of_a_pass(lengths, batch_size, window, seed):
    """Nothing is lost or repeated; one batch at most is shorter; the number is the promised one."""
    batches = sampler(lengths, seed, batch_size=batch_size, window=window)

    for _ in range(2):
        found = list(batches)
        assert sorted(itertools.chain(*found)) == list(range(len(lengths)))
        assert len(found) == len(batches)
        assert sum(len(batch) < batch_size for batch in found) <= 1
        assert max(map(len, found)) <= batch_size


def test_batches_hold_similar_lengths():
    """Within a window the batches do not interleave: each ends before the next begins."""
    lengths = np.random.default_rng(0).permutation(100) + 1  # all different

    (window,) = [list(sampler(lengths, window=25))]

    ranges = sorted((lengths[batch].min(), lengths[batch].max()) for batch in window)
    assert all(high < low for (_, high), (low, _) in itertools.pairwise(ranges))
    assert ranges != [(lengths[b].min(), lengths[b].max()) for b in window]  # in another order


def test_windows_are_shuffled_not_sorted_as_a_whole():
    """A batch of the first window may be longer than one of the second, and the other way round."""
    lengths = np.arange(1, 101)

    batches = list(sampler(lengths, window=5))  # five windows of five batches

    first, second = (set(itertools.chain(*batches[k : k + 5])) for k in (0, 5))
    assert not first & second
    assert min(first) < max(second)
    assert min(second) < max(first)


def test_each_pass_is_another_order_and_the_seed_repeats_them():
    """As for an ordinary shuffle."""
    lengths = [3, 1, 2, 5, 4] * 20
    ours, again, other = sampler(lengths), sampler(lengths), sampler(lengths, seed=1)

    passes = [list(ours), list(ours)]

    assert passes[0] != passes[1]
    assert [list(again), list(again)] == passes
    assert list(other) != passes[0]


def test_the_seed_is_that_of_pytorch_without_a_generator():
    """`torch.manual_seed` repeats it, as with every sampler of PyTorch."""
    batches = LengthBatchSampler([1, 2, 3, 4, 5] * 9, batch_size=4)

    torch.manual_seed(0)
    first = list(batches)
    torch.manual_seed(0)

    assert list(batches) == first


def test_padding_is_nearly_gone():
    """On lengths 5 to 60, at batch 16: more than nine of ten time steps are real."""
    lengths = torch.from_numpy(np.random.default_rng(0).integers(5, 61, size=2000))

    def share(batches):
        """Return the share of real symbols among all that the LSTM reads."""
        read = sum(len(batch) * int(lengths[batch].max()) for batch in batches)
        return int(lengths.sum()) / read

    shuffled = torch.randperm(2000).split(16)
    assert share(sampler(lengths, batch_size=16)) > 0.95
    assert share(shuffled) < 0.65


def test_a_window_is_sorted_only_when_its_turn_comes(monkeypatch):
    """The first batch of millions comes at once."""
    sorted_ones = []
    real = torch.Tensor.argsort
    monkeypatch.setattr(
        torch.Tensor, "argsort", lambda *a, **k: sorted_ones.append(1) or real(*a, **k)
    )

    next(iter(sampler([1, 2, 3, 4] * 1000, window=2)))

    assert len(sorted_ones) == 1


def test_loaders_of_similar_length_see_each_training_sequence_once():
    """Only the training side is regrouped; the seed repeats it; validation and test stay."""
    rng = np.random.default_rng(0)
    sequences = [rng.integers(1, 7, size=n).tolist() for n in rng.integers(1, 30, size=100)]
    labels, splits = [0, 1] * 50, (list(range(60)), list(range(60, 80)), list(range(80, 100)))

    plain = make_loaders(sequences, labels, splits, batch_size=8, seed=3)
    ours, again = (
        make_loaders(sequences, labels, splits, batch_size=8, similar_lengths=True, seed=3)
        for _ in range(2)
    )
    epochs = [list(ours[0]) for _ in range(2)]

    for epoch in epochs:
        rows = [
            row[:n].tolist() for x, lengths, _ in epoch for row, n in zip(x, lengths, strict=True)
        ]
        assert sorted(rows) == sorted(sequences[:60])
    assert sum(x.numel() for x, _, _ in epochs[0]) < 0.8 * sum(x.numel() for x, _, _ in plain[0])
    for epoch in epochs:
        torch.rand(3)
        assert [x.tolist() for x, _, _ in again[0]] == [x.tolist() for x, _, _ in epoch]
    for side in (1, 2):
        for batch, expected in zip(ours[side], plain[side], strict=True):
            assert torch.equal(batch[0], expected[0])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"lengths": []}, ValueError, "lengths has shape (0,); it must be (n,), n at least 1"),
        ({"lengths": [[1]]}, ValueError, "lengths has shape (1, 1); it must be (n,), n at least"),
        ({"lengths": [1, 0]}, ValueError, "lengths[1] is 0; it must be at least 1"),
        ({"lengths": [1.5]}, ValueError, "lengths holds float64 values; it must hold whole"),
        ({"batch_size": 0}, ValueError, "batch_size is 0; it must be at least 1"),
        ({"batch_size": 2.0}, TypeError, "batch_size is 2.0; it must be a whole number"),
        ({"batch_size": 2**63}, ValueError, f"batch_size is {2**63}; it must be at most"),
        ({"window": 0}, ValueError, "window is 0; it must be at least 1"),
        ({"window": 2**63}, ValueError, f"window is {2**63}; it must be at most"),
        ({"window": True}, TypeError, "window is True; it must be a whole number"),
        ({"generator": 5}, TypeError, "generator is 5; it must be a torch.Generator or None"),
    ],
)
def test_what_cannot_be_is_named(options, error, message):
    """The message says which argument, its value and what is allowed."""
    with pytest.raises(error, match=re.escape(message)):
        sampler(**{"lengths": [1, 2]} | options)


def test_similar_lengths_is_true_or_false():
    """Anything else is refused."""
    with pytest.raises(TypeError, match="similar_lengths is 'no'; it must be True or False"):
        make_loaders([[1]] * 3, [0, 1, 0], ([0], [1], [2]), similar_lengths="no", seed=0)


def test_huge_batches_and_windows_are_one_batch():
    """However large: window times batch size does not overflow."""
    assert sorted(*sampler([1, 2, 3], batch_size=2**62, window=2**62)) == [0, 1, 2]


# --------------------------------------------------------------------------------- OnDevice


def small_loaders(seed=0):
    """Make three loaders over forty short sequences; the first one shuffles."""
    rng = np.random.default_rng(0)
    sequences = [rng.integers(1, 7, size=n).tolist() for n in rng.integers(1, 9, size=40)]
    splits = (list(range(20)), list(range(20, 30)), list(range(30, 40)))
    return make_loaders(sequences, [0, 1] * 20, splits, batch_size=8, seed=seed)


def test_symbols_and_labels_move_and_lengths_stay():
    """The device meta stands in for a GPU; nothing else about a batch changes."""
    for moved, (padded, lengths, labels) in zip(
        OnDevice(small_loaders()[1], "meta"), small_loaders()[1], strict=True
    ):
        assert [tensor.device.type for tensor in moved] == ["meta", "cpu", "meta"]
        assert moved[0].shape == padded.shape
        assert moved[1].tolist() == lengths.tolist()
        assert (moved[2].shape, moved[2].dtype) == (labels.shape, labels.dtype)


def test_on_the_same_device_nothing_changes():
    """The same training to the last bit, the same predictions, as many batches."""
    histories, predictions = [], []
    for wrap in (lambda loader: loader, lambda loader: OnDevice(loader, torch.device("cpu"))):
        torch.manual_seed(0)
        model, (train, val, test) = LSTMClassifier(), map(wrap, small_loaders())
        assert (len(train), len(val)) == (3, 2)
        histories.append(fit(model, train, val, max_epochs=3).values.tolist())
        predictions.append(predict_proba(model, test).tolist())

    assert histories[0] == histories[1]
    assert predictions[0] == predictions[1]


def test_what_shuffles_is_found_through_it():
    """And a loader that has none of these needs none."""
    loader = small_loaders()[0]
    names = ["sampler", "batch_sampler", "generator"]

    found = [getattr(OnDevice(loader, "cpu"), name) for name in names]

    assert all(one is getattr(loader, name) for one, name in zip(found, names, strict=True))
    assert [getattr(OnDevice([], "cpu"), name) for name in names] == [None] * 3


@pytest.mark.parametrize("similar_lengths", [False, True])
def test_its_shuffle_is_kept_with_a_run(similar_lengths):
    """Where the random numbers stand is found through it: what is put back shuffles the same."""
    loader = OnDevice(small_loaders()[0], "cpu")
    if similar_lengths:
        ours = sampler([1, 2, 3] * 9)
        loader = OnDevice(torch.utils.data.DataLoader(range(27), batch_sampler=ours), "cpu")
    state = get_rng_state([loader])
    first = list(loader.batch_sampler)
    assert list(loader.batch_sampler) != first
    set_rng_state(state, [loader])
    assert list(loader.batch_sampler) == first


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((5, "cpu"), TypeError, "loader is int; it must yield batches"),
        (([], 3), TypeError, "device is 3; it must be the name of a device"),
        (([], "gpu"), ValueError, "device is 'gpu'; it must be a device of PyTorch, such as"),
        (([], None), TypeError, "device is None; it must be the name of a device"),
    ],
)
def test_what_is_no_loader_or_device_is_named(arguments, error, message):
    """Before the first batch is asked for."""
    with pytest.raises(error, match=re.escape(message)):
        OnDevice(*arguments)


def test_batches_of_another_form_are_refused():
    """As everywhere: three tensors."""
    with pytest.raises(TypeError, match="loader yields a int; it must yield three tensors"):
        list(OnDevice([1], "cpu"))
