"""Predicted probabilities and the three scores."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    DistributedSampler,
    RandomSampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

from seqclf_utils import DeviceLoader, FlatDataset, LengthBatchSampler, SequenceDataset, collate_fn
from seqclf_utils.evaluation import predict_proba, score

SEQUENCES = [[1 + i % 6] * (1 + i % 3) for i in range(20)]
DATA = SequenceDataset(SEQUENCES, [0, 1] * 10)
FLAT = FlatDataset(np.array([1, 6, 3]), np.array([0, 2, 3]), [1, 0])
LOADER = DataLoader(DATA, batch_size=7, collate_fn=collate_fn)


class FirstSymbol(nn.Module):
    """A model that returns the first symbol as its logit and records the mode of each call."""

    def __init__(self, error=None, dtype=torch.float32):
        super().__init__()
        self.error, self.dtype, self.modes = error, dtype, []
        self.dropout = nn.Dropout(0.5)

    def forward(self, padded, lengths):
        """Return the first symbol of each sequence as its logit."""
        self.modes.append((self.training, torch.is_grad_enabled()))
        if self.error:
            raise self.error
        return self.dropout(padded[:, 0].to(self.dtype))


@pytest.mark.parametrize(
    "wrap",
    [lambda loader: loader, lambda loader: DeviceLoader(loader, "cpu"), list, iter],
    ids=["DataLoader", "DeviceLoader", "list", "iterator"],
)
def test_probabilities_are_in_the_order_of_the_data(wrap):
    """Probability i is the sigmoid of the logit of sequence i, without dropout."""
    found = predict_proba(FirstSymbol(dtype=torch.float64), wrap(LOADER))

    expected = [1 / (1 + math.exp(-sequence[0])) for sequence in SEQUENCES]
    np.testing.assert_allclose(found, expected, rtol=1e-12, strict=True)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_probabilities_are_float64(dtype):
    """Probabilities are float64 whatever the dtype of the model."""
    assert predict_proba(FirstSymbol(dtype=dtype), LOADER).dtype == np.float64


@pytest.mark.parametrize("mode", [True, False])
@pytest.mark.parametrize("error", [None, RuntimeError("broken"), ValueError("broken")])
def test_prediction_leaves_the_mode_as_it_was(mode, error):
    """Prediction uses evaluation mode without gradients, then restores the mode, even on error."""
    model = FirstSymbol(error).train(mode)

    if error is None:
        predict_proba(model, LOADER)
    else:
        with pytest.raises(type(error), match="broken"):
            predict_proba(model, LOADER)

    assert set(model.modes) == {(False, False)}
    assert model.training is mode
    assert torch.is_grad_enabled()


SHUFFLED = {
    "shuffle": DataLoader(DATA, shuffle=True, collate_fn=collate_fn),
    "subset": DataLoader(DATA, sampler=SubsetRandomSampler([0, 1]), collate_fn=collate_fn),
    "weighted": DataLoader(DATA, sampler=WeightedRandomSampler([1.0], 1), collate_fn=collate_fn),
    "distributed": DataLoader(DATA, sampler=DistributedSampler(DATA, 1, 0), collate_fn=collate_fn),
    "lengths": DataLoader(
        DATA, batch_sampler=LengthBatchSampler([1] * 20, 4), collate_fn=collate_fn
    ),
    "whole batches": DataLoader(FLAT, sampler=LengthBatchSampler([2, 1], 2), batch_size=None),
    "nested": DataLoader(
        FLAT, sampler=BatchSampler(RandomSampler(FLAT), 2, False), batch_size=None
    ),
}


@pytest.mark.parametrize("name", SHUFFLED)
@pytest.mark.parametrize(
    "wrap", [lambda loader: loader, lambda loader: DeviceLoader(loader, "cpu")]
)
def test_a_loader_that_shuffles_is_refused(name, wrap):
    """A shuffling loader is rejected before the model is called."""
    model = FirstSymbol()

    with pytest.raises(ValueError, match=r"^loader shuffles, .*; use DataLoader\(loader\.dataset"):
        predict_proba(model, wrap(SHUFFLED[name]))
    assert model.modes == []


def test_a_loader_in_order_is_accepted():
    """A loader that reads a flat dataset sequentially is accepted."""
    sampler = BatchSampler(SequentialSampler(FLAT), 2, False)

    found = predict_proba(FirstSymbol(), DataLoader(FLAT, sampler=sampler, batch_size=None))

    assert found == pytest.approx([1 / (1 + math.exp(-1)), 1 / (1 + math.exp(-3))])


def test_scores_computed_by_hand():
    """Scores equal those computed by hand: 2 of 4 predictions right and 3 of 4 pairs in order."""
    found = score([0, 0, 1, 1], np.array([0.1, 0.6, 0.4, 0.9], dtype=np.float32))

    log_loss = -(math.log(0.9) + math.log(0.4) + math.log(0.4) + math.log(0.9)) / 4
    assert found == pytest.approx({"accuracy": 0.5, "auc": 0.75, "log_loss": log_loss})
    assert {type(value) for value in found.values()} == {float}


def test_certainty_gives_a_finite_loss():
    """The log loss stays finite for probabilities of exactly 0 and 1, even when they are wrong."""
    assert score([0, 1], [0.0, 1.0])["log_loss"] == pytest.approx(0.0, abs=1e-6)
    assert 10 < score([0, 1], [1.0, 0.0])["log_loss"] < math.inf
