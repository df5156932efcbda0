"""Compare the package with independent implementations on random inputs.

If the patience is at least 1 and all losses are finite, `EarlyStopping` follows the same rule as
Keras 3 (`restore_best_weights=True`) and Lightning. `EarlyStopping` rejects a patience of 0, which
Keras and Lightning treat as 1. It also rejects a loss that is NaN or infinite: Lightning stops at
such a loss, whereas Keras continues and keeps a NaN from the first epoch as the best loss forever.
See https://keras.io/api/callbacks/early_stopping and
https://lightning.ai/docs/pytorch/latest/api/lightning.pytorch.callbacks.EarlyStopping.html.
"""

import itertools
import math
from fractions import Fraction
from unittest import mock

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from references import likelihood_over_paths, lstm_logits, mean_loss, weights_of
from scipy import ndimage
from sklearn.model_selection import StratifiedShuffleSplit
from strategies import examples
from torch import nn

import seqclf_utils as sc
from seqclf_utils.casino import PLAYERS, CasinoData, Player
from seqclf_utils.datasets import outline_points, trace_outline

seeds = st.integers(0, 2**32 - 1)

# --------------------------------------------------------------------------- early stopping


def keras_rule(losses, patience, min_delta):
    """Return the number of epochs and the best epoch according to Keras."""
    best, best_epoch, wait = math.inf, 0, 0
    for epoch, loss in enumerate(losses, start=1):
        wait += 1
        if loss + min_delta < best:
            best, best_epoch, wait = loss, epoch, 0
        elif wait >= patience:
            break
    return epoch, best_epoch


def our_rule(losses, patience, min_delta):
    """Return the number of epochs and the best epoch according to `EarlyStopping`."""
    stopper, model = sc.EarlyStopping(patience, min_delta=min_delta), nn.Linear(1, 1, bias=False)
    for epoch, loss in enumerate(losses, start=1):
        nn.init.constant_(model.weight, epoch)  # in place, as an optimizer does
        if stopper.step(loss, model):
            break
    stopper.restore(model)
    assert stopper.best_epoch == model.weight.item()
    assert stopper.best_loss == losses[stopper.best_epoch - 1]
    return epoch, stopper.best_epoch


eighths = st.integers(-3, 10).map(lambda k: k / 8)  # so sums and differences are exact


@given(st.lists(eighths, min_size=1, max_size=30), st.integers(1, 6), st.integers(0, 4))
def test_early_stopping_follows_the_rule_of_keras(losses, patience, k):
    """`EarlyStopping` stops after the same epoch as Keras and restores the same weights."""
    assert our_rule(losses, patience, k / 8) == keras_rule(losses, patience, k / 8)


# ------------------------------------------------------------------------ forward algorithm


@st.composite
def players(draw, smallest):
    """Draw a hidden Markov model with up to four dice."""
    n_dice = draw(st.integers(1, 4))

    def table(n_rows, n_columns):
        weights = st.lists(st.integers(smallest, 4), min_size=n_columns, max_size=n_columns)
        rows = [draw(weights.filter(any)) for _ in range(n_rows)]
        return np.array([[weight / sum(row) for weight in row] for row in rows])

    return Player(table(1, n_dice)[0], table(n_dice, n_dice), table(n_dice, 6))


def exact_log_likelihood(sequence, player):
    """Compute log P(sequence | player) by the forward algorithm with exact fractions."""
    start, switch, faces = (np.frompyfunc(Fraction, 1, 1)(table) for table in player)
    weights = start * faces[:, sequence[0] - 1]
    for face in sequence[1:]:
        weights = (weights @ switch) * faces[:, face - 1]
    total = weights.sum()
    return math.log(total.numerator) - math.log(total.denominator) if total else -math.inf


@examples(30)
@given(players(smallest=1), players(smallest=0), st.data())
def test_ratio_of_any_two_players(honest, cheating, data):
    """The log-likelihood ratio is exact for any two players with up to four dice."""
    rows = st.lists(st.integers(1, 6), min_size=1, max_size=40)
    sequences = [*data.draw(st.lists(rows, min_size=1, max_size=3)), [1, 6, 2]]

    with mock.patch.dict(PLAYERS, crude=(honest, cheating)):
        found = sc.log_likelihood_ratio(sequences, cheat="crude")

    exact = [[exact_log_likelihood(s, player) for s in sequences] for player in (cheating, honest)]
    np.testing.assert_allclose(found, np.subtract(*exact), rtol=1e-10, atol=1e-10)
    by_paths = [likelihood_over_paths(sequences[-1], player) for player in (cheating, honest)]
    assert math.exp(found[-1]) == pytest.approx(by_paths[0] / by_paths[1], rel=1e-10)


@examples(30)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=60), st.sampled_from([*PLAYERS]))
def test_best_probabilities_follow_from_bayes_rule(sequence, cheat):
    """The best probabilities follow from the likelihoods and equal priors by Bayes' rule."""
    read = sequence[::-1] if cheat == "late" else sequence
    honest, cheating = (exact_log_likelihood(read, player) for player in PLAYERS[cheat])

    found = sc.log_likelihood_ratio([sequence], cheat=cheat)

    data = CasinoData([np.array(sequence)], np.array([1]), found)
    expected = 1 / (1 + math.exp(honest - cheating))
    np.testing.assert_allclose(data.best_probabilities, expected, rtol=1e-10)


# ----------------------------------------------------------------------------------- scores

pairs = st.lists(st.tuples(st.integers(0, 1), st.integers(1, 19)), min_size=2, max_size=60)


@given(pairs.filter(lambda rows: len({label for label, _ in rows}) == 2))
def test_scores_follow_their_definitions(rows):
    """AUC (over all pairs; ties count half), loss and accuracy follow from their definitions."""
    labels, twentieths = zip(*rows, strict=True)
    found = sc.score(labels, [k / 20 for k in twentieths])

    ones, zeros = ([k for label, k in rows if label == wanted] for wanted in (1, 0))
    wins = sum((a > b) + (a == b) / 2 for a, b in itertools.product(ones, zeros))
    losses = [-math.log(k / 20 if label else 1 - k / 20) for label, k in rows]
    right = [(k > 10) == label for label, k in rows]  # 10/20 is not above the threshold
    assert found["auc"] == pytest.approx(wins / len(ones) / len(zeros), abs=1e-12)
    assert found["log_loss"] == pytest.approx(sum(losses) / len(rows), abs=1e-12)
    assert found["accuracy"] == pytest.approx(sum(right) / len(rows), abs=1e-12)


# --------------------------------------------------------------------- model and training


def random_model(seed, size, **options):
    """Return a float64 classifier with weights much larger than at initialisation."""
    model, rng = sc.LSTMClassifier(embed_dim=2, hidden_size=size, **options), _rng(seed)
    for weight in model.state_dict().values():
        weight.copy_(torch.from_numpy(rng.normal(size=tuple(weight.shape))))
    return model.double()


def _rng(seed):
    """Return a NumPy generator."""
    return np.random.default_rng(seed)


def random_sequences(seed, n_sequences, longest):
    """Return sequences of symbols 1..6 with random lengths."""
    rng = _rng(seed)
    return [rng.integers(1, 7, rng.integers(1, longest + 1)) for _ in range(n_sequences)]


def batch_of(sequences, labels, extra=0, fill=0):
    """Return one batch, padded with `fill` beyond the longest sequence."""
    lengths = [len(s) for s in sequences]
    padded = np.full((len(sequences), max(lengths) + extra), fill)
    for row, sequence in zip(padded, sequences, strict=True):
        row[: len(sequence)] = sequence
    return torch.tensor(padded), torch.tensor(lengths), torch.tensor(labels, dtype=torch.float64)


@examples(15)
@given(seeds, st.integers(1, 6), st.integers(0, 3), st.integers(0, 6), st.integers(1, 5))
def test_model_and_losses_follow_the_equations_of_the_lstm(seed, n, extra, fill, size):
    """Logits, loss and log loss follow the LSTM's equations for each pooling, packed or not."""
    sequences, labels = random_sequences(seed, n + 1, longest=9), np.arange(n + 1) % 2

    for pooling, packed in itertools.product(("last", "avg"), (True, False)):
        model = random_model(seed, size, pooling=pooling, packed=packed)
        logits = lstm_logits(weights_of(model), sequences, pooling)
        loader = [
            batch_of(sequences[:n], labels[:n], extra, fill),
            batch_of(sequences[n:], labels[n:]),
        ]

        found = torch.cat([model(padded, lengths) for padded, lengths, _ in loader])
        loss = sc.evaluate(model, loader, nn.BCEWithLogitsLoss())
        scores = sc.score(labels, sc.predict_proba(model, loader))

        np.testing.assert_allclose(found.detach(), logits, rtol=1e-10, atol=1e-10)
        assert loss == pytest.approx(mean_loss(logits, labels), abs=1e-10)
        assert scores["log_loss"] == pytest.approx(loss, abs=1e-10)


def gradients_of(weights, sequences, labels, pooling):
    """Compute the loss's partial derivatives without backpropagation.

    The complex-step method uses no differences, so it loses no digits (Squire and Trapp, 1998,
    "Using complex variables to estimate derivatives of real functions").
    """
    gradients = {name: np.zeros_like(value) for name, value in weights.items()}
    for name, value in weights.items():
        for place in np.ndindex(value.shape):
            moved = weights | {name: value.astype(complex)}
            moved[name][place] += 1e-30j
            loss = mean_loss(lstm_logits(moved, sequences, pooling), labels)
            gradients[name][place] = loss.imag / 1e-30
    return gradients


@pytest.mark.parametrize(
    ("pooling", "packed"), [("last", True), ("last", False), ("avg", True), ("avg", False)]
)
def test_fit_follows_the_equations_of_adam(pooling, packed):
    """Losses and weights over two epochs follow the equations of Kingma and Ba (2015)."""
    model = random_model(0, 2, pooling=pooling, packed=packed)
    batches = [(random_sequences(n, n, longest=4), np.arange(n) % 2) for n in (3, 1)]
    loader = [batch_of(*batch) for batch in batches]
    weights = weights_of(model)
    weights["embed.weight"][0] = model.embed.weight.data[0] = 0  # the embedding of padding is 0

    history = sc.fit(model, loader, loader, max_epochs=2, learning_rate=0.05)

    m, v = ({name: np.zeros_like(w) for name, w in weights.items()} for _ in range(2))
    for epoch in range(2):
        total = 0.0
        for t, (sequences, labels) in enumerate(batches, start=1 + 2 * epoch):
            total += len(labels) * mean_loss(lstm_logits(weights, sequences, pooling), labels)
            for name, g in gradients_of(weights, sequences, labels, pooling).items():
                m[name] = 0.9 * m[name] + 0.1 * g
                v[name] = 0.999 * v[name] + 0.001 * g**2
                m_hat, v_hat = m[name] / (1 - 0.9**t), v[name] / (1 - 0.999**t)
                weights[name] = weights[name] - 0.05 * m_hat / (np.sqrt(v_hat) + 1e-8)
        assert history["train_loss"][epoch] == pytest.approx(total / 4, abs=1e-10)
    assert history["is_best"].tolist() == [False, True]
    for name, value in weights_of(model).items():
        np.testing.assert_allclose(value, weights[name], rtol=0, atol=1e-10)


# ----------------------------------------------------------------------------------- splits

shares = st.integers(1, 12).map(lambda k: k / 20)


@given(st.integers(0, 999), st.integers(6, 80), shares, shares)
def test_split_is_scikit_learns_stratified_shuffle_twice(seed, n, val, test):
    """The test set is split off first, then the validation set, both stratified by label."""
    labels = (_rng(seed).random(n) < 0.4).astype(int)

    def cut(positions, share):
        shuffle = StratifiedShuffleSplit(1, test_size=round(share * n), random_state=seed)
        ((rest, part),) = shuffle.split(positions, labels[positions])
        return positions[rest], positions[part]

    try:
        found = sc.split_indices(labels, val_fraction=val, test_fraction=test, seed=seed)
    except ValueError:  # a set would be empty or lack a label
        assume(False)
    rest, test_idx = cut(np.arange(n), test)
    for part, expected in zip(found, (*cut(rest, val), test_idx), strict=True):
        np.testing.assert_array_equal(part, np.sort(expected))


def fairness(parts, labels, wanted):
    """Return the smallest ratio of actual to requested share, over all sets and both labels."""
    return min(
        (labels[part] == label).sum() / (labels == label).sum() / share
        for part, share in zip(parts, wanted, strict=True)
        for label in (0, 1)
    )


def test_split_by_group_is_nearly_as_fair_as_the_best_of_all():
    """On average, splits of six uneven groups are over 97% as balanced as the best split."""
    wanted, found, best = (0.5, 0.25, 0.25), [], []
    for seed in range(15):
        groups = np.repeat(range(6), _rng(seed).integers(4, 20, 6))
        labels = (_rng(seed).random(len(groups)) < 0.3).astype(int)
        deals = (np.array(deal)[groups] for deal in itertools.product(range(3), repeat=6))
        best.append(max(fairness([d == i for i in range(3)], labels, wanted) for d in deals))
        parts = sc.split_indices(
            labels, val_fraction=0.25, test_fraction=0.25, groups=groups, seed=seed
        )
        found.append(fairness(parts, labels, wanted))

    assert np.mean(np.divide(found, best)) > 0.97


# --------------------------------------------------------------------------------- outlines

TOUCHING = np.array([[0, 1, 1], [1, 1, 1], [1, 1, 0]])  # the six neighbours on the grid
CELL_STEPS = {1: (0, 1), 2: (-1, 1), 3: (-1, 0), 4: (0, -1), 5: (1, -1), 6: (1, 0)}


def random_blob(seed):
    """Return a connected piece of ink with holes, bays and thin bridges, away from the border."""
    ink = np.pad(_rng(seed).random((9, 11)) < _rng(seed).uniform(0.2, 0.9), 1)
    ink[5, 6] = True
    pieces, n_pieces = ndimage.label(ink, TOUCHING)
    return pieces == 1 + seed % n_pieces


@given(seeds)
def test_outline_encloses_what_scipy_fills(seed):
    """The outline's cells, area and length match those of the ink after SciPy fills its holes."""
    ink = random_blob(seed)
    filled = ndimage.binary_fill_holes(ink, TOUCHING)

    steps = trace_outline(ink)

    walk = np.cumsum([np.argwhere(ink)[0], *(CELL_STEPS[step] for step in steps.tolist())], axis=0)
    rim = filled & ndimage.binary_dilation(~filled, TOUCHING)
    assert set(map(tuple, walk.tolist())) == set(map(tuple, np.argwhere(rim).tolist()))
    up, right = filled[:-1, 1:] & filled[1:, :-1], (filled[:-1, :-1], filled[1:, 1:])
    n_triangles = sum((up & third).sum() for third in right)
    n_edges = up.sum() + sum(
        (a & b).sum() for a, b in ((filled[:, 1:], filled[:, :-1]), (filled[1:], filled[:-1]))
    )
    # Each edge has two sides. Triangles use three sides each; the outline runs along the others.
    assert len(steps) == 2 * n_edges - 3 * n_triangles
    points = outline_points(steps)
    x, y = points.T
    area = (x[:-1] * y[1:] - x[1:] * y[:-1]).sum() / 2  # negative: clockwise
    assert area == pytest.approx(-n_triangles * 0.5**2 * math.sqrt(3) / 4, abs=1e-7)
    np.testing.assert_array_equal(points[-1], points[0])
