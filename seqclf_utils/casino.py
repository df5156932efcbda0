"""Casinos that throw dice, some of them cheating, and the exact odds that a sequence is a cheat's.

Each player is a hidden Markov model: dice that are swapped in secret. Because we write the player,
the forward algorithm gives the exact log-likelihood ratio, and no classifier can rank sequences
better than that (Neyman and Pearson, 1933). The crude cheat is the occasionally dishonest casino
of Durbin, Eddy, Krogh and Mitchison, *Biological Sequence Analysis* (1998), chapter 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import expit

from seqclf_utils.validation import (
    check_choice,
    check_count,
    check_numbers,
    check_seed,
    check_sequences,
)

N_FACES = 6
MOST_THROWS = 10**8  # at all tables together, 800 MB; more would fill the memory


class Player(NamedTuple):
    """A player who swaps dice in secret, as the three tables of a hidden Markov model.

    Attributes:
        start: Probability of each die at the first throw, shape (S,).
        switch: Probability of die j after die i, shape (S, S), rows sum to 1.
        faces: Probability of each face by die, shape (S, 6), rows sum to 1.
    """

    start: np.ndarray
    switch: np.ndarray
    faces: np.ndarray


def _high_die(high: float) -> np.ndarray:
    """Return a die that shows 4, 5 or 6 with probability `high`, shape (6,)."""
    return np.repeat([(1 - high) / 3, high / 3], 3)


def _one_die(faces: np.ndarray) -> Player:
    """Return a player who throws one die all the time."""
    return Player(np.ones(1), np.ones((1, 1)), faces[None])


def _first_throw_rigged(high: float) -> Player:
    """Return a player whose first throw shows 4-6 with probability `high`, then plays fair."""
    return Player(
        np.array([1.0, 0.0]),
        np.array([[0.0, 1.0], [0.0, 1.0]]),
        np.stack([_high_die(high), FAIR_DIE]),
    )


FAIR_DIE = _high_die(0.5)
SIX_DIE = np.array([0.08, 0.08, 0.08, 0.08, 0.08, 0.6])
HONEST = _one_die(FAIR_DIE)

# For each cheat: who sits at the table with label 0, and who at the table with label 1.
PLAYERS = {
    "crude": (
        HONEST,
        Player(
            np.array([1.0, 0.0]),
            np.array([[0.9, 0.1], [0.1, 0.9]]),
            np.stack([FAIR_DIE, SIX_DIE]),
        ),
    ),
    # One die loaded high, one loaded low by the same amount, each played in streaks:
    # every face still comes up 1/6 of the time, at every throw.
    "clever": (
        HONEST,
        Player(
            np.array([0.5, 0.5]),
            np.array([[0.85, 0.15], [0.15, 0.85]]),
            np.stack([_high_die(0.85), _high_die(0.15)]),
        ),
    ),
    "early": (_first_throw_rigged(0.1), _first_throw_rigged(0.9)),
    # The same players seen in a mirror: sequences are thrown as "early" and then reversed.
    "late": (_first_throw_rigged(0.1), _first_throw_rigged(0.9)),
    "spread": (_one_die(_high_die(0.5 - 0.054)), _one_die(_high_die(0.5 + 0.054))),
}
CHEATS = tuple(PLAYERS)


@dataclass(frozen=True, eq=False)
class CasinoData:
    """Sequences of throws, which of them were cheats', and the exact odds.

    Attributes:
        sequences: One int64 array of symbols 1..6 a table, shape (L_i,).
        labels: 1 for a cheat's table and 0 for an honest one, int64, shape (N,).
        log_likelihood_ratio: Evidence for a cheat in nats, float64, shape (N,); above 0 means
            that a cheat is the likelier source.
    """

    sequences: list[np.ndarray]
    labels: np.ndarray
    log_likelihood_ratio: np.ndarray

    @property
    def best_probabilities(self) -> np.ndarray:
        """Probability of a cheat given all throws, shape (N,); no classifier can know more.

        Both labels are equally likely beforehand, so Bayes' rule is the sigmoid of the evidence.
        """
        return expit(self.log_likelihood_ratio)


def make_casino(
    n_sequences: int,
    *,
    cheat: str = "crude",
    min_length: int = 5,
    max_length: int = 60,
    seed: int,
) -> CasinoData:
    """Throw dice at `n_sequences` tables, about half of them a cheat's.

    Labels are fair coin flips; lengths are uniform and tell nothing about the label.

    Args:
        n_sequences: Number of tables, at least 1; times `max_length` at most 10**8.
        cheat: "crude" (a die loaded on six is swapped in now and then), "clever" (every face
            comes up as often as at an honest table; only the order betrays it), "early" (the
            first throw tells), "late" (the last throw tells) or "spread" (a little everywhere).
        min_length: Shortest sequence in throws, at least 1.
        max_length: Longest sequence in throws, at least `min_length`.
        seed: Seed of the dice; the same seed throws the same dice.

    Returns:
        Sequences, labels and the exact log-likelihood ratio.

    Raises:
        TypeError: If a number is not whole.
        ValueError: If `cheat` is unknown or a number is out of range.

    Example:
        >>> casino = make_casino(2, max_length=6, seed=0)
        >>> [len(sequence) for sequence in casino.sequences], casino.labels
        ([6, 5], array([1, 1]))
    """
    n_sequences = check_count("n_sequences", n_sequences, minimum=1, maximum=MOST_THROWS)
    check_choice("cheat", cheat, CHEATS)
    min_length = check_count("min_length", min_length, minimum=1)
    max_length = check_count("max_length", max_length, minimum=min_length)
    check_count(
        "n_sequences * max_length", n_sequences * max_length, minimum=1, maximum=MOST_THROWS
    )
    rng = np.random.default_rng(check_seed(seed))

    labels = rng.integers(0, 2, n_sequences)
    lengths = rng.integers(min_length, max_length + 1, n_sequences)
    honest, cheating = (_throw(p, n_sequences, max_length, rng) for p in PLAYERS[cheat])
    throws = np.where(labels[:, None] == 1, cheating, honest)  # (N, max_length)
    sequences = [row[:length].copy() for row, length in zip(throws, lengths, strict=True)]
    if cheat == "late":
        sequences = [sequence[::-1].copy() for sequence in sequences]
    return CasinoData(sequences, labels, log_likelihood_ratio(sequences, cheat=cheat))


def log_likelihood_ratio(sequences: Sequence[Sequence[int]], *, cheat: str) -> np.ndarray:
    """Weigh the exact evidence that each sequence is a cheat's.

    Args:
        sequences: Sequences of symbols 1..6, lengths in throws may differ.
        cheat: Which cheat is suspected, as in `make_casino`.

    Returns:
        log P(sequence | cheat) - log P(sequence | honest) in nats, float64, shape (N,).

    Raises:
        TypeError: If `sequences` is not a collection of sequences.
        ValueError: If `cheat` is unknown or a sequence is not made of symbols 1..6.

    Example:
        >>> log_likelihood_ratio([[6, 1, 2], [1, 6, 6]], cheat="early").round(2)
        array([ 2.2, -2.2])
    """
    check_choice("cheat", cheat, CHEATS)
    symbols, lengths = check_sequences(sequences, vocab_size=N_FACES + 1)
    rows = np.split(symbols, np.cumsum(lengths)[:-1])
    if cheat == "late":
        rows = [row[::-1] for row in rows]
    honest, cheating = PLAYERS[cheat]
    return _forward(rows, cheating) - _forward(rows, honest)


def log_likelihood(sequences: Sequence[np.ndarray], player: Player) -> np.ndarray:
    """Sum the probability of each sequence over all hidden swaps of dice.

    This is the forward algorithm in log space (Rabiner, 1989, *A tutorial on hidden Markov
    models*), run for all sequences at once.

    Args:
        sequences: Sequences of symbols 1..6, int64, shape (L_i,) each.
        player: Who throws.

    Returns:
        log P(sequence | player) in nats, float64, shape (N,).

    Raises:
        TypeError: If `sequences` is not a collection of sequences or `player` no Player.
        ValueError: If a sequence is not made of symbols 1..6, or a table of `player` does not
            hold probabilities.
    """
    symbols, lengths = check_sequences(sequences, vocab_size=N_FACES + 1)
    rows = np.split(symbols, np.cumsum(lengths)[:-1])
    _check_player(player)
    return _forward(rows, player)


def _check_player(player: Player) -> None:
    """Refuse tables that are no hidden Markov model with six faces."""
    if not isinstance(player, Player):
        raise TypeError(f"player is a {type(player).__name__}; it must be a Player")
    n_dice = len(check_numbers("player.start", player.start))
    shapes = {"start": (n_dice,), "switch": (n_dice, n_dice), "faces": (n_dice, N_FACES)}
    for name, shape in shapes.items():
        table = np.asarray(getattr(player, name))
        if table.shape != shape:
            raise ValueError(f"player.{name} has shape {table.shape}; it must be {shape}")
        check_numbers(f"player.{name}", table.ravel())
        if (table < 0).any() or not np.allclose(table.sum(axis=-1), 1):
            raise ValueError(f"player.{name} must hold probabilities, and each row must sum to 1")


def _forward(sequences: Sequence[np.ndarray], player: Player) -> np.ndarray:
    """Run the forward algorithm on sequences that are known to be good, float64, shape (N,)."""
    lengths = np.array([len(sequence) for sequence in sequences])
    throws = np.zeros((len(sequences), lengths.max()), dtype=np.int64)  # (N, L)
    for row, sequence in zip(throws, sequences, strict=True):
        row[: len(sequence)] = np.asarray(sequence) - 1
    with np.errstate(divide="ignore"):  # log(0) = -inf: that swap never happens
        start, switch, faces = (np.log(table) for table in player)

    forward = start + faces[:, throws[:, 0]].T  # (N, S): log P(throws so far, die in hand)
    for step in range(1, throws.shape[1]):
        arrive = np.logaddexp.reduce(forward[:, :, None] + switch, axis=1)  # (N, S)
        is_real = (step < lengths)[:, None]
        forward = np.where(is_real, arrive + faces[:, throws[:, step]].T, forward)
    return np.logaddexp.reduce(forward, axis=1)


def _throw(player: Player, n_sequences: int, n_throws: int, rng: np.random.Generator) -> np.ndarray:
    """Throw `n_throws` dice at each table, int64 symbols 1..6, shape (N, n_throws)."""
    throws = np.empty((n_sequences, n_throws), dtype=np.int64)
    die = _draw(np.tile(player.start, (n_sequences, 1)), rng)  # (N,)
    for step in range(n_throws):
        throws[:, step] = _draw(player.faces[die], rng) + 1
        die = _draw(player.switch[die], rng)
    return throws


def _draw(probabilities: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw one index a row of `probabilities`, shape (N, K), by inverting the cumulative sum."""
    thresholds = probabilities.cumsum(axis=1)[:, :-1]  # the last one is 1 up to rounding
    return (rng.random((len(probabilities), 1)) >= thresholds).sum(axis=1)
