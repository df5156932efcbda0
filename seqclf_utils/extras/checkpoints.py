"""Save and resume training."""

import contextlib
import copy
import hashlib
import io
import math
import random
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from os import PathLike
from typing import Any

import numpy as np
import torch

from seqclf_utils.extras.files import check_path, write_atomically
from seqclf_utils.validation import check_count

FORMAT = "seqclf training run, version 2"
ADVICE = "Name another file to start a new run"
N_HASHED = 1_000  # batches of each loader; hashing makes at most one pass over the data


@dataclass
class Checkpoint:
    """A file that holds a training run as it was after its last finished epoch.

    It stores everything that a resumed run needs to end exactly as an uninterrupted run would:
    weights, optimizer state, early stopping, losses and RNG states. It also stores what identifies
    the run: initial weights (shapes, dtypes and norms), settings, and a hash of the first 1,000
    batches of each loader, in the order of the first epoch. These batches cover a small data set.
    If a large data set is shuffled, they are a random sample of it. A different run is not resumed.

    Files are read with `weights_only=True`, so that no file can run code (PyTorch documentation,
    *torch.load*).

    Args:
        path: The file; None saves nothing.
        model: The model, before training.
        optimizer: The model's optimizer.
        stopper: The `EarlyStopping` of the run.
        loaders: The data loaders, of any kind that can be iterated more than once.

    Raises:
        TypeError: If `path` is neither None nor a path.
        ValueError: If `path` is a folder.
    """

    path: str | PathLike | None
    model: torch.nn.Module
    optimizer: torch.optim.Optimizer
    stopper: Any
    loaders: Sequence[Iterable]

    def __post_init__(self) -> None:
        """Check the path before anything is computed."""
        self.path = None if self.path is None else check_path("checkpoint", self.path)

    @cached_property
    def origin(self) -> dict[str, object]:
        """What identifies this run; computed at the first `save` or `load`, before training."""
        return {
            **_describe(self.model.state_dict()),
            "hash of the data": _hash_data(self.loaders),
            "learning_rate": self.optimizer.param_groups[0]["lr"],
            "min_delta": self.stopper.min_delta,
        }

    def save(self, losses: list[tuple[int, float, float]]) -> None:
        """Write the run to the file, atomically.

        Args:
            losses: One row per epoch: epoch, training loss, validation loss.

        Raises:
            OSError: If the file cannot be written; the previous file stays intact.
        """
        if self.path is None:
            return
        run = {
            "format": FORMAT,
            "origin": self.origin,
            "losses": losses,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "stopper": vars(self.stopper),
            "rng": get_rng_state(self.loaders),
        }
        content = io.BytesIO()
        torch.save(run, content)
        write_atomically(self.path, content.getvalue())

    def load(self, max_epochs: int, measure: Callable[[], float]) -> list[tuple[int, float, float]]:
        """Resume the run from the file, or create the file if there is none.

        Args:
            max_epochs: Maximum number of epochs, at least the number in the file.
            measure: Returns the model's validation loss. The stored weights must reproduce the
                stored loss, up to rounding on a different machine.

        Returns:
            The losses so far, one row per epoch; empty at the start of a run.

        Raises:
            OSError: If the file cannot be read or written.
            ValueError: If the file is corrupt or from a different run. The model and the file stay
                unchanged.
        """
        if self.path is None or not self.path.exists():
            self.save([])  # a missing folder or a full disk raises an error now, not an epoch later
            return []
        run, stopper = self._read(), self.stopper
        self._compare(run, max_epochs, measure)
        self.model.load_state_dict(run["model"])
        self.optimizer.load_state_dict(run["optimizer"])
        vars(stopper).update(run["stopper"], patience=stopper.patience)
        set_rng_state(run["rng"], self.loaders)
        last_epoch = min(max_epochs, stopper.best_epoch + stopper.patience)
        state = "Resuming" if stopper.epoch < last_epoch else "Already finished"
        if stopper.epoch:
            print(f"{state} after epoch {stopper.epoch}, from {self.path.name}.")
        return run["losses"]

    def _read(self) -> dict[str, Any]:
        """Read a file that `save` wrote, without running any code in it."""
        content = io.BytesIO(self.path.read_bytes())
        with contextlib.suppress(Exception), zipfile.ZipFile(content) as archive:
            is_whole = archive.testzip() is None  # torch.load does not check the CRC
            content.seek(0)
            run = torch.load(content, map_location="cpu", weights_only=True)
            if is_whole and run["format"] == FORMAT:
                return run
        raise ValueError(f"checkpoint {self.path} is corrupt or not a checkpoint. {ADVICE}")

    def _compare(self, run: dict[str, Any], max_epochs: int, measure: Callable[[], float]) -> None:
        """Check that the file holds this run; `max_epochs` and `patience` may now be larger."""
        stored, here, stopper = run["origin"], self.origin, run["stopper"]
        # A model that is still in memory has the best weights of its run, not the initial ones.
        best = stored | _describe(stopper["best_weights"] or {})
        for name in stored | here:
            is_same = here.get(name) in (stored.get(name), best.get(name))
            self._require(is_same, name, stored.get(name), here.get(name))
        check_count(f"patience for {self.path}", self.stopper.patience, minimum=stopper["patience"])
        check_count(f"max_epochs for {self.path}", max_epochs, minimum=stopper["epoch"])
        if run["losses"]:
            loss, measured = run["losses"][-1][2], self._measure(run["model"], measure)
            is_same = math.isclose(loss, measured, rel_tol=1e-3)
            self._require(is_same, "validation loss", loss, measured)
        self.origin = stored

    def _measure(self, weights: Mapping, measure: Callable[[], float]) -> float:
        """Measure the loss of the stored weights, and restore the model's own weights."""
        before = copy.deepcopy(self.model.state_dict())
        self.model.load_state_dict(weights)
        try:
            return measure()
        finally:
            self.model.load_state_dict(before)

    def _require(self, is_same: bool, name: str, stored: object, here: object) -> None:
        """Refuse the file unless a property of the run equals the stored one."""
        if not is_same:
            difference = f"{name} is {stored} in the file and {here} here"
            raise ValueError(f"checkpoint {self.path} is from another run: {difference}. {ADVICE}")


def _describe(weights: Mapping) -> dict[str, str]:
    """Describe initial weights, with norms to 4 digits, because CPUs round differently."""
    return {
        f"initial {name}": f"{tuple(w.shape)} {w.dtype} with norm {w.cpu().double().norm():.4g}"
        for name, w in weights.items()
    }


def _hash_data(loaders: Iterable) -> str:
    """Hash the first batches of each loader as in the first epoch; restore the RNG states."""
    before, digest = get_rng_state(loaders), hashlib.sha256()
    for generator in _generators(loaders):
        generator.manual_seed(generator.initial_seed())  # back to the first shuffle
    for loader in loaders:
        for part in chain.from_iterable(islice(loader, N_HASHED)):
            digest.update(torch.as_tensor(part).detach().cpu().double().numpy().tobytes())
    set_rng_state(before, loaders)
    return digest.hexdigest()[:8]


def get_rng_state(loaders: Iterable = ()) -> dict[str, Any]:
    """Return the RNG states of Python, NumPy, PyTorch, the GPUs and the data loaders.

    Args:
        loaders: Data loaders, whose own generators are included.

    Returns:
        Numbers, tuples and tensors that `set_rng_state` accepts.

    Example:
        >>> state = get_rng_state()
        >>> first = torch.rand(1)
        >>> set_rng_state(state)
        >>> bool(torch.rand(1) == first)
        True
    """
    name, keys, *rest = np.random.get_state()
    return {
        "python": random.getstate(),
        "numpy": (name, keys.tolist(), *rest),
        "torch": [generator.get_state() for generator in _generators(loaders)],
        "mps": torch.mps.get_rng_state() if torch.backends.mps.is_available() else None,
    }


def set_rng_state(state: dict[str, Any], loaders: Iterable = ()) -> None:
    """Restore RNG states; skip those of GPUs that this machine lacks.

    Args:
        state: What `get_rng_state` returned.
        loaders: Data loaders built like those that were passed to `get_rng_state`.
    """
    random.setstate(state["python"])
    np.random.set_state(state["numpy"])
    for generator, stored in zip(_generators(loaders), state["torch"], strict=False):
        generator.set_state(stored)
    if state["mps"] is not None and torch.backends.mps.is_available():
        torch.mps.set_rng_state(state["mps"])


def _generators(loaders: Iterable) -> list[torch.Generator]:
    """List each generator once: PyTorch's own, those inside loaders, and finally those of GPUs."""
    parts = [torch.default_generator, *loaders]
    for part in parts:  # the list grows during the loop
        for name in ("loader", "sampler", "batch_sampler", "generator"):
            inner = getattr(part, name, None)
            if inner is not None and not any(inner is each for each in parts):
                parts.append(inner)
    found = [part for part in parts if isinstance(part, torch.Generator)]
    return [*found, *torch.cuda.default_generators]
