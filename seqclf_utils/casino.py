"""Dice sequences of honest and cheating players, with the exact odds; used in most notebooks.

Each player is a hidden Markov model that swaps dice in secret. Because the model is known, the
forward algorithm gives the exact log-likelihood ratio, and no classifier can rank sequences better
than this ratio does (Neyman and Pearson, 1933). The crude cheat is the occasionally dishonest
casino of Durbin, Eddy, Krogh and Mitchison, *Biological Sequence Analysis* (1998), chapter 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import expit

from seqclf_utils.validation import check_choice, check_count, check_seed, check_sequences

MAX_THROWS = 10**8  # in all sequences together; they take 800 MB


class Player(NamedTuple):
    """A player who swaps S dice in secret: the parameters of a hidden Markov model.

    Attributes:
        start: Probability of each die at the first throw, shape (S,).
        switch: Probability of die j after die i, shape (S, S); rows sum to 1.
        faces: Probability of each face of each die, shape (S, 6); rows sum to 1.
    """

    start: np.ndarray
    switch: np.ndarray
    faces: np.ndarray


def _die(high: float) -> np.ndarray:
    """Return a die that shows 4, 5 or 6 with probability `high`, shape (6,)."""
    return np.repeat([(1 - high) / 3, high / 3], 3)


def _one_die(high: float) -> Player:
    """Return a player who always throws the same die."""
    return Player(np.ones(1), np.ones((1, 1)), _die(high)[None])


def _first_throw_rigged(high: float) -> Player:
    """Return a player whose first throw is 4-6 with probability `high`, and who then plays fair."""
    switch = np.array([[0.0, 1.0], [0.0, 1.0]])
    return Player(np.array([1.0, 0.0]), switch, np.stack([_die(high), _die(0.5)]))


def _two_dice(first: float, swap: float, faces: Sequence[np.ndarray]) -> Player:
    """Return a player who swaps the two dice with probability `swap` after each throw."""
    switch = np.array([[1 - swap, swap], [swap, 1 - swap]])
    return Player(np.array([first, 1 - first]), switch, np.stack(faces))


LOADED_ON_SIX = np.array([0.08, 0.08, 0.08, 0.08, 0.08, 0.6])

# For each cheat: the player behind label 0 and the player behind label 1.
PLAYERS = {
    "crude": (_one_die(0.5), _two_dice(1.0, 0.1, [_die(0.5), LOADED_ON_SIX])),
    # One die is loaded high and the other low by the same amount, so every face still has
    # probability 1/6 at every throw. Each die is used in streaks.
    "clever": (_one_die(0.5), _two_dice(0.5, 0.15, [_die(0.85), _die(0.15)])),
    "early": (_first_throw_rigged(0.1), _first_throw_rigged(0.9)),
    "late": (_first_throw_rigged(0.1), _first_throw_rigged(0.9)),  # its sequences are reversed
    "spread": (_one_die(0.5 - 0.054), _one_die(0.5 + 0.054)),
}


@dataclass(frozen=True, eq=False)
class CasinoData:
    """Sequences of throws with their labels and the exact evidence.

    Attributes:
        sequences: Symbols 1..6, one int64 array of shape (L_i,) per sequence.
        labels: 1 for a cheat and 0 for an honest player, int64, shape (N,).
        log_likelihood_ratio: Evidence for a cheat in nats, float64, shape (N,); positive if a
            cheat is more likely.
    """

    sequences: list[np.ndarray]
    labels: np.ndarray
    log_likelihood_ratio: np.ndarray

    @property
    def best_probabilities(self) -> np.ndarray:
        """Probability of a cheat given all throws, the best possible prediction, shape (N,).

        Both labels are equally likely a priori, so Bayes' rule gives the sigmoid of the evidence.
        """
        return expit(self.log_likelihood_ratio)


def make_casino(
    n_sequences: int, *, cheat: str = "crude", min_length: int = 5, max_length: int = 60, seed: int
) -> CasinoData:
    """Simulate sequences of throws, about half of them by a cheat.

    Labels are fair coin flips; lengths are uniform and independent of the labels.

    Args:
        n_sequences: Number of sequences, at least 1; multiplied by `max_length`, at most 10**8.
        cheat: "crude" (a die loaded towards six is swapped in from time to time), "clever" (every
            face is as frequent as with a fair die; only the order differs), "early" (only the first
            throw differs), "late" (only the last throw differs) or "spread" (all throws differ a
            little).
        min_length: Length of the shortest sequence, at least 1.
        max_length: Length of the longest sequence, at least `min_length`.
        seed: Seed of the simulation; the same seed gives the same data.

    Returns:
        Sequences, labels and the exact log-likelihood ratio.

    Raises:
        TypeError: If a number is not an integer.
        ValueError: If `cheat` is unknown or a number is out of range.

    Example:
        >>> casino = make_casino(2, max_length=6, seed=0)
        >>> [len(sequence) for sequence in casino.sequences], casino.labels
        ([6, 5], array([1, 1]))
    """
    n_sequences = check_count("n_sequences", n_sequences, minimum=1, maximum=MAX_THROWS)
    check_choice("cheat", cheat, PLAYERS)
    min_length = check_count("min_length", min_length, minimum=1)
    max_length = check_count("max_length", max_length, minimum=min_length)
    check_count("n_sequences * max_length", n_sequences * max_length, minimum=1, maximum=MAX_THROWS)
    rng = np.random.default_rng(check_seed(seed))

    labels = rng.integers(0, 2, n_sequences)
    lengths = rng.integers(min_length, max_length + 1, n_sequences)
    honest, cheating = (_throw(p, n_sequences, max_length, rng) for p in PLAYERS[cheat])
    throws = np.where(labels[:, None] == 1, cheating, honest)  # (N, max_length)
    step = -1 if cheat == "late" else 1
    sequences = [row[:n][::step].copy() for row, n in zip(throws, lengths, strict=True)]
    return CasinoData(sequences, labels, log_likelihood_ratio(sequences, cheat=cheat))


def log_likelihood_ratio(sequences: Sequence[Sequence[int]], *, cheat: str) -> np.ndarray:
    """Compute the exact evidence that each sequence comes from a cheat.

    Args:
        sequences: Sequences of symbols 1..6, of any length.
        cheat: The suspected cheat, as in `make_casino`.

    Returns:
        log P(sequence | cheat) - log P(sequence | honest) in nats, float64, shape (N,).

    Raises:
        TypeError: If `sequences` is not a list of sequences.
        ValueError: If `cheat` is unknown or a sequence is not made of symbols 1..6.

    Example:
        >>> log_likelihood_ratio([[6, 1, 2], [1, 6, 6]], cheat="early").round(2)
        array([ 2.2, -2.2])
    """
    check_choice("cheat", cheat, PLAYERS)
    symbols, lengths = check_sequences(sequences, vocab_size=7)  # padding and six faces
    rows = np.split(symbols, np.cumsum(lengths)[:-1])
    if cheat == "late":
        rows = [row[::-1] for row in rows]
    honest, cheating = PLAYERS[cheat]
    return log_likelihood(rows, cheating) - log_likelihood(rows, honest)


def log_likelihood(sequences: Sequence[Sequence[int]], player: Player) -> np.ndarray:
    """Sum the probability of each sequence over all hidden paths of dice.

    This is the forward algorithm in log space (Rabiner, 1989, *A tutorial on hidden Markov
    models*), for all sequences at once.

    Args:
        sequences: Sequences of symbols 1..6, not checked again.
        player: The player who throws.

    Returns:
        log P(sequence | player) in nats, float64, shape (N,).
    """
    lengths = np.array([len(sequence) for sequence in sequences])
    throws = np.zeros((len(sequences), lengths.max()), dtype=np.int64)  # (N, L)
    for row, sequence in zip(throws, sequences, strict=True):
        row[: len(sequence)] = np.asarray(sequence) - 1
    with np.errstate(divide="ignore"):  # log(0) = -inf: that swap never happens
        start, switch, faces = (np.log(table) for table in player)

    forward = start + faces[:, throws[:, 0]].T  # (N, S): log P(throws so far, current die)
    for step in range(1, throws.shape[1]):
        arrive = np.logaddexp.reduce(forward[:, :, None] + switch, axis=1)  # (N, S)
        is_real = (step < lengths)[:, None]
        forward = np.where(is_real, arrive + faces[:, throws[:, step]].T, forward)
    return np.logaddexp.reduce(forward, axis=1)


def _throw(player: Player, n_sequences: int, n_throws: int, rng: np.random.Generator) -> np.ndarray:
    """Simulate `n_throws` throws of each sequence, int64 symbols 1..6, shape (N, n_throws)."""
    throws = np.empty((n_sequences, n_throws), dtype=np.int64)
    die = _draw(np.tile(player.start, (n_sequences, 1)), rng)  # (N,)
    for step in range(n_throws):
        throws[:, step] = _draw(player.faces[die], rng) + 1
        die = _draw(player.switch[die], rng)
    return throws


def _draw(probabilities: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw one index for each row of `probabilities`, (N, K), by inverse transform sampling."""
    thresholds = probabilities.cumsum(axis=1)[:, :-1]  # the last sum is 1 up to rounding
    return (rng.random((len(probabilities), 1)) >= thresholds).sum(axis=1)
