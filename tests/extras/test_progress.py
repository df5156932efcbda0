"""Progress bars and live loss curves, which appear only in interactive sessions; parallel runs."""

import io
import itertools
import os
import re
import sys
import time
from contextlib import suppress
from types import SimpleNamespace
from unittest.mock import Mock

import ipywidgets as widgets
import pytest
import torch
from matplotlib import pyplot as plt
from torch import nn

from seqclf_utils import LSTMClassifier, fit, make_casino, make_loaders, run_parallel, split_indices
from seqclf_utils.extras import progress
from seqclf_utils.extras.progress import (
    Picture,
    epochs_left,
    in_notebook,
    is_interactive,
    show_losses,
    with_bar,
    with_curves,
)

HIDDEN = {"leave": False, "display": False}  # tqdm's options for a bar that is shown by hand
LOSSES = [(1, 0.7, 0.68), (2, 0.6, 0.61), (3, 0.5, 0.65)]
PERSON = SimpleNamespace(_allow_stdin=True)
PROGRAM = SimpleNamespace(_allow_stdin=False)


def notebook(monkeypatch, kernel):
    """Simulate IPython with this kernel, which may be None."""
    monkeypatch.setattr(progress, "get_ipython", lambda: SimpleNamespace(kernel=kernel))


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
    assert (is_interactive(), in_notebook()) == (is_terminal, False)

    notebook(monkeypatch, None)
    assert (is_interactive(), in_notebook()) == (is_terminal, False)


def describe_worker(name, seed, *, scale=1):
    """Return the arguments, the number of PyTorch threads and the process ID."""
    return name, seed * scale, torch.get_num_threads(), os.getpid()


@pytest.fixture
def bars(monkeypatch):
    """Record progress bars and curves instead of showing them."""
    calls = []

    def bar(items, **options):
        calls.append(("bar", (), options))
        return SimpleNamespace(container=items)

    monkeypatch.setattr(progress, "notebook", SimpleNamespace(tqdm=bar))
    monkeypatch.setattr(progress, "_while_shown", lambda container, bar: container)
    monkeypatch.setattr(progress, "with_curves", lambda e, *a: calls.append(("curves", a, {})) or e)
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
        expected.append(("bar", (), HIDDEN | {"total": 3, "initial": 1, "unit": "epoch"}))
    if kernel is PERSON and curves:
        expected.append(("curves", (losses,), {}))
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


def test_parallel_results_of_slow_calls_keep_their_place():
    """A slow first call does not change the order of the results."""
    assert run_parallel(lambda s: time.sleep(s) or s, [(0.5,), (0,)]) == [0.5, 0]


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

    assert bars == [("bar", (), HIDDEN | {"total": 2, "unit": "run"})]


@pytest.fixture
def shown(monkeypatch):
    """Record displayed widgets, later updates and closed widgets, in an interactive notebook."""
    pretend_notebook(PERSON, monkeypatch)
    caught = SimpleNamespace(widgets=[], updates=[], closed=[])

    def display(widget, **options):
        assert options == {"display_id": True}
        caught.widgets.append(widget)
        return SimpleNamespace(update=lambda *args, **kw: caught.updates.append((args, kw)))

    close = widgets.Widget.close
    monkeypatch.setattr(progress, "display", display)
    monkeypatch.setattr(progress, "REFRESH", 0)  # redraw after every epoch
    monkeypatch.setattr(widgets.Widget, "close", lambda w: caught.closed.append(w) or close(w))
    return caught


def train(live_curves):
    """Train a small model and return its history and weights."""
    casino = make_casino(100, cheat="clever", seed=0)
    splits = split_indices(casino.labels, seed=0)
    loaders = make_loaders(casino.sequences, casino.labels, splits, seed=0)[:2]
    torch.manual_seed(0)
    model = LSTMClassifier(hidden_size=4)
    history = fit(model, *loaders, max_epochs=3, progress=False, live=live_curves)
    return history, nn.utils.parameters_to_vector(model.parameters())


def test_one_picture_follows_the_losses(shown):
    """One picture appears after the first epoch and is updated after every later epoch."""
    losses, seen = [], []
    for row in with_curves(LOSSES, losses):
        (picture,) = shown.widgets
        seen.append((picture.value, picture.layout.display))
        losses.append(row)

    again = Picture(width=640)
    show_losses(LOSSES[:2], again)
    values, display = zip(*seen, strict=True)
    assert (values[0], values[2]) == (b"", again.value)
    assert len({*values, picture.value}) == 4
    assert display == ("none", "block", "block")


def test_the_picture_shows_both_losses(monkeypatch):
    """The picture shows both curves with a dot per epoch, has alt text, and changes in one step."""
    drawn, sent, picture = Mock(wraps=progress.as_png), [], Picture(width=640)
    monkeypatch.setattr(progress, "as_png", drawn)
    monkeypatch.setattr(picture, "send_state", lambda key=None: sent.append(set(key)))

    show_losses(LOSSES, picture)

    assert sent == [{"value", "tooltip"}]  # in one message, so that the browser redraws once
    train, val, _ = drawn.call_args.args[0].axes[0].lines
    assert train.get_xydata().tolist() == [[1, 0.7], [2, 0.6], [3, 0.5]]
    assert val.get_xydata().tolist() == [[1, 0.68], [2, 0.61], [3, 0.65]]
    assert (train.get_marker(), val.get_marker()) == (".", ".")
    assert plt.get_fignums() == []
    assert plt.imread(io.BytesIO(picture.value)).shape[:2] == (400, 640)
    assert picture.tooltip == "Loss curves after epoch 3: lowest validation loss 0.61, in epoch 2"
    assert (picture.format, picture.width) == ("png", "640")
    assert (picture.layout.max_width, picture.layout.height) == ("100%", "auto")
    assert picture.get_state()["description"] == ""  # without it, JupyterLab fails on the tooltip


def test_drawing_does_not_hold_up_training(shown, monkeypatch):
    """At most one picture is drawn per interval, but every slow epoch is drawn."""
    clock, drawn = SimpleNamespace(now=0.0), []
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(progress, "REFRESH", 0.5)
    monkeypatch.setattr(progress, "show_losses", lambda *_: drawn.append(clock.now))

    for epoch in with_curves(range(220), []):
        clock.now += 0.01 if epoch < 200 else 60.0

    assert all(later - earlier >= 0.5 for earlier, later in itertools.pairwise(drawn))
    assert len([time for time in drawn if time > 60]) == 20
    assert len(drawn) > 22  # some of the fast epochs too


def test_training_continues_without_curves_that_cannot_be_drawn(shown, monkeypatch):
    """If drawing fails, training continues with one warning and without a picture."""
    monkeypatch.setattr(
        progress, "as_png", Mock(side_effect=RuntimeError("latex could not be found"))
    )

    with pytest.warns(UserWarning, match="^Training continues without .*: latex") as warned:
        assert list(with_curves([2, 3, 4], LOSSES)) == [2, 3, 4]

    assert len(warned) == 1
    assert shown.widgets[0].layout.display == "none"


def test_the_bar_counts(shown):
    """The bar starts at the number of finished epochs and names its unit."""
    bar = with_bar([3, 4], total=5, initial=2, unit="epoch", mininterval=0)

    assert (next(bar), next(bar)) == (3, 4)

    container = shown.widgets[0]
    assert (container.children[1].value, container.children[1].max) == (3, 5)
    assert "epoch" in container.children[2].value


@pytest.mark.parametrize("wrap", [with_bar, lambda items: with_curves(items, LOSSES)])
@pytest.mark.parametrize("end", ["last", "break", "error"])
def test_nothing_stays_behind(wrap, end, shown):
    """The display is cleared however the loop ends: normally, early or with an error."""
    with suppress(ZeroDivisionError):
        for item in wrap([1, 2, 3]):
            if item == 2 and end == "break":
                break
            if item == 2 and end == "error":
                raise ZeroDivisionError

    (widget,) = shown.widgets
    assert {widget, *getattr(widget, "children", ())} <= set(shown.closed)
    assert shown.updates == [(({},), {"raw": True})]


def test_curves_change_nothing(shown, capsys):
    """Live curves do not change losses or weights, and nothing is printed."""
    (with_them, weights), (without, same_weights) = train(True), train(False)

    assert with_them.equals(without)
    assert torch.equal(weights, same_weights)
    (picture,) = shown.widgets  # the run without curves shows none
    assert "after epoch 3" in picture.tooltip
    assert tuple(capsys.readouterr()) == ("", "")
