"""Save a trained model with the names it needs, and load it in a different program."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch.utils.data import DataLoader, Subset

from seqclf_utils.data import SequenceDataset, collate_fn
from seqclf_utils.evaluation import predict_proba
from seqclf_utils.extras.files import check_path, write_atomically
from seqclf_utils.model import LSTMClassifier
from seqclf_utils.tables import check_names, encode_names

FORMAT = 1
KEY = "seqclf"  # the only metadata key, because the order of several keys would vary
WEIGHTS_FILE = Path(__file__).resolve().parents[1] / "weights" / "clever_last.safetensors"


@dataclass(frozen=True, eq=False)
class SavedModel:
    """A trained model and the names of what it reads and predicts.

    Attributes:
        model: The model, in eval mode.
        symbols: Names of symbols 1..K.
        label_names: Names of label 0 and label 1.
    """

    model: LSTMClassifier
    symbols: tuple[str, ...]
    label_names: tuple[str, str]

    def predict_proba(self, sequences: Sequence[Sequence[str]]) -> np.ndarray:
        """Predict the probability of label 1, `label_names[1]`, for each sequence.

        Args:
            sequences: A list of names for each sequence.

        Returns:
            Probabilities, float, shape (n,).

        Raises:
            TypeError: If a sequence is not a list of names.
            ValueError: If a sequence is empty, or names are unknown and "<unk>" is not one of
                `symbols`.

        Example:
            >>> saved = load_model(WEIGHTS_FILE)
            >>> throws = ["6", "5", "6", "4", "5", "6", "1", "2", "1", "3", "1", "2"]
            >>> saved.predict_proba([throws]) > 0.5, saved.label_names
            (array([ True]), ('fair', 'cheat'))
        """
        numbers = encode_names(sequences, self.symbols)
        order = np.argsort([len(symbols) for symbols in numbers], kind="stable")  # less padding
        # A data set needs labels, but these are never used.
        dataset = SequenceDataset(numbers, np.zeros(len(numbers)), vocab_size=len(self.symbols) + 1)
        loader = DataLoader(Subset(dataset, order), batch_size=256, collate_fn=collate_fn)
        return predict_proba(self.model, loader)[np.argsort(order)]


def save_model(
    path: str | Path, model: LSTMClassifier, *, symbols: Sequence[str], label_names: Sequence[str]
) -> None:
    """Save a trained model atomically.

    The file is in the safetensors format, which holds weights and text, but no code.

    Args:
        path: The file; its folder must exist.
        model: The model.
        symbols: Names of symbols 1..K, such as `table.symbols`.
        label_names: Names of label 0 and label 1, such as `table.label_names`.

    Raises:
        TypeError: If `model` is not an LSTMClassifier, or a name is neither a string nor an
            integer.
        ValueError: If a layer was changed, or the number of names does not fit the model.
        OSError: If the file cannot be written; a previous file stays as it is.
    """
    if type(model) is not LSTMClassifier:  # a subclass could not be loaded without its code
        raise TypeError(f"model is a {type(model).__name__}; it must be an LSTMClassifier")
    weights = {name: weight.detach().cpu().clone() for name, weight in model.state_dict().items()}
    arguments = {
        "vocab_size": model.embed.num_embeddings,
        "embed_dim": model.embed.embedding_dim,
        "hidden_size": model.lstm.hidden_size,
        "pooling": model.pooling,
        "packed": model.packed,
    }
    expected = {name: weight.shape for name, weight in _build(arguments).state_dict().items()}
    if {name: weight.shape for name, weight in weights.items()} != expected:
        raise ValueError("model has changed layers; it must be as LSTMClassifier builds it")
    symbols = check_names("symbols", symbols, arguments["vocab_size"] - 1)
    labels = check_names("label_names", label_names, 2)
    about = {"format": FORMAT, "arguments": arguments, "symbols": symbols, "label_names": labels}
    about["sha256"] = _digest(about, weights)
    write_atomically(check_path("path", path), save(weights, {KEY: json.dumps(about)}))


def load_model(path: str | Path) -> SavedModel:
    """Load a model that `save_model` saved; nothing in the file is executed.

    Args:
        path: The file.

    Returns:
        The model, with the saved weights and dtype, and its names.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If the file was not saved by `save_model`, is corrupt, or comes from a newer
            version.
    """
    path = check_path("path", path)
    try:
        with safe_open(path, "pt") as file:
            about = json.loads((file.metadata() or {}).get(KEY, "{}"))
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, ValueError) as error:
        raise ValueError(f"{path} is corrupt or not a safetensors file: {error}") from error
    if "format" not in about:
        raise ValueError(f"{path} has no names of symbols and labels; save models with save_model")
    if about["format"] != FORMAT:
        raise ValueError(f"{path} has format {about['format']}, not {FORMAT}: update the course")
    if about.pop("sha256", None) != _digest(about, weights):
        raise ValueError(f"{path} is corrupt: it does not hold what was saved")
    model = _build(about["arguments"])
    model.load_state_dict(weights, assign=True)
    return SavedModel(model.eval(), tuple(about["symbols"]), tuple(about["label_names"]))


def load_trained_model() -> LSTMClassifier:
    """Load the classifier that comes with the course, trained on the clever casino.

    `python -m tools.train_model` trains it as notebook 04 does.

    Returns:
        The model, in eval mode, in PyTorch's default dtype.

    Example:
        >>> model = load_trained_model()
        >>> streaks = torch.tensor([[6, 5, 6, 4, 5, 6, 1, 2, 1, 3, 1, 2]])
        >>> bool(model(streaks, torch.tensor([12])) > 0)  # a cheat?
        True
    """
    return load_model(WEIGHTS_FILE).model.to(torch.get_default_dtype())


def _build(arguments: dict) -> LSTMClassifier:
    """Build a model without allocating weights or drawing random numbers."""
    with torch.device("meta"):
        return LSTMClassifier(**arguments)


def _digest(about: dict, weights: dict[str, torch.Tensor]) -> str:
    """Return a checksum of everything that is saved."""
    digest = hashlib.sha256(json.dumps(about).encode())
    for name in sorted(weights):
        digest.update(name.encode() + weights[name].view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
