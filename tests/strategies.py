"""Realistic arguments, and helpers that distinguish input validation from accidental errors."""

import os
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from hypothesis import settings
from hypothesis import strategies as st

import seqclf_utils

PACKAGE = str(Path(seqclf_utils.__file__).parent)
USUAL = 50  # examples per test in the profile "course"

VALUES = [
    *(None, True, np.False_, "abc", "12", "", b"12", int, object()),
    *(-1, 0, 1, 2, 3, 7, 9, 12, 2**32 - 1, 2**32, 2**63),
    *(0.0, 0.25, 0.5, 0.81, 2.0, -0.5, 1e300, float("nan"), float("inf"), Decimal("0.25")),
    *(np.int64(4), np.uint8(2), np.float32(0.25), np.float64("nan"), 1j, pd.NA, pd.Timestamp(0)),
    *([], [1, 2], [[1], [2, 3]], (), {}, {0: [1]}, {1, 2}, range(3)),
    *(np.array([]), np.array(["a", "b"]), np.array([1.5, None]), np.ones((2, 2))),
    *(pd.Series([1, 0], index=[7, 7]), pd.Series([1, None]), pd.DataFrame([[1, 2], [3, 4]])),
    *(torch.ones(2, 3), torch.ones(0, 3), torch.ones(2, requires_grad=True), torch.tensor([1j])),
]

BOXES = {
    "list": list,
    "tuple": tuple,
    "array": np.array,
    "read backwards": lambda values: np.array(values[::-1])[::-1],
    "column": lambda values: pd.Series(values, index=[9] * len(values)),
    "nullable column": lambda values: pd.Series(values).convert_dtypes(),
    "tensor": torch.tensor,
    "list of tensors": lambda values: [torch.tensor(value) for value in values],
    "list of NumPy numbers": lambda values: list(np.array(values)),
}
boxes = st.sampled_from(sorted(BOXES))


def boxed(values, box):
    """Convert a list to the named container, or return it unchanged if that is impossible."""
    try:
        return BOXES[box](values)
    except (ValueError, TypeError, RuntimeError, OverflowError):
        return values


def unboxed(values):
    """Return the values in a container as plain Python values."""
    return [value.item() if hasattr(value, "item") else value for value in values]


def examples(usual):
    """Run a test on `usual` examples, scaled by SEQCLF_EXAMPLES if it is set."""
    wanted = int(os.environ.get("SEQCLF_EXAMPLES", USUAL))
    return settings(max_examples=max(1, usual * wanted // USUAL))


class RefusedError(Exception):
    """The package rejected an argument with a proper error."""


def answer(call, *names):
    """Return the result of a call, or raise RefusedError if the package rejects an argument.

    The error must be a ValueError or TypeError raised by the package itself, with a short message
    that contains one of the names.
    """
    try:
        return call()
    except Exception as error:
        place = error.__traceback__
        while place.tb_next is not None:
            place = place.tb_next
        message = f"{type(error).__name__}: {error}"
        assert type(error) in (ValueError, TypeError), message
        assert place.tb_frame.f_code.co_filename.startswith(PACKAGE), message
        assert any(name in str(error) for name in names), message
        assert len(str(error)) < 400, message
        raise RefusedError(message) from error


def is_refused(call, *names):
    """Return whether a call is rejected with a proper error."""
    try:
        answer(call, *names)
    except RefusedError:
        return True
    return False
