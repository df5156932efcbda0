"""Execute notebooks and rewrite their stored outputs and figures/: python course.py run [NAME ...].

Unlike `jupyter nbconvert --execute`, this removes everything that differs from run to run (times,
IDs, widget state), so that repeated runs give identical files.
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
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def normalise(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Remove everything that differs between runs or machines.

    Args:
        notebook: An executed notebook, changed in place.

    Returns:
        The same notebook.
    """
    notebook.metadata = METADATA
    for number, cell in enumerate(notebook.cells):
        tags = cell.metadata.get("tags", [])
        cell.id, cell.metadata = f"cell-{number:02d}", {"tags": tags} if tags else {}
        if "no-output" in tags:  # the output describes the reader's machine
            cell.outputs = []
    return notebook


def execute(path: Path) -> None:
    """Execute one notebook, and overwrite it only if all cells ran without errors.

    Args:
        path: The notebook.
    """
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


def cpu_seconds() -> float:
    """Return the CPU time of this process and of finished kernels."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def main(names: list[str]) -> None:
    """Execute all notebooks, or those whose file names contain one of the names.

    Args:
        names: Parts of file names, such as "04".
    """
    os.environ |= {"SEQCLF_FIGURES": "tools.stored_figures:write", "SEQCLF_PROGRESS": "0"}
    paths = sorted(NOTEBOOKS_DIR.glob("*.ipynb"))
    chosen = [path for path in paths if not names or any(name in path.name for name in names)]
    if not chosen:
        sys.exit(f"no notebook is called {' or '.join(names)}")
    for path in chosen:
        print(f"{path.name} ...", end=" ", flush=True)
        wall, cpu = time.perf_counter(), cpu_seconds()
        execute(path)
        seconds = time.perf_counter() - wall
        print(f"{seconds:.1f} s ({cpu_seconds() - cpu:.1f} s of CPU time)", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help='parts of file names, such as "04"')
    main(parser.parse_args().names)
