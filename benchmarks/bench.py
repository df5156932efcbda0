"""How fast is the course's pipeline, beside others? python course.py bench [--write] [--quick].

Every pipeline trains the same small classifier on the same sequences, in a process of its own and
on one thread. They take turns, epoch by epoch, so that a machine that slows down slows all of them;
what counts is the median of the CPU seconds. Libraries that are not installed are left out:
pip install skorch lightning fastai keras tensorflow adds them.
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.data import LENGTHS
from benchmarks.pipelines import PIPELINES, PREDICTORS
from tools.checkout import processor, write_between

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
SIZES, BATCH_SIZES, ROUNDS, STEPS = (2_000, 20_000, 200_000), (16, 256), 5, 125
# For every library that might use more: OpenMP's (PyTorch, NumPy) and TensorFlow's.
ONE_THREAD = dict.fromkeys(
    ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"], "1"
)
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore", "CUDA_VISIBLE_DEVICES": ""}


class Worker:
    """A process with one pipeline.

    Args:
        name: Its name in the table.
        task: What it trains on: n, lengths, batch_size, n_steps.
    """

    def __init__(self, name: str, **task: object) -> None:
        self.name = name
        command = [sys.executable, "-m", "benchmarks.worker", json.dumps({"name": name, **task})]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        environment = {**os.environ, **ONE_THREAD, **QUIET}
        self.process = subprocess.Popen(command, cwd=ROOT, text=True, env=environment, **pipes)
        self.built = self.read()
        self.rounds: list[dict] = []

    def read(self) -> dict:
        """Return the next answer; what else a library prints is passed over."""
        for line in self.process.stdout:
            if line.startswith("> "):
                return json.loads(line[2:])
        return {"skip": f"failed with exit status {self.process.wait()}"}

    def train(self) -> None:
        """Ask for one epoch, unless it failed before."""
        if self.rounds and "skip" in self.rounds[-1]:
            return
        with suppress(BrokenPipeError):  # it failed: reading says so
            self.process.stdin.write("epoch\n")
            self.process.stdin.flush()
        self.rounds.append(self.read())

    def __enter__(self) -> "Worker":
        """Return the worker."""
        return self

    def __exit__(self, *error: object) -> None:
        """End the process."""
        self.process.kill()
        with suppress(BrokenPipeError):
            self.process.communicate()


def measure(names: Sequence[str], rounds: int, **task: object) -> list[dict]:
    """Let pipelines take turns on one task.

    Args:
        names: Names of the pipelines.
        rounds: Epochs that count, after one that does not.
        task: n, lengths, batch_size, n_steps.

    Returns:
        One row a pipeline: name, version, seconds (all counted ones), loss, build_seconds, peak_mb
        and before_mb; or name and skip, the reason.
    """
    with ExitStack() as stack:
        workers = [stack.enter_context(Worker(name, **task)) for name in names]
        running = [worker for worker in workers if "skip" not in worker.built]
        for _ in range(rounds + 1):
            for worker in running:
                worker.train()
        return [row(worker) for worker in workers]


def row(worker: Worker) -> dict:
    """Gather what a worker found."""
    answers = [worker.built, *worker.rounds]
    if reasons := [answer["skip"] for answer in answers if "skip" in answer]:
        return {"name": worker.name, "skip": reasons[0]}
    counted = worker.rounds[1:]
    return {
        **{"name": worker.name, **worker.built},
        "seconds": [answer["seconds"] for answer in counted],
        "loss": counted[-1]["loss"],
        "peak_mb": counted[-1]["peak_mb"],
    }


def table(rows: list[dict], against: str) -> str:
    """Write a table, each median beside that of one pipeline.

    Args:
        rows: What `measure` returned.
        against: Name of the pipeline that the others are compared with.

    Returns:
        Markdown.
    """
    medians = {r["name"]: statistics.median(r["seconds"]) for r in rows if "skip" not in r}
    lines = ["| pipeline | CPU s | lowest to highest | how many times faster | loss | MB |"]
    lines += ["| --- | ---: | ---: | ---: | ---: | ---: |"]
    for r in rows:
        if "skip" in r:
            lines.append(f"| {r['name']} | {r['skip']} | | | | |")
            continue
        spread = f"{min(r['seconds']):.3g} to {max(r['seconds']):.3g}"
        ratio = medians[against] / medians[r["name"]]
        loss = "" if r["loss"] != r["loss"] else f"{r['loss']:.3f}"  # NaN: it computes none
        lines.append(
            f"| {r['name']} | {medians[r['name']]:.3g} | {spread} | {ratio:.2f} | {loss} "
            f"| {r['peak_mb']:.0f} |"
        )
    return "\n".join(lines)


def about() -> str:
    """Say when, on what and with which versions the figures were made."""
    installed = {}
    for package in [
        "tensorflow",
        "tensorflow-cpu",
        *(package for _, package in PIPELINES.values()),
    ]:
        with suppress(PackageNotFoundError):
            installed[package] = version(package)
    versions = ", ".join(f"{name} {number}" for name, number in sorted(installed.items()))
    return (
        f"{datetime.date.today()}, {processor()}, {platform.system()}, "
        f"Python {platform.python_version()}, {versions}; one thread."
    )


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="course.py bench", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--quick", action="store_true", help="2,000 sequences of 5 to 60 only")
    parser.add_argument("--pipelines", nargs="+", choices=PIPELINES, default=list(PIPELINES))
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES, help="sequences")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="epochs that count")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/")
    return parser.parse_args()


def main() -> None:
    """Measure every task and print its table as soon as it is there."""
    options = arguments()
    sizes = options.sizes[:1] if options.quick else options.sizes
    tasks = [
        {"lengths": lengths, "batch_size": batch_size, "n": n}
        for lengths in (LENGTHS[:1] if options.quick else LENGTHS)
        for batch_size in BATCH_SIZES
        for n in sizes
    ]
    parts = []
    for task in tasks:
        n_steps = min(STEPS, -(-task["n"] // task["batch_size"]))
        rows = measure(options.pipelines, options.rounds, n_steps=n_steps, **task)
        title = "### {n:,} sequences of {lengths} symbols, batches of {batch_size}".format(**task)
        against = next(r["name"] for r in rows if "skip" not in r)
        parts.append(f"{title}, {n_steps} steps\n\n{table(rows, against)}")
        print(parts[-1], flush=True)
    if not options.quick:
        task = {"n": max(sizes), "lengths": LENGTHS[0], "batch_size": 256, "n_steps": 0}
        predicted = measure(list(PREDICTORS), options.rounds, **task)
        title = f"### Prediction of {max(sizes):,} sequences of {LENGTHS[0]} symbols"
        parts.append(f"{title}, batches of 256\n\n{table(predicted, 'packed')}")
        print(parts[-1], flush=True)
    parts = [about(), *parts]
    print(parts[0])
    if options.write:
        write_between(PAGE, "benchmarks", "\n\n".join(parts))


if __name__ == "__main__":
    main()
