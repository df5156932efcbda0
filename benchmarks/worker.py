"""Run each pipeline in its own process, which trains on request and measures its peak memory.

asv and pyperf run one benchmark after another. Here, the pipelines take turns, epoch by epoch, so
that a slowdown of the machine affects all of them equally.
"""

import multiprocessing
import resource
import sys
import time
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from multiprocessing.connection import Connection

from benchmarks.data import make_data
from benchmarks.pipelines import PACKAGES, PIPELINES


def peak_mb() -> float:
    """Return the peak memory of this process in MB."""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes on macOS, kilobytes on Linux
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def work(pipe: Connection, name: str, task: dict) -> None:
    """Build a pipeline, train on each request, and send back the result or the error.

    Args:
        pipe: Receives requests and sends answers.
        name: Name of the pipeline.
        task: n (number of sequences), lengths, batch_size and n_steps.
    """
    try:
        installed = version(PACKAGES.get(name, "torch"))
        if PACKAGES.get(name) != "keras":
            import torch

            torch.set_num_threads(1)
            torch.manual_seed(0)
        sequences, labels = make_data(task["n"], task["lengths"])
        epoch = PIPELINES[name](sequences, labels, task["batch_size"], task["n_steps"])
        pipe.send({"version": installed})
        while pipe.recv():
            started = time.process_time()
            loss = epoch()
            seconds = time.process_time() - started
            pipe.send({"seconds": seconds, "loss": loss, "peak_mb": peak_mb()})
    except PackageNotFoundError as error:
        pipe.send({"skip": f"{error.name} is not installed"})
    except Exception as error:
        pipe.send({"skip": f"{type(error).__name__}: {error}"[:100].replace("|", "/")})


class Worker:
    """A process with one pipeline.

    Args:
        name: The pipeline.
        task: See `work`.
    """

    def __init__(self, name: str, task: dict) -> None:
        self.name = name
        self.pipe, other = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")
        self.process = context.Process(target=work, args=(other, name, task), daemon=True)
        self.process.start()
        other.close()  # so that reading fails when the process ends
        self.answers = [self.read()]

    def read(self) -> dict:
        """Return the next answer."""
        try:
            return self.pipe.recv()
        except EOFError:
            return {"skip": "the process ended"}

    def train(self) -> None:
        """Request one epoch, unless the worker has already failed."""
        if "skip" not in self.answers[-1]:
            with suppress(BrokenPipeError):  # read reports that the process has ended
                self.pipe.send(True)
            self.answers.append(self.read())

    def row(self) -> dict:
        """Return name, version, seconds, loss and peak_mb; after an error, only name and skip."""
        first, *epochs = self.answers
        if "skip" in self.answers[-1]:
            return {"name": self.name, "skip": self.answers[-1]["skip"]}
        seconds = [epoch["seconds"] for epoch in epochs[1:]]  # the first epoch is a warm-up
        return {"name": self.name} | first | epochs[-1] | {"seconds": seconds}


def measure(names: list[str], rounds: int, **task: object) -> list[dict]:
    """Measure pipelines on one task; the pipelines take turns.

    Args:
        names: The pipelines.
        rounds: Measured epochs, after one warm-up epoch.
        task: See `work`.

    Returns:
        One row for each pipeline: see `Worker.row`.
    """
    workers = [Worker(name, task) for name in names]
    for _ in range(rounds + 1):
        for worker in workers:
            worker.train()
    for worker in workers:
        worker.process.kill()
    return [worker.row() for worker in workers]
