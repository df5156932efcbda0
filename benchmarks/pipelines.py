"""The ways to train the same classifier: each function returns one that trains for a while.

Every pipeline gets the same sequences, sizes, learning rate and number of steps, and returns the
mean training loss. They are written as the documentation of each library suggests.
"""

import os
from collections.abc import Callable
from itertools import islice

import numpy as np

from benchmarks.data import EMBED_DIM, HIDDEN_SIZE, LEARNING_RATE, VOCAB_SIZE

Epoch = Callable[[], float]


def textbook_parts():
    """Return dataset, collate function and model as most tutorials have them."""
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
    """Train as most tutorials do: lists, a tensor an item, packing, `loss.item()` each step."""
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
    """Return batches of similar length, whole windows of them, so that all lengths occur."""
    import seqclf_utils as sc
    from seqclf_utils.extras.batching import WINDOW

    return sc.LengthBatchSampler(lengths, batch_size, window=min(WINDOW, n_steps))


def ours(
    sequences,
    labels,
    batch_size: int,
    n_steps: int,
    *,
    packed: bool = False,
    similar: bool = False,
    compiled: bool = False,
) -> Epoch:
    """Train with the course's own functions."""
    import torch
    from torch.utils.data import DataLoader

    import seqclf_utils as sc
    from seqclf_utils.data import collate_whole

    dataset = sc.SequenceDataset(sequences, labels, vocab_size=VOCAB_SIZE)
    model = sc.LSTMClassifier(packed=packed)
    criterion = torch.nn.BCEWithLogitsLoss()
    batches = {"batch_size": batch_size, "shuffle": True}
    if similar:
        batches = {"batch_sampler": by_length(dataset.lengths, batch_size, n_steps)}
    loader = DataLoader(dataset, **batches, collate_fn=collate_whole)
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, fused=True)
    if compiled:
        model = torch.compile(model, dynamic=True)
    return lambda: sc.train_one_epoch(model, islice(loader, n_steps), criterion, optimizer)


def ours_taught(*arguments) -> Epoch:
    """Train as notebooks 02 to 04 teach it: shuffled batches, packed."""
    return ours(*arguments, packed=True)


def ours_padded(*arguments) -> Epoch:
    """Train on shuffled batches, padded, read at the last real step."""
    return ours(*arguments)


def ours_fast(*arguments) -> Epoch:
    """Train on batches of similar length, padded, read at the last real step."""
    return ours(*arguments, similar=True)


def ours_compiled(*arguments) -> Epoch:
    """Train the same way, after `torch.compile`."""
    return ours(*arguments, similar=True, compiled=True)


def ready(sequences, labels, batch_size: int, n_steps: int) -> Epoch:
    """Train the course's layers on batches made beforehand, with nothing checked.

    What `ours fast` takes longer goes into loading and checking.
    """
    import torch

    import seqclf_utils as sc

    dataset = sc.SequenceDataset(sequences, labels, vocab_size=VOCAB_SIZE)
    sampler = islice(by_length(dataset.lengths, batch_size, n_steps), n_steps)
    batches = [dataset.__getitems__(rows).tensors for rows in sampler]
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


def bare(sequences, labels, batch_size: int, n_steps: int) -> Epoch:
    """Run what cannot be left out: `nn.LSTM` forward, backward and the optimizer's step.

    The batches, of similar length and embedded already, are made beforehand. Gradients that fade
    over hundreds of steps become too small for normal floats, which takes processors several times
    as long; the limit does without them.
    """
    import torch

    import seqclf_utils as sc

    torch.set_flush_denormal(True)
    dataset = sc.SequenceDataset(sequences, labels, vocab_size=VOCAB_SIZE)
    embed = torch.nn.Embedding(VOCAB_SIZE, EMBED_DIM)
    sampler = islice(by_length(dataset.lengths, batch_size, n_steps), n_steps)
    with torch.no_grad():
        batches = [embed(dataset.__getitems__(rows).tensors[0]) for rows in sampler]
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
    """Train with skorch, which wraps a module in scikit-learn's interface."""
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
    """Train with Lightning's Trainer, its extras switched off."""
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
    trainer = pl.Trainer(
        accelerator="cpu",
        max_epochs=0,
        limit_train_batches=n_steps,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )

    def epoch() -> float:
        module.losses.clear()
        trainer.fit_loop.max_epochs += 1
        trainer.fit(module, loader)
        return float(np.mean(module.losses))

    return epoch


def fastai(sequences, labels, batch_size: int, n_steps: int) -> Epoch:
    """Train with fastai's Learner."""
    import fastai.callback.progress  # noqa: F401  (gives a Learner its no_bar)
    import torch
    from fastai.data.core import DataLoaders
    from fastai.learner import Learner
    from fastai.optimizer import Adam
    from torch.utils.data import DataLoader, Subset

    dataset, collate, model_class = textbook_parts()
    part = Subset(dataset(sequences, labels), range(min(len(labels), n_steps * batch_size)))
    loader = DataLoader(part, batch_size=batch_size, shuffle=True, collate_fn=collate)
    nothing = DataLoader(Subset(part, [0]), collate_fn=collate)
    criterion = torch.nn.BCEWithLogitsLoss()
    learner = Learner(
        DataLoaders(loader, nothing), model_class(), criterion, opt_func=Adam, lr=LEARNING_RATE
    )

    def epoch() -> float:
        with learner.no_bar(), learner.no_logging():
            learner.fit(1)
        return float(learner.recorder.values[-1][0])

    return epoch


def keras(batches) -> Epoch:
    """Train with Keras on padded batches, with a mask that comes from the embedding."""
    import keras

    model = keras.Sequential(
        [
            keras.layers.Embedding(VOCAB_SIZE, EMBED_DIM, mask_zero=True),
            keras.layers.LSTM(HIDDEN_SIZE),
            keras.layers.Dense(1),
        ]
    )
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(LEARNING_RATE), loss=loss)
    return lambda: model.fit(batches, epochs=1, verbose=0).history["loss"][-1]


def keras_tensorflow(sequences, labels, batch_size: int, n_steps: int) -> Epoch:
    """Train with Keras on TensorFlow, whose data pipeline pads."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)

    def pairs():
        for i in np.random.permutation(len(labels)):
            yield sequences[i], labels[i]

    kinds = (tf.TensorSpec((None,), tf.int64), tf.TensorSpec((), tf.int64))
    data = tf.data.Dataset.from_generator(pairs, output_signature=kinds)
    return keras(data.padded_batch(batch_size).take(n_steps))


def keras_torch(sequences, labels, batch_size: int, n_steps: int) -> Epoch:
    """Train with Keras on PyTorch, from a data loader."""
    os.environ["KERAS_BACKEND"] = "torch"
    import torch
    from torch.utils.data import DataLoader, Subset

    dataset, collate, _ = textbook_parts()

    def collate_pair(batch):
        padded, _, y = collate(batch)
        return padded, y

    part = Subset(dataset(sequences, labels), range(min(len(labels), n_steps * batch_size)))
    torch.set_num_threads(1)
    return keras(DataLoader(part, batch_size=batch_size, shuffle=True, collate_fn=collate_pair))


def predict(sequences, labels, batch_size: int, *, packed: bool, by_length: bool) -> Epoch:
    """Predict every sequence once with the course's functions."""
    from torch.utils.data import DataLoader

    import seqclf_utils as sc
    from seqclf_utils.data import collate_whole

    dataset = sc.SequenceDataset(sequences, labels, vocab_size=VOCAB_SIZE)
    model = sc.LSTMClassifier(packed=packed)
    order = np.argsort(dataset.lengths, kind="stable") if by_length else np.arange(len(labels))

    def epoch() -> float:
        # The positions are the loader's sampler, so that the dataset needs no copy.
        options = {"batch_size": batch_size, "sampler": order.tolist()}
        loader = DataLoader(dataset, **options, collate_fn=collate_whole)
        probabilities = np.empty(len(labels))
        probabilities[order] = sc.predict_proba(model, loader)
        return float(probabilities.mean())

    return epoch


def predict_packed(sequences, labels, batch_size: int, n_steps: int) -> Epoch:
    """Predict packed batches, as they come."""
    return predict(sequences, labels, batch_size, packed=True, by_length=False)


def predict_padded(sequences, labels, batch_size: int, n_steps: int) -> Epoch:
    """Predict padded batches, as they come."""
    return predict(sequences, labels, batch_size, packed=False, by_length=False)


def predict_by_length(sequences, labels, batch_size: int, n_steps: int) -> Epoch:
    """Predict padded batches of similar length, and put the answers back in order."""
    return predict(sequences, labels, batch_size, packed=False, by_length=True)


# Name in the table: the function, and the package whose version is shown.
PIPELINES = {
    "textbook loop": (textbook, "torch"),
    "ours as taught": (ours_taught, "torch"),
    "ours padded": (ours_padded, "torch"),
    "ours fast": (ours_fast, "torch"),
    "ours fast, compiled": (ours_compiled, "torch"),
    "ours, unchecked": (ready, "torch"),
    "skorch": (skorch, "skorch"),
    "Lightning": (lightning, "lightning"),
    "fastai": (fastai, "fastai"),
    "Keras on TensorFlow": (keras_tensorflow, "keras"),
    "Keras on torch": (keras_torch, "keras"),
    "bare nn.LSTM": (bare, "torch"),
}
PREDICTORS = {
    "packed": (predict_packed, "torch"),
    "padded": (predict_padded, "torch"),
    "padded, sorted by length": (predict_by_length, "torch"),
}
