"""Conversion of notebooks to slides; `nox -s slides -- --check` tests the layout."""

import re

import nbformat
import pytest
from notebook_text import NOTEBOOKS, ROOT

from tools import schedules, slides

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def made(path):
    """Create the slides of a notebook."""
    return slides.slides(nbformat.read(path, as_version=4).cells)


def shown(path, kind):
    """List the bodies of all slides of one kind in a notebook."""
    return [slide.body for slide in made(path) if slide.kind == kind]


@each_notebook
def test_every_prediction_figure_and_question_has_its_slide(path):
    """Every prediction, figure and quiz question has one slide, in the notebook's order."""
    cells = nbformat.read(path, as_version=4).cells
    asked = [cell for cell in cells if re.search(r"^\*\*Predict first:", cell.source, re.M)]
    drawn = [re.search(r'"(\d\d_\w+)"', c.source)[1] for c in cells if "show_figure(" in c.source]
    quiz = [cell for cell in cells if "quiz" in cell.metadata.get("tags", [])]

    assert len(shown(path, "predict")) == len(asked) >= 4
    assert re.findall(r"\]\(figures/(\w+)\.svg\)", "".join(shown(path, "figure"))) == drawn
    assert all((ROOT / "figures" / f"{name}.svg").exists() for name in drawn)
    assert len(shown(path, "quiz")) == len(quiz)


@each_notebook
def test_answers_are_for_the_speaker(path):
    """Solutions and quiz verdicts are in the speaker notes, not on the slides."""
    found = made(path)
    bodies, notes = ("".join(getattr(s, part) for s in found) for part in ("body", "notes"))
    n_questions = len(shown(path, "quiz"))

    assert "**Yes.**" not in bodies
    assert "Solution" not in bodies
    assert "Not yet" not in bodies
    assert "this cell yourself" not in bodies
    assert notes.count("**Yes.**") >= n_questions
    assert len(notes.split()) > len(bodies.split())


def test_markdown_reaches_the_page_without_links():
    """Angle brackets are escaped, links are replaced by their text, and images are kept."""
    slide = slides.Slide("small", "**a < b** [03](x.ipynb) ![alt](figures/x.svg)", "notes")

    assert "**a &lt; b** 03 ![alt](figures/x.svg)\n\nNote:\nnotes" in slide.show()


@pytest.mark.parametrize(
    ("text", "is_shown"),
    [
        ("one\ntwo", True),
        ("one", False),
        ("x" * 100 + "\n" + "y" * 100, True),  # long lines are wrapped once
        ("x" * 140, False),
        ("\n".join("abcdefghijkl"), False),
    ],
)
def test_only_short_results_are_shown(text, is_shown):
    """Only outputs of two to eleven rows become slides."""
    cell = {"source": "", "outputs": [{"output_type": "stream", "text": text}]}

    assert bool(slides.result(cell, fewest=2)) == is_shown


def test_pages_load_nothing_from_elsewhere(tmp_path):
    """Scripts, styles and figures are stored next to the pages."""
    for part in slides.PARTS:
        (tmp_path / "reveal.js" / part).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "reveal.js" / part).touch()

    slides.build(slides.read_pages(["00", "01"]), tmp_path / "out", tmp_path / "reveal.js")

    pages = sorted((tmp_path / "out").glob("*.html"))
    assert [page.stem for page in pages] == [path.stem for path in NOTEBOOKS[:2]]
    for page in pages:
        text = page.read_text("utf-8")
        targets = re.findall(r'(?:src|href)="([^"]+)"|\]\((figures/[^)]+)\)', text)
        assert len(targets) >= 6
        for target in map("".join, targets):
            assert (page.parent / target).exists(), target


@each_notebook
def test_exercises_have_their_task_and_results_their_code(path):
    """Exercise slides show the time and a short task; result and figure slides have a title."""
    for body in [*shown(path, "small"), *shown(path, "exercise")]:
        assert re.match(r"## (Summary|Exercise \d: .+ \(\d+ min\)\n\n\S)", body)
        assert len(body.split()) <= slides.MOST_WORDS + 60
    for body in [*shown(path, "result"), *shown(path, "figure")]:
        assert re.match(r"## \S.+\n\n", body)
    assert sum("```python" in body for body in shown(path, "result")) >= 0.5 * len(
        shown(path, "result")
    )


@pytest.mark.parametrize("name", slides.DECKS)
def test_a_deck_follows_its_schedule(name):
    """A deck has every prediction, exercise and break of the schedule, and no other predictions."""
    schedule = schedules.read()[slides.DECKS[name]]
    ((_, (_, made)),) = slides.read_pages([], name).items()
    bodies = [slide.body for slide in made]

    exercises = [p for b in schedule.blocks for ps in b.parts.values() for p in ps if p[:2] == "ex"]
    assert sum(slide.kind == "predict" for slide in made) == len(schedule.asked)
    assert [p for s in made if (p := s.part).startswith("exercise")] == exercises
    for block in schedule.blocks:
        if block.minutes[3]:
            assert f"# {block.title}\n\nuntil {block.end}" in bodies
    agenda = "".join(slide.body for slide in made if slide.kind == "agenda")
    assert re.findall(r"\*\*([\d:]+)\*\*", agenda) == [block.start for block in schedule.blocks]
