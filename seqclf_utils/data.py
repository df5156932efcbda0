"""From sequences to batches; built in notebooks 01 (splits) and 03 (dataset and collate_fn)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from sklearn.model_selection import train_test_split
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset, Subset

from seqclf_utils.extras import arguments
from seqclf_utils.extras.batching import LengthBatchSampler
from seqclf_utils.validation import check_labels, check_sequences, checked

PAD_IDX = 0
VOCAB_SIZE = 7  # padding + symbols 1..6


class SplitIndices(NamedTuple):
    """Positions of the training, validation and test sets, as sorted int64 arrays of shape (n,)."""

    train_idx: np.ndarray
    val_idx: np.ndarray
    test_idx: np.ndarray


@checked(arguments.check_split, after=arguments.check_parts, explain=arguments.explain_split)
def split_indices(
    labels: Sequence[float],
    *,
    val_fraction: float = 0.2,
    test_fraction: float = 0.2,
    groups: Sequence | None = None,
    seed: int,
) -> SplitIndices:
    """Split positions 0..N - 1 into a training, a validation and a test set.

    Args:
        labels: Labels, shape (N,), each 0 or 1; every set holds both labels in the same proportion.
        val_fraction: Share of the sequences in the validation set, between 0 and 1.
        test_fraction: Share of the sequences in the test set, between 0 and 1.
        groups: Source of each sequence (a person, a machine, a duplicated text), shape (N,). All
            sequences of a group are put into the same set, and the sizes of the sets are then as
            close to the fractions as the groups allow.
        seed: Seed of the shuffle; the same seed gives the same split.

    Returns:
        Three disjoint index arrays that together hold every position once.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If a fraction is out of range, a set would be empty or lack a label, or labels
            and groups do not match.

    Example:
        >>> splits = split_indices([0, 1] * 5, seed=0)
        >>> len(splits.train_idx), len(splits.val_idx), len(splits.test_idx)
        (6, 2, 2)
    """
    labels = np.asarray(labels)
    if groups is None:
        parts = split_by_sequence(labels, val_fraction, test_fraction, seed)
    else:
        parts = split_by_group(labels, groups, val_fraction, test_fraction, seed)
    return SplitIndices(*(np.sort(part) for part in parts))


def split_by_sequence(
    labels: np.ndarray, val_fraction: float, test_fraction: float, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Split off the test set, then the validation set, each with both labels in proportion.

    Args:
        labels: Labels, shape (N,), each 0 or 1.
        val_fraction: Share of the sequences in the validation set, between 0 and 1.
        test_fraction: Share of the sequences in the test set, between 0 and 1.
        seed: Seed of the shuffle.

    Returns:
        Positions of the training, validation and test sets, int64, shuffled.
    """
    n_val, n_test = round(val_fraction * len(labels)), round(test_fraction * len(labels))
    rest, test_idx = train_test_split(
        np.arange(len(labels)), test_size=n_test, stratify=labels, random_state=seed
    )
    train_idx, val_idx = train_test_split(
        rest, test_size=n_val, stratify=labels[rest], random_state=seed
    )
    return train_idx, val_idx, test_idx


def deal_groups(
    shares: np.ndarray, wanted: np.ndarray, seed: Sequence[int]
) -> tuple[np.ndarray, float]:
    """Deal groups in random order, each to the set that most lacks the group's labels.

    Args:
        shares: Share of each label's sequences that each group holds, shape (groups, 2).
        wanted: Share that each set should hold, shape (3, 1).
        seed: Seed of the order.

    Returns:
        The set of each group, 0, 1 or 2, int64, shape (groups,); and the smallest ratio of the
        share that a set holds to the share that it should hold.
    """
    set_of, dealt = np.zeros(len(shares), dtype=int), np.zeros((3, 2))
    for group in np.random.default_rng(seed).permutation(len(shares)):
        lacking = 1 - dealt / wanted  # (3, 2): 1 if a set has nothing yet, 0 if it is full
        set_of[group] = np.argmax(lacking @ shares[group])
        dealt[set_of[group]] += shares[group]
    return set_of, (dealt / wanted).min()


def split_by_group(
    labels: np.ndarray, groups: Sequence, val_fraction: float, test_fraction: float, seed: int
) -> list[np.ndarray]:
    """Deal whole groups to the three sets 20 times and keep the fairest deal.

    scikit-learn's `StratifiedGroupKFold` also keeps groups whole, but its folds may lack the rarer
    label if only a few groups hold it.

    Args:
        labels: Labels, shape (N,), each 0 or 1.
        groups: Source of each sequence, shape (N,), at least 3 different sources.
        val_fraction: Share of the sequences in the validation set, between 0 and 1.
        test_fraction: Share of the sequences in the test set, between 0 and 1.
        seed: Seed of the shuffle.

    Returns:
        Positions of the training, validation and test sets, int64; no group is in two sets.
    """
    wanted = np.array([[1 - val_fraction - test_fraction], [val_fraction], [test_fraction]])
    _, group_of = np.unique(groups, return_inverse=True)
    shares = pd.crosstab(group_of, labels, normalize="columns").to_numpy()  # (groups, 2)
    best = -1.0
    for attempt in range(20):
        set_of, fairness = deal_groups(shares, wanted, seed=[seed, attempt])
        if fairness > best:
            best, fairest = fairness, set_of
    return [np.flatnonzero(fairest[group_of] == part) for part in range(3)]


class SequenceDataset(Dataset):
    """Sequences of symbols as unpadded tensors, each with a binary label.

    Args:
        sequences: Lists, arrays or tensors of symbols 1..vocab_size - 1, of any length.
        labels: Labels, shape (N,), each 0 or 1.
        vocab_size: Number of symbols including padding (0).

    Raises:
        TypeError: If `sequences` is not a list of sequences.
        ValueError: If a sequence is empty, a symbol or a label is out of range, or there is not
            exactly one label for each sequence.

    Example:
        >>> dataset = SequenceDataset([[1, 6], [3]], [1, 0])
        >>> len(dataset), dataset[0]
        (2, (tensor([1, 6]), tensor(1.)))
    """

    def __init__(
        self, sequences: Sequence[Sequence], labels: Sequence, *, vocab_size: int = VOCAB_SIZE
    ) -> None:
        symbols, lengths = check_sequences(sequences, vocab_size=vocab_size)
        labels = check_labels(labels, n_sequences=len(lengths))
        # Clones, because pickling a view would write the whole array each time.
        self.sequences = [s.clone() for s in torch.from_numpy(symbols).split(lengths.tolist())]
        self.labels = torch.tensor(labels, dtype=torch.get_default_dtype())  # (N,)

    def __len__(self) -> int:
        """Return the number of sequences."""
        return len(self.sequences)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Return one sequence, int64, shape (L_i,), and its label, float, shape ()."""
        return self.sequences[index], self.labels[index]


@checked(explain=arguments.explain_collate)
def collate_fn(batch: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor, Tensor]:
    """Pad the sequences of one batch to equal length, and keep their true lengths.

    Args:
        batch: Pairs of a sequence, int64, shape (L_i,), and its label, float, shape ().

    Returns:
        Padded sequences, int64, shape (N, L), where L is the length of the longest sequence; true
        lengths, int64 on the CPU, shape (N,); labels, float, shape (N,).

    Raises:
        TypeError: If `batch` does not hold pairs of tensors.
        ValueError: If `batch` is empty.

    Example:
        >>> padded, lengths, labels = collate_fn(
        ...     [(torch.tensor([1, 6]), torch.tensor(1.0)), (torch.tensor([3]), torch.tensor(0.0))]
        ... )
        >>> padded
        tensor([[1, 6],
                [3, 0]])
        >>> lengths
        tensor([2, 1])
    """
    sequences, labels = zip(*batch)  # noqa: B905
    padded = pad_sequence(sequences, batch_first=True, padding_value=PAD_IDX)  # (N, L)
    lengths = torch.tensor([len(sequence) for sequence in sequences])  # (N,)
    return padded, lengths, torch.stack(labels)  # (N, L), (N,), (N,)


@checked(arguments.check_loaders)
def make_loaders(
    sequences: Sequence[Sequence[int]],
    labels: Sequence[float],
    splits: SplitIndices,
    *,
    batch_size: int = 16,
    vocab_size: int = VOCAB_SIZE,
    similar_lengths: bool = False,
    seed: int,
) -> tuple[DataLoader, DataLoader, DataLoader]:
    """Build the data loaders for the three sets; only the training loader shuffles.

    Args:
        sequences: All sequences of symbols 1..vocab_size - 1.
        labels: All labels, shape (N,), each 0 or 1.
        splits: Positions of the three sets, as `split_indices` returns them.
        batch_size: Sequences per batch, at least 1; the last batch of an epoch may be smaller.
        vocab_size: Number of symbols including padding (0).
        similar_lengths: If True, shuffle the training sequences into batches of similar length
            (`LengthBatchSampler`), which need less padding.
        seed: Seed of the shuffle. The batches differ from epoch to epoch, but new loaders with the
            same seed repeat the same series of batches.

    Returns:
        train_loader, val_loader, test_loader.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If sequences, labels or positions are not valid.

    Example:
        >>> splits = split_indices([0, 1] * 5, seed=0)
        >>> loaders = make_loaders([[1, 6]] * 10, [0, 1] * 5, splits, batch_size=4, seed=0)
        >>> [len(loader) for loader in loaders]
        [2, 1, 1]
    """
    batch_size = int(batch_size)  # DataLoader refuses NumPy's integers
    generator = torch.Generator().manual_seed(int(seed))
    dataset = SequenceDataset(sequences, labels, vocab_size=vocab_size)
    positions = arguments.check_indices(splits, n_sequences=len(dataset))
    train, val, test = (Subset(dataset, part) for part in positions)
    order = {"batch_size": batch_size, "shuffle": True}
    if similar_lengths:
        lengths = [len(dataset.sequences[i]) for i in positions[0]]
        order = {"batch_sampler": LengthBatchSampler(lengths, batch_size, generator=generator)}
    train_loader = DataLoader(train, collate_fn=collate_fn, generator=generator, **order)
    options = {"batch_size": batch_size, "collate_fn": collate_fn}
    return train_loader, DataLoader(val, **options), DataLoader(test, **options)
