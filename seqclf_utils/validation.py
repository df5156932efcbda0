"""Turn what a caller passes in into what the course works with, or say exactly what is wrong.

Every message names the argument, the position and the value that broke the rule, and what is
allowed. The lessons stay short because the checks live here.
"""

import math
import numbers
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


def check_count(name: str, value: int, *, minimum: int) -> int:
    """Return `value` as an int if it is a whole number of at least `minimum`.

    Args:
        name: Argument name for the message.
        value: What the caller passed.
        minimum: Smallest allowed value.

    Returns:
        The value as a plain int.

    Raises:
        TypeError: If `value` is not a whole number.
        ValueError: If `value` is below `minimum`.

    Example:
        >>> check_count("patience", 5, minimum=1)
        5
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} is {value!r}; it must be a whole number")
    if value < minimum:
        raise ValueError(f"{name} is {value}; it must be at least {minimum}")
    return int(value)


def check_seed(seed: int) -> int:
    """Return `seed` as an int if Python, NumPy, scikit-learn and PyTorch all accept it.

    Args:
        seed: What the caller passed.

    Returns:
        The seed as a plain int.

    Raises:
        TypeError: If `seed` is not a whole number.
        ValueError: If `seed` is not 0..2**32 - 1.
    """
    seed = check_count("seed", seed, minimum=0)
    if seed >= 2**32:
        raise ValueError(f"seed is {seed}; it must be below 2**32, the limit of NumPy")
    return seed


def check_fractions(**fractions: float) -> None:
    """Check that each share lies between 0 and 1 and that together they leave something over.

    Args:
        fractions: Shares by argument name.

    Raises:
        TypeError: If a share is not a real number.
        ValueError: If a share is not between 0 and 1, or their sum is not below 1.

    Example:
        >>> check_fractions(val_fraction=0.2, test_fraction=0.2)
    """
    for name, value in fractions.items():
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise TypeError(f"{name} is {value!r}; it must be a number between 0 and 1")
        if not 0 < value < 1:
            raise ValueError(f"{name} is {value}; it must lie between 0 and 1, ends excluded")
    if sum(fractions.values()) >= 1:
        raise ValueError(
            f"{' + '.join(fractions)} is {sum(fractions.values()):g}; "
            "it must be below 1 to leave something for training"
        )


def check_nonnegative(name: str, value: float) -> float:
    """Return `value` as a float if it is a finite number of at least 0.

    Args:
        name: Argument name for the message.
        value: What the caller passed.

    Returns:
        The value as a plain float.

    Raises:
        TypeError: If `value` is not a real number.
        ValueError: If `value` is negative, infinite or NaN.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} is {value!r}; it must be a number")
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name} is {value}; it must be finite and at least 0")
    return float(value)


def check_finite(name: str, value: float) -> float:
    """Return `value` as a float if it is neither NaN nor infinite.

    Args:
        name: What the value is, for the message.
        value: A number that was computed.

    Returns:
        The value as a plain float.

    Raises:
        ValueError: If `value` is NaN or infinite.
    """
    if not math.isfinite(value):
        raise ValueError(
            f"{name} is {value}; it must be a finite number "
            "(look for NaN in the weights, and try a lower learning rate)"
        )
    return float(value)


def check_choice(name: str, value: str, allowed: Sequence[str]) -> str:
    """Return `value` if it is one of `allowed`.

    Args:
        name: Argument name for the message.
        value: What the caller passed.
        allowed: Every accepted value.

    Returns:
        The value itself.

    Raises:
        ValueError: If `value` is not among `allowed`.
    """
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(map(repr, allowed))}")
    return value


def check_labels(labels: Sequence[float], *, n_sequences: int | None = None) -> np.ndarray:
    """Return labels as an array of 0 and 1, one a sequence.

    Args:
        labels: Labels as a list, array or tensor, shape (N,), each 0 or 1.
        n_sequences: How many sequences they belong to, if known.

    Returns:
        Labels, int64, shape (N,).

    Raises:
        TypeError: If there are no labels at all, as in a file of new sequences.
        ValueError: If a label is neither 0 nor 1, or their number is wrong.

    Example:
        >>> check_labels([0.0, 1.0, 1.0])
        array([0, 1, 1])
    """
    if labels is None:
        raise TypeError("labels is None; there must be one label, 0 or 1, per sequence")
    values = _as_array("labels", labels)
    if values.ndim != 1:
        raise ValueError(f"labels has shape {values.shape}; it must be one-dimensional, (N,)")
    if n_sequences is not None and len(values) != n_sequences:
        raise ValueError(
            f"labels has {len(values)} entries for {n_sequences} sequences; "
            "there must be exactly one label per sequence"
        )
    if values.dtype.kind not in "biuf":
        raise ValueError(f"labels holds {values.dtype} values; every label must be 0 or 1")
    is_wrong = ~np.isin(values, (0, 1))
    if is_wrong.any():
        position = int(is_wrong.argmax())
        raise ValueError(f"labels[{position}] is {values[position]}; every label must be 0 or 1")
    return values.astype(np.int64)


def check_label_counts(labels: np.ndarray, *, minimum: int = 3) -> None:
    """Check that each label occurs often enough to be on every side of a split.

    Args:
        labels: Labels, int64, shape (N,), each 0 or 1.
        minimum: Number of sides.

    Raises:
        ValueError: If a label occurs fewer than `minimum` times.
    """
    for label, count in enumerate(np.bincount(labels, minlength=2)):
        if count < minimum:
            raise ValueError(
                f"labels holds {count} sequences with label {label}; "
                f"{minimum} sides need at least {minimum}"
            )


def check_groups(groups: Sequence, *, n_sequences: int, minimum: int = 3) -> np.ndarray:
    """Return groups as an array, one a sequence, with enough different ones for a split.

    Args:
        groups: Source of each sequence, any values that can be compared, shape (N,).
        n_sequences: How many sequences they belong to.
        minimum: Number of sides.

    Returns:
        Groups, shape (N,).

    Raises:
        ValueError: If their number is wrong or too few are different.
    """
    values = _as_array("groups", groups)
    if values.shape != (n_sequences,):
        raise ValueError(
            f"groups has shape {values.shape} for {n_sequences} labels; "
            "there must be exactly one group per sequence"
        )
    n_groups = len(np.unique(values))
    if n_groups < minimum:
        raise ValueError(
            f"groups holds {n_groups} different groups; {minimum} sides need at least {minimum}"
        )
    return values


def check_sides(splits: tuple, labels: np.ndarray) -> tuple:
    """Return a split unchanged if every side holds both labels: else nothing can be scored there.

    Args:
        splits: A named tuple of positions, one array a side.
        labels: Labels, int64, shape (N,), each 0 or 1.

    Returns:
        The same split.

    Raises:
        ValueError: If a side lacks a label.
    """
    for name, positions in zip(splits._fields, splits, strict=True):
        for label in (0, 1):
            if not (labels[positions] == label).any():
                raise ValueError(
                    f"{name} would hold no sequence with label {label}; raise its fraction, or "
                    f"bring more sequences (or groups) with label {label}"
                )
    return splits


def check_sequences(sequences: Sequence[Sequence[int]], *, vocab_size: int) -> list[Tensor]:
    """Return sequences as one-dimensional int64 tensors of symbols 1..vocab_size - 1.

    Args:
        sequences: Sequences of symbols: lists, arrays or tensors, lengths in tokens may differ.
        vocab_size: Number of symbols, padding (0) included.

    Returns:
        One int64 tensor a sequence, shape (L_i,), copied from the input.

    Raises:
        TypeError: If `sequences` is not a collection of sequences, or `vocab_size` not whole.
        ValueError: If there are none, or one is empty, not one-dimensional, not whole numbers,
            or holds a symbol outside 1..vocab_size - 1.

    Example:
        >>> check_sequences([[1, 6], [3]], vocab_size=7)
        [tensor([1, 6]), tensor([3])]
    """
    check_count("vocab_size", vocab_size, minimum=2)
    is_scalar = getattr(sequences, "ndim", 1) == 0
    if isinstance(sequences, str | bytes) or not hasattr(sequences, "__len__") or is_scalar:
        raise TypeError(
            f"sequences is a {type(sequences).__name__}; it must be a list of sequences of symbols"
        )
    if len(sequences) == 0:
        raise ValueError("sequences is empty; there must be at least 1 sequence")
    return [_as_symbols(f"sequences[{i}]", s, vocab_size) for i, s in enumerate(sequences)]


def check_lengths(lengths: Tensor, *, n_sequences: int, n_steps: int) -> Tensor:
    """Return lengths unchanged if each one fits the padded batch it describes.

    Args:
        lengths: Real time steps of each sequence, int64 on the CPU, shape (N,), each 1..L.
        n_sequences: Number of rows N in the padded batch.
        n_steps: Number of time steps L in the padded batch.

    Returns:
        The same tensor.

    Raises:
        TypeError: If `lengths` is not an int64 tensor.
        ValueError: If it is on another device, its shape is not (N,), or a length is not 1..L.
    """
    if not isinstance(lengths, Tensor) or lengths.dtype != torch.int64:
        found = lengths.dtype if isinstance(lengths, Tensor) else type(lengths).__name__
        raise TypeError(f"lengths is {found}; it must be an int64 tensor")
    if lengths.device.type != "cpu":
        raise ValueError(f"lengths is on {lengths.device}; it must stay on the CPU")
    if lengths.shape != (n_sequences,):
        raise ValueError(f"lengths has shape {tuple(lengths.shape)}; it must be ({n_sequences},)")
    is_wrong = (lengths < 1) | (lengths > n_steps)
    if is_wrong.any():
        position = int(is_wrong.int().argmax())
        raise ValueError(
            f"lengths[{position}] is {int(lengths[position])}; "
            f"every length must be 1..{n_steps}, the time steps of the padded batch"
        )
    return lengths


def check_positions(parts: Sequence[Sequence[int]], *, n_sequences: int) -> list[list[int]]:
    """Return the positions of train, validation and test if every one exists and none repeats.

    Args:
        parts: Positions of each side.
        n_sequences: Number of sequences they point into.

    Returns:
        The same positions as plain lists.

    Raises:
        ValueError: If a position is not a whole number, does not exist or is used twice.
    """
    lists = [_as_array("splits", part).tolist() for part in parts]
    if len(lists) != 3 or not lists[0]:
        raise ValueError(
            f"splits has sides of {[len(part) for part in lists]} positions; it must have three, "
            "train, validation and test, and the first must not be empty"
        )
    seen = set()
    for position in (position for part in lists for position in part):
        if isinstance(position, bool) or not isinstance(position, int):
            raise ValueError(f"splits holds {position!r}; positions must be whole numbers")
        if not 0 <= position < n_sequences:
            raise ValueError(
                f"splits holds position {position}; "
                f"with {n_sequences} sequences positions must be 0..{n_sequences - 1}"
            )
        if position in seen:
            raise ValueError(
                f"splits holds position {position} twice; "
                "train, validation and test must not overlap"
            )
        seen.add(position)
    return lists


def check_batch(padded: Tensor, lengths: Tensor, *, vocab_size: int) -> None:
    """Check that a padded batch and its lengths can go through the model.

    Args:
        padded: Symbols, int64, shape (N, L), each 0..vocab_size - 1.
        lengths: Real time steps of each sequence, int64 on the CPU, shape (N,), each 1..L.
        vocab_size: Number of symbols, padding (0) included.

    Raises:
        TypeError: If `padded` is not a tensor of whole numbers, or `lengths` not int64.
        ValueError: If a shape is wrong, or a symbol or a length is out of range.
    """
    if not isinstance(padded, Tensor) or padded.dtype not in (torch.int64, torch.int32):
        found = padded.dtype if isinstance(padded, Tensor) else type(padded).__name__
        raise TypeError(f"padded is {found}; it must be an int64 tensor")
    if padded.dim() != 2 or padded.numel() == 0:
        raise ValueError(
            f"padded has shape {tuple(padded.shape)}; it must be (N, L), N and L at least 1"
        )
    check_lengths(lengths, n_sequences=padded.size(0), n_steps=padded.size(1))
    is_wrong = (padded < 0) | (padded >= vocab_size)
    if is_wrong.any():
        row, step = divmod(int(is_wrong.flatten().int().argmax()), padded.size(1))
        raise ValueError(
            f"padded[{row}, {step}] is {int(padded[row, step])}; "
            f"every symbol must be 0..{vocab_size - 1}"
        )


def _as_array(name: str, values: Sequence[float]) -> np.ndarray:
    """Return anything array-like as an array, with a clear error for ragged input."""
    if isinstance(values, Tensor):
        values = values.detach().cpu().numpy()
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} is ragged; it must be a plain array of numbers") from error


def _as_symbols(name: str, sequence: Sequence[int], vocab_size: int) -> Tensor:
    """Return one sequence as an int64 tensor, or name the symbol that cannot be one."""
    values = _as_array(name, sequence)
    if values.ndim != 1:
        raise ValueError(f"{name} has shape {values.shape}; it must be one-dimensional, (L,)")
    if len(values) == 0:
        raise ValueError(f"{name} is empty; every sequence needs at least 1 symbol")
    if values.dtype.kind not in "iu":
        raise ValueError(f"{name} holds {values.dtype} values; symbols must be whole numbers")
    is_wrong = (values < 1) | (values >= vocab_size)
    if is_wrong.any():
        position = int(is_wrong.argmax())
        raise ValueError(
            f"{name}[{position}] is {values[position]}; "
            f"symbols must be 1..{vocab_size - 1} (0 is kept for padding)"
        )
    return torch.from_numpy(values.astype(np.int64))
