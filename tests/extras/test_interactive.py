"""Interactive use is detected from SEQCLF_PROGRESS, the kernel or the terminal, in that order."""

import sys
from types import SimpleNamespace

import pytest

from seqclf_utils.extras.interactive import in_notebook, is_interactive

PERSON = SimpleNamespace(_allow_stdin=True)
PROGRAM = SimpleNamespace(_allow_stdin=False)


def notebook(monkeypatch, kernel):
    """Simulate IPython with this kernel, which may be None."""
    shell = SimpleNamespace(kernel=kernel)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))


@pytest.fixture(params=[True, False], ids=["terminal", "file"])
def is_terminal(request, monkeypatch):
    """Redirect standard error to a simulated terminal or file, with SEQCLF_PROGRESS unset."""
    monkeypatch.delenv("SEQCLF_PROGRESS", raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: request.param)
    return request.param


@pytest.mark.parametrize("kernel", [PERSON, PROGRAM, None])
@pytest.mark.parametrize(("override", "answer"), [("1", True), ("0", False), ("", False)])
def test_the_variable_overrides(override, answer, kernel, monkeypatch):
    """SEQCLF_PROGRESS overrides the kernel."""
    monkeypatch.setenv("SEQCLF_PROGRESS", override)
    notebook(monkeypatch, kernel)

    assert is_interactive() is answer


@pytest.mark.parametrize(
    ("kernel", "answer"),
    [(PERSON, True), (PROGRAM, False), (SimpleNamespace(), False)],
    ids=["person", "program", "unknown"],
)
def test_a_kernel_that_may_ask_for_input_is_interactive(kernel, answer, is_terminal, monkeypatch):
    """In a notebook, the kernel is checked, not the terminal that started the server."""
    notebook(monkeypatch, kernel)

    assert is_interactive() is answer
    assert in_notebook()


def test_without_a_kernel_the_terminal_decides(is_terminal, monkeypatch):
    """Without a kernel, the terminal is checked, with or without IPython."""
    notebook(monkeypatch, None)
    assert (is_interactive(), in_notebook()) == (is_terminal, False)

    monkeypatch.delitem(sys.modules, "IPython")
    assert (is_interactive(), in_notebook()) == (is_terminal, False)
