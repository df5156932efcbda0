"""Train with early stopping and keep the best weights; built in notebook 04."""

import copy
import math
from collections.abc import Callable
from os import PathLike

import pandas as pd
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader

from seqclf_utils.extras import arguments
from seqclf_utils.extras.checkpoints import Checkpoint
from seqclf_utils.extras.interrupts import CtrlC
from seqclf_utils.extras.progress import epochs_left
from seqclf_utils.validation import checked


class EarlyStopping:
    """Stop when the validation loss has not improved for `patience` epochs in a row.

    An epoch is an improvement if its loss is below `best_loss - min_delta` (Prechelt, 1998,
    *Early stopping - but when?*, describes this and other rules).

    Args:
        patience: Number of epochs in a row without improvement after which training stops, at
            least 1.
        min_delta: Decrease of the loss, in nats per sequence, that an improvement must exceed; at
            least 0.

    Attributes:
        best_loss: Lowest validation loss so far; infinity before the first epoch.
        best_epoch: Epoch of `best_loss`, counted from 1; 0 before the first epoch.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If an argument is out of range.

    Example:
        >>> model, stopper = nn.Linear(1, 1), EarlyStopping(patience=2)
        >>> [stopper.step(val_loss, model) for val_loss in (0.6, 0.5, 0.7, 0.5)]
        [False, False, False, True]
        >>> stopper.best_epoch, stopper.best_loss
        (2, 0.5)
    """

    @checked(arguments.check_stopping)
    def __init__(self, patience: int = 5, *, min_delta: float = 0.0) -> None:
        self.patience, self.min_delta = patience, min_delta
        self.epoch, self.best_epoch = 0, 0
        self.best_loss, self.best_weights = math.inf, None

    @checked(arguments.check_step)
    def step(self, val_loss: float, model: nn.Module) -> bool:
        """Record an epoch's validation loss, and copy the weights if it is an improvement.

        Args:
            val_loss: Validation loss of the epoch, finite, in nats per sequence.
            model: The model after this epoch.

        Returns:
            True if training should stop.

        Raises:
            TypeError: If `val_loss` is not a number, or `model` is not an `nn.Module`.
            ValueError: If `val_loss` is NaN or infinite.
        """
        self.epoch += 1
        if val_loss < self.best_loss - self.min_delta:
            self.best_loss, self.best_epoch = val_loss, self.epoch
            # A deep copy: state_dict() alone refers to the weights that training keeps changing.
            self.best_weights = copy.deepcopy(model.state_dict())
        return self.epoch - self.best_epoch >= self.patience

    @checked(arguments.check_restore)
    def restore(self, model: nn.Module) -> None:
        """Load the best weights into the model.

        Args:
            model: The model that was passed to `step`.

        Raises:
            TypeError: If `model` is not an `nn.Module`.
            RuntimeError: If `step` has not been called yet.
        """
        model.load_state_dict(self.best_weights)


@checked(explain=arguments.explain_epoch)
def train_one_epoch(
    model: nn.Module, loader: DataLoader, criterion: nn.Module, optimizer: Optimizer
) -> float:
    """Show the model every training sequence once and update it after each batch.

    Args:
        model: Called as `model(padded, lengths)`; switched to training mode.
        loader: Yields padded (N, L), lengths (N,), labels (N,).
        criterion: Mean loss over a batch, from logits (N,) and labels (N,).
        optimizer: Updates the model's parameters.

    Returns:
        Mean loss per sequence, in nats; the loss of each batch is measured before its update.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If the loader is empty, or the loader or the model returns wrong shapes.
    """
    model.train()
    total, n_sequences = 0.0, 0
    for padded, lengths, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(padded, lengths), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)  # a sum over sequences, not over batches
        n_sequences += len(labels)
    return total / n_sequences


@checked(explain=arguments.explain_epoch)
def evaluate(model: nn.Module, loader: DataLoader, criterion: nn.Module) -> float:
    """Measure the loss without learning from it.

    Args:
        model: Called as `model(padded, lengths)`; switched to evaluation mode and back.
        loader: Yields padded (N, L), lengths (N,), labels (N,).
        criterion: Mean loss over a batch, from logits (N,) and labels (N,).

    Returns:
        Mean loss per sequence, in nats.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If the loader is empty, or the loader or the model returns wrong shapes.
    """
    was_training = model.training
    model.eval()
    total, n_sequences = 0.0, 0
    with torch.no_grad():
        for padded, lengths, labels in loader:
            loss = criterion(model(padded, lengths), labels)
            total += loss.item() * len(labels)  # a sum over sequences, not over batches
            n_sequences += len(labels)
    model.train(was_training)
    return total / n_sequences


@checked(arguments.check_fit)
def fit(
    model: nn.Module,
    train_loader: DataLoader,
    val_loader: DataLoader,
    *,
    max_epochs: int = 50,
    patience: int = 5,
    learning_rate: float = 1e-3,
    criterion: Callable[[Tensor, Tensor], Tensor] | None = None,
    checkpoint: str | PathLike | None = None,
    progress: bool = True,
    live: bool = False,
) -> pd.DataFrame:
    """Train with Adam until the validation loss stops improving; restore the best weights.

    This is the loop of notebook 04. In addition, it shows its progress, resumes from a checkpoint,
    and always leaves the model with the best weights so far, even after an error or Ctrl-C. Ctrl-C
    ends training, and `fit` returns the history of the finished epochs.

    Args:
        model: Called as `model(padded, lengths)`; returns logits, shape (N,).
        train_loader: Yields padded (N, L), lengths (N,), labels (N,).
        val_loader: Yields batches of the same form; used only for early stopping.
        max_epochs: Maximum number of passes over the training set, at least 1.
        patience: Number of epochs in a row without improvement after which training stops, at
            least 1.
        learning_rate: Step size of Adam (Kingma and Ba, 2015), 0..1000.
        criterion: Mean loss over a batch, from logits and labels; `BCEWithLogitsLoss()` if None.
        checkpoint: File that is written after each epoch; use a separate file for each run. If it
            exists, the same call resumes the run and ends exactly as an uninterrupted run would.
        progress: Whether to show a progress bar in an interactive session.
        live: Whether to draw the loss curves after each epoch in an interactive notebook. The
            curves are not stored in the notebook.

    Returns:
        One row per epoch, with epoch (from 1), train_loss, val_loss (nats per sequence) and
        is_best, which is true only for the epoch whose weights the model now has.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If a number is out of range, a loss becomes NaN or infinite, or the checkpoint
            is corrupt or belongs to a different run.
        OSError: If the checkpoint cannot be read or written.
    """
    criterion = nn.BCEWithLogitsLoss() if criterion is None else criterion
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate, fused=True)
    stopper = EarlyStopping(patience)
    run = Checkpoint(checkpoint, model, optimizer, stopper, (train_loader, val_loader))
    with CtrlC() as stoppable:
        losses = run.load(max_epochs, lambda: evaluate(model, val_loader, criterion))
        try:
            for epoch in epochs_left(losses, max_epochs, progress=progress, live=live):
                if stopper.epoch - stopper.best_epoch >= patience:
                    break
                train_loss = train_one_epoch(model, stoppable(train_loader), criterion, optimizer)
                val_loss = evaluate(model, stoppable(val_loader), criterion)
                stopper.step(val_loss, model)
                losses.append((epoch, train_loss, val_loss))
                run.save(losses)
        except KeyboardInterrupt:
            print(f"Interrupted in epoch {len(losses) + 1}; the best weights so far are restored.")
        finally:
            if stopper.best_epoch > 0:
                stopper.restore(model)
        history = pd.DataFrame(losses, columns=["epoch", "train_loss", "val_loss"])
        return history.assign(is_best=history["epoch"] == stopper.best_epoch)
