"""The classifier: pooling, padding and packing."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.export import Dim, export

from seqclf_utils.model import LSTMClassifier, masked_mean

SEQUENCES = [[1, 2], [3, 4, 5, 1, 6], [6], [2, 2, 3, 1]]  # not sorted by length
every_way = pytest.mark.parametrize(
    ("pooling", "packed"), [("last", True), ("last", False), ("avg", True), ("avg", False)]
)


def build(pooling="last", packed=True):
    """Return a small float64 model, with the same random weights on every call."""
    torch.manual_seed(0)
    model = LSTMClassifier(embed_dim=4, hidden_size=5, pooling=pooling, packed=packed)
    return model.double().eval()


def batch(sequences, extra=0, fill=0):
    """Return sequences padded with `fill` to `extra` steps past the longest, and their lengths."""
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    padded = torch.full((len(sequences), int(lengths.max()) + extra), fill)
    for row, sequence in zip(padded, sequences, strict=True):
        row[: len(sequence)] = torch.tensor(sequence)
    return padded, lengths


# ------------------------------------------------------------------------------ masked_mean


@pytest.mark.parametrize("extra", [0, 3])
def test_masked_mean_is_the_mean_of_the_real_steps(extra):
    """Each row is the mean of the first `length` steps of its sequence."""
    lengths = [3, 1, 8, 2, 5, 8]
    outputs = torch.from_numpy(np.random.default_rng(0).normal(size=(6, 8 + extra, 3)))

    found = masked_mean(outputs, torch.tensor(lengths))

    expected = torch.stack([row[:n].mean(dim=0) for row, n in zip(outputs, lengths, strict=True)])
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("length", [100, 300, 40_000, 70_000])
def test_masked_mean_of_long_sequences(length):
    """The sum is divided by the true length, even above 60, 255, 32,767 and 65,535 steps."""
    outputs = torch.arange(70_001.0, dtype=torch.float64)[None, :, None]

    assert masked_mean(outputs, torch.tensor([length])).item() == (length - 1) / 2


@pytest.mark.parametrize("junk", [float("nan"), float("inf"), 1e30])
def test_masked_mean_never_reads_the_padding(junk):
    """NaN or infinity in the padding affects neither the result, the gradient nor the input."""
    outputs = torch.tensor([[[2.0], [4.0], [junk]], [[1.0], [junk], [junk]]], requires_grad=True)
    before = outputs.detach().clone()

    pooled = masked_mean(outputs, torch.tensor([2, 1]))
    pooled.sum().backward()

    assert pooled.tolist() == [[3.0], [1.0]]
    assert outputs.grad.squeeze(-1).tolist() == [[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]]
    torch.testing.assert_close(outputs.detach(), before, equal_nan=True)


def test_masked_mean_stays_on_the_device_of_the_outputs():
    """Tensors are created on the input's device, not on the default device (here "meta")."""
    outputs, lengths = torch.tensor([[[2.0], [4.0], [9.0]]]), torch.tensor([2])

    with torch.device("meta"):
        pooled = masked_mean(outputs, lengths)

    assert pooled.tolist() == [[3.0]]


# ------------------------------------------------------------------------------ the network


@pytest.mark.parametrize(("v", "e", "h"), [(7, 16, 32), (4, 3, 5), (70_000, 1, 1)])
def test_sizes(v, e, h):
    """The parameters are those of an embedding, a one-layer LSTM and a linear layer."""
    model = LSTMClassifier() if v == 7 else LSTMClassifier(v, e, h)

    shapes = {name: tuple(weight.shape) for name, weight in model.named_parameters()}
    assert shapes == {
        "embed.weight": (v, e),
        "lstm.weight_ih_l0": (4 * h, e),
        "lstm.weight_hh_l0": (4 * h, h),
        "lstm.bias_ih_l0": (4 * h,),
        "lstm.bias_hh_l0": (4 * h,),
        "fc.weight": (1, h),
        "fc.bias": (1,),
    }
    assert (model.pooling, model.packed) == ("last", True)
    assert model(torch.tensor([[v - 1]]), torch.tensor([1])).isfinite().all()


@every_way
@pytest.mark.parametrize(("extra", "fill"), [(0, 0), (1, 0), (4, 6)])
def test_logits_do_not_depend_on_the_batch(pooling, packed, extra, fill):
    """A sequence gets the same logit alone and in any batch, whatever the order and padding."""
    model = build(pooling, packed)

    for sequences in (SEQUENCES, SEQUENCES[::-1], SEQUENCES[:2]):
        alone = torch.cat([model(*batch([sequence])) for sequence in sequences])
        torch.testing.assert_close(model(*batch(sequences, extra, fill)), alone)


@pytest.mark.parametrize("pooling", ["last", "avg"])
def test_packed_and_unpacked_agree(pooling):
    """Packing changes neither the logits nor any gradient, up to rounding."""
    results, inputs = [], []
    for packed in (True, False):
        model = build(pooling, packed)
        model.lstm.register_forward_pre_hook(lambda _, args: inputs.append(type(args[0])))
        logits = model(*batch(SEQUENCES, extra=2))
        (logits * torch.arange(1, 5)).sum().backward()
        results.append([logits, *(weight.grad for weight in model.parameters())])

    assert inputs == [nn.utils.rnn.PackedSequence, torch.Tensor]
    for ours, others in zip(*results, strict=True):
        assert (ours != 0).any()
        torch.testing.assert_close(ours, others, rtol=1e-10, atol=1e-12)


@every_way
def test_padding_is_never_learned(pooling, packed):
    """The embedding of padding stays zero and gets no gradient."""
    model = build(pooling, packed)

    model(*batch(SEQUENCES)).sum().backward()

    assert (model.embed.weight[0] == 0).all()
    assert (model.embed.weight.grad[0] == 0).all()


def test_model_has_the_default_dtype(settings_kept):
    """A model built with float64 as the default dtype computes in float64."""
    torch.set_default_dtype(torch.float64)

    assert LSTMClassifier(pooling="avg")(*batch(SEQUENCES)).dtype == torch.float64


@every_way
def test_nan_is_passed_on(pooling, packed):
    """A NaN weight makes every logit NaN, so it cannot go unnoticed."""
    model = build(pooling, packed)
    nn.init.constant_(model.lstm.weight_hh_l0, float("nan"))

    assert model(*batch([[1, 2], [3, 4, 5]])).isnan().all()


def test_long_packed_training_warns_once():
    """Training on very long packed sequences warns once per process; evaluation never warns."""
    padded, lengths = torch.ones(1, 1_001, dtype=torch.int64), torch.tensor([1_001])
    packed, unpacked = LSTMClassifier(2, 1, 1), LSTMClassifier(2, 1, 1, packed=False)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        packed.eval()(padded, lengths)
        unpacked(padded, lengths)
        packed.train()(padded[:, :999], lengths - 2)
        assert not caught
        packed(padded[:, :1_000], lengths - 1)
        packed(padded, lengths)

    (warning,) = caught
    assert "LSTMClassifier(packed=False) gives the same logits" in str(warning.message)


@pytest.mark.parametrize("pooling", ["last", "avg"])
@pytest.mark.filterwarnings("ignore:The tensor attributes self.lstm._flat_weights")
def test_unpacked_model_can_be_exported(pooling):
    """The exported graph gives the model's logits for any number of sequences."""
    model, (padded, lengths) = build(pooling, packed=False), batch([[1, 2], [3]])
    shapes = {"padded": {0: Dim("n")}, "lengths": {0: Dim("n")}}

    graph = export(model, (padded, lengths), dynamic_shapes=shapes, strict=False).module()

    others = batch([[5], [1, 2], [3, 4], [6], [2, 2]])
    torch.testing.assert_close(graph(*others), model(*others))
