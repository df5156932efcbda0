"""The slides: what a notebook's cells become. How they look, --check says, in a browser."""

import re

import nbformat
import pytest
from notebook_text import NOTEBOOKS, ROOT

from tools import slides

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def made(path):
    """Make the slides of a notebook."""
    return slides.slides(nbformat.read(path, as_version=4).cells)


def stream(text):
    """Return a code cell that printed a text."""
    return {"source": "", "outputs": [{"output_type": "stream", "text": text}]}


@each_notebook
def test_every_prediction_figure_and_question_has_its_slide(path):
    """In the order of the notebook, none twice and none left out."""
    cells = nbformat.read(path, as_version=4).cells
    asked = [cell.source for cell in cells if cell.source.startswith("**Predict first:**")]
    drawn = [re.search(r'"(\d\d_\w+)"', c.source)[1] for c in cells if "show_figure(" in c.source]
    bodies = [slide.body for slide in made(path)]
    assert sum("Predict first" in body for body in bodies) == len(asked) >= 4
    assert re.findall(r'src="figures/(\w+).svg"', "".join(bodies)) == drawn
    assert all((ROOT / "figures" / f"{name}.svg").exists() for name in drawn)
    quiz = [cell for cell in cells if "quiz" in cell.metadata.get("tags", [])]
    assert sum('class="options"' in body for body in bodies) == len(quiz)


@each_notebook
def test_answers_and_prose_are_for_the_speaker(path):
    """No solution and no verdict of the quiz is on the wall; the notes have the notebook's text."""
    found = made(path)
    wall = "".join(slide.body for slide in found)
    assert "**Yes.**" not in wall
    assert "<b>Yes.</b>" not in wall
    text = re.sub(r"<code>.*?</code>|<pre.*?</pre>", "", wall, flags=re.S)
    assert not re.search(r"\*\*|\]\(", text)
    notes = " ".join(slide.notes for slide in found)
    assert len(notes.split()) > len(re.sub(r"<[^>]+>", " ", wall).split())
    assert "def check" not in notes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("`a*b*c` and *so*", "<code>a*b*c</code> and <i>so</i>"),
        ("**a < b** [03](x.ipynb)", "<b>a &lt; b</b> 03"),
        ("<code>x &amp; y</code>", "<code>x &amp; y</code>"),
        ("2 * 3 * 4", "2 * 3 * 4"),
    ],
)
def test_marks_become_html(text, expected):
    """Code stays as it is, links become their text, and nothing else is taken for a mark."""
    assert slides.inline(text) == expected


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("one\ntwo", True),
        ("one", False),
        ("x" * 100 + "\n" + "y" * 100, True),
        ("x" * 140, False),
        ("\n".join("abcdefghijkl"), False),
    ],
)
def test_only_short_results_are_shown(text, shown):
    """Two rows and more are worth a slide, eleven fit; long lines are wrapped once."""
    assert bool(slides.result(stream(text), fewest=2)) == shown


def test_pages_load_nothing_from_elsewhere(tmp_path):
    """Scripts, styles and figures are beside the page."""
    reveal = tmp_path / "reveal.js"
    for part in ("dist/reveal.css", "dist/reveal.js", "plugin/notes/notes.js", "LICENSE"):
        (reveal / part).parent.mkdir(parents=True, exist_ok=True)
        (reveal / part).touch()
    slides.build(NOTEBOOKS[:4], tmp_path / "out", reveal)
    pages = sorted((tmp_path / "out").glob("*.html"))
    assert [page.stem for page in pages] == [path.stem for path in NOTEBOOKS[:4]]
    assert (tmp_path / "out" / "reveal" / "LICENSE").exists()
    for page in pages:
        for target in re.findall(r'(?:src|href)="([^"]+)"', page.read_text("utf-8")):
            assert (page.parent / target).exists(), target


def test_nothing_on_a_slide_is_smaller_than_28_pixels():
    """Whoever sits in the last row can read it."""
    text = (ROOT / "workshop" / "slides" / "slides.css").read_text("utf-8")
    sizes = [int(size) for size in re.findall(r"(?:font-size|font): (\d+)px", text)]
    assert len(sizes) >= 6
    assert min(sizes) >= 28
