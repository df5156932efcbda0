"""The dice, and their exact odds against sums over every hidden path."""

import functools
import itertools
import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.calibration import calibration_curve
from sklearn.metrics import roc_auc_score

from seqclf_utils import log_likelihood_ratio, make_casino
from seqclf_utils.casino import CHEATS, PLAYERS, Player, log_likelihood

FAIR = [1 / 6] * 6
LOW, HIGH = 0.15 / 3, 0.85 / 3

# The tables as the course describes them, written out a second time.
EXPECTED_PLAYERS = {
    "crude": (
        ([1], [[1]], [FAIR]),
        ([1, 0], [[0.9, 0.1], [0.1, 0.9]], [FAIR, [0.08] * 5 + [0.6]]),
    ),
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

cheats = st.sampled_from(CHEATS)
short_sequences = st.lists(st.integers(1, 6), min_size=1, max_size=6)


def brute_force(sequence, player):
    """Sum P(path) * P(sequence | path) over every path of hidden dice, without logarithms."""
    start, switch, faces = player
    total = 0.0
    for path in itertools.product(range(len(start)), repeat=len(sequence)):
        probability = start[path[0]]
        for before, after in itertools.pairwise(path):
            probability *= switch[before][after]
        for die, face in zip(path, sequence, strict=True):
            probability *= faces[die][face - 1]
        total += probability
    return total


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
    """Return 12,000 tables of one cheat, thrown once for all tests."""
    return make_casino(12_000, cheat=cheat, seed=4)


@functools.cache
def short_casino(cheat):
    """Return 30,000 tables of three throws, thrown once for all tests."""
    return make_casino(30_000, cheat=cheat, min_length=3, max_length=3, seed=0)


def all_sequences(length):
    """Return every sequence of this many throws."""
    return list(itertools.product(range(1, 7), repeat=length))


@pytest.mark.parametrize("cheat", CHEATS)
def test_players_are_those_described(cheat):
    """Both players of each cheat start, swap dice and load them as the course says."""
    for player, expected in zip(PLAYERS[cheat], EXPECTED_PLAYERS[cheat], strict=True):
        for table, values in zip(player, expected, strict=True):
            np.testing.assert_allclose(table, values, atol=1e-12)


def test_there_are_five_cheats():
    """The cheats are those of the course, in its order."""
    assert CHEATS == ("crude", "clever", "early", "late", "spread")


@pytest.mark.parametrize("who", [0, 1])
@pytest.mark.parametrize("cheat", CHEATS)
def test_log_likelihood_sums_over_all_hidden_paths(cheat, who):
    """All sequences of 1 to 3 throws, judged in one batch, have their brute-force probability."""
    sequences = [np.array(s) for length in (1, 2, 3) for s in all_sequences(length)]

    found = log_likelihood(sequences, PLAYERS[cheat][who])

    expected = [brute_force(s, EXPECTED_PLAYERS[cheat][who]) for s in sequences]
    np.testing.assert_allclose(np.exp(found), expected, rtol=1e-10)


def test_log_likelihood_of_a_player_with_three_uneven_dice():
    """Nothing rests on symmetric swaps: a player whose tables are all uneven is right as well."""
    rng = np.random.default_rng(0)
    player = Player(*(rng.dirichlet(np.ones(k), n) for k, n in ((3, 1), (3, 3), (6, 3))))
    player = player._replace(start=player.start[0])
    sequences = [rng.integers(1, 7, length) for length in (1, 2, 3, 4, 5, 6) for _ in range(5)]

    found = log_likelihood(sequences, player)

    np.testing.assert_allclose(np.exp(found), [brute_force(s, player) for s in sequences])


@given(st.lists(short_sequences, min_size=1, max_size=4), cheats)
def test_ratio_is_the_brute_force_ratio(sequences, cheat):
    """The log-likelihood ratio is log P(cheat's) - log P(honest), "late" read backwards."""
    found = log_likelihood_ratio(sequences, cheat=cheat)

    honest, cheating = EXPECTED_PLAYERS[cheat]
    step = -1 if cheat == "late" else 1
    expected = [
        np.log(brute_force(s[::step], cheating) / brute_force(s[::step], honest)) for s in sequences
    ]
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert found.dtype == np.float64


@pytest.mark.parametrize("who", [0, 1])
@pytest.mark.parametrize("cheat", CHEATS)
def test_probabilities_of_all_sequences_sum_to_one(cheat, who):
    """A player's probabilities of all 1,296 sequences of four throws add up to 1."""
    sequences = [np.array(s) for s in all_sequences(4)]

    assert np.exp(log_likelihood(sequences, PLAYERS[cheat][who])).sum() == pytest.approx(1)


def test_late_is_early_backwards():
    """Reversing every sequence turns the "late" evidence into the "early" evidence."""
    sequences = make_casino(200, cheat="spread", seed=0).sequences

    late = log_likelihood_ratio(sequences, cheat="late")

    early = log_likelihood_ratio([s[::-1] for s in sequences], cheat="early")
    np.testing.assert_array_equal(late, early)


def test_sign_of_the_evidence():
    """Sixes speak for the crude cheat, streaks for the clever one, a high first throw for early."""
    assert log_likelihood_ratio([[6] * 10], cheat="crude")[0] > 0
    assert log_likelihood_ratio([[4, 5, 6, 5, 4, 1, 2, 3, 2, 1]], cheat="clever")[0] > 0
    np.testing.assert_allclose(
        log_likelihood_ratio([[4, 1, 1], [3, 6, 6]], cheat="early"), [np.log(9), -np.log(9)]
    )
    np.testing.assert_allclose(
        log_likelihood_ratio([[4, 1, 1], [3, 6, 6]], cheat="late"), [-np.log(9), np.log(9)]
    )


@pytest.mark.parametrize("cheat", ["crude", "clever"])
def test_long_sequences_neither_underflow_nor_overflow(cheat):
    """2,000 throws, and 2,000 sixes, agree with a forward algorithm that rescales."""
    sequences = make_casino(6, cheat=cheat, min_length=2000, max_length=2000, seed=0).sequences
    sequences.append(np.full(2000, 6))

    found = log_likelihood_ratio(sequences, cheat=cheat)

    honest, cheating = EXPECTED_PLAYERS[cheat]
    expected = [scaled_forward(s, cheating) - scaled_forward(s, honest) for s in sequences]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-8)


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("cheat", CHEATS)
def test_throws_follow_the_player(cheat, label):
    """Each of the 216 sequences of three throws comes up as often as its player says."""
    casino = short_casino(cheat)
    throws = np.array(casino.sequences)[casino.labels == label]
    step = -1 if cheat == "late" else 1
    player = EXPECTED_PLAYERS[cheat][label]
    expected = len(throws) * np.array([brute_force(s, player) for s in all_sequences(3)])

    codes = (throws[:, ::step] - 1) @ [36, 6, 1]
    counts = np.bincount(codes, minlength=216)

    chi_squared = ((counts - expected) ** 2 / expected).sum()
    assert chi_squared < 215 + 5 * np.sqrt(2 * 215)


def test_streaks_last_beyond_the_third_throw():
    """At the clever cheat's table neighbours agree (both high or both low) at every position."""
    casino = make_casino(10_000, cheat="clever", min_length=9, max_length=9, seed=1)
    is_high = np.array(casino.sequences)[casino.labels == 1] > 3

    agree = (is_high[:, 1:] == is_high[:, :-1]).mean(axis=0)

    same_die, other_die = 0.85**2 + 0.15**2, 2 * 0.85 * 0.15
    np.testing.assert_allclose(agree, 0.85 * same_die + 0.15 * other_die, atol=0.025)


def test_every_face_of_the_clever_cheat_is_fair_by_its_tables():
    """By start @ switch^t @ faces, every face has exactly 1/6 at every throw."""
    _, cheating = PLAYERS["clever"]
    dice = cheating.start

    for _ in range(100):
        np.testing.assert_allclose(dice @ cheating.faces, 1 / 6, rtol=1e-12)
        dice = dice @ cheating.switch


def test_every_face_of_the_clever_cheat_is_fair_at_the_table():
    """Each face comes up in 1/6 of the clever cheat's throws, at every position."""
    casino = make_casino(20_000, cheat="clever", min_length=6, max_length=6, seed=2)
    throws = np.array(casino.sequences)[casino.labels == 1]

    shares = np.array([(throws == face).mean(axis=0) for face in range(1, 7)])

    np.testing.assert_allclose(shares, 1 / 6, atol=0.015)


def test_crude_cheat_starts_with_the_fair_die():
    """The first throw at a crude cheat's table is fair; later throws show too many sixes."""
    casino = make_casino(20_000, cheat="crude", min_length=15, max_length=15, seed=3)
    is_six = np.array(casino.sequences)[casino.labels == 1] == 6

    share = is_six.mean(axis=0)

    assert share[0] == pytest.approx(1 / 6, abs=0.015)
    assert share[-1] == pytest.approx((1 / 6 + 0.6) / 2, abs=0.03)


@pytest.mark.parametrize("cheat", CHEATS)
def test_sequences_are_int64_symbols_within_the_lengths(cheat):
    """Sequences are 1-D int64 of 1..6; lengths fill the whole range, both ends included."""
    casino = make_casino(1_000, cheat=cheat, min_length=4, max_length=9, seed=0)

    assert len(casino.sequences) == len(casino.labels) == len(casino.log_likelihood_ratio) == 1_000
    assert {s.dtype for s in casino.sequences} == {np.dtype(np.int64)}
    assert {s.ndim for s in casino.sequences} == {1}
    assert {len(s) for s in casino.sequences} == {4, 5, 6, 7, 8, 9}
    assert set(np.concatenate(casino.sequences).tolist()) == {1, 2, 3, 4, 5, 6}
    assert set(casino.labels.tolist()) == {0, 1}


def test_default_lengths_are_5_to_60():
    """Without other wishes a crude cheat is watched for 5 to 60 throws."""
    casino = make_casino(3_000, seed=0)

    lengths = [len(s) for s in casino.sequences]
    assert (min(lengths), max(lengths)) == (5, 60)
    crude = make_casino(3_000, cheat="crude", seed=0)
    np.testing.assert_array_equal(casino.log_likelihood_ratio, crude.log_likelihood_ratio)


@pytest.mark.parametrize("cheat", ["crude", "late"])
def test_sequences_own_their_throws(cheat):
    """No sequence is a view that keeps the table of all throws in memory."""
    casino = make_casino(20, cheat=cheat, seed=0)

    assert all(s.base is None for s in casino.sequences)


@pytest.mark.parametrize("cheat", CHEATS)
def test_lengths_tell_nothing(cheat):
    """Labels are fair coin flips, lengths uniform, and neither depends on the other."""
    casino = large_casino(cheat)
    lengths = np.array([len(s) for s in casino.sequences])

    assert casino.labels.mean() == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(12_000))
    counts = np.bincount(lengths)[5:]
    assert ((counts - 12_000 / 56) ** 2 / (12_000 / 56)).sum() < 55 + 5 * np.sqrt(2 * 55)
    correlation = np.corrcoef(lengths, casino.labels)[0, 1]
    assert abs(correlation) < 4 / np.sqrt(12_000)


@pytest.mark.parametrize("cheat", CHEATS)
def test_same_seed_throws_the_same_dice(cheat):
    """A seed fixes labels, lengths and throws; another seed changes them."""
    first, again, other = (make_casino(100, cheat=cheat, seed=seed) for seed in (7, 7, 8))

    np.testing.assert_array_equal(first.labels, again.labels)
    assert all(np.array_equal(a, b) for a, b in zip(first.sequences, again.sequences, strict=True))
    assert not np.array_equal(first.labels, other.labels)
    assert not np.array_equal(
        np.concatenate(first.sequences)[:200], np.concatenate(other.sequences)[:200]
    )


def test_dice_leave_the_global_random_numbers_alone():
    """Throwing dice neither reads nor moves NumPy's global generator."""
    np.random.seed(0)
    expected = np.random.random()

    np.random.seed(0)
    make_casino(10, seed=1)

    assert np.random.random() == expected


@pytest.mark.parametrize("cheat", CHEATS)
def test_evidence_is_calibrated(cheat):
    """Among sequences with probability p of a cheat, a share p are a cheat's (scikit-learn's)."""
    casino = large_casino(cheat)
    probabilities = casino.best_probabilities

    np.testing.assert_allclose(probabilities, expit(casino.log_likelihood_ratio))
    observed, stated = calibration_curve(casino.labels, probabilities, n_bins=10)
    n_inside, _ = np.histogram(probabilities, bins=10, range=(0, 1))
    errors = np.sqrt(stated * (1 - stated) / n_inside[n_inside > 0])
    assert len(stated) >= 4  # not one bin that says nothing
    assert (np.abs(observed - stated) <= 4 * errors).all()


@pytest.mark.parametrize(
    ("cheat", "best_auc"), [("crude", 0.90), ("clever", 0.91), ("early", 0.90), ("late", 0.90)]
)
def test_best_possible_auc(cheat, best_auc):
    """The exact evidence ranks sequences about as well as the course reports."""
    casino = large_casino(cheat)

    assert roc_auc_score(casino.labels, casino.log_likelihood_ratio) == pytest.approx(
        best_auc, abs=0.012
    )


def test_spread_evidence_grows_with_length():
    """With 100 to 150 throws "spread" is about as easy as the course reports, short it is hard."""
    long = make_casino(4_000, cheat="spread", min_length=100, max_length=150, seed=0)
    short = make_casino(10_000, cheat="spread", min_length=1, max_length=1, seed=0)

    auc = [roc_auc_score(c.labels, c.log_likelihood_ratio) for c in (long, short)]

    assert auc == pytest.approx([0.961, 0.554], abs=0.02)


def test_evidence_belongs_to_the_sequences():
    """The evidence that comes with a casino is that of its own sequences and cheat."""
    casino = make_casino(300, cheat="clever", seed=0)

    again = log_likelihood_ratio(casino.sequences, cheat="clever")

    np.testing.assert_array_equal(casino.log_likelihood_ratio, again)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n_sequences": 0}, ValueError, "n_sequences is 0; it must be at least 1"),
        ({"n_sequences": 2.0}, TypeError, "n_sequences is 2.0; it must be a whole number"),
        ({"min_length": 0}, ValueError, "min_length is 0; it must be at least 1"),
        ({"max_length": 3}, ValueError, "max_length is 3; it must be at least 5"),
        ({"max_length": "9"}, TypeError, "max_length is '9'; it must be a whole number"),
        ({"seed": -1}, ValueError, "seed is -1; it must be at least 0"),
        ({"seed": None}, TypeError, "seed is None; it must be a whole number"),
        (
            {"cheat": "loud"},
            ValueError,
            "cheat is 'loud'; it must be one of 'crude', 'clever', 'early', 'late', 'spread'",
        ),
    ],
)
def test_bad_requests_are_named(arguments, error, message):
    """The message says which argument is wrong, its value and what is allowed."""
    with pytest.raises(error) as caught:
        make_casino(**{"n_sequences": 3, "seed": 0, **arguments})

    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("sequences", "cheat", "message"),
    [
        ([[1, 2], [6, 7]], "crude", "sequences[1][1] is 7; symbols must be 1..6"),
        ([[0]], "crude", "sequences[0][0] is 0; symbols must be 1..6"),
        ([[1], []], "crude", "sequences[1] is empty; every sequence needs at least 1 symbol"),
        ([], "crude", "sequences is empty; there must be at least 1 sequence"),
        ([[1]], "Crude", "cheat is 'Crude'; it must be one of 'crude'"),
    ],
)
def test_bad_sequences_are_named(sequences, cheat, message):
    """What cannot be weighed is refused by position and value."""
    with pytest.raises(ValueError) as caught:
        log_likelihood_ratio(sequences, cheat=cheat)

    assert str(caught.value).startswith(message)


def test_numbers_of_a_small_type_do_not_wrap_around():
    """255 + 1 is 256 in make_casino, though not among np.uint8."""
    found = make_casino(np.uint8(2), min_length=np.uint8(200), max_length=np.uint8(255), seed=1)

    assert (
        found.labels.tolist()
        == make_casino(2, min_length=200, max_length=255, seed=1).labels.tolist()
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: make_casino(10**30, seed=1),
            "n_sequences is 1000000000000000000000000000000; it must be at most 100000000",
        ),
        (
            lambda: make_casino(2, max_length=10**8, seed=1),
            "n_sequences * max_length is 200000000; it must be at most 100000000",
        ),
        (
            lambda: log_likelihood([[0, 1]], PLAYERS["crude"][0]),
            "sequences[0][0] is 0; symbols must",
        ),
        (lambda: log_likelihood([], PLAYERS["crude"][0]), "sequences is empty; there must be at"),
        (lambda: log_likelihood([[1]], "crude"), "player is a str; it must be a Player"),
        (
            lambda: log_likelihood([[1]], Player(np.ones(1), np.ones((1, 1)), np.ones((1, 5)) / 5)),
            "player.faces has shape (1, 5); it must be (1, 6)",
        ),
        (
            lambda: log_likelihood([[1]], Player(np.ones(1), np.ones((1, 1)), np.ones((1, 6)))),
            "player.faces must hold probabilities, and each row must sum to 1",
        ),
    ],
    ids=["many tables", "many throws", "padding", "nothing", "word", "five faces", "six"],
)
def test_more_bad_casinos_are_named(call, message):
    """What would fill the memory, or read beyond the six faces, is refused."""
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        call()


def test_every_length_is_as_likely_for_both_labels():
    """Three lengths, a third each, at honest tables and at cheats' (4 standard errors)."""
    casino = make_casino(6_000, min_length=2, max_length=4, seed=0)

    lengths = np.array([len(sequence) for sequence in casino.sequences])
    for label in (0, 1):
        counts = np.bincount(lengths[casino.labels == label], minlength=5)[2:]
        np.testing.assert_allclose(counts / counts.sum(), 1 / 3, atol=0.035)


def test_seven_is_no_face():
    """The public forward algorithm names a face that no die has."""
    with pytest.raises(ValueError, match=r"sequences\[0\]\[1\] is 7"):
        log_likelihood([np.array([1, 7])], PLAYERS["crude"][0])


def test_one_throw_at_one_table_is_the_smallest_casino():
    """Nothing is too small that has a throw."""
    (sequence,) = make_casino(1, min_length=1, max_length=1, seed=0).sequences

    assert len(sequence) == 1


def test_a_probability_that_is_nan_is_named_with_its_table():
    """The message says which table of the player and where."""
    switch = np.array([[1.0, 0.0], [math.nan, 1.0]])
    player = Player(np.array([0.5, 0.5]), switch, np.full((2, 6), 1 / 6))

    with pytest.raises(ValueError, match=r"player.switch\[2\] is nan; it must be a finite"):
        log_likelihood([[1]], player)
