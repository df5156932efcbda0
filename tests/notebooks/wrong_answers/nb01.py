"""Typical wrong answers to the exercises of notebook 01, with part of the hint for each."""

import itertools

import numpy as np

from seqclf_utils import exercises


def audit(labels, groups, splits):
    """Report every defect of a split."""
    named = splits._asdict().items()
    both = list(itertools.combinations(splits, 2))
    return {
        "overlap": sorted({i for a, b in both for i in np.intersect1d(a, b)}),
        "missing": list(np.setdiff1d(np.arange(len(labels)), np.concatenate(splits))),
        "lacks a label": [name for name, part in named if len(set(labels[part])) < 2],
        "split groups": sorted({g for a, b in both for g in np.intersect1d(groups[a], groups[b])}),
    }


def audit_but(key, wrong):
    """Report every defect, with a wrong list for one key."""
    return lambda y, g, s: audit(y, g, s) | {key: wrong(y, g, s)}


def sets_where(lacks):
    """List the names of the sets whose labels satisfy a condition."""
    return lambda y, g, s: [name for name, part in s._asdict().items() if lacks(y[part])]


def counted_twice(labels, groups, splits):
    """List the positions that occur more than once in all sets together."""
    positions, counts = np.unique(np.concatenate(splits), return_counts=True)
    return list(positions[counts > 1])


def leaks_where(is_same):
    """Return a `leaked_positions` that compares sequences with `is_same`."""

    def leaked_positions(sequences, splits):
        known = [list(sequences[i]) for i in [*splits.train_idx, *splits.val_idx]]
        return sorted(
            i for i in splits.test_idx if any(is_same(list(sequences[i]), k) for k in known)
        )

    return leaked_positions


WRONG = {
    exercises.check_share_of_cheats: [
        (lambda y, i: np.mean(y), "among all labels"),
        (lambda y, i: y[i].sum(), "Divide by the number"),
        (lambda y, i: np.mean(i == 1), "Look up their labels"),
        (lambda y, i: y[i].sum() / len(y), "not of all labels"),
        (lambda y, i: 0.9, "should give 0.4, not 0.9"),
        (lambda y, i: np.mean(y[i] == 0), "the share of label 0"),
    ],
    exercises.check_leaked_positions: [
        (lambda s, p: [2], "the validation set holds the same"),
        (lambda s, p: [4, 2], "not sorted"),
        (lambda s, p: [3, 4], "those count within test_idx"),
        (leaks_where(lambda s, k: sorted(s) == sorted(k)), "order"),
        (leaks_where(lambda s, k: s == k[: len(s)]), "8 holds [1]"),
        (leaks_where(lambda s, k: s[: len(k)] == k), "6 holds"),
        (leaks_where(lambda s, k: s == k[-len(s) :]), "9 holds [2]"),
        (lambda s, p: [0, 1, 2, 4], "only positions of the test set"),
        (lambda s, p: [], "expected [2, 4]"),
        (lambda s, p: [4], "np.concatenate joins them"),
        (lambda s, p: [2, 2, 4], "each position once"),
        (lambda s, p: sorted(p.test_idx), "the whole test set"),
        (lambda s, p: [(1, 2), (3,)], "those are sequences"),
    ],
    exercises.check_audit_split: [
        (lambda y, g, s: {"lost": []}, "exactly the keys"),
        (audit_but("missing", lambda y, g, s: len(y)), '"missing" should be a list'),
        (
            audit_but("overlap", lambda y, g, s: np.intersect1d(s[0], s[1])),
            '"overlap" should contain 2. There are',
        ),
        (audit_but("overlap", lambda y, g, s: audit(y, g, s)["overlap"] * 2), "more than once"),
        (audit_but("overlap", counted_twice), "position 1 occurs in one set only"),
        (
            audit_but("missing", lambda y, g, s: {*range(max(map(max, s)))} - {*np.concatenate(s)}),
            "The positions run from 0",
        ),
        (audit_but("missing", lambda y, g, s: range(len(y))), '0 should not be in "missing"'),
        (
            audit_but("lacks a label", lambda y, g, s: [0] * (len(set(y[s.test_idx])) < 2)),
            'such as "val_idx"',
        ),
        (
            audit_but("lacks a label", sets_where(lambda y: 1 not in y)),
            "test_idx holds label 1 only, so it lacks label 0",
        ),
        (
            audit_but("lacks a label", sets_where(lambda y: 0 not in y)),
            "val_idx holds label 0 only",
        ),
        (audit_but("lacks a label", sets_where(lambda y: len(set(y)) == 1)), "val_idx is empty"),
        (
            audit_but("lacks a label", lambda y, g, s: ", ".join(audit(y, g, s)["lacks a label"])),
            '"lacks a label" should be a list',
        ),
        (
            audit_but("split groups", lambda y, g, s: np.intersect1d(g[s[0]], g[s[2]])),
            '"split groups" should contain',
        ),
        (audit_but("split groups", lambda y, g, s: audit(y, g, s)["overlap"]), "not by position"),
        (
            audit_but("split groups", lambda y, g, s: [k for k in {*g} if list(g).count(k) > 1]),
            "all of them in one set",
        ),
    ],
}
