"""The stored figures: each one comes from a notebook, in both formats.

That a notebook still draws the stored picture is checked while nbval executes it (SEQCLF_FIGURES
is "check" then), and that this check notices a change is tested in test_plotting.py.
"""

import re
from pathlib import Path
from xml.etree import ElementTree

import nbformat
from matplotlib import image

ROOT = Path(__file__).resolve().parents[2]
FIGURES = ROOT / "figures"


def shown():
    """List the names that notebooks hand to show_figure."""
    names = []
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                names += re.findall(r"show_figure\(\s*fig,\s*\"(\w+)\"", cell.source)
                assert cell.source.count("show_figure(") <= 1
    return names


def test_every_figure_is_drawn_by_a_notebook_and_stored_twice():
    """No file without a notebook, no figure without its SVG and PNG, no name used twice."""
    names = shown()
    assert len(names) == len(set(names))
    expected = {f"{name}.{ending}" for name in names for ending in ("png", "svg")}
    assert {path.name for path in FIGURES.iterdir()} == expected


def test_figures_are_named_after_their_notebook():
    """A figure's name begins with the notebook's number."""
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for name in re.findall(r"show_figure\(\s*fig,\s*\\?\"(\w+)", path.read_text("utf-8")):
            assert name[:2] == path.name[:2]


def test_pngs_are_pictures_and_not_blank():
    """Each PNG has a white border and something on it."""
    for path in FIGURES.glob("*.png"):
        pixels = image.imread(path)[:, :, :3]
        assert min(pixels.shape[:2]) >= 150
        assert pixels.std() > 0.02
        assert (pixels[0, 0] == 1).all()


def test_svgs_hold_no_date():
    """Drawing the same figure tomorrow gives the same bytes."""
    for path in FIGURES.glob("*.svg"):
        text = path.read_text("utf-8")
        ElementTree.fromstring(text)
        assert "<dc:date>" not in text
