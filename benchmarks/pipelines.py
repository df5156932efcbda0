"""Pipelines that train the same classifier: each returns a function that trains for one epoch.

All pipelines use the same sequences, sizes, learning rate and number of steps. The functions that
they return give the mean training loss. Each pipeline follows the documentation of its library.
"""

import os
from collections.abc import Callable
from functools import partial
from itertools import islice

import numpy as np

from benchmarks.data import EMBED_DIM, HIDDEN_SIZE, LEARNING_RATE, VOCAB_SIZE

Epoch = Callable[[], float]


def textbook_parts():
    """Return the dataset, collate function and model that most tutorials use."""
    import torch
    from torch import nn
    from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
    from torch.utils.data import Dataset

    class ListDataset(Dataset):
        def __init__(self, sequences, labels):
            self.sequences, self.labels = [s.tolist() for s in sequences], labels.tolist()

        def __len__(self):
            return len(self.labels)

        def __getitem__(self, i):
            return torch.tensor(self.sequences[i]), torch.tensor(float(self.labels[i]))

    def collate(batch):
        sequences, labels = zip(*batch, strict=True)
        lengths = torch.tensor([len(s) for s in sequences])
        return pad_sequence(sequences, batch_first=True), lengths, torch.stack(labels)

    class Packed(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(VOCAB_SIZE, EMBED_DIM, padding_idx=0)
            self.lstm = nn.LSTM(EMBED_DIM, HIDDEN_SIZE, batch_first=True)
            self.fc = nn.Linear(HIDDEN_SIZE, 1)

        def forward(self, padded, lengths):
            packed = pack_padded_sequence(
                self.embed(padded), lengths.cpu(), batch_first=True, enforce_sorted=False
            )
            _, (h_n, _) = self.lstm(packed)
            return self.fc(h_n[-1]).squeeze(-1)

    return ListDataset, collate, Packed


def textbook(sequences, labels, batch_size: int, n_steps: int) -> Epoch:
    """Train as in most tutorials: a list of lists, packing, `loss.item()` in each step."""
    import torch
    from torch.utils.data import DataLoader

    dataset, collate, model_class = textbook_parts()
    loader = DataLoader(
        dataset(sequences, labels), batch_size=batch_size, shuffle=True, collate_fn=collate
    )
    model = model_class()
    criterion = torch.nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)

    def epoch() -> float:
        total = seen = 0
        for padded, lengths, y in islice(loader, n_steps):
            optimizer.zero_grad()
            loss = criterion(model(padded, lengths), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            seen += len(y)
        return total / seen

    return epoch


def by_length(lengths, batch_size: int, n_steps: int):
    """Return a sampler of batches of similar length, with windows that fit into the epoch."""
    import seqclf_utils as sc

    return sc.LengthBatchSampler(lengths, batch_size, window=min(25, n_steps))


def flat_batches(sequences, labels, batch_size: int, n_steps: int):
    """Return a loader that reads batches of similar length from a flat array."""
    from torch.utils.data import DataLoader

    import seqclf_utils as sc

    flat = sc.flatten(sequences, vocab_size=VOCAB_SIZE)
    dataset = sc.FlatDataset(*flat, labels, vocab_size=VOCAB_SIZE)
    sampler = by_length(dataset.lengths, batch_size, n_steps)
    return DataLoader(dataset, sampler=sampler, batch_size=None)


def ours(
    sequences, labels, batch_size: int, n_steps: int, *, packed: bool, similar: bool, flat=False
) -> Epoch:
    """Train with the course's own functions."""
    import torch
    from torch.utils.data import DataLoader

    import seqclf_utils as sc

    if flat:
        loader = flat_batches(sequences, labels, batch_size, n_steps)
    else:
        dataset = sc.SequenceDataset(sequences, labels, vocab_size=VOCAB_SIZE)
        batches = {"batch_size": batch_size, "shuffle": True}
        if similar:
            lengths = [len(sequence) for sequence in sequences]
            batches = {"batch_sampler": by_length(lengths, batch_size, n_steps)}
        loader = DataLoader(dataset, **batches, collate_fn=sc.collate_fn)
    model = sc.LSTMClassifier(packed=packed)
    criterion = torch.nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, fused=True)
    return lambda: sc.train_one_epoch(model, islice(loader, n_steps), criterion, optimizer)


def bare_loop(sequences, labels, batch_size: int, n_steps: int) -> Epoch:
    """Train the course's layers on precomputed batches without checks.

    The difference from `ours flat` is the cost of loading and checking.
    """
    import torch

    import seqclf_utils as sc

    batches = list(islice(flat_batches(sequences, labels, batch_size, n_steps), n_steps))
    model = sc.LSTMClassifier()
    criterion = torch.nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, fused=True)

    def epoch() -> float:
        total = 0.0
        for padded, lengths, y in batches:
            optimizer.zero_grad()
            outputs, _ = model.lstm(model.embed(padded))
            logits = model.fc(outputs[torch.arange(len(y)), lengths - 1]).squeeze(-1)
            loss = criterion(logits, y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
        return total / sum(len(y) for _, _, y in batches)

    return epoch


def bare_lstm(sequences, labels, batch_size: int, n_steps: int) -> Epoch:
    """Run only the forward and backward pass of `nn.LSTM` and the optimizer's step.

    Batches of similar length are embedded beforehand. Over hundreds of steps, vanishing gradients
    become denormal numbers. These slow down processors, so they are flushed to zero.
    """
    import torch

    torch.set_flush_denormal(True)
    embed = torch.nn.Embedding(VOCAB_SIZE, EMBED_DIM).requires_grad_(False)
    loader = flat_batches(sequences, labels, batch_size, n_steps)
    batches = [embed(padded) for padded, _, _ in islice(loader, n_steps)]
    lstm = torch.nn.LSTM(EMBED_DIM, HIDDEN_SIZE, batch_first=True)
    optimizer = torch.optim.Adam(lstm.parameters(), lr=LEARNING_RATE, fused=True)

    def epoch() -> float:
        for embedded in batches:
            optimizer.zero_grad()
            lstm(embedded)[0][:, -1].mean().backward()
            optimizer.step()
        return float("nan")

    return epoch


def skorch(sequences, labels, batch_size: int, n_steps: int) -> Epoch:
    """Train with skorch, a scikit-learn interface to PyTorch."""
    import torch
    from skorch import NeuralNet
    from torch.utils.data import Subset

    dataset, collate, model_class = textbook_parts()

    def collate_dict(batch):
        padded, lengths, y = collate(batch)
        return {"padded": padded, "lengths": lengths}, y

    net = NeuralNet(
        model_class,
        criterion=torch.nn.BCEWithLogitsLoss,
        optimizer=torch.optim.Adam,
        lr=LEARNING_RATE,
        batch_size=batch_size,
        iterator_train__shuffle=True,
        iterator_train__collate_fn=collate_dict,
        train_split=None,
        verbose=0,
    )
    part = Subset(dataset(sequences, labels), range(min(len(labels), n_steps * batch_size)))

    def epoch() -> float:
        net.partial_fit(part, y=None, epochs=1)
        return net.history[-1, "train_loss"]

    return epoch


def lightning(sequences, labels, batch_size: int, n_steps: int) -> Epoch:
    """Train with Lightning's Trainer, with its extras switched off."""
    import logging

    import lightning as pl
    import torch
    from torch.utils.data import DataLoader

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    dataset, collate, model_class = textbook_parts()

    class Classifier(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.model = model_class()
            self.losses = []

        def training_step(self, batch, batch_idx):
            padded, lengths, y = batch
            loss = torch.nn.functional.binary_cross_entropy_with_logits(
                self.model(padded, lengths), y
            )
            self.losses.append(loss.item())
            return loss

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), lr=LEARNING_RATE)

    loader = DataLoader(
        dataset(sequences, labels), batch_size=batch_size, shuffle=True, collate_fn=collate
    )
    module = Classifier()
    off = ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary")
    options = dict.fromkeys(off, False) | {"limit_train_batches": n_steps}
    trainer = pl.Trainer(accelerator="cpu", max_epochs=0, **options)

    def epoch() -> float:
        module.losses.clear()
        trainer.fit_loop.max_epochs += 1
        trainer.fit(module, loader)
        return float(np.mean(module.losses))

    return epoch


def fastai(sequences, labels, batch_size: int, n_steps: int) -> Epoch:
    """Train with fastai's Learner."""
    import fastai.callback.progress  # noqa: F401  (adds Learner.no_bar)
    import torch
    from fastai.data.core import DataLoaders
    from fastai.learner import Learner
    from fastai.optimizer import Adam
    from torch.utils.data import DataLoader, Subset

    dataset, collate, model_class = textbook_parts()
    part = Subset(dataset(sequences, labels), range(min(len(labels), n_steps * batch_size)))
    loader = DataLoader(part, batch_size=batch_size, shuffle=True, collate_fn=collate)
    loaders = DataLoaders(loader, DataLoader(Subset(part, [0]), collate_fn=collate))
    criterion = torch.nn.BCEWithLogitsLoss()
    learner = Learner(loaders, model_class(), criterion, opt_func=Adam, lr=LEARNING_RATE)

    def epoch() -> float:
        with learner.no_bar(), learner.no_logging():
            learner.fit(1)
        return float(learner.recorder.values[-1][0])

    return epoch


def keras(sequences, labels, batch_size: int, n_steps: int) -> Epoch:
    """Train with Keras on TensorFlow, with padded batches and a mask from the embedding."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)

    def pairs():
        for i in np.random.permutation(len(labels)):
            yield sequences[i], labels[i]

    kinds = (tf.TensorSpec((None,), tf.int64), tf.TensorSpec((), tf.int64))
    data = tf.data.Dataset.from_generator(pairs, output_signature=kinds)
    batches = data.padded_batch(batch_size).take(n_steps)
    embedding = keras.layers.Embedding(VOCAB_SIZE, EMBED_DIM, mask_zero=True)
    layers = [embedding, keras.layers.LSTM(HIDDEN_SIZE), keras.layers.Dense(1)]
    model = keras.Sequential(layers)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(LEARNING_RATE), loss=loss)
    return lambda: model.fit(batches, epochs=1, verbose=0).history["loss"][-1]


def predict(sequences, labels, batch_size: int, n_steps: int, *, packed: bool, sort: bool) -> Epoch:
    """Make one prediction for each sequence with the course's functions."""
    from torch.utils.data import DataLoader

    import seqclf_utils as sc

    lengths = [len(sequence) for sequence in sequences]
    order = np.argsort(lengths, kind="stable") if sort else np.arange(len(labels))
    ordered = [sequences[i] for i in order]
    dataset = sc.SequenceDataset(ordered, labels[order], vocab_size=VOCAB_SIZE)
    loader = DataLoader(dataset, batch_size=batch_size, collate_fn=sc.collate_fn)
    model = sc.LSTMClassifier(packed=packed)

    def epoch() -> float:
        probabilities = np.empty(len(labels))
        probabilities[order] = sc.predict_proba(model, loader)
        return float(probabilities.mean())

    return epoch


TRAINING = {
    "textbook loop": textbook,
    "ours as taught": partial(ours, packed=True, similar=False),
    "ours padded": partial(ours, packed=False, similar=False),
    "ours similar lengths": partial(ours, packed=False, similar=True),
    "ours flat": partial(ours, packed=False, similar=True, flat=True),
    "skorch": skorch,
    "Lightning": lightning,
    "fastai": fastai,
    "Keras": keras,
    "bare loop": bare_loop,
    "bare nn.LSTM": bare_lstm,
}
PREDICTION = {
    "packed": partial(predict, packed=True, sort=False),
    "padded": partial(predict, packed=False, sort=False),
    "padded, sorted by length": partial(predict, packed=False, sort=True),
}
PIPELINES = TRAINING | PREDICTION
PACKAGES = {name: name.lower() for name in ("skorch", "Lightning", "fastai", "Keras")}
