"""Slow and obvious: what the package computes, once more, in plain Python."""

import math

from seqclf_utils.datasets import DIRECTIONS


def sigmoid(x):
    """Return the logistic function of a number."""
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def is_whole(value, low, high):
    """Say whether a value is a whole number from `low` to `high`; True and False are none."""
    import numpy as np

    return (
        isinstance(value, int | np.integer)
        and not isinstance(value, bool | np.timedelta64)
        and low <= int(value) <= high
    )


def likelihood(sequence, start, switch, faces):
    """Sum the probability of a sequence over every possible succession of dice."""

    def rest(step, die):
        here = faces[die][sequence[step] - 1]
        if step + 1 == len(sequence):
            return here
        return here * sum(switch[die][j] * rest(step + 1, j) for j in range(len(start)))

    return sum(start[die] * rest(0, die) for die in range(len(start)))


def lstm_logit(weights, symbols, pooling):
    """Score one sequence alone, gate by gate (Hochreiter and Schmidhuber, with forget gates)."""
    size = len(weights["lstm.weight_hh_l0"]) // 4
    h, c, outputs = [0.0] * size, [0.0] * size, []
    for symbol in symbols:
        x = weights["embed.weight"][symbol]
        sums = [
            sum(w * v for w, v in zip(weights["lstm.weight_ih_l0"][row], x, strict=True))
            + sum(w * v for w, v in zip(weights["lstm.weight_hh_l0"][row], h, strict=True))
            + weights["lstm.bias_ih_l0"][row]
            + weights["lstm.bias_hh_l0"][row]
            for row in range(4 * size)
        ]
        let_in, forget, new, let_out = (sums[i * size : (i + 1) * size] for i in range(4))
        c = [
            sigmoid(forget[k]) * c[k] + sigmoid(let_in[k]) * math.tanh(new[k]) for k in range(size)
        ]
        h = [sigmoid(let_out[k]) * math.tanh(c[k]) for k in range(size)]
        outputs.append(h)
    pooled = outputs[-1]
    if pooling == "avg":
        pooled = [sum(column) / len(outputs) for column in zip(*outputs, strict=True)]
    (row,) = weights["fc.weight"]
    return sum(w * v for w, v in zip(row, pooled, strict=True)) + weights["fc.bias"][0]


def log_loss(logit, label):
    """Return the cross-entropy of one logit, in nats."""
    return -math.log(sigmoid(logit) if label == 1 else sigmoid(-logit))


def grey_at(image, x, y):
    """Read an image between its pixels, linearly both ways; outside it is 0."""
    total = 0.0
    for row in (math.floor(y), math.floor(y) + 1):
        for column in (math.floor(x), math.floor(x) + 1):
            if 0 <= row < len(image) and 0 <= column < len(image[0]):
                share = (1 - abs(y - row)) * (1 - abs(x - column))
                total += share * image[row][column]
    return total


def pieces(cells):
    """Split cells of the hexagonal grid into connected pieces."""
    left, found = set(cells), []
    while left:
        waiting, piece = [min(left)], set()
        while waiting:
            cell = waiting.pop()
            if cell in left:
                left.remove(cell)
                piece.add(cell)
                waiting += [(cell[0] + r, cell[1] + c) for r, c in DIRECTIONS]
        found.append(piece)
    return found
