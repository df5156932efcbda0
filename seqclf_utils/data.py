"""From sequences and labels to batches: index splits, dataset, collate function, data loaders."""

import operator
import sys
from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np
import torch
from sklearn.model_selection import StratifiedGroupKFold, train_test_split
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset, Subset

from seqclf_utils.extras.batching import LengthBatchSampler, WholeBatch
from seqclf_utils.extras.flat import check_flat, flatten, pad_rows
from seqclf_utils.validation import (
    check_count,
    check_flag,
    check_fractions,
    check_groups,
    check_label_counts,
    check_labels,
    check_pairs,
    check_positions,
    check_seed,
    check_sides,
    check_vocab_size,
)

PAD_IDX = 0
VOCAB_SIZE = 7  # padding + symbols 1..6


class SplitIndices(NamedTuple):
    """Which sequences belong to which side; each part int64, sorted, shape (n,)."""

    train_idx: np.ndarray
    val_idx: np.ndarray
    test_idx: np.ndarray


def split_indices(
    labels: Sequence[float],
    *,
    val_fraction: float = 0.2,
    test_fraction: float = 0.2,
    groups: Sequence | None = None,
    seed: int,
) -> SplitIndices:
    """Split positions 0..N - 1 into train, validation and test, both labels in proportion.

    Args:
        labels: Labels, shape (N,), each 0 or 1.
        val_fraction: Share of the sequences for validation, between 0 and 1.
        test_fraction: Share of the sequences for the test, between 0 and 1.
        groups: Source of each sequence (a person, a machine, a duplicated text), shape (N,).
            With groups, all sequences of one group land on the same side; sizes and label shares
            are then near the request, not always as near as the groups would allow.
        seed: Seed of the shuffle; the same seed gives the same split.

    Returns:
        Three disjoint index arrays that together hold every position once.

    Raises:
        TypeError: If a fraction is not a float, the seed not whole, or groups have no order.
        ValueError: If a fraction is out of range, the fractions leave nothing for training, a
            side would lack one of the labels, or labels and groups do not fit together.

    Example:
        >>> splits = split_indices([0, 1] * 5, seed=0)
        >>> len(splits.train_idx), len(splits.val_idx), len(splits.test_idx)
        (6, 2, 2)
    """
    labels = check_labels(labels)
    check_fractions(val_fraction=val_fraction, test_fraction=test_fraction)
    check_seed(seed)
    check_label_counts(labels)
    if groups is None:
        sides = split_by_sequence(labels, val_fraction, test_fraction, seed)
    else:
        groups = check_groups(groups, n_sequences=len(labels))
        sides = split_by_group(labels, groups, val_fraction, test_fraction, seed)
    return check_sides(SplitIndices(*(np.sort(side) for side in sides)), labels)


def split_by_sequence(
    labels: np.ndarray, val_fraction: float, test_fraction: float, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut off the test side, then the validation side, both labels in proportion each time.

    Args:
        labels: Labels, int64, shape (N,), each 0 or 1.
        val_fraction: Share of the sequences for validation, between 0 and 1.
        test_fraction: Share of the sequences for the test, between 0 and 1.
        seed: Seed of the shuffle.

    Returns:
        Positions for training, validation and test, int64, shuffled.

    Raises:
        ValueError: If a side would get fewer than 2 sequences, or lack one of the labels.
    """
    n_val, n_test = round(val_fraction * len(labels)), round(test_fraction * len(labels))
    check_count("number of validation sequences", n_val, minimum=2)
    check_count("number of test sequences", n_test, minimum=2)
    check_count("number of training sequences", len(labels) - n_val - n_test, minimum=2)
    rest, test_idx = train_test_split(
        np.arange(len(labels)), test_size=n_test, stratify=labels, random_state=seed
    )
    check_label_counts(labels[rest], minimum=2)
    train_idx, val_idx = train_test_split(
        rest, test_size=n_val, stratify=labels[rest], random_state=seed
    )
    return train_idx, val_idx, test_idx


def split_by_group(
    labels: np.ndarray, groups: np.ndarray, val_fraction: float, test_fraction: float, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Deal whole groups into 3 to 20 stratified folds, then share out the folds.

    The number of folds is the one whose multiples come closest to the fractions asked for.

    Args:
        labels: Labels, int64, shape (N,), each 0 or 1.
        groups: Source of each sequence, shape (N,), at least 3 different ones.
        val_fraction: Share of the sequences for validation, between 0 and 1.
        test_fraction: Share of the sequences for the test, between 0 and 1.
        seed: Seed of the shuffle.

    Returns:
        Positions for training, validation and test, int64; no group is on two sides.
    """
    fractions = np.array([val_fraction, test_fraction])
    most_folds = min(20, len(np.unique(groups)), np.bincount(labels).min())
    n_folds = min(
        range(3, most_folds + 1),
        key=lambda n: np.abs(np.maximum(1, (fractions * n).round()) / n - fractions).sum().round(9),
    )
    n_val, n_test = np.maximum(1, (fractions * n_folds).round()).astype(int)
    dealer = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    folds = [fold for _, fold in dealer.split(labels, labels, groups)]
    test_idx = np.concatenate(folds[:n_test])
    val_idx = np.concatenate(folds[n_test : n_test + n_val])
    return np.setdiff1d(np.arange(len(labels)), [*test_idx, *val_idx]), val_idx, test_idx


class SequenceDataset(Dataset):
    """Sequences of symbols with a binary label each, as tensors of their own length.

    Args:
        sequences: Sequences of symbols 1..vocab_size - 1: lists, arrays or tensors, lengths in
            tokens may differ.
        labels: Labels, shape (N,), each 0 or 1.
        vocab_size: Number of symbols, padding (0) included.

    Raises:
        TypeError: If `sequences` is not a collection of sequences.
        ValueError: If a sequence is empty, a symbol or a label is out of range, or there is not
            exactly one label per sequence.

    Example:
        >>> dataset = SequenceDataset([[1, 6], [3]], [1, 0])
        >>> len(dataset), dataset[0]
        (2, (tensor([1, 6]), tensor(1.)))
    """

    def __init__(
        self,
        sequences: Sequence[Sequence[int]],
        labels: Sequence[float],
        *,
        vocab_size: int = VOCAB_SIZE,
    ) -> None:
        symbols, offsets = flatten(sequences, vocab_size=vocab_size)
        self._keep(symbols, offsets, labels)

    @classmethod
    def from_flat(
        cls,
        symbols: np.ndarray,
        offsets: np.ndarray,
        labels: Sequence[float],
        *,
        vocab_size: int = VOCAB_SIZE,
    ) -> Self:
        """Build a data set on symbols that are flat already, without copying them.

        Args:
            symbols: All symbols 1..vocab_size - 1, whole numbers, shape (S,), one sequence behind
                the other; a file opened by `np.load(..., mmap_mode="r")` may exceed the memory.
            offsets: Where each sequence begins, and S at the end; whole numbers, shape (N + 1,).
            labels: Labels, shape (N,), each 0 or 1.
            vocab_size: Number of symbols, padding (0) included.

        Returns:
            The data set.

        Raises:
            TypeError: If `symbols` or `offsets` is not an array of whole numbers.
            ValueError: If a symbol or a label is out of range, offsets do not rise from 0 to S, or
                there is not exactly one label per sequence.

        Example:
            >>> flat, offsets = np.array([1, 6, 3], dtype=np.uint8), np.array([0, 2, 3])
            >>> SequenceDataset.from_flat(flat, offsets, [1, 0])[0]
            (tensor([1, 6]), tensor(1.))
        """
        vocab_size = check_vocab_size(vocab_size)
        dataset = cls.__new__(cls)
        offsets = check_flat(symbols, offsets, vocab_size=vocab_size)
        dataset._keep(symbols, offsets, labels)
        return dataset

    def _keep(self, symbols: np.ndarray, offsets: np.ndarray, labels: Sequence[float]) -> None:
        """Keep flat symbols, and a label for each sequence."""
        self.symbols, self.offsets = symbols, offsets
        labels = check_labels(labels, n_sequences=len(offsets) - 1)
        self.labels = torch.tensor(labels, dtype=torch.get_default_dtype())  # (N,)

    @property
    def lengths(self) -> np.ndarray:
        """Length of each sequence in tokens, int64, shape (N,)."""
        return np.diff(self.offsets)

    def __len__(self) -> int:
        """Return the number of sequences."""
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Return one sequence, int64, shape (L_i,), and its label, float, shape ()."""
        index = range(len(self))[operator.index(index)]  # -1 is the last; too far is an IndexError
        symbols = self.symbols[self.offsets[index] : self.offsets[index + 1]]
        return torch.from_numpy(symbols.astype(np.int64)), self.labels[index]

    def __getitems__(self, indices: Sequence[int]) -> WholeBatch:
        """Return the sequences of a batch at once; DataLoader asks for them like this."""
        rows = np.asarray(indices)
        if rows.min() < 0 or rows.max() >= len(self):  # as a list has them: -1 is the last
            rows = np.array([range(len(self))[index] for index in indices])
        starts = self.offsets[rows]  # (N,)
        lengths = self.offsets[rows + 1] - starts  # (N,)
        padded = pad_rows(self.symbols, starts, lengths)  # (N, L)
        return WholeBatch(padded, torch.from_numpy(lengths), self.labels[torch.from_numpy(rows)])


def collate_fn(batch: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor, Tensor]:
    """Pad the sequences of one batch to its longest and remember their true lengths.

    Args:
        batch: Pairs of a sequence, int64, shape (L_i,), and its label, float, shape ().

    Returns:
        Padded sequences, int64, shape (N, L), L the longest of the batch; true lengths, int64 on
        the CPU, shape (N,); labels, float, shape (N,).

    Raises:
        TypeError: If `batch` is not a list of pairs of tensors, int64 and float.
        ValueError: If the batch is empty, or a tensor has another shape.

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
    sequences, labels = zip(*check_pairs(batch), strict=True)
    padded = pad_sequence(sequences, batch_first=True, padding_value=PAD_IDX)  # (N, L)
    lengths = torch.tensor([len(sequence) for sequence in sequences])  # (N,)
    return padded, lengths, torch.stack(labels)  # (N, L), (N,), (N,)


def collate_whole(batch: WholeBatch | Sequence[tuple[Tensor, Tensor]]) -> tuple:
    """Take a batch that was made at once as it is, and pad any other like `collate_fn`.

    Args:
        batch: What a dataset gave for one batch.

    Returns:
        padded (N, L), lengths (N,), labels (N,).
    """
    return batch.tensors if isinstance(batch, WholeBatch) else collate_fn(batch)


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
    """Build the three data loaders; only the training loader shuffles.

    Args:
        sequences: All sequences of symbols 1..vocab_size - 1.
        labels: All labels, shape (N,), each 0 or 1.
        splits: Positions of each side, as `split_indices` returns them.
        batch_size: Sequences a batch, at least 1; the last batch of an epoch may be shorter.
        vocab_size: Number of symbols, padding (0) included.
        similar_lengths: True shuffles the training side into batches of similar length
            (`LengthBatchSampler`), which wastes less on padding.
        seed: Seed of the shuffle; the same seed gives the same batches in every epoch.

    Returns:
        train_loader, val_loader, test_loader.

    Raises:
        TypeError: If `batch_size` or `seed` is not a whole number, or `splits` not three lists.
        ValueError: If the sequences, labels or positions are not valid.

    Example:
        >>> splits = split_indices([0, 1] * 5, seed=0)
        >>> loaders = make_loaders([[1, 6]] * 10, [0, 1] * 5, splits, batch_size=4, seed=0)
        >>> [len(loader) for loader in loaders]
        [2, 1, 1]
    """
    batch_size = check_count("batch_size", batch_size, minimum=1, maximum=sys.maxsize)
    seed = check_seed(seed)
    dataset = SequenceDataset(sequences, labels, vocab_size=vocab_size)
    positions = check_positions(splits, n_sequences=len(dataset))
    train, val, test = (Subset(dataset, side) for side in positions)
    options = {"batch_size": batch_size, "collate_fn": collate_whole}
    generator = torch.Generator().manual_seed(seed)
    train_loader = DataLoader(train, shuffle=True, generator=generator, **options)
    if check_flag("similar_lengths", similar_lengths):
        lengths = dataset.lengths[positions[0]]
        sampler = LengthBatchSampler(lengths, batch_size, generator=generator)
        shuffled = {"batch_sampler": sampler, "generator": generator}
        train_loader = DataLoader(train, **shuffled, collate_fn=collate_whole)
    return train_loader, DataLoader(val, **options), DataLoader(test, **options)
