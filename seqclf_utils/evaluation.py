"""Judge a trained model on unseen data by probabilities and scores; used from notebook 02 on."""

from collections.abc import Sequence

import numpy as np
import torch
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from torch import nn
from torch.utils.data import DataLoader

from seqclf_utils.extras import arguments
from seqclf_utils.validation import check_labels, check_numbers, checked


@checked(arguments.check_prediction, explain=lambda _, loader: arguments.first_batch(loader))
def predict_proba(model: nn.Module, loader: DataLoader) -> np.ndarray:
    """Predict the probability of label 1 for every sequence.

    Args:
        model: Called as `model(padded, lengths)`; returns logits, shape (N,). It is switched to
            evaluation mode and back.
        loader: Yields padded (N, L), lengths (N,) and labels (N,). The labels are ignored. The
            loader must not shuffle.

    Returns:
        Probabilities, float, shape (n,), in the order of the data.

    Raises:
        TypeError: If `model` is not an `nn.Module`, or `loader` cannot be iterated.
        ValueError: If the loader shuffles or is empty, or the model returns the wrong shape, NaN
            or infinity.
    """
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            parts = [
                arguments.check_logits(model(padded, lengths), n_sequences=len(padded))
                for padded, lengths, _ in loader
            ]
        return torch.cat(parts).sigmoid().cpu().double().numpy()
    finally:
        model.train(was_training)


def score(labels: Sequence[float], probabilities: Sequence[float]) -> dict[str, float]:
    """Compare predicted probabilities with the labels, using scikit-learn's metrics.

    Args:
        labels: True labels, shape (n,), each 0 or 1; both must occur.
        probabilities: Predicted probability of label 1, shape (n,), each 0..1.

    Returns:
        accuracy (fraction correct at the threshold 0.5), auc (area under the ROC curve, the chance
        that a random sequence with label 1 ranks above a random sequence with label 0) and
        log_loss (mean cross-entropy, nats).

    Raises:
        ValueError: If the shapes differ, a probability is outside 0..1, or only one label occurs.

    Example:
        >>> score([0, 0, 1, 1], [0.1, 0.6, 0.7, 0.9])["auc"]
        1.0
    """
    probabilities = check_numbers("probabilities", probabilities, minimum=0, maximum=1)
    labels = check_labels(labels, n_sequences=len(probabilities))
    if len(np.unique(labels)) < 2:
        raise ValueError(f"labels holds only {np.unique(labels)}; both 0 and 1 must be present")
    return {
        "accuracy": float(accuracy_score(labels, probabilities > 0.5)),
        "auc": float(roc_auc_score(labels, probabilities)),
        "log_loss": float(log_loss(labels, probabilities)),
    }
