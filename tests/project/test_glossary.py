"""The glossary and the list of references agree with the notebooks."""

import re

import pytest
from notebook_text import NOTEBOOKS, ROOT, markdown

DOCS = ROOT / "docs"
LINK = re.compile(r"\[((?:[^\[\]]|\[[^\]]*\])*)\]\((https?://[^)\s]+)\)")

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def prose(path):
    """Return what the course says in its own words: no code, no quotes, no titles of others."""
    text = re.sub(r"```.*?```", " ", markdown(path), flags=re.S)
    text = re.sub(r"<code>.*?</code>", " ", text, flags=re.S)
    text = re.sub(r"`[^`]*`", " ", text)
    text = LINK.sub(" ", text)
    text = re.sub(r"\]\([^)]*\)", "] ", text)
    return re.sub(r"“[^”]*”|\"[^\"\n]*\"", " ", text)


def glossary():
    """Return the entries of the glossary: term to what stands under it."""
    parts = re.split(r"^## (.+)$", (DOCS / "glossary.md").read_text("utf-8"), flags=re.M)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def elsewhere(body):
    """List the words that other courses use for a term."""
    found = re.search(r"^\*Elsewhere:\* (.+)$", body, flags=re.M)
    return found[1].split(", ") if found else []


def links(text):
    """List the addresses of other sites, linked or bare, code aside."""
    text = re.sub(r"```.*?```|`[^`]*`", " ", text, flags=re.S)
    return re.findall(r"https?://[^\s)>\]\"']+", text)


def normalised(link):
    """Drop what leads to the same page: a fragment, a slash at the end, capitals of the host."""
    scheme, _, rest = link.partition("#")[0].rstrip("/").partition("://")
    host, slash, page = rest.partition("/")
    return f"{scheme}://{host.lower()}{slash}{page}"


def test_terms_are_unique_and_in_alphabetical_order():
    """A reader finds a word where it belongs, once."""
    terms = [term.strip("`").casefold() for term, _ in glossary()]
    assert len(terms) >= 45
    assert terms == sorted(set(terms))


@pytest.mark.parametrize(("term", "body"), glossary(), ids=[term for term, _ in glossary()])
def test_an_entry_explains_and_leads_to_its_notebook(term, body):
    """One to three sentences or so, and a link to a notebook that exists and uses the term."""
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", body)
    assert targets
    for target in targets:
        assert (DOCS / target).exists(), target
    text = re.sub(r"\s+", " ", markdown(DOCS / targets[0]).replace("`", ""))
    assert re.search(rf"\b{re.escape(term.strip('`'))}", text, flags=re.I), targets[0]
    said = body.partition("(Notebook")[0]
    assert 8 <= len(said.split()) <= 50


def test_no_word_is_both_a_term_and_avoided():
    """What is called something else elsewhere is not a term here."""
    terms = {term.strip("`").casefold() for term, _ in glossary()}
    avoided = [word.casefold() for _, body in glossary() for word in elsewhere(body)]
    assert not terms & set(avoided)
    assert len(set(avoided)) == len(avoided)


@each_notebook
def test_notebooks_use_one_word_for_one_thing(path):
    """The words that are for elsewhere stay out of our own prose."""
    text = prose(path)
    for term, body in glossary():
        for word in elsewhere(body):
            found = re.search(rf".{{0,40}}\b{re.escape(word)}s?\b.{{0,40}}", text, flags=re.I)
            assert found is None, f"say {term}, not {word}: {found[0]}"


@each_notebook
def test_references_of_a_notebook_are_in_the_list(path):
    """Whoever looks for a paper finds all of them in one place."""
    listed = {normalised(link) for link in links((DOCS / "further_reading.md").read_text("utf-8"))}
    assert {normalised(link) for link in links(markdown(path))} <= listed


def test_every_reference_is_listed_once_with_a_safe_link_and_a_note():
    """No page twice, https only, and each line says what the page is good for."""
    text = (DOCS / "further_reading.md").read_text("utf-8")
    found = [normalised(link) for link in links(text)]
    assert len(set(found)) == len(found) == text.count("](")
    assert all(link.startswith("https://") for link in found)
    entries = re.split(r"^- ", text, flags=re.M)[1:]
    assert len(entries) == len(found)
    for entry in entries:
        note = LINK.sub("", entry.partition("\n\n")[0])
        assert len(note.split()) >= 6, entry
