"""Inputs nobody thought of: for hypothesis, and a way to ask for more of them."""

import enum
import os
import warnings
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from hypothesis import settings
from hypothesis import strategies as st

import seqclf_utils

PACKAGE = str(Path(seqclf_utils.__file__).parent)
USUAL = 50  # examples a test of the profile "course"


class Colour(enum.IntEnum):
    """Whole numbers with names."""

    RED = 3


class MyInt(int):
    """A whole number of another type."""


def itself():
    """Return a list that holds itself."""
    values = []
    values.append(values)
    return values


# Each makes its value anew, for some can be used only once.
JUNK = {
    "None": lambda: None,
    "text": lambda: "abc",
    "digits": lambda: "12",
    "no text": lambda: "",
    "half a character": lambda: "\ud800",
    "NUL": lambda: "a\0b",
    "bytes": lambda: b"12",
    "True": lambda: True,
    "np.False_": lambda: np.False_,
    "complex": lambda: 1 + 2j,
    "Decimal": lambda: Decimal("0.25"),
    "Fraction": lambda: Fraction(1, 4),
    "huge Fraction": lambda: Fraction(10**400),
    "huge": lambda: 10**400,
    "too long to print": lambda: -(10**5000),
    "2**32": lambda: 2**32,
    "2**63": lambda: 2**63,
    "2**63 + 1": lambda: 2**63 + 1,
    "uint64": lambda: np.uint64(2**64 - 1),
    "uint8": lambda: np.uint8(255),
    "int8": lambda: np.int8(-1),
    "IntEnum": lambda: Colour.RED,
    "MyInt": lambda: MyInt(4),
    "float16": lambda: np.float16(0.25),
    "float32 nan": lambda: np.float32("nan"),
    "longdouble": lambda: np.longdouble(0.25),
    "np.complex64": lambda: np.complex64(1),
    "np.str_": lambda: np.str_("last"),
    "datetime64": lambda: np.datetime64("2020-01-01"),
    "timedelta64": lambda: np.timedelta64(3),
    "Timestamp": lambda: pd.Timestamp(2020, 1, 1),
    "pd.NA": lambda: pd.NA,
    "empty list": list,
    "empty tuple": tuple,
    "empty dict": dict,
    "empty set": set,
    "list": lambda: [1, 2],
    "nested": lambda: [[1], [2]],
    "ragged": lambda: [[1], [2, 3]],
    "itself": itself,
    "mixed": lambda: [1, "1", None],
    "dict": lambda: {0: [1], 1: [2]},
    "set": lambda: {(1, 2), (3,)},
    "generator": lambda: (i for i in (1, 0)),
    "iterator of lists": lambda: iter([[1], [2]]),
    "range": lambda: range(3),
    "0-d": lambda: np.array(1),
    "empty array": lambda: np.array([]),
    "object array": lambda: np.array([1, 0], dtype=object),
    "text array": lambda: np.array(["a", "b"]),
    "record array": lambda: np.array([(1, 2.0)], dtype="i4,f8"),
    "masked": lambda: np.ma.array([1, 0], mask=[0, 1]),
    "matrix": lambda: np.ones((2, 2)),
    "cube": lambda: np.ones((1, 2, 3)),
    "Series": lambda: pd.Series([1, 0], index=[7, 7]),
    "Series with a gap": lambda: pd.Series([1, None]),
    "DataFrame": lambda: pd.DataFrame([[1, 2], [3, 4]]),
    "DataFrame with tuples": lambda: pd.DataFrame([[1, 2]], columns=[(1, 2), (3, 4)]),
    "0-d tensor": lambda: torch.tensor(1),
    "meta tensor": lambda: torch.ones(2, dtype=torch.int64, device="meta"),
    "gradient": lambda: torch.tensor([0.25, 1.0], requires_grad=True),
    "list of gradients": lambda: [torch.tensor(1.0, requires_grad=True)],
    "bfloat16": lambda: torch.tensor([1, 0], dtype=torch.bfloat16),
    "complex tensor": lambda: torch.tensor([1j]),
    "sparse": lambda: torch.ones(2, 2, dtype=torch.int64).to_sparse(),
    "strided": lambda: torch.ones(2, 6, dtype=torch.int64)[:, ::3],
    "no tensor": lambda: torch.ones(0, 3, dtype=torch.int64),
    "object": object,
    "class": lambda: int,
    "function": lambda: len,
    "Ellipsis": lambda: ...,
    "slice": lambda: slice(3),
    "path": lambda: Path("nowhere"),
}

numbers = st.one_of(
    st.integers(-3, 12),
    st.integers(),
    st.floats(0, 1),
    st.floats(),
    st.integers(0, 9).map(np.int16),
)


def examples(usual):
    """Run a test with `usual` examples, or in proportion to SEQCLF_EXAMPLES if it is set.

    Args:
        usual: Examples in an ordinary run.

    Returns:
        A decorator.
    """
    wish = int(os.environ.get("SEQCLF_EXAMPLES", USUAL))
    return settings(max_examples=max(1, usual * wish // USUAL))


def fresh(choice):
    """Make a value of JUNK."""
    return JUNK[choice]()


class RefusedError(Exception):
    """The package said no, in the way it should."""


def answer(call, *names, errors=(ValueError, TypeError)):
    """Return what a call returns; raise RefusedError if it is refused properly.

    Properly: with one of `errors` itself, raised by a line of the package, with a message that
    holds one of `names`, says what is allowed and fits on the screen.
    """
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Warning: converting a masked element to nan")
            return call()
    except Exception as error:
        place = error.__traceback__
        while place.tb_next is not None:
            place = place.tb_next
        said = f"{type(error).__name__}: {error}"
        assert type(error) in errors, said
        assert place.tb_frame.f_code.co_filename.startswith(PACKAGE), said
        assert any(name in str(error) for name in names), said
        assert len(str(error)) < 600, said
        raise RefusedError(said) from error


def is_refused(call, *names):
    """Say whether a call is refused, properly."""
    try:
        answer(call, *names)
    except RefusedError:
        return True
    return False


# --------------------------------------------------------------------- the same numbers, boxed


def stretch(values):
    """Return a range if the values are one."""
    is_range = [values[0] + i for i in range(len(values))] == values
    return range(values[0], values[0] + len(values)) if is_range else values


BOXES = {
    "list": list,
    "tuple": tuple,
    "array": np.array,
    "backwards": lambda values: np.array(values[::-1])[::-1],
    "Series": lambda values: pd.Series(values, index=[9] * len(values)),
    "tensor": torch.tensor,
    "every other": lambda values: torch.tensor([v for v in values for _ in (0, 1)])[::2],
    "numpy numbers": lambda values: list(np.array(values)),
    "tensors": lambda values: [torch.tensor(value) for value in values],
    "unmasked": lambda values: np.ma.array(values, mask=False),
    "range or list": stretch,
}
boxes = st.sampled_from(sorted(BOXES))
whole_types = st.sampled_from(
    [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64, ">i4"]
)
