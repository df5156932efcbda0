"""Splits, dataset, collate function and loaders."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader, Subset

from seqclf_utils import (
    PAD_IDX,
    VOCAB_SIZE,
    SequenceDataset,
    SplitIndices,
    collate_fn,
    make_loaders,
    split_indices,
)
from seqclf_utils.data import collate_whole

SEQUENCES = [[1 + (i + j) % 6 for j in range(1 + i % 7)] for i in range(100)]
LABELS = [0, 1] * 50
SPLITS = split_indices(LABELS, seed=0)

label_lists = st.lists(st.integers(0, 1), min_size=1, max_size=60)
fractions = st.floats(0.05, 0.6)


def assert_is_split(splits, n_sequences):
    """Assert that three sorted int64 arrays together hold 0..n_sequences - 1 once each."""
    assert isinstance(splits, SplitIndices)
    assert {side.dtype for side in splits} == {np.dtype(np.int64)}
    assert sorted(np.concatenate(splits).tolist()) == list(range(n_sequences))
    for side in splits:
        assert (np.diff(side) > 0).all()


def batches_of(loader):
    """Return the batches of one epoch as plain lists."""
    return [[part.tolist() for part in batch] for batch in loader]


# ---------------------------------------------------------------------------- split_indices


@given(label_lists, fractions, fractions, st.integers(0, 9))
def test_split_is_complete_and_in_proportion_or_refused(labels, val, test, seed):
    """Any request ends in a ValueError or in a valid split with both labels in proportion."""
    try:
        splits = split_indices(labels, val_fraction=val, test_fraction=test, seed=seed)
    except ValueError:
        return
    assert_is_split(splits, len(labels))
    assert len(splits.val_idx) == round(val * len(labels))
    assert len(splits.test_idx) == round(test * len(labels))
    for side in splits:
        n_ones = np.take(labels, side).sum()
        assert 0 < n_ones < len(side)
        assert abs(n_ones - len(side) * np.mean(labels)) <= 1


@given(label_lists, fractions, fractions)
def test_refusals_speak_of_what_the_caller_passed(labels, val, test):
    """No message of another library, about arguments the caller never gave, comes through."""
    try:
        split_indices(labels, val_fraction=val, test_fraction=test, seed=0)
    except ValueError as error:
        for foreign in ("train_size", "test_size", "least populated", "n_splits"):
            assert foreign not in str(error)


@pytest.mark.parametrize(
    ("labels", "val", "test"),
    [
        ([0, 1] * 7, 0.45, 0.48),
        ([0, 1] * 10, 0.49, 0.5),
        ([0] * 57 + [1] * 3, 0.2, 0.6),
    ],
    ids=["one left for training", "none left for training", "test takes the rare label"],
)
def test_too_little_left_is_said_in_the_callers_words(labels, val, test):
    """If the sides leave too little for training the message names a side or a label."""
    with pytest.raises(ValueError, match=r"train_idx|training|label [01]"):
        split_indices(labels, val_fraction=val, test_fraction=test, seed=0)


def test_split_sizes_by_default():
    """Without other wishes 60, 20 and 20 percent."""
    assert [len(side) for side in SPLITS] == [60, 20, 20]
    assert_is_split(SPLITS, 100)


def test_validation_and_test_fractions_are_not_swapped():
    """Each fraction sizes its own side, with and without groups."""
    options = {"val_fraction": 0.1, "test_fraction": 0.3, "seed": 0}

    plain = split_indices(LABELS, **options)
    grouped = split_indices(LABELS, groups=np.arange(100), **options)

    assert [len(side) for side in plain] == [60, 10, 30]
    assert [len(side) for side in grouped] == [60, 10, 30]


def test_six_sequences_are_enough():
    """Two on each side, one of each label: the fewest that can be split."""
    splits = split_indices([0, 1] * 3, val_fraction=0.34, test_fraction=0.34, seed=0)

    assert [sorted(np.take([0, 1] * 3, side)) for side in splits] == [[0, 1]] * 3


def test_rare_label_is_on_every_side():
    """With 10 ones among 100 every side gets its share of them, whatever the seed."""
    labels = np.array([1] * 10 + [0] * 90)

    for seed in range(20):
        splits = split_indices(labels, seed=seed)
        assert [int(labels[side].sum()) for side in splits] == [6, 2, 2]


@pytest.mark.parametrize("groups", [None, [i // 4 for i in range(100)]], ids=["plain", "groups"])
def test_seed_fixes_the_split(groups):
    """The same seed gives the same split, another seed another one."""
    first, again, other = (split_indices(LABELS, groups=groups, seed=seed) for seed in (3, 3, 4))

    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(first.test_idx, other.test_idx)
    assert not np.array_equal(first.val_idx, other.val_idx)


def test_split_leaves_the_global_random_numbers_alone():
    """Splitting neither reads nor moves NumPy's global generator."""
    np.random.seed(0)
    expected = np.random.random()

    np.random.seed(0)
    split_indices(LABELS, seed=1)

    assert np.random.random() == expected


@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 12)), min_size=6, max_size=60),
    fractions,
    fractions,
    st.integers(0, 9),
)
def test_no_group_is_on_two_sides(pairs, val, test, seed):
    """With groups a request ends in a ValueError, or every group is on exactly one side."""
    labels, groups = np.transpose(pairs)
    try:
        splits = split_indices(
            labels, val_fraction=val, test_fraction=test, groups=groups, seed=seed
        )
    except ValueError:
        return
    assert_is_split(splits, len(labels))
    sides = [set(groups[side].tolist()) for side in splits]
    assert sum(len(side) for side in sides) == len(set(groups.tolist()))
    assert all(0 < labels[side].sum() < len(side) for side in splits)


@pytest.mark.parametrize("seed", range(10))
def test_groups_keep_sizes_and_label_shares_near(seed):
    """Sixty groups of five with one label in four: sizes and shares come near the request."""
    rng = np.random.default_rng(seed)
    groups = rng.permutation(np.repeat(np.arange(60), 5))
    labels = (rng.random(300) < 0.25).astype(int)

    splits = split_indices(labels, groups=groups, seed=seed)

    for side, share in zip(splits, (0.6, 0.2, 0.2), strict=True):
        assert len(side) / 300 == pytest.approx(share, abs=0.03)
        assert labels[side].mean() == pytest.approx(labels.mean(), abs=0.05)


@pytest.mark.parametrize(
    ("labels", "fraction", "size"),
    [([0, 0, 0, 0, 0, 1] * 5, 0.3, 10), ([0, 1] * 210, 1 / 21, 21)],
    ids=["thirds", "at most 20 folds"],
)
def test_groups_are_dealt_into_the_folds_that_fit_best(labels, fraction, size):
    """One fold of three is nearest to 0.3, where the rare label allows five; 21 are too many."""
    options = {"val_fraction": fraction, "test_fraction": fraction, "seed": 0}

    splits = split_indices(labels, groups=np.arange(len(labels)), **options)

    assert (len(splits.val_idx), len(splits.test_idx)) == (size, size)


def test_groups_that_carry_one_label_each_are_split_in_proportion():
    """A person who is always 0 or always 1 stays whole; both kinds are on every side."""
    groups = np.repeat(np.arange(40), 3)
    labels = groups % 2

    splits = split_indices(labels, groups=groups, seed=0)

    for side in splits:
        assert labels[side].mean() == pytest.approx(0.5, abs=0.1)


def test_groups_may_be_names():
    """Groups of text split like groups of numbers."""
    numbers = [i // 4 for i in range(100)]

    by_number = split_indices(LABELS, groups=numbers, seed=0)
    by_name = split_indices(LABELS, groups=[f"person {n:02}" for n in numbers], seed=0)

    for a, b in zip(by_number, by_name, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kind", [list, np.array, torch.tensor])
def test_labels_may_be_list_array_or_tensor(kind):
    """The split is the same whatever holds the labels."""
    splits = split_indices(kind(LABELS), seed=0)

    for a, b in zip(splits, SPLITS, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("labels", "options", "error", "message"),
    [
        ([0, 1, 2], {}, ValueError, r"labels\[2\] is 2; every label must be 0 or 1"),
        ([0] * 9 + [1] * 2, {}, ValueError, "labels holds 2 sequences with label 1; 3 sides"),
        ([1] * 9, {}, ValueError, "labels holds 0 sequences with label 0; 3 sides"),
        (LABELS, {"val_fraction": 0}, ValueError, "val_fraction is 0; it must lie between 0 and 1"),
        (LABELS, {"test_fraction": 1.0}, ValueError, "test_fraction is 1.0; it must lie"),
        (LABELS, {"test_fraction": "a"}, TypeError, "test_fraction is 'a'; it must be a number"),
        (
            LABELS,
            {"val_fraction": 0.5, "test_fraction": 0.5},
            ValueError,
            r"val_fraction \+ test_fraction is 1; it must be below 1",
        ),
        (LABELS[:10], {"val_fraction": 0.1}, ValueError, "validation sequences is 1; .* least 2"),
        (LABELS[:10], {"test_fraction": 0.1}, ValueError, "test sequences is 1; .* least 2"),
        (
            LABELS[:14],
            {"val_fraction": 0.45, "test_fraction": 0.48},
            ValueError,
            "number of training sequences is 1; it must be at least 2",
        ),
        (LABELS, {"seed": 0.5}, TypeError, "seed is 0.5; it must be a whole number"),
        (LABELS, {"groups": [1, 2]}, ValueError, r"groups has shape \(2,\) for 100 labels"),
        (LABELS, {"groups": LABELS}, ValueError, "groups holds 2 different groups; 3 sides"),
        (
            LABELS,
            {"groups": [0] * 98 + [1, 2]},
            ValueError,
            "(train|val|test)_idx would hold no sequence with label [01]",
        ),
    ],
)
def test_impossible_splits_are_named(labels, options, error, message):
    """The message says which argument is wrong, its value and what is allowed."""
    with pytest.raises(error, match=message):
        split_indices(labels, **{"seed": 0, **options})


# -------------------------------------------------------------------------- SequenceDataset


@pytest.mark.parametrize("kind", [list, np.array, torch.tensor])
def test_dataset_takes_lists_arrays_and_tensors(kind):
    """An item is an int64 tensor of its own length and a float label without dimensions."""
    dataset = SequenceDataset([kind([1, 6, 2]), kind([3])], kind([1, 0]))

    assert len(dataset) == 2
    sequence, label = dataset[0]
    assert (sequence.dtype, sequence.tolist()) == (torch.int64, [1, 6, 2])
    assert (label.shape, label.item()) == (torch.Size([]), 1.0)
    assert dataset[1][0].tolist() == [3]
    assert dataset[1][1].item() == 0.0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_label_dtype_follows_torchs_default(dtype):
    """Labels have the dtype in which the model computes."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        dataset = SequenceDataset([[1]], [1])
    finally:
        torch.set_default_dtype(before)

    assert dataset[0][1].dtype == dtype


@pytest.mark.parametrize("kind", [np.array, torch.tensor])
def test_dataset_keeps_its_own_copy(kind):
    """Changing the input afterwards does not change the dataset."""
    sequences, labels = [kind([1, 2]), kind([3, 4, 5])], kind([0.0, 1.0])
    dataset = SequenceDataset(sequences, labels)

    sequences[0][0] = 6
    labels[0] = 1.0
    sequences.pop()

    assert len(dataset) == 2
    assert dataset[0][0].tolist() == [1, 2]
    assert dataset[0][1].item() == 0.0


def test_an_item_is_found_from_either_end():
    """Like a list: -1 is the last, and a step too far is an IndexError, which ends a loop."""
    dataset = SequenceDataset([[1, 6], [3]], [1, 0])

    assert dataset[-1][0].tolist() == [3]
    assert dataset[-2][0].tolist() == [1, 6]
    assert dataset[torch.tensor(1)][0].tolist() == [3]
    assert [sequence.tolist() for sequence, _ in dataset] == [[1, 6], [3]]
    for index in (2, -3):
        with pytest.raises(IndexError):
            dataset[index]
    with pytest.raises(TypeError):
        dataset[0:1]


def test_a_batch_is_found_from_either_end():
    """In a whole batch, and through a Subset and a DataLoader, -1 is the last as well."""
    dataset = SequenceDataset([[1, 6], [3], [2, 2, 5]], [1, 0, 1])

    batch = dataset.__getitems__([-1, 0, -3])
    assert [sequence.tolist() for sequence, _ in batch] == [[2, 2, 5], [1, 6], [1, 6]]
    (padded, _, labels) = next(iter(DataLoader(Subset(dataset, [-2]), collate_fn=collate_fn)))
    assert (padded.tolist(), labels.tolist()) == ([[3]], [0])
    for indices in ([0, 3], [-4, 0]):
        with pytest.raises(IndexError):
            dataset.__getitems__(indices)


def test_flat_symbols_are_used_where_they_are(tmp_path):
    """A file that is mapped into memory is neither read as a whole nor copied."""
    np.save(tmp_path / "symbols.npy", np.array([1, 6, 3, 2, 2], dtype=np.uint8))
    symbols = np.load(tmp_path / "symbols.npy", mmap_mode="r")
    offsets = np.array([0, 2, 3, 5], dtype=np.int32)

    dataset = SequenceDataset.from_flat(symbols, offsets, [1, 0, 1])

    assert dataset.symbols is symbols
    assert dataset.lengths.tolist() == [2, 1, 2]
    assert [(s.tolist(), y.item()) for s, y in dataset] == [([1, 6], 1), ([3], 0), ([2, 2], 1)]
    padded, lengths, labels = dataset.__getitems__([2, 0]).tensors
    assert padded.tolist() == [[2, 2], [1, 6]]
    assert (lengths.tolist(), labels.tolist()) == ([2, 2], [1, 1])
    dataset[0][0][0] = 5  # an item is a copy: the file is read-only
    assert symbols[0] == 1


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"symbols": [1, 2]}, TypeError, "symbols is list; it must be an array"),
        ({"offsets": np.array([0, 1])}, ValueError, "offsets holds 2 positions; it must begin"),
        ({"labels": [1]}, ValueError, "labels has 1 entries for 2 sequences"),
        ({"vocab_size": 2}, ValueError, r"symbols\[1\] is 2; symbols must be 1..1"),
        ({"vocab_size": 1}, ValueError, "vocab_size is 1; it must be at least 2"),
    ],
)
def test_flat_data_that_cannot_be_is_named(options, error, message):
    """The message says which argument, its value and what is allowed."""
    flat = {"symbols": np.array([1, 2]), "offsets": np.array([0, 1, 2]), "labels": [1, 0]}
    with pytest.raises(error, match=message):
        SequenceDataset.from_flat(**flat | options)


def test_vocabulary_limits_the_symbols():
    """Symbols up to vocab_size - 1 are taken; the default is six symbols and the padding."""
    assert (PAD_IDX, VOCAB_SIZE) == (0, 7)
    assert SequenceDataset([[9]], [0], vocab_size=10)[0][0].tolist() == [9]
    with pytest.raises(ValueError, match=r"sequences\[0\]\[0\] is 7; symbols must be 1..6"):
        SequenceDataset([[7]], [0])


@pytest.mark.parametrize(
    ("sequences", "labels", "error", "message"),
    [
        ([[1], [2, 0]], [0, 1], ValueError, r"sequences\[1\]\[1\] is 0; symbols must be 1..6"),
        ([[1], []], [0, 1], ValueError, r"sequences\[1\] is empty"),
        ([], [], ValueError, "sequences is empty; there must be at least 1 sequence"),
        ([[1], [2]], [0], ValueError, "labels has 1 entries for 2 sequences"),
        ([[1]], [0.5], ValueError, r"labels\[0\] is 0.5; every label must be 0 or 1"),
        ("123", [0], TypeError, "sequences is a str; it must be a list of sequences"),
    ],
)
def test_bad_datasets_are_named(sequences, labels, error, message):
    """The message says which sequence or label is wrong, its value and what is allowed."""
    with pytest.raises(error, match=message):
        SequenceDataset(sequences, labels)


# ------------------------------------------------------------------------------- collate_fn


@given(st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=9), min_size=1, max_size=8))
def test_collate_pads_on_the_right_with_zero(sequences):
    """Each row is its sequence followed by zeros up to the longest of the batch."""
    labels = [float(len(s) % 2) for s in sequences]
    batch = [(torch.tensor(s), torch.tensor(y)) for s, y in zip(sequences, labels, strict=True)]

    padded, lengths, batch_labels = collate_fn(batch)

    longest = max(len(s) for s in sequences)
    assert padded.tolist() == [s + [0] * (longest - len(s)) for s in sequences]
    assert lengths.tolist() == [len(s) for s in sequences]
    assert batch_labels.tolist() == labels
    assert (padded.dtype, lengths.dtype) == (torch.int64, torch.int64)
    assert batch_labels.dtype == torch.get_default_dtype()
    assert batch_labels.shape == (len(sequences),)
    assert lengths.device.type == "cpu"


def test_collate_refuses_an_empty_batch():
    """An empty batch has no longest sequence."""
    with pytest.raises(ValueError, match="batch is empty; it must hold at least 1 sequence"):
        collate_fn([])


def test_a_whole_batch_is_taken_as_it_is():
    """What a dataset padded at once is not padded again; single pairs are."""
    dataset = SequenceDataset([[1, 6], [3]], [1, 0])
    whole = dataset.__getitems__([0, 1])

    assert collate_whole(whole) is whole.tensors
    for found, expected in zip(collate_whole(list(dataset)), whole.tensors, strict=True):
        assert torch.equal(found, expected)


# ----------------------------------------------------------------------------- make_loaders


def sides_of(loaders):
    """Return, for each loader, the (sequence, label) pairs of one epoch in order."""
    sides = []
    for loader in loaders:
        pairs = []
        for padded, lengths, labels in loader:
            for row, length, label in zip(padded, lengths, labels, strict=True):
                pairs.append((row[:length].tolist(), label.item()))
        sides.append(pairs)
    return sides


@pytest.mark.parametrize("options", [{}, {"similar_lengths": True}])
def test_every_sequence_is_seen_once_an_epoch(options):
    """Each loader gives its own side: train in any order, validation and test as split."""
    expected = [[(SEQUENCES[i], LABELS[i]) for i in side] for side in SPLITS]

    for _ in range(2):
        train, val, test = sides_of(make_loaders(SEQUENCES, LABELS, SPLITS, seed=0, **options))
        assert sorted(train) == sorted(expected[0])
        assert (val, test) == (expected[1], expected[2])


def test_batches_are_of_16_and_the_last_is_kept():
    """By default 16 sequences a batch; the rest comes as a shorter last batch."""
    loaders = make_loaders(SEQUENCES, LABELS, SPLITS, seed=0)

    sizes = [[len(labels) for _, _, labels in loader] for loader in loaders]

    assert sizes == [[16, 16, 16, 12], [16, 4], [16, 4]]


@pytest.mark.parametrize("similar_lengths", [False, True])
def test_batches_of_similar_length_are_a_choice(similar_lengths):
    """If asked for, each training batch has its piece of the sorted lengths; else none has."""
    options = {} if not similar_lengths else {"similar_lengths": True}
    in_order = sorted(len(SEQUENCES[i]) for i in SPLITS.train_idx)
    pieces = sorted(in_order[start : start + 16] for start in range(0, 60, 16))

    train_loader = make_loaders(SEQUENCES, LABELS, SPLITS, seed=0, **options)[0]

    assert (sorted(sorted(n.tolist()) for _, n, _ in train_loader) == pieces) is similar_lengths


@pytest.mark.parametrize("batch_size", [1, 7, 1000])
def test_batch_size_is_the_callers(batch_size):
    """Every batch but the last has the size asked for."""
    for loader in make_loaders(SEQUENCES, LABELS, SPLITS, batch_size=batch_size, seed=0):
        sizes = [len(labels) for _, _, labels in loader]
        assert all(size == batch_size for size in sizes[:-1])
        assert 0 < sizes[-1] <= batch_size


def test_loaders_take_any_number_of_symbols():
    """Symbols up to vocab_size - 1 reach the batches; the next one is refused."""
    sequences = [[9, 1, 8]] * 75 + [[2]] * 25

    loaders = make_loaders(sequences, LABELS, SPLITS, vocab_size=10, seed=0)

    largest = {int(padded.max()) for loader in loaders for padded, _, _ in loader}
    assert max(largest) == 9
    with pytest.raises(ValueError, match=r"sequences\[0\]\[0\] is 9; symbols must be 1..8"):
        make_loaders(sequences, LABELS, SPLITS, vocab_size=9, seed=0)
    with pytest.raises(ValueError, match=r"sequences\[0\]\[0\] is 9; symbols must be 1..6"):
        make_loaders(sequences, LABELS, SPLITS, seed=0)


def test_only_training_is_shuffled_anew_each_epoch():
    """Training order is not the split's and differs between epochs; the others never change."""
    train_loader, val_loader, test_loader = make_loaders(SEQUENCES, LABELS, SPLITS, seed=0)

    first, second = sides_of([train_loader, train_loader])

    assert first != [(SEQUENCES[i], LABELS[i]) for i in SPLITS.train_idx]
    assert first != second
    assert batches_of(val_loader) == batches_of(val_loader)
    assert batches_of(test_loader) == batches_of(test_loader)


def test_same_seed_gives_the_same_batches_in_every_epoch():
    """The seed fixes the shuffle, whatever the global generator of PyTorch does meanwhile."""
    torch.manual_seed(1)
    first = make_loaders(SEQUENCES, LABELS, SPLITS, seed=5)[0]
    epochs = [batches_of(first) for _ in range(3)]

    torch.manual_seed(2)
    again = make_loaders(SEQUENCES, LABELS, SPLITS, seed=5)[0]
    for epoch in epochs:
        torch.rand(3)
        assert batches_of(again) == epoch


def test_another_seed_gives_another_order():
    """The seed of the loaders matters."""
    orders = [batches_of(make_loaders(SEQUENCES, LABELS, SPLITS, seed=s)[0]) for s in (5, 6)]

    assert orders[0] != orders[1]


@pytest.mark.parametrize("similar_lengths", [False, True])
def test_building_loaders_leaves_the_global_random_numbers_alone(similar_lengths):
    """Building loaders and shuffling the training side do not move PyTorch's global generator."""
    torch.manual_seed(0)
    expected = torch.rand(1)

    torch.manual_seed(0)
    options = {"similar_lengths": similar_lengths, "seed": 1}
    batches_of(make_loaders(SEQUENCES, LABELS, SPLITS, **options)[0])

    assert torch.rand(1) == expected


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        (SplitIndices([0, 1], [1, 2], [3]), "splits holds position 1 twice; .* must not overlap"),
        (SplitIndices([0, 1], [2], [0]), "splits holds position 0 twice"),
        (SplitIndices([0, 0], [1], [2]), "splits holds position 0 twice"),
        (SplitIndices([0], [1], [4]), r"splits holds position 4; .* must be 0..3"),
        (SplitIndices([-1], [1], [2]), r"splits holds position -1; .* must be 0..3"),
        (SplitIndices([0.0], [1], [2]), "splits holds 0.0; positions must be whole numbers"),
        (SplitIndices([True], [1], [2]), "splits holds True; positions must be whole numbers"),
    ],
)
def test_bad_splits_are_refused(splits, message):
    """A position on two sides, twice on one, or nowhere is named."""
    with pytest.raises(ValueError, match=message):
        make_loaders([[1]] * 4, [0, 1, 0, 1], splits, seed=0)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"batch_size": 0}, ValueError, "batch_size is 0; it must be at least 1"),
        ({"batch_size": 2.5}, TypeError, "batch_size is 2.5; it must be a whole number"),
        ({"vocab_size": 1}, ValueError, "vocab_size is 1; it must be at least 2"),
        ({"vocab_size": 7.0}, TypeError, "vocab_size is 7.0; it must be a whole number"),
        ({"seed": -1}, ValueError, "seed is -1; it must be at least 0"),
        ({"seed": "a"}, TypeError, "seed is 'a'; it must be a whole number"),
        ({"similar_lengths": "no"}, TypeError, "^similar_lengths is 'no'; it must be True or Fal"),
    ],
)
def test_bad_loader_options_are_named(options, error, message):
    """The message says which option is wrong, its value and what is allowed."""
    with pytest.raises(error, match=message):
        make_loaders(SEQUENCES, LABELS, SPLITS, **{"seed": 0, **options})


def test_an_empty_training_side_is_named():
    """A side without sequences is refused by its name, not by the sampler inside."""
    with pytest.raises(ValueError, match=r"train_idx|splits"):
        make_loaders([[1]] * 4, [0, 1, 0, 1], SplitIndices([], [0, 1], [2, 3]), seed=0)


def test_seeds_of_numpy_and_huge_batches_are_fine_or_named():
    """PyTorch takes no np.int64 for a seed, and no loader can count to 2**70."""
    first, second = (
        make_loaders([[1], [2], [3]], [0, 1, 0], ([0, 1], [2], []), batch_size=1, seed=seed)[0]
        for seed in (7, np.uint64(7))
    )
    assert [batch[0].tolist() for batch in first] == [batch[0].tolist() for batch in second]
    with pytest.raises(ValueError, match=f"batch_size is {2**70}; it must be at most"):
        make_loaders([[1], [2], [3]], [0, 1, 0], ([0], [1], [2]), batch_size=2**70, seed=0)
