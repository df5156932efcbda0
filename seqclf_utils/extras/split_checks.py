"""Reject a split that cannot be made, and positions that cannot be used."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from seqclf_utils.validation import (
    as_array,
    check_count,
    check_each,
    check_labels,
    check_number,
    check_numbers,
    check_seed,
    require,
)

ADVICE = "each set must hold both labels: try other fractions, or more sequences or groups"


def check_split(
    labels: Sequence, *, val_fraction: float, test_fraction: float, groups: object, seed: int
) -> None:
    """Reject arguments from which no split can be made; `explain_split` reports other errors."""
    labels = check_labels(labels)
    check_seed(seed)
    for name, value in (("val_fraction", val_fraction), ("test_fraction", test_fraction)):
        require(0 < check_number(name, value) < 1, name, value, "between 0 and 1")
    total = val_fraction + test_fraction
    require(total < 1, "val_fraction + test_fraction", total, "below 1 to leave a training set")
    for label, count in enumerate(np.bincount(labels, minlength=2)):
        check_count(f"number of sequences with label {label}", int(count), minimum=3)
    if groups is not None:
        check_groups(groups, n_sequences=len(labels))


def check_groups(groups: Sequence, *, n_sequences: int) -> None:
    """Reject groups if values are missing or of several types, such as 1 and "1"."""
    values = as_array("groups", groups, size=n_sequences)
    names = pd.Series(groups.tolist() if hasattr(groups, "tolist") else groups, dtype=object)
    check_each("groups", values, names.notna().to_numpy(), "every sequence must belong to a group")
    n_groups = len(set(names))
    if n_groups != len(np.unique(values)):
        raise TypeError("groups holds values of several types; they must all be of one type")
    check_count("number of different groups", n_groups, minimum=3)


def explain_split(labels: Sequence, *, val_fraction: float, test_fraction: float, **_) -> None:
    """Raise an error that explains why scikit-learn could not stratify."""
    counts = np.bincount(check_labels(labels), minlength=2)
    raise ValueError(
        f"val_fraction {val_fraction:g} and test_fraction {test_fraction:g} cannot split "
        f"{counts.sum()} sequences, {counts.min()} of the rarer label; {ADVICE}"
    )


def check_parts(splits: tuple, labels: Sequence[float], **_: object) -> None:
    """Reject a split if a set lacks a label, because that set could not be scored."""
    for name, positions in zip(splits._fields, splits, strict=True):
        missing = {0, 1} - set(np.asarray(labels)[positions].tolist())
        if missing:
            raise ValueError(f"{name} would hold no sequence of label {missing.pop()}; {ADVICE}")


def check_indices(splits: Sequence[Sequence[int]], *, n_sequences: int) -> list[list[int]]:
    """Return the positions of the three sets if each position exists and none is used twice."""
    are_three = isinstance(splits, tuple | list) and len(splits) == 3
    require(are_three, "splits", splits, "the positions of three sets, as from split_indices")
    parts = [as_array(f"splits[{i}]", part) for i, part in enumerate(splits)]
    for i, part in enumerate(parts):
        if i == 0 or len(part) > 0:  # the validation and test sets may be empty
            check_numbers(f"splits[{i}]", part, minimum=0, maximum=n_sequences - 1, whole=True)
    counts = pd.Series(np.concatenate(parts)).value_counts()
    if counts.max() > 1:
        twice = int(counts.idxmax())
        raise ValueError(f"splits holds position {twice} twice; the three sets must not overlap")
    return [part.tolist() for part in parts]
