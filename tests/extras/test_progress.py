"""What a person sees of training, and that no one else sees it."""

import re
import sys

import pytest
from test_interactive import PERSON, PROGRAM, notebook

from seqclf_utils.extras import live
from seqclf_utils.extras.progress import epochs_left


def count_epochs(losses=(), **options):
    """Count to 30 epochs, without curves."""
    return list(epochs_left(list(losses), 30, **{"progress": False, "live": False} | options))


def pretend_kernel(kernel, monkeypatch):
    """Pretend to run in a notebook with this kernel; None is IPython in a terminal."""
    monkeypatch.delenv("SEQCLF_PROGRESS", raising=False)
    notebook(monkeypatch, kernel)


@pytest.mark.parametrize(("finished", "left"), [(0, [1, 2, 3]), (2, [3]), (3, [])])
def test_epochs_that_are_left(finished, left):
    """Counting goes on after the finished epochs, up to the last one."""
    losses = [(epoch, 0.5, 0.5) for epoch in range(1, finished + 1)]

    assert list(epochs_left(losses, 3, progress=False, live=False)) == left


@pytest.mark.parametrize(
    ("kernel", "progress", "curves", "is_shown"),
    [
        (PERSON, True, True, True),
        (PERSON, True, False, True),
        (PERSON, False, True, True),
        (PERSON, False, False, False),
        (PROGRAM, True, True, False),
        (None, False, True, False),
    ],
    ids=["both", "bar", "curves", "neither", "program", "terminal"],
)
def test_a_notebook_shows_what_is_wished_to_a_person(
    kernel, progress, curves, is_shown, monkeypatch, capsys
):
    """In a notebook that a person runs, and nowhere else; the epochs are the same."""
    pretend_kernel(kernel, monkeypatch)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    calls = []
    monkeypatch.setattr(
        live, "watch", lambda *args, **kw: calls.append((args, kw)) or iter(args[0])
    )
    losses = []

    assert list(epochs_left(losses, 3, progress=progress, live=curves)) == [1, 2, 3]

    assert capsys.readouterr().err == ""  # curves are for notebooks; and the bar is theirs here
    assert len(calls) == is_shown
    for (_, passed_on), options in calls:
        assert passed_on is losses
        assert options == {"progress": progress, "live": curves}


def test_nothing_is_printed_when_no_person_watches(monkeypatch, capsys):
    """Without a terminal or notebook nothing is written, progress or not."""
    monkeypatch.delenv("SEQCLF_PROGRESS", raising=False)

    count_epochs(progress=True)

    assert tuple(capsys.readouterr()) == ("", "")


def test_progress_bar_can_be_forced(monkeypatch, capsys):
    """SEQCLF_PROGRESS=1 shows a bar, which removes itself at the end."""
    monkeypatch.setenv("SEQCLF_PROGRESS", "1")

    count_epochs(progress=True)

    out, err = capsys.readouterr()
    assert out == ""
    assert "30" in err
    assert re.search(r"[\d?]epoch/s", err)
    assert err.rsplit("\r", 2)[1].strip() == err.rsplit("\r", 2)[2] == ""


@pytest.mark.parametrize(("variable", "progress"), [("0", True), ("0", False), ("1", False)])
def test_progress_bar_can_be_hidden(variable, progress, monkeypatch, capsys):
    """SEQCLF_PROGRESS=0 hides the bar, and so does progress=False."""
    monkeypatch.setenv("SEQCLF_PROGRESS", variable)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)

    count_epochs(progress=progress)

    assert tuple(capsys.readouterr()) == ("", "")


@pytest.mark.parametrize("is_terminal", [True, False])
def test_progress_bar_in_a_terminal(is_terminal, monkeypatch, capsys):
    """Without a notebook a person watches if standard error is a terminal."""
    monkeypatch.delenv("SEQCLF_PROGRESS", raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)

    assert list(epochs_left([], 3, progress=True, live=False)) == [1, 2, 3]

    assert ("epoch" in capsys.readouterr().err) is is_terminal


def test_a_bar_goes_on_where_training_goes_on(monkeypatch, capsys):
    """With two of five epochs finished it begins at two of five."""
    monkeypatch.setenv("SEQCLF_PROGRESS", "1")

    assert count_epochs([(1, 0.5, 0.5), (2, 0.5, 0.5)], progress=True) == list(range(3, 31))

    assert " 2/30 " in capsys.readouterr().err
