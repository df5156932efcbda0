"""The workshop kit: sums, breaks, quotes and places, all compared with the notebooks."""

import itertools
import re

import pytest
from notebook_text import NOTEBOOKS, ROOT, markdown
from test_book import pages
from test_glossary import elsewhere, glossary, prose

from tools import rehearsal

PAGES = sorted((ROOT / "workshop").glob("*.md"))
SCHEDULES = (ROOT / "workshop" / "schedules.md").read_text("utf-8")
GUIDE = (ROOT / "workshop" / "guide.md").read_text("utf-8")
QUESTIONS = (ROOT / "workshop" / "questions.md").read_text("utf-8")
SETUP = (ROOT / "workshop" / "setup.md").read_text("utf-8")
BY_NUMBER = {path.name[:2]: path for path in NOTEBOOKS}
TITLES = {"Ninety minutes": 90, "Half a day": 210, "Full day": 480}
LABELS = ["What it is for", "The one thing", "Have them predict", "Run live"]
LABELS += ["Where people stumble, and what to say", "Ask", "In class", "Late?"]
SPARE = 3  # minutes that a row may have beyond what it needs

books = rehearsal.notebooks()
schedules = rehearsal.schedules(SCHEDULES)
each_schedule = pytest.mark.parametrize("title", TITLES)
each_notebook = pytest.mark.parametrize("number", BY_NUMBER)
each_page = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)


def plain(text):
    """Put a text on one line."""
    return re.sub(r"\s+", " ", text)


def chapter(number):
    """Return what the guide says about a notebook."""
    return re.search(rf"^## {number} .+?(?=^## )", GUIDE, flags=re.M | re.S)[0]


def said(number):
    """Return what a notebook says: its text, its code and its text outputs, on one line."""
    cells = rehearsal.nbformat.read(BY_NUMBER[number], as_version=4).cells
    outputs = [o.get("text", "") for cell in cells for o in cell.get("outputs", [])]
    return plain("\n".join([*(cell.source for cell in cells), *outputs]))


@each_schedule
def test_minutes_add_up(title):
    """Each row ends where the next begins, its minutes fill it, and the last line is their sum."""
    blocks = schedules[title]
    for before, after in itertools.pairwise(blocks):
        assert before.end == after.start
    for block in blocks:
        minutes = block.teaching, block.exercise, block.pause
        assert sum(minutes) == block.end - block.start > 0, block
        assert block.pause == 0 or minutes[:2] == (0, 0), "a break is a break"
    sums = [sum(getattr(b, kind) for b in blocks) for kind in ("teaching", "exercise", "pause")]
    total = f"| **in all** | {sum(sums)} minutes | | {sums[0]} | {sums[1]} | {sums[2]} |"
    assert total in SCHEDULES.partition(f"## {title}\n")[2].partition("\n## ")[0]
    assert sum(sums) == TITLES[title]


def test_every_row_is_read():
    """No line of a table escapes these tests by its form."""
    rows = [line for line in SCHEDULES.splitlines() if re.match(r"\| \d", line)]
    assert len(rows) == sum(len(blocks) for blocks in schedules.values())
    assert list(schedules) == list(TITLES)


@each_schedule
def test_nobody_sits_for_more_than_ninety_minutes(title):
    """Between two breaks, and before the first and after the last."""
    working = 0
    for block in schedules[title]:
        working = 0 if block.pause else working + block.end - block.start
        assert working <= 90, block


@each_schedule
def test_parts_exist_and_each_notebook_is_started_first(title):
    """A named section, quiz or exercise is in its notebook; the set-up cell is never left out."""
    started = set()
    for block in schedules[title]:
        assert block.parts or block.pause or block.what.startswith(("What to read", "From your"))
        for number, names in block.parts.items():
            assert names, block
            assert set(names) <= set(books[number].parts), block
            assert number in started or "start" in names, block
            started.add(number)


@each_schedule
def test_no_row_has_less_time_than_its_parts_need(title):
    """As much as one reader needs, and as the notebooks ask for to teach; and little more."""
    for block in schedules[title]:
        alone, pace, work = rehearsal.needed(block, books)
        assert block.exercise == work, block
        if block.parts:
            assert max(alone, pace) <= block.teaching <= max(alone, pace) + SPARE, block


def test_the_rehearsal_on_the_page_is_that_of_today():
    """Its numbers are within a minute; python -m tools.rehearsal --write renews them."""
    table, short = rehearsal.compare(rehearsal.WRITTEN, books, SCHEDULES)
    written = SCHEDULES.partition("<!-- rehearsal: begin -->")[2].partition("<!-- rehearsal: end")[
        0
    ]
    now, then = (
        re.findall(r"^\| (.+?) \| (\d+) \| (\d+) \| (\d+) \|", t, re.M) for t in (table, written)
    )
    assert short == 0
    assert [row[0] for row in now] == [row[0] for row in then]
    for row, old in zip(now, then, strict=True):
        assert all(abs(int(a) - int(b)) <= 1 for a, b in zip(row[1:], old[1:], strict=True)), row


def test_a_notebook_is_measured_part_by_part(tmp_path):
    """Words, lines, predictions and exercises go where their heading is; solutions do not count."""
    v4 = rehearsal.nbformat.v4
    table = "| 30 minutes | about 60 s | a | b |"
    cells = [
        v4.new_markdown_cell("# 01 · Title"),
        v4.new_markdown_cell(table),
        v4.new_markdown_cell("## 1. One two\n\n**Predict first:** three?"),
        v4.new_code_cell("a\n\nb"),
        v4.new_markdown_cell("## Exercises"),
        v4.new_markdown_cell("### Exercise 1: a name (10 min)"),
        v4.new_markdown_cell("one two three", metadata={"tags": ["solution"]}),
        v4.new_markdown_cell("## Quiz"),
    ]
    rehearsal.nbformat.write(v4.new_notebook(cells=cells), tmp_path / "01_x.ipynb")
    book = rehearsal.read_notebook(tmp_path / "01_x.ipynb")
    assert list(book.parts) == ["start", "1", "exercises", "exercise 1", "quiz"]
    assert book.parts["1"] == rehearsal.Part(words=7, code_lines=2, predictions=1)
    assert book.parts["exercise 1"].minutes == 10
    assert book.parts["exercise 1"].words == 7
    assert book.minutes(["1"]) == pytest.approx(7 / 200 + 2 / 20 + 0.5 + 1)
    assert book.pace(["start", "1", "quiz", "exercise 1"]) == pytest.approx(30)


def test_running_times_are_those_of_the_notebooks():
    """What schedules and guide say about a long notebook is what it says itself."""
    found = re.findall(r"notebook (\d\d) \(about (\d+) s\)", plain(SCHEDULES))
    found += re.findall(r"(\d\d) \(about\s+(\d+) s\)", plain(SCHEDULES))
    for number in BY_NUMBER:
        found += [
            (number, s) for s in re.findall(r"(?:about|takes about) (\d+) s\b", chapter(number))
        ]
    assert len(found) >= 5
    for number, seconds in found:
        assert books[number].run == int(seconds), number


@each_notebook
def test_the_guide_has_everything_about_each_notebook(number):
    """Eight headings in order, and two or three questions with their answers."""
    text = chapter(number)
    assert re.findall(r"^\*\*([^*]+?)\.?\*\*", text, flags=re.M) == LABELS
    asked = re.findall(r"^- \*(.+?\?)\* (.+?)(?=^- |^$)", text, flags=re.M | re.S)
    assert 2 <= len(asked) <= 3
    assert all(len(answer.split()) >= 4 for _, answer in asked)
    title = BY_NUMBER[number].stem[3:].replace("_", " ")
    assert text.startswith(f"## {number} {title}\n")


@each_notebook
def test_quotes_of_the_guide_stand_in_the_notebook(number):
    """Whatever is in curly quotes is there word for word."""
    quotes = re.findall(r"“([^”]+)”", chapter(number))
    assert quotes
    for quote in quotes:
        assert plain(quote) in said(number), quote


@each_notebook
def test_places_in_the_guide_exist(number):
    """Sections, exercises with their names and minutes, confusions."""
    text = plain(chapter(number))
    sections = re.findall(r"[Ss]ections? ([\d, and]*\d)", text)
    for digit in re.findall(r"\d+", " ".join(sections)):
        assert digit in books[number].parts, digit
    heads = dict(re.findall(r"^### Exercise (\d): (.+)$", markdown(BY_NUMBER[number]), flags=re.M))
    for exercise, name, minutes in re.findall(
        r"[Ee]xercise (\d),? ([^()]*?)(?:, if there is time)? ?\((\d+) min\)", text
    ):
        assert f"({minutes} min)" in heads[exercise]
        wanted = heads[exercise].partition(" (")[0]
        assert not name or wanted.strip("?") in name, (name, wanted)
    for entry in re.findall(r"confusion (\d+)", text):
        assert 1 <= int(entry) <= 19


def answers():
    """Read the answers: number to text."""
    folded = QUESTIONS.partition("<summary>Answers</summary>")[2]
    return dict(re.findall(r"^(\d+)\. (\*Before:\* .+)$", folded, flags=re.M))


def test_every_question_has_its_twin_and_both_their_answers():
    """Ten before, ten after, none asked twice, and a place that answers them."""
    parts = re.split(r"^## .+$", QUESTIONS, flags=re.M)
    before, after = (re.findall(r"^(\d+)\. (.+)$", part, flags=re.M) for part in parts[1:3])
    numbers = [str(n) for n in range(1, 11)]
    assert [n for n, _ in before] == [n for n, _ in after] == list(answers()) == numbers
    assert len({text for _, text in before + after}) == 20
    for text in answers().values():
        assert " *After:* " in text
        assert places(text)


def places(text):
    """List the sections that a text links to."""
    found = re.findall(r"\[notebook (\d\d), section (\d)\]\(\.\./notebooks/([^)]+)\)", text)
    assert len(found) == text.count("](")
    for number, section, name in found:
        assert BY_NUMBER[number].name == name
        assert section in books[number].parts
    return {(number, section) for number, section, _ in found}


@each_schedule
def test_only_what_was_taught_is_asked(title):
    """The questions of a schedule are those for which it teaches every place, and all of them."""
    taught = {(n, p) for block in schedules[title] for n, ps in block.parts.items() for p in ps}
    line = re.search(rf"^\| {title} \| (.+) \|$", QUESTIONS, flags=re.M)[1]
    able = [number for number, text in answers().items() if places(text) <= taught]
    assert line.split(", ") == able


def test_addresses_are_those_of_the_book():
    """The repository has one address: whoever changes it in docs/book_pages.py changes it here."""
    start = f"{pages.REPOSITORY}/blob/{pages.BRANCH}/notebooks/00_start_here.ipynb"
    assert f"https://colab.research.google.com/github/{start}" in SETUP
    start = f"{pages.REPOSITORY}/{pages.BRANCH}?labpath=notebooks/00_start_here.ipynb"
    assert f"https://mybinder.org/v2/gh/{start}" in SETUP
    assert ("no public address yet" in SETUP) == pages.REPOSITORY.startswith("_OWNER_/")


def test_setup_names_what_exists():
    """The commands of the page are in the course."""
    for line in re.findall(r"python course\.py (\w+)", SETUP):
        assert line in (ROOT / "course.py").read_text("utf-8")
    assert (ROOT / "tools" / "check_environment.py").exists()
    assert '"--details"' in (ROOT / "tools" / "check_environment.py").read_text("utf-8")


@each_page
def test_links_of_the_kit_lead_somewhere(path):
    """A relative link names a file that exists."""
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text("utf-8")):
        assert (path.parent / target).exists(), target


@each_page
def test_the_kit_uses_one_word_for_one_thing(path, monkeypatch):
    """The words that are for elsewhere stay out."""
    monkeypatch.setattr("test_glossary.markdown", lambda page: page.read_text("utf-8"))
    text = prose(path)
    for term, body in glossary():
        for word in elsewhere(body):
            found = re.search(rf".{{0,40}}\b{re.escape(word)}s?\b.{{0,40}}", text, flags=re.I)
            assert found is None, f"say {term}, not {word}: {found[0]}"
