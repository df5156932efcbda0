"""Checks for the exercises in notebook 06, judging on unseen data."""

from collections.abc import Callable

import numpy as np

from seqclf_utils.exercises.report import HintError, call, close, exercise, slip, two_numbers


def _auc(labels: np.ndarray, probabilities: np.ndarray, tie: float = 0.5) -> float:
    """Return the share of (cheat, honest) pairs in the right order, with weight `tie` for ties."""
    cheats, honest = probabilities[labels == 1][:, None], probabilities[labels == 0]
    return float(((cheats > honest) + tie * (cheats == honest)).mean())


@exercise
def check_auc_by_hand(auc_by_hand: Callable) -> str | None:
    """Check notebook 06, exercise 1: the chance that a cheat ranks above an honest player."""
    rng = np.random.default_rng(0)
    for labels, probabilities in (
        ([1, 0, 1, 0], [0.6, 0.7, 0.9, 0.2]),
        ([1, 0, 1, 0, 0], [0.9, 0.8, 0.4, 0.3, 0.1]),
        ([0, 1, 1, 0], [0.5, 0.5, 0.7, 0.2]),
        (rng.integers(0, 2, 41), rng.random(41).round(1)),
    ):
        labels, probabilities = np.array(labels), np.array(probabilities)
        expected = _auc(labels, probabilities)
        result = call(auc_by_hand, labels, probabilities)
        if close(result, expected):
            continue
        cheats, honest = probabilities[labels == 1], probabilities[labels == 0]
        wins = expected * len(cheats) * len(honest)
        slips = (
            (1 - expected, "the wrong way round: a pair counts if the *cheat* ranks higher."),
            (_auc(labels, probabilities, tie=1), "a tie counts one half; >= counts it as a win."),
            (_auc(labels, probabilities, tie=0), "a tie counts one half; > does not count it."),
            (wins, f"that is the number of pairs won, {wins:g}; divide by the number of pairs."),
            (wins / len(labels) ** 2, "a pair is a cheat and an honest player, not any two."),
            (_in_order(cheats, honest), "compare each cheat with *each* honest player."),
            (
                np.mean((probabilities > 0.5) == labels),
                "that is the accuracy; the AUC ranks pairs.",
            ),
        )
        case = f"labels {labels.tolist()} and probabilities {probabilities.tolist()}"
        if len(labels) > 5:
            case = "41 random tables with ties"
        return slip(result, slips) or f"{case} should give {expected:.4f}, not {result}."
    return None


def _in_order(cheats: np.ndarray, honest: np.ndarray) -> float:
    """Compare the first cheat only with the first honest player, and so on."""
    return (cheats > honest).mean() if len(cheats) == len(honest) else np.nan


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


def _cheapest(labels: np.ndarray, probabilities: np.ndarray, *costs: float) -> float:
    """Return the first threshold with the lowest cost, up to rounding."""
    found = [_cost(labels, probabilities, threshold, *costs) for threshold in THRESHOLDS]
    return float(THRESHOLDS[np.argmin(np.round(found, 9))])


THRESHOLDS = np.round(np.arange(0.1, 1.0, 0.1), 1)


def _two_sets(seed: int) -> tuple[np.ndarray, ...]:
    """Return labels and probabilities of a validation set and of a test set."""
    if seed == 0:  # with thresholds 0.4 to 0.7, there are no errors on the validation set
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
    """Check notebook 06, exercise 2: a threshold from validation, and its cost on the test set."""
    # With these seeds, each mistake gives a different result; seed 0 gives a tie.
    for seed in (7, 15, 37, 0):
        data = _two_sets(seed)
        result = call(choose_and_report, *data, THRESHOLDS.copy())
        result = two_numbers(result)
        if result is None:
            return "return two numbers: the threshold, and the mean cost per table on the test set."
        hint = _wrong_choice(*result, *data) or _wrong_cost(*result, *data)
        if hint is not None:
            return hint
    return None


def _wrong_choice(
    chosen: float, cost: float, val_labels: np.ndarray, val: np.ndarray, *test: np.ndarray
) -> str | None:
    """Return a hint for an incorrect threshold."""
    right = _cheapest(val_labels, val)
    if close(chosen, right):
        return None
    has_tie = len(val) == 5
    share = val_labels.mean()  # to divide each kind of error by the size of its own class
    on_test = _cheapest(*test)
    chose_on_test = close(cost, _cost(*test, on_test))
    pays_for_alarms_only = close(cost, _cost(*test, chosen, 5, 0))
    rates = _cheapest(val_labels, val, 5 / (1 - share), 1 / share)
    slips = (
        (_cost(*test, right), "the wrong order: first the threshold, then the cost."),
        (0.7 * has_tie, "several thresholds cost the same; take the first. Compare with <."),
        (0.5 * has_tie, "0.4 is not *above* the threshold 0.4: accuse with >, not >=."),
        (on_test if chose_on_test else np.nan, "choose on the validation set, not on the test."),
        (THRESHOLDS.tolist().index(right), "that is a position; return thresholds[position]."),
        (_cheapest(val_labels, val, 1, 5), "the costs are swapped: a false accusation costs 5."),
        (_cheapest(val_labels, val, 1, 1), "those are the fewest errors, and they differ in cost."),
        (chosen if pays_for_alarms_only else np.nan, "a cheat who is let go costs 1 as well."),
        (rates, "divide the costs of both kinds of error by the number of *all* tables."),
    )
    case = f"a case with {len(val)} validation tables should give {right}, not {chosen}."
    return slip(chosen, slips) or case


def _wrong_cost(
    chosen: float, cost: float, val_labels: np.ndarray, val: np.ndarray, *test: np.ndarray
) -> str | None:
    """Return a hint for an incorrect cost on the test set."""
    right = _cost(*test, chosen)
    if close(cost, right):
        return None
    if close(cost, _cost(val_labels, val, chosen)):
        return "the threshold is right, but that is its cost on the validation set."
    if close(cost, right * len(test[0])):
        return "that is the cost of the whole test set; divide by the number of tables."
    return f"threshold {chosen} is right; its cost on the test set is {right:.4f}, not {cost}."


class _Judges:
    """Two judges of 80 tables, and a score function that records which tables it scores.

    All probabilities differ, so that each probability identifies its judge and table. The first
    judge is far off at one table, which skews the bootstrap distribution.
    """

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.labels = rng.integers(0, 2, 80)
        self.probabilities = [abs(self.labels - rng.uniform(0, 0.2, 80)) for _ in "12"]
        self.probabilities[0][3] = abs(self.labels[3] - 0.99)
        self.tables = {
            p: (judge, table)
            for judge, row in enumerate(self.probabilities)
            for table, p in enumerate(row.tolist())
        }
        self.draws, self.scores = ([], []), ([], [])

    def score(self, labels: np.ndarray, probabilities: np.ndarray) -> float:
        """Return one judge's negative mean squared error, and record the tables."""
        found = [self.tables.get(p, (0, -1)) for p in np.asarray(probabilities).tolist()]
        judges, tables = map(list, zip(*found, strict=True))
        if -1 in tables:
            raise HintError("call score(labels, probabilities), the labels first.")
        if np.asarray(labels).tolist() != self.labels[tables].tolist():
            raise HintError("labels and probabilities of a draw should come from the same rows.")
        self.draws[judges[0]].append(tables)
        self.scores[judges[0]].append(-float(np.mean((np.asarray(probabilities) - labels) ** 2)))
        return self.scores[judges[0]][-1]


@exercise
def check_paired_interval(paired_interval: Callable) -> str | None:
    """Check notebook 06, exercise 3: the bootstrap interval of a paired difference."""
    judges = _Judges()
    arrays = [judges.labels.copy(), *(p.copy() for p in judges.probabilities)]
    result = two_numbers(call(paired_interval, judges.score, *arrays))
    if result is None:
        return "return two numbers: the low and the high end of the interval."
    first, second = judges.draws
    if not first or not second:
        return "score both judges in each draw, and subtract: first minus second."
    if any(len(draw) != 80 for draw in first):
        return "draw as many tables as there are."
    if all(len(set(draw)) == 80 for draw in first):
        return "draw with replacement: some tables come twice, others not at all."
    if first.count(first[0]) == len(first):
        return "every draw has the same tables: draw anew each time."
    if len(first) < 1000:
        return f"1,000 draws, please; {len(first)} are too few for the ends of an interval."
    if first != second:
        return "the pairing is lost. Score both judges on the same rows in each draw."
    return _wrong_interval(np.array(result), *map(np.array, judges.scores))


def _wrong_interval(result: np.ndarray, first: np.ndarray, second: np.ndarray) -> str | None:
    """Return a hint for an incorrect interval."""
    differences = first - second
    low, high = right = np.quantile(differences, [0.025, 0.975])
    mean, deviation = differences.mean(), differences.std()
    alone = [np.quantile(scores, [0.025, 0.975]) for scores in (first, second)]
    both = np.array([-1, 1])
    for mistake, hint in (
        (right[::-1], "the low end comes first."),
        (-right[::-1], "the wrong way round: the score of first minus the score of second."),
        (np.quantile(differences, [0.05, 0.95]), "that is 90%: leave out 2.5% at *each* end."),
        (alone[0] - alone[1][::-1], "subtract the scores in each draw, not two intervals' ends."),
        (alone[0], "that is the interval of first alone: subtract the score of second."),
        (
            mean + 1.96 * deviation * both,
            "mean ± 1.96 standard deviations assumes a symmetric distribution, and this one is "
            "skewed. Take the quantiles 0.025 and 0.975 of the differences.",
        ),
        (mean + deviation * both, "one standard deviation to each side is not 95%."),
    ):
        if np.allclose(result, mistake, rtol=0, atol=0.02 * deviation):
            return hint
    near = np.quantile(differences, [[0.02, 0.97], [0.03, 0.98]])  # definitions of quantiles vary
    if not ((near[0] <= result) & (result <= near[1])).all():
        return (
            f"the quantiles 0.025 and 0.975 of your differences are {low:.4g} and {high:.4g}; you "
            f"return {result[0]:.4g} and {result[1]:.4g}. (np.percentile takes 2.5 and 97.5.)"
        )
    return None
