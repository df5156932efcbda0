"""Simulated throws follow the players' probabilities; the exact odds include all hidden paths."""

import functools
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from references import likelihood_over_paths
from scipy.special import expit
from sklearn.calibration import calibration_curve
from sklearn.metrics import roc_auc_score

from seqclf_utils import log_likelihood_ratio, make_casino
from seqclf_utils.casino import PLAYERS

FAIR = [1 / 6] * 6
LOW, HIGH = 0.15 / 3, 0.85 / 3

# The players as the course describes them, independent of the package.
EXPECTED_PLAYERS = {
    "crude": (([1], [[1]], [FAIR]), ([1, 0], [[0.9, 0.1], [0.1, 0.9]], [FAIR, [0.08] * 5 + [0.6]])),
    "clever": (
        ([1], [[1]], [FAIR]),
        (
            [0.5, 0.5],
            [[0.85, 0.15], [0.15, 0.85]],
            [[LOW] * 3 + [HIGH] * 3, [HIGH] * 3 + [LOW] * 3],
        ),
    ),
    "early": (
        ([1, 0], [[0, 1], [0, 1]], [[0.9 / 3] * 3 + [0.1 / 3] * 3, FAIR]),
        ([1, 0], [[0, 1], [0, 1]], [[0.1 / 3] * 3 + [0.9 / 3] * 3, FAIR]),
    ),
    "spread": (
        ([1], [[1]], [[1 / 6 + 0.018] * 3 + [1 / 6 - 0.018] * 3]),
        ([1], [[1]], [[1 / 6 - 0.018] * 3 + [1 / 6 + 0.018] * 3]),
    ),
}
EXPECTED_PLAYERS["late"] = EXPECTED_PLAYERS["early"]

short_sequences = st.lists(st.integers(1, 6), min_size=1, max_size=6)


def scaled_forward(sequence, player):
    """Return log P(sequence | player) by the forward algorithm with rescaled probabilities."""
    start, switch, faces = (np.asarray(table, dtype=float) for table in player)
    total, weights = 0.0, start
    for face in sequence:
        weights = weights * faces[:, face - 1]
        total += np.log(weights.sum())
        weights = weights / weights.sum() @ switch
    return total


@functools.cache
def large_casino(cheat):
    """Return a casino with 12,000 sequences, simulated once for all tests."""
    return make_casino(12_000, cheat=cheat, seed=4)


def all_sequences(length):
    """Return all sequences with this many throws."""
    return list(itertools.product(range(1, 7), repeat=length))


def assert_counts_fit(counts, expected):
    """Assert that chi-squared is at most 5 standard deviations above its mean."""
    chi_squared = ((counts - expected) ** 2 / expected).sum()
    n_free = len(counts) - 1
    assert chi_squared < n_free + 5 * np.sqrt(2 * n_free)


# ---------------------------------------------------------------------------------- exact odds


def test_players_are_those_described():
    """For each cheat, both players have the documented probabilities of dice, swaps and faces."""
    assert tuple(PLAYERS) == ("crude", "clever", "early", "late", "spread")
    for cheat in PLAYERS:
        for player, expected in zip(PLAYERS[cheat], EXPECTED_PLAYERS[cheat], strict=True):
            for table, values in zip(player, expected, strict=True):
                np.testing.assert_allclose(table, values, atol=1e-12)


@given(st.lists(short_sequences, min_size=1, max_size=4), st.sampled_from([*PLAYERS]))
def test_ratio_is_the_brute_force_ratio(sequences, cheat):
    """The ratio is log P(sequence | cheat) - log P(sequence | honest), each P summed over paths."""
    found = log_likelihood_ratio(sequences, cheat=cheat)

    honest, cheating = EXPECTED_PLAYERS[cheat]
    step = -1 if cheat == "late" else 1
    expected = [
        np.log(likelihood_over_paths(s[::step], cheating))
        - np.log(likelihood_over_paths(s[::step], honest))
        for s in sequences
    ]
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert found.dtype == np.float64


@pytest.mark.parametrize("cheat", ["crude", "clever"])
def test_long_sequences_neither_underflow_nor_overflow(cheat):
    """The ratio for 2,000 throws agrees with a forward algorithm that rescales probabilities."""
    sequences = make_casino(6, cheat=cheat, min_length=2000, max_length=2000, seed=0).sequences
    sequences.append(np.full(2000, 6))

    found = log_likelihood_ratio(sequences, cheat=cheat)

    honest, cheating = EXPECTED_PLAYERS[cheat]
    expected = [scaled_forward(s, cheating) - scaled_forward(s, honest) for s in sequences]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-8)


def test_every_face_of_the_clever_cheat_is_fair():
    """At every throw of the clever cheat, each face has probability 1/6."""
    _, cheating = PLAYERS["clever"]
    dice = cheating.start

    for _ in range(100):
        np.testing.assert_allclose(dice @ cheating.faces, 1 / 6, rtol=1e-12)
        dice = dice @ cheating.switch


# ---------------------------------------------------------------------------------- simulation


@pytest.mark.parametrize("cheat", PLAYERS)
def test_throws_follow_the_player(cheat):
    """Each of the 216 sequences of three throws has the expected frequency."""
    casino = make_casino(30_000, cheat=cheat, min_length=3, max_length=3, seed=0)
    step = -1 if cheat == "late" else 1
    codes = (np.array(casino.sequences)[:, ::step] - 1) @ [36, 6, 1]
    for label, player in enumerate(EXPECTED_PLAYERS[cheat]):
        counts = np.bincount(codes[casino.labels == label], minlength=216)
        expected = [counts.sum() * likelihood_over_paths(s, player) for s in all_sequences(3)]
        assert_counts_fit(counts, np.array(expected))


def test_streaks_last_beyond_the_third_throw():
    """Neighbouring throws of the clever cheat match (high or low) equally often throughout."""
    casino = make_casino(10_000, cheat="clever", min_length=9, max_length=9, seed=1)
    is_high = np.array(casino.sequences)[casino.labels == 1] > 3

    agree = (is_high[:, 1:] == is_high[:, :-1]).mean(axis=0)

    same_die, other_die = 0.85**2 + 0.15**2, 2 * 0.85 * 0.15
    np.testing.assert_allclose(agree, 0.85 * same_die + 0.15 * other_die, atol=0.025)


@pytest.mark.parametrize("cheat", PLAYERS)
def test_sequences_are_symbols_within_the_lengths(cheat):
    """Sequences are int64 arrays of symbols 1..6, and lengths cover the whole range."""
    casino = make_casino(1_000, cheat=cheat, min_length=1, max_length=6, seed=0)

    assert len(casino.sequences) == len(casino.labels) == len(casino.log_likelihood_ratio) == 1_000
    assert {(s.dtype.name, s.ndim, s.base) for s in casino.sequences} == {("int64", 1, None)}
    assert {len(s) for s in casino.sequences} == {1, 2, 3, 4, 5, 6}
    assert set(np.concatenate(casino.sequences).tolist()) == {1, 2, 3, 4, 5, 6}
    assert set(casino.labels.tolist()) == {0, 1}


def test_one_throw_is_a_casino():
    """The smallest casino has one sequence of one throw."""
    assert len(make_casino(1, min_length=1, max_length=1, seed=0).sequences[0]) == 1


def test_defaults_are_the_crude_cheat_and_5_to_60_throws():
    """Default arguments have the documented values."""
    casino = make_casino(3_000, seed=0)

    assert {len(s) for s in casino.sequences} == set(range(5, 61))
    crude = make_casino(3_000, cheat="crude", min_length=5, max_length=60, seed=0)
    np.testing.assert_array_equal(casino.log_likelihood_ratio, crude.log_likelihood_ratio)


@pytest.mark.parametrize("cheat", PLAYERS)
def test_lengths_are_independent_of_labels(cheat):
    """Labels are balanced, lengths are uniform, and the two are uncorrelated."""
    casino = large_casino(cheat)
    lengths = np.array([len(s) for s in casino.sequences])

    assert casino.labels.mean() == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(12_000))
    assert_counts_fit(np.bincount(lengths)[5:], np.full(56, 12_000 / 56))
    assert abs(np.corrcoef(lengths, casino.labels)[0, 1]) < 4 / np.sqrt(12_000)


def test_the_global_generator_is_left_alone():
    """The simulation neither uses nor advances NumPy's global generator."""
    ratios, numbers = [], []
    for seed in (0, 1):
        np.random.seed(seed)
        ratios.append(make_casino(10, seed=1).log_likelihood_ratio.tolist())
        numbers.append(np.random.random())

    np.random.seed(0)
    assert numbers[0] == np.random.random()
    assert ratios[0] == ratios[1]


# ---------------------------------------------------------------------------------- evidence


@pytest.mark.parametrize("cheat", PLAYERS)
def test_evidence_is_calibrated(cheat):
    """Of the sequences whose probability of a cheat is p, a fraction p comes from a cheat."""
    casino = large_casino(cheat)
    probabilities = casino.best_probabilities

    np.testing.assert_allclose(probabilities, expit(casino.log_likelihood_ratio))
    observed, stated = calibration_curve(casino.labels, probabilities, n_bins=10)
    n_inside, _ = np.histogram(probabilities, bins=10, range=(0, 1))
    errors = np.sqrt(stated * (1 - stated) / n_inside[n_inside > 0])
    assert len(stated) >= 4  # a single bin would show nothing
    assert (np.abs(observed - stated) <= 4 * errors).all()


@pytest.mark.parametrize(
    ("cheat", "best_auc"), [("crude", 0.90), ("clever", 0.91), ("early", 0.90), ("late", 0.90)]
)
def test_best_possible_auc(cheat, best_auc):
    """The AUC of the exact odds equals the value that the course reports."""
    casino = large_casino(cheat)

    auc = roc_auc_score(casino.labels, casino.log_likelihood_ratio)

    assert auc == pytest.approx(best_auc, abs=0.012)


def test_spread_evidence_grows_with_length():
    """For "spread", the AUC of the exact odds is high for long sequences and low for one throw."""
    long = make_casino(4_000, cheat="spread", min_length=100, max_length=150, seed=0)
    short = make_casino(10_000, cheat="spread", min_length=1, max_length=1, seed=0)

    auc = [roc_auc_score(c.labels, c.log_likelihood_ratio) for c in (long, short)]

    assert auc == pytest.approx([0.961, 0.554], abs=0.02)


def test_evidence_belongs_to_the_sequences():
    """The stored log-likelihood ratios are those of the casino's own sequences and cheat."""
    casino = make_casino(300, cheat="late", seed=0)

    again = log_likelihood_ratio(casino.sequences, cheat="late")

    np.testing.assert_array_equal(casino.log_likelihood_ratio, again)


# ---------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("sequences", "cheat", "message"),
    [
        ([[1, 2], [6, 7]], "crude", r"sequences\[1\]\[1\] is 7; symbols must be 1\.\.6"),
        ([[1], []], "crude", r"sequences\[1\] is empty"),
        ([[1]], "Crude", "cheat is 'Crude'; it must be one of 'crude'"),
    ],
)
def test_bad_sequences_are_refused(sequences, cheat, message):
    """The error gives the position and the value."""
    with pytest.raises(ValueError, match=f"^{message}"):
        log_likelihood_ratio(sequences, cheat=cheat)


def test_small_integer_types_do_not_overflow():
    """Arguments of type np.uint8 do not overflow in sums such as 255 + 1."""
    lengths = {"min_length": np.uint8(200), "max_length": np.uint8(255)}

    found = make_casino(np.uint8(9), **lengths, seed=1)

    expected = make_casino(9, min_length=200, max_length=255, seed=1)
    np.testing.assert_array_equal(found.log_likelihood_ratio, expected.log_likelihood_ratio)
