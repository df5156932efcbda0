"""The pages in docs/ and workshop/: links, and the common mistakes of notebook 09."""

import re

import nbformat
import pytest
from notebook_text import NOTEBOOKS, ROOT, markdown

PAGE = ROOT / "docs" / "common_mistakes.md"
GALLERY = ROOT / "notebooks" / "09_when_it_goes_wrong.ipynb"
NUMBERS = [f"{number:02d}" for number in range(1, 20)]
PARTS = ("**Symptom:**", "**Why:**", "**Fix:**", "**Next time:**")
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("workshop/*.md"), *NOTEBOOKS]


def rows():
    """Return the cells of each row of the table: entry, misconception, fact and places."""
    lines = PAGE.read_text("utf-8").splitlines()
    return [re.split(r" \| ", line.strip("| ")) for line in lines if re.match(r"\| \d", line)]


def places(text):
    """Return the notebook number, section and file of each link to a section."""
    page_form = r"\[notebook (\d\d), section (\d)\]\((?:[^)]*/)?([^)/]+)\)"
    gallery_form = r"\[notebook (\d\d)\]\(([^)]+)\), section (\d)"
    found = re.findall(page_form, text)
    return found + [(n, section, name) for n, name, section in re.findall(gallery_form, text)]


def entries():
    """Return the number, name and text of each entry in notebook 09."""
    parts = re.split(r"^### (\d\d)\. (.+)$", markdown(GALLERY), flags=re.M)[1:]
    texts = [text.split("\n## ")[0] for text in parts[2::3]]
    return list(zip(parts[0::3], parts[1::3], texts, strict=True))


def test_the_page_lists_all_nineteen():
    """All mistakes are listed once, in order, with links to sections that explain them."""
    assert [row[0] for row in rows()] == NUMBERS
    for row in rows():
        assert len(places(row[3])) == row[3].count("](") >= 1, row


def test_the_gallery_has_nineteen_complete_entries():
    """Each entry has a symptom, reason, fix and advice, and a cell that demonstrates it."""
    assert [number for number, _, _ in entries()] == NUMBERS
    for number, _, text in entries():
        assert [text.count(part) for part in PARTS] == [1] * len(PARTS), number
    shown, current = set(), None
    for cell in nbformat.read(GALLERY, as_version=4).cells:
        heading = re.match(r"#+ (\d\d)?", cell.source) if cell.cell_type == "markdown" else None
        current = heading[1] if heading else current
        if cell.cell_type == "code" and cell.outputs and current:
            shown.add(current)
    assert sorted(shown) == NUMBERS


@pytest.mark.parametrize("text", [PAGE.read_text("utf-8"), markdown(GALLERY)], ids=["page", "09"])
def test_places_exist(text):
    """A link points to the notebook and section that its text names, and that section exists."""
    for number, section, name in places(text):
        assert name.startswith(number)
        path = ROOT / "notebooks" / name
        assert re.search(rf"^## {section}\. ", markdown(path), flags=re.M), (name, section)


def test_page_and_gallery_name_the_same_places():
    """Each entry in notebook 09 links to its first place on the page unless that place is in 09."""
    on_page = {row[0]: places(row[3])[0] for row in rows()}
    for number, _, text in entries():
        assert (places(text) or [("09", on_page[number][1], GALLERY.name)]) == [on_page[number]]


def test_the_index_of_the_gallery_leads_to_every_entry():
    """The index links to every entry by the anchor that JupyterLab creates for its heading."""
    anchors = {
        f"{number}. {name}".replace("`", "").replace(" ", "-") for number, name, _ in entries()
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", markdown(GALLERY))) == anchors


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    """Relative links lead to existing files."""
    text = markdown(path) if path.suffix == ".ipynb" else path.read_text("utf-8")
    for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text):
        assert (path.parent / target).exists(), target


def test_commands_that_are_named_exist():
    """Commands of course.py and nox sessions named in pages, workflows and tools exist."""
    found = {"python course.py": set(), "nox -s": set()}
    ways_in = [*ROOT.glob(".github/workflows/*.yml"), ROOT / ".devcontainer" / "devcontainer.json"]
    for path in [*PAGES, *ways_in, *ROOT.glob("tools/*.py")]:
        text = path.read_text("utf-8")
        for start, names in found.items():
            names |= set(re.findall(rf"{re.escape(start)} \"?([a-z]\w+)", text))
    for start, name in {"python course.py": "course.py", "nox -s": "noxfile.py"}.items():
        text = (ROOT / name).read_text("utf-8")
        known = set(re.findall(r'^def (\w+)\(session|^    "(\w+)": \[', text, flags=re.M))
        assert len(found[start]) >= 4
        assert found[start] <= set(map("".join, known))
