"""All symbols of a data set in one flat array: sequence i is symbols[offsets[i]:offsets[i + 1]]."""

from collections.abc import Sequence
from itertools import chain

import numpy as np
import torch
from torch import Tensor

from seqclf_utils.validation import check_sequences, check_vocab_size

CHUNK = 2**22  # symbols looked at together: a file larger than memory never has to fit


def symbol_dtype(vocab_size: int) -> np.dtype:
    """Return the smallest dtype that holds every symbol: one byte up to 255 symbols.

    Args:
        vocab_size: Number of symbols, padding (0) included.

    Returns:
        An unsigned whole-number dtype of NumPy.

    Example:
        >>> symbol_dtype(7), symbol_dtype(1000)
        (dtype('uint8'), dtype('uint16'))
    """
    return np.min_scalar_type(vocab_size - 1)


def flatten(
    sequences: Sequence[Sequence[int]], *, vocab_size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Put sequences one behind the other.

    Args:
        sequences: Sequences of symbols 1..vocab_size - 1: lists, arrays or tensors.
        vocab_size: Number of symbols, padding (0) included.

    Returns:
        Symbols of the smallest dtype that holds them, shape (S,), S the sum of all lengths; and
        offsets, int64, shape (N + 1,): where each sequence begins, and S.

    Raises:
        TypeError: If `sequences` is not a collection of sequences, or `vocab_size` not whole.
        ValueError: If there are none, or one is empty, not one-dimensional, not whole numbers,
            or holds a symbol outside 1..vocab_size - 1.

    Example:
        >>> flatten([[1, 6], [3]], vocab_size=7)
        (array([1, 6, 3], dtype=uint8), array([0, 2, 3]))
    """
    vocab_size = check_vocab_size(vocab_size)
    symbols = _join(sequences)
    if symbols is None or symbols.min() < 1 or symbols.max() >= vocab_size:
        tensors = check_sequences(sequences, vocab_size=vocab_size)  # slower; names what is wrong
        sequences, symbols = tensors, torch.cat(tensors).numpy()
    lengths = np.fromiter(map(len, sequences), dtype=np.int64, count=len(sequences))  # (N,)
    offsets = np.concatenate([[0], np.cumsum(lengths)])  # (N + 1,)
    return symbols.astype(symbol_dtype(vocab_size)), offsets


def _join(sequences: Sequence[Sequence[int]]) -> np.ndarray | None:
    """Join ordinary sequences at once; None if anything about them needs a closer look."""
    if not isinstance(sequences, list | tuple) or len(sequences) == 0:
        return None
    if {*map(type, sequences)} <= {list, tuple}:
        return _join_lists(sequences)
    if {*map(type, sequences)} == {np.ndarray}:
        return _join_arrays(sequences)
    return None


def _join_lists(sequences: Sequence[Sequence[int]]) -> np.ndarray | None:
    """Join lists of Python's own whole numbers."""
    is_plain = all(sequences) and {*map(type, chain.from_iterable(sequences))} == {int}
    try:
        return np.fromiter(chain.from_iterable(sequences), dtype=np.int64) if is_plain else None
    except OverflowError:
        return None


def _join_arrays(sequences: Sequence[np.ndarray]) -> np.ndarray | None:
    """Join one-dimensional arrays of whole numbers."""
    is_plain = all(s.ndim == 1 and s.dtype.kind in "iu" and len(s) for s in sequences)
    joined = np.concatenate(sequences) if is_plain else None
    return joined if is_plain and joined.dtype.kind in "iu" else None  # int64 beside uint64: float


def check_flat(symbols: np.ndarray, offsets: np.ndarray, *, vocab_size: int) -> np.ndarray:
    """Return offsets as int64 if symbols and offsets are sequences in a row.

    Args:
        symbols: Symbols 1..vocab_size - 1, whole numbers, shape (S,); looked at chunk by chunk, so
            that a memory-mapped file may be larger than memory.
        offsets: Where each sequence begins, and S at the end, whole numbers, shape (N + 1,).
        vocab_size: Number of symbols, padding (0) included.

    Returns:
        Offsets, int64, shape (N + 1,).

    Raises:
        TypeError: If one of them is not an array of whole numbers.
        ValueError: If a shape is wrong, offsets do not rise from 0 to S, or a symbol is out of
            range.
    """
    for name, values in (("symbols", symbols), ("offsets", offsets)):
        if not isinstance(values, np.ndarray) or values.dtype.kind not in "iu":
            found = values.dtype if isinstance(values, np.ndarray) else type(values).__name__
            raise TypeError(f"{name} is {found}; it must be an array of whole numbers")
        if values.ndim != 1 or np.ma.is_masked(values):
            raise ValueError(f"{name} has shape {values.shape}; it must be one-dimensional, whole")
    if len(offsets) < 2 or offsets[0] != 0 or offsets[-1] != len(symbols):
        raise ValueError(
            f"offsets holds {len(offsets)} positions; it must begin with 0 and end with "
            f"{len(symbols)}, the number of symbols"
        )
    is_wrong = offsets[1:] <= offsets[:-1]
    if is_wrong.any():
        i = int(is_wrong.argmax())
        raise ValueError(
            f"offsets[{i + 1}] is {offsets[i + 1]} after {offsets[i]}; offsets must rise, as every "
            "sequence needs at least 1 symbol"
        )
    for start in range(0, len(symbols), CHUNK):
        check_chunk(symbols, start, vocab_size=vocab_size)
    return offsets.astype(np.int64)


def check_chunk(symbols: np.ndarray, start: int, *, vocab_size: int) -> None:
    """Check one chunk of flat symbols.

    Args:
        symbols: All symbols, whole numbers, shape (S,).
        start: Where the chunk begins.
        vocab_size: Number of symbols, padding (0) included.

    Raises:
        ValueError: If a symbol is outside 1..vocab_size - 1.
    """
    chunk = symbols[start : start + CHUNK]
    if chunk.min() < 1 or chunk.max() >= vocab_size:
        position = start + int(((chunk < 1) | (chunk >= vocab_size)).argmax())
        raise ValueError(
            f"symbols[{position}] is {symbols[position]}; symbols must be 1..{vocab_size - 1} "
            "(0 is kept for padding)"
        )


def pad_rows(symbols: np.ndarray, starts: np.ndarray, lengths: np.ndarray) -> Tensor:
    """Cut sequences out of flat symbols and pad them to the longest of them.

    Args:
        symbols: All symbols, whole numbers, shape (S,).
        starts: Where each sequence of the batch begins, int64, shape (N,).
        lengths: Its length in tokens, int64, shape (N,), each at least 1.

    Returns:
        Padded symbols, int64, shape (N, L).

    Example:
        >>> pad_rows(np.array([1, 6, 3]), np.array([0, 2]), np.array([2, 1]))
        tensor([[1, 6],
                [3, 0]])
    """
    steps = np.arange(lengths.max())  # (L,)
    is_real = steps < lengths[:, None]  # (N, L)
    padded = np.zeros(is_real.shape, dtype=np.int64)
    padded[is_real] = symbols[(starts[:, None] + steps)[is_real]]
    return torch.from_numpy(padded)
