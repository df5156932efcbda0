"""The sequences on which every pipeline trains."""

import numpy as np

LENGTHS = ("5 to 60", "heavy-tailed to 512")
VOCAB_SIZE, EMBED_DIM, HIDDEN_SIZE, LEARNING_RATE = 7, 16, 32, 1e-3


def make_data(n_sequences: int, lengths: str, seed: int = 0) -> tuple[list[np.ndarray], np.ndarray]:
    """Simulate dice throws in which sixes are slightly more frequent if the label is 1.

    Args:
        n_sequences: Number of sequences.
        lengths: One of LENGTHS: uniform, or log-normal with a median of 33.
        seed: Seed of all random numbers.

    Returns:
        Sequences of symbols 1..6, one int64 array each; labels, int64, shape (n_sequences,).
    """
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, size=n_sequences)
    sizes = rng.integers(5, 61, size=n_sequences)
    if lengths == LENGTHS[1]:
        sizes = np.exp(rng.normal(3.5, 0.8, size=n_sequences)).astype(int).clip(5, 512)
    ends = np.cumsum(sizes)
    throws = rng.integers(1, 7, size=ends[-1])
    is_cheat = np.repeat(labels == 1, sizes) & (rng.random(ends[-1]) < 0.1)
    throws[is_cheat] = 6
    return np.split(throws, ends[:-1]), labels
