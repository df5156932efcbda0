"""Turn what a caller passes in into what the course works with, or say exactly what is wrong.

Every message names the argument, the position and the value that broke the rule, and what is
allowed. The lessons stay short because the checks live here.
"""

import math
import numbers
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

LARGEST_SYMBOL = 2**63 - 1  # of int64
LARGEST_SIZE = 2**24  # of a vocabulary or a vector: 16 million
NO_NUMBER = bool | np.timedelta64  # though Python and NumPy count them among the whole numbers


def shorten(value: object) -> str:
    """Write a value for a message, cut off where it would fill the screen.

    Args:
        value: What the caller passed.

    Returns:
        Its `repr`, at most 80 characters; numbers of NumPy without their type.

    Example:
        >>> shorten("a"), shorten(np.float32(0.5))
        ("'a'", '0.5')
    """
    try:
        text = repr(value) if not isinstance(value, np.generic) else str(value)
    except ValueError:  # Python refuses to write whole numbers of many thousand digits
        text = "a number of very many digits"
    return text if len(text) <= 80 else f"{text[:77]}..."


def check_count(name: str, value: int, *, minimum: int, maximum: int | None = None) -> int:
    """Return `value` as an int if it is a whole number from `minimum` to `maximum`.

    Args:
        name: Argument name for the message.
        value: What the caller passed.
        minimum: Smallest allowed value.
        maximum: Largest allowed value; None for no limit.

    Returns:
        The value as a plain int.

    Raises:
        TypeError: If `value` is not a whole number.
        ValueError: If `value` is below `minimum` or above `maximum`.

    Example:
        >>> check_count("patience", 5, minimum=1)
        5
    """
    if isinstance(value, NO_NUMBER) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} is {shorten(value)}; it must be a whole number")
    if value < minimum:
        raise ValueError(f"{name} is {shorten(value)}; it must be at least {minimum}")
    if maximum is not None and value > maximum:
        raise ValueError(f"{name} is {shorten(value)}; it must be at most {maximum}")
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
        raise ValueError(f"seed is {shorten(seed)}; it must be below 2**32, the limit of NumPy")
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
            raise TypeError(f"{name} is {shorten(value)}; it must be a number between 0 and 1")
        # NumPy cannot round a Fraction, and half precision ends at 65,504 sequences.
        if not isinstance(value, int | float | np.integer | np.float32):
            raise TypeError(f"{name} is {shorten(value)}; it must be a float, such as 0.2")
        if not 0 < value < 1:
            raise ValueError(
                f"{name} is {shorten(value)}; it must lie between 0 and 1, ends excluded"
            )
    if sum(fractions.values()) >= 1:
        raise ValueError(
            f"{' + '.join(fractions)} is {sum(fractions.values()):g}; "
            "it must be below 1 to leave something for training"
        )


def check_sizes(vocab_size: int, embed_dim: int, hidden_size: int) -> tuple[int, int, int]:
    """Return the sizes of a model as plain ints if it can be built.

    Args:
        vocab_size: Number of symbols, padding (0) included.
        embed_dim: Size E of a symbol's embedding.
        hidden_size: Size H of the LSTM's state.

    Returns:
        vocab_size, embed_dim, hidden_size.

    Raises:
        TypeError: If a size is not a whole number.
        ValueError: If a size is too small, or so large that it must be a mistake.
    """
    return (
        check_count("vocab_size", vocab_size, minimum=2, maximum=LARGEST_SIZE),
        check_count("embed_dim", embed_dim, minimum=1, maximum=LARGEST_SIZE),
        check_count("hidden_size", hidden_size, minimum=1, maximum=LARGEST_SIZE),
    )


def check_flag(name: str, value: bool) -> bool:
    """Return `value` if it is True or False.

    Args:
        name: Argument name for the message.
        value: What the caller passed.

    Returns:
        The value itself, as Python's bool.

    Raises:
        TypeError: If `value` is anything else: "no" would count as True.
    """
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} is {shorten(value)}; it must be True or False")
    return bool(value)


def check_flags(**flags: bool) -> None:
    """Check that each is True or False.

    Args:
        flags: What the caller passed, by argument name.

    Raises:
        TypeError: If one of them is anything else.
    """
    for name, value in flags.items():
        check_flag(name, value)


def check_nonnegative(name: str, value: float, *, maximum: float = math.inf) -> float:
    """Return `value` as a float if it is a finite number from 0 to `maximum`.

    Args:
        name: Argument name for the message.
        value: What the caller passed.
        maximum: Largest allowed value.

    Returns:
        The value as a plain float.

    Raises:
        TypeError: If `value` is not a real number.
        ValueError: If `value` is negative, above `maximum`, infinite or NaN.
    """
    number = _as_float(name, value)
    if not (math.isfinite(number) and number >= 0):
        raise ValueError(f"{name} is {shorten(value)}; it must be finite and at least 0")
    if number > maximum:
        raise ValueError(f"{name} is {shorten(value)}; it must be at most {maximum:g}")
    return number


def check_finite(name: str, value: float) -> float:
    """Return `value` as a float if it is neither NaN nor infinite.

    Args:
        name: What the value is, for the message.
        value: A number that was computed; a tensor or an array of shape () holds one as well.

    Returns:
        The value as a plain float.

    Raises:
        TypeError: If `value` is not a real number.
        ValueError: If `value` is NaN or infinite.
    """
    if isinstance(value, Tensor | np.ndarray) and value.shape == ():
        value = _as_array(name, value)[()]
    advice = " (look for NaN in the weights, and try a lower learning rate)"
    return _as_finite(name, value, advice)


def check_finite_number(name: str, value: float) -> float:
    """Return `value` as a float if it is a number, neither NaN nor infinite.

    Args:
        name: Argument name for the message.
        value: What the caller passed.

    Returns:
        The value as a plain float.

    Raises:
        TypeError: If `value` is not a real number.
        ValueError: If `value` is NaN or infinite.
    """
    return _as_finite(name, value)


def check_numbers(name: str, values: Sequence[float], *, n_values: int | None = None) -> np.ndarray:
    """Return numbers as a one-dimensional array if all of them are finite.

    Args:
        name: Argument name for the message.
        values: What the caller passed: a list, array, tensor, range or column of a table.
        n_values: How many there must be, if known; else at least 1.

    Returns:
        The numbers, float64, shape (n,), copied from the input.

    Raises:
        ValueError: If `values` is not one-dimensional, has the wrong length, or holds anything but
            finite numbers.

    Example:
        >>> check_numbers("x", range(3))
        array([0., 1., 2.])
    """
    array = _as_array(name, values)
    if array.ndim != 1:
        raise ValueError(f"{name} has shape {array.shape}; it must be one-dimensional, (n,)")
    if n_values is None and len(array) == 0:
        raise ValueError(f"{name} is empty; it must hold at least 1 number")
    if n_values is not None and len(array) != n_values:
        raise ValueError(f"{name} has {len(array)} entries; there must be {n_values}")
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} holds {array.dtype} values; it must hold numbers")
    is_wrong = ~np.isfinite(array)
    if is_wrong.any():
        position = int(is_wrong.argmax())
        raise ValueError(f"{name}[{position}] is {array[position]}; it must be a finite number")
    return array.astype(float)


def check_whole_numbers(name: str, values: Sequence[int], *, minimum: int) -> np.ndarray:
    """Return whole numbers as a one-dimensional array if none is too small.

    Args:
        name: Argument name for the message.
        values: What the caller passed: a list, array or tensor.
        minimum: Smallest allowed value.

    Returns:
        The numbers, int64, shape (n,), copied from the input.

    Raises:
        ValueError: If `values` is empty, not one-dimensional, or holds anything but whole numbers
            of at least `minimum`.

    Example:
        >>> check_whole_numbers("lengths", [3, 1], minimum=1)
        array([3, 1])
    """
    array = _as_array(name, values)
    if array.ndim != 1 or len(array) == 0:
        raise ValueError(f"{name} has shape {array.shape}; it must be (n,), n at least 1")
    if array.dtype.kind not in "iu":
        raise ValueError(f"{name} holds {array.dtype} values; it must hold whole numbers")
    is_wrong = (array < minimum) | (array > LARGEST_SYMBOL)
    if is_wrong.any():
        position = int(is_wrong.argmax())
        is_small = array[position] < minimum
        allowed = f"at least {minimum}" if is_small else f"at most {LARGEST_SYMBOL}"
        raise ValueError(f"{name}[{position}] is {array[position]}; it must be {allowed}")
    return array.astype(np.int64)


def check_generator(name: str, value: torch.Generator | None) -> torch.Generator | None:
    """Return `value` if it is a generator of PyTorch on the CPU, or None.

    Args:
        name: Argument name for the message.
        value: What the caller passed.

    Returns:
        The value itself.

    Raises:
        TypeError: If it is something else.
    """
    if value is not None and not isinstance(value, torch.Generator):
        raise TypeError(f"{name} is {shorten(value)}; it must be a torch.Generator or None")
    return value


def check_device(name: str, value: str | torch.device) -> torch.device:
    """Return `value` as a device of PyTorch.

    Args:
        name: Argument name for the message.
        value: What the caller passed.

    Returns:
        The device; whether this machine has it is not asked.

    Raises:
        TypeError: If it is neither text nor a device.
        ValueError: If PyTorch knows no device of this name.

    Example:
        >>> check_device("device", "cuda:1")
        device(type='cuda', index=1)
    """
    if not isinstance(value, str | torch.device):
        raise TypeError(f"{name} is {shorten(value)}; it must be the name of a device")
    try:
        return torch.device(value)
    except RuntimeError as error:
        raise ValueError(
            f"{name} is {shorten(value)}; it must be a device of PyTorch, such as 'cpu' or 'cuda'"
        ) from error


def check_names(name: str, values: Mapping, *, maximum: int | None = None) -> list:
    """Return the pairs of a name and what it names, if there are not too many to draw.

    Args:
        name: Argument name for the message.
        values: What the caller passed: a dictionary or a table with named columns.
        maximum: Most pairs; None for no limit.

    Returns:
        Pairs of a name and its values.

    Raises:
        TypeError: If `values` has no names.
        ValueError: If there are no pairs or too many.

    Example:
        >>> check_names("curves", {"a": [1, 2]})
        [('a', [1, 2])]
    """
    if not isinstance(values, Mapping | pd.DataFrame):
        found = type(values).__name__
        raise TypeError(f"{name} is a {found}; it must be a dictionary from name to numbers")
    pairs = list(values.items())
    if not pairs or (maximum is not None and len(pairs) > maximum):
        allowed = "at least 1" if maximum is None else f"1..{maximum}"
        raise ValueError(f"{name} holds {len(pairs)} names; there must be {allowed}")
    return pairs


def check_probabilities(probabilities: Sequence[float], *, n_sequences: int) -> np.ndarray:
    """Return probabilities as an array, one a sequence.

    Args:
        probabilities: What the caller passed: a list, array or tensor, shape (n,), each 0..1.
        n_sequences: How many sequences they belong to.

    Returns:
        Probabilities, float64, shape (n,), copied from the input.

    Raises:
        ValueError: If their number is wrong, or one of them is not 0..1.

    Example:
        >>> check_probabilities([0.5, 1], n_sequences=2)
        array([0.5, 1. ])
    """
    values = _as_array("probabilities", probabilities)
    if values.shape != (n_sequences,):
        raise ValueError(f"probabilities has shape {values.shape}; it must be ({n_sequences},)")
    if values.dtype.kind not in "biuf":
        raise ValueError(f"probabilities holds {values.dtype} values; each must be a number, 0..1")
    is_wrong = ~((values >= 0) & (values <= 1))
    if is_wrong.any():
        position = int(is_wrong.argmax())
        raise ValueError(f"probabilities[{position}] is {values[position]}; it must be 0..1")
    return values.astype(float)


def check_model(model: nn.Module) -> nn.Module:
    """Return the model if it is one.

    Args:
        model: What the caller passed.

    Returns:
        The same model.

    Raises:
        TypeError: If it is no `nn.Module`, such as the class instead of an object of it.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(
            f"model is {_kind(model)}; it must be an nn.Module, such as LSTMClassifier()"
        )
    return model


def check_learning(
    model: nn.Module, criterion: nn.Module, optimizer: Optimizer | None = None
) -> None:
    """Check that a loop is given a model, a loss function and, if it learns, an optimizer.

    Args:
        model: What the caller passed.
        criterion: What the caller passed: any function of logits and labels.
        optimizer: What the caller passed; None if nothing is learnt.

    Raises:
        TypeError: If one of them is something else, for example if two have changed places.
    """
    check_model(model)
    if isinstance(criterion, type) or not callable(criterion):
        found = _kind(criterion)
        raise TypeError(f"criterion is {found}; it must be callable, such as BCEWithLogitsLoss()")
    if optimizer is not None and not isinstance(optimizer, Optimizer):
        found = _kind(optimizer)
        raise TypeError(f"optimizer is {found}; it must be one of torch.optim, such as Adam")


def check_loaders(**loaders: Iterable) -> None:
    """Check that batches can be had from each loader, without asking for one.

    Args:
        loaders: What the caller passed, by argument name.

    Raises:
        TypeError: If one of them cannot yield anything.
    """
    for name, loader in loaders.items():
        # To ask by iter() would draw a random number from a DataLoader.
        if not isinstance(loader, Iterable) or getattr(loader, "shape", None) == ():
            raise TypeError(f"{name} is {_kind(loader)}; it must yield batches")


def check_batches(loader: Iterable) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yield the batches of a loader if they are such as `collate_fn` makes them.

    Args:
        loader: What the caller passed.

    Yields:
        padded, lengths, labels.

    Raises:
        TypeError: If `loader` yields nothing, or anything but three tensors.
        ValueError: If three tensors do not belong to the same sequences.
    """
    check_loaders(loader=loader)
    for batch in loader:
        yield check_triple(batch)


def check_pairs(batch: Sequence[tuple[Tensor, Tensor]]) -> Sequence[tuple[Tensor, Tensor]]:
    """Return what a dataset gave for one batch if `collate_fn` can pad it.

    Args:
        batch: Pairs of a sequence, int64, shape (L_i,), and its label, float, shape ().

    Returns:
        The same batch.

    Raises:
        TypeError: If it is no list of pairs of tensors, or their numbers are of the wrong type.
        ValueError: If it is empty, or a tensor has the wrong shape.
    """
    if not isinstance(batch, Sequence) or isinstance(batch, str | bytes):
        raise TypeError(f"batch is a {type(batch).__name__}; it must be a list of pairs")
    if not batch:
        raise ValueError("batch is empty; it must hold at least 1 sequence")
    for i, pair in enumerate(batch):
        if not _is_pair(pair):
            raise TypeError(
                f"batch[{i}] is {shorten(pair)}; it must be a pair of tensors, a sequence and its "
                "label, as SequenceDataset gives them"
            )
        sequence, label = pair
        if sequence.dtype != torch.int64 or not label.is_floating_point():
            raise TypeError(
                f"batch[{i}] holds a sequence of {sequence.dtype} and a label of {label.dtype}; "
                "they must be int64 and float"
            )
        if sequence.dim() != 1 or len(sequence) == 0 or label.dim() != 0:
            raise ValueError(
                f"batch[{i}] holds a sequence of shape {tuple(sequence.shape)} and a label of "
                f"shape {tuple(label.shape)}; they must be (L,), L at least 1, and ()"
            )
    return batch


def check_triple(batch: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """Return what a loader yielded if it is a batch as `collate_fn` makes it.

    Args:
        batch: What the loader yielded.

    Returns:
        padded, lengths, labels.

    Raises:
        TypeError: If it is not three tensors, the last one of floats.
        ValueError: If they do not belong to the same number of sequences.
    """
    if not isinstance(batch, tuple | list) or not all(isinstance(part, Tensor) for part in batch):
        raise TypeError(
            f"loader yields a {type(batch).__name__}; it must yield three tensors, padded, lengths "
            "and labels (a DataLoader needs collate_fn=collate_fn)"
        )
    dims = [part.dim() for part in batch]
    if dims != [2, 1, 1] or len({*map(len, batch)}) != 1:
        raise ValueError(
            f"loader yields tensors of shapes {[tuple(part.shape) for part in batch]}; it must "
            "yield padded (N, L), lengths (N,) and labels (N,)"
        )
    if not batch[2].is_floating_point():
        raise TypeError(f"loader yields labels of {batch[2].dtype}; they must be floats")
    return tuple(batch)


def check_logits(logits: Tensor, *, n_sequences: int, finite: bool = True) -> Tensor:
    """Return a model's answer unchanged if it is one finite logit a sequence.

    Args:
        logits: What the model returned.
        n_sequences: How many sequences it was asked about.
        finite: False leaves NaN and infinity to the loss, which shows them as well.

    Returns:
        The same tensor.

    Raises:
        TypeError: If `logits` is not a tensor of floats.
        ValueError: If its shape is not (N,), or a logit is NaN or infinite.

    Example:
        >>> check_logits(torch.tensor([0.5, -1.0]), n_sequences=2)
        tensor([ 0.5000, -1.0000])
    """
    if not isinstance(logits, Tensor) or not logits.is_floating_point():
        found = _dtype_or_type(logits)
        raise TypeError(
            f"the model returned {found}; it must return a tensor of floats, one logit a sequence"
        )
    if logits.shape != (n_sequences,):
        raise ValueError(
            f"the model returned shape {tuple(logits.shape)} for {n_sequences} sequences; "
            f"it must be ({n_sequences},)"
        )
    if finite and not logits.isfinite().all():
        position = int((~logits.isfinite()).int().argmax())
        raise ValueError(
            f"the model returned the logit {logits[position].item()} for sequence {position} of "
            "its batch; it must be finite (look for NaN in the weights)"
        )
    return logits


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
        raise ValueError(
            f"{name} is {shorten(value)}; it must be one of {', '.join(map(repr, allowed))}"
        )
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
        TypeError: If they cannot be compared with each other.
        ValueError: If their number is wrong, one is missing (None, NaN) or too few are different.
    """
    values = _as_array("groups", groups)
    if values.shape != (n_sequences,):
        raise ValueError(
            f"groups has shape {values.shape} for {n_sequences} labels; "
            "there must be exactly one group per sequence"
        )
    if isinstance(groups, list | tuple) and values.dtype.kind not in "biu":
        # As they are: else NumPy would turn the 1 of [1, "1"] into text and round large numbers.
        values = np.array(groups, dtype=object)
    is_missing = pd.isna(values)
    if is_missing.any():
        position = int(is_missing.argmax())
        raise ValueError(
            f"groups[{position}] is {values[position]}; every sequence must have a group (one "
            "without a known source is a group of its own)"
        )
    n_groups = _count_different("groups", values)
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


def check_vocab_size(vocab_size: int) -> int:
    """Return the size of the vocabulary as an int if symbols of int64 can have it.

    Args:
        vocab_size: Number of symbols, padding (0) included.

    Returns:
        The same as a plain int.

    Raises:
        TypeError: If it is not a whole number.
        ValueError: If it is below 2 or above 2**63.
    """
    return check_count("vocab_size", vocab_size, minimum=2, maximum=LARGEST_SYMBOL + 1)


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
    vocab_size = check_vocab_size(vocab_size)
    if not is_list(sequences):
        raise TypeError(
            f"sequences is a {type(sequences).__name__}; it must be a list of sequences of symbols"
        )
    if isinstance(sequences, Tensor | np.ma.MaskedArray):
        sequences = _as_array("sequences", sequences)
    if len(sequences) == 0:
        raise ValueError("sequences is empty; there must be at least 1 sequence")
    return [
        check_symbols(f"sequences[{i}]", s, vocab_size=vocab_size) for i, s in enumerate(sequences)
    ]


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
        found = _dtype_or_type(lengths)
        raise TypeError(f"lengths is {found}; it must be an int64 tensor")
    if lengths.device.type != "cpu":
        raise ValueError(f"lengths is on {lengths.device}; it must stay on the CPU")
    _check_dense("lengths", lengths)
    if lengths.shape != (n_sequences,):
        raise ValueError(f"lengths has shape {tuple(lengths.shape)}; it must be ({n_sequences},)")
    if (position := _first_outside(lengths, 1, n_steps)) is not None:
        raise ValueError(
            f"lengths[{position}] is {int(lengths[position])}; "
            f"every length must be 1..{n_steps}, the time steps of the padded batch"
        )
    return lengths


def check_outputs(outputs: Tensor, lengths: Tensor) -> None:
    """Check that an LSTM's padded outputs and the lengths belong together.

    Args:
        outputs: Padded LSTM outputs, float, shape (N, L, H).
        lengths: Real time steps of each sequence, int64 on the CPU, shape (N,), each 1..L.

    Raises:
        TypeError: If `outputs` is not a tensor of floats, or `lengths` not one of int64.
        ValueError: If a shape is wrong, or a length is not 1..L.
    """
    if not isinstance(outputs, Tensor) or not outputs.is_floating_point():
        found = _dtype_or_type(outputs)
        raise TypeError(f"outputs is {found}; it must be a tensor of floats")
    if outputs.is_nested or outputs.dim() != 3 or 0 in outputs.shape:
        found = "nested" if outputs.is_nested else f"of shape {tuple(outputs.shape)}"
        raise ValueError(f"outputs is {found}; it must be (N, L, H), each at least 1")
    _check_dense("outputs", outputs)
    check_lengths(lengths, n_sequences=outputs.size(0), n_steps=outputs.size(1))


def check_positions(parts: Sequence[Sequence[int]], *, n_sequences: int) -> list[list[int]]:
    """Return the positions of train, validation and test if every one exists and none repeats.

    Args:
        parts: Positions of each side.
        n_sequences: Number of sequences they point into.

    Returns:
        The same positions as plain lists.

    Raises:
        TypeError: If `parts` is not three lists.
        ValueError: If a position is not a whole number, does not exist or is used twice.
    """
    if not is_list(parts) or isinstance(parts, Tensor | np.ndarray | pd.Series):
        raise TypeError(
            f"splits is a {type(parts).__name__}; it must be three lists of positions, as "
            "split_indices returns them"
        )
    lists = [_as_positions(part) for part in parts]
    if len(lists) != 3 or not lists[0]:
        raise ValueError(
            f"splits has sides of {[len(side) for side in lists]} positions; it must have three, "
            "train, validation and test, and the first must not be empty"
        )
    seen = set()
    for position in (position for part in lists for position in part):
        if isinstance(position, bool) or not isinstance(position, int):
            raise ValueError(f"splits holds {shorten(position)}; positions must be whole numbers")
        if not 0 <= position < n_sequences:
            raise ValueError(
                f"splits holds position {shorten(position)}; "
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
        found = _dtype_or_type(padded)
        raise TypeError(f"padded is {found}; it must be an int64 tensor")
    if padded.is_nested:
        raise ValueError("padded is a nested tensor; it must be a plain one, as collate_fn pads it")
    if padded.dim() != 2 or padded.numel() == 0:
        raise ValueError(
            f"padded has shape {tuple(padded.shape)}; it must be (N, L), N and L at least 1"
        )
    _check_dense("padded", padded)
    check_lengths(lengths, n_sequences=padded.size(0), n_steps=padded.size(1))
    if (position := _first_outside(padded, 0, vocab_size - 1)) is not None:
        row, step = divmod(position, padded.size(1))
        raise ValueError(
            f"padded[{row}, {step}] is {int(padded[row, step])}; "
            f"every symbol must be 0..{vocab_size - 1}"
        )


def is_list(values: object) -> bool:
    """Tell whether values come one after the other, in an order that means something.

    Args:
        values: What the caller passed.

    Returns:
        False for text, sets, dictionaries, tables, generators and single values.

    Example:
        >>> is_list((1, 2)), is_list({1, 2}), is_list("12")
        (True, False, False)
    """
    # The order of a set is chance; a dictionary and a table hand out their names.
    unfit = str | bytes | Set | Mapping | pd.DataFrame
    is_collection = hasattr(values, "__len__") and hasattr(values, "__iter__")
    is_scalar = getattr(values, "shape", None) == ()
    return is_collection and not is_scalar and not isinstance(values, unfit | type)


def check_symbols(
    name: str, sequence: Sequence[int], *, vocab_size: int, may_be_empty: bool = False
) -> Tensor:
    """Return one sequence as an int64 tensor, or name the symbol that cannot be one.

    Args:
        name: Argument name for the message.
        sequence: Symbols 1..vocab_size - 1: a list, array or tensor.
        vocab_size: Number of symbols, padding (0) included.
        may_be_empty: Whether no symbol at all is fine.

    Returns:
        Symbols, int64, shape (L,), copied from the input.

    Raises:
        ValueError: If it is empty, not one-dimensional, not whole numbers, or holds a symbol
            outside 1..vocab_size - 1.

    Example:
        >>> check_symbols("sequence", (1, 6), vocab_size=7)
        tensor([1, 6])
    """
    values = _as_array(name, sequence)
    if values.ndim != 1:
        raise ValueError(f"{name} has shape {values.shape}; it must be one-dimensional, (L,)")
    if len(values) == 0 and may_be_empty:
        return torch.empty(0, dtype=torch.int64)
    if len(values) == 0:
        raise ValueError(f"{name} is empty; every sequence needs at least 1 symbol")
    if values.dtype.kind not in "iu":
        raise ValueError(f"{name} holds {values.dtype} values; symbols must be whole numbers")
    if isinstance(sequence, list | tuple):  # beside whole numbers NumPy reads True as 1
        for position, symbol in enumerate(sequence):
            if _is_bool(symbol):
                raise ValueError(
                    f"{name}[{position}] is {bool(symbol)}; symbols must be whole numbers"
                )
    is_wrong = (values < 1) | (values >= vocab_size)
    if is_wrong.any():
        position = int(is_wrong.argmax())
        raise ValueError(
            f"{name}[{position}] is {values[position]}; "
            f"symbols must be 1..{vocab_size - 1} (0 is kept for padding)"
        )
    return torch.from_numpy(values.astype(np.int64))


def _is_bool(value: object) -> bool:
    """Tell whether a value is True or False, be it an array or a tensor of shape ()."""
    is_boxed = isinstance(value, Tensor | np.ndarray) and str(value.dtype).endswith("bool")
    return is_boxed or isinstance(value, bool | np.bool_)


def _as_array(name: str, values: Sequence[float]) -> np.ndarray:
    """Return anything array-like as an array, with a clear error for what is not one."""
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise ValueError(f"{name} is a masked array that hides values; it must hold all of them")
    try:
        if isinstance(values, Tensor):
            values = values.detach().cpu()
            return (values.float() if values.dtype == torch.bfloat16 else values).numpy()
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} is ragged; it must be a plain array of numbers") from error
    except (TypeError, RuntimeError) as error:  # sparse, or without memory of its own, or nested
        raise ValueError(
            f"{name} cannot be read as numbers; it must be a list or a plain array"
        ) from error


def _as_float(name: str, value: float) -> float:
    """Return one real number as a float; what is too large for one becomes infinite."""
    if isinstance(value, NO_NUMBER) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} is {shorten(value)}; it must be a number")
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _as_finite(name: str, value: float, advice: str = "") -> float:
    """Return one real number as a float if it is neither NaN nor infinite."""
    number = _as_float(name, value)
    if not math.isfinite(number):
        raise ValueError(f"{name} is {shorten(value)}; it must be a finite number{advice}")
    return number


def _count_different(name: str, values: np.ndarray) -> int:
    """Count different values; refuse those that sorting, as splits do it, would not bring together.

    Text beside numbers has no order, sets have one that leaves some pairs open.
    """
    try:
        n_sorted, n_hashed = len(np.unique(values)), len(set(values.tolist()))
    except TypeError:
        n_sorted, n_hashed = 0, 1
    if n_sorted != n_hashed:
        raise TypeError(
            f"{name} holds values that cannot be put in order; they must be of one kind, such as "
            "all text or all whole numbers"
        )
    return n_sorted


def _dtype_or_type(value: object) -> torch.dtype | str:
    """Say what stands where another tensor should: its dtype, or the type of the value."""
    return value.dtype if isinstance(value, Tensor) else type(value).__name__


def _kind(value: object) -> str:
    """Say what a value is that should have been something else."""
    return f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__


def _is_pair(pair: object) -> bool:
    """Tell whether something is two plain tensors."""
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        return False
    return all(isinstance(part, Tensor) and _is_plain(part) for part in pair)


def _is_plain(part: Tensor) -> bool:
    """Tell whether a tensor holds its values one by one."""
    return part.layout is torch.strided and not part.is_meta and not part.is_nested


def _as_positions(part: Sequence[int]) -> list[int]:
    """Return the positions of one side as a list, or say that it is none."""
    values = _as_array("splits", part)
    if values.ndim != 1:
        raise ValueError(
            f"splits holds a side of shape {values.shape}; each must be one-dimensional, (n,)"
        )
    return values.tolist()


def _first_outside(values: Tensor, lowest: int, highest: int) -> int | None:
    """Find the first whole number that is not lowest..highest; None if there is none.

    Every training step asks this: one pass over the values, and a second one only to point at it.
    """
    if values.numel() == 0:
        return None
    smallest, largest = (end.item() for end in values.aminmax())
    if lowest <= smallest and largest <= highest:
        return None
    values = values.long()  # a large limit does not fit into int32
    return int(((values < lowest) | (values > highest)).flatten().int().argmax())


def _check_dense(name: str, values: Tensor) -> None:
    """Refuse a tensor whose values cannot be looked at one by one."""
    if not _is_plain(values):
        kind = values.device.type if values.device.type == "meta" else values.layout
        raise ValueError(f"{name} is a {kind} tensor; it must be a plain one that holds its values")
