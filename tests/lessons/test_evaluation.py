"""Probabilities in the loader's order, and three scores by hand."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from torch import nn

from seqclf_utils import (
    LSTMClassifier,
    make_casino,
    make_loaders,
    predict_proba,
    score,
    split_indices,
)

CASINO = make_casino(100, max_length=12, seed=0)
SPLITS = split_indices(CASINO.labels, seed=0)


class Recorder(nn.Module):
    """A model whose logit is the first symbol and that remembers how it was called."""

    def __init__(self, error=None):
        super().__init__()
        self.error, self.calls = error, []

    def forward(self, padded, lengths):
        """Return the first symbol of each sequence as its logit."""
        self.calls.append((self.training, torch.is_grad_enabled()))
        if self.error:
            raise self.error
        return padded[:, 0].to(torch.get_default_dtype())


def fresh_loader():
    """Return the test loader of the casino."""
    return make_loaders(CASINO.sequences, CASINO.labels, SPLITS, batch_size=7, seed=0)[2]


def test_probabilities_come_in_the_loaders_order():
    """Probability i belongs to sequence i of the test split."""
    found = predict_proba(Recorder(), fresh_loader())

    expected = [1 / (1 + math.exp(-CASINO.sequences[i][0])) for i in SPLITS.test_idx]
    assert isinstance(found, np.ndarray)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("pooling", ["last", "avg"])
def test_probabilities_are_the_sigmoid_of_the_models_logits(pooling):
    """The sigmoid is applied exactly once, dropout is off, and no batch is lost."""
    torch.manual_seed(0)
    model = LSTMClassifier(pooling=pooling)
    model.fc = nn.Sequential(nn.Dropout(0.5), model.fc)

    found = predict_proba(model, fresh_loader())

    model.eval()
    expected = []
    for i in SPLITS.test_idx:
        sequence = torch.from_numpy(CASINO.sequences[i])
        logit = model(sequence[None], torch.tensor([len(sequence)])).item()
        expected.append(1 / (1 + math.exp(-logit)))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert found.shape == (20,)
    assert found.dtype.kind == "f"


@pytest.mark.parametrize("mode", [True, False])
def test_prediction_runs_in_evaluation_mode_without_gradient(mode):
    """Inside: evaluation mode, gradients off. Afterwards: the mode and gradients of before."""
    model = Recorder().train(mode)

    predict_proba(model, fresh_loader())

    assert model.calls == [(False, False)] * 3
    assert model.training is mode
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("mode", [True, False])
def test_mode_is_put_back_after_an_error(mode):
    """An error on the way does not leave the model in evaluation mode."""
    model = Recorder(RuntimeError("broken")).train(mode)

    with pytest.raises(RuntimeError, match="broken"):
        predict_proba(model, fresh_loader())

    assert model.training is mode


def test_prediction_needs_a_batch():
    """An empty loader has nothing to predict."""
    with pytest.raises(ValueError, match="loader is empty; it must give at least 1 batch"):
        predict_proba(Recorder(), [])


def test_scores_by_hand():
    """Four sequences: half right, three of four pairs in order, mean of four logarithms."""
    found = score([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9])

    assert list(found) == ["accuracy", "auc", "log_loss"]
    assert found["accuracy"] == 0.5
    assert found["auc"] == 0.75
    expected = -(math.log(0.9) + math.log(0.4) + math.log(0.4) + math.log(0.9)) / 4
    assert found["log_loss"] == pytest.approx(expected)
    assert {type(value) for value in found.values()} == {float}


@given(st.data())
def test_scores_agree_with_their_definitions(data):
    """Accuracy, AUC and loss agree with plain sums over sequences and pairs, and scikit-learn."""
    n = data.draw(st.integers(2, 20))
    labels = [0, 1, *data.draw(st.lists(st.integers(0, 1), min_size=n - 2, max_size=n - 2))]
    hundredths = data.draw(st.lists(st.integers(1, 99), min_size=n, max_size=n))
    probabilities = [k / 100 for k in hundredths]

    found = score(labels, probabilities)

    pairs = [
        (zero, one)
        for zero, y in zip(hundredths, labels, strict=True)
        for one, z in zip(hundredths, labels, strict=True)
        if y == 0 and z == 1
    ]
    auc = sum((one > zero) + (one == zero) / 2 for zero, one in pairs) / len(pairs)
    right = [(k > 50) == (y == 1) for k, y in zip(hundredths, labels, strict=True)]
    assert found["accuracy"] == pytest.approx(sum(right) / n)
    assert found["auc"] == pytest.approx(auc)
    assert found["log_loss"] == pytest.approx(log_loss(labels, probabilities))
    assert found["auc"] == pytest.approx(roc_auc_score(labels, probabilities))
    assert found["accuracy"] == accuracy_score(labels, np.array(probabilities) > 0.5)


def test_scores_take_what_the_course_hands_over():
    """float32 probabilities of a model and 0.0/1.0 labels of a tensor are fine."""
    probabilities = np.array([0.2, 0.7], dtype=np.float32)

    found = score(torch.tensor([0.0, 1.0]), probabilities)

    assert found["accuracy"] == found["auc"] == 1.0


def test_certainty_gives_a_finite_loss():
    """Probabilities of exactly 0 and 1 are allowed, even where they are wrong."""
    assert score([0, 1], [0.0, 1.0])["log_loss"] == pytest.approx(0.0, abs=1e-6)
    assert math.isfinite(score([0, 1], [1.0, 0.0])["log_loss"])


def test_best_possible_scores_of_the_casino():
    """The exact probabilities are a valid input and beat guessing."""
    found = score(CASINO.labels, CASINO.best_probabilities)

    assert found["log_loss"] < math.log(2)
    assert found["auc"] > 0.5


@pytest.mark.parametrize(
    ("labels", "probabilities", "message"),
    [
        ([0, 1], [0.5, 1.2], r"probabilities\[1\] is 1.2; it must be 0..1"),
        ([0, 1], [-0.1, 0.5], r"probabilities\[0\] is -0.1; it must be 0..1"),
        ([0, 1], [0.5, math.nan], r"probabilities\[1\] is nan; it must be 0..1"),
        ([0, 1], [[0.5], [0.5]], r"probabilities has shape \(2, 1\); it must be \(2,\)"),
        ([0, 1, 1], [0.5, 0.5], r"probabilities has shape \(2,\); it must be \(3,\)"),
        ([1, 1], [0.5, 0.5], "labels must hold both 0 and 1: the AUC compares"),
        ([0, 0], [0.5, 0.5], "labels must hold both 0 and 1"),
        ([0, 2], [0.5, 0.5], r"labels\[1\] is 2; every label must be 0 or 1"),
    ],
)
def test_bad_scores_are_named(labels, probabilities, message):
    """The message says which entry is wrong, its value and what is allowed."""
    with pytest.raises(ValueError, match=message):
        score(labels, probabilities)


def test_a_column_of_logits_is_refused():
    """Logits of shape (N, 1) would give probabilities of shape (n, 1)."""

    class Column(Recorder):
        def forward(self, padded, lengths):
            return super().forward(padded, lengths)[:, None]

    with pytest.raises(ValueError, match=r"the model returned shape \(7, 1\) for 7 sequences"):
        predict_proba(Column(), fresh_loader())


@pytest.mark.parametrize(
    ("model", "loader", "message"),
    [
        (LSTMClassifier, [], "model is the class LSTMClassifier; it must be an nn.Module"),
        (Recorder(), None, "loader is NoneType; it must yield batches"),
        (Recorder(), np.array(1), "loader is ndarray; it must yield batches"),
        (Recorder(), [5], "loader yields a int; it must yield three tensors, padded, lengths and"),
    ],
    ids=["class", "nothing", "number", "no batches"],
)
def test_what_cannot_be_predicted_is_named(model, loader, message):
    """A class instead of a model, a loader that is none."""
    with pytest.raises(TypeError, match=message):
        predict_proba(model, loader)


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (torch.float64, np.float64),
        (torch.float32, np.float32),
        (torch.float16, np.float16),
        (torch.bfloat16, np.float32),
    ],
)
def test_probabilities_keep_the_models_precision(dtype, expected):
    """Nothing is rounded; NumPy has no bfloat16, so that comes back as float32."""

    class Precise(Recorder):
        def forward(self, padded, lengths):
            return super().forward(padded, lengths).to(dtype)

    assert predict_proba(Precise(), fresh_loader()).dtype == expected


@pytest.mark.parametrize("probabilities", [["0.2", "0.7"], [0.2j, 0.7], [[0.2], [0.7, 1]], None])
def test_probabilities_are_numbers(probabilities):
    """Text is not read as numbers, nor is half of a complex one."""
    with pytest.raises(ValueError, match=r"probabilities (holds|is ragged|has shape)"):
        score([0, 1], probabilities)
