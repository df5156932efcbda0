"""Typical wrong answers to the exercises of notebook 02, with part of the hint for each."""

import torch
from torch import nn

from seqclf_utils import exercises


def hidden(budget, *, biases=2, embedding=112, linear=1):
    """Return the largest hidden size within the budget."""
    size = 0
    while embedding + 4 * (size + 1) * (17 + size + biases) + linear * (size + 2) <= budget:
        size += 1
    return size


def logit(model, sequence, *, order="ifgo", biases=("ih", "hh"), keep=(1, 1), read="h"):
    """Compute the logit from the weights, optionally with a mistake."""
    lstm = model.lstm
    h = c = torch.zeros(lstm.hidden_size)
    for x in model.embed.weight[sequence]:
        h, c = h * keep[0], c * keep[1]
        stacked = lstm.weight_ih_l0 @ x + lstm.weight_hh_l0 @ h
        stacked = stacked + sum(getattr(lstm, f"bias_{name}_l0") for name in biases)
        gate = dict(zip(order, stacked.chunk(4), strict=True))
        c = gate["f"].sigmoid() * c + gate["i"].sigmoid() * gate["g"].tanh()
        h = gate["o"].sigmoid() * c.tanh()
    return model.fc.weight[0] @ (h if read == "h" else c) + model.fc.bias[0]


def call_the_model(model, sequence):
    """Call the model instead of computing the logit."""
    return model(sequence[None], torch.tensor([len(sequence)]))


def call_the_parts(model, sequence):
    """Call the LSTM instead of computing its steps."""
    outputs, _ = model.lstm(model.embed.weight[sequence])
    return outputs[-1] @ model.fc.weight[0] + model.fc.bias


def pool_by_mean(model, sequence):
    """Compute the logit with average pooling."""
    return torch.stack([logit(model, sequence[: n + 1]) for n in range(len(sequence))]).mean()


WRONG = {
    exercises.check_largest_hidden_size: [
        (lambda budget: hidden(budget, biases=1), "two bias vectors"),
        (lambda budget: hidden(budget) + 1, "more than 6545"),
        (lambda budget: hidden(budget - 1), "32 fits, too"),
        (lambda budget: hidden(budget, embedding=0), "embedding has"),
        (lambda budget: hidden(budget, linear=0), "linear layer has H"),
        (lambda budget: 900, "a budget of 6545 should give 32"),
        (lambda budget: 6545, "Return the hidden size"),
    ],
    exercises.check_bce_by_hand: [
        (
            lambda z, y: (y * z.sigmoid().log() + (1 - y) * (-z).sigmoid().log()).mean(),
            "sign is wrong",
        ),
        (lambda z, y: -(y * z.sigmoid().log() + (1 - y) * (-z).sigmoid().log()), "their mean"),
        (
            lambda z, y: nn.functional.binary_cross_entropy_with_logits(z, y, reduction="sum"),
            "the sum over",
        ),
        (
            lambda z, y: nn.functional.binary_cross_entropy_with_logits(z.sigmoid(), y),
            "applied twice",
        ),
        (
            lambda z, y: -(y * z.sigmoid().log() + (1 - y) * (1 - z.sigmoid()).log()).mean(),
            "softplus",
        ),
        (lambda z, y: nn.functional.binary_cross_entropy_with_logits(z, 1 - y), "not to label 0"),
        (lambda z, y: torch.tensor(0.1), "expected 0."),
        (lambda z, y: -z.sigmoid().log().mean(), "for label 0 the probability"),
        (lambda z, y: -(y * z.sigmoid().log()).mean(), "with label 0 count"),
        (lambda z, y: -z.log().mean(), "Apply the sigmoid first"),
    ],
    exercises.check_logit_by_hand: [
        (call_the_model, "calls the model"),
        (call_the_parts, "calls model.lstm"),
        (lambda m, s: m.fc.weight[0], "not a tensor of shape"),
        (lambda m, s: logit(m, s, order="ifog"), "order in PyTorch is i, f"),
        (lambda m, s: logit(m, s, biases=["ih"]), "two biases"),
        (lambda m, s: logit(m, s, keep=(0, 0)), "starts from zeros"),
        (lambda m, s: logit(m, s, keep=(1, 0)), "the memory c restarts"),
        (lambda m, s: logit(m, s, keep=(0, 1)), "the state h restarts"),
        (lambda m, s: logit(m, s, read="c"), "not the memory c"),
        (lambda m, s: logit(m, s).sigmoid(), "that is the probability"),
        (lambda m, s: logit(m, s) - m.fc.bias, "model.fc.bias"),
        (lambda m, s: logit(m, s.flip(0)), "from right to left"),
        (lambda m, s: logit(m, s - 1), "symbol s is row s"),
        (pool_by_mean, "avg pooling"),
        (lambda m, s: 7.5, "got 7.5"),
        (lambda m, s: logit(m, s) if len(s) < 10 else 7.5, "E = 16, H = 32, sequence [1, 2, 3"),
    ],
}
