"""Helpers for the checks: calling the reader's code, comparing results and printing hints."""

import functools
from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor


class HintError(Exception):
    """Raised by a check to stop with a hint."""


def exercise(check: Callable) -> Callable[..., None]:
    """Print the result of a check, even if the reader's code raises an error."""

    @functools.wraps(check)
    def report(*answers: Callable) -> None:
        try:
            hint = check(*answers)
        except HintError as found:
            hint = str(found)
        except Exception as error:
            hint = f"your code raised {type(error).__name__}: {error}"
        print("Correct" if hint is None else f"Not yet: {hint}")

    return report


def call(answer: Callable, *arguments: object) -> object:
    """Call the reader's function, and require a result and unchanged arguments."""
    before = _content(arguments)
    result = answer(*arguments)
    if result is None or result is ...:
        raise HintError(
            f"{answer.__name__} returns nothing. Replace the dots, and return the result."
        )
    if _content(arguments) != before:
        raise HintError(
            "your function changes one of its arguments. Work on a copy: methods that end in "
            "_ and operators such as *= change things in place."
        )
    return result


def _content(value: object) -> object:
    """Return the content of tensors, arrays and lists in a comparable form."""
    if isinstance(value, list | tuple):
        return [_content(part) for part in value]
    if isinstance(value, Tensor):
        return value.detach().numpy().tobytes()
    return value.tobytes() if isinstance(value, np.ndarray) else id(value)


def close(result: object, expected: float) -> bool:
    """Return whether a result is a number that equals the expected number up to rounding."""
    try:
        return bool(np.isclose(float(result), expected, rtol=1e-4, atol=1e-6))
    except (TypeError, ValueError):
        return False


def slip(result: object, slips: Iterable[tuple[float, str]]) -> str | None:
    """Return the hint for the known wrong value that equals the result, if any."""
    return next((hint for value, hint in slips if close(result, value)), None)


def numbers(result: object) -> list[float] | None:
    """Convert a sequence of numbers to a list; return None for anything else."""
    try:
        return [float(number) for number in result]
    except (TypeError, ValueError):
        return None


def two_numbers(result: object) -> list[float] | None:
    """Convert a pair of numbers to a list; return None for anything else."""
    found = numbers(result)
    return found if found is not None and len(found) == 2 else None


def all_close(found: Iterable[float], expected: Iterable[float]) -> bool:
    """Return whether two lists have equal lengths and equal numbers up to rounding."""
    found, expected = list(found), list(expected)
    return len(found) == len(expected) and all(map(close, found, expected))


def tensors_close(result: object, expected: Tensor) -> bool:
    """Return whether two tensors have equal shapes and equal values up to rounding."""
    return (
        isinstance(result, Tensor)
        and result.shape == expected.shape
        and torch.allclose(result.double(), expected.double(), atol=1e-6)
    )


def wrong_shape(result: object, shape: tuple[int, ...], names: str) -> str | None:
    """Return a hint unless the result is a tensor of this shape; `names` describes its axes."""
    if isinstance(result, Tensor) and result.shape == shape:
        return None
    found = tuple(result.shape) if isinstance(result, Tensor) else type(result).__name__
    return f"the result should have shape {names} = {shape}; yours is {found}."
