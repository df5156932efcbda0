"""The workshop kit: times, breaks, quotes and references agree with the notebooks."""

import ast
import builtins
import itertools
import re

import nbformat
import pytest
from notebook_text import NOTEBOOKS, ROOT, markdown

from tools import schedules

GUIDE, BEFORE, AFTER, KEY = (
    (ROOT / "workshop" / f"{name}.md").read_text("utf-8")
    for name in ("guide", "questions_before", "questions_after", "questions_key")
)
BY_NUMBER = {path.name[:2]: path for path in NOTEBOOKS}
LABELS = ["What it is for", "The one thing", "Have them predict", "Run live"]
LABELS += ["Where people stumble, and what to say", "Ask", "In class", "Late?"]
SCHEDULE = schedules.read()
# Sections that introduce a concept, and a pattern that finds the concept in later sections.
CONCEPTS = {
    ("01", "6"): r"split_indices|test_idx",
    ("02", "5"): r"LSTMClassifier",
    ("02", "7"): r"0\.693",
    ("03", "5"): r"pack_padded|[Pp]acking",
    ("03", "6"): r"packed=False",
    ("04", "4"): r"sc\.fit\(",
    ("06", "3"): r"AUC",
}
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
    """Join the lines of a string."""
    return re.sub(r"\s+", " ", text)


def chapter(number):
    """Return the guide's chapter on a notebook."""
    return plain(re.search(rf"^## {number} .+?(?=^## )", GUIDE, flags=re.M | re.S)[0])


def minutes(clock):
    """Return the minutes since midnight."""
    hours, rest = clock.split(":")
    return 60 * int(hours) + int(rest)


def sums(blocks):
    """Return the total minutes of each kind over all blocks."""
    return [sum(column) for column in zip(*(block.minutes for block in blocks), strict=True)]


def cells_of(number):
    """Return each cell of a notebook with the part that it belongs to."""
    part, found = "start", []
    for cell in nbformat.read(BY_NUMBER[number], as_version=4).cells:
        heading = re.match(r"## (?:(\d)\.|(\w+))|### (Exercise \d)", cell.source)
        if heading and cell.cell_type == "markdown":
            part = next(filter(None, heading.groups())).lower()
        found.append((part, cell))
    return found


def text_of(number, part):
    """Return the source of a part's cells."""
    return "\n".join(cell.source for place, cell in cells_of(number) if place == part)


def walk(schedule):
    """Yield the notebook and cells of each taught part, preceded by the bridged cells it needs."""
    bridged = set()
    for number, part in taught(schedule):
        for other, section, _, snippets in schedule.bridges:
            before = part != "start" and (section < part or not part.isdigit())
            if other == number and before and (number, section) not in bridged:
                bridged.add((number, section))
                cells = [cell for place, cell in cells_of(number) if place == section]
                yield number, [c for c in cells if any(text in c.source for text in snippets)]
        yield number, [cell for place, cell in cells_of(number) if place == part]


def taught(schedule):
    """List the notebook and the name of each taught part, in order."""
    return [(n, part) for block in schedule.blocks for n, ps in block.parts.items() for part in ps]


def names(source):
    """Return the names that a cell reads and those that it defines."""
    tree = ast.parse(re.sub(r"^%.*", "", source, flags=re.M))
    reads, defines = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (reads if isinstance(node.ctx, ast.Load) else defines).add(node.id)
        elif isinstance(node, ast.alias):
            defines.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.arg):
            defines.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.ExceptHandler):
            defines.add(node.name)
    return reads, defines


@each_schedule
def test_minutes_add_up(title):
    """Rows follow each other without gaps, minutes match the times, and the totals are right."""
    blocks = SCHEDULE[title].blocks
    for before, after in itertools.pairwise(blocks):
        assert before.end == after.start
    for block in blocks:
        assert sum(block.minutes) == minutes(block.end) - minutes(block.start) > 0, block
    total = sums(blocks)
    line = f"| **in all** | {sum(total)} minutes | | {' | '.join(map(str, total))} |"
    assert line in schedules.TEXT.partition(f"## {title}\n")[2].partition("\n## ")[0]


@each_schedule
def test_learners_do_much_of_the_work(title):
    """Exercises start by minute 45 and take at least a quarter of the time, and there is slack."""
    blocks = SCHEDULE[title].blocks
    first = next(block for block in blocks if block.minutes[1])
    assert minutes(first.end) - first.minutes[1] - minutes(blocks[0].start) <= 45
    teaching, exercise, reserve, _ = sums(blocks)
    assert exercise >= (teaching + exercise) / 4
    assert exercise >= 60 or teaching + exercise < 120
    assert reserve >= (30 if teaching + exercise >= 120 else 15)


@each_schedule
def test_no_one_sits_for_more_than_ninety_minutes(title):
    """No one works for more than ninety minutes without a break."""
    working = 0
    for block in SCHEDULE[title].blocks:
        working = 0 if block.minutes[3] else working + sum(block.minutes)
        assert working <= 90, block


@each_schedule
def test_parts_exist_and_each_notebook_is_started_first(title):
    """Named parts exist, exercises get their minutes, and the set-up is never skipped."""
    started = set()
    for block in SCHEDULE[title].blocks:
        exercise = 0
        for number, parts in block.parts.items():
            assert parts, block
            assert set(parts) <= set(parts_of(number)), block
            assert number in started or "start" in parts, block
            started.add(number)
            exercise += sum(parts_of(number)[part] for part in parts)
        assert block.minutes[1] == exercise, block


@each_schedule
def test_every_name_in_a_cell_was_taught_or_bridged(title):
    """Running a schedule's cells and bridges in order raises no NameError."""
    defined = {number: set(dir(builtins)) for number in BY_NUMBER}
    for number, cells in walk(SCHEDULE[title]):
        for cell in (cell for cell in cells if cell.cell_type == "code"):
            reads, defines = names(cell.source)
            assert reads - defines <= defined[number], cell.source
            defined[number] |= defines


@each_schedule
def test_every_concept_was_taught_or_bridged(title):
    """The concepts that a section uses were taught before or are explained by a bridge."""
    schedule, met = SCHEDULE[title], set()
    said = {(number, section) for number, section, _, _ in schedule.bridges}
    for number, part in taught(schedule):
        met.add((number, part))
        needed = {p for p, pattern in CONCEPTS.items() if re.search(pattern, text_of(number, part))}
        if part not in ("start", "quiz"):
            assert {place for place in needed if place < (number, part)} <= met | said


@each_schedule
def test_bridges_lead_over_skipped_sections(title):
    """A bridge replaces a section that is not taught, and its cells come from that section."""
    schedule = SCHEDULE[title]
    for number, section, _, snippets in schedule.bridges:
        assert (number, section) not in taught(schedule)
        assert all(snippet in text_of(number, section) for snippet in snippets)


@each_schedule
def test_predictions_are_in_taught_sections(title):
    """Each prediction of a schedule is quoted word for word from a section that is taught."""
    schedule = SCHEDULE[title]
    assert 3 <= len(schedule.asked) <= 12
    for number, section, quote in schedule.asked:
        assert (number, section) in taught(schedule)
        assert f"**Predict first:** {quote}" in plain(text_of(number, section))


@each_notebook
def test_the_guide_has_everything_about_each_notebook(number):
    """Each chapter has all headings in order, and two or three questions with answers."""
    text = re.search(rf"^## {number} .+?(?=^## )", GUIDE, flags=re.M | re.S)[0]
    assert re.findall(r"^\*\*([^*]+?)\.?\*\*", text, flags=re.M) == LABELS
    assert 2 <= len(re.findall(r"^- \*(.+?\?)\* \w", text, flags=re.M)) <= 3
    assert text.startswith(f"## {number} {BY_NUMBER[number].stem[3:].replace('_', ' ')}\n")


@each_notebook
def test_quotes_of_the_guide_are_in_the_notebook(number):
    """Text in curly quotes occurs literally in a cell or an output, ignoring case."""
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


def questions(text):
    """Return the options of each question by its number."""
    found = re.findall(r"^(\d+)\. (.+?)(?=^\d+\. |\Z)", text, flags=re.M | re.S)
    return {number: re.findall(r"^   - ([A-D])\. ", body, flags=re.M) for number, body in found}


def test_questions_come_in_pairs_and_the_key_has_both_answers():
    """Both questionnaires have ten questions with four options each, and the key is separate."""
    rows = re.findall(r"^\| (\d+) \| ([A-D]) \| ([A-D]) \| .*\((\S+)\) \|$", KEY, flags=re.M)
    numbers = [str(n) for n in range(1, 11)]
    assert [row[0] for row in rows] == list(questions(BEFORE)) == list(questions(AFTER)) == numbers
    for options in [*questions(BEFORE).values(), *questions(AFTER).values()]:
        assert options == list("ABCD")
    assert "questions_key" not in BEFORE + AFTER


def test_only_what_the_half_day_teaches_is_asked():
    """Every question is answered in a section of the half-day schedule."""
    places = re.findall(r"\[notebook (\d\d), section (\d)\]", KEY)
    assert len(places) >= 10
    assert set(places) <= set(taught(SCHEDULE["Half a day"]))
