"""The classifier: pooling, padding, packing and every wrong input."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils.rnn import pad_sequence

from seqclf_utils import LSTMClassifier, masked_mean

SEQUENCES = [[1, 2], [3, 4, 5, 1, 6], [6], [2, 2, 3, 1]]  # unsorted on purpose
ways = pytest.mark.parametrize(
    ("pooling", "packed"), [("last", True), ("last", False), ("avg", True), ("avg", False)]
)
ragged = st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=8), min_size=1, max_size=6)


def build(pooling="last", packed=True, dtype=torch.float64):
    """Return a small model with the same random weights at every call."""
    torch.manual_seed(0)
    model = LSTMClassifier(embed_dim=4, hidden_size=5, pooling=pooling, packed=packed)
    return model.to(dtype).eval()


def batch(sequences, extra=0, fill=0):
    """Return sequences padded with `fill` to the longest plus `extra` steps, and their lengths."""
    lengths = torch.tensor([len(s) for s in sequences])
    padded = torch.full((len(sequences), int(lengths.max()) + extra), fill)
    for row, sequence in zip(padded, sequences, strict=True):
        row[: len(sequence)] = torch.tensor(sequence)
    return padded, lengths


def alone(model, sequences):
    """Return the logits of sequences scored one at a time, without any padding."""
    return torch.cat([model(*batch([s])) for s in sequences])


def lstm_by_hand(model, sequence):
    """Return the LSTM's output at every step, (L, H), computed gate by gate in NumPy."""

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    weights = {name: value.double().numpy() for name, value in model.state_dict().items()}
    hidden = cell = np.zeros(weights["lstm.weight_hh_l0"].shape[1])
    outputs = []
    for symbol in sequence:
        gates = (
            weights["lstm.weight_ih_l0"] @ weights["embed.weight"][symbol]
            + weights["lstm.bias_ih_l0"]
            + weights["lstm.weight_hh_l0"] @ hidden
            + weights["lstm.bias_hh_l0"]
        )
        enter, forget, candidate, leave = np.split(gates, 4)
        cell = sigmoid(forget) * cell + sigmoid(enter) * np.tanh(candidate)
        hidden = sigmoid(leave) * np.tanh(cell)
        outputs.append(hidden)
    return np.array(outputs)


# ------------------------------------------------------------------------------ masked_mean


@given(st.data())
def test_masked_mean_is_the_mean_of_the_real_steps(data):
    """Row by row the result is the plain mean of the first `length` steps."""
    n, n_steps, size = (data.draw(st.integers(1, 5)) for _ in range(3))
    lengths = data.draw(st.lists(st.integers(1, n_steps), min_size=n, max_size=n))
    outputs = torch.randn(
        n, n_steps, size, generator=torch.Generator().manual_seed(n_steps), dtype=torch.float64
    )

    found = masked_mean(outputs, torch.tensor(lengths))

    expected = torch.stack([row[:k].mean(dim=0) for row, k in zip(outputs, lengths, strict=True)])
    torch.testing.assert_close(found, expected)
    assert found.dtype == torch.float64


@pytest.mark.parametrize("junk", [float("nan"), float("inf"), -float("inf"), 1e30])
def test_masked_mean_never_sees_the_padding(junk):
    """Whatever stands in the padding, even NaN, neither result nor gradient notices."""
    outputs = torch.tensor([[[2.0], [4.0], [junk]], [[1.0], [junk], [junk]]], requires_grad=True)

    pooled = masked_mean(outputs, torch.tensor([2, 1]))
    pooled.sum().backward()

    assert pooled.tolist() == [[3.0], [1.0]]
    assert outputs.grad.squeeze(-1).tolist() == [[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]]


def test_masked_mean_leaves_its_input_alone():
    """The outputs are not overwritten with zeros where they are padding."""
    outputs = torch.ones(2, 3, 1)

    masked_mean(outputs, torch.tensor([1, 2]))

    assert (outputs == 1).all()


def test_masked_mean_works_where_the_outputs_are():
    """Not where PyTorch would put new tensors ("meta" stands in for a GPU)."""
    outputs, lengths = torch.tensor([[[2.0], [4.0], [9.0]]]), torch.tensor([2])

    with torch.device("meta"):
        pooled = masked_mean(outputs, lengths)

    assert pooled.tolist() == [[3.0]]


@pytest.mark.parametrize(
    ("lengths", "error", "message"),
    [
        (torch.tensor([0, 3]), ValueError, r"lengths\[0\] is 0; every length must be 1..3"),
        (torch.tensor([3, 4]), ValueError, r"lengths\[1\] is 4; every length must be 1..3"),
        (torch.tensor([3]), ValueError, r"lengths has shape \(1,\); it must be \(2,\)"),
        (torch.tensor([1.0, 2.0]), TypeError, "lengths is torch.float32; .* int64 tensor"),
        ([1, 2], TypeError, "lengths is list; it must be an int64 tensor"),
    ],
)
def test_masked_mean_names_wrong_lengths(lengths, error, message):
    """The message says which length is wrong, its value and what is allowed."""
    with pytest.raises(error, match=message):
        masked_mean(torch.zeros(2, 3, 1), lengths)


# ------------------------------------------------------------------------------ the network


def test_default_sizes():
    """Without other wishes: 7 symbols, embedding of 16, state of 32, last step, packed."""
    model = LSTMClassifier()

    assert model.embed.weight.shape == (7, 16)
    assert (model.lstm.input_size, model.lstm.hidden_size) == (16, 32)
    assert model.fc.weight.shape == (1, 32)
    assert (model.pooling, model.packed) == ("last", True)
    assert not model.lstm.bidirectional
    assert model.lstm.num_layers == 1


@pytest.mark.parametrize(("vocab_size", "embed_dim", "hidden_size"), [(7, 16, 32), (4, 3, 5)])
def test_number_of_parameters(vocab_size, embed_dim, hidden_size):
    """Embedding table, four gates with two biases each, and one line to the logit."""
    model = LSTMClassifier(vocab_size, embed_dim, hidden_size)

    embedding = vocab_size * embed_dim
    gates = 4 * hidden_size * (embed_dim + hidden_size + 2)
    line = hidden_size + 1
    assert sum(p.numel() for p in model.parameters()) == embedding + gates + line


def test_state_dict_names():
    """Saved weights are found under embed, lstm and fc, in this order."""
    names = list(LSTMClassifier().state_dict())

    assert names == [
        "embed.weight",
        "lstm.weight_ih_l0",
        "lstm.weight_hh_l0",
        "lstm.bias_ih_l0",
        "lstm.bias_hh_l0",
        "fc.weight",
        "fc.bias",
    ]


@ways
@pytest.mark.parametrize("n", [1, 2, 5])
def test_one_logit_a_sequence(pooling, packed, n):
    """Logits have shape (N,), also for a batch of one, and are no probabilities yet."""
    model = build(pooling, packed)
    nn.init.constant_(model.fc.bias, 30.0)

    logits = model(*batch([[1, 2, 3]] * n))

    assert logits.shape == (n,)
    assert (logits > 20).all()


@ways
def test_logits_by_hand(pooling, packed):
    """The logit is the line through the last real output, or through the mean of the real ones."""
    model = build(pooling, packed)
    weight, bias = model.fc.weight.detach().numpy()[0], model.fc.bias.item()

    found = model(*batch(SEQUENCES))

    expected = []
    for sequence in SEQUENCES:
        outputs = lstm_by_hand(model, sequence)
        pooled = outputs[-1] if pooling == "last" else outputs.mean(axis=0)
        expected.append(pooled @ weight + bias)
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-10)


@ways
def test_poolings_differ(pooling, packed):
    """The two poolings are two different models."""
    other = build("avg" if pooling == "last" else "last", packed)

    assert not torch.allclose(build(pooling, packed)(*batch(SEQUENCES)), other(*batch(SEQUENCES)))


@ways
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_logits_do_not_depend_on_batch_mates(pooling, packed, dtype):
    """A sequence scores the same alone as beside others, in the order it was given."""
    model = build(pooling, packed, dtype)

    torch.testing.assert_close(model(*batch(SEQUENCES)), alone(model, SEQUENCES))


@given(ragged, st.integers(0, 4), st.integers(0, 6))
def test_logits_do_not_depend_on_the_padding(sequences, extra, fill):
    """Neither the amount of padding nor the symbol that stands in it changes a logit."""
    for pooling in ("last", "avg"):
        for packed in (True, False):
            model = build(pooling, packed)

            found = model(*batch(sequences, extra, fill))

            torch.testing.assert_close(found, alone(model, sequences))


@ways
def test_rows_keep_their_order(pooling, packed):
    """Reversing the rows of a batch reverses its logits."""
    model = build(pooling, packed)

    torch.testing.assert_close(model(*batch(SEQUENCES[::-1])), model(*batch(SEQUENCES)).flip(0))


@pytest.mark.parametrize("pooling", ["last", "avg"])
def test_packed_and_unpacked_agree(pooling):
    """Logits and all gradients are the same up to rounding, packed or not."""
    results = []
    for packed in (True, False):
        model = build(pooling, packed)
        logits = model(*batch(SEQUENCES, extra=2))
        (logits * torch.arange(1, 5)).sum().backward()
        results.append([logits, *(p.grad for p in model.parameters())])

    for packed, unpacked in zip(*results, strict=True):
        torch.testing.assert_close(packed, unpacked, rtol=1e-10, atol=1e-12)


def test_packing_is_really_switched():
    """packed=True hands the LSTM a packed sequence, packed=False the padded batch."""
    kinds = []
    for packed in (True, False):
        model = build(packed=packed)
        model.lstm.register_forward_pre_hook(lambda _, args: kinds.append(type(args[0])))
        model(*batch(SEQUENCES))

    assert kinds == [nn.utils.rnn.PackedSequence, torch.Tensor]


@ways
def test_padding_embedding_stays_zero(pooling, packed):
    """Row 0 of the embedding is zero, gets no gradient, and training leaves it there."""
    model = build(pooling, packed)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    assert (model.embed.weight[0] == 0).all()

    model(*batch(SEQUENCES)).sum().backward()
    optimizer.step()

    assert (model.embed.weight.grad[0] == 0).all()
    assert (model.embed.weight.grad[1:] != 0).any()
    assert (model.embed.weight[0] == 0).all()


@ways
def test_gradients_reach_every_part(pooling, packed):
    """Every weight of embedding, LSTM and line learns."""
    model = build(pooling, packed)

    model(*batch(SEQUENCES)).sum().backward()

    assert all((p.grad != 0).any() for p in model.parameters())


def test_model_follows_the_default_dtype():
    """Built under float64 the whole model computes in float64."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        model = LSTMClassifier(pooling="avg")
        assert model(*batch(SEQUENCES)).dtype == torch.float64
    finally:
        torch.set_default_dtype(before)


def test_vocabulary_may_be_larger():
    """A model for 10 symbols takes symbol 9, and names what is beyond."""
    model = LSTMClassifier(vocab_size=10)

    assert model(*batch([[9]])).shape == (1,)
    with pytest.raises(ValueError, match=r"padded\[0, 0\] is 10; every symbol must be 0..9"):
        model(*batch([[10]]))


@pytest.mark.parametrize("packed", ["no", None, 1])
def test_packed_is_true_or_false(packed):
    """Anything else is refused, by the argument's name."""
    with pytest.raises(TypeError, match=f"^packed is {packed!r}; it must be True or False"):
        LSTMClassifier(packed=packed)


@pytest.mark.parametrize("pooling", ["max", "LAST", None, 1])
def test_unknown_pooling_is_named(pooling):
    """Only "last" and "avg" are poolings."""
    with pytest.raises(ValueError) as caught:
        LSTMClassifier(pooling=pooling)

    assert str(caught.value) == f"pooling is {pooling!r}; it must be one of 'last', 'avg'"


@ways
@pytest.mark.parametrize(
    ("padded", "lengths", "error", "message"),
    [
        ([[1, 2]], [0], ValueError, r"lengths\[0\] is 0; every length must be 1..2"),
        ([[1, 2]], [3], ValueError, r"lengths\[0\] is 3; every length must be 1..2"),
        ([[1, 2]], [1, 2], ValueError, r"lengths has shape \(2,\); it must be \(1,\)"),
        ([[1, 2]], [2.0], TypeError, "lengths is torch.float32; it must be an int64 tensor"),
        ([[1, 7]], [2], ValueError, r"padded\[0, 1\] is 7; every symbol must be 0..6"),
        ([[1, 2], [-1, 2]], [2, 2], ValueError, r"padded\[1, 0\] is -1; every symbol must be 0..6"),
        ([1, 2], [2], ValueError, r"padded has shape \(2,\); it must be \(N, L\)"),
        ([[1.0, 2.0]], [2], TypeError, "padded is torch.float32; it must be an int64 tensor"),
    ],
)
def test_wrong_batches_are_named(pooling, packed, padded, lengths, error, message):
    """The message says which entry is wrong, its value and what is allowed."""
    model = build(pooling, packed)

    with pytest.raises(error, match=message):
        model(torch.tensor(padded), torch.tensor(lengths))


def test_real_batches_need_no_sorting():
    """`pad_sequence` of unsorted sequences goes straight in."""
    sequences = [torch.tensor(s) for s in SEQUENCES]
    padded = pad_sequence(sequences, batch_first=True)

    logits = build()(padded, torch.tensor([len(s) for s in sequences]))

    torch.testing.assert_close(logits, alone(build(), SEQUENCES))
