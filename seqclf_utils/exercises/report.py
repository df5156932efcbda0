"""What all checks share: say `Correct` or what is still missing, and never raise."""

import functools
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor


def exercise(check: Callable[[Callable], str | None]) -> Callable[[Callable], None]:
    """Print what `check` says about the reader's function, whatever that function does."""

    @functools.wraps(check)
    def report(answer: Callable) -> None:
        try:
            hint = check(answer)
        except NothingYetError:
            hint = f"{answer.__name__} returns nothing. Replace the dots, and return the result."
        except Exception as error:
            hint = f"your code raised {type(error).__name__}: {error}"
        print("Correct" if hint is None else f"Not yet: {hint}")

    return report


class NothingYetError(Exception):
    """The reader's function returned None: most likely it is still the stub."""


def call(answer: Callable, *arguments: object) -> object:
    """Call the reader's function; None or dots mean that nothing is written yet."""
    result = answer(*arguments)
    if result is None or result is ...:
        raise NothingYetError
    return result


def close(result: object, expected: float) -> bool:
    """Compare single numbers up to rounding; anything else is different."""
    try:
        return bool(np.isclose(float(result), expected, rtol=1e-4, atol=1e-6))
    except (TypeError, ValueError):
        return False


def two_numbers(result: object) -> tuple[float, float] | None:
    """Return a pair of numbers as a tuple; None for anything else."""
    try:
        first, second = (float(number) for number in result)
    except (TypeError, ValueError):
        return None
    return first, second


def tensors_close(result: object, expected: Tensor) -> bool:
    """Compare tensors up to rounding; shapes must be equal."""
    return (
        isinstance(result, Tensor)
        and result.shape == expected.shape
        and torch.allclose(result.double(), expected.double(), atol=1e-6)
    )


def wrong_shape(result: object, shape: tuple[int, ...], names: str) -> str | None:
    """Say that the result is no tensor of this shape, with the names of its axes; else None."""
    if isinstance(result, Tensor) and result.shape == shape:
        return None
    found = tuple(result.shape) if isinstance(result, Tensor) else type(result).__name__
    return f"the result should have shape {names} = {shape}; yours is {found}."
