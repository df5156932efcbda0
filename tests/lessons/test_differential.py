"""The course's own implementations against independent ones, on random inputs.

Early stopping. The rules of Keras and Lightning are written down below from their documentation:
https://keras.io/api/callbacks/early_stopping and
https://lightning.ai/docs/pytorch/latest/api/lightning.pytorch.callbacks.EarlyStopping.html. On
finite losses, with a patience of at least 1, both stop after the same epoch as ours and call the
same epoch the best. They differ from ours, and from each other, in this:

- Weights: ours, once `restore` is called, and Keras (`restore_best_weights=True`, since 3.0)
  leave the model with those of the best epoch, however training ends; Keras 2 put them back only
  if patience ran out (https://github.com/keras-team/keras/issues/12511). Lightning's callback puts
  nothing back; its ModelCheckpoint keeps files.
- A patience of 0: ours refuses it; with both others it means the same as 1.
- NaN or infinity: ours raises; Lightning stops (`check_finite=True`); Keras goes on, and a NaN in
  the first epoch stays the best for ever.
- A fall by exactly `min_delta` is no improvement with any of the three, though Keras's page speaks
  of "less than".
- Rounding: ours compares with best - min_delta, the others add min_delta to the loss. So the tests
  use losses of whole eighths, where both are exact.

Where Keras or Lightning is installed, its callback is held against the rule; else that is skipped.
"""

import importlib
import itertools
import math
import warnings
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from scipy import ndimage
from scipy.stats import mannwhitneyu
from sklearn.model_selection import StratifiedGroupKFold, StratifiedShuffleSplit
from torch import nn

from seqclf_utils import (
    EarlyStopping,
    LSTMClassifier,
    evaluate,
    load_csv,
    log_likelihood_ratio,
    make_loaders,
    predict_proba,
    score,
    split_indices,
    train_one_epoch,
)
from seqclf_utils.casino import CHEATS, PLAYERS, CasinoData, Player, log_likelihood
from seqclf_utils.data import SplitIndices
from seqclf_utils.datasets import outline_points, trace_outline

# --------------------------------------------------------------------------- early stopping

curves = st.lists(st.integers(0, 10).map(lambda k: k / 8), min_size=1, max_size=30)
deltas = st.sampled_from([0.0, 1 / 8, 1 / 4, 1 / 2])


def keras_rule(losses, patience, min_delta=0.0, *, version=3):
    """Return epochs run, best epoch, and the epoch whose weights the model leaves with."""
    best, best_epoch, wait = None, 0, 0
    for epoch, loss in enumerate(losses, start=1):
        wait += 1
        if best is None or loss + abs(min_delta) < best:
            best, best_epoch, wait = loss, epoch, 0
        elif wait >= patience:
            return epoch, best_epoch, best_epoch
    return epoch, best_epoch, best_epoch if version >= 3 else epoch


def lightning_rule(losses, patience, min_delta=0.0):
    """Return epochs run, best epoch, and the epoch whose weights the model leaves with."""
    best, best_epoch, wait_count = math.inf, 0, 0
    for epoch, loss in enumerate(losses, start=1):
        if not math.isfinite(loss):
            return epoch, best_epoch, epoch
        if loss + abs(min_delta) < best:
            best, best_epoch, wait_count = loss, epoch, 0
        else:
            wait_count += 1
            if wait_count >= patience:
                return epoch, best_epoch, epoch
    return epoch, best_epoch, epoch


def our_rule(losses, patience, min_delta=0.0):
    """Return the same of `EarlyStopping`; the model's only weight is the number of its epoch."""
    stopper, model = EarlyStopping(patience, min_delta=min_delta), nn.Linear(1, 1, bias=False)
    for epoch, loss in enumerate(losses, start=1):
        nn.init.constant_(model.weight, float(epoch))
        if stopper.step(loss, model):
            break
    stopper.restore(model)
    assert stopper.best_loss == losses[stopper.best_epoch - 1]
    return epoch, stopper.best_epoch, model.weight.item()


@given(curves, st.integers(1, 6), deltas)
def test_early_stopping_follows_the_rules_of_keras_and_lightning(losses, patience, min_delta):
    """All three stop after the same epoch and agree on the best one; Keras restores it, too."""
    found = our_rule(losses, patience, min_delta)

    assert found == keras_rule(losses, patience, min_delta)
    assert found[:2] == lightning_rule(losses, patience, min_delta)[:2]


@given(st.lists(st.floats(0, 3), min_size=1, max_size=30), st.integers(1, 6))
def test_early_stopping_agrees_on_any_losses_without_min_delta(losses, patience):
    """Nothing is added or subtracted, so nothing is rounded and every curve will do."""
    assert our_rule(losses, patience) == keras_rule(losses, patience)
    assert our_rule(losses, patience)[:2] == lightning_rule(losses, patience)[:2]


@given(curves, deltas)
def test_patience_of_0_means_1_to_the_others(losses, min_delta):
    """What ours refuses would be no rule of its own."""
    for rule in (keras_rule, lightning_rule):
        assert rule(losses, 0, min_delta) == rule(losses, 1, min_delta)
    with pytest.raises(ValueError, match="patience is 0; it must be at least 1"):
        our_rule(losses, 0, min_delta)


def test_where_the_rules_leave_other_weights():
    """Epochs that run out: ours and Keras 3 go back to epoch 2, Keras 2 and Lightning do not."""
    losses = [0.75, 0.5, 0.625]

    assert our_rule(losses, 3) == keras_rule(losses, 3) == (3, 2, 2)
    assert keras_rule(losses, 3, version=2) == lightning_rule(losses, 3) == (3, 2, 3)


def test_a_fall_by_exactly_min_delta_is_no_improvement():
    """Three rules, one answer: more than min_delta it must be."""
    for rule in (our_rule, keras_rule, lightning_rule):
        assert rule([0.5, 0.375], 1, 1 / 8)[:2] == (2, 1)
        assert rule([0.5, 0.25], 1, 1 / 8)[:2] == (2, 2)


def run_keras(module, losses, patience, min_delta):
    """Lead Keras's callback through a loss curve; the weight is the number of its epoch."""
    kept = {}
    model = SimpleNamespace(stop_training=False, get_weights=lambda: [kept["now"]])
    model.set_weights = lambda weights: kept.update(now=weights[0])
    callback = module.callbacks.EarlyStopping(
        min_delta=min_delta, patience=patience, mode="min", restore_best_weights=True
    )
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, loss in enumerate(losses):  # Keras counts from 0
        kept["now"] = epoch + 1
        callback.on_epoch_end(epoch, {"val_loss": loss})
        if model.stop_training:
            break
    callback.on_train_end()
    return epoch + 1, callback.best_epoch + 1, kept["now"]


def run_lightning(module, losses, patience, min_delta):
    """Lead Lightning's callback through a loss curve; it never touches a weight."""
    callback = module.callbacks.EarlyStopping(
        "val_loss", min_delta=min_delta, patience=patience, check_on_train_epoch_end=True
    )
    trainer = SimpleNamespace(
        state=SimpleNamespace(fn=module.trainer.states.TrainerFn.FITTING),
        strategy=SimpleNamespace(reduce_boolean_decision=lambda decision, **_: decision),
        sanity_checking=False,
        fast_dev_run=False,
        should_stop=False,
    )
    best, best_epoch = callback.best_score, 0
    for epoch, loss in enumerate(losses, start=1):
        trainer.current_epoch, trainer.callback_metrics = epoch, {"val_loss": torch.tensor(loss)}
        callback.on_train_epoch_end(trainer, None)
        if callback.best_score != best:
            best, best_epoch = callback.best_score, epoch
        if trainer.should_stop:
            break
    return epoch, best_epoch, epoch


@pytest.mark.parametrize(
    ("package", "run", "rule"),
    [("keras", run_keras, keras_rule), ("lightning.pytorch", run_lightning, lightning_rule)],
    ids=["keras", "lightning"],
)
def test_the_rules_are_those_of_the_real_callbacks(package, run, rule, monkeypatch):
    """On 2,000 random curves the real callback does what the rule says, a patience of 0 too."""
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    pytest.importorskip(package.split(".")[0])
    rng = np.random.default_rng(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = importlib.import_module(package)
        for _ in range(2_000):
            losses = (rng.integers(0, rng.integers(2, 11), rng.integers(1, 25)) / 8).tolist()
            case = losses, int(rng.integers(0, 6)), float(rng.integers(0, 4) / 8)
            assert run(module, *case) == rule(*case), case


# ------------------------------------------------------------------------ forward algorithm


@st.composite
def players(draw):
    """Draw tables of whole numbers over their sum, zeros among them: exact as fractions."""

    def table(n_columns):
        weights = st.lists(st.integers(0, 4), min_size=n_columns, max_size=n_columns)
        row = draw(weights.filter(any))
        return [Fraction(weight, sum(row)) for weight in row]

    n_dice = draw(st.integers(1, 4))
    dice = range(n_dice)
    return table(n_dice), [table(n_dice) for _ in dice], [table(6) for _ in dice]


def as_floats(player):
    """Return tables of fractions as a player."""
    return Player(*(np.array(table, dtype=float) for table in player))


def as_fractions(player):
    """Return a player's tables as the exact fractions that their floats are."""
    return [np.frompyfunc(Fraction, 1, 1)(table) for table in player]


def exact_forward(sequence, player):
    """Return log P(sequence | player) by the forward algorithm in fractions, rounded once."""
    start, switch, faces = player
    dice, weights = range(len(start)), start
    for step, face in enumerate(sequence):
        if step > 0:
            weights = [sum(weights[i] * switch[i][j] for i in dice) for j in dice]
        weights = [weights[i] * faces[i][face - 1] for i in dice]
    total = Fraction(sum(weights))
    return math.log(total.numerator) - math.log(total.denominator) if total else -math.inf


def over_all_paths(sequence, player):
    """Return P(sequence | player) as a sum over every path of hidden dice, one path a row."""
    start, switch, faces = player
    n_dice, length = len(start), len(sequence)
    paths = np.array(list(itertools.product(range(n_dice), repeat=length)))  # (S^L, L)
    swaps = switch[paths[:, :-1], paths[:, 1:]].prod(axis=1)
    throws = faces[paths, np.array(sequence) - 1].prod(axis=1)
    return (start[paths[:, 0]] * swaps * throws).sum()


@given(players(), st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=6), min_size=1))
def test_forward_algorithm_against_every_hidden_path(player, sequences):
    """Up to four dice, up to six throws, impossible swaps and faces: a batch at once."""
    player = as_floats(player)

    found = log_likelihood([np.array(s) for s in sequences], player)

    expected = [over_all_paths(s, player) for s in sequences]
    np.testing.assert_allclose(np.exp(found), expected, rtol=1e-10, atol=0)


@given(players(), st.lists(st.integers(1, 6), min_size=1, max_size=60))
def test_forward_algorithm_against_exact_fractions(player, sequence):
    """Up to sixty throws lose no digits; what cannot happen has probability 0."""
    rows = [np.array(sequence), np.array(sequence[: len(sequence) // 2 + 1])]

    found = log_likelihood(rows, as_floats(player))

    expected = [exact_forward(row.tolist(), player) for row in rows]
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=60), st.sampled_from(CHEATS))
def test_evidence_and_best_probabilities_against_exact_fractions(sequence, cheat):
    """The ratio, and by Bayes' rule the probability of a cheat, from the tables in fractions."""
    read = sequence[::-1] if cheat == "late" else sequence
    honest, cheating = (exact_forward(read, as_fractions(player)) for player in PLAYERS[cheat])

    found = log_likelihood_ratio([sequence], cheat=cheat)

    np.testing.assert_allclose(found, cheating - honest, rtol=1e-10, atol=1e-11)
    data = CasinoData([np.array(sequence)], np.array([1]), found)
    expected = 1 / (1 + math.exp(honest - cheating))
    np.testing.assert_allclose(data.best_probabilities, expected, rtol=1e-10)


# ----------------------------------------------------------------------------------- scores


@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(1, 19)), min_size=2, max_size=60).filter(
        lambda pairs: len({label for label, _ in pairs}) == 2
    )
)
def test_scores_against_ranks_and_logarithms(pairs):
    """AUC by the rank-sum statistic, ties and all; loss and accuracy by their definitions."""
    labels, twentieths = np.array(pairs).T
    probabilities = twentieths / 20

    found = score(labels, probabilities)

    ranks = mannwhitneyu(twentieths[labels == 1], twentieths[labels == 0]).statistic
    assert found["auc"] == pytest.approx(ranks / (labels.sum() * (1 - labels).sum()), abs=1e-12)
    said = np.where(labels == 1, probabilities, 1 - probabilities)
    assert found["log_loss"] == pytest.approx(-np.log(said).mean(), abs=1e-12)
    right = sum((k > 10) == label for label, k in pairs)  # 10/20 is not above the threshold
    assert found["accuracy"] == pytest.approx(right / len(pairs), abs=1e-12)


@given(st.integers(0, 2**32 - 1), st.integers(1, 9))
def test_loss_of_training_and_score_of_probabilities_agree(seed, batch_size):
    """evaluate, from logits batch by batch, is the log loss of predict_proba's probabilities."""
    rng, model = np.random.default_rng(seed), random_model(seed, pooling="avg")
    sequences, labels = random_sequences(rng, 12), np.arange(12) % 2
    splits = SplitIndices(np.array([0]), np.arange(1, 12), np.array([], dtype=np.int64))
    loaders = make_loaders(sequences, labels, splits, batch_size=batch_size, seed=0)
    loader = [(padded, lengths, y.double()) for padded, lengths, y in loaders[1]]

    loss = evaluate(model, loader, nn.BCEWithLogitsLoss())

    found = score(labels[1:], predict_proba(model, loader))["log_loss"]
    assert found == pytest.approx(loss, abs=1e-10)
    logits = numpy_logits(model, [sequences[i] for i in splits.val_idx], model.pooling)
    assert loss == pytest.approx(numpy_loss(logits, labels[1:]), abs=1e-10)


# --------------------------------------------------------------------------- model, training


def random_model(seed, **options):
    """Return a float64 classifier of random sizes with weights far larger than at the start."""
    generator = torch.Generator().manual_seed(seed)
    embed_dim, hidden_size = torch.randint(1, 7, (2,), generator=generator).tolist()
    model = LSTMClassifier(embed_dim=embed_dim, hidden_size=hidden_size, **options).double()
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn(p.shape, generator=generator, dtype=torch.float64))
    return model


def random_sequences(rng, n_sequences, longest=9):
    """Return sequences of symbols 1..6 of random lengths."""
    return [rng.integers(1, 7, rng.integers(1, longest + 1)) for _ in range(n_sequences)]


def padded_batch(sequences, extra=0, fill=0):
    """Return sequences as one batch, padded with `fill` beyond the longest, and lengths."""
    lengths = [len(s) for s in sequences]
    padded = np.full((len(sequences), max(lengths) + extra), fill)
    for row, sequence in zip(padded, sequences, strict=True):
        row[: len(sequence)] = sequence
    return torch.tensor(padded), torch.tensor(lengths)


def weights_of(model):
    """Return a copy of the weights as NumPy arrays by name."""
    return {name: value.numpy().copy() for name, value in model.state_dict().items()}


def numpy_logits(model, sequences, pooling):
    """Return the logits by the LSTM's equations, gate by gate; weights may be complex."""
    w = weights_of(model) if isinstance(model, nn.Module) else model
    n_state = w["lstm.weight_hh_l0"].shape[1]
    rows = {gate: slice(i * n_state, (i + 1) * n_state) for i, gate in enumerate("ifgo")}
    logits = []
    for sequence in sequences:
        h, c, outputs = np.zeros(n_state), np.zeros(n_state), []
        for x in w["embed.weight"][sequence]:
            z = w["lstm.weight_ih_l0"] @ x + w["lstm.weight_hh_l0"] @ h
            z = z + w["lstm.bias_ih_l0"] + w["lstm.bias_hh_l0"]
            i, f, o = (1 / (1 + np.exp(-z[rows[gate]])) for gate in "ifo")
            c = f * c + i * np.tanh(z[rows["g"]])
            h = o * np.tanh(c)
            outputs.append(h)
        pooled = outputs[-1] if pooling == "last" else sum(outputs) / len(outputs)
        logits.append(w["fc.weight"][0] @ pooled + w["fc.bias"][0])
    return np.array(logits)


def numpy_loss(logits, labels):
    """Return the mean cross-entropy of logits, in nats."""
    return (np.log(1 + np.exp(logits)) - labels * logits).mean()


def numpy_gradients(weights, sequences, labels, pooling):
    """Return the loss's derivative by every single weight, without backpropagation.

    A step of 1e-30 along the imaginary axis needs no difference, so it loses no digits (Squire and
    Trapp, 1998, "Using complex variables to estimate derivatives of real functions").
    """
    gradients = {name: np.zeros_like(value) for name, value in weights.items()}
    for name, value in weights.items():
        for place in np.ndindex(value.shape):
            moved = weights | {name: value.astype(complex)}
            moved[name][place] += 1e-30j
            loss = numpy_loss(numpy_logits(moved, sequences, pooling), labels)
            gradients[name][place] = loss.imag / 1e-30
    return gradients


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(0, 3), st.integers(0, 6))
def test_model_against_an_lstm_gate_by_gate(seed, n_sequences, extra, fill):
    """Random sizes, weights, lengths and padding, both poolings, packed or not: to 1e-10."""
    sequences = random_sequences(np.random.default_rng(seed), n_sequences)

    for pooling, packed in itertools.product(("last", "avg"), (True, False)):
        model = random_model(seed, pooling=pooling, packed=packed)
        found = model(*padded_batch(sequences, extra, fill)).detach().numpy()
        expected = numpy_logits(model, sequences, pooling)
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


def tiny_model(seed, pooling, packed):
    """Return a float64 classifier with 65 random weights, the padding's embedding 0."""
    torch.manual_seed(seed)
    model = LSTMClassifier(embed_dim=2, hidden_size=2, pooling=pooling, packed=packed).double()
    for p in model.parameters():
        nn.init.normal_(p)
    nn.init.zeros_(model.embed.weight[0].detach())
    return model


every_way = pytest.mark.parametrize(
    ("pooling", "packed"), [("last", True), ("last", False), ("avg", True), ("avg", False)]
)


@every_way
@pytest.mark.parametrize("seed", range(3))
def test_gradients_against_derivatives_one_by_one(seed, pooling, packed):
    """Backpropagation through time gives the derivative of the loss by each of the weights."""
    model, rng = tiny_model(seed, pooling, packed), np.random.default_rng(seed)
    sequences, labels = random_sequences(rng, 4, longest=6), rng.integers(0, 2, 4)

    logits = model(*padded_batch(sequences, extra=1))
    nn.BCEWithLogitsLoss()(logits, torch.tensor(labels, dtype=torch.float64)).backward()

    expected = numpy_gradients(weights_of(model), sequences, labels, pooling)
    for name, p in model.named_parameters():
        np.testing.assert_allclose(p.grad.numpy(), expected[name], rtol=1e-10, atol=1e-12)


@every_way
@pytest.mark.parametrize("seed", range(2))
def test_training_against_adam_in_numpy(seed, pooling, packed):
    """Two epochs of three batches: the loss and all weights are those of Kingma and Ba (2015)."""
    model, rng = tiny_model(seed, pooling, packed), np.random.default_rng(seed)
    batches = [(random_sequences(rng, n, longest=5), rng.integers(0, 2, n)) for n in (3, 3, 1)]
    loader = [(*padded_batch(s), torch.tensor(y, dtype=torch.float64)) for s, y in batches]
    weights = weights_of(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    m, v = ({name: np.zeros_like(w) for name, w in weights.items()} for _ in range(2))

    for epoch in range(2):
        found = train_one_epoch(model, loader, nn.BCEWithLogitsLoss(), optimizer)

        total = 0.0
        for t, (sequences, labels) in enumerate(batches, start=1 + 3 * epoch):
            logits = numpy_logits(weights, sequences, pooling)
            total += len(labels) * numpy_loss(logits, labels)
            for name, g in numpy_gradients(weights, sequences, labels, pooling).items():
                m[name] = 0.9 * m[name] + 0.1 * g
                v[name] = 0.999 * v[name] + 0.001 * g**2
                m_hat, v_hat = m[name] / (1 - 0.9**t), v[name] / (1 - 0.999**t)
                weights[name] = weights[name] - 0.05 * m_hat / (np.sqrt(v_hat) + 1e-8)
        assert found == pytest.approx(total / 7, abs=1e-10)
        for name, value in weights_of(model).items():
            np.testing.assert_allclose(value, weights[name], rtol=0, atol=1e-10)


# ----------------------------------------------------------------------------------- splits

shares = st.integers(1, 12).map(lambda k: k / 20)


@given(st.integers(0, 999), st.integers(6, 80), shares, shares)
def test_split_is_scikit_learns_stratified_shuffle_twice(seed, n, val, test):
    """The test side comes off all sequences, the validation side off the rest, by the same seed."""
    labels = (np.random.default_rng(seed).random(n) < 0.4).astype(int)

    def cut(positions, share):
        shuffle = StratifiedShuffleSplit(1, test_size=round(share * len(labels)), random_state=seed)
        ((rest, side),) = shuffle.split(positions, np.take(labels, positions))
        return positions[rest], positions[side]

    try:
        found = split_indices(labels, val_fraction=val, test_fraction=test, seed=seed)
    except ValueError:  # a side would be empty or lack a label
        assume(False)
    rest, test_idx = cut(np.arange(len(labels)), test)
    train_idx, val_idx = cut(rest, val)
    for side, expected in zip(found, (train_idx, val_idx, test_idx), strict=True):
        np.testing.assert_array_equal(side, np.sort(expected))


def random_groups(seed):
    """Return labels and groups of uneven sizes whose shares of label 1 differ."""
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, rng.integers(6, 40), 200)
    return (rng.random(200) < rng.random(40)[groups]).astype(int), groups


@given(st.integers(0, 999), shares, shares)
def test_split_by_group_is_a_union_of_scikit_learns_folds(seed, val, test):
    """The sides are whole folds, as many as come nearest to the fractions that were asked for."""
    labels, groups = random_groups(seed)
    try:
        found = split_indices(
            labels, val_fraction=val, test_fraction=test, groups=groups, seed=seed
        )
    except ValueError:  # a side would be empty or lack a label
        assume(False)
    most = min(20, len(set(groups)), labels.sum(), (1 - labels).sum())
    errors = {}
    for n in range(3, most + 1):
        multiples = np.arange(1, n) / n
        off = [np.abs(multiples - share).min() for share in (val, test)]
        errors.setdefault(round(sum(off), 9), n)
    n_folds = errors[min(errors)]
    dealer = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    folds = [set(fold.tolist()) for _, fold in dealer.split(labels, labels, groups)]
    counts = []
    for side in map(set, (side.tolist() for side in found)):
        inside = [fold for fold in folds if fold & side]
        assert set().union(*inside) == side
        counts.append(len(inside))
    off = abs(counts[1] / n_folds - val) + abs(counts[2] / n_folds - test)
    assert round(off, 9) == min(errors)
    assert sum(len(set(groups[side])) for side in found) == len(set(groups))


def deal_greedily(groups, request, seed):
    """Deal groups in random order, each to the side that still lacks the largest share."""
    sides = [[], [], []]
    for group in np.random.default_rng(seed).permutation(np.unique(groups)):
        lacking = np.array(request) - [len(side) / len(groups) for side in sides]
        sides[lacking.argmax()].extend(np.flatnonzero(groups == group).tolist())
    return sides


def distance(sides, labels, request):
    """Return how far sizes, and how far label shares are from the request, sums over the sides."""
    sizes = np.array([len(side) for side in sides]) / len(labels)
    ones = np.array([labels[side].mean() for side in sides])
    return np.abs(sizes - request).sum(), np.abs(ones - labels.mean()).sum()


def test_split_by_group_is_nearer_than_greedy_dealing():
    """On average over 40 random data sets of 6 to 39 groups label shares are far nearer.

    Greedy dealing looks at sizes alone, and gets a little nearer to those; the sum decides.
    """
    request, found, greedy = (0.6, 0.2, 0.2), [], []
    for seed in range(40):
        labels, groups = random_groups(seed)
        sides = split_indices(labels, groups=groups, seed=seed)
        found.append(distance(sides, labels, request))
        greedy.append(distance(deal_greedily(groups, request, seed), labels, request))
    (sizes, ones), (greedy_sizes, greedy_ones) = np.mean(found, axis=0), np.mean(greedy, axis=0)
    assert ones < 0.75 * greedy_ones
    assert sizes + ones < greedy_sizes + greedy_ones


# --------------------------------------------------------------------------------- outlines

TOUCHING = np.array([[0, 1, 1], [1, 1, 1], [1, 1, 0]])  # the six neighbours on the grid
CELL_STEPS = {1: (0, 1), 2: (-1, 1), 3: (-1, 0), 4: (0, -1), 5: (1, -1), 6: (1, 0)}


def random_blob(seed):
    """Return one connected piece of ink, with holes, bays and thin bridges, off the border."""
    rng = np.random.default_rng(seed)
    ink = np.pad(rng.random((9, 11)) < rng.uniform(0.2, 0.9), 1)
    ink[5, 6] = True
    pieces, n_pieces = ndimage.label(ink, TOUCHING)
    return pieces == rng.integers(1, n_pieces + 1)


def walked(ink):
    """Return every cell that the outline's walk stands on, the start first and last."""
    steps = [CELL_STEPS[symbol] for symbol in trace_outline(ink).tolist()]
    return [tuple(map(int, cell)) for cell in np.cumsum([np.argwhere(ink)[0], *steps], axis=0)]


def outer_contour(ink):
    """Return the contour at 1/2 between ink (1) and paper (0), by matplotlib's `tricontour`.

    It is given as points (column, row), closed, and crosses each edge of the grid halfway.
    """
    row, column = np.indices(ink.shape)
    number = np.arange(ink.size).reshape(ink.shape)
    here, right, below = number[:-1, :-1], number[:-1, 1:], number[1:, :-1]
    triangles = [(here, right, below), (right, number[1:, 1:], below)]
    triangles = np.concatenate([np.stack(three, axis=-1).reshape(-1, 3) for three in triangles])
    drawn = (
        Figure()
        .subplots()
        .tricontour(column.ravel(), row.ravel(), triangles, ink.ravel().astype(float), levels=[0.5])
    )
    loops = [np.round(2 * points) / 2 for points in drawn.allsegs[0]]
    return min(loops, key=lambda points: points[:, 1].min())  # holes do not reach as far up


def contour_cells(ink):
    """Return the ink cells along the outer contour, clockwise from above the topmost one."""
    points = outer_contour(ink)[:-1]
    top, left = np.argwhere(ink)[0]
    x, y = points.T
    if (x * np.roll(y, -1) - np.roll(x, -1) * y).sum() < 0:  # rows count down: not clockwise
        points = points[::-1]
    (first,) = np.flatnonzero((points == [left, top - 0.5]).all(axis=1))
    return [ink_end(ink, x, y) for x, y in np.roll(points, -first, axis=0)]


def ink_end(ink, x, y):
    """Return the ink cell at one end of the edge whose middle is (x, y)."""
    ends = {(math.floor(y), math.ceil(x)), (math.ceil(y), math.floor(x))}
    ((row, column),) = (end for end in ends if ink[end])
    return row, column


@given(st.integers(0, 2**32 - 1))
def test_outline_follows_the_contour_of_matplotlib(seed):
    """Cell by cell, in order, bridges walked twice: as the contour runs around the ink."""
    ink = random_blob(seed)
    along = [*contour_cells(ink), tuple(map(int, np.argwhere(ink)[0]))]

    assert walked(ink) == [cell for cell, _ in itertools.groupby(along)]


@given(st.integers(0, 2**32 - 1))
def test_outline_encloses_what_scipy_fills(seed):
    """Rim, area and length follow from the filled ink by counting its cells, edges, triangles."""
    ink = random_blob(seed)
    filled = ndimage.binary_fill_holes(ink, TOUCHING)

    cells, points = walked(ink), outline_points(trace_outline(ink))

    rim = filled & ndimage.binary_dilation(~filled, TOUCHING)
    assert set(cells) == {tuple(map(int, cell)) for cell in np.argwhere(rim)}
    n_triangles = sum(
        (filled[:-1, 1:] & filled[1:, :-1] & third).sum()
        for third in (filled[:-1, :-1], filled[1:, 1:])
    )
    n_edges = sum(
        (a & b).sum()
        for a, b in (
            (filled[:, 1:], filled[:, :-1]),
            (filled[1:], filled[:-1]),
            (filled[:-1, 1:], filled[1:, :-1]),
        )
    )
    x, y = points.T
    area = (x[:-1] * y[1:] - x[1:] * y[:-1]).sum() / 2
    assert area == pytest.approx(-n_triangles * 0.5**2 * math.sqrt(3) / 4, abs=1e-7)
    # Each triangle has three edges, each edge two sides: those left over face the outside.
    assert len(cells) - 1 == 2 * n_edges - 3 * n_triangles
    np.testing.assert_array_equal(points[-1], points[0])


# -------------------------------------------------------------------------------------- CSV

symbol_names = st.one_of(
    st.lists(st.integers(-20, 120).map(str), min_size=1, max_size=5),
    st.lists(st.text("abcÄé日_.;#'\",-=", min_size=1, max_size=3), min_size=1, max_size=5),
)
spaces = st.sampled_from(["", "", " ", "   "])
group_names = st.text("AnnaÖ7 ,\"'", min_size=1).filter(str.strip)
table_rows = st.lists(
    st.tuples(symbol_names, st.integers(0, 1), group_names), min_size=1, max_size=8
)


def sloppy_line(draw, cells):
    """Write one row as people do: spaces around fields, quotes where needed or wanted."""
    fields = []
    for cell in cells:
        needs_quotes = any(mark in cell for mark in ',"') or draw(st.booleans())
        cell = '"' + cell.replace('"', '""') + '"' if needs_quotes else cell
        fields.append(draw(spaces) + cell + ("" if needs_quotes else draw(spaces)))
    return ",".join(fields)


@given(st.data())
def test_csv_against_pandas(tmp_path_factory, data):
    """Sequences, labels, groups and numbers are those that pandas reads from the same file."""
    columns = data.draw(st.permutations(["sequence", "label", "group"]))
    lines = [sloppy_line(data.draw, columns)]
    for names, label, group in data.draw(table_rows):
        gap = data.draw(st.sampled_from([" ", "  ", "\t"]))
        row = {"sequence": gap.join(names), "label": str(label), "group": group}
        lines.append(sloppy_line(data.draw, [row[name] for name in columns]))
        lines.extend(data.draw(st.sampled_from([[], [], [""], [",,"], [" , ,"]])))
    end = data.draw(st.sampled_from(["\n", "\r\n"]))
    encoding = data.draw(st.sampled_from(["utf-8", "utf-8-sig"]))
    path = tmp_path_factory.mktemp("csv") / "any.csv"
    path.write_bytes(end.join([*lines, ""]).encode(encoding))

    table = load_csv(path)

    frame = pd.read_csv(
        path, dtype=str, keep_default_na=False, skipinitialspace=True, encoding="utf-8-sig"
    )
    frame = frame.rename(columns=str.strip).apply(lambda column: column.str.strip())
    frame = frame[(frame != "").any(axis=1)]
    names = frame["sequence"].str.split().explode()
    assert [table.decode(s) for s in table.sequences] == frame["sequence"].str.split().tolist()
    assert table.labels.tolist() == frame["label"].astype(int).tolist()
    assert table.groups.tolist() == frame["group"].tolist()
    numeric = names.str.fullmatch("-?[0-9]+").all()
    codes, _ = pd.factorize(names.astype(int) if numeric else names, sort=True)
    np.testing.assert_array_equal(np.concatenate(table.sequences), codes + 1)
