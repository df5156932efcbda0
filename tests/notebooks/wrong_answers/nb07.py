"""Typical wrong answers to the exercises of notebook 07, with part of the hint for each."""

from collections import Counter
from itertools import groupby, pairwise

import numpy as np

from seqclf_utils import exercises


def runs(sequence):
    """Return the lengths of all runs."""
    return [len(list(run)) for _, run in groupby(sequence)]


def longest_but_the_last(sequence):
    """Count a run only when a different symbol ends it."""
    longest = length = 1
    for before, after in pairwise(sequence):
        if before == after:
            length += 1
        else:
            longest, length = max(longest, length), 1
    return longest


def last_run(sequence):
    """Restart the count with each new symbol, and forget the longest run so far."""
    return runs(sequence)[-1]


def never_again(sequence):
    """Count equal neighbours without restarting the count."""
    return 1 + sum(before == after for before, after in pairwise(sequence))


def none_for_one(sequence):
    """Start at 0, so that a single symbol does not count as a run."""
    return max(runs(sequence)) if len(sequence) > 1 else 0


def grams(sequence, n, *, step=1, end=1):
    """Count n-grams, optionally with a bug."""
    starts = range(0, len(sequence) - n + end, step)
    return dict(Counter(tuple(sequence[i : i + n].tolist()) for i in starts))


def turned(sequence, by):
    """Rotate an outline by `by` times 60 degrees."""
    return [int(symbol - 1 + by) % 6 + 1 for symbol in sequence]


def starts(sequence):
    """List an outline from each possible starting point."""
    sequence = list(sequence)
    return [sequence[i:] + sequence[:i] for i in range(len(sequence))]


def corners(sequence):
    """Return the turn between each step and the next, including from the last to the first."""
    return [int(turn) % 6 for turn in np.diff([*sequence, sequence[0]])]


def any_turn(first, second):
    """Allow rotations but no other starting point."""
    return any(turned(first, by) == list(second) for by in range(6))


def any_start(first, second):
    """Allow other starting points but no rotation."""
    return list(second) in starts(first)


def no_wrap(first, second):
    """Rotate without wrapping around, so that 6 becomes 7."""
    return any([int(s) + by for s in first] in starts(second) for by in range(-5, 6))


def inside(first, second):
    """Search for one outline in two copies of the other outline, without comparing the lengths."""
    twice = 2 * corners(first)
    n = len(second)
    return any(twice[i : i + n] == corners(second) for i in range(len(twice)))


def either_way(first, second):
    """Accept the mirror image as well."""
    return corners(first) in starts(corners(second)) + starts(corners(second)[::-1])


WRONG = {
    exercises.check_longest_run: [
        (lambda s: max(Counter(s.tolist()).values()), "that counts how"),
        (lambda s: max(runs(s)) - 1, "one too few"),
        (longest_but_the_last, "until the end"),
        (lambda s: runs(s)[0], "the first run"),
        (lambda s: s[np.argmax(runs(s))], "Return how long"),
        (last_run, "the longest one so far"),
        (never_again, "Restart it at 1"),
        (none_for_one, "of one symbol"),
        (lambda s: len(s), "should give 4, not 6"),
    ],
    exercises.check_ngram_counts: [
        (lambda s, n: grams(s, n, end=0), "the last n-gram is missing"),
        (lambda s, n: grams(s, n, end=n), "stop at len(sequence) - n"),
        (lambda s, n: grams(s, n, step=n), "overlap"),
        (lambda s, n: dict.fromkeys(grams(s, n), 1), "not whether it occurs"),
        (
            lambda s, n: {k: v / (len(s) - n + 1) for k, v in grams(s, n).items()},
            "those are shares",
        ),
        (lambda s, n: grams(s, n) or {(): 0}, "shorter than n"),
        (lambda s, n: grams(s, n) if n > 1 else dict(Counter(s.tolist())), "(5,), not 5"),
        (lambda s, n: {tuple(map(str, k)): v for k, v in grams(s, n).items()}, "be whole numbers"),
        (lambda s, n: list(grams(s, n)), "yours is list"),
        (lambda s, n: {(9,) * n: 1}, "with n = 2 should give {(1, 2): 2"),
    ],
    exercises.check_same_shape: [
        (lambda a, b: list(a) == list(b), "the walk may start elsewhere"),
        (any_start, "6 becomes 1"),
        (lambda a, b: any_turn(a, b) or any_start(a, b), "both at once"),
        (lambda a, b: any(turned(a, by) in starts(b) for by in (0, 1)), "1 to 5 times"),
        (
            lambda a, b: any(sorted(turned(a, by)) == sorted(b) for by in range(6)),
            "order of the steps",
        ),
        (lambda a, b: sorted(corners(a)) == sorted(corners(b)), "order of the bends"),
        (either_way, "mirror image"),
        (inside, "one round is not two"),
        (lambda a, b: np.roll(a, 3), "yours is ndarray"),
        (lambda a, b: len(a) >= len(b) and inside(a, b), "are not one round"),
        (lambda a, b: False, "a shape equals itself"),
    ],
}
