"""Keep a training run in a file, so that it can go on after the computer was switched off."""

import copy
import io
import math
import os
import zipfile
from collections.abc import Callable, Iterable, Mapping
from operator import length_hint
from pathlib import Path
from typing import Any

import torch

from seqclf_utils.extras.files import can_be_name, write_atomically
from seqclf_utils.reproducibility import random_state, set_random_state
from seqclf_utils.validation import shorten

FORMAT = "seqclf training run, version 1"
ADVICE = "Name another file to begin a new run, or delete this one"


class Checkpoint:
    """A file that holds a training run as it was after its last finished epoch.

    The file has everything that training goes on from: weights, the optimizer's running means, what
    early stopping remembers, the losses, and where all random numbers stand. It is read with
    `weights_only=True`, so nothing in a file that somebody sent you can run code (PyTorch
    documentation, *torch.load*).

    Args:
        path: The file; None keeps nothing.
        model: The model, as it is before training.
        optimizer: Its optimizer.
        stopper: The `EarlyStopping` of the run.
        loaders: The data loaders, whose shuffles must go on as well.

    Raises:
        TypeError: If `path` is neither None nor a path.
        ValueError: If it cannot be the name of a file, or is a folder.
    """

    def __init__(
        self,
        path: str | os.PathLike | None,
        model: torch.nn.Module,
        optimizer: torch.optim.Optimizer,
        stopper: Any,
        loaders: Iterable,
    ) -> None:
        self.path = None if path is None else _check_path(path)
        self.model, self.optimizer, self.stopper = model, optimizer, stopper
        self.loaders = list(loaders)

    def save(self, losses: list[tuple[int, float, float]]) -> None:
        """Write the run into the file, all or nothing.

        Args:
            losses: One row an epoch: epoch, training loss, validation loss.

        Raises:
            OSError: If the file cannot be written; the one before stays whole.
        """
        if self.path is None:
            return
        run = {
            "format": FORMAT,
            "losses": losses,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "stopper": vars(self.stopper),
            "batches": self._count_batches(),
            "random": random_state(self.loaders),
        }
        content = io.BytesIO()
        torch.save(run, content)
        write_atomically(self.path, content.getvalue())

    def load(self, max_epochs: int, measure: Callable[[], float]) -> list[tuple[int, float, float]]:
        """Go on from the file; begin it if there is none.

        Args:
            max_epochs: Most epochs that the run may have; the file must not hold more.
            measure: Returns the validation loss of the model as it is. The stored weights must
                give the stored loss, or the file is another model's or another data set's.

        Returns:
            The losses so far, one row an epoch; empty at the beginning.

        Raises:
            OSError: If the file cannot be read or written.
            ValueError: If it is damaged or not this run's. Model and file are as they were.
        """
        if self.path is None:
            return []
        if not self.path.exists():
            self.save([])  # a folder that is missing or full is noticed now, not an epoch later
            return []
        run = _read(self.path)
        before = copy.deepcopy(self.model.state_dict())
        try:
            self._take_over(run)
            _compare("number of losses", len(run["losses"]), self.stopper.epoch)
            if len(run["losses"]) > max_epochs:
                _compare("number of epochs", len(run["losses"]), f"at most {max_epochs}")
            self._compare_losses(run["losses"], measure)
            set_random_state(run["random"], self.loaders)
        except BaseException as error:
            self.model.load_state_dict(before)
            if not isinstance(error, Exception):
                raise
            reason = str(error) or type(error).__name__
            message = f"checkpoint {self.path} is of another run: {reason}. {ADVICE}"
            raise ValueError(message) from error
        print(f"Going on after epoch {len(run['losses'])}, from {self.path.name}.")
        return run["losses"]

    def _count_batches(self) -> list[int]:
        """Return the number of batches of each loader, 0 where it does not know."""
        return [length_hint(loader) for loader in self.loaders]

    def _take_over(self, run: dict[str, Any]) -> None:
        """Compare the run in the file with this one, and put its state into the parts of this."""
        _compare_weights(run["model"], self.model.state_dict())
        settings, stored = self.optimizer.state_dict(), run["optimizer"]["param_groups"]
        for group, stored_group in zip(settings["param_groups"], stored, strict=True):
            _compare("learning_rate", stored_group["lr"], group["lr"])
        _compare("number of batches", run["batches"], self._count_batches())
        stopper = dict(run["stopper"])
        if stopper.pop("patience") > self.stopper.patience:
            _compare("patience", run["stopper"]["patience"], self.stopper.patience)
        self.model.load_state_dict(run["model"])
        self.optimizer.load_state_dict(run["optimizer"])
        vars(self.stopper).update(stopper)

    def _compare_losses(self, losses: list, measure: Callable[[], float]) -> None:
        """Check that the weights of the file have the loss that it names."""
        if losses:
            stored, measured = losses[-1][2], measure()
            if not math.isclose(stored, measured, rel_tol=1e-3):
                _compare("validation loss", f"{stored:.4f}", f"{measured:.4f}")


def _check_path(path: str | os.PathLike) -> Path:
    """Check that a file could have this name."""
    name = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    allowed = "it must be the path of a file, or None"
    if not isinstance(name, str):
        raise TypeError(f"checkpoint is {shorten(path)}; {allowed}")
    if not name or not can_be_name(name):
        raise ValueError(f"checkpoint is {shorten(name)}; {allowed}")
    if Path(name).is_dir():
        raise ValueError(f"checkpoint is the folder {shorten(name)}; {allowed}")
    return Path(name)


def _read(path: Path) -> dict[str, Any]:
    """Read a file that `save` wrote, without running anything that may be in it."""
    content = io.BytesIO(path.read_bytes())
    try:
        with zipfile.ZipFile(content) as archive:  # torch.load does not notice altered numbers
            is_whole = archive.testzip() is None
        content.seek(0)
        run = torch.load(content, map_location="cpu", weights_only=True)
        is_run = is_whole and run["format"] == FORMAT
    except Exception as error:  # whatever torch.load raises for bytes that are not its own
        raise ValueError(f"checkpoint {path} is damaged or no training run. {ADVICE}") from error
    if not is_run:
        raise ValueError(f"checkpoint {path} is damaged or of another version. {ADVICE}")
    return run


def _compare_weights(stored: Mapping, expected: Mapping) -> None:
    """Check that two state_dicts have the same names, shapes and dtypes."""
    shapes = [{n: (tuple(w.shape), w.dtype) for n, w in s.items()} for s in (stored, expected)]
    for name in sorted(shapes[0].keys() | shapes[1].keys()):
        _compare(name, shapes[0].get(name), shapes[1].get(name))


def _compare(name: str, stored: object, expected: object) -> None:
    """Check that a setting is the one in the file."""
    if stored != expected:
        raise ValueError(f"{name} is {stored} there, and {expected} here")
