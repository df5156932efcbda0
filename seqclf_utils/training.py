"""Train with early stopping, and always hand back the best weights."""

import copy
import math
from os import PathLike

import pandas as pd
import torch
from torch import nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader

from seqclf_utils.extras.checkpoints import Checkpoint
from seqclf_utils.extras.interrupts import CtrlC
from seqclf_utils.extras.progress import epochs_left
from seqclf_utils.validation import (
    check_batches,
    check_count,
    check_finite,
    check_flags,
    check_learning,
    check_loaders,
    check_logits,
    check_model,
    check_nonnegative,
)


class EarlyStopping:
    """Stop when the validation loss has not improved for `patience` epochs in a row.

    An epoch is an improvement if its loss is below `best_loss - min_delta` (Prechelt, 1998,
    *Early stopping - but when?*, describes this and other rules).

    Args:
        patience: Epochs in a row without improvement after which training stops, at least 1.
        min_delta: Smallest fall of the loss, in nats per sequence, that counts; at least 0.

    Attributes:
        best_loss: Lowest validation loss so far, infinity before the first epoch.
        best_epoch: Epoch of `best_loss`, counted from 1; 0 before the first.

    Raises:
        TypeError: If an argument is not a number.
        ValueError: If an argument is out of range.

    Example:
        >>> model, stopper = nn.Linear(1, 1), EarlyStopping(patience=2)
        >>> [stopper.step(val_loss, model) for val_loss in (0.6, 0.5, 0.7, 0.5)]
        [False, False, False, True]
        >>> stopper.best_epoch, stopper.best_loss
        (2, 0.5)
    """

    def __init__(self, patience: int = 5, *, min_delta: float = 0.0) -> None:
        self.patience = check_count("patience", patience, minimum=1)
        self.min_delta = check_nonnegative("min_delta", min_delta)
        self.epoch = 0
        self.best_loss = math.inf
        self.best_epoch = 0
        self.best_weights = None

    def step(self, val_loss: float, model: nn.Module) -> bool:
        """Take in one epoch's validation loss; copy the weights if it is the best so far.

        Args:
            val_loss: Validation loss of the epoch, finite, in nats per sequence.
            model: The model as it stands after this epoch.

        Returns:
            True if training should stop.

        Raises:
            TypeError: If `val_loss` is not a number, or `model` is no module.
            ValueError: If `val_loss` is NaN or infinite.
        """
        val_loss = check_finite(f"val_loss of epoch {self.epoch + 1}", val_loss)
        check_model(model)
        self.epoch += 1
        if val_loss < self.best_loss - self.min_delta:
            # A deep copy: state_dict() alone refers to the weights that training goes on changing.
            self.best_weights = copy.deepcopy(model.state_dict())
            self.best_loss, self.best_epoch = val_loss, self.epoch
        return self.should_stop

    @property
    def should_stop(self) -> bool:
        """Tell whether `patience` epochs in a row brought no improvement."""
        return self.epoch - self.best_epoch >= self.patience

    def restore(self, model: nn.Module) -> None:
        """Put the best weights back into the model.

        Args:
            model: The model that `step` was given.

        Raises:
            TypeError: If `model` is no module.
            RuntimeError: If there was no epoch yet.
        """
        if self.best_weights is None:
            raise RuntimeError("restore() needs at least one step() before it: no weights are kept")
        check_model(model).load_state_dict(self.best_weights)


def train_one_epoch(
    model: nn.Module, loader: DataLoader, criterion: nn.Module, optimizer: Optimizer
) -> float:
    """Show the model every training sequence once and update it after each batch.

    Args:
        model: Called as `model(padded, lengths)`; put into training mode.
        loader: Yields padded (N, L), lengths (N,), labels (N,).
        criterion: Mean loss over a batch, from logits (N,) and labels (N,).
        optimizer: Updates the model's parameters.

    Returns:
        Mean loss per sequence, in nats, each batch judged just before its own update.

    Raises:
        TypeError: If an argument is of the wrong kind, or `loader` or `model` gives anything else.
        ValueError: If the loss of a batch is NaN or infinite, a shape is wrong, or the loader is
            empty.
    """
    check_learning(model, criterion, optimizer)
    model.train()
    total, n_sequences = 0.0, 0
    for number, (padded, lengths, labels) in enumerate(check_batches(loader), start=1):
        optimizer.zero_grad()
        logits = check_logits(model(padded, lengths), n_sequences=len(labels), finite=False)
        loss = criterion(logits, labels)
        check_finite(f"loss of training batch {number}", loss)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)  # a sum over sequences, not over batches
        n_sequences += len(labels)
    return total / check_count("number of sequences in loader", n_sequences, minimum=1)


def evaluate(model: nn.Module, loader: DataLoader, criterion: nn.Module) -> float:
    """Measure the loss without learning from it.

    Args:
        model: Called as `model(padded, lengths)`; its mode is put back afterwards.
        loader: Yields padded (N, L), lengths (N,), labels (N,).
        criterion: Mean loss over a batch, from logits (N,) and labels (N,).

    Returns:
        Mean loss per sequence, in nats.

    Raises:
        TypeError: If an argument is of the wrong kind, or `loader` or `model` gives anything else.
        ValueError: If a logit is NaN or infinite, a shape is wrong, or the loader is empty.
    """
    check_learning(model, criterion)
    was_training = model.training
    model.eval()
    total, n_sequences = 0.0, 0
    try:
        with torch.no_grad():
            for padded, lengths, labels in check_batches(loader):
                logits = check_logits(model(padded, lengths), n_sequences=len(labels))
                loss = check_finite("loss of a batch", criterion(logits, labels))
                total += loss * len(labels)
                n_sequences += len(labels)
    finally:
        model.train(was_training)
    return total / check_count("number of sequences in loader", n_sequences, minimum=1)


def fit(
    model: nn.Module,
    train_loader: DataLoader,
    val_loader: DataLoader,
    *,
    max_epochs: int = 50,
    patience: int = 5,
    learning_rate: float = 1e-3,
    checkpoint: str | PathLike | None = None,
    progress: bool = True,
    live: bool = False,
) -> pd.DataFrame:
    """Train with BCEWithLogitsLoss and Adam until the validation loss stops improving.

    However training ends (patience, last epoch, Ctrl-C, error), the model leaves with the best
    weights it had at the end of any epoch. Ctrl-C ends training and nothing else: what is finished
    is returned.

    With a checkpoint, a run that was broken off (by Ctrl-C, a power cut, `kill -9`) goes on when
    the same call is made again, and ends as it would have without the break.

    Args:
        model: Called as `model(padded, lengths)`, returns logits, shape (N,).
        train_loader: Yields padded (N, L), lengths (N,), labels (N,).
        val_loader: Yields the same; used for early stopping only.
        max_epochs: Most passes over the training data, at least 1.
        patience: Epochs in a row without improvement after which training stops, at least 1.
        learning_rate: Step size of Adam (Kingma and Ba, 2015), 0..1000.
        checkpoint: File that keeps the run, written after each epoch; one file a run. If it exists,
            training goes on from it: same model, data and learning rate, at least as many
            max_epochs and as much patience.
        progress: Whether to show a progress bar while a person watches.
        live: Whether to draw the loss curves after each epoch, in a notebook that a person runs;
            nothing of it stays in the notebook.

    Returns:
        One row an epoch, with epoch (from 1), train_loss, val_loss (nats per sequence), and
        is_best, true for the one epoch whose weights the model now has.

    Raises:
        TypeError: If an argument is not of the right kind.
        ValueError: If a number is out of range, a loss becomes NaN or infinite, or the checkpoint
            is damaged or of another run.
        OSError: If the checkpoint cannot be read or written.
    """
    check_count("max_epochs", max_epochs, minimum=1, maximum=10**9)
    check_loaders(train_loader=train_loader, val_loader=val_loader)
    check_flags(progress=progress, live=live)
    learning_rate = check_nonnegative("learning_rate", learning_rate, maximum=1000)
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(check_model(model).parameters(), lr=learning_rate, fused=True)
    stopper = EarlyStopping(patience)
    run = Checkpoint(checkpoint, model, optimizer, stopper, (train_loader, val_loader))
    with CtrlC() as stoppable:
        losses = run.load(max_epochs, lambda: evaluate(model, val_loader, criterion))
        try:
            for epoch in epochs_left(losses, max_epochs, progress=progress, live=live):
                if stopper.should_stop:
                    break
                train_loss = train_one_epoch(model, stoppable(train_loader), criterion, optimizer)
                val_loss = evaluate(model, stoppable(val_loader), criterion)
                stopper.step(val_loss, model)
                losses.append((epoch, train_loss, val_loss))
                run.save(losses)
        except KeyboardInterrupt:
            print(f"Interrupted in epoch {len(losses) + 1}: best weights so far kept.")
        finally:
            if stopper.best_epoch > 0:
                stopper.restore(model)
        history = pd.DataFrame(losses, columns=["epoch", "train_loss", "val_loss"])
        return history.assign(is_best=history["epoch"] == stopper.best_epoch)
