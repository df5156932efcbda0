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
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from benchmarks import large
from benchmarks.data import LENGTHS
from benchmarks.pipelines import PIPELINES, PREDICTORS
from tools.checkout import processor, write_between

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
SIZES, BATCH_SIZES, ROUNDS, MILLIONS = (2_000, 20_000, 200_000), (16, 256), 5, 2_000_000
STEPS = {16: 75, 256: 8}  # at most, an epoch: whole windows of the length sampler
SLOW = {"Keras on torch", "ours fast, compiled"}  # minutes each: with the fewest sequences only
MARKERS = dict(zip(SIZES, [("#0072B2", "o"), ("#D55E00", "s"), ("#CC79A7", "D")], strict=True))
PICTURE = (
    "![Times as fast as the textbook loop, one row a pipeline. The course's padded and fast ways "
    "lie far to the right, near the limit, bare nn.LSTM; the libraries lie around 1.]"
    "(benchmarks.svg)"
)
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
        # A file, as a pipe that nobody reads could fill up.
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed in __exit__)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self.errors}
        environment = {**os.environ, **ONE_THREAD, **QUIET}
        self.process = subprocess.Popen(command, cwd=ROOT, text=True, env=environment, **pipes)
        self.built = self.read()
        self.rounds: list[dict] = []

    def read(self) -> dict:
        """Return the next answer; what else a library prints is passed over."""
        for line in self.process.stdout:
            if line.startswith("> "):
                return json.loads(line[2:])
        status = self.process.wait()
        self.errors.seek(0)
        found = re.findall(r"^\w*(?:Error|Exception): .*$", self.errors.read(), flags=re.M)
        said = f" ({found[-1][:100]})" if found else ""
        return {"skip": f"failed with exit status {status}{said}".replace("|", "/")}

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
        self.errors.close()


def measure(names: Sequence[str], rounds: int, **task: object) -> list[dict]:
    """Let pipelines take turns on one task.

    Args:
        names: Names of the pipelines.
        rounds: Epochs that count, after one that does not.
        task: n, lengths, batch_size, n_steps.

    Returns:
        One row a pipeline: name, version, seconds (all counted ones), loss, start_seconds (wall
        time until its first epoch was over), peak_mb, before_mb; or name and skip, the reason.
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
    first, *counted = worker.rounds
    return {
        **{"name": worker.name, **worker.built},
        "start_seconds": worker.built["build_wall"] + first["wall"],
        "seconds": [answer["seconds"] for answer in counted],
        "loss": counted[-1]["loss"],
        "peak_mb": counted[-1]["peak_mb"],
    }


def medians_of(rows: list[dict]) -> dict[str, float]:
    """Return the median of the CPU seconds of each pipeline that ran."""
    return {r["name"]: statistics.median(r["seconds"]) for r in rows if "skip" not in r}


def table(rows: list[dict], against: str) -> str:
    """Write a table, each median beside that of one pipeline.

    Args:
        rows: What `measure` returned.
        against: Name of the pipeline that the others are compared with.

    Returns:
        Markdown.
    """
    medians = medians_of(rows)
    lines = ["| pipeline | CPU s | lowest to highest | times faster | loss | MB | start s |"]
    lines += ["| --- | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for r in rows:
        if "skip" in r:
            lines.append(f"| {r['name']} | {r['skip']} | | | | | |")
            continue
        spread = f"{min(r['seconds']):.3g} to {max(r['seconds']):.3g}"
        ratio = medians[against] / medians[r["name"]]
        loss = "" if r["loss"] != r["loss"] else f"{r['loss']:.3f}"  # NaN: it computes none
        lines.append(
            f"| {r['name']} | {medians[r['name']]:.3g} | {spread} | {ratio:.2f} | {loss} "
            f"| {r['peak_mb']:.0f} | {r['start_seconds']:.1f} |"
        )
    return "\n".join(lines)


def draw(results: list[tuple[dict, list[dict]]], against: str, path: Path) -> None:
    """Draw how many times faster than one pipeline the others are, one panel a batch size.

    Args:
        results: Tasks, and what `measure` returned for each.
        against: Name of the pipeline that counts as 1.
        path: Where to write the SVG.
    """
    figure, axes = plt.subplots(1, len(BATCH_SIZES), figsize=(9.5, 4.2), sharey=True)
    names = [r["name"] for r in results[0][1] if r["name"] != against][::-1]
    for ax, batch_size in zip(axes, BATCH_SIZES, strict=True):
        for task, rows in results:
            if task["batch_size"] == batch_size:
                draw_task(ax, task, rows, against, names)
        ax.axvline(1, color="#555555", linestyle=":")
        ax.set(xscale="log", title=f"batches of {batch_size}", xlabel=f"times as fast as {against}")
        ax.set(yticks=range(len(names)), yticklabels=names, xticks=[0.2, 0.5, 1, 2, 5, 10, 20])
        ax.xaxis.set_major_formatter("{x:g}")
        ax.minorticks_off()
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=3, bbox_to_anchor=(0.5, -0.12))
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)


def draw_task(ax: Axes, task: dict, rows: list[dict], against: str, names: list[str]) -> None:
    """Draw one task: a filled marker for lengths 5 to 60, an open one for heavy-tailed ones."""
    medians = medians_of(rows)
    known = [name for name in names if name in medians]
    found = [(medians[against] / medians[name], names.index(name)) for name in known]
    color, marker = MARKERS.get(task["n"], ("#555555", "x"))
    face = color if task["lengths"] == LENGTHS[0] else "none"
    label = f"{task['n']:,} of {task['lengths']}"
    style = {"marker": marker, "edgecolor": color, "facecolor": face, "label": label}
    ax.scatter(*zip(*found, strict=True), **style)


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


def tasks(sizes: Sequence[int], kinds: Sequence[str]) -> list[dict]:
    """List what every pipeline trains on: kind of lengths, batch size, sequences and steps."""
    return [
        {"lengths": kind, "batch_size": size, "n": n, "n_steps": min(STEPS[size], -(-n // size))}
        for kind in kinds
        for size in BATCH_SIZES
        for n in sizes
    ]


def train_all(task: dict, options: argparse.Namespace) -> list[dict]:
    """Let the pipelines train on one task."""
    left_out = SLOW if task["n"] > min(options.sizes) else set()
    names = [name for name in options.pipelines if name not in left_out]
    return measure(names, options.rounds, **task)


def part(task: dict, rows: list[dict], what: str) -> str:
    """Print the table of one task under a title, and return both."""
    against = next(r["name"] for r in rows if "skip" not in r)
    title = "### {what} {n:,} sequences of {lengths} symbols, batches of {batch_size}"
    text = f"{title.format(what=what, **task)}\n\n{table(rows, against)}"
    print(text, flush=True)
    return text


def more(options: argparse.Namespace) -> list[str]:
    """Measure what is no training on some sequences: millions of them, and predictions."""
    task = {"n": MILLIONS, "lengths": LENGTHS[0], "batch_size": 16, "n_steps": STEPS[16]}
    rows = measure(["ours as taught", "ours fast"], options.rounds, **task)
    texts = [part(task, rows, f"{STEPS[16]} training steps on")]
    texts.append(f"### A data set of {MILLIONS:,} sequences\n\n{large.table(MILLIONS)}")
    print(texts[-1], flush=True)
    task = {"n": max(options.sizes), "lengths": LENGTHS[0], "batch_size": 256, "n_steps": 0}
    rows = measure(list(PREDICTORS), options.rounds, **task)
    return [*texts, part(task, rows, "Prediction of")]


def main() -> None:
    """Measure every task and print its table as soon as it is there."""
    options = arguments()
    if options.quick:
        options.sizes = options.sizes[:1]
    results, parts = [], []
    for task in tasks(options.sizes, LENGTHS[:1] if options.quick else LENGTHS):
        results.append((task, train_all(task, options)))
        parts.append(part(*results[-1], f"{task['n_steps']} training steps on"))
    if not options.quick:
        parts += more(options)
    print(about())
    if options.write:
        draw(results, options.pipelines[0], PAGE.with_suffix(".svg"))
        write_between(PAGE, "benchmarks", "\n\n".join([about(), PICTURE, *parts]))


if __name__ == "__main__":
    main()
