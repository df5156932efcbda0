"""Whether a person watches: a variable decides, then the notebook's kernel, then the terminal."""

import sys
from types import SimpleNamespace

import pytest

from seqclf_utils.extras.interactive import in_notebook, person_watches


def notebook(monkeypatch, kernel):
    """Pretend to run in IPython with this kernel, which may be None."""
    shell = SimpleNamespace(kernel=kernel)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))


PERSON = SimpleNamespace(_allow_stdin=True)
PROGRAM = SimpleNamespace(_allow_stdin=False)


@pytest.mark.parametrize("kernel", [PERSON, PROGRAM, None])
@pytest.mark.parametrize(("wish", "answer"), [("1", True), ("0", False), ("", False)])
def test_the_variable_decides(wish, answer, kernel, monkeypatch):
    """SEQCLF_PROGRESS is stronger than what the kernel says."""
    monkeypatch.setenv("SEQCLF_PROGRESS", wish)
    notebook(monkeypatch, kernel)

    assert person_watches() is answer


@pytest.mark.parametrize(
    ("kernel", "answer"),
    [(PERSON, True), (PROGRAM, False), (SimpleNamespace(), False)],
    ids=["person", "program", "unknown"],
)
@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_kernel_that_may_ask_has_a_person(kernel, answer, is_terminal, monkeypatch):
    """In a notebook the terminal, from which the server was started, does not matter."""
    monkeypatch.delenv("SEQCLF_PROGRESS", raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    notebook(monkeypatch, kernel)

    assert person_watches() is answer


@pytest.mark.parametrize("is_terminal", [True, False])
def test_without_a_notebook_the_terminal_decides(is_terminal, monkeypatch):
    """A script in a terminal is watched; one whose errors go to a file is not."""
    monkeypatch.delenv("SEQCLF_PROGRESS", raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    notebook(monkeypatch, None)

    assert person_watches() is is_terminal


@pytest.mark.parametrize("is_terminal", [True, False])
def test_without_ipython_the_terminal_decides(is_terminal, monkeypatch):
    """A plain Python that never imported IPython is asked nothing of it."""
    monkeypatch.delenv("SEQCLF_PROGRESS", raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    monkeypatch.delitem(sys.modules, "IPython", raising=False)

    assert person_watches() is is_terminal


@pytest.mark.parametrize(("kernel", "answer"), [(PERSON, True), (PROGRAM, True), (None, False)])
def test_only_a_kernel_makes_a_notebook(kernel, answer, monkeypatch):
    """Whoever runs it; IPython in a terminal has no kernel."""
    notebook(monkeypatch, kernel)

    assert in_notebook() is answer


def test_plain_python_is_no_notebook(monkeypatch):
    """It may never have imported IPython."""
    monkeypatch.delitem(sys.modules, "IPython", raising=False)

    assert in_notebook() is False
