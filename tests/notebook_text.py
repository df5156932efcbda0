"""The notebooks, their Markdown as text, and the package's public names."""

import inspect
from pathlib import Path

import nbformat

import seqclf_utils

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PUBLIC_NAMES = sorted(
    name
    for name, value in vars(seqclf_utils).items()
    if not name.startswith("_") and not inspect.ismodule(value)
)


def markdown(path):
    """Return a notebook's Markdown cells as one string."""
    cells = nbformat.read(path, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
