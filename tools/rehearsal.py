"""Rehearse the schedules of the workshop on paper: .venv/bin/python -m tools.rehearsal.

No class is needed for that. For every row of workshop/schedules.md it works out from the notebooks
how long somebody who is alone with them needs for the parts that the row names, and prints that
beside the minutes of the schedule. A schedule must not give less, and must not go faster than the
notebooks' own minutes to teach.
"""

import argparse
import re
import sys
from pathlib import Path
from typing import NamedTuple

import nbformat

from tools.checkout import write_between

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "workshop" / "schedules.md"
WRITTEN = "Half a day"  # the schedule whose rehearsal stands on the page
WORDS_A_MINUTE = 200  # an adult who reads to understand, quizzes and folded answers too
CODE_LINES_A_MINUTE = 20  # assumed: three seconds a line
PREDICTION = 0.5  # minutes, assumed: to stop, and to say what you expect
HEADING = re.compile(
    r"## (?:(\d)\. |(Exercises|Quiz|Summary))|### Exercise (\d)[^\n]*\((\d+) min\)"
)
ROW = re.compile(r"\| (\d+):(\d\d) to (\d+):(\d\d) \| (.+) \| (.+) \| (\d+) \| (\d+) \| (\d+) \|$")


class Part(NamedTuple):
    """What a learner meets in one part of a notebook.

    Attributes:
        words: Words of text, solutions not counted.
        code_lines: Lines of code that are not empty.
        predictions: How often it asks to predict first.
        exercise: Minutes that an exercise names, otherwise 0.
    """

    words: int = 0
    code_lines: int = 0
    predictions: int = 0
    exercise: int = 0

    @property
    def minutes(self) -> float:
        """How long somebody reads, without running anything; for an exercise what it names."""
        reading = self.words / WORDS_A_MINUTE + self.code_lines / CODE_LINES_A_MINUTE
        return self.exercise or reading + self.predictions * PREDICTION


class Notebook(NamedTuple):
    """A notebook as a schedule sees it.

    Attributes:
        parts: "start", "1" to "7", "exercise 1" to "exercise 3", "quiz" and "summary".
        teach: Minutes to teach its sections and its quiz, as its own table says.
        run: Seconds that all of its cells run, measured, as its own table says.
    """

    parts: dict[str, Part]
    teach: int
    run: int

    def minutes(self, names: list[str]) -> float:
        """How long the named parts take somebody alone; each exercise takes what it names.

        The whole running time is added, since cells build on the ones before.
        """
        return sum(self.parts[name].minutes for name in names) + self.run / 60

    def pace(self, names: list[str]) -> float:
        """How long the named parts take at the notebook's own minutes to teach."""
        taught = [n for n in self.parts if n.isdigit() or n in ("start", "quiz")]
        total = sum(self.parts[name].minutes for name in taught)
        return self.teach * sum(self.parts[n].minutes for n in names if n in taught) / total


class Block(NamedTuple):
    """One row of a schedule; times are minutes since midnight.

    Attributes:
        start: When it begins.
        end: When it ends.
        what: What happens.
        parts: Number of a notebook to the names of its parts; empty where none is used.
        teaching: Minutes of teaching.
        exercise: Minutes in which learners work alone.
        pause: Minutes of break.
    """

    start: int
    end: int
    what: str
    parts: dict[str, list[str]]
    teaching: int
    exercise: int
    pause: int


def name_of(heading: re.Match) -> str:
    """Name the part that a heading begins.

    Args:
        heading: A match of HEADING.

    Returns:
        As in the attribute `parts` of a notebook.
    """
    section, other, exercise, _ = heading.groups()
    return section or (f"exercise {exercise}" if exercise else other.lower())


def measure(cell: dict) -> Part:
    """Count what one cell holds.

    Args:
        cell: A cell of a notebook.

    Returns:
        Its words or its lines; nothing for a solution.
    """
    if cell["cell_type"] == "code":
        return Part(code_lines=sum(bool(line.strip()) for line in cell["source"].splitlines()))
    if "solution" in cell["metadata"].get("tags", []):
        return Part()
    found = HEADING.match(cell["source"])
    return Part(
        words=len(cell["source"].split()),
        predictions=cell["source"].count("**Predict first:**"),
        exercise=int(found[4] or 0) if found else 0,
    )


def read_notebook(path: Path) -> Notebook:
    """Read a notebook part by part.

    Args:
        path: The notebook.

    Returns:
        What it holds.
    """
    parts, name = {}, "start"
    cells = nbformat.read(path, as_version=4).cells
    for cell in cells:
        found = HEADING.match(cell.source) if cell.cell_type == "markdown" else None
        name = name_of(found) if found else name
        parts[name] = Part(*map(sum, zip(parts.get(name, Part()), measure(cell), strict=True)))
    teach, run = re.search(r"\| (\d+) minutes \| about (\d+) s \|", cells[1].source).groups()
    return Notebook(parts, int(teach), int(run))


def notebooks() -> dict[str, Notebook]:
    """Read all notebooks.

    Returns:
        Number, such as "03", to notebook.
    """
    return {path.name[:2]: read_notebook(path) for path in sorted(ROOT.glob("notebooks/*.ipynb"))}


def read_parts(text: str) -> dict[str, list[str]]:
    """Read which parts a row names.

    Args:
        text: Such as "[03](...): start, sections 1 and 2, quiz; [04](...): section 5".

    Returns:
        Number of each notebook to the names of its parts.
    """
    found = {}
    for number, names in re.findall(r"\[(\d\d)\]\([^)]*\): ([^;]+)", text):
        sections = re.findall(r"sections? ([\d, and]+)", names)
        found[number] = [name for name in ("start", "quiz", "summary") if name in names]
        found[number] += [digit for group in sections for digit in re.findall(r"\d", group)]
        found[number] += re.findall(r"exercise \d", names)
    return found


def schedules(text: str) -> dict[str, list[Block]]:
    """Read the schedules.

    Args:
        text: The page.

    Returns:
        Heading to the rows of the table below it.
    """
    titles = re.split(r"^## (.+)$", text, flags=re.M)[1:]
    found = {}
    for title, body in zip(titles[0::2], titles[1::2], strict=True):
        rows = [row.groups() for row in map(ROW.match, body.splitlines()) if row]
        blocks = [
            Block(
                60 * int(a) + int(b), 60 * int(c) + int(d), what, read_parts(parts), *map(int, rest)
            )
            for a, b, c, d, what, parts, *rest in rows
        ]
        if blocks:
            found[title] = blocks
    return found


def needed(block: Block, books: dict[str, Notebook]) -> tuple[float, float, int]:
    """Work out what one row needs.

    Args:
        block: The row.
        books: All notebooks.

    Returns:
        Minutes to read and run its parts, minutes to teach them at the notebooks' own pace, and
        minutes of its exercises.
    """
    work = sum(books[n].parts[p].exercise for n, names in block.parts.items() for p in names)
    alone = sum(books[number].minutes(names) for number, names in block.parts.items()) - work
    pace = sum(books[number].pace(names) for number, names in block.parts.items())
    return alone, pace, work


def compare(title: str, books: dict[str, Notebook], text: str) -> tuple[str, int]:
    """Put what the rows of a schedule give beside what they need.

    Args:
        title: Heading of the schedule.
        books: All notebooks.
        text: The page.

    Returns:
        A Markdown table, and the number of rows that have too little time.
    """
    lines = ["| row | given | alone | at the notebooks' pace |", "| --- | ---: | ---: | ---: |"]
    short = 0
    for block in schedules(text)[title]:
        alone, pace, work = needed(block, books)
        late = block.teaching < max(alone, pace) or block.exercise < work
        short += late
        if block.parts:
            what = f"{'**SHORT** ' if late else ''}{block.what}"
            lines.append(f"| {what} | {block.teaching} | {alone:.0f} | {pace:.0f} |")
    return "\n".join(lines), short


def main(arguments: list[str] | None = None) -> int:
    """Print each schedule beside what its rows need.

    Args:
        arguments: Command line, for tests.

    Returns:
        1 if a row has too little time, otherwise 0.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put half a day into the page")
    wishes = parser.parse_args(arguments)
    text, books = PAGE.read_text("utf-8"), notebooks()
    found = {title: compare(title, books, text) for title in schedules(text)}
    for title, (table, _) in found.items():
        print(f"{title}\n\n{table}\n")
    if wishes.write:
        write_between(PAGE, "rehearsal", f"\n{found[WRITTEN][0]}\n")
    return int(any(short for _, short in found.values()))


if __name__ == "__main__":
    sys.exit(main())
