"""Progress bar and live loss curves in a notebook, cleared after training."""

import io
import itertools
from contextlib import suppress
from types import SimpleNamespace
from unittest.mock import Mock

import ipywidgets as widgets
import pytest
import torch
from matplotlib import pyplot as plt
from torch import nn

from seqclf_utils import LSTMClassifier, fit, make_casino, make_loaders, split_indices
from seqclf_utils.extras import live
from seqclf_utils.extras.live import Picture, show_losses, with_bar, with_curves

LOSSES = [(1, 0.7, 0.68), (2, 0.6, 0.61), (3, 0.5, 0.65)]


@pytest.fixture
def shown(monkeypatch):
    """Record displayed widgets, later updates and closed widgets."""
    caught = SimpleNamespace(widgets=[], updates=[], closed=[])

    def display(widget, **options):
        assert options == {"display_id": True}
        caught.widgets.append(widget)
        return SimpleNamespace(update=lambda *args, **kw: caught.updates.append((args, kw)))

    close = widgets.Widget.close
    monkeypatch.setattr(live, "display", display)
    monkeypatch.setattr(live, "REFRESH", 0)  # redraw after every epoch
    monkeypatch.setattr(
        widgets.Widget, "close", lambda self: caught.closed.append(self) or close(self)
    )
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
    drawn, sent, picture = Mock(wraps=live.as_png), [], Picture(width=640)
    monkeypatch.setattr(live, "as_png", drawn)
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
    monkeypatch.setattr(live, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(live, "REFRESH", 0.5)
    monkeypatch.setattr(live, "show_losses", lambda *_: drawn.append(clock.now))

    for epoch in with_curves(range(220), []):
        clock.now += 0.01 if epoch < 200 else 60.0

    assert all(later - earlier >= 0.5 for earlier, later in itertools.pairwise(drawn))
    assert len([time for time in drawn if time > 60]) == 20
    assert len(drawn) > 22  # some of the fast epochs too


def test_training_continues_without_curves_that_cannot_be_drawn(shown, monkeypatch):
    """If drawing fails, training continues with one warning and without a picture."""
    monkeypatch.setattr(live, "as_png", Mock(side_effect=RuntimeError("latex could not be found")))

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


def test_curves_change_nothing(shown, monkeypatch, capsys):
    """Live curves do not change losses or weights, and nothing is printed."""
    monkeypatch.setattr("seqclf_utils.extras.progress.is_interactive", lambda: True)
    monkeypatch.setattr("seqclf_utils.extras.progress.in_notebook", lambda: True)

    (with_them, weights), (without, same_weights) = train(True), train(False)

    assert with_them.equals(without)
    assert torch.equal(weights, same_weights)
    (picture,) = shown.widgets  # the run without curves shows none
    assert "after epoch 3" in picture.tooltip
    assert tuple(capsys.readouterr()) == ("", "")
