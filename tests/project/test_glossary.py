"""The glossary and the reading list agree with the notebooks and the workshop."""

import re

import pytest
from notebook_text import NOTEBOOKS, ROOT, markdown

DOCS = ROOT / "docs"
LINK = re.compile(r"\[((?:[^\[\]]|\[[^\]]*\])*)\]\((https?://[^)\s]+)\)")
PAGES = [*NOTEBOOKS, *sorted((ROOT / "workshop").glob("*.md"))]


def read(path):
    """Return the Markdown of a notebook or a page."""
    return markdown(path) if path.suffix == ".ipynb" else path.read_text("utf-8")


def prose(path):
    """Return a page's own prose, without code, quotations or titles of references."""
    text = re.sub(r"```.*?```|<code>.*?</code>", " ", read(path), flags=re.S)
    text = LINK.sub(" ", re.sub(r"`[^`]*`", " ", text))
    text = re.sub(r"\]\([^)]*\)", "] ", text)
    return re.sub(r"“[^”]*”|\"[^\"\n]*\"", " ", text)


def glossary():
    """Return the terms of the glossary with their texts."""
    parts = re.split(r"^## (.+)$", (DOCS / "glossary.md").read_text("utf-8"), flags=re.M)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def elsewhere(body):
    """Return the synonyms that the course avoids for a term."""
    found = re.search(r"^\*Elsewhere:\* (.+)$", body, flags=re.M)
    return found[1].split(", ") if found else []


def links(text):
    """Return the normalised addresses of external links."""
    text = re.sub(r"```.*?```|`[^`]*`", " ", text, flags=re.S)
    found = re.findall(r"(https?://[^/\s)>\]\"']+)([^\s)>\]\"'#]*)", text)
    return [host.lower() + path.rstrip("/") for host, path in found]


def test_terms_are_unique_and_in_alphabetical_order():
    """Terms are sorted and unique, and none of them is an avoided synonym."""
    terms = [term.strip("`").casefold() for term, _ in glossary()]
    avoided = [word.casefold() for _, body in glossary() for word in elsewhere(body)]
    assert terms == sorted(set(terms))
    assert len(set(avoided)) == len(avoided)
    assert not set(terms) & set(avoided)


@pytest.mark.parametrize(("term", "body"), glossary(), ids=[term for term, _ in glossary()])
def test_an_entry_links_to_a_notebook_that_uses_the_term(term, body):
    """The first notebook linked from an entry uses the term."""
    (name, *_) = re.findall(r"\]\(\.\./notebooks/([^)#]+)\)", body)
    text = re.sub(r"\s+", " ", markdown(ROOT / "notebooks" / name).replace("`", ""))
    assert re.search(rf"\b{re.escape(term.strip('`'))}", text, flags=re.I), name


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_pages_use_one_word_for_one_thing(path):
    """Avoided synonyms do not occur in notebooks or workshop pages."""
    text = prose(path)
    for term, body in glossary():
        for word in elsewhere(body):
            found = re.search(rf".{{0,40}}\b{re.escape(word)}s?\b.{{0,40}}", text, flags=re.I)
            assert found is None, f"write {term}, not {word}: {found[0]}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_references_of_a_notebook_are_in_the_list(path):
    """All references in notebooks are in the reading list."""
    assert set(links(markdown(path))) <= set(links(read(DOCS / "further_reading.md")))


def test_every_reference_is_listed_once_with_a_safe_link_and_a_note():
    """References are unique, use https and have a note."""
    text = read(DOCS / "further_reading.md")
    found = links(text)
    assert len(set(found)) == len(found) == text.count("](")
    assert all(link.startswith("https://") for link in found)
    for entry in re.split(r"^- ", text, flags=re.M)[1:]:
        assert len(LINK.sub("", entry.partition("\n\n")[0]).split()) >= 6, entry
