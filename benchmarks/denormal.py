"""Show what denormal numbers cost: .venv/bin/python -m benchmarks.denormal.

A gradient that goes back through hundreds of steps fades below 1e-38. Processors calculate several
times more slowly with such numbers, unless they are told to take them for zero.
"""

import statistics

import torch
from torch import nn

from benchmarks.data import EMBED_DIM, HIDDEN_SIZE, LEARNING_RATE, LENGTHS, VOCAB_SIZE, make_data
from benchmarks.worker import timed
from seqclf_utils import LengthBatchSampler, LSTMClassifier, SequenceDataset

ROUNDS = 5
WAYS = {
    "bare `nn.LSTM`, mean of what it says after the padding": False,
    "the classifier, read at the last real step": True,
}


def train(batches: list, model: LSTMClassifier, optimizer, *, real: bool) -> None:
    """Take one step on each batch."""
    for embedded, lengths, labels in batches:
        optimizer.zero_grad()
        outputs, _ = model.lstm(embedded)
        logits = model.fc(outputs[torch.arange(len(lengths)), lengths - 1]).squeeze(-1)
        loss = nn.functional.binary_cross_entropy_with_logits(logits, labels)
        (loss if real else outputs[:, -1].mean()).backward()
        optimizer.step()


def seconds(batches: list, *, real: bool, flush: bool) -> float:
    """Return the median CPU seconds of a pass, with denormal numbers or with zeros for them."""
    torch.manual_seed(0)
    torch.set_flush_denormal(flush)
    model = LSTMClassifier(VOCAB_SIZE, EMBED_DIM, HIDDEN_SIZE)
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, fused=True)
    passes = [
        timed(lambda: train(batches, model, optimizer, real=real))[1] for _ in range(ROUNDS + 1)
    ]
    return statistics.median(passes[1:])


def main() -> None:
    """Print a table."""
    torch.set_num_threads(1)
    dataset = SequenceDataset(*make_data(2_000, LENGTHS[1]), vocab_size=VOCAB_SIZE)
    embed = nn.Embedding(VOCAB_SIZE, EMBED_DIM).requires_grad_(False)
    parts = [
        dataset.__getitems__(rows).tensors for rows in LengthBatchSampler(dataset.lengths, 256)
    ]
    batches = [(embed(padded), lengths, labels) for padded, lengths, labels in parts]
    print(f"{len(batches)} steps, up to {max(b.shape[1] for b, *_ in batches)} symbols:\n")
    print("| what is trained | CPU s with denormal numbers | with zeros |\n| --- | ---: | ---: |")
    for name, real in WAYS.items():
        plain, flushed = (seconds(batches, real=real, flush=flush) for flush in (False, True))
        print(f"| {name} | {plain:.2f} | {flushed:.2f} |")


if __name__ == "__main__":
    main()
