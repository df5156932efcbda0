"""Validate arguments where data enters the package, so that the lessons stay short.

Messages name the argument, its value and what is allowed, and the position if there is one.
"""

import functools
import inspect
import numbers
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from math import inf, isfinite

import numpy as np
import torch
from torch import Tensor

KINDS = {"iu": "integers", "iuf": "numbers", "biuf": "0 or 1"}  # by NumPy's dtype kind


def _nothing(*args: object, **kwargs: object) -> None:
    """Check nothing."""


def checked(before=_nothing, *, after=_nothing, explain=_nothing) -> Callable:
    """Decorate a lesson function with checks that are not part of the lesson.

    The checks receive the same arguments as the function, including defaults.

    Args:
        before: Called before the function, with the same arguments.
        after: Called with the function's result and the arguments.
        explain: Called with the arguments only if the function has raised an error. It raises an
            error that names the argument at fault, or returns without an error.

    Returns:
        The decorator.
    """

    def decorate(function: Callable) -> Callable:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def guarded(*args: object, **kwargs: object) -> object:
            if torch.compiler.is_compiling():  # torch.export cannot follow the checks
                return function(*args, **kwargs)
            bound = signature.bind(*args, **kwargs)  # its error names a missing argument
            bound.apply_defaults()  # so that the checks need no defaults
            args, kwargs = bound.args, bound.kwargs
            before(*args, **kwargs)
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
    """Format a value for a message, in at most 80 characters.

    Example:
        >>> shorten("a"), shorten(np.float32(0.5))
        ("'a'", '0.5')
    """
    text = " ".join((str(value) if isinstance(value, np.generic) else repr(value)).split())
    return text if len(text) <= 80 else f"{text[:77]}..."


def require(
    is_right: bool, name: str, value: object, allowed: object, error: type[Exception] = ValueError
) -> None:
    """Raise an error with an argument's name, its value and what is allowed, unless `is_right`."""
    if not is_right:
        raise error(f"{name} is {shorten(value)}; it must be {allowed}")


def check_range(name: str, value: float, minimum: float, maximum: float) -> None:
    """Reject a number below `minimum` or above `maximum`."""
    allowed = f"at least {minimum}" if value < minimum else f"at most {maximum}"
    require(minimum <= value <= maximum, name, value, allowed)


def check_count(name: str, value: int, *, minimum: int, maximum: float = inf) -> int:
    """Return a value as an int if it is an integer between `minimum` and `maximum`.

    Example:
        >>> check_count("patience", 5, minimum=1)
        5
    """
    is_integer = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    require(is_integer, name, value, "an integer", TypeError)
    check_range(name, value, minimum, maximum)
    return int(value)


def check_seed(seed: int) -> int:
    """Return a seed if Python, NumPy, scikit-learn and PyTorch all accept it."""
    return check_count("seed", seed, minimum=0, maximum=2**32 - 1)


def check_number(name: str, value: float, *, minimum: float = -inf, maximum: float = inf) -> float:
    """Return a value as a float if it is a finite real number from `minimum` to `maximum`."""
    if isinstance(value, Tensor | np.ndarray) and value.ndim == 0:
        value = value.item()
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    require(is_number, name, value, "a number", TypeError)
    require(isfinite(value), name, value, "a finite number")
    check_range(name, value, minimum, maximum)
    return float(value)


def check_choice(name: str, value: str, allowed: Iterable[str]) -> str:
    """Return a value that is one of the `allowed` strings."""
    options = ", ".join(map(repr, allowed))
    require(isinstance(value, str) and value in allowed, name, value, f"one of {options}")
    return value


def check_each(name: str, values: Sequence, is_right: Sequence, rule: str) -> None:
    """Reject the first entry that breaks a rule; `values` and `is_right` are arrays or tensors."""
    if not is_right.all():
        position = torch.as_tensor(~is_right).nonzero()[0].tolist()
        raise ValueError(f"{name}{position} is {values[tuple(position)]}; {rule}")


def as_array(name: str, values: Sequence, kinds: str = "", size: int | None = None) -> np.ndarray:
    """Convert a list, array, column or tensor to a one-dimensional array.

    Args:
        name: Name of the argument.
        values: What to convert.
        kinds: What `values` may hold, a key of KINDS; "" allows everything.
        size: Number of entries, one for each sequence; None allows any number.

    Returns:
        The array; it may share its memory with `values`.
    """
    try:
        array = np.asarray(values.detach().cpu() if isinstance(values, Tensor) else values)
    except (ValueError, TypeError, RuntimeError) as error:
        raise ValueError(f"{name} cannot be read as an array: {error}") from error
    require(array.ndim == 1, name, values, "a one-dimensional list, array, column or tensor")
    if size is not None:
        require(len(array) == size, f"len({name})", len(array), f"{size}, one for each sequence")
    if kinds and len(array) > 0 and array.dtype.kind not in kinds:  # an empty list has no kind
        raise ValueError(f"{name} holds {array.dtype} values; they must be {KINDS[kinds]}")
    return array


def check_numbers(
    name: str, values: Sequence, *, minimum: float = -inf, maximum: float = inf, whole: bool = False
) -> np.ndarray:
    """Return finite numbers as a one-dimensional array, float64, or int64 if `whole`.

    Example:
        >>> check_numbers("x", range(3))
        array([0., 1., 2.])
    """
    array = as_array(name, values, "iu" if whole else "iuf")
    check_range(f"len({name})", len(array), 1, inf)
    for i in (array.argmin(), array.argmax()):  # argmin finds NaN, too
        check_number(f"{name}[{i}]", array[i], minimum=minimum, maximum=maximum)
    return array.astype(np.int64 if whole else np.float64)


def check_labels(labels: Sequence[float], *, n_sequences: int | None = None) -> np.ndarray:
    """Return labels of 0 and 1, one for each sequence, as int64, shape (N,).

    Example:
        >>> check_labels([0.0, 1.0, 1.0])
        array([0, 1, 1])
    """
    array = as_array("labels", labels, "biuf", size=n_sequences)
    check_each("labels", array, np.isin(array, (0, 1)), "every label must be 0 or 1")
    return array.astype(np.int64)


def check_sequences(sequences: Sequence[Sequence], *, vocab_size: int) -> tuple[np.ndarray, ...]:
    """Return sequences of symbols 1..vocab_size - 1 in one flat array, and their lengths.

    Args:
        sequences: Lists, arrays or tensors of symbols, of any length.
        vocab_size: Number of symbols including padding (0).

    Returns:
        All symbols, int64, shape (S,), a copy; the length of each sequence, int64, shape (N,).

    Example:
        >>> check_sequences([[1, 6], [3]], vocab_size=7)
        (array([1, 6, 3]), array([2, 1]))
    """
    check_count("vocab_size", vocab_size, minimum=2)
    is_list = hasattr(sequences, "__len__") and not isinstance(sequences, str | Set | Mapping)
    require(is_list, "sequences", sequences, "a list of sequences", TypeError)
    check_range("len(sequences)", len(sequences), 1, inf)
    arrays = [as_array(f"sequences[{i}]", each, "iu") for i, each in enumerate(sequences)]
    lengths = np.array([len(array) for array in arrays])
    for i in np.flatnonzero(lengths == 0):  # the error names the first empty sequence
        raise ValueError(f"sequences[{i}] is empty; every sequence needs at least one symbol")
    symbols = np.concatenate(arrays)
    if symbols.min() < 1 or symbols.max() >= vocab_size:
        rule = f"symbols must be 1..{vocab_size - 1} (0 is reserved for padding)"
        for i, array in enumerate(arrays):  # pragma: no branch (one of them is refused)
            check_each(f"sequences[{i}]", array, (array >= 1) & (array < vocab_size), rule)
    return symbols.astype(np.int64), lengths
