"""Independent reference implementations shared by several tests."""

import itertools
import math

import numpy as np


def lstm_logits(weights, sequences, pooling):
    """Compute logits from the LSTM's equations, one sequence at a time.

    Args:
        weights: NumPy arrays by name, as in `LSTMClassifier.state_dict()`; may be complex.
        sequences: Lists of symbols, of any lengths.
        pooling: "last" or "avg".

    Returns:
        One logit per sequence, shape (N,).
    """
    n_state = weights["lstm.weight_hh_l0"].shape[1]
    logits = []
    for sequence in sequences:
        h, c, outputs = np.zeros(n_state), np.zeros(n_state), []
        for x in weights["embed.weight"][sequence]:
            z = weights["lstm.weight_ih_l0"] @ x + weights["lstm.bias_ih_l0"]
            z = z + weights["lstm.weight_hh_l0"] @ h + weights["lstm.bias_hh_l0"]
            i, f, g, o = z.reshape(4, n_state)  # input gate, forget gate, new content, output gate
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
            outputs.append(h)
        pooled = outputs[-1] if pooling == "last" else sum(outputs) / len(outputs)
        logits.append(weights["fc.weight"][0] @ pooled + weights["fc.bias"][0])
    return np.array(logits)


def likelihood_over_paths(sequence, player):
    """Sum P(path) * P(sequence | path) over all paths of hidden dice, without logarithms."""
    start, switch, faces = player
    total = 0
    for path in itertools.product(range(len(start)), repeat=len(sequence)):
        swaps = math.prod(switch[i][j] for i, j in itertools.pairwise(path))
        throws = math.prod(faces[i][face - 1] for i, face in zip(path, sequence, strict=True))
        total += start[path[0]] * swaps * throws
    return total


def sigmoid(x):
    """Return the logistic function of x."""
    return 1 / (1 + np.exp(-x))


def mean_loss(logits, labels):
    """Return the mean cross-entropy of logits, in nats."""
    return (np.log(1 + np.exp(logits)) - labels * logits).mean()


def weights_of(model):
    """Return a copy of a model's weights as NumPy arrays by name."""
    return {name: weight.numpy().copy() for name, weight in model.state_dict().items()}
