"""Build slides in docs/_build/slides from the notebooks: nox -s slides [-- --check] [-- NN ...].

Unlike the slides of `nbconvert --to slides`, which show every cell, these slides contain only
questions, predictions, figures, short results, exercises and the quiz. All other text is in the
speaker notes (press S). The slides use reveal.js, which npm installs. --schedule half-day makes one
deck in the order of that schedule. --check tests each slide in Chromium.
"""

import argparse
import ast
import html
import re
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import nbformat

from seqclf_utils.extras.figures import alt_text
from tools import book, schedules
from tools.checkout import ROOT

SOURCES = ROOT / "workshop" / "slides"
FOLDER = book.BUILD / "slides"
MOST_LINES, MOST_COLUMNS = 11, 66  # larger results are left out
MOST_ROWS = 13  # of code and result together; only the last statements of longer code are shown
MOST_WORDS = 110  # only the first paragraphs of longer exercises are shown
DECKS = {re.sub(" a | ", "-", title.casefold()): title for title in schedules.read()}
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
        part: Part of the notebook: "start", "3" (a section), "exercise 1", "quiz" or "summary".
    """

    kind: str
    body: str
    notes: str = ""
    part: str = "start"

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
    """Create the first slide of a section; for the summary, it shows the main points."""
    if heading != "Summary":
        return Slide("section", f"# {heading}")
    points = re.search(r"^- .+?(?=\n\n)", source, flags=re.M | re.S)
    return Slide("small", f"## Summary\n\n{points[0]}")


def exercise(source: str) -> Slide:
    """Create the slide for an exercise: the title, the duration and the start of the task."""
    heading, *paragraphs = source.removeprefix("#").strip().split("\n\n")
    shown = [heading, paragraphs[0]]
    for paragraph in paragraphs[1:]:
        if len(" ".join([*shown, paragraph]).split()) > MOST_WORDS:
            break
        shown.append(paragraph)
    body = "\n\n".join(shown)
    return Slide("exercise" if len(body.split()) <= 70 else "small", body, source)


def quiz(source: str) -> Slide:
    """Create the slide for a quiz question; the answers are in the notes."""
    question = source.partition("<details>")[0].strip()
    options = re.findall(r"<summary>(.+?)</summary>", source)
    answers = re.sub(r"</?(?:details|summary)>", "", source.partition("<details>")[2])
    return Slide("quiz", "\n\n".join([question, *options]), answers)


def figure(cell: dict, title: str) -> list[Slide]:
    """Create a slide with alt text for each figure of a cell."""
    names = re.findall(r'show_figure\([^"]+"(\w+)"', cell["source"])
    return [Slide("figure", f"## {title}\n\n![{alt_text(n)}](figures/{n}.svg)") for n in names]


def rows(text: str) -> int:
    """Count the rows that a string takes up, with long lines wrapped."""
    return sum(max(1, -(-len(line) // MOST_COLUMNS)) for line in text.splitlines())


def code_before(source: str, room: int) -> str:
    """Return the last statements of a cell that fit into `room` rows, as Markdown."""
    lines, first = source.splitlines(), len(source.splitlines())
    if not source.startswith("%"):
        for node in reversed(ast.parse(source).body):
            if rows("\n".join(lines[node.lineno - 1 :])) > room:
                break
            first = node.lineno - 1
    shown = "\n".join(lines[first:])
    return f"```python\n{shown}\n```\n\n" if shown else ""


def result(cell: dict, fewest: int, title: str = "") -> list[Slide]:
    """Create a slide for a cell's code and output; none if the output is too long or too short."""
    outputs = [o.get("text") or o.get("data", {}).get("text/plain", "") for o in cell["outputs"]]
    text = "\n".join(output.rstrip() for output in outputs)
    widest = max(map(len, text.splitlines()), default=0)
    if not fewest <= rows(text) <= MOST_LINES or widest > 2 * MOST_COLUMNS or "yourself" in text:
        return []
    code = code_before(cell["source"], MOST_ROWS - rows(text))
    return [Slide("result", f"## {title}\n\n{code}```text\n{text}\n```")]


def prediction(source: str) -> list[Slide]:
    """Create a slide for a prediction; none if the cell has no prediction."""
    found = re.search(r"(?:\A|\n)\*\*Predict first:\*\* (.+?)(?:\n\n|\Z)", source, flags=re.S)
    question = found and found[1][0].upper() + found[1][1:]
    return [Slide("predict", f"## Predict first\n\n{question}")] if found else []


def slides(cells: list[dict]) -> list[Slide]:
    """Create all slides of a notebook; a one-row result becomes a slide only after a prediction.

    Args:
        cells: The notebook's cells.

    Returns:
        Slides in order; text becomes the speaker notes of the previous slide.
    """
    title, part, waiting = cells[0].source.lstrip("# "), "start", False
    made = opening(title, cells[1].source)
    for cell in cells[2:]:
        heading = re.match(r"##+ (.+)", cell.source) if cell.cell_type == "markdown" else None
        if heading:
            title = heading[1]
            if new := re.match(r"## (?:(\d)\.|(\w+))|### (Exercise \d)", cell.source):
                part = next(filter(None, new.groups())).lower()
        shown, work = [], part.startswith(("exercise", "quiz"))
        if "quiz" in cell.metadata.get("tags", []):
            shown = [quiz(cell.source)]
        elif heading and ": " in title and work:
            shown = [exercise(cell.source)]
        elif cell.cell_type == "code" and not work:
            shown = figure(cell, title) or result(cell, 1 if waiting else 2, title)
            waiting = waiting and not shown
        elif not work:
            asked = prediction(cell.source)
            shown = ([section(title, cell.source)] if heading else []) + asked
            waiting = waiting or bool(asked)
        made += [slide._replace(part=part) for slide in shown]
        if cell.cell_type == "markdown" and not work:
            made[-1] = made[-1]._replace(notes=f"{made[-1].notes}\n\n{cell.source}")
    return made


def wanted(slide: Slide, parts: list[str], asked: list[str]) -> bool:
    """Return whether a slide belongs in a schedule's deck, which has only some predictions."""
    question = re.sub(r"\s+", " ", slide.body).casefold()
    skipped = slide.kind == "predict" and not any(text.casefold() in question for text in asked)
    return slide.part in parts and slide.kind != "goals" and not skipped


def deck(schedule: schedules.Schedule, made: dict[str, list[Slide]]) -> list[Slide]:
    """Create the slides of a schedule: agendas, breaks, and the taught parts of the notebooks.

    Args:
        schedule: The schedule.
        made: All slides of each notebook, by number of the notebook.

    Returns:
        Slides in order.
    """
    found, blocks = [], schedule.blocks
    asked = [text for _, _, text in schedule.asked]
    for i, block in enumerate(blocks):
        if i == 0 or blocks[i - 1].minutes[3]:
            last = next((k for k in range(i, len(blocks)) if blocks[k].minutes[3]), len(blocks) - 1)
            lines = [f"- **{row.start}** {row.title}" for row in blocks[i : last + 1]]
            found.append(Slide("agenda", "## Agenda\n\n" + "\n".join(lines)))
        if not block.parts or block.minutes[2]:
            found.append(Slide("section", f"# {block.title}\n\nuntil {block.end}"))
        for number, parts in block.parts.items():
            found += [slide for slide in made[number] if wanted(slide, parts, asked)]
    return found


def build(pages: dict[str, tuple[str, list[Slide]]], folder: Path, reveal: Path) -> None:
    """Write pages of slides, and the files that they load.

    Args:
        pages: Name of each page, its title and its slides.
        folder: Output folder, which is replaced.
        reveal: The folder of reveal.js.
    """
    shutil.rmtree(folder, ignore_errors=True)
    for part in PARTS:
        (folder / "reveal" / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(reveal / part, folder / "reveal" / part)
    shutil.copy(SOURCES / "slides.css", folder)
    shutil.copytree(ROOT / "figures", folder / "figures", ignore=shutil.ignore_patterns("*.png"))
    frame = (SOURCES / "page.html").read_text("utf-8")
    for name, (title, made) in pages.items():
        text = frame.replace("TITLE", html.escape(title))
        text = text.replace("SLIDES", "\n".join(slide.show() for slide in made))
        (folder / f"{name}.html").write_text(text, "utf-8", newline="\n")


def read_pages(words: list[str], name: str = "") -> dict[str, tuple[str, list[Slide]]]:
    """Create the slides of the notebooks whose names contain one of the words, or of a schedule.

    Args:
        words: Parts of names; none means all notebooks.
        name: Name of a schedule, such as "half-day"; "" for all notebooks that match.

    Returns:
        Name of each page, its title and its slides.
    """
    pages = {}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        if not words or any(word in path.stem for word in words):
            cells = nbformat.read(path, as_version=4).cells
            pages[path.stem] = cells[0].source.lstrip("# "), slides(cells)
    if not name:
        return pages
    made = {stem[:2]: page[1] for stem, page in pages.items()}
    return {name: (DECKS[name], deck(schedules.read()[DECKS[name]], made))}


def main(words: list[str], *, look: bool, name: str = "") -> int:
    """Build the slides, optionally test them, and return the exit status."""
    pages = read_pages(words, name)
    build(pages, FOLDER, book.npm_install(SOURCES) / "reveal.js")
    print(f"{len(pages)} pages of slides in {FOLDER}", flush=True)
    if look:
        book.prepare_browser()
        return book.look("check_slides.mjs", [FOLDER], [])
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="look at every slide in Chromium")
    parser.add_argument("--schedule", default="", choices=DECKS, help="make one deck in its order")
    parser.add_argument("words", nargs="*", help='parts of names of notebooks, such as "04"')
    arguments = parser.parse_args()
    sys.exit(main(arguments.words, look=arguments.check, name=arguments.schedule))
