"""One pipeline in a process of its own: builds it, then trains whenever it is asked to.

`python -m benchmarks.worker '{"name": "ours fast", "n": 2000, ...}'` answers each line of its
input with a line of JSON. A process of its own has its own peak of memory.
"""

import json
import resource
import sys
import time
from importlib.metadata import PackageNotFoundError, version

from benchmarks.data import make_data
from benchmarks.pipelines import PIPELINES, PREDICTORS


def peak_mb() -> float:
    """Return the largest memory that this process had so far, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes on macOS, kilobytes on Linux
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def timed(function):
    """Call a function; return its result, the CPU seconds of this process and the wall time."""
    started, wall = time.process_time(), time.perf_counter()
    result = function()
    return result, time.process_time() - started, time.perf_counter() - wall


def say(**answer) -> None:
    """Answer with one line."""
    print("> " + json.dumps(answer), flush=True)


def main() -> None:
    """Build the pipeline that the first argument describes, and train at each line that comes."""
    task = json.loads(sys.argv[1])
    build, package = (PIPELINES | PREDICTORS)[task["name"]]
    try:
        installed = version(package)
    except PackageNotFoundError:
        return say(skip=f"{package} is not installed")
    if package != "keras" or task["name"] == "Keras on torch":
        import torch

        torch.set_num_threads(1)
        torch.manual_seed(0)
    data = make_data(task["n"], task["lengths"])
    before = peak_mb()
    epoch, _, wall = timed(lambda: build(*data, task["batch_size"], task["n_steps"]))
    say(version=installed, build_wall=wall, before_mb=before)
    for _ in sys.stdin:
        loss, seconds, wall = timed(epoch)
        say(loss=loss, seconds=seconds, wall=wall, peak_mb=peak_mb())


if __name__ == "__main__":
    main()
