"""Typical wrong answers to the exercises of notebook 06, with part of the hint for each."""

import numpy as np

from seqclf_utils import exercises


def groups(labels, probabilities):
    """Return the probabilities of cheats as a column, and those of honest players as a row."""
    return probabilities[labels == 1][:, None], probabilities[labels == 0]


def auc(labels, probabilities, tie=0.5):
    """Compare each cheat with each honest player."""
    cheats, honest = groups(labels, probabilities)
    return ((cheats > honest) + tie * (cheats == honest)).mean()


def auc_of_rows(labels, probabilities):
    """Compare each cheat only with the honest player at the same position."""
    cheats, honest = groups(labels, probabilities)
    return np.mean(cheats[:, 0] > honest)


def pairs_won(labels, probabilities):
    """Count the pairs won, without dividing by the number of pairs."""
    cheats, honest = groups(labels, probabilities)
    return (cheats > honest).sum() + (cheats == honest).sum() / 2


def right_on_few(labels, probabilities):
    """Return the right AUC for small cases only."""
    return auc(labels, probabilities) if len(labels) <= 5 else 0.5


def cost(labels, probabilities, threshold, alarm=5, let_go=1):
    """Return the mean cost per table."""
    accused = probabilities > threshold
    return np.mean(alarm * (accused & (labels == 0)) + let_go * (~accused & (labels == 1)))


def choose(labels, probabilities, thresholds, **costs):
    """Return the position of the cheapest threshold."""
    return np.argmin([cost(labels, probabilities, t, **costs).round(9) for t in thresholds])


def choose_and_report(v, vp, t, tp, thresholds, **costs):
    """Choose on the validation set and report on the test set."""
    chosen = thresholds[choose(v, vp, thresholds, **costs)]
    return chosen, cost(t, tp, chosen)


def cheapest_on_test(v, vp, t, tp, thresholds):
    """Choose on the test set."""
    return choose_and_report(t, tp, t, tp, thresholds)


def last_of_equals(v, vp, t, tp, thresholds):
    """Take the highest of the cheapest thresholds."""
    return choose_and_report(v, vp, t, tp, thresholds[::-1])


def position(v, vp, t, tp, thresholds):
    """Return the position in place of the threshold."""
    place = choose(v, vp, thresholds)
    return place, cost(t, tp, thresholds[place])


def validation_cost(v, vp, t, tp, thresholds):
    """Report the cost on the set that was used to choose the threshold."""
    return choose_and_report(v, vp, v, vp, thresholds)


def whole_cost(v, vp, t, tp, thresholds):
    """Report the total cost instead of the mean."""
    chosen, mean = choose_and_report(v, vp, t, tp, thresholds)
    return chosen, mean * len(t)


def at_the_threshold(v, vp, t, tp, thresholds):
    """Accuse at the threshold as well, with >= instead of >."""
    return choose_and_report(v, vp + 1e-9, t, tp + 1e-9, thresholds)


def only_alarms(v, vp, t, tp, thresholds):
    """Ignore the cost of letting a cheat go."""
    chosen = thresholds[choose(v, vp, thresholds, let_go=0)]
    return chosen, cost(t, tp, chosen, let_go=0)


def shares_of_each_label(v, vp, t, tp, thresholds):
    """Divide each kind of error by the number of tables with that label."""
    costs = {"alarm": 5 / (v == 0).mean(), "let_go": 1 / (v == 1).mean()}
    chosen = thresholds[choose(v, vp, thresholds, **costs)]
    return chosen, cost(t, tp, chosen, **costs)


def bootstrap(
    score,
    labels,
    first,
    second,
    *,
    ends=(0.025, 0.975),
    replace=True,
    size=None,
    rows_for="all",
    n_draws=1000,
    seed=None,
    subtract_last=False,
    deviations=None,
):
    """Compute the bootstrap interval from 1,000 draws, optionally with a bug."""
    rng = np.random.default_rng(5)
    n = len(labels)

    def draw():
        rows = rng if seed is None else np.random.default_rng(seed)
        return rows.choice(n, size or n, replace=replace)

    ours, theirs = np.empty((2, n_draws))
    for k in range(n_draws):
        rows = draw()
        others = draw() if rows_for == "one judge" else rows
        truths = draw() if rows_for == "judges" else rows
        ours[k] = score(labels[truths], first[rows])
        theirs[k] = score(labels[others if rows_for == "one judge" else truths], second[others])
    if subtract_last:
        return np.quantile(ours, ends) - np.quantile(theirs, ends)[::-1]
    if deviations is not None:
        spread = deviations * (ours - theirs).std()
        return (ours - theirs).mean() + spread * np.array([-1, 1])
    return np.quantile(ours - theirs, ends)


def first_alone(score, labels, first, second):
    """Leave out the second judge."""
    draws = np.random.default_rng(5).integers(0, len(labels), (1000, len(labels)))
    return np.quantile([score(labels[rows], first[rows]) for rows in draws], [0.025, 0.975])


def arguments_swapped(score, *arrays):
    """Pass the probabilities to `score` before the labels."""
    return bootstrap(lambda labels, p: score(p, labels), *arrays)


WRONG = {
    exercises.check_auc_by_hand: [
        (lambda y, p: 1 - auc(y, p), "the wrong way round"),
        (lambda y, p: auc(y, p, tie=1), "counts it as a win"),
        (lambda y, p: auc(y, p, tie=0), "does not count it"),
        (pairs_won, "divide by the number of pairs"),
        (lambda y, p: pairs_won(y, p) / len(y) ** 2, "not any two"),
        (auc_of_rows, "*each* honest player"),
        (lambda y, p: np.mean((p > 0.5) == y), "that is the accuracy"),
        (right_on_few, "41 random tables"),
        (lambda y, p: 0.123, "should give 0.7500, not 0.123"),
    ],
    exercises.check_choose_and_report: [
        (cheapest_on_test, "choose on the validation set"),
        (validation_cost, "its cost on the validation set"),
        (whole_cost, "cost of the whole test set"),
        (lambda *a: choose_and_report(*a)[::-1], "wrong order"),
        (lambda *a: choose_and_report(*a)[0], "return two numbers"),
        (lambda *a: choose_and_report(*a, alarm=1, let_go=5), "the costs are swapped"),
        (lambda *a: choose_and_report(*a, alarm=1), "fewest errors, and"),
        (last_of_equals, "take the first. Compare with <"),
        (at_the_threshold, "accuse with >, not >="),
        (only_alarms, "a cheat who is let go costs 1 as well"),
        (shares_of_each_label, "number of *all* tables"),
        (position, "that is a position"),
        (lambda *a: (0.95, 0.1), "40 validation tables should give"),
        (lambda *a: (choose_and_report(*a)[0], 0.0), "its cost on the test set is"),
    ],
    exercises.check_paired_interval: [
        (lambda *a: bootstrap(*a, rows_for="one judge"), "pairing is lost"),
        (lambda *a: bootstrap(*a, rows_for="judges"), "should come from the same rows"),
        (lambda *a: bootstrap(*a, replace=False), "with replacement"),
        (lambda *a: bootstrap(*a, ends=(0.05, 0.95)), "at *each* end"),
        (lambda *a: bootstrap(*a, ends=(0, 1)), "np.percentile takes"),
        (lambda *a: bootstrap(*a, size=50), "as many tables as there are"),
        (lambda *a: bootstrap(*a, n_draws=50), "1,000 draws, please; 50"),
        (lambda *a: bootstrap(*a, seed=3), "draw anew"),
        (lambda *a: -bootstrap(*a)[::-1], "the wrong way round"),
        (lambda *a: bootstrap(*a)[::-1], "low end comes first"),
        (lambda *a: bootstrap(*a, deviations=1), "to each side is not 95%"),
        (lambda *a: bootstrap(*a, deviations=1.96), "Take the quantiles"),
        (lambda *a: bootstrap(*a).mean(), "return two numbers"),
        (lambda *a: bootstrap(*a, subtract_last=True), "not two intervals' ends"),
        (first_alone, "score both judges"),
        (arguments_swapped, "the labels first"),
        (lambda *a: bootstrap(*a) * [1, np.inf], "you return"),
    ],
}
