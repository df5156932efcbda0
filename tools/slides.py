"""Make slides of the notebooks, in docs/_build/slides: .venv/bin/python -m tools.slides [NN ...].

They show what a teacher puts on the wall: questions, predictions, figures, short results and the
quiz. The notebooks' own text is in the speaker notes (press S). They work from the file system;
making them needs npm, once, for reveal.js. With --check, every slide is looked at in Chromium.
"""

import argparse
import html
import re
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import nbformat

from tools import book

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "workshop" / "slides"
FOLDER = ROOT / "docs" / "_build" / "slides"
MOST_LINES, MOST_COLUMNS = 11, 66  # a result with more is left to the notebook
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="reveal/dist/reveal.css">
<link rel="stylesheet" href="slides.css">
</head>
<body>
<div class="reveal"><div class="slides">
{slides}
</div></div>
<script src="reveal/dist/reveal.js"></script>
<script src="reveal/plugin/notes/notes.js"></script>
<script>
Reveal.initialize({{
  width: 1280, height: 720, margin: 0, center: false, hash: true, slideNumber: "c/t",
  controls: false, transition: "none", plugins: [RevealNotes],
}});
</script>
</body>
</html>
"""


class Slide(NamedTuple):
    """One slide.

    Attributes:
        body: HTML.
        notes: Markdown for the speaker.
    """

    body: str
    notes: str = ""

    def show(self) -> str:
        """Write the slide as reveal.js wants it."""
        paragraphs = [p for p in re.split(r"\n\s*\n", self.notes) if p.strip()]
        notes = "".join(f"<p>{inline(p)}</p>" for p in paragraphs)
        return f'<section>{self.body}<aside class="notes">{notes}</aside></section>'


def inline(text: str) -> str:
    """Turn the marks inside a paragraph of Markdown into HTML; links become their text.

    Args:
        text: Markdown without headings, tables or blocks of code.

    Returns:
        HTML.

    Example:
        >>> inline("**a < b** in `c*d*`, [03](x.ipynb)")
        '<b>a &lt; b</b> in <code>c*d*</code>, 03'
    """
    kept = []

    def keep(found):
        kept.append(found[1] or html.unescape(found[2]))
        return f"\0{len(kept) - 1}\0"

    text = re.sub(r"`([^`]+)`|<code>(.*?)</code>", keep, text)
    text = html.escape(html.unescape(text), quote=False)
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", text, flags=re.S)
    text = re.sub(r"\*(?=\S)(.+?)(?<=\S)\*", r"<i>\1</i>", text, flags=re.S)
    return re.sub("\0(\\d+)\0", lambda m: f"<code>{html.escape(kept[int(m[1])])}</code>", text)


def opening(title: str, about: str) -> list[Slide]:
    """Make the first two slides: the question, and what one can do afterwards.

    Args:
        title: The notebook's heading.
        about: Its second cell.

    Returns:
        Two slides.
    """
    question = re.search(r"\*\*The question:\*\* (.+)", about)[1]
    goals = re.findall(r"^- (.+)$", about, flags=re.M)
    first = Slide(
        f"<h1>{inline(title)}</h1><p>{inline(question[0].upper() + question[1:])}</p>", about
    )
    items = "".join(f"<li>{inline(goal).rstrip(',.')}</li>" for goal in goals)
    return [first, Slide(f"<h2>After this notebook you can</h2><ul>{items}</ul>", about)]


def section(heading: str, source: str) -> Slide:
    """Make the slide that begins a section; the summary shows its points, too.

    Args:
        heading: The section's heading.
        source: The cell that it stands in.

    Returns:
        One slide, still without notes.
    """
    if heading != "Summary":
        return Slide(f'<p class="section">{inline(heading)}</p>')
    points = re.findall(
        r"^- (.+?)(?=\n- |\n\n|\Z)", source.partition("**Read more")[0], re.M | re.S
    )
    items = "".join(f"<li>{inline(point)}</li>" for point in points)
    return Slide(f'<h2>Summary</h2><ul class="small">{items}</ul>')


def quiz(source: str) -> Slide:
    """Make the slide of a question, with the answers in the notes.

    Args:
        source: A cell of the quiz.

    Returns:
        One slide.
    """
    question = source.partition("<details>")[0].strip()
    options = re.findall(r"<summary>(.+?)</summary>", source)
    answers = re.sub(r"</?(?:details|summary)>", "", source.partition("<details>")[2])
    items = "".join(f"<li>{inline(option)}</li>" for option in options)
    body = f'<p class="small">{inline(question)}</p><ul class="options">{items}</ul>'
    return Slide(body, answers)


def figure(cell: dict) -> list[Slide]:
    """Make the slide of a figure, with its alt text.

    Args:
        cell: A code cell with its stored outputs.

    Returns:
        One slide, or none if the cell shows no figure.
    """
    found = re.search(r'show_figure\(\s*\w+,\s*"(\w+)"', cell["source"])
    if not found:
        return []
    data = next(o for o in cell["outputs"] if "image/png" in o.get("data", {}))
    alt = html.escape(data["metadata"]["image/png"]["alt"])
    image = f'<img src="figures/{found[1]}.svg" alt="{alt}">'
    return [Slide(f'<p class="figure">{image}</p>')]


def printed(output: dict) -> tuple[str, int]:
    """Read what an output prints, and count the rows that it takes on a slide.

    Args:
        output: One output of a cell.

    Returns:
        Its text, and the number of rows; long printed lines are wrapped, wide tables are too much.
    """
    text = (output.get("text") or output.get("data", {}).get("text/plain", "")).rstrip()
    lines = text.splitlines()
    widest = MOST_COLUMNS * (2 if output["output_type"] == "stream" else 1)
    if max(map(len, lines), default=0) > widest:
        return text, MOST_LINES + 1
    return text, sum(max(1, -(-len(line) // MOST_COLUMNS)) for line in lines)


def result(cell: dict, fewest: int) -> list[Slide]:
    """Make the slide of what a cell prints, if that is short.

    Args:
        cell: A code cell with its stored outputs.
        fewest: Rows that it must have to be worth a slide.

    Returns:
        One slide, or none.
    """
    found = [printed(output) for output in cell["outputs"]]
    rows, text = sum(rows for _, rows in found), "\n".join(text for text, _ in found)
    if not fewest <= rows <= MOST_LINES:
        return []
    large = ' class="large"' if rows <= 8 and max(map(len, text.splitlines())) <= 46 else ""
    return [Slide(f"<h2>What came out</h2><pre{large}>{html.escape(text)}</pre>")]


def prediction(source: str) -> str:
    """Find what a cell asks to predict.

    Args:
        source: A Markdown cell.

    Returns:
        The question, or nothing.
    """
    found = re.search(r"(?:\A|\n)\*\*Predict first:\*\* (.+?)(?:\n\n|\Z)", source, flags=re.S)
    return found[1] if found else ""


def slides(cells: list[dict]) -> list[Slide]:
    """Make all slides of a notebook; results are shown where a prediction waits for them.

    Args:
        cells: Its cells.

    Returns:
        Slides in order; text becomes the notes of the slide before it.
    """
    made, waiting, over = opening(cells[0].source.lstrip("# "), cells[1].source), False, False
    for cell in cells[2:]:
        tags = cell.metadata.get("tags", [])
        heading = re.match(r"#+ (.+)\n*", cell.source) if cell.cell_type == "markdown" else None
        if heading:
            over = heading[1] in ("Exercises", "Quiz")
        if "quiz" in tags:
            made.append(quiz(cell.source))
        elif over and cell.source.startswith("### Exercise"):
            made.append(Slide(f'<p class="section">{inline(heading[1])}</p>', cell.source))
        elif over:
            continue
        elif cell.cell_type == "code":
            shown = figure(cell) or result(cell, 1 if waiting else 2)
            waiting = waiting and not shown
            made += shown
        else:
            if heading:
                made.append(section(heading[1], cell.source))
            if question := prediction(cell.source):
                question = question[0].upper() + question[1:]
                body = f'<h2>Predict first</h2><p class="predict">{inline(question)}</p>'
                made.append(Slide(body))
                waiting = True
            made[-1] = made[-1]._replace(notes=f"{made[-1].notes}\n\n{cell.source}")
    return made


def install() -> Path:
    """Install reveal.js beside the slides, at the version of package.json.

    Returns:
        Its folder.
    """
    modules = FOLDER.parent / "reveal" / "node_modules"
    book.install_from_npm("reveal.js", SOURCES / "package.json", modules)
    return modules / "reveal.js"


def build(paths: list[Path], folder: Path, reveal: Path) -> None:
    """Write one page of slides for each notebook, and all that they load.

    Args:
        paths: The notebooks.
        folder: Where to; made anew.
        reveal: The folder of reveal.js.
    """
    shutil.rmtree(folder, ignore_errors=True)
    for part in ("dist/reveal.css", "dist/reveal.js", "plugin/notes/notes.js", "LICENSE"):
        (folder / "reveal" / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(reveal / part, folder / "reveal" / part)
    shutil.copy(SOURCES / "slides.css", folder)
    shutil.copytree(ROOT / "figures", folder / "figures", ignore=shutil.ignore_patterns("*.png"))
    for path in paths:
        cells = nbformat.read(path, as_version=4).cells
        shown = "\n".join(slide.show() for slide in slides(cells))
        title = html.escape(cells[0].source.lstrip("# "))
        page = PAGE.format(title=title, slides=shown)
        (folder / f"{path.stem}.html").write_text(page, "utf-8", newline="\n")


def check(folder: Path) -> int:
    """Look at every slide in Chromium.

    Args:
        folder: The slides.

    Returns:
        0 if all is legible and nothing asks the network.
    """
    book.prepare_browser()
    return book.look("check_slides.mjs", [folder], [])


def main(words: list[str], *, look: bool) -> int:
    """Make the slides, look at them if that is asked for, and return the exit status."""
    if not shutil.which("npm"):
        sys.exit("npm is not installed; it fetches reveal.js, which shows the slides")
    paths = sorted((ROOT / "notebooks").glob("*.ipynb"))
    chosen = [path for path in paths if not words or any(word in path.stem for word in words)]
    build(chosen, FOLDER, install())
    print(f"{len(chosen)} pages of slides in {FOLDER}", flush=True)
    return check(FOLDER) if look else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="look at every slide in Chromium")
    parser.add_argument("words", nargs="*", help='parts of names of notebooks, such as "04"')
    arguments = parser.parse_args()
    sys.exit(main(arguments.words, look=arguments.check))
