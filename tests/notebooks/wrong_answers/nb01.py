"""Typical wrong answers to the exercises of notebook 01, and a part of the hint for each."""

import itertools

import numpy as np

from seqclf_utils import exercises


def audit(labels, groups, splits):
    """Report every defect of a split."""
    sides = dict(zip(splits._fields, splits, strict=True))
    both = list(itertools.combinations(splits, 2))
    return {
        "on two sides": sorted({i for a, b in both for i in np.intersect1d(a, b)}),
        "lost": list(np.setdiff1d(np.arange(len(labels)), np.concatenate(splits))),
        "lacks a label": [name for name, side in sides.items() if len(set(labels[side])) < 2],
        "torn groups": sorted({g for a, b in both for g in np.intersect1d(groups[a], groups[b])}),
    }


def audit_but(**wrong):
    """Report every defect, some of them in a wrong way."""
    names = {"twice": "on two sides", "one_label": "lacks a label", "torn": "torn groups"}
    return lambda y, g, s: (
        audit(y, g, s) | {names.get(key, key): report(y, g, s) for key, report in wrong.items()}
    )


def sides_where(lacks):
    """List the names of the sides whose labels fulfil a condition."""
    return lambda y, g, s: [name for name, side in s._asdict().items() if lacks(y[side])]


WRONG = [
    (exercises.check_share_of_cheats, lambda y, i: np.mean(y), "among all labels"),
    (exercises.check_share_of_cheats, lambda y, i: y[i].sum(), "Divide by the number"),
    (exercises.check_share_of_cheats, lambda y, i: np.mean(i == 1), "Look up the labels"),
    (exercises.check_share_of_cheats, lambda y, i: y[i].sum() / len(y), "not of all labels"),
    (exercises.check_share_of_cheats, lambda y, i: 0.9, "should give 0.4, not 0.9"),
    (exercises.check_share_of_cheats, lambda y, i: np.mean(y[i] == 0), "the share of label 0"),
    (exercises.check_leaked_positions, lambda s, p: [2], "stands in validation"),
    (exercises.check_leaked_positions, lambda s, p: [4, 2], "not sorted"),
    (exercises.check_leaked_positions, lambda s, p: [3, 4], "places inside test_idx"),
    (exercises.check_leaked_positions, lambda s, p: [2, 4, 5], "the order matters"),
    (exercises.check_leaked_positions, lambda s, p: [2, 4, 6], "only its beginning"),
    (
        exercises.check_leaked_positions,
        lambda s, p: [0, 1, 2, 4],
        "only positions of the test side",
    ),
    (exercises.check_leaked_positions, lambda s, p: [], "expected [2, 4]"),
    (exercises.check_leaked_positions, lambda s, p: [4], "np.concatenate joins them"),
    (exercises.check_leaked_positions, lambda s, p: [2, 2, 4], "each position once"),
    (exercises.check_leaked_positions, lambda s, p: sorted(p.test_idx), "no twin of itself"),
    (exercises.check_leaked_positions, lambda s, p: [(1, 2), (3,)], "those are sequences"),
    (exercises.check_audit_split, lambda y, g, s: {"lost": []}, "exactly the keys"),
    (
        exercises.check_audit_split,
        audit_but(lost=lambda y, g, s: len(y)),
        '"lost" should be a list',
    ),
    (
        exercises.check_audit_split,
        audit_but(twice=lambda y, g, s: np.intersect1d(s.train_idx, s.val_idx)),
        '"on two sides" lacks 2. There are three pairs',
    ),
    (
        exercises.check_audit_split,
        audit_but(twice=lambda y, g, s: [*audit(y, g, s)["on two sides"]] * 2),
        "more than once",
    ),
    (
        exercises.check_audit_split,
        audit_but(lost=lambda y, g, s: set(range(max(map(max, s)))) - {*np.concatenate(s)}),
        "The number of labels says",
    ),
    (
        exercises.check_audit_split,
        audit_but(lost=lambda y, g, s: range(len(y))),
        'should not be in "lost"',
    ),
    (
        exercises.check_audit_split,
        audit_but(one_label=lambda y, g, s: [0] * (len(set(y[s.test_idx])) < 2)),
        'such as "val_idx"',
    ),
    (
        exercises.check_audit_split,
        audit_but(one_label=sides_where(lambda y: 1 not in y)),
        "test_idx holds label 1 only, so it lacks label 0",
    ),
    (
        exercises.check_audit_split,
        audit_but(one_label=sides_where(lambda y: 0 not in y)),
        "val_idx holds label 0 only",
    ),
    (
        exercises.check_audit_split,
        audit_but(one_label=sides_where(lambda y: len(set(y)) == 1)),
        "val_idx is empty",
    ),
    (
        exercises.check_audit_split,
        audit_but(one_label=lambda y, g, s: ", ".join(audit(y, g, s)["lacks a label"])),
        '"lacks a label" should be a list',
    ),
    (
        exercises.check_audit_split,
        audit_but(torn=lambda y, g, s: np.intersect1d(g[s.train_idx], g[s.test_idx])),
        '"torn groups" lacks',
    ),
    (
        exercises.check_audit_split,
        audit_but(torn=lambda y, g, s: audit(y, g, s)["on two sides"]),
        "not positions",
    ),
    (
        exercises.check_audit_split,
        audit_but(torn=lambda y, g, s: [k for k in {*g} if list(g).count(k) > 1]),
        "on one side only",
    ),
]
