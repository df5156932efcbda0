"""From sequences and labels to batches: index splits, dataset, collate function, data loaders."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from sklearn.model_selection import StratifiedGroupKFold, train_test_split
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset, Subset

from seqclf_utils.validation import (
    check_count,
    check_fraction,
    check_labels,
    check_positions,
    check_sequences,
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
            are then as close to the request as the groups allow.
        seed: Seed of the shuffle; the same seed gives the same split.

    Returns:
        Three disjoint index arrays that together hold every position once.

    Raises:
        TypeError: If a fraction is not a number or the seed not whole.
        ValueError: If a fraction is out of range, the fractions leave nothing for training, a
            side would lack one of the labels, or labels and groups do not fit together.

    Example:
        >>> splits = split_indices([0, 1] * 5, seed=0)
        >>> len(splits.train_idx), len(splits.val_idx), len(splits.test_idx)
        (6, 2, 2)
    """
    labels = check_labels(labels)
    val_fraction = check_fraction("val_fraction", val_fraction)
    test_fraction = check_fraction("test_fraction", test_fraction)
    check_count("seed", seed, minimum=0)
    if val_fraction + test_fraction >= 1:
        raise ValueError(
            f"val_fraction + test_fraction is {val_fraction + test_fraction:g}; "
            "it must be below 1 to leave something for training"
        )
    if groups is None:
        splits = _split_sequences(labels, val_fraction, test_fraction, seed)
    else:
        splits = _split_groups(labels, groups, val_fraction, test_fraction, seed)
    _check_both_labels(splits, labels)
    return splits


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
            exactly one label a sequence.

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
        self.sequences = check_sequences(sequences, vocab_size=vocab_size)
        labels = check_labels(labels, n_sequences=len(self.sequences))
        self.labels = torch.tensor(labels, dtype=torch.get_default_dtype())  # (N,)

    def __len__(self) -> int:
        """Return the number of sequences."""
        return len(self.sequences)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Return one sequence, int64, shape (L_i,), and its label, float, shape ()."""
        return self.sequences[index], self.labels[index]


def collate_fn(batch: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor, Tensor]:
    """Pad the sequences of one batch to its longest and remember their true lengths.

    Args:
        batch: Pairs of a sequence, int64, shape (L_i,), and its label, float, shape ().

    Returns:
        Padded sequences, int64, shape (N, L), L the longest of the batch; true lengths, int64 on
        the CPU, shape (N,); labels, float, shape (N,).

    Raises:
        ValueError: If the batch is empty.

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
    if not batch:
        raise ValueError("batch is empty; it must hold at least 1 sequence")
    sequences, labels = zip(*batch, strict=True)
    padded = pad_sequence(sequences, batch_first=True, padding_value=PAD_IDX)  # (N, L)
    lengths = torch.tensor([len(sequence) for sequence in sequences])  # (N,)
    return padded, lengths, torch.stack(labels)  # (N, L), (N,), (N,)


def make_loaders(
    sequences: Sequence[Sequence[int]],
    labels: Sequence[float],
    splits: SplitIndices,
    *,
    batch_size: int = 16,
    seed: int,
) -> tuple[DataLoader, DataLoader, DataLoader]:
    """Build the three data loaders; only the training loader shuffles.

    Args:
        sequences: All sequences of symbols 1..6.
        labels: All labels, shape (N,), each 0 or 1.
        splits: Positions of each side, as `split_indices` returns them.
        batch_size: Sequences a batch, at least 1; the last batch of an epoch may be shorter.
        seed: Seed of the shuffle; the same seed gives the same batches in every epoch.

    Returns:
        train_loader, val_loader, test_loader.

    Raises:
        TypeError: If `batch_size` or `seed` is not a whole number.
        ValueError: If the sequences, labels or positions are not valid.

    Example:
        >>> splits = split_indices([0, 1] * 5, seed=0)
        >>> loaders = make_loaders([[1, 6]] * 10, [0, 1] * 5, splits, batch_size=4, seed=0)
        >>> [len(loader) for loader in loaders]
        [2, 1, 1]
    """
    batch_size = check_count("batch_size", batch_size, minimum=1)
    check_count("seed", seed, minimum=0)
    dataset = SequenceDataset(sequences, labels)
    train, val, test = (
        Subset(dataset, positions) for positions in check_positions(splits, n_sequences=len(dataset))
    )
    options = {"batch_size": batch_size, "collate_fn": collate_fn}
    generator = torch.Generator().manual_seed(seed)
    return (
        DataLoader(train, shuffle=True, generator=generator, **options),
        DataLoader(val, **options),
        DataLoader(test, **options),
    )


def _split_sequences(
    labels: np.ndarray, val_fraction: float, test_fraction: float, seed: int
) -> SplitIndices:
    """Split single sequences: cut off the test part, then the validation part."""
    n_val = round(val_fraction * len(labels))
    n_test = round(test_fraction * len(labels))
    for name, size in (("val_fraction", n_val), ("test_fraction", n_test)):
        if size < 2:
            raise ValueError(
                f"{name} of {len(labels)} sequences is {size}; "
                "every side needs at least 2 sequences, one a label"
            )
    _check_label_counts(labels, "sequences")
    rest, test_idx = train_test_split(
        np.arange(len(labels)), test_size=n_test, stratify=labels, random_state=seed
    )
    train_idx, val_idx = train_test_split(
        rest, test_size=n_val, stratify=labels[rest], random_state=seed
    )
    return SplitIndices(np.sort(train_idx), np.sort(val_idx), np.sort(test_idx))


def _split_groups(
    labels: np.ndarray, groups: Sequence, val_fraction: float, test_fraction: float, seed: int
) -> SplitIndices:
    """Split whole groups: deal them into up to 20 stratified folds, then share out the folds."""
    groups = np.asarray(groups)
    if groups.shape != labels.shape:
        raise ValueError(
            f"groups has shape {groups.shape} for {len(labels)} labels; "
            "there must be exactly one group a sequence"
        )
    n_groups = len(np.unique(groups))
    if n_groups < 3:
        raise ValueError(f"groups holds {n_groups} different groups; three sides need at least 3")
    _check_label_counts(labels, "sequences")
    n_folds = min(20, n_groups, np.bincount(labels).min())
    folds = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    parts = [held_out for _, held_out in folds.split(labels, labels, groups)]
    n_test = max(1, round(test_fraction * n_folds))
    n_val = max(1, round(val_fraction * n_folds))
    sides = parts[n_test + n_val :], parts[n_test : n_test + n_val], parts[:n_test]
    return SplitIndices(*(np.sort(np.concatenate(side or [[]])).astype(np.int64) for side in sides))


def _check_label_counts(labels: np.ndarray, unit: str) -> None:
    """Refuse labels that cannot be on all three sides."""
    for label, count in enumerate(np.bincount(labels, minlength=2)):
        if count < 3:
            raise ValueError(
                f"labels holds {count} {unit} with label {label}; three sides need at least 3"
            )


def _check_both_labels(splits: SplitIndices, labels: np.ndarray) -> None:
    """Refuse a split in which one side lacks a label: no score could be computed there."""
    for name, indices in zip(splits._fields, splits, strict=True):
        for label in (0, 1):
            if not (labels[indices] == label).any():
                raise ValueError(
                    f"{name} would hold no sequence with label {label}; raise its fraction, or "
                    f"bring more sequences (or groups) with label {label}"
                )

