"""What a notebook shows during training: always up to date, without flicker, gone at the end."""

from types import SimpleNamespace

import ipywidgets as widgets
import matplotlib as mpl
import pytest
import torch
from torch import nn

from seqclf_utils import LSTMClassifier, fit, make_casino, make_loaders, split_indices
from seqclf_utils.extras import live
from seqclf_utils.extras.live import draw_losses, watch

LOSSES = [(1, 0.7, 0.68), (2, 0.6, 0.61), (3, 0.5, 0.65)]


@pytest.fixture
def shown(monkeypatch):
    """Catch what is displayed, what replaces it later, and which widgets were closed."""
    caught = SimpleNamespace(boxes=[], updates=[], closed=[])

    def display(box, **options):
        assert options == {"display_id": True}
        caught.boxes.append(box)
        return SimpleNamespace(update=lambda *args, **kw: caught.updates.append((args, kw)))

    close = widgets.Widget.close
    monkeypatch.setattr(live, "display", display)
    monkeypatch.setattr(live, "REFRESH", 0)  # as if each epoch took its time
    monkeypatch.setattr(
        widgets.Widget, "close", lambda self: caught.closed.append(self) or close(self)
    )
    return caught


def test_one_picture_follows_the_losses(shown):
    """It appears after the first epoch, and after each further one it is drawn anew."""
    losses, seen = [], []
    for step in watch(range(3), losses, progress=False, live=True):
        (picture,) = shown.boxes[0].children
        seen.append((picture.value, picture.layout.display))
        losses.append(LOSSES[step])

    pictures = [draw_losses(LOSSES[:n]) for n in (1, 2, 3)]
    assert seen == [(b"", "none"), (pictures[0], "block"), (pictures[1], "block")]
    assert picture.value == pictures[2]
    assert len(set(pictures)) == 3
    assert picture.tooltip == "after epoch 3: lowest validation loss 0.61, in epoch 2"
    assert (picture.format, picture.width) == ("png", "640")
    assert (picture.layout.max_width, picture.layout.height) == ("100%", "auto")
    assert len(shown.boxes) == 1


def test_drawing_does_not_hold_up_training(shown, monkeypatch):
    """Epochs that are over at once are not drawn each: at most one picture in each interval."""
    monkeypatch.setattr(live, "REFRESH", 60)

    for _ in watch(range(100), LOSSES, progress=True, live=True):
        pass

    assert shown.boxes[0].children[1].value == b""


def test_slow_epochs_after_quick_ones_are_all_drawn(shown, monkeypatch):
    """How fast the epochs were before says nothing about the next one."""
    clock, drawn = SimpleNamespace(now=0.0), []
    monkeypatch.setattr("tqdm.std.time", lambda: clock.now)
    monkeypatch.setattr(live, "REFRESH", 0.5)
    monkeypatch.setattr(live, "show_losses", lambda *_: drawn.append(clock.now) or True)

    for epoch in watch(range(220), [], progress=True, live=True):
        clock.now += 0.01 if epoch < 200 else 60.0

    assert len([time for time in drawn if time > 60]) == 20


def test_curves_that_nobody_wants_are_not_drawn(shown, monkeypatch):
    """A bar alone costs no drawing."""
    monkeypatch.setattr(live, "draw_losses", lambda losses: pytest.fail("drawn"))

    assert list(watch([1, 2], LOSSES, progress=True, live=False)) == [1, 2]


def test_training_goes_on_without_curves_that_cannot_be_drawn(shown):
    """Losses too large for any axis end the drawing, with one warning, and nothing else."""
    losses = [(1, 1e200, 1e200)]

    with pytest.warns(UserWarning, match="loss curves cannot be drawn .* training goes on") as told:
        assert list(watch([2, 3, 4], losses, progress=False, live=True)) == [2, 3, 4]

    assert len(told) == 1
    assert shown.boxes[0].children[0].layout.display == "none"


def test_the_warning_names_the_caller():
    """Not a line inside of the function that cannot draw."""
    with pytest.warns(UserWarning, match="loss curves cannot be drawn") as told:
        assert not live.show_losses([(1, 1e200, 1e200)], live.Picture())

    assert told[0].filename == __file__


def test_each_drawing_is_one_change(monkeypatch):
    """Picture and words travel together: a change on its own would draw the old one once more."""
    sent = []
    picture = live.Picture()
    monkeypatch.setattr(picture, "send_state", lambda key=None: sent.append(set(key)))

    live.show_losses(LOSSES, picture)

    assert sent == [{"value", "tooltip"}]
    assert picture.get_state()["description"] == ""  # without it, JupyterLab fails on the tooltip


def test_the_bar_counts_epochs(shown):
    """Beside the curves or alone; nothing turns red or green at the end."""
    for curves in (True, False):
        for last in (3, 2):
            for epoch in watch([1, 2, 3], LOSSES, progress=True, live=curves):
                if epoch > last:
                    break
            bar, *rest = shown.boxes[-1].children
            assert [type(child) for child in rest] == [live.Picture] * curves
            assert (bar.children[1].value, bar.children[1].max) == (3 + last, 6)
            assert bar.children[1].bar_style == ""
            assert bar.children[2].value.count("epoch") == 1
            assert "X" not in bar.children[2].value


def test_all_is_gone_at_the_end(shown):
    """However training ends: after the last epoch, early, or with an error."""
    assert list(watch([0, 1], LOSSES, progress=True, live=True)) == [0, 1]
    for _ in watch([0, 1, 2], LOSSES, progress=True, live=True):
        if len(shown.boxes) == 2:
            break
    with pytest.raises(ZeroDivisionError):
        for step in watch([1, 0], LOSSES, progress=True, live=True):
            1 / step

    assert len(shown.boxes) == 3
    for box in shown.boxes:
        assert box in shown.closed
        for child in box.children:
            parts = [child, *getattr(child, "children", ())]
            looks = [getattr(part, name, None) for part in parts for name in ("layout", "style")]
            assert {*parts, *looks} - {None} <= set(shown.closed)
    assert shown.updates == [(({},), {"raw": True})] * 3


def test_what_is_drawn(monkeypatch):
    """Both curves with a dot for each epoch, no epoch marked as restored, the best one named."""
    monkeypatch.setitem(mpl.rcParams, "figure.dpi", 50)  # nobody's settings matter
    monkeypatch.setitem(mpl.rcParams, "savefig.format", "svg")
    drawn = []
    plot = live.plot_loss_curves
    monkeypatch.setattr(
        live, "plot_loss_curves", lambda *args, **kw: drawn.append(plot(*args, **kw)) or drawn[-1]
    )

    assert draw_losses(LOSSES).startswith(b"\x89PNG")

    (ax,) = drawn
    assert [line.get_xydata().tolist() for line in ax.lines] == [
        [[1, 0.7], [2, 0.6], [3, 0.5]],
        [[1, 0.68], [2, 0.61], [3, 0.65]],
    ]
    assert [line.get_marker() for line in ax.lines] == [".", "."]
    assert ax.get_title(loc="left") + ax.get_title() == (
        "after epoch 3: lowest validation loss 0.61, in epoch 2"
    )
    assert list(ax.texts) == []
    assert ax.figure.get_size_inches().tolist() == [6.4, 4.0]
    assert ax.figure.dpi == 100
    assert type(ax.figure.get_layout_engine()).__name__ == "ConstrainedLayoutEngine"


def test_equal_losses_name_the_first_epoch():
    """As early stopping does, which keeps the weights of the first of them."""
    assert live.say_losses([(1, 0.5, 0.6), (2, 0.5, 0.6)]).endswith("0.6, in epoch 1")


def test_watching_changes_nothing(shown, monkeypatch, capsys):
    """Same losses and same weights with and without curves, and nothing is printed."""
    monkeypatch.setattr("seqclf_utils.extras.progress.person_watches", lambda: True)
    monkeypatch.setattr("seqclf_utils.extras.progress.in_notebook", lambda: True)
    casino = make_casino(100, cheat="clever", seed=0)
    splits = split_indices(casino.labels, seed=0)
    results = []
    for watched in (True, False):
        torch.manual_seed(0)
        model = LSTMClassifier(hidden_size=4)
        loaders = make_loaders(casino.sequences, casino.labels, splits, seed=0)[:2]
        history = fit(model, *loaders, max_epochs=3, progress=False, live=watched)
        results.append((history, nn.utils.parameters_to_vector(model.parameters())))

    (watched, its_weights), (unseen, weights) = results
    assert watched.equals(unseen)
    assert torch.equal(its_weights, weights)
    ((picture,),) = [box.children for box in shown.boxes]
    drawn = list(watched.iloc[:, :3].itertuples(index=False, name=None))
    assert picture.value == draw_losses(drawn)
    assert tuple(capsys.readouterr()) == ("", "")


def test_no_live_curves_unless_wished(shown, monkeypatch):
    """The default is a progress bar alone."""
    monkeypatch.setattr("seqclf_utils.extras.progress.person_watches", lambda: True)
    monkeypatch.setattr("seqclf_utils.extras.progress.in_notebook", lambda: True)
    casino = make_casino(20, cheat="clever", seed=0)
    splits = split_indices(casino.labels, seed=0)
    loaders = make_loaders(casino.sequences, casino.labels, splits, seed=0)[:2]

    fit(LSTMClassifier(hidden_size=2), *loaders, max_epochs=1, progress=False)

    assert shown.boxes == []
