"""Splits, the dataset, the collate function and loaders."""

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from seqclf_utils import PAD_IDX, VOCAB_SIZE
from seqclf_utils.data import SequenceDataset, SplitIndices, collate_fn, make_loaders, split_indices

SEQUENCES = [[1 + (i + j) % 6 for j in range(1 + i % 7)] for i in range(100)]
LABELS = [0, 1] * 50
SPLITS = split_indices(LABELS, seed=0)
LONG = np.arange(1, 70_001)  # more time steps and symbols than 16 bits can count

fractions = st.floats(0.05, 0.6)
structures = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)).filter(any), max_size=8)


def assert_is_split(splits, labels):
    """Assert that three sorted int64 arrays partition the positions, and each has both labels."""
    assert isinstance(splits, SplitIndices)
    assert sorted(np.concatenate(splits).tolist()) == list(range(len(labels)))
    for part in splits:
        assert part.dtype == np.int64
        assert (np.diff(part) > 0).all()
        assert set(np.take(labels, part)) == {0, 1}


def as_lists(splits):
    """Convert the positions to lists for comparison."""
    return [part.tolist() for part in splits]


def pairs_of(loader):
    """Return one epoch's pairs of sequence and label, in order."""
    return [
        (row[:length].tolist(), label.item())
        for batch in loader
        for row, length, label in zip(*batch, strict=True)
    ]


def loaders_of(sequences=SEQUENCES, **options):
    """Make loaders for the data above."""
    return make_loaders(sequences, LABELS, SPLITS, **{"seed": 0} | options)


# ---------------------------------------------------------------------------- split_indices


@given(
    st.lists(st.integers(0, 1), min_size=1, max_size=60), fractions, fractions, st.integers(0, 9)
)
def test_split_is_complete_and_in_proportion_or_refused(labels, val, test, seed):
    """A split has the requested sizes and both labels in proportion, or the call is rejected."""
    try:
        splits = split_indices(labels, val_fraction=val, test_fraction=test, seed=seed)
    except ValueError as error:
        for foreign in ("train_size", "test_size", "least populated"):
            assert foreign not in str(error)  # scikit-learn's names for its own arguments
        return
    assert_is_split(splits, labels)
    assert len(splits.val_idx) == round(val * len(labels))
    assert len(splits.test_idx) == round(test * len(labels))
    for part in splits:
        assert abs(np.take(labels, part).sum() - len(part) * np.mean(labels)) <= 1


@pytest.mark.parametrize(
    ("labels", "fraction", "n_ones"),
    [([0, 1] * 3, 0.34, [1, 1, 1]), ([1] * 10 + [0] * 90, 0.2, [6, 2, 2])],
    ids=["six sequences", "a rare label"],
)
def test_both_labels_are_in_every_set(labels, fraction, n_ones):
    """Every seed puts both labels into every set, even in the smallest possible data set."""
    for seed in range(20):
        splits = split_indices(labels, val_fraction=fraction, test_fraction=fraction, seed=seed)
        assert [np.take(labels, part).sum() for part in splits] == n_ones


@pytest.mark.parametrize("groups", [None, np.arange(100)], ids=["sequences", "groups"])
def test_sizes_are_those_asked_for(groups):
    """Sets have 60, 20 and 20 percent of the sequences by default, or the requested sizes."""
    default = split_indices(LABELS, groups=groups, seed=0)
    assert [len(part) for part in default] == [60, 20, 20]

    options = {"val_fraction": 0.1, "test_fraction": 0.3, "seed": 0}
    assert [len(part) for part in split_indices(LABELS, groups=groups, **options)] == [60, 10, 30]


@pytest.mark.parametrize("groups", [None, np.arange(100) // 4], ids=["sequences", "groups"])
def test_seed_fixes_the_split(groups):
    """Equal seeds give equal sets, different seeds do not, and NumPy's generator is unused."""
    np.random.seed(0)
    before = np.random.get_state()[1].tolist()

    first, again, other = (split_indices(LABELS, groups=groups, seed=seed) for seed in (3, 3, 4))

    assert as_lists(first) == as_lists(again)
    assert all(a != b for a, b in zip(as_lists(first), as_lists(other), strict=True))
    assert np.random.get_state()[1].tolist() == before


@pytest.mark.parametrize("kind", [np.array, torch.tensor, pd.Series])
def test_labels_and_groups_come_in_any_container(kind):
    """Lists, arrays, tensors and Series give the same split, and so do named groups."""
    groups = [i // 4 for i in range(100)]
    expected = as_lists(split_indices(LABELS, groups=groups, seed=0))
    names = [f"patient {number:02}" for number in groups]

    assert as_lists(split_indices(kind(LABELS), seed=0)) == as_lists(SPLITS)
    assert as_lists(split_indices(kind(LABELS), groups=kind(groups), seed=0)) == expected
    assert as_lists(split_indices(LABELS, groups=names, seed=0)) == expected


@example([(1, 1)] * 3, 0.2, 0.2, 0)
@example([(1, 1), (4, 0), (1, 0), (0, 1), (0, 2)], 0.2, 0.2, 0)
@example([(4, 0)] * 6 + [(0, 1)] * 2, 0.2, 0.2, 0)
@example([(0, 10)] * 3 + [(10, 0)] * 9, 0.2, 0.2, 0)  # three sick patients, one for each set
@given(structures, fractions, st.floats(0.05, 0.35), st.integers(0, 9))
def test_groups_stay_whole_and_are_split_wherever_possible(structure, val, test, seed):
    """Splits keep groups whole and succeed whenever every set can get both labels."""
    groups = np.repeat(np.arange(len(structure)), [sum(counts) for counts in structure])
    labels = np.array([y for counts in structure for y in (0, 1) for _ in range(counts[y])])
    kinds = [(zeros > 0) + 2 * (ones > 0) for zeros, ones in structure]
    is_possible = kinds.count(3) + min(kinds.count(1), kinds.count(2)) >= 3
    try:
        splits = split_indices(
            labels, groups=groups, val_fraction=val, test_fraction=test, seed=seed
        )
    except ValueError:
        assert not is_possible
        return
    assert is_possible
    assert_is_split(splits, labels)
    assert sum(len(set(groups[part])) for part in splits) == len(structure)


@pytest.mark.parametrize("seed", range(5))
def test_groups_keep_sizes_and_label_shares_near(seed):
    """Splits by group come close to the requested sizes and label proportions."""
    rng = np.random.default_rng(seed)
    groups = rng.permutation(np.repeat(np.arange(60), 5))
    labels = (rng.random(300) < 0.25).astype(int)

    splits = split_indices(labels, groups=groups, seed=seed)

    for part, share in zip(splits, (0.6, 0.2, 0.2), strict=True):
        assert len(part) / 300 == pytest.approx(share, abs=0.03)
        assert labels[part].mean() == pytest.approx(labels.mean(), abs=0.05)


@pytest.mark.parametrize("groups", [None, np.arange(70_000) // 700], ids=["sequences", "groups"])
def test_many_sequences_are_split(groups):
    """Splits of more than 65,535 sequences are complete."""
    labels = [0, 1] * 35_000

    assert_is_split(split_indices(labels, groups=groups, seed=0), labels)


# -------------------------------------------------------------------------- SequenceDataset


@pytest.mark.parametrize("kind", [list, tuple, np.array, np.uint8, torch.tensor, pd.Series])
def test_dataset_takes_any_container(kind):
    """Items of any container become an int64 tensor and a scalar float32 label."""
    dataset = SequenceDataset([kind([1, 6, 2]), kind([3])], kind([1, 0]))

    assert len(dataset) == 2
    assert [sequence.tolist() for sequence, _ in dataset] == [[1, 6, 2], [3]]
    assert [label.item() for _, label in dataset] == [1.0, 0.0]
    assert {(sequence.dtype, label.dtype) for sequence, label in dataset} == {
        (torch.int64, torch.float32)
    }
    assert dataset[0][1].shape == ()
    assert dataset[-1][0].tolist() == [3]


def test_labels_have_the_default_dtype(settings_kept):
    """Labels have PyTorch's default dtype."""
    torch.set_default_dtype(torch.float64)

    assert SequenceDataset([[1]], [1])[0][1].dtype == torch.float64


@pytest.mark.parametrize("kind", [np.array, torch.tensor])
def test_dataset_copies_its_input(kind):
    """Changing the input afterwards changes neither sequences nor labels."""
    alone, table, labels = [kind([1, 2])], kind([[1, 2], [3, 4]]), kind([0.0, 1.0])
    dataset, rows = SequenceDataset(alone, labels[:1]), SequenceDataset(table, labels)

    alone[0][0], table[0, 0], labels[0] = 6, 6, 1.0
    alone.clear()

    assert len(dataset) == 1
    for sequence, label in (dataset[0], rows[0]):
        assert (sequence.tolist(), label.item()) == ([1, 2], 0.0)


def test_vocabulary_has_seven_symbols_by_default():
    """The default vocabulary is padding and six faces."""
    assert (PAD_IDX, VOCAB_SIZE) == (0, 7)
    assert SequenceDataset([[1], [6]], [0, 1])[1][0].tolist() == [6]


def test_long_sequences_and_large_symbols_are_kept():
    """A sequence of 70,000 different symbols is stored and padded without overflow."""
    dataset = SequenceDataset([LONG, [3]], [1, 0], vocab_size=70_001)

    padded, lengths, _ = collate_fn([dataset[0], dataset[1]])

    np.testing.assert_array_equal(dataset[0][0], LONG)
    assert (lengths.tolist(), lengths.dtype) == ([70_000, 1], torch.int64)
    np.testing.assert_array_equal(padded[0], LONG)
    assert padded[1].sum() == 3


# ------------------------------------------------------------------------------- collate_fn


@given(st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=9), min_size=1, max_size=8))
def test_collate_pads_on_the_right_with_zero(sequences):
    """Each row is a sequence followed by zeros up to the length of the longest sequence."""
    labels = [float(len(sequence) % 2) for sequence in sequences]

    padded, lengths, batch_labels = collate_fn(
        [(torch.tensor(s), torch.tensor(y)) for s, y in zip(sequences, labels, strict=True)]
    )

    longest = max(map(len, sequences))
    assert padded.tolist() == [s + [0] * (longest - len(s)) for s in sequences]
    assert lengths.tolist() == [len(sequence) for sequence in sequences]
    assert batch_labels.tolist() == labels
    assert (padded.dtype, lengths.dtype, batch_labels.dtype) == (*[torch.int64] * 2, torch.float32)
    assert lengths.device.type == "cpu"


@pytest.mark.parametrize(
    ("batch", "i"),
    [([], None), ([([3], 0)], 0), ([torch.tensor([1, 6])] * 2, 0), ([(torch.ones(1),) * 2, 5], 1)],
)
def test_collate_refuses_other_batches(batch, i):
    """`collate_fn` rejects anything but a non-empty list of pairs of tensors."""
    message = rf"^batch\[{i}\] is .*; it must be .*two tensors$" if batch else r"^len\(batch\) is 0"
    with pytest.raises(TypeError if batch else ValueError, match=message):
        collate_fn(batch)


def test_other_errors_of_collate_come_from_pytorch():
    """An error that is not about pairs of tensors is raised as it is."""
    with pytest.raises(RuntimeError, match="size"):
        collate_fn([(torch.ones(2, n), torch.ones(())) for n in (3, 4)])


# ----------------------------------------------------------------------------- make_loaders


@pytest.mark.parametrize(
    ("options", "sizes"),
    [
        ({}, [[16, 16, 16, 12], [16, 4], [16, 4]]),
        ({"batch_size": 30}, [[30, 30], [20], [20]]),
        ({"batch_size": 10**9, "similar_lengths": True}, [[60], [20], [20]]),
    ],
)
def test_batches_have_the_size_asked_for(options, sizes):
    """Batches have 16 sequences by default, and a smaller last batch holds the remainder."""
    found = [[len(labels) for _, _, labels in loader] for loader in loaders_of(**options)]

    assert found == sizes


@pytest.mark.parametrize("similar_lengths", [False, True])
def test_batches_of_similar_length_are_a_choice(similar_lengths):
    """Training batches group sequences of similar length only if requested."""
    options = {"similar_lengths": True} if similar_lengths else {}
    in_order = sorted(len(SEQUENCES[i]) for i in SPLITS.train_idx)
    pieces = sorted(in_order[start : start + 16] for start in range(0, 60, 16))

    batches = sorted(sorted(lengths.tolist()) for _, lengths, _ in loaders_of(**options)[0])

    assert (batches == pieces) is similar_lengths


@pytest.mark.parametrize("similar_lengths", [False, True])
def test_seed_fixes_the_order_of_all_epochs(similar_lengths):
    """The seed fixes the order, which differs between epochs, and PyTorch's generator is unused."""

    def epochs(seed):
        loader = loaders_of(similar_lengths=similar_lengths, seed=seed)[0]
        return [pairs_of(loader) for _ in range(3)]

    torch.manual_seed(0)
    before = torch.get_rng_state()
    first = epochs(5)

    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(1)
    assert epochs(np.uint64(5)) == first
    assert epochs(6)[0] != first[0]
    assert first[0] != first[1] != first[2]


def test_loaders_take_many_sequences_and_symbols():
    """Loaders handle positions and symbols above 65,535."""
    sequences, labels = [[1]] * 65_536 + [[65_536]], [0] * 65_536 + [1]

    loaders = make_loaders(sequences, labels, ([65_536], [0], []), vocab_size=65_537, seed=0)

    assert list(map(pairs_of, loaders)) == [[([65_536], 1.0)], [([1], 0.0)], []]


def test_a_pickled_dataset_grows_with_the_data():
    """A pickled dataset, as sent to worker processes, grows linearly with the data."""
    few, many = (pickle.dumps(SequenceDataset([[1] * 100] * n, [0] * n)) for n in (10, 100))
    assert len(many) < 12 * len(few)
