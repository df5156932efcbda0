"""The web book: preprocessing of the sources, and the built pages.

Pages are built only if Sphinx is installed; `python course.py book` installs it. With --check, that
command tests all pages in a browser. Here, only the page "Play" is tested in a browser.
"""

import html.parser
import importlib.util
import json
import re
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest
import torch
from notebook_text import NOTEBOOKS, PUBLIC_NAMES, ROOT
from scipy.special import expit

import seqclf_utils as sc
from seqclf_utils.casino import log_likelihood_ratio
from tools import book

DOCS = sorted((ROOT / "docs").glob("*.md"))


def load_pages():
    """Import docs/book_pages.py, which is not in a package."""
    spec = importlib.util.spec_from_file_location("book_pages", ROOT / "docs" / "book_pages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


pages = load_pages()


def prepared(*outputs):
    """Return the preprocessed cells of a notebook with a title and one code cell."""
    code = {"cell_type": "code", "metadata": {}, "source": "1", "outputs": list(outputs)}
    title = {"cell_type": "markdown", "metadata": {}, "source": "# 04 · Title"}
    notebook = {"cells": [title, code], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.loads(pages.prepare_notebook(json.dumps(notebook), "04_title.ipynb"))["cells"]


def picture(alt):
    """Return an output as show_figure creates it."""
    data = {"image/png": "iVBORw0KGgo=", "text/plain": "Figure"}
    metadata = {"image/png": {"alt": alt}} if alt else {}
    return {"output_type": "display_data", "data": data, "metadata": metadata}


def test_the_contents_list_every_page_once():
    """The table of contents has the notebooks in order and all pages in docs/, each once."""
    line = r"^(?:Play <)?((?:notebooks|docs|workshop)/[^\s>]+|[A-Z]+)>?$"
    first, *names = re.findall(line, pages.contents(), flags=re.M)
    assert first == "docs/play"
    sources = [path.relative_to(ROOT).with_suffix("").as_posix() for path in [*NOTEBOOKS, *DOCS]]
    assert names[: len(NOTEBOOKS)] == sources[: len(NOTEBOOKS)]
    assert {"CONTRIBUTING", "CHANGELOG", *sources} <= {first, *names}
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("server", "repository", "is_known"),
    [
        (None, None, False),
        ("https://github.com", "me/course", True),
        ("https://github.example.org", "me/course", False),
    ],
)
def test_links_below_the_title_lead_to_this_notebook(monkeypatch, server, repository, is_known):
    """The second cell links to a download, and to Colab and Binder if GitHub builds the book."""
    for name, value in ("GITHUB_SERVER_URL", server), ("GITHUB_REPOSITORY", repository):
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name, raising=False)
    title, links, _ = prepared()
    assert title["source"] == "# 04 · Title"
    places = [
        "(https://colab.research.google.com/github/me/course/blob/colab/04_title.ipynb)",
        "(https://mybinder.org/v2/gh/me/course/HEAD?labpath=notebooks/04_title.ipynb)",
    ]
    assert re.findall(r"\(https:\S+\)", links["source"]) == places * is_known
    assert "{download}`Download <04_title.ipynb>`" in links["source"]


def test_alt_text_reaches_the_page():
    """The stored alt text is copied to the metadata that myst-nb reads."""
    cell = prepared(picture("Two lines."))[-1]
    assert cell["metadata"]["mystnb"] == {"image": {"alt": "Two lines."}}


@pytest.mark.parametrize("outputs", [[picture(None)], [picture("One."), picture("Two.")]])
def test_figures_without_an_alt_text_of_their_own_are_refused(outputs):
    """A cell with several figures, or a figure without alt text, fails the build."""
    with pytest.raises(ValueError, match="alt text"):
        prepared(*outputs)


@pytest.mark.parametrize("source", ["<tr><th></th><th>a</th>", ["<tr><th></th>", "<th>a</th>"]])
def test_corners_of_tables_are_not_empty_headings(source):
    """Empty header cells of tables become ordinary cells, which screen readers skip."""
    output = {"output_type": "execute_result", "data": {"text/html": source}, "metadata": {}}
    cell = prepared(output)[-1]
    assert cell["outputs"][0]["data"]["text/html"] == "<tr><td></td><th>a</th>"


def test_every_public_name_is_documented_once():
    """The API page has a directive for each public name, and documents members of classes."""
    text = pages.describe_package()
    names = re.findall(r"auto\w+:: seqclf_utils\.(\w+)$", text, flags=re.M)
    assert sorted(names) == PUBLIC_NAMES
    assert ".. autoclass:: seqclf_utils.LSTMClassifier\n   :members:" in text
    assert ".. autofunction:: seqclf_utils.fit\n" in text


class Page(html.parser.HTMLParser):
    """The tags and IDs of an HTML page."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.ids = [], set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attributes):
        """Record a tag and its attributes."""
        self.tags.append((tag, dict(attributes)))
        self.ids.add(dict(attributes).get("id"))

    def values(self, tag, name):
        """Return the values of an attribute of a tag."""
        return [found[name] for kind, found in self.tags if kind == tag and name in found]


@pytest.fixture(scope="module", params=["", "https://github.com"], ids=["here", "published"])
def built(request, tmp_path_factory):
    """Build the book with and without a GitHub address, and return its pages by path."""
    pytest.importorskip("myst_nb", reason="python course.py book installs it")
    folder = tmp_path_factory.mktemp("book")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GITHUB_SERVER_URL", request.param)
        patch.setenv("GITHUB_REPOSITORY", "me/course")
        assert book.build(folder) == 0, "Sphinx says why"
    paths = sorted((folder / "html").rglob("*.html"))
    return {path: Page(path) for path in paths if "_static" not in path.parts}


def test_pages_load_nothing_from_elsewhere(built):
    """Scripts, styles, fonts and images are part of the book, which works offline."""
    for path, page in built.items():
        styles = [a["href"] for tag, a in page.tags if tag == "link" and a["rel"] != "canonical"]
        for target in [*page.values("script", "src"), *page.values("img", "src"), *styles]:
            assert not urlsplit(target).netloc, (path.name, target)
            assert (path.parent / unquote(urlsplit(target).path)).exists(), (path.name, target)


def test_only_a_published_book_leads_to_colab_and_binder(built, request):
    """Notebooks link to Colab and Binder in a published book, but not in a local one."""
    n_links = len(NOTEBOOKS) * (request.node.callspec.id == "published")
    for host in ("colab.research.google.com", "mybinder.org"):
        hrefs = [target for page in built.values() for target in page.values("a", "href")]
        assert sum(urlsplit(target).netloc == host for target in hrefs) == n_links


def test_links_between_pages_lead_somewhere(built):
    """Links within the book lead to existing files and anchors."""
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
    """Every image has an alt text."""
    for path, page in built.items():
        alts = page.values("img", "alt")
        assert len(alts) == len(page.values("img", "src")), path.name
        assert all(len(alt) >= 40 for alt in alts), path.name


def test_solutions_and_answers_are_folded_away(built):
    """Pages have as many folded blocks as their notebooks, and all are closed."""
    for source in NOTEBOOKS:
        page = next(page for path, page in built.items() if path.stem == source.stem)
        folded = [found for tag, found in page.tags if tag == "details"]
        assert len(folded) == source.read_text("utf-8").count("<details>")
        assert not any("open" in found for found in folded)


@pytest.mark.parametrize("built", [""], indirect=True)
def test_play_judges_as_pytorch_and_numpy_do(built, tmp_path):
    """Every button works, axe reports nothing, and probabilities agree with PyTorch and NumPy."""
    if book.obstacle() or not book.MODULES.exists():
        pytest.skip(book.obstacle() or "python course.py book --check installs axe")
    (folder,) = {path.parent for path in built if path.name == "index.html"}
    assert book.look("check_play.mjs", [folder], [tmp_path / "tables.json"]) == 0
    tables = json.loads((tmp_path / "tables.json").read_text("utf-8"))
    assert len(tables) == 200
    assert 60 < sum(table["isCheat"] for table in tables) < 140  # a fair coin: p = 1e-8
    model = sc.load_trained_model()
    for table in tables:
        throws = table["throws"]
        parts = [torch.tensor(throws[: n + 1]) for n in range(len(throws))]
        padded = torch.nn.utils.rnn.pad_sequence(parts, batch_first=True)
        with torch.no_grad():
            lstm = model(padded, torch.tensor([len(part) for part in parts])).sigmoid()
        odds = expit(log_likelihood_ratio([part.numpy() for part in parts], cheat="clever"))
        np.testing.assert_allclose(table["lstm"], lstm.numpy(), rtol=0, atol=1e-5)
        np.testing.assert_allclose(table["odds"], odds, rtol=0, atol=1e-5)
