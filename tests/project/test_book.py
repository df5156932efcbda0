"""The web book: what happens to pages on their way, and the pages that come out.

The pages themselves are built only where Sphinx and the rest are installed, which
`python course.py book` does, and looked at in a browser only by `python course.py book --check`.
"""

import html.parser
import importlib.util
import json
import re
import sys
from urllib.parse import unquote, urlsplit

import pytest
from notebook_text import ROOT

import seqclf_utils
from tools import book

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
DOCS = sorted((ROOT / "docs").glob("*.md"))


def load_pages():
    """Import docs/book_pages.py, which is no package."""
    spec = importlib.util.spec_from_file_location("book_pages", ROOT / "docs" / "book_pages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


pages = load_pages()


def notebook(*outputs):
    """Return a notebook with a title and one code cell, as text."""
    code = {"cell_type": "code", "metadata": {}, "source": "1", "outputs": list(outputs)}
    title = {"cell_type": "markdown", "metadata": {}, "source": "# 04 · Title"}
    return json.dumps({"cells": [title, code], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def picture(alt):
    """Return the output that show_figure leaves."""
    data = {"image/png": "iVBORw0KGgo=", "text/plain": "Figure"}
    metadata = {"image/png": {"alt": alt}} if alt else {}
    return {"output_type": "display_data", "data": data, "metadata": metadata}


def test_the_contents_list_every_page_once():
    """Notebooks in the order of their numbers, and all of docs/; nothing that is not there."""
    names = re.findall(r"^(?:notebooks|docs|workshop)/\S+$|^[A-Z]+$", pages.contents(), flags=re.M)
    sources = [path.relative_to(ROOT).with_suffix("").as_posix() for path in [*NOTEBOOKS, *DOCS]]
    assert names[: len(NOTEBOOKS)] == sources[: len(NOTEBOOKS)]
    assert {"CONTRIBUTING", "CHANGELOG", *sources} <= set(names)
    assert len(set(names)) == len(names)
    for name in names:
        assert any((ROOT / f"{name}{ending}").exists() for ending in (".md", ".ipynb")), name


def test_a_chapter_without_pages_is_left_out():
    """There is no heading for teachers as long as there is nothing for teachers."""
    assert pages.chapter("For teachers", ["no_such_folder/*.md"]) == ""


def test_links_below_the_title_lead_to_this_notebook():
    """The second cell has the places to run it, and the download."""
    cells = json.loads(pages.prepare_notebook(notebook(), "04_title.ipynb"))["cells"]
    assert [cell["cell_type"] for cell in cells] == ["markdown", "markdown", "code"]
    assert cells[0]["source"] == "# 04 · Title"
    place = f"{pages.REPOSITORY}/blob/{pages.BRANCH}/notebooks/04_title.ipynb)"
    assert f"(https://colab.research.google.com/github/{place}" in cells[1]["source"]
    place = f"{pages.REPOSITORY}/{pages.BRANCH}?labpath=notebooks/04_title.ipynb)"
    assert f"(https://mybinder.org/v2/gh/{place}" in cells[1]["source"]
    assert "{download}`Download <04_title.ipynb>`" in cells[1]["source"]


def test_alt_text_reaches_the_page():
    """The alt text that show_figure stores is where myst-nb looks for it."""
    cell = json.loads(pages.prepare_notebook(notebook(picture("Two lines.")), "x"))["cells"][-1]
    assert cell["metadata"]["mystnb"] == {"image": {"alt": "Two lines."}}


@pytest.mark.parametrize("outputs", [[picture(None)], [picture("One."), picture("Two.")]])
def test_figures_without_an_alt_text_of_their_own_are_refused(outputs):
    """The build stops rather than show a figure that not everybody can read."""
    with pytest.raises(ValueError, match="alt text"):
        pages.prepare_notebook(notebook(*outputs), "x")


@pytest.mark.parametrize("source", ["<tr><th></th><th>a</th>", ["<tr><th></th>", "<th>a</th>"]])
def test_corners_of_tables_are_no_empty_headings(source):
    """A reading program would announce them."""
    output = {"output_type": "execute_result", "data": {"text/html": source}, "metadata": {}}
    cell = json.loads(pages.prepare_notebook(notebook(output), "x"))["cells"][-1]
    assert cell["outputs"][0]["data"]["text/html"] == "<tr><td></td><th>a</th>"


def test_every_public_name_is_documented_once():
    """The page of the package has a directive for each, classes with their members."""
    text = pages.describe_package()
    assert sorted(re.findall(r"auto\w+:: seqclf_utils\.(\w+)$", text, flags=re.M)) == sorted(
        seqclf_utils.__all__
    )
    assert ".. autoclass:: seqclf_utils.LSTMClassifier\n   :members:" in text
    assert ".. autofunction:: seqclf_utils.fit\n" in text


def test_the_book_asks_for_what_it_uses():
    """The group in pyproject.toml names the theme and the extensions of docs/conf.py."""
    names = {re.split(r"\W*>=", line)[0].replace("-", "_") for line in book.needed()}
    settings = (ROOT / "docs" / "conf.py").read_text("utf-8")
    assert names - {"sphinx"} <= set(re.findall(r"\"(\w+)\"", settings))


def test_only_what_is_missing_is_installed(monkeypatch):
    """The installed course stays as it is: the tested versions hold, and pip gets nothing else."""
    commands = []
    monkeypatch.setattr(book, "missing", lambda: ["sphinx>=9.0"])
    monkeypatch.setattr(book.subprocess, "run", lambda command, **_: commands.append(command))
    book.install()
    monkeypatch.setattr(book, "missing", list)
    book.install()
    pip = [sys.executable, "-m", "pip", "install", "-q", "-c", "constraints.txt", "sphinx>=9.0"]
    assert commands == [pip]


def test_obstacles_are_named(monkeypatch):
    """Who has no Chromium, or no node, is told so before anything is installed."""
    monkeypatch.setattr(book.shutil, "which", lambda name: None)
    monkeypatch.delenv("CHROMIUM", raising=False)
    assert "Chromium" in book.obstacle()
    monkeypatch.setenv("CHROMIUM", "somewhere")
    assert book.obstacle().startswith("node and npm")
    monkeypatch.setattr(book.shutil, "which", lambda name: name)
    assert book.obstacle() == ""


class Page(html.parser.HTMLParser):
    """What a page loads, where it leads, and what it shows."""

    def __init__(self, path):
        super().__init__()
        self.path, self.tags, self.ids = path, [], set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attributes):
        """Note a tag and its attributes."""
        found = dict(attributes)
        self.tags.append((tag, found))
        self.ids.add(found.get("id"))

    def values(self, tag, name):
        """List what an attribute of a tag says, where it is there."""
        return [found[name] for kind, found in self.tags if kind == tag and name in found]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build the book and return its pages by their places."""
    if missing := book.missing():
        pytest.skip(f"not installed: {', '.join(missing)} (python course.py book installs them)")
    folder = tmp_path_factory.mktemp("book")
    assert book.build(folder) == 0, "Sphinx says why"
    paths = sorted((folder / "html").rglob("*.html"))
    return {path: Page(path) for path in paths if "_static" not in path.parts}


def test_every_source_is_a_page(built):
    """All notebooks, all pages, and a start page."""
    names = {path.name for path in built}
    sources = [*NOTEBOOKS, *DOCS, ROOT / "README.md", ROOT / "CHANGELOG.md"]
    assert {"index.html", *(f"{path.stem}.html" for path in sources)} <= names


def test_pages_load_nothing_from_elsewhere(built):
    """Scripts, styles, fonts and pictures are in the book: it needs no network."""
    for path, page in built.items():
        loaded = page.values("script", "src") + page.values("img", "src")
        styles = [a["href"] for tag, a in page.tags if tag == "link" and a["rel"] != "canonical"]
        for target in loaded + styles:
            assert not urlsplit(target).netloc, (path.name, target)
            file = unquote(urlsplit(target).path)
            assert not file or (path.parent / file).exists(), (path.name, target)


def test_links_between_pages_lead_somewhere(built):
    """The file is there, and so is the place on the page."""
    for path, page in built.items():
        for target in page.values("a", "href"):
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            goal = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert goal.exists(), (path.name, target)
            if parts.fragment and goal in built:
                assert unquote(parts.fragment) in built[goal].ids, (path.name, target)


def test_pictures_are_described(built):
    """Every figure has the alt text that its notebook stores."""
    for path, page in built.items():
        alts = page.values("img", "alt")
        assert len(alts) == len(page.values("img", "src")), path.name
        assert all(len(alt) >= 40 for alt in alts), path.name
        if source := next((p for p in NOTEBOOKS if p.stem == path.stem), None):
            cells = json.loads(source.read_text("utf-8"))["cells"]
            outputs = [output for cell in cells for output in cell.get("outputs", [])]
            stored = [o["metadata"]["image/png"]["alt"] for o in outputs if "image/png" in str(o)]
            assert alts == stored


def test_solutions_and_answers_are_folded_away(built):
    """As many as the notebooks have, and none is open."""
    for source in NOTEBOOKS:
        page = next(page for path, page in built.items() if path.stem == source.stem)
        folded = [found for tag, found in page.tags if tag == "details"]
        assert len(folded) == source.read_text("utf-8").count("<details>")
        assert not any("open" in found for found in folded)
