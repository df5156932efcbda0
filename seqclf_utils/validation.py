"""Validate arguments where data enters, so that the lessons stay short.

Every message reads `argument is value; it must be ...` and names the position where there is one.
"""

import functools
import inspect
import math
import numbers
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence, Set

import numpy as np
import torch
from torch import Tensor, nn

ADVICE = "look for NaN in the weights, and try a lower learning rate"
LONG_PACKED = 1_000  # time steps from which a packed LSTM is slow enough to warn


def _nothing(*args: object, **kwargs: object) -> None:
    """Check nothing."""


def checked(
    before: Callable = _nothing, *, after: Callable = _nothing, explain: Callable = _nothing
) -> Callable:
    """Decorate a function of the lessons with checks that are not part of the lesson.

    Args:
        before: Called with the same arguments before the function.
        after: Called with the function's result and the same arguments.
        explain: Called with the same arguments after the function raised, which costs nothing
            otherwise; it raises an error that names the argument at fault, or returns.

    Returns:
        The decorator.
    """

    def decorate(function: Callable) -> Callable:
        @functools.wraps(function)
        def guarded(*args: object, **kwargs: object) -> object:
            if torch.compiler.is_compiling():  # torch.export cannot follow the checks
                return function(*args, **kwargs)
            try:
                before(*args, **kwargs)
            except TypeError:
                inspect.signature(function).bind(*args, **kwargs)  # Python's message, if any
                raise
            try:
                result = function(*args, **kwargs)
            except Exception:
                explain(*args, **kwargs)
                raise
            after(result, *args, **kwargs)
            return result

        return guarded

    return decorate


def shorten(value: object) -> str:
    """Format a value for a message, at most 80 characters.

    Example:
        >>> shorten("a"), shorten(np.float32(0.5))
        ("'a'", '0.5')
    """
    try:
        text = str(value) if isinstance(value, np.generic) else repr(value)
    except ValueError:  # Python does not print integers of many thousand digits
        text = "a very long integer"
    text = " ".join(text.split())
    return text if len(text) <= 80 else f"{text[:77]}..."


def check_range(name: str, value: float, minimum: float, maximum: float) -> None:
    """Reject a number that is not from `minimum` to `maximum`."""
    if not minimum <= value <= maximum:
        allowed = f"at least {minimum}" if value < minimum else f"at most {maximum}"
        raise ValueError(f"{name} is {shorten(value)}; it must be {allowed}")


def check_count(name: str, value: int, *, minimum: int, maximum: float = math.inf) -> int:
    """Return an integer from `minimum` to `maximum` as an int.

    Example:
        >>> check_count("patience", 5, minimum=1)
        5
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} is {shorten(value)}; it must be an integer")
    check_range(name, value, minimum, maximum)
    return int(value)


def check_seed(seed: int) -> int:
    """Return a seed that Python, NumPy, scikit-learn and PyTorch all accept."""
    return check_count("seed", seed, minimum=0, maximum=2**32 - 1)


def check_number(
    name: str, value: float, *, minimum: float = -math.inf, maximum: float = math.inf
) -> float:
    """Return a finite real number from `minimum` to `maximum` as a float."""
    if isinstance(value, Tensor | np.ndarray) and value.ndim == 0:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} is {shorten(value)}; it must be a number")
    if not math.isfinite(value):
        raise ValueError(f"{name} is {shorten(value)}; it must be a finite number")
    check_range(name, value, minimum, maximum)
    return float(value)


def check_flag(name: str, value: bool) -> bool:
    """Return True or False; anything else, such as the string "no", is refused."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} is {shorten(value)}; it must be True or False")
    return bool(value)


def check_choice(name: str, value: str, allowed: Sequence[str]) -> str:
    """Return a string that is one of `allowed`."""
    if not isinstance(value, str) or value not in allowed:
        options = ", ".join(map(repr, allowed))
        raise ValueError(f"{name} is {shorten(value)}; it must be one of {options}")
    return value


def check_each(name: str, values: Sequence, is_right: Sequence, rule: str) -> None:
    """Name the first entry that breaks a rule; `values` and `is_right` are arrays or tensors."""
    if not is_right.all():
        position = torch.as_tensor(~is_right).nonzero()[0].tolist()
        raise ValueError(f"{name}{position} is {values[tuple(position)]}; {rule}")


def as_array(name: str, values: Sequence) -> np.ndarray:
    """Convert a list, array, column or tensor to a one-dimensional array."""
    try:
        array = np.asarray(values.detach().cpu() if isinstance(values, Tensor) else values)
    except (ValueError, TypeError, RuntimeError) as error:
        raise ValueError(f"{name} cannot be read as an array: {error}") from error
    if array.ndim != 1:
        raise ValueError(f"{name} has shape {array.shape}; it must be one-dimensional")
    return array


def check_numbers(
    name: str,
    values: Sequence[float],
    *,
    n_values: int | None = None,
    minimum: float = -math.inf,
    maximum: float = math.inf,
    whole: bool = False,
) -> np.ndarray:
    """Return finite numbers as a one-dimensional array, float64, or int64 if `whole`.

    Example:
        >>> check_numbers("x", range(3))
        array([0., 1., 2.])
    """
    array = as_array(name, values)
    if len(array) != n_values if n_values else len(array) == 0:
        raise ValueError(
            f"{name} has {len(array)} entries; it must have {n_values or 'at least 1'}"
        )
    if array.dtype.kind not in ("iu" if whole else "iuf"):
        kind = "integers" if whole else "numbers"
        raise ValueError(f"{name} holds {array.dtype} values; they must be {kind}")
    for i in (array.argmin(), array.argmax()):  # argmin finds NaN, too
        check_number(f"{name}[{i}]", array[i], minimum=minimum, maximum=maximum)
    return array.astype(np.int64 if whole else np.float64)


def check_labels(labels: Sequence[float], *, n_sequences: int | None = None) -> np.ndarray:
    """Return labels of 0 and 1, one for each sequence, as int64, shape (N,).

    Example:
        >>> check_labels([0.0, 1.0, 1.0])
        array([0, 1, 1])
    """
    if labels is None:
        raise TypeError("labels is None; it must hold one label, 0 or 1, for each sequence")
    values = as_array("labels", labels)
    if n_sequences is not None and len(values) != n_sequences:
        raise ValueError(
            f"labels has {len(values)} entries for {n_sequences} sequences; it must have one each"
        )
    if values.dtype.kind not in "biuf":
        raise ValueError(f"labels holds {values.dtype} values; every label must be 0 or 1")
    check_each("labels", values, np.isin(values, (0, 1)), "every label must be 0 or 1")
    return values.astype(np.int64)


def check_sequences(
    sequences: Sequence[Sequence[int]], *, vocab_size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return sequences of symbols 1..vocab_size - 1 in one flat array, and their lengths.

    Args:
        sequences: Lists, arrays or tensors of symbols, each of its own length.
        vocab_size: Number of symbols including padding (0).

    Returns:
        All symbols, int64, shape (S,), a copy; the length of each sequence, int64, shape (N,).

    Example:
        >>> check_sequences([[1, 6], [3]], vocab_size=7)
        (array([1, 6, 3]), array([2, 1]))
    """
    check_count("vocab_size", vocab_size, minimum=2)
    if isinstance(sequences, str | Set | Mapping) or not hasattr(sequences, "__len__"):
        raise TypeError(f"sequences is {shorten(sequences)}; it must be a list of sequences")
    if len(sequences) == 0:
        raise ValueError("sequences is empty; it must hold at least one sequence")
    arrays = [as_array(f"sequences[{i}]", sequence) for i, sequence in enumerate(sequences)]
    lengths = np.array([len(array) for array in arrays])
    is_integer = all(array.dtype.kind in "iu" for array in arrays)
    symbols = np.concatenate(arrays)
    if not (is_integer and lengths.all() and symbols.min() >= 1 and symbols.max() < vocab_size):
        for i, array in enumerate(arrays):  # pragma: no branch (one of them is refused)
            check_symbols(f"sequences[{i}]", array, vocab_size=vocab_size)
    return symbols.astype(np.int64), lengths


def check_symbols(name: str, symbols: np.ndarray, *, vocab_size: int) -> None:
    """Name the first symbol of one sequence that is not an integer 1..vocab_size - 1."""
    if len(symbols) == 0:
        raise ValueError(f"{name} is empty; every sequence needs at least one symbol")
    if symbols.dtype.kind not in "iu":
        raise ValueError(f"{name} holds {symbols.dtype} values; symbols must be integers")
    rule = f"symbols must be 1..{vocab_size - 1} (0 is reserved for padding)"
    check_each(name, symbols, (symbols >= 1) & (symbols < vocab_size), rule)


def check_lengths(lengths: Tensor, *, n_sequences: int, n_steps: int) -> None:
    """Reject lengths that are not int64 on the CPU, of shape (N,), each 1..L."""
    if not isinstance(lengths, Tensor) or lengths.dtype != torch.int64:
        kind = lengths.dtype if isinstance(lengths, Tensor) else type(lengths).__name__
        raise TypeError(f"lengths is {kind}; it must be an int64 tensor")
    if lengths.device.type != "cpu":
        raise ValueError(f"lengths is on {lengths.device}; it must stay on the CPU")
    if lengths.shape != (n_sequences,):
        raise ValueError(f"lengths has shape {tuple(lengths.shape)}; it must be ({n_sequences},)")
    smallest, largest = (end.item() for end in lengths.aminmax())
    if smallest < 1 or largest > n_steps:
        rule = f"every length must be 1..{n_steps}, the time steps of the padded batch"
        check_each("lengths", lengths, (lengths >= 1) & (lengths <= n_steps), rule)


def check_tensor(name: str, value: Tensor, *sizes: str) -> None:
    """Reject what is not a tensor of the named sizes, each at least 1."""
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} is {shorten(value)}; it must be a tensor")
    if value.dim() != len(sizes) or value.numel() == 0:
        allowed = f"({', '.join(sizes)}), each at least 1"
        raise ValueError(f"{name} has shape {tuple(value.shape)}; it must be {allowed}")


def check_outputs(outputs: Tensor, lengths: Tensor) -> None:
    """Check the shapes and lengths that `masked_mean` averages over."""
    check_tensor("outputs", outputs, "N", "L", "H")
    check_lengths(lengths, n_sequences=outputs.size(0), n_steps=outputs.size(1))


def check_batch(model: nn.Module, padded: Tensor, lengths: Tensor) -> None:
    """Check before each step what PyTorch would accept and read wrongly: shapes and lengths."""
    check_tensor("padded", padded, "N", "L")
    check_lengths(lengths, n_sequences=padded.size(0), n_steps=padded.size(1))
    if padded.size(1) >= LONG_PACKED and model.packed and model.training:
        better = "LSTMClassifier(packed=False) gives the same logits many times faster on the CPU"
        warnings.warn(f"a packed LSTM is slow on long sequences; {better}", stacklevel=2)


def explain_symbols(model: nn.Module, padded: Tensor, lengths: Tensor) -> None:
    """Name the symbol that the embedding could not look up."""
    if padded.dtype not in (torch.int64, torch.int32):
        raise TypeError(f"padded is {padded.dtype}; it must be an int64 tensor")
    n_symbols = model.embed.num_embeddings
    is_right = (padded >= 0) & (padded < n_symbols)
    check_each("padded", padded, is_right, f"every symbol must be 0..{n_symbols - 1}")


def check_model(model: nn.Module) -> None:
    """Reject what is not an `nn.Module`, such as the class itself."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"model is {shorten(model)}; it must be an nn.Module object")


def check_logits(logits: Tensor, *, n_sequences: int) -> Tensor:
    """Return a model's logits if they are floats, finite, and one for each sequence."""
    if not isinstance(logits, Tensor) or logits.shape != (n_sequences,):
        found = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        allowed = f"a tensor of shape ({n_sequences},), one logit for each sequence"
        raise ValueError(f"the model returned {found}; it must return {allowed}")
    check_each("logits", logits, logits.isfinite(), f"every logit must be finite ({ADVICE})")
    return logits


def first_batch(loader: Iterable) -> Sequence[Tensor]:
    """Return the first batch if it is padded (N, L), lengths (N,) and labels (N,)."""
    if not isinstance(loader, Iterable):
        raise TypeError(f"loader is {shorten(loader)}; it must yield batches")
    batch = next(iter(loader), None)
    if batch is None:
        raise ValueError("loader is empty; it must yield at least one batch")
    parts = batch if isinstance(batch, tuple | list) else [batch]
    if [getattr(part, "ndim", None) for part in parts] != [2, 1, 1]:
        found = [tuple(p.shape) if isinstance(p, Tensor) else type(p).__name__ for p in parts]
        rule = "padded (N, L), lengths (N,), labels (N,); a DataLoader needs collate_fn=collate_fn"
        raise ValueError(f"loader yields {found}; it must yield {rule}")
    return batch
