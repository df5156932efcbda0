"""Judge a trained model: probabilities for sequences it has not seen, and three scores."""

from collections.abc import Sequence

import numpy as np
import torch
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from torch import Tensor, nn
from torch.utils.data import DataLoader

from seqclf_utils.validation import (
    check_batches,
    check_labels,
    check_logits,
    check_model,
    check_probabilities,
)


def predict_proba(model: nn.Module, loader: DataLoader) -> np.ndarray:
    """Predict the probability of label 1 for every sequence.

    Args:
        model: Called as `model(padded, lengths)`, returns logits, shape (N,); its mode is put back
            afterwards.
        loader: Yields padded (N, L), lengths (N,) and labels (N,), which are not looked at.

    Returns:
        Probabilities, float, shape (n,), in the loader's order.

    Raises:
        TypeError: If `model` is no module, `loader` yields no such batches, or the model returns
            anything but a tensor of floats.
        ValueError: If the loader is empty, or the model returns another shape, NaN or infinity.
    """
    check_model(model)
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            parts = [_predict(model, *batch) for batch in check_batches(loader)]
    finally:
        model.train(was_training)
    if not parts:
        raise ValueError("loader is empty; it must give at least 1 batch")
    return np.concatenate(parts)


def score(labels: Sequence[float], probabilities: Sequence[float]) -> dict[str, float]:
    """Compare predicted probabilities with the labels, by scikit-learn's metrics.

    Args:
        labels: True labels, shape (n,), each 0 or 1, both present.
        probabilities: Predicted probability of label 1, shape (n,), each 0..1.

    Returns:
        accuracy (fraction right at the threshold 0.5), auc (area under the ROC curve, the chance
        that a random 1 ranks above a random 0) and log_loss (mean cross-entropy, nats).

    Raises:
        ValueError: If shapes differ, a probability is not 0..1, or a label is missing.

    Example:
        >>> score([0, 0, 1, 1], [0.1, 0.6, 0.7, 0.9])["auc"]
        1.0
    """
    labels = check_labels(labels)
    probabilities = check_probabilities(probabilities, n_sequences=len(labels))
    if len(np.unique(labels)) < 2:
        raise ValueError("labels must hold both 0 and 1: the AUC compares one with the other")
    return {
        "accuracy": float(accuracy_score(labels, probabilities > 0.5)),
        "auc": float(roc_auc_score(labels, probabilities)),
        "log_loss": float(log_loss(labels, probabilities)),
    }


def _predict(model: nn.Module, padded: Tensor, lengths: Tensor, _: Tensor) -> np.ndarray:
    """Predict one batch, float, shape (N,)."""
    logits = check_logits(model(padded, lengths), n_sequences=len(padded))
    probabilities = torch.sigmoid(logits).cpu()
    is_known = probabilities.dtype != torch.bfloat16  # NumPy has no such type
    return (probabilities if is_known else probabilities.float()).numpy()
