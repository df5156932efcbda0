"""The page of confusions and the gallery, notebook 09, hold all nineteen and lead to each other."""

import re

import nbformat
import pytest
from notebook_text import ROOT, markdown

PAGE = ROOT / "docs" / "confusions.md"
GALLERY = ROOT / "notebooks" / "09_when_it_goes_wrong.ipynb"
NUMBERS = [f"{number:02d}" for number in range(1, 20)]
PARTS = ("**Symptom:**", "**Why:**", "**Fix:**", "**Next time:**")


def rows():
    """Read the table: entry, confusion, truth and place of each line."""
    lines = PAGE.read_text("utf-8").splitlines()
    return [re.split(r" \| ", line.strip("| ")) for line in lines if re.match(r"\| \d", line)]


def places(text):
    """List what a text refers to: number of the notebook, section and file."""
    page_form = r"\[notebook (\d\d), section (\d)\]\((?:[^)]*/)?([^)/]+)\)"
    gallery_form = r"\[notebook (\d\d)\]\(([^)]+)\), section (\d)"
    found = re.findall(page_form, text)
    return found + [(n, section, name) for n, name, section in re.findall(gallery_form, text)]


def entries():
    """Split the gallery into its entries: number, name, and the text up to the next heading."""
    parts = re.split(r"^### (\d\d)\. (.+)$", markdown(GALLERY), flags=re.M)[1:]
    texts = [text.split("\n## ")[0] for text in parts[2::3]]
    return list(zip(parts[0::3], parts[1::3], texts, strict=True))


def test_the_page_lists_all_nineteen():
    """Each once, in order, with a confusion, its truth and the places that treat it."""
    assert [row[0] for row in rows()] == NUMBERS
    for row in rows():
        assert len(row) == 4
        assert len(row[2].split()) >= 8
        assert len(places(row[3])) == row[3].count("](") >= 1


def test_the_gallery_has_nineteen_complete_entries():
    """Symptom, why, fix and next time, once each, and at least one cell that shows it."""
    assert [number for number, _, _ in entries()] == NUMBERS
    for number, _, text in entries():
        assert [text.count(part) for part in PARTS] == [1] * len(PARTS), number
    kinds, current = {}, None
    for cell in nbformat.read(GALLERY, as_version=4).cells:
        heading = re.match(r"#+ (\d\d)?", cell.source) if cell.cell_type == "markdown" else None
        if heading:
            current = heading[1]
        elif current and cell.cell_type == "code" and cell.outputs:
            kinds[current] = True
    assert sorted(kinds) == NUMBERS


@pytest.mark.parametrize("text", [PAGE.read_text("utf-8"), markdown(GALLERY)], ids=["page", "09"])
def test_places_exist(text):
    """The named notebook has the named section, and the link leads to that notebook."""
    found = places(text)
    assert len(found) >= 15
    for number, section, name in found:
        path = ROOT / "notebooks" / name
        assert name.startswith(number)
        assert path.exists(), name
        assert re.search(rf"^## {section}\. ", markdown(path), flags=re.M), (name, section)


def test_page_and_gallery_name_the_same_places():
    """An entry is at length where the page says first, or nowhere else than in notebook 09."""
    on_page = {row[0]: places(row[3])[0] for row in rows()}
    for number, _, text in entries():
        assert (places(text) or [("09", on_page[number][1], GALLERY.name)]) == [on_page[number]]


def test_the_index_of_the_gallery_leads_to_every_entry():
    """Its links are the anchors that JupyterLab makes of headings: spaces become hyphens."""
    anchors = {
        f"{number}. {name}".replace("`", "").replace(" ", "-") for number, name, _ in entries()
    }
    links = re.findall(r"\]\(#([^)]+)\)", markdown(GALLERY))
    assert set(links) == anchors


def test_the_page_of_faults_names_tests_that_exist():
    """Each row ends in the test that holds it."""
    text = (ROOT / "docs" / "faults.md").read_text("utf-8")
    table = [line for line in text.splitlines() if line.startswith("| ")][2:]
    assert len(table) >= 8
    for line in table:
        named = re.findall(r"`(tests/\w+\.py)(?:::(\w+))?`", line.split(" | ")[-1])
        assert named, line
        for name, function in named:
            assert f"def {function}" in (ROOT / name).read_text("utf-8"), (name, function)


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.stem)
def test_links_of_the_docs_lead_somewhere(path):
    """A relative link names a file that exists."""
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text("utf-8")):
        assert (path.parent / target).exists(), target
