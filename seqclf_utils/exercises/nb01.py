"""Checks for the exercises in notebook 01, data splits."""

import itertools
from collections.abc import Callable

import numpy as np

from seqclf_utils.data import SplitIndices
from seqclf_utils.exercises.report import call, close, exercise, slip


@exercise
def check_share_of_cheats(share_of_cheats: Callable) -> str | None:
    """Check notebook 01, exercise 1: the share of label 1 among some positions."""
    labels = np.array([1, 1, 1, 0, 1, 0, 0, 0])
    share = call(share_of_cheats, labels, np.array([0, 3, 5, 6, 1]))
    slips = (
        (4 / 8, "that is the share among all labels. Use only those at the given positions."),
        (2 / 8, "divide by the number of the given positions, not of all labels."),
        (2, "that is how many cheats there are. Divide by the number of positions."),
        (1 / 5, "that is the share of 1 among the positions themselves. Look up their labels."),
        (3 / 5, "that is the share of label 0, the honest tables. Label 1 marks the cheats."),
    )
    if close(share, 0.4):
        return None
    right = f"labels 1, 0, 0, 0, 1 at the five positions should give 0.4, not {share}."
    return slip(share, slips) or right


@exercise
def check_leaked_positions(leaked_positions: Callable) -> str | None:
    """Check notebook 01, exercise 2: test sequences that also occur in training or validation."""
    sequences = [[1, 2], [3], [1, 2], [1, 2], [3], [2, 1], [1, 2, 6], [5], [1], [2]]
    arrays = [np.array(sequence) for sequence in sequences]
    splits = SplitIndices(np.array([0, 3]), np.array([1]), np.array([7, 6, 5, 4, 2, 8, 9]))
    leaked = list(call(leaked_positions, arrays, splits))
    if any(np.ndim(position) for position in leaked):
        return "those are sequences. Return their positions."
    leaked = [entry.item() if hasattr(entry, "item") else entry for entry in leaked]
    if leaked in ([3, 4], [i in (2, 4) for i in splits.test_idx]):
        return "those count within test_idx. Return the positions that test_idx holds there."
    if leaked == [2]:
        return "position 4 is missing: the validation set holds the same sequence, and it counts."
    if leaked == [4]:
        return (
            "position 2 is missing: the training set holds the same sequence. Beware of + between "
            "two arrays: it adds their numbers; np.concatenate joins them."
        )
    if sorted(leaked) == [2, 4] and leaked != [2, 4]:
        return "the right positions, but not sorted."
    if set(leaked) == {2, 4} and len(leaked) > 2:
        return "list each position once, even if it has several copies."
    if set(leaked) == set(splits.test_idx.tolist()):
        return "that is the whole test set. Compare with the training and validation sets only."
    if 5 in leaked:
        return "position 5 holds [2, 1], and no other sequence does: the order matters."
    for position in (6, 8, 9):
        if position in leaked:
            return (
                f"position {position} holds {sequences[position]}, and the training set [1, 2]: a "
                "part is not enough, the whole sequences must be equal."
            )
    if any(position in leaked for position in (0, 1, 3)):
        return "only positions of the test set can be leaked positions."
    if leaked != [2, 4]:
        return f"expected [2, 4] for a small case, got {leaked}."
    return None


DEFECTS = ("overlap", "missing", "lacks a label", "split groups")


def _audit(labels: np.ndarray, groups: np.ndarray, splits: SplitIndices) -> dict[str, set]:
    """Find the defects of a split, by type of defect."""
    pairs = list(itertools.combinations(splits, 2))
    named = splits._asdict().items()
    return {
        "overlap": {i for a, b in pairs for i in np.intersect1d(a, b).tolist()},
        "missing": set(range(len(labels))) - set(np.concatenate(splits).tolist()),
        "lacks a label": {name for name, part in named if len(np.unique(labels[part])) < 2},
        "split groups": {
            group for a, b in pairs for group in np.intersect1d(groups[a], groups[b]).tolist()
        },
    }


def _entries(found: object) -> list | None:
    """Convert the reader's list to plain Python values, or return None if that is impossible."""
    if isinstance(found, str | dict):
        return None
    try:
        entries = [entry.item() if hasattr(entry, "item") else entry for entry in found]
        set(entries)
    except (TypeError, ValueError, RuntimeError):
        return None
    return entries


def _too_few(key: str, entry: object, labels: np.ndarray, splits: SplitIndices) -> str:
    """Return a hint for a missing defect."""
    if key in ("overlap", "split groups"):
        return (
            f'"{key}" should contain {entry!r}. There are three pairs of sets to compare: training '
            "and validation, training and test, validation and test."
        )
    if key == "missing":
        return (
            f'"missing" should contain {entry!r}. The positions run from 0 to the number of labels '
            "minus 1, not to the largest position in the sets."
        )
    part = labels[getattr(splits, entry)]
    if len(part) == 0:
        return f"{entry} is empty, so it lacks both labels and must be listed."
    return f"{entry} holds label {part[0]} only, so it lacks label {1 - part[0]}."


def _too_many(key: str, entry: object, groups: np.ndarray) -> str:
    """Return a hint for an entry that is not a defect."""
    if key == "lacks a label" and not isinstance(entry, str):
        return 'list the names of the sets that lack a label, such as "val_idx".'
    if key == "split groups" and entry not in groups.tolist():
        return "list the split groups by their entries in groups, not by position."
    if key == "split groups":
        return f"group {entry!r} has several sequences, but all of them in one set."
    if key == "overlap":
        return f"position {entry} occurs in one set only, however often it is listed there."
    return f'{entry!r} should not be in "{key}".'


@exercise
def check_audit_split(audit_split: Callable) -> str | None:
    """Check notebook 01, exercise 3: a dictionary of all defects of a split."""
    own = np.arange(100, 108)  # each sequence is a group of its own
    people = np.array(["ann", "ann", "bob", "bob", "cy", "cy", "di", "di"])
    for labels, groups, parts in (
        ([0, 1, 0, 1, 0, 1], own[[0, 0, 1, 1, 2, 2]], ([0, 1], [2, 3], [4, 5])),
        ([0, 1, 0, 1, 0, 1], own[:6], ([0, 1, 2, 3], [3, 4], [5, 2, 4])),
        ([0, 1, 0, 1, 0, 1, 0, 1], own, ([0, 1], [3, 4], [6, 5])),
        ([0, 1, 0, 0, 1, 1], own[:6], ([0, 1], [2, 3], [4, 5])),
        ([0, 1, 0, 1], own[:4], ([0, 1], [], [2, 3])),
        ([0, 1, 0, 1, 0, 1], own[:6], ([0, 1, 1], [2, 3], [4, 5])),
        ([0, 1, 1, 0, 0, 1, 0, 1], people, ([0, 2, 6, 7], [1, 4], [3, 5])),
    ):
        labels = np.array(labels)
        splits = SplitIndices(*(np.array(part, dtype=np.int64) for part in parts))
        report = call(audit_split, labels, groups, splits)
        if not isinstance(report, dict) or set(report) != set(DEFECTS):
            return f"return a dictionary with exactly the keys {', '.join(map(repr, DEFECTS))}."
        case = f"Labels {labels.tolist()}, sets {', '.join(map(str, parts))}"
        for key, expected in _audit(labels, groups, splits).items():
            entries = _entries(report[key])
            if entries is None:
                return f'"{key}" should be a list, not {report[key]!r}.'
            if extra := sorted(set(entries) - expected, key=str):
                return f"{case}: {_too_many(key, extra[0], groups)}"
            if missing := sorted(expected - set(entries)):
                return f"{case}: {_too_few(key, missing[0], labels, splits)}"
            if len(entries) > len(expected):
                return f'{case}: "{key}" lists something more than once.'
    return None
