"""The workshop kit: times, breaks, quotes and references agree with the notebooks."""

import itertools
import re
from typing import NamedTuple

import nbformat
import pytest
from notebook_text import NOTEBOOKS, ROOT, markdown

SCHEDULES, GUIDE, QUESTIONS = (
    (ROOT / "workshop" / f"{name}.md").read_text("utf-8")
    for name in ("schedules", "guide", "questions")
)
BY_NUMBER = {path.name[:2]: path for path in NOTEBOOKS}
LABELS = ["What it is for", "The one thing", "Have them predict", "Run live"]
LABELS += ["Where people stumble, and what to say", "Ask", "In class", "Late?"]
ROW = re.compile(r"\| (\d+):(\d\d) to (\d+):(\d\d) \| (.+) \| (.+) \| (\d+) \| (\d+) \| (\d+) \|$")


class Block(NamedTuple):
    """A row of a schedule: times in minutes since midnight, notebook parts, minutes by kind."""

    start: int
    end: int
    parts: dict
    minutes: tuple


def read_row(row):
    """Parse a row such as `14:00 to 14:04 | Welcome | [00](...): start, section 1 | 4 | 0 | 0`."""
    hours, parts = [int(text) for text in row[:4]], {}
    for number, names in re.findall(r"\[(\d\d)\]\([^)]*\): ([^;]+)", row[5]):
        digits = re.findall(r"\d", " ".join(re.findall(r"sections? ([\d, and]+)", names)))
        parts[number] = re.findall(r"start|quiz|summary|exercise \d", names) + digits
    start, end = 60 * hours[0] + hours[1], 60 * hours[2] + hours[3]
    return Block(start, end, parts, tuple(int(text) for text in row[6:]))


def read_schedules():
    """Return the rows of each schedule by its heading."""
    titles = re.split(r"^## (.+)$", SCHEDULES, flags=re.M)[1:]
    found = {}
    for title, body in zip(titles[0::2], titles[1::2], strict=True):
        rows = [line for line in body.splitlines() if re.match(r"\| \d", line)]
        if rows:
            found[title] = [read_row(ROW.match(line).groups()) for line in rows]
    return found


SCHEDULE = read_schedules()
each_schedule = pytest.mark.parametrize("title", SCHEDULE)
each_notebook = pytest.mark.parametrize("number", BY_NUMBER)


def parts_of(number):
    """Return the parts of a notebook, with the minutes of each exercise."""
    text = markdown(BY_NUMBER[number])
    exercises = re.findall(r"^### Exercise (\d)[^\n]*\((\d+) min\)", text, flags=re.M)
    sections = re.findall(r"^## (\d)\. ", text, flags=re.M)
    parts = dict.fromkeys(["start", *sections, "quiz", "summary"], 0)
    return parts | {f"exercise {n}": int(minutes) for n, minutes in exercises}


def plain(text):
    """Join the lines of a text."""
    return re.sub(r"\s+", " ", text)


def chapter(number):
    """Return the guide's chapter on a notebook."""
    return plain(re.search(rf"^## {number} .+?(?=^## )", GUIDE, flags=re.M | re.S)[0])


@each_schedule
def test_minutes_add_up(title):
    """Rows are contiguous, their minutes fill them, and the last line has the totals."""
    blocks = SCHEDULE[title]
    for before, after in itertools.pairwise(blocks):
        assert before.end == after.start
    for block in blocks:
        assert sum(block.minutes) == block.end - block.start > 0, block
    sums = [sum(minutes) for minutes in zip(*(block.minutes for block in blocks), strict=True)]
    total = f"| **in all** | {sum(sums)} minutes | | {sums[0]} | {sums[1]} | {sums[2]} |"
    assert total in SCHEDULES.partition(f"## {title}\n")[2].partition("\n## ")[0]


@each_schedule
def test_no_one_sits_for_more_than_ninety_minutes(title):
    """Every schedule has a break at least every ninety minutes."""
    working = 0
    for block in SCHEDULE[title]:
        working = 0 if block.minutes[2] else working + block.end - block.start
        assert working <= 90, block


@each_schedule
def test_parts_exist_and_each_notebook_is_started_first(title):
    """All parts in a schedule exist, exercises get their minutes, and no set-up is skipped."""
    started = set()
    for block in SCHEDULE[title]:
        exercise = 0
        for number, names in block.parts.items():
            assert names, block
            assert set(names) <= set(parts_of(number)), block
            assert number in started or "start" in names, block
            started.add(number)
            exercise += sum(parts_of(number)[name] for name in names)
        assert block.minutes[1] == exercise, block


@each_notebook
def test_the_guide_has_everything_about_each_notebook(number):
    """Each chapter has all headings in order, and two or three questions with answers."""
    text = re.search(rf"^## {number} .+?(?=^## )", GUIDE, flags=re.M | re.S)[0]
    assert re.findall(r"^\*\*([^*]+?)\.?\*\*", text, flags=re.M) == LABELS
    assert 2 <= len(re.findall(r"^- \*(.+?\?)\* \w", text, flags=re.M)) <= 3
    assert text.startswith(f"## {number} {BY_NUMBER[number].stem[3:].replace('_', ' ')}\n")


@each_notebook
def test_quotes_of_the_guide_are_in_the_notebook(number):
    """Text in curly quotes occurs literally in a cell or an output, apart from capitals."""
    cells = nbformat.read(BY_NUMBER[number], as_version=4).cells
    outputs = [output.get("text", "") for cell in cells for output in cell.get("outputs", [])]
    text = plain("\n".join([*(cell.source for cell in cells), *outputs])).casefold()
    for quote in re.findall(r"“([^”]+)”", chapter(number)):
        assert quote.casefold() in text, quote


@each_notebook
def test_places_in_the_guide_exist(number):
    """Sections named in the guide exist, and exercises have the stated minutes."""
    found = parts_of(number)
    sections = re.findall(r"[Ss]ections? ([\d, and]*\d)", chapter(number))
    assert set(re.findall(r"\d", " ".join(sections))) <= set(found)
    for exercise, minutes in re.findall(r"[Ee]xercise (\d)[^()]*\((\d+) min\)", chapter(number)):
        assert found[f"exercise {exercise}"] == int(minutes)


def answers():
    """Return the text of each answer by its number."""
    folded = QUESTIONS.partition("<summary>Answers</summary>")[2]
    return dict(re.findall(r"^(\d+)\. (\*Before:\* .+)$", folded, flags=re.M))


def places(text):
    """Return the sections that a text links to."""
    return set(re.findall(r"\[notebook (\d\d), section (\d)\]\(\.\./notebooks/", text))


def test_every_question_has_a_counterpart_and_both_have_answers():
    """There are ten different questions before and ten after, answered in existing sections."""
    parts = re.split(r"^## .+$", QUESTIONS, flags=re.M)
    before, after = (re.findall(r"^(\d+)\. (.+)$", part, flags=re.M) for part in parts[1:3])
    numbers = [str(n) for n in range(1, 11)]
    assert [n for n, _ in before] == [n for n, _ in after] == list(answers()) == numbers
    assert len({text for _, text in before + after}) == 20
    for text in answers().values():
        assert " *After:* " in text
        assert all(section in parts_of(number) for number, section in places(text))


@each_schedule
def test_only_what_was_taught_is_asked(title):
    """A schedule asks exactly the questions whose sections it teaches."""
    taught = {(n, p) for block in SCHEDULE[title] for n, ps in block.parts.items() for p in ps}
    line = re.search(rf"^\| {title} \| (.+) \|$", QUESTIONS, flags=re.M)[1]
    assert line.split(", ") == [n for n, text in answers().items() if places(text) <= taught]
