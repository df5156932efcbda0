"""Reject arguments that training cannot use or would misinterpret."""

from collections.abc import Iterable, Iterator
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from seqclf_utils.model import LSTMClassifier
from seqclf_utils.validation import (
    ADVICE,
    check_count,
    check_flag,
    check_logits,
    check_model,
    check_number,
    first_batch,
    require,
)


def check_stopping(stopper: object, patience: int, *, min_delta: float) -> None:
    """Reject an invalid `patience` or `min_delta`."""
    check_count("patience", patience, minimum=1)
    check_number("min_delta", min_delta, minimum=0)


def check_step(stopper: Any, val_loss: float, model: nn.Module) -> None:
    """Reject a loss that cannot be compared: NaN would never count as an improvement."""
    check_model(model)
    try:
        check_number(f"val_loss of epoch {stopper.epoch + 1}", val_loss)
    except ValueError as error:
        raise ValueError(f"{error} ({ADVICE})") from None


def check_restore(stopper: Any, model: nn.Module) -> None:
    """Refuse to restore weights that do not exist yet."""
    check_model(model)
    if stopper.best_weights is None:
        raise RuntimeError("restore() needs a step() before it: there are no weights to restore")


def explain_epoch(model: nn.Module, loader: object, criterion: object, *optimizer: object) -> None:
    """Say which argument made `train_one_epoch` or `evaluate` fail."""
    check_model(model)
    is_function = callable(criterion) and not isinstance(criterion, type)
    require(is_function, "criterion", criterion, "a loss function", TypeError)
    for each in optimizer:  # none in `evaluate`
        is_optimizer = isinstance(each, Optimizer)
        require(is_optimizer, "optimizer", each, "a torch.optim optimizer", TypeError)
    padded, lengths, labels = first_batch(loader)
    check_logits(model(padded, lengths), n_sequences=len(labels))


def check_fit(model: nn.Module, train_loader: object, val_loader: object, **options: Any) -> None:
    """Reject invalid arguments of `fit` before the first epoch."""
    check_model(model)
    check_count("max_epochs", options["max_epochs"], minimum=1, maximum=10**9)
    check_number("learning_rate", options["learning_rate"], minimum=0, maximum=1000)
    for name in ("progress", "live"):
        check_flag(name, options[name])
    for name, loader in {"train_loader": train_loader, "val_loader": val_loader}.items():
        # An iterator would be used up after the first epoch.
        is_loader = isinstance(loader, Iterable) and not isinstance(loader, Tensor | Iterator)
        require(is_loader, name, loader, "a loader that yields batches in every epoch", TypeError)
    check_criterion(options["criterion"], model)


def check_criterion(criterion: object, model: nn.Module) -> None:
    """Reject PyTorch losses that would run but not measure a mean over sequences."""
    reduction = getattr(criterion, "reduction", "mean")
    require(reduction not in ("sum", "none"), "reduction of the criterion", reduction, "'mean'")
    has_one_logit = isinstance(model, LSTMClassifier) and model.fc.out_features == 1
    is_for_model = not (isinstance(criterion, nn.CrossEntropyLoss) and has_one_logit)
    allowed = "a loss for a model with one logit, such as BCEWithLogitsLoss()"
    require(is_for_model, "criterion", criterion, allowed)
