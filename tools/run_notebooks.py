"""Execute notebooks and rewrite their stored outputs and figures/: python course.py run [NAME ...].

What is stored depends on the code alone: no times, no session ids, no widget state. Running it
twice changes no byte.
"""

import argparse
import os
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from seqclf_utils.extras.files import write_atomically

NOTEBOOKS_DIR = Path(__file__).resolve().parent.parent / "notebooks"


def normalise(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Drop everything that differs from run to run or from machine to machine.

    Args:
        notebook: An executed notebook, changed in place.

    Returns:
        The same notebook.
    """
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02d}"
        tags = cell.metadata.get("tags")
        cell.metadata = {"tags": tags} if tags else {}
    return notebook


def execute(path: Path) -> tuple[float, float]:
    """Execute one notebook in place.

    Args:
        path: The notebook; it is rewritten only if all cells ran.

    Returns:
        Wall time and processor time, in seconds.
    """
    started, cpu_started = time.perf_counter(), cpu_seconds()
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=600,
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(path.parent)}},
    ).execute()
    write_atomically(path, (nbformat.writes(normalise(notebook)) + "\n").encode())
    return time.perf_counter() - started, cpu_seconds() - cpu_started


def cpu_seconds() -> float:
    """Add up the processor time of this process and of the kernels that have ended, in seconds."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def main(names: list[str]) -> None:
    """Execute the named notebooks, or all of them.

    Args:
        names: Parts of file names, such as "04".
    """
    os.environ["SEQCLF_FIGURES"] = "write"
    os.environ["SEQCLF_PROGRESS"] = "0"  # whatever the person wishes who runs this
    paths = [
        path
        for path in sorted(NOTEBOOKS_DIR.glob("*.ipynb"))
        if not names or any(name in path.name for name in names)
    ]
    if not paths:
        sys.exit(f"no notebook is called {' or '.join(names)}")
    for path in paths:
        print(f"{path.name} ...", end=" ", flush=True)
        wall, cpu = execute(path)
        print(f"{wall:.1f} s ({cpu:.1f} s of processor time)", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help='parts of file names, such as "04"')
    main(parser.parse_args().names)
