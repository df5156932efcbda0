"""Compare the pipeline's speed with that of other libraries: nox -s bench [-- --quick].

Each pipeline trains the same small classifier on the same sequences, in its own process and on one
thread. The result is the median CPU time of a training step. Libraries that are not installed are
skipped; to include them, run pip install skorch lightning fastai keras tensorflow.
"""

import argparse
import datetime
import os
import platform
import re
import statistics
from importlib.metadata import version
from pathlib import Path

from benchmarks.data import LENGTHS
from benchmarks.pipelines import PACKAGES, PREDICTION, TRAINING
from benchmarks.worker import measure

FIGURE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.svg"
STEPS = {16: 75, 256: 8}  # per epoch, for each batch size
# Limits the threads of OpenMP (PyTorch, NumPy), MKL and TensorFlow.
ONE_THREAD = dict.fromkeys(
    ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"], "1"
)
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore", "CUDA_VISIBLE_DEVICES": ""}
STYLES = [("#0072B2", "o"), ("#D55E00", "s"), ("#CC79A7", "D"), ("#555555", "x")]


def ratios(rows: list[dict]) -> dict[str, float]:
    """Return the speed of each pipeline relative to the first pipeline that ran."""
    medians = {r["name"]: statistics.median(r["seconds"]) for r in rows if "skip" not in r}
    first = next(iter(medians.values()))
    return {name: first / median for name, median in medians.items()}


def table(rows: list[dict], n_steps: int) -> str:
    """Format the results of `measure` as a Markdown table.

    Args:
        rows: One row for each pipeline.
        n_steps: Steps per epoch, by which times are divided.

    Returns:
        A table of milliseconds per step, relative speed, loss and peak memory.
    """
    faster = ratios(rows)
    lines = ["| pipeline | ms | lowest to highest | times as fast | loss | MB |"]
    lines.append("| --- | ---: | ---: | ---: | ---: | ---: |")
    for r in rows:
        if "skip" in r:
            lines.append(f"| {r['name']} | {r['skip']} | | | | |")
            continue
        ms = sorted(1000 * seconds / n_steps for seconds in r["seconds"])
        cells = [f"{statistics.median(ms):.3g}", f"{ms[0]:.3g} to {ms[-1]:.3g}"]
        cells += [f"{faster[r['name']]:.2f}", f"{r['loss']:.3f}", f"{r['peak_mb']:.0f}"]
        name = f"{r['name']} {r['version']}" if r["name"] in PACKAGES else r["name"]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def draw(results: list[tuple[str, list[dict]]], path: Path) -> None:
    """Plot the relative speed of the pipelines, with one marker per task.

    Args:
        results: Title and rows of each task.
        path: Where to write the SVG.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    ax = figure.subplots()
    names = [r["name"] for r in results[0][1]][::-1]
    for (title, rows), (color, marker) in zip(results, STYLES, strict=False):
        found = ratios(rows)
        places = [names.index(name) for name in found]
        ax.scatter(found.values(), places, color=color, marker=marker, label=title)
    ax.axvline(1, color="#555555", linestyle=":")
    ax.set(xscale="log", xlabel=f"times as fast as the {names[-1]}")
    ax.set(yticks=range(len(names)), yticklabels=names, xticks=[0.5, 1, 2, 5, 10, 20])
    ax.xaxis.set_major_formatter("{x:g}")
    ax.minorticks_off()
    figure.legend(loc="outside lower center", ncols=2)
    figure.savefig(path, metadata={"Date": None})


def about() -> str:
    """Describe a measurement by its date, processor and versions."""
    cpu = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", cpu.read_text("utf-8") if cpu.exists() else "")
    machine = names[0] if names else platform.processor()
    versions = f"Python {platform.python_version()}, torch {version('torch')}"
    return f"{datetime.date.today()}, {machine}, {platform.system()}, {versions}, one thread"


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one task of four, no prediction")
    parser.add_argument("--pipelines", nargs="+", choices=TRAINING, default=list(TRAINING))
    parser.add_argument("--n", type=int, default=20_000, help="number of sequences")
    parser.add_argument("--rounds", type=int, default=5, help="epochs that count")
    parser.add_argument("--draw", action="store_true", help=f"rewrite docs/{FIGURE.name}")
    return parser.parse_args()


def main() -> None:
    """Measure each task and print its table."""
    options = arguments()
    os.environ.update(ONE_THREAD | QUIET)
    tasks = [(lengths, batch_size) for lengths in LENGTHS for batch_size in STEPS]
    results = []
    print(about(), end="\n\n", flush=True)
    for lengths, size in tasks[:1] if options.quick else tasks:
        title = f"{lengths} symbols, batches of {size}"
        task = {"n": options.n, "lengths": lengths, "batch_size": size, "n_steps": STEPS[size]}
        results.append((title, measure(options.pipelines, options.rounds, **task)))
        print(f"### {title}\n\n{table(results[-1][1], STEPS[size])}\n", flush=True)
    if options.draw:
        draw(results, FIGURE)
    if not options.quick:
        task = {"n": 10 * options.n, "lengths": LENGTHS[0], "batch_size": 256, "n_steps": 0}
        rows = measure(list(PREDICTION), options.rounds, **task)
        print(f"### Predictions for {task['n']:,} sequences\n\n{table(rows, 1)}")


if __name__ == "__main__":
    main()
