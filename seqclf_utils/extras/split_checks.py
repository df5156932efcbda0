"""Refuse a split that cannot be made, and positions that cannot be used."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from seqclf_utils.validation import (
    as_array,
    check_count,
    check_labels,
    check_number,
    check_numbers,
    check_seed,
    shorten,
)


def check_split(
    labels: Sequence[float],
    *,
    val_fraction: float = 0.2,
    test_fraction: float = 0.2,
    groups: Sequence | None = None,
    seed: int,
) -> None:
    """Refuse a split that cannot be made."""
    labels = check_labels(labels)
    check_seed(seed)
    fractions = {"val_fraction": val_fraction, "test_fraction": test_fraction}
    for name, value in fractions.items():
        if not 0 < check_number(name, value) < 1:
            raise ValueError(f"{name} is {value}; it must be between 0 and 1")
    total = val_fraction + test_fraction
    if total >= 1:
        raise ValueError(
            f"val_fraction + test_fraction is {total:g}; it must be below 1 to leave a training set"
        )
    for label, count in enumerate(np.bincount(labels, minlength=2)):
        check_count(f"number of sequences with label {label}", int(count), minimum=3)
    if groups is not None:
        check_groups(groups, n_sequences=len(labels))
        return
    sizes = [round(value * len(labels)) for value in fractions.values()]
    for name, size in zip(("validation", "test"), sizes, strict=True):
        check_count(f"number of {name} sequences", size, minimum=2)
    check_count("number of training sequences", len(labels) - sum(sizes), minimum=2)


def check_groups(groups: Sequence, *, n_sequences: int) -> None:
    """Refuse groups that are missing, too few, or of several types, such as 1 beside "1"."""
    values = as_array("groups", groups)
    if len(values) != n_sequences:
        raise ValueError(f"groups has {len(values)} entries; it must have {n_sequences}")
    names = pd.Series(groups.tolist() if hasattr(groups, "tolist") else groups, dtype=object)
    missing = names.isna().to_numpy()
    if missing.any():
        i = int(missing.argmax())
        raise ValueError(f"groups[{i}] is missing; every sequence must belong to a group")
    n_groups = len(set(names))
    if n_groups != len(np.unique(values)):
        raise TypeError("groups holds values of several types; they must all be of one type")
    check_count("number of different groups", n_groups, minimum=3)


def explain_split(labels: Sequence[float], **_: object) -> None:
    """Say in the caller's words that scikit-learn could not stratify."""
    n_rarer = np.bincount(check_labels(labels)).min()
    raise ValueError(
        f"the rarer label has {n_rarer} sequences, too few for these fractions; each set must hold "
        "both labels"
    )


def check_parts(splits: tuple, labels: Sequence[float], **_: object) -> None:
    """Refuse a split without both labels in every set, as nothing could be scored there."""
    for name, positions in zip(splits._fields, splits, strict=True):
        missing = {0, 1} - set(np.asarray(labels)[positions].tolist())
        if missing:
            raise ValueError(
                f"{name} would hold no sequence with label {missing.pop()}; each set must hold "
                "both labels, which takes more sequences (or groups) of the rarer one"
            )


def check_positions(splits: Sequence[Sequence[int]], *, n_sequences: int) -> list[list[int]]:
    """Return the positions of the three sets if each one exists and none is used twice."""
    if not isinstance(splits, tuple | list) or len(splits) != 3:
        raise ValueError(
            f"splits is {shorten(splits)}; it must hold the positions of the training, validation "
            "and test set, as split_indices returns them"
        )
    parts = [as_array(f"splits[{i}]", part) for i, part in enumerate(splits)]
    for i, part in enumerate(parts):
        if i == 0 or len(part) > 0:  # the validation and the test set may be empty
            check_numbers(f"splits[{i}]", part, minimum=0, maximum=n_sequences - 1, whole=True)
    positions, counts = np.unique(np.concatenate(parts), return_counts=True)
    if (counts > 1).any():
        twice = int(positions[counts.argmax()])
        raise ValueError(f"splits holds position {twice} twice; the three sets must not overlap")
    return [part.tolist() for part in parts]
