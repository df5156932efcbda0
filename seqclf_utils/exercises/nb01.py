"""Checks of the exercises of notebook 01, data splits."""

import itertools
from collections.abc import Callable

import numpy as np

from seqclf_utils.data import SplitIndices
from seqclf_utils.exercises.report import call, close, exercise


@exercise
def check_share_of_cheats(share_of_cheats: Callable) -> str | None:
    """Check notebook 01, exercise 1: the share of label 1 among some positions."""
    labels = np.array([1, 1, 1, 0, 1, 0, 0, 0])
    share = call(share_of_cheats, labels, np.array([0, 3, 5, 6, 1]))
    if close(share, labels.mean()):
        return "that is the share among all labels. Use only those at the given positions."
    if close(share, 2 / 8):
        return "divide by the number of the given positions, not of all labels."
    if close(share, 2):
        return "that is how many cheats there are. Divide by the number of positions."
    if close(share, 0.2):
        return "that is the share of label 1 among the positions themselves. Look up the labels."
    if close(share, 0.6):
        return "that is the share of label 0, the honest tables. Label 1 is the cheat's."
    if not close(share, 0.4):
        return f"labels 1, 0, 0, 0, 1 at the five positions should give 0.4, not {share}."
    return None


@exercise
def check_leaked_positions(leaked_positions: Callable) -> str | None:
    """Check notebook 01, exercise 2: test sequences that also stand in training or validation."""
    sequences = [[1, 2], [3], [1, 2], [1, 2], [3], [2, 1], [1, 2, 6], [5]]
    arrays = [np.array(sequence) for sequence in sequences]
    splits = SplitIndices(np.array([0, 3]), np.array([1]), np.array([7, 6, 5, 4, 2]))
    leaked = list(call(leaked_positions, arrays, splits))
    if any(np.ndim(position) for position in leaked):
        return "those are sequences. Return the positions at which they stand in the test."
    leaked = [entry.item() if hasattr(entry, "item") else entry for entry in leaked]
    if leaked in ([3, 4], [False, False, False, True, True]):
        return "those are places inside test_idx. Return the positions that stand there."
    if leaked == [2]:
        return "position 4 is missing: its twin stands in validation, which counts as well."
    if leaked == [4]:
        return (
            "position 2 is missing: its twins stand in training. Beware of + between two arrays: "
            "it adds their numbers; np.concatenate joins them."
        )
    if sorted(leaked) == [2, 4] and leaked != [2, 4]:
        return "the right positions, but not sorted."
    if set(leaked) == {2, 4} and len(leaked) > 2:
        return "list each position once, even if it has several twins."
    if set(leaked) == set(splits.test_idx.tolist()):
        return "every test sequence is in it. A sequence is no twin of itself: leave the test out."
    if 5 in leaked:
        return "position 5 holds [2, 1], and no other sequence does: the order matters."
    if 6 in leaked:
        return "position 6 holds [1, 2, 6]; [1, 2] is only its beginning."
    if any(position in leaked for position in (0, 1, 3)):
        return "only positions of the test side can be leaked positions."
    if leaked != [2, 4]:
        return f"expected [2, 4] for a small case, got {leaked}."
    return None


DEFECTS = ("on two sides", "lost", "lacks a label", "torn groups")


def _audit(labels: np.ndarray, groups: np.ndarray, splits: SplitIndices) -> dict[str, set]:
    """Find all four defects of a split."""
    pairs = list(itertools.combinations(splits, 2))
    named_sides = zip(splits._fields, splits, strict=True)
    return {
        "on two sides": {i for a, b in pairs for i in np.intersect1d(a, b).tolist()},
        "lost": set(range(len(labels))) - set(np.concatenate(splits).tolist()),
        "lacks a label": {name for name, side in named_sides if len(np.unique(labels[side])) < 2},
        "torn groups": {
            group for a, b in pairs for group in np.intersect1d(groups[a], groups[b]).tolist()
        },
    }


def _entries(found: object) -> list | None:
    """Return what a learner listed as plain Python values; None if it is no list of values."""
    if isinstance(found, str | dict):
        return None
    try:
        entries = [entry.item() if hasattr(entry, "item") else entry for entry in found]
        set(entries)
    except (TypeError, ValueError, RuntimeError):
        return None
    return entries


def _missing_hint(key: str, missing: object, labels: np.ndarray, splits: SplitIndices) -> str:
    """Say what was overlooked, for one defect that is there and was not reported."""
    if key in ("on two sides", "torn groups"):
        return (
            f'"{key}" lacks {missing!r}. There are three pairs of sides to compare: training with '
            "validation, training with test, validation with test."
        )
    if key == "lost":
        return (
            f'"lost" lacks {missing!r}. The number of labels says which positions there are; the '
            "largest position on a side does not."
        )
    side = labels[getattr(splits, missing)]
    if len(side) == 0:
        return f"{missing} is empty, so it lacks both labels and must be reported."
    return f"{missing} holds label {side[0]} only, so it lacks label {1 - side[0]}."


@exercise
def check_audit_split(audit_split: Callable) -> str | None:
    """Check notebook 01, exercise 3: every defect of a split, in a dictionary of four lists."""
    own = np.arange(100, 108)  # each sequence is a group of its own
    people = np.array(["ann", "ann", "bob", "bob", "cy", "cy", "di", "di"])
    for labels, groups, sides in (
        ([0, 1, 0, 1, 0, 1], own[[0, 0, 1, 1, 2, 2]], ([0, 1], [2, 3], [4, 5])),
        ([0, 1, 0, 1, 0, 1], own[:6], ([0, 1, 2, 3], [3, 4], [5, 2, 4])),
        ([0, 1, 0, 1, 0, 1, 0, 1], own, ([0, 1], [3, 4], [6, 5])),
        ([0, 1, 0, 0, 1, 1], own[:6], ([0, 1], [2, 3], [4, 5])),
        ([0, 1, 0, 1], own[:4], ([0, 1], [], [2, 3])),
        ([0, 1, 1, 0, 0, 1, 0, 1], people, ([0, 2, 6, 7], [1, 4], [3, 5])),
    ):
        labels = np.array(labels)
        splits = SplitIndices(*(np.array(side, dtype=np.int64) for side in sides))
        report = call(audit_split, labels.copy(), groups.copy(), splits)
        if not isinstance(report, dict) or set(report) != set(DEFECTS):
            return f"return a dictionary with exactly the keys {', '.join(map(repr, DEFECTS))}."
        for key, expected in _audit(labels, groups, splits).items():
            entries = _entries(report[key])
            if entries is None:
                return f'"{key}" should be a list, not {report[key]!r}.'
            found = set(entries)
            if found == expected and len(entries) == len(expected):
                continue
            case = f"Labels {labels.tolist()}, sides {', '.join(map(str, sides))}"
            if found == expected:
                return f'{case}: "{key}" lists something more than once.'
            if key == "lacks a label" and not all(isinstance(name, str) for name in found):
                return 'list the names of the sides that lack a label, such as "val_idx".'
            if key == "torn groups" and not found <= set(groups.tolist()):
                return "list the names of the torn groups, as they stand in groups, not positions."
            if missing := sorted(expected - found):
                return f"{case}: {_missing_hint(key, missing[0], labels, splits)}"
            extra = sorted(found - expected, key=str)
            if key == "torn groups":
                return f"group {extra[0]!r} has several sequences, but all on one side only."
            return f'{case}: {extra} should not be in "{key}".'
    return None
