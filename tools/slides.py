"""Build slides from the notebooks in docs/_build/slides: nox -s slides [-- --check] [-- NN ...].

Unlike `nbconvert --to slides`, which shows every cell, the slides contain questions, predictions,
figures, short results, exercises and the quiz; other text is in the speaker notes (press S). They
use reveal.js, which npm installs. --check tests each slide in Chromium.
"""

import argparse
import html
import re
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import nbformat

from seqclf_utils.extras.snapshots import alt_text
from tools import book
from tools.checkout import ROOT

SOURCES = ROOT / "workshop" / "slides"
FOLDER = book.BUILD / "slides"
MOST_LINES, MOST_COLUMNS = 11, 66  # longer results are left out
MOST_WORDS = 130  # longer exercises are shown by their title only
PARTS = ("dist/reveal.css", "dist/reveal.js", "LICENSE")
PARTS += ("plugin/markdown/markdown.js", "plugin/notes/notes.js")
SLIDE = """<section data-markdown class="{kind}" data-separator-notes="^Note:$">
<textarea data-template>
{text}
</textarea></section>"""


class Slide(NamedTuple):
    """One slide.

    Attributes:
        kind: Its CSS class.
        body: Markdown.
        notes: Markdown for the speaker.
    """

    kind: str
    body: str
    notes: str = ""

    def show(self) -> str:
        """Return the slide in the format of reveal.js, with links replaced by their text."""
        text = f"{self.body}\n\nNote:\n{self.notes}"
        text = re.sub(r"(?<!!)\[([^\]]+)\]\([^)]*\)", r"\1", text)
        return SLIDE.format(kind=self.kind, text=html.escape(text, quote=False))


def opening(title: str, about: str) -> list[Slide]:
    """Create the slides with the question and the objectives from a notebook's first cells."""
    question = re.search(r"\*\*The question:\*\* (.+)", about)[1]
    goals = "\n".join(re.findall(r"^- .+$", about, flags=re.M))
    return [
        Slide("title", f"# {title}\n\n{question[0].upper()}{question[1:]}", about),
        Slide("goals", f"## After this notebook you can\n\n{goals}", about),
    ]


def section(heading: str, source: str) -> Slide:
    """Create the opening slide of a section, or the slide with the summary's points."""
    if heading != "Summary":
        return Slide("section", f"# {heading}")
    points = re.search(r"^- .+?(?=\n\n)", source, flags=re.M | re.S)
    return Slide("small", f"## Summary\n\n{points[0]}")


def quiz(source: str) -> Slide:
    """Create the slide of a quiz question, with the answers in the notes."""
    question = source.partition("<details>")[0].strip()
    options = re.findall(r"<summary>(.+?)</summary>", source)
    answers = re.sub(r"</?(?:details|summary)>", "", source.partition("<details>")[2])
    return Slide("quiz", "\n\n".join([question, *options]), answers)


def figure(cell: dict) -> list[Slide]:
    """Create the slide of a cell's figure with its alt text, if it shows one."""
    names = re.findall(r'show_figure\([^"]+"(\w+)"', cell["source"])
    return [Slide("figure", f"![{alt_text(name)}](figures/{name}.svg)") for name in names]


def result(cell: dict, fewest: int) -> list[Slide]:
    """Create the slide of a cell's output, unless it is too long or has less than `fewest` rows."""
    outputs = [o.get("text") or o.get("data", {}).get("text/plain", "") for o in cell["outputs"]]
    text = "\n".join(output.rstrip() for output in outputs)
    lines = text.splitlines()
    rows = sum(max(1, -(-len(line) // MOST_COLUMNS)) for line in lines)
    widest = max(map(len, lines), default=0)
    if not fewest <= rows <= MOST_LINES or widest > 2 * MOST_COLUMNS:
        return []
    kind = "large" if rows <= 8 and widest <= 46 else "result"
    return [Slide(kind, f"## What came out\n\n```text\n{text}\n```")]


def prediction(source: str) -> list[Slide]:
    """Create the slide of a prediction, if the cell asks for one."""
    found = re.search(r"(?:\A|\n)\*\*Predict first:\*\* (.+?)(?:\n\n|\Z)", source, flags=re.S)
    question = found and found[1][0].upper() + found[1][1:]
    return [Slide("predict", f"## Predict first\n\n{question}")] if found else []


def slides(cells: list[dict]) -> list[Slide]:
    """Create all slides of a notebook.

    Args:
        cells: Its cells.

    Returns:
        Slides in order; other text is added to the notes of the previous slide.
    """
    made, waiting, over = opening(cells[0].source.lstrip("# "), cells[1].source), False, False
    for cell in cells[2:]:
        heading = re.match(r"#+ (.+)\n*", cell.source) if cell.cell_type == "markdown" else None
        over = heading[1] in ("Exercises", "Quiz") if heading and cell.source[2] == " " else over
        if "quiz" in cell.metadata.get("tags", []):
            made.append(quiz(cell.source))
        elif over and cell.source.startswith("### Exercise"):
            fits = len(cell.source.split()) <= MOST_WORDS
            body = cell.source.removeprefix("#") if fits else f"# {heading[1]}"
            made.append(Slide("small" if fits else "section", body, cell.source))
        elif cell.cell_type == "code" and not over:
            shown = figure(cell) or result(cell, 1 if waiting else 2)
            waiting = waiting and not shown
            made += shown
        elif not over:
            asked = prediction(cell.source)
            made += ([section(heading[1], cell.source)] if heading else []) + asked
            waiting = waiting or bool(asked)
            made[-1] = made[-1]._replace(notes=f"{made[-1].notes}\n\n{cell.source}")
    return made


def build(paths: list[Path], folder: Path, reveal: Path) -> None:
    """Write one page of slides for each notebook, and the files that the pages load.

    Args:
        paths: The notebooks.
        folder: Output folder, which is replaced.
        reveal: The folder of reveal.js.
    """
    shutil.rmtree(folder, ignore_errors=True)
    for part in PARTS:
        (folder / "reveal" / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(reveal / part, folder / "reveal" / part)
    shutil.copy(SOURCES / "slides.css", folder)
    shutil.copytree(ROOT / "figures", folder / "figures", ignore=shutil.ignore_patterns("*.png"))
    page = (SOURCES / "page.html").read_text("utf-8")
    for path in paths:
        cells = nbformat.read(path, as_version=4).cells
        shown = "\n".join(slide.show() for slide in slides(cells))
        text = page.replace("TITLE", html.escape(cells[0].source.lstrip("# ")))
        text = text.replace("SLIDES", shown)
        (folder / f"{path.stem}.html").write_text(text, "utf-8", newline="\n")


def main(words: list[str], *, look: bool) -> int:
    """Build the slides, optionally test them, and return the exit status."""
    paths = sorted((ROOT / "notebooks").glob("*.ipynb"))
    chosen = [path for path in paths if not words or any(word in path.stem for word in words)]
    build(chosen, FOLDER, book.npm_install(SOURCES) / "reveal.js")
    print(f"{len(chosen)} pages of slides in {FOLDER}", flush=True)
    if look:
        book.prepare_browser()
        return book.look("check_slides.mjs", [FOLDER], [])
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="look at every slide in Chromium")
    parser.add_argument("words", nargs="*", help='parts of names of notebooks, such as "04"')
    arguments = parser.parse_args()
    sys.exit(main(arguments.words, look=arguments.check))
