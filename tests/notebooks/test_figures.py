"""Each stored figure belongs to a notebook and has an SVG, a PNG and an alt text.

Figures are compared with their references when nbval executes the notebooks with
tools.stored_figures.check; test_show_figure.py tests this comparison.
"""

import re
import tomllib
from xml.etree import ElementTree

import nbformat
import pytest
from matplotlib import image
from notebook_text import NOTEBOOKS, ROOT

FIGURES = ROOT / "figures"
ALT_TEXTS = tomllib.loads((FIGURES / "alt_texts.toml").read_text("utf-8"))


def shown(path):
    """List the names that a notebook passes to show_figure, at most one per cell."""
    cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    calls = [cell.source for cell in cells if "show_figure(" in cell.source]
    return [re.search(r'show_figure\(.+, "(\w+)"\)', source)[1] for source in calls]


NAMES = [name for path in NOTEBOOKS for name in shown(path)]


def test_every_figure_is_drawn_once_stored_twice_and_described():
    """Each figure is shown once and has an SVG, a PNG and an alt text; there are no other files."""
    assert len(NAMES) == len(set(NAMES))
    files = {f"{name}.{extension}" for name in NAMES for extension in ("png", "svg")}
    assert {path.name for path in FIGURES.iterdir()} == files | {"alt_texts.toml"}
    assert list(ALT_TEXTS) == NAMES  # in the order of the notebooks


@pytest.mark.parametrize("name", ALT_TEXTS)
def test_alt_texts_are_one_short_paragraph(name):
    """Alt texts are one paragraph of 40 to 320 characters that ends with a full stop."""
    text = ALT_TEXTS[name]
    assert 40 <= len(text) <= 320
    assert text == " ".join(text.split())
    assert text.endswith(".")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_stored_outputs_have_the_alt_text_of_their_figure(path):
    """Outputs store the alt text of their figure for the book and the slides."""
    assert all(name[:2] == path.name[:2] for name in shown(path))
    outputs = [o for c in nbformat.read(path, as_version=4).cells for o in c.get("outputs", [])]
    figures = [o for o in outputs if "image/png" in o.get("data", {})]
    alt_texts = [ALT_TEXTS[name] for name in shown(path)]
    assert [output.metadata["image/png"]["alt"] for output in figures] == alt_texts
    assert [output.data["text/plain"] for output in figures] == [f"Figure: {a}" for a in alt_texts]


@pytest.mark.parametrize("path", sorted(FIGURES.glob("*.png")), ids=lambda path: path.stem)
def test_pngs_are_pictures_and_not_blank(path):
    """Each PNG has a white corner and is not blank."""
    pixels = image.imread(path)[:, :, :3]
    assert min(pixels.shape[:2]) >= 150
    assert pixels.std() > 0.02
    assert (pixels[0, 0] == 1).all()


@pytest.mark.parametrize("path", sorted(FIGURES.glob("*.svg")), ids=lambda path: path.stem)
def test_svgs_hold_no_date(path):
    """SVGs contain no date, so that redrawing a figure gives the same bytes."""
    text = path.read_text("utf-8")
    ElementTree.fromstring(text)
    assert "<dc:date>" not in text
