"""All sequences in one flat array, a byte per symbol, in memory or in a file; built in notebook 08.

Sequence i is `symbols[offsets[i]:offsets[i + 1]]`.
"""

import mmap
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from seqclf_utils.extras import arguments
from seqclf_utils.validation import check_labels, check_sequences, checked


def flatten(
    sequences: Sequence[Sequence[int]], *, vocab_size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Concatenate sequences.

    Args:
        sequences: Lists, arrays or tensors of symbols 1..vocab_size - 1.
        vocab_size: Number of symbols including padding (0).

    Returns:
        Symbols, in the smallest unsigned dtype that holds them, shape (S,), where S is the sum of
        all lengths; and offsets, int64, shape (N + 1,): where each sequence starts, and S at the
        end.

    Raises:
        TypeError: If `sequences` is not a list of sequences, or `vocab_size` is not an integer.
        ValueError: If a sequence is empty or holds a symbol outside 1..vocab_size - 1.

    Example:
        >>> flatten([[1, 6], [3]], vocab_size=7)
        (array([1, 6, 3], dtype=uint8), array([0, 2, 3]))
    """
    symbols, lengths = check_sequences(sequences, vocab_size=vocab_size)
    offsets = np.concatenate([[0], np.cumsum(lengths)])  # (N + 1,)
    return symbols.astype(np.min_scalar_type(vocab_size - 1)), offsets


class FlatDataset(Dataset):
    """Sequences in one flat array; indexing with a list returns a whole padded batch at once.

    PyTorch's idiom for such a dataset is `DataLoader(dataset, sampler=..., batch_size=None)` with
    a sampler that yields lists of indices, such as `LengthBatchSampler`.

    Args:
        symbols: All symbols 1..vocab_size - 1, int, shape (S,), one sequence after the other. A
            file that is opened with `np.load(..., mmap_mode="r")` may be larger than memory.
        offsets: Where each sequence starts, and S at the end; int, shape (N + 1,).
        labels: Labels, shape (N,), each 0 or 1.
        vocab_size: Number of symbols including padding (0).

    Raises:
        TypeError: If `symbols` or `offsets` is not a one-dimensional array of integers.
        ValueError: If a symbol or a label is out of range, or offsets do not increase from 0 to S.

    Example:
        >>> flat, offsets = np.array([1, 6, 3], dtype=np.uint8), np.array([0, 2, 3])
        >>> FlatDataset(flat, offsets, [1, 0])[[0, 1]]
        (tensor([[1, 6],
                [3, 0]]), tensor([2, 1]), tensor([1., 0.]))
    """

    @checked(arguments.check_flat)
    def __init__(
        self, symbols: np.ndarray, offsets: np.ndarray, labels: Sequence, *, vocab_size: int = 7
    ) -> None:
        self.symbols, self.offsets = symbols, offsets.astype(np.int64)
        self.lengths = np.diff(self.offsets)  # (N,)
        labels = check_labels(labels, n_sequences=len(self.lengths))
        self.labels = torch.tensor(labels, dtype=torch.get_default_dtype())  # (N,)

    def __len__(self) -> int:
        """Return the number of sequences."""
        return len(self.labels)

    def __getitem__(self, indices: Sequence[int]) -> tuple[Tensor, Tensor, Tensor]:
        """Return a batch: padded, int64, (N, L); lengths, int64, (N,); labels, float, (N,)."""
        starts, lengths = self.offsets[:-1][indices], self.lengths[indices]  # (N,), (N,)
        steps = np.arange(lengths.max())  # (L,)
        is_real = steps < lengths[:, None]  # (N, L)
        padded = np.zeros(is_real.shape, dtype=np.int64)
        padded[is_real] = self.symbols[(starts[:, None] + steps)[is_real]]
        return torch.from_numpy(padded), torch.from_numpy(lengths), self.labels[indices]

    def __getstate__(self) -> dict[str, Any]:
        """Send worker processes the path of a whole memory map, or any other array itself."""
        data, symbols = self.symbols, np.asarray(self.symbols)
        if isinstance(getattr(data, "base", None), mmap.mmap):  # a whole map, not a part
            symbols = (data.filename, data.dtype, "r", data.offset, data.shape)
        return self.__dict__ | {"symbols": symbols}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Open the memory map again."""
        self.__dict__.update(state)
        if isinstance(self.symbols, tuple):
            self.symbols = np.memmap(*self.symbols)
