"""Checks for the exercises in notebook 07, your own sequences."""

from collections import Counter
from collections.abc import Callable
from numbers import Integral

import numpy as np

from seqclf_utils.exercises.report import call, close, exercise


@exercise
def check_longest_run(longest_run: Callable) -> str | None:
    """Check notebook 07, exercise 1: the longest run of one symbol."""
    for symbols, expected in (
        ([1, 1, 1, 1, 3, 3], 4),
        ([1, 2, 2, 2, 6, 2, 3], 3),
        ([3, 1, 1, 1, 1], 4),
        ([2, 5, 5, 1, 1, 1, 6, 6], 3),
        ([6], 1),
        ([1, 2, 3], 1),
    ):
        result = call(longest_run, np.array(symbols))
        if close(result, expected):
            continue
        if symbols == [1, 1, 1, 1, 3, 3] and close(result, 1):
            return "that is the symbol of the longest run. Return how long the run is."
        if symbols == [1, 1, 1, 1, 3, 3] and close(result, 2):
            return f"that is the last run of {symbols}. Keep the longest one so far."
        if symbols == [1, 1, 1, 1, 3, 3] and close(result, 5):
            return "the count continues from run to run. Restart it at 1 with each new symbol."
        if symbols == [1, 2, 2, 2, 6, 2, 3] and close(result, 4):
            return "that counts how often a symbol occurs. Another symbol ends a run."
        if symbols == [1, 2, 2, 2, 6, 2, 3] and close(result, 1):
            return f"that is the first run of {symbols}. A longer one may follow."
        if symbols == [3, 1, 1, 1, 1] and close(result, 1):
            return f"a run may last until the end: {symbols} should give 4, not 1."
        if symbols == [6] and close(result, 0):
            return "a sequence of one symbol holds a run of length 1, not 0."
        if close(result, expected - 1):
            return f"one too few for {symbols}: a run of n symbols has n - 1 equal neighbours."
        return f"{symbols} should give {expected}, not {result}."
    return None


@exercise
def check_ngram_counts(ngram_counts: Callable) -> str | None:
    """Check notebook 07, exercise 2: how often each n-gram occurs."""
    for symbols, n in (
        ([1, 2, 1, 2, 1], 2),
        ([3, 3, 3, 3, 3], 2),
        ([1, 2, 3], 3),
        ([5, 6, 5], 1),
        ([1, 2], 3),
        ([6, 1, 6, 1, 6, 1, 2], 4),
    ):
        result = call(ngram_counts, np.array(symbols), n)
        if not isinstance(result, dict):
            return f"return a dictionary; yours is {type(result).__name__}."
        if any(not isinstance(key, tuple) for key in result):
            return "each key should be a tuple of n symbols, also with n = 1: (5,), not 5."
        if any(not isinstance(symbol, Integral) for key in result for symbol in key):
            return "the symbols in a key should be whole numbers."
        hint = _ngram_hint({tuple(map(int, key)): v for key, v in result.items()}, symbols, n)
        if hint:
            return hint
    return None


def _ngram_hint(counts: dict, symbols: list[int], n: int) -> str | None:
    """Return a hint for incorrect n-gram counts of one sequence."""

    def windows(starts: range) -> Counter:
        return Counter(tuple(symbols[start : start + n]) for start in starts)

    last = len(symbols) - n
    expected = windows(range(last + 1))
    case = f"{symbols} with n = {n}"
    if counts == expected:
        return None
    if not expected:
        return f"{case}: a sequence shorter than n has no n-gram. Return an empty dictionary."
    if any(len(key) != n for key in counts):
        return f"{case}: a key has fewer than n symbols: stop at len(sequence) - n."
    if counts == windows(range(last)):
        return f"{case}: the last n-gram is missing; it starts at len(sequence) - n."
    if counts == windows(range(0, last + 1, n)):
        return f"{case}: n-grams overlap; the next one starts one symbol later, not n."
    if counts == dict.fromkeys(expected, 1):
        return f"{case}: count how often each n-gram occurs, not whether it occurs."
    if all(close(counts.get(key), number / (last + 1)) for key, number in expected.items()):
        return f"{case}: those are shares. Return how often each n-gram occurs."
    return f"{case} should give {dict(expected)}, not {counts}."


@exercise
def check_same_shape(same_shape: Callable) -> str | None:
    """Check notebook 07, exercise 3: equality of outlines up to rotation and starting point."""
    shape = [1, 1, 2, 6, 5, 4, 4, 3]
    turned = _turned(shape, 2)
    mirrored = [{1: 4, 2: 3, 3: 2, 4: 1, 5: 6, 6: 5}[symbol] for symbol in shape]
    clockwise = [
        (symbol + 2) % 6 + 1 for symbol in mirrored[::-1]
    ]  # the mirror image, walked clockwise
    for first, second, expected, hint in (
        (shape, shape, True, "a shape equals itself."),
        (shape, shape[3:] + shape[:3], True, "the walk may start elsewhere."),
        (shape, _turned(shape, 1), True, "the shape may be turned: 6 becomes 1, not 7 or 0."),
        (shape, _turned(shape, 4), True, "the shape may be turned by 1 to 5 times 60 degrees."),
        (shape, turned[5:] + turned[:5], True, "both at once: turned and started elsewhere."),
        ([1, 2, 4, 5], [1, 3, 4, 6], True, "one rhombus, turned, walked from another corner."),
        (shape, [1, 2, 1, 6, 5, 4, 4, 3], False, "the order of the steps matters."),
        (shape, [1, 1, 5, 4, 5, 4, 2, 2], False, "the order of the bends matters."),
        (shape, clockwise, False, "a mirror image is another shape."),
        ([1, 3, 5], [1, 3, 5, 1, 3, 5], False, "one round is not two rounds."),
        ([1, 3, 5, 1, 3, 5], [1, 3, 5], False, "two rounds are not one round."),
    ):
        result = call(same_shape, np.array(first), np.array(second))
        if not isinstance(result, bool | np.bool_):
            return f"the answer should be True or False; yours is {type(result).__name__}."
        if bool(result) != expected:
            return f"{first} and {second} should give {expected}: {hint}"
    return None


def _turned(symbols: list[int], turns: int) -> list[int]:
    """Rotate an outline counter-clockwise by `turns` times 60 degrees."""
    return [(symbol - 1 + turns) % 6 + 1 for symbol in symbols]
