"""Checks of the exercises of notebook 06, judging on unseen data."""

from collections.abc import Callable

import numpy as np

from seqclf_utils.exercises.report import call, close, exercise, two_numbers


def _auc(labels: np.ndarray, probabilities: np.ndarray, tie: float = 0.5) -> float:
    """Return the share of (cheat, honest) pairs in the right order; a tie counts `tie`."""
    cheats, honest = probabilities[labels == 1][:, None], probabilities[labels == 0]
    return float(((cheats > honest) + tie * (cheats == honest)).mean())


@exercise
def check_auc_by_hand(auc_by_hand: Callable) -> str | None:
    """Check notebook 06, exercise 1: the chance that a random cheat ranks above an honest one."""
    rng = np.random.default_rng(0)
    for labels, probabilities in (
        ([1, 0, 1, 0], [0.6, 0.7, 0.9, 0.2]),
        ([1, 0, 1, 0, 0], [0.9, 0.8, 0.4, 0.3, 0.1]),
        ([0, 1, 1, 0], [0.5, 0.5, 0.7, 0.2]),
        (rng.integers(0, 2, 41), rng.random(41).round(1)),
    ):
        labels, probabilities = np.array(labels), np.array(probabilities)
        expected = _auc(labels, probabilities)
        result = call(auc_by_hand, labels.copy(), probabilities.copy())
        if close(result, expected):
            continue
        cheats, honest = probabilities[labels == 1], probabilities[labels == 0]
        wins = expected * len(cheats) * len(honest)
        if close(result, 1 - expected):
            return "the wrong way round: a pair counts if the *cheat* has the higher probability."
        if close(result, _auc(labels, probabilities, tie=1)):
            return "a tie counts one half, not 1: >= takes it for a win."
        if close(result, _auc(labels, probabilities, tie=0)):
            return "a tie counts one half; with > alone it counts nothing."
        if close(result, wins):
            return f"that is the number of pairs won, {wins:g}; divide by the number of pairs."
        if close(result, wins / len(labels) ** 2):
            return (
                "divide by the pairs of a cheat and an honest player, not by all pairs of tables."
            )
        if len(cheats) == len(honest) and close(result, (cheats > honest).mean()):
            return "compare each cheat with each honest player, not only the first with the first."
        if close(result, ((probabilities > 0.5) == labels).mean()):
            return "that is the accuracy at 0.5. The AUC has no threshold: it compares pairs."
        if len(labels) > 5:
            return f"41 random tables with ties should give {expected:.4f}, not {result}."
        case = f"labels {labels.tolist()} and probabilities {probabilities.tolist()}"
        return f"{case} should give {expected:.4f}, not {result}."
    return None


def _cost(
    labels: np.ndarray,
    probabilities: np.ndarray,
    threshold: float,
    false_alarm: float = 5,
    let_go: float = 1,
) -> float:
    """Return the mean cost per table if players above the threshold are accused."""
    is_accused = probabilities > threshold
    alarms, misses = is_accused & (labels == 0), ~is_accused & (labels == 1)
    return float((false_alarm * alarms + let_go * misses).mean())


def _cheapest(costs: list[float]) -> int:
    """Return the position of the lowest cost, the first one of equals up to rounding."""
    return int(np.argmin(np.round(costs, 9)))


def _two_sides(seed: int) -> tuple[np.ndarray, ...]:
    """Return labels and probabilities of a validation and of a test side."""
    if seed == 0:  # above 0.4, 0.5, 0.6 or 0.7 nobody is judged wrongly on the validation side
        val = np.array([0, 0, 1, 1, 1]), np.array([0.25, 0.4, 0.75, 0.85, 0.95])
        test = np.array([0, 1, 0, 1, 1, 0]), np.array([0.45, 0.25, 0.55, 0.95, 0.85, 0.65])
        return *val, *test
    rng = np.random.default_rng(seed)
    val_labels, test_labels = rng.integers(0, 2, 40), rng.integers(0, 2, 70)
    val, test = (
        1 / (1 + np.exp(-rng.normal(2 * labels - 1, 1.2))) for labels in (val_labels, test_labels)
    )
    return val_labels, val, test_labels, test


@exercise
def check_choose_and_report(choose_and_report: Callable) -> str | None:
    """Check notebook 06, exercise 2: chosen on the validation side, reported on the test side."""
    thresholds = np.round(np.arange(0.1, 1.0, 0.1), 1)
    for seed in (7, 15, 37, 0):  # three lots in which each kind of mistake leads elsewhere, a tie
        val_labels, val, test_labels, test = sides = _two_sides(seed)
        val_costs = [_cost(val_labels, val, t) for t in thresholds]
        test_costs = [_cost(test_labels, test, t) for t in thresholds]
        swapped = [_cost(val_labels, val, t, 1, 5) for t in thresholds]
        errors = [_cost(val_labels, val, t, 1, 1) for t in thresholds]
        share = val_labels.mean()  # costs with each kind of error as a share of its own label
        rates = [_cost(val_labels, val, t, 5 / (1 - share), 1 / share) for t in thresholds]
        best = _cheapest(val_costs)
        result = call(choose_and_report, *(part.copy() for part in sides), thresholds.copy())
        result = two_numbers(result)
        if result is None:
            return (
                "return two numbers: the threshold, and the mean cost per table on the test side."
            )
        chosen, cost = result
        right, right_cost = thresholds[best], test_costs[best]
        if close(chosen, right) and close(cost, right_cost):
            continue
        if close(cost, right) and close(chosen, right_cost):
            return "the right numbers in the wrong order: first the threshold, then the cost."
        if close(chosen, right):
            if close(cost, val_costs[best]):
                return "the threshold is right, but that is its cost on the validation side."
            if close(cost, right_cost * len(test)):
                return "that is the cost of the whole test side; divide by the number of tables."
            return f"threshold {right} is right; its cost on the test side is {right_cost:.4f}."
        if seed == 0 and close(chosen, 0.7):
            return "several thresholds cost the same; take the first one. Compare with <, not <=."
        if seed == 0 and close(chosen, 0.5):
            return "0.4 is not *above* the threshold 0.4: accuse with >, not >=."
        if close(chosen, thresholds[_cheapest(test_costs)]) and close(cost, min(test_costs)):
            return "that threshold is the cheapest on the test side. Choose on the validation side."
        if close(chosen, best):
            return "that is the position of the threshold; return thresholds[position]."
        if close(chosen, thresholds[_cheapest(swapped)]):
            return "the costs are swapped: accusing an honest player costs 5, letting a cheat go 1."
        if close(chosen, thresholds[_cheapest(errors)]):
            return "that threshold makes the fewest errors; but one kind costs 5 times the other."
        if close(cost, _cost(test_labels, test, chosen, 5, 0)):
            return "only the accused are paid for: a cheat who is let go costs 1 as well."
        if close(chosen, thresholds[_cheapest(rates)]):
            return "the cost per table: divide both kinds of error by the number of *all* tables."
        return f"a case with {len(val)} validation tables should give {right}, not {chosen}."
    return None


def _refuse_probabilities(labels: np.ndarray) -> None:
    """Raise if the arguments of a score are swapped."""
    if not np.isin(labels, (0, 1)).all():
        raise ValueError("call score(labels, probabilities), the labels first")


def _minus_squared_error(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Score a judge, the higher the better."""
    _refuse_probabilities(labels)
    return -float(np.mean((np.asarray(probabilities) - labels) ** 2))


def _share_right(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Score a judge by the accuracy at 0.5."""
    _refuse_probabilities(labels)
    return float(np.mean((np.asarray(probabilities) > 0.5) == labels))


def _intervals(score: Callable, data: list[np.ndarray]) -> tuple[np.ndarray, float, list]:
    """Return the paired interval, its width with the pairing broken, and each judge's own."""
    labels, first, second = data
    rows = np.random.default_rng(1).integers(0, len(labels), (2000, len(labels)))
    ours, theirs = (
        np.array([score(labels[draw], p[draw]) for draw in rows]) for p in (first, second)
    )
    broken = np.quantile(ours[::-1] - theirs, [0.025, 0.975])
    alone = [np.quantile(scores, [0.025, 0.975]) for scores in (ours, theirs)]
    return np.quantile(ours - theirs, [0.025, 0.975]), float(broken[1] - broken[0]), alone


@exercise
def check_paired_interval(paired_interval: Callable) -> str | None:
    """Check notebook 06, exercise 3: the bootstrap interval of a paired difference."""
    ratios, breaks = [], []
    for score, n in ((_minus_squared_error, 150), (_share_right, 240), (_minus_squared_error, 90)):
        rng = np.random.default_rng(n)
        labels = rng.integers(0, 2, n)
        evidence = rng.normal(2 * labels - 1, 1.5)
        first = 1 / (1 + np.exp(-evidence))
        second = 1 / (1 + np.exp(-0.6 * (evidence + rng.normal(0, 0.4, n))))
        data = [labels, first, second]
        result = two_numbers(call(paired_interval, score, *(part.copy() for part in data)))
        if result is None:
            return "return two numbers: the low and the high end of the interval."
        low, high = result
        (right_low, right_high), broken_width, alone = _intervals(score, data)
        width, right_width = high - low, right_high - right_low
        if not np.isfinite(width):
            return f"the ends should be two finite numbers, not {low} and {high}."
        near = {"rtol": 0, "atol": 0.2 * right_width}
        if width > 1.5 * right_width and np.allclose(result, alone[0] - alone[1][::-1], **near):
            return "do not subtract the ends of two intervals: subtract the scores in each draw."
        if np.allclose(result, alone[0], **near):
            return "that is the interval of first alone: subtract the score of second in each draw."
        if width < -0.3 * right_width:
            return "the low end comes first."
        if width < right_width / 100:
            return (
                "no width: draw rows with replacement, anew each time, and subtract the scores in "
                "each draw, not the ends of two intervals."
            )
        middle, right_middle = (low + high) / 2, (right_low + right_high) / 2
        if abs(middle - right_middle) > 0.3 * right_width:
            if abs(middle + right_middle) < 0.3 * right_width:
                return "the wrong way round: the score of first minus the score of second."
            right = f"{right_low:.3f} to {right_high:.3f}"
            return (
                f"the interval is in the wrong place ({low:.3f} to {high:.3f}, not {right}). "
                "Do labels, first and second use the same rows in each draw? Are the ends the "
                "quantiles 0.025 and 0.975 (with np.percentile: 2.5 and 97.5)?"
            )
        ratios.append(width / right_width)
        breaks.append(width / broken_width)
    ratio = np.mean(ratios)
    if ratio > 2.2 and 0.8 < np.mean(breaks) < 1.2:
        return "too wide: the pairing is lost. Score both judges on the same rows in each draw."
    if ratio > 1.1:
        return "too wide: draw as many tables as there are, and take the middle 95 %."
    if 0.78 < ratio < 0.9:
        return "too narrow, as if it were 90 %: leave out 2.5 % at *each* end."
    if ratio <= 0.9:
        return (
            "much too narrow: draw as many tables as there are, and take the middle 95 % of the "
            "differences, not a standard error."
        )
    return None
