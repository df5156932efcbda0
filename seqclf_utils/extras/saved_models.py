"""Hand out a classifier that is trained already, for notebooks that want one before they build it.

`python -m tools.train_model` trains it as notebook 04 does. The file holds numbers only: reading it
runs no code.
"""

import zipfile
import zlib
from os import PathLike
from pathlib import Path

import numpy as np
import torch

from seqclf_utils.model import LSTMClassifier
from seqclf_utils.validation import shorten

LARGEST = np.finfo(np.float32).max  # what does not fit into the model would become infinite
WEIGHTS_FILE = Path(__file__).resolve().parents[1] / "weights" / "clever_last.npz"
# What NumPy raises for a file that is cut off, altered, or no archive of arrays at all.
DAMAGE = (
    ValueError,
    AttributeError,
    TypeError,
    KeyError,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)


def load_trained_model(path: str | PathLike = WEIGHTS_FILE) -> LSTMClassifier:
    """Build a classifier that was trained to see through the clever cheat.

    Args:
        path: File of weights, one array a name of the model's `state_dict`.

    Returns:
        The model, ready to predict (eval mode, padded batches), in PyTorch's default dtype.

    Raises:
        TypeError: If `path` is no file name.
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, holds anything but numbers, or another model.

    Example:
        >>> model = load_trained_model()
        >>> streaks = torch.tensor([[6, 5, 6, 4, 5, 6, 1, 2, 1, 3, 1, 2]])
        >>> bool(model(streaks, torch.tensor([12])) > 0)  # a cheat?
        True
    """
    if not isinstance(path, str | PathLike):
        raise TypeError(f"path is {shorten(path)}; it must be the name of a file")
    with torch.random.fork_rng(devices=[]):  # the reader's random numbers stay as they were
        model = LSTMClassifier(packed=False)
    weights = _read_weights(Path(path))
    _check_weights(path, weights, model)
    # As float64 of this machine's byte order, which PyTorch can always read.
    tensors = {name: torch.from_numpy(array.astype(float)) for name, array in weights.items()}
    model.load_state_dict(tensors)
    return model.eval()


def _read_weights(path: Path) -> dict[str, np.ndarray]:
    """Read all arrays of an npz file; refuse whatever is not plain numbers."""
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; it should hold the weights. {_repair()}")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: np.asarray(arrays[name]) for name in arrays.files}
    except DAMAGE as error:
        reason = f"{path} is damaged or no file of weights: {error}"
        raise ValueError(f"{reason.rstrip('.')}. {_repair()}") from error


def _check_weights(path: Path, weights: dict[str, np.ndarray], model: LSTMClassifier) -> None:
    """Compare names, shapes and numbers with what the model needs."""
    shapes = {name: tuple(weight.shape) for name, weight in model.state_dict().items()}
    problems = [f"{name} is missing" for name in shapes if name not in weights]
    problems += [f"{name} is unknown" for name in weights if name not in shapes]
    for name in shapes.keys() & weights.keys():
        array = weights[name]
        if array.shape != shapes[name]:
            problems.append(f"{name} has shape {array.shape}; it must be {shapes[name]}")
        elif not (np.issubdtype(array.dtype, np.floating) and (abs(array) <= LARGEST).all()):
            problems.append(f"{name} must hold finite floats")
    if problems:
        raise ValueError(f"{path} does not fit the model: {'; '.join(problems)}. {_repair()}")


def _repair() -> str:
    """Say how to get the file back."""
    return "To make it again: python -m tools.train_model (half a minute)"
