"""Progress bars, which appear only in interactive sessions, and parallel runs."""

import os
import re
import sys
import time

import pytest
import torch
from test_interactive import PERSON, PROGRAM, notebook

from seqclf_utils import run_parallel
from seqclf_utils.extras import live, progress
from seqclf_utils.extras.progress import epochs_left


def describe_worker(name, seed, *, scale=1):
    """Return the arguments, the number of PyTorch threads and the process ID."""
    return name, seed * scale, torch.get_num_threads(), os.getpid()


@pytest.fixture
def bars(monkeypatch):
    """Record progress bars and curves instead of showing them."""
    calls = []
    for name in ("with_bar", "with_curves"):
        monkeypatch.setattr(
            live, name, lambda items, *a, name=name, **kw: calls.append((name, a, kw)) or items
        )
    return calls


def pretend_notebook(kernel, monkeypatch):
    """Simulate a notebook with this kernel; None stands for IPython in a terminal."""
    monkeypatch.delenv("SEQCLF_PROGRESS", raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    notebook(monkeypatch, kernel)


@pytest.mark.parametrize(("finished", "left"), [(0, [1, 2, 3]), (2, [3]), (3, [])])
@pytest.mark.parametrize("progress", [True, False])
def test_epochs_left(finished, left, progress):
    """The remaining epochs are those after the finished epochs."""
    losses = [(epoch, 0.5, 0.5) for epoch in range(1, finished + 1)]

    assert list(epochs_left(losses, 3, progress=progress, live=False)) == left


@pytest.mark.parametrize("progress", [True, False])
@pytest.mark.parametrize("curves", [True, False])
@pytest.mark.parametrize("kernel", [PERSON, PROGRAM])
def test_a_notebook_shows_what_was_requested(kernel, progress, curves, bars, monkeypatch, capsys):
    """Only an interactive notebook shows the requested bar and curves."""
    pretend_notebook(kernel, monkeypatch)
    losses = [(1, 0.5, 0.5)]

    assert list(epochs_left(losses, 3, progress=progress, live=curves)) == [2, 3]

    expected = []
    if kernel is PERSON and progress:
        expected.append(("with_bar", (), {"total": 3, "initial": 1, "unit": "epoch"}))
    if kernel is PERSON and curves:
        expected.append(("with_curves", (losses,), {}))
    assert bars == expected
    assert all(args[0] is losses for _, args, _ in bars if args)  # training extends this list
    assert capsys.readouterr().err == ""


def test_curves_need_a_notebook(bars, monkeypatch):
    """Live curves are not shown in a terminal."""
    pretend_notebook(None, monkeypatch)

    assert list(epochs_left([], 3, progress=False, live=True)) == [1, 2, 3]

    assert bars == []


@pytest.mark.parametrize(
    ("override", "is_terminal", "progress", "is_shown"),
    [
        (None, True, True, True),
        (None, True, False, False),
        (None, False, True, False),
        ("1", False, True, True),
        ("0", True, True, False),
    ],
)
def test_the_bar_in_a_terminal(override, is_terminal, progress, is_shown, monkeypatch, capsys):
    """The bar counts finished epochs and is cleared; SEQCLF_PROGRESS shows or hides it."""
    if override is None:
        monkeypatch.delenv("SEQCLF_PROGRESS", raising=False)
    else:
        monkeypatch.setenv("SEQCLF_PROGRESS", override)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)

    losses = [(1, 0.5, 0.5), (2, 0.5, 0.5)]
    assert list(epochs_left(losses, 30, progress=progress, live=False)) == [*range(3, 31)]

    out, err = capsys.readouterr()
    assert out == ""
    assert bool(err) is is_shown
    if is_shown:
        assert " 2/30 " in err
        assert re.search(r"[\d?]epoch/s", err)
        assert err.rsplit("\r", 2)[1].strip() == err.rsplit("\r", 2)[2] == ""


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_parallel_results_keep_the_order_of_the_arguments(n_jobs, capsys):
    """Results keep the order of the arguments; each call runs on one thread and prints nothing."""
    torch.set_num_threads(1)
    arguments = [(name, seed) for name in "ab" for seed in range(3)]

    results = run_parallel(describe_worker, iter(arguments), n_jobs=n_jobs, scale=10)

    assert [result[:3] for result in results] == [(name, 10 * seed, 1) for name, seed in arguments]
    assert (os.getpid() in {result[3] for result in results}) is (n_jobs == 1)
    assert tuple(capsys.readouterr()) == ("", "")


def sleep_and_return(seconds):
    """Sleep, then return the number of seconds."""
    time.sleep(seconds)
    return seconds


def test_parallel_bar_advances_whenever_a_call_ends(monkeypatch):
    """A slow first call does not delay the bar, and the results still keep their order."""
    run_parallel(sleep_and_return, [(0,), (0,)])  # starts the processes
    ended = []
    monkeypatch.setattr(
        progress, "_with_bar", lambda items, **_: (ended.append(item) or item for item in items)
    )

    assert run_parallel(sleep_and_return, [(2,), (0,)]) == [2, 0]

    assert ended == [(1, 0), (0, 2)]


def test_parallel_calls_may_be_closures():
    """Closures, such as functions defined in a notebook, can run in other processes."""
    offset = 5

    assert run_parallel(lambda x: x + offset, [(1,), (2,)]) == [6, 7]


def test_parallel_errors_are_raised():
    """An error in one of the calls is raised."""
    with pytest.raises(ZeroDivisionError):
        run_parallel(divmod, [(1, 1), (1, 0)])


def test_parallel_calls_are_counted_in_a_notebook(bars, monkeypatch):
    """In a notebook, one progress bar counts all calls."""
    pretend_notebook(PERSON, monkeypatch)

    assert run_parallel(pow, [(2, 3), (3, 2)], n_jobs=1) == [8, 9]

    assert bars == [("with_bar", (), {"total": 2, "unit": "run"})]
