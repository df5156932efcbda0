"""Loss curves that grow while a model trains: one picture, always up to date, gone at the end."""

import pytest
import torch
from torch import nn

from seqclf_utils import LSTMClassifier, fit, live, make_casino, make_loaders, split_indices
from seqclf_utils.live import draw_losses, live_curves

LOSSES = [(1, 0.7, 0.68), (2, 0.6, 0.61), (3, 0.5, 0.65)]


@pytest.fixture
def shown(monkeypatch):
    """Catch what is displayed, with the picture it had at that moment."""
    images = []
    monkeypatch.setattr(live, "display", lambda image: images.append((image, image.value)))
    return images


def test_one_picture_follows_the_losses(shown):
    """It appears after the first epoch, and after each further one it is drawn anew."""
    losses, seen = [], []
    for step in live_curves(range(3), losses):
        seen.append([image.value for image, _ in shown])
        losses.append(LOSSES[step])

    pictures = [draw_losses(LOSSES[:n]) for n in (1, 2, 3)]
    ((image, first),) = shown
    assert seen == [[], [pictures[0]], [pictures[1]]]
    assert first == pictures[0]
    assert image.value == pictures[2]
    assert len(set(pictures)) == 3
    assert image.tooltip == "after epoch 3: lowest validation loss 0.610, in epoch 2"
    assert image.format == "png"
    assert image.get_state()["description"] == ""  # without it, JupyterLab fails on the tooltip
    assert (image.layout.max_width, image.layout.height) == ("100%", "auto")


def test_the_picture_is_gone_at_the_end(shown, monkeypatch):
    """However training ends: after the last epoch, early, or with an error."""
    closed = []
    monkeypatch.setattr(live.Picture, "close", lambda self: closed.append(self))

    assert list(live_curves([0, 1], LOSSES)) == [0, 1]
    for _ in live_curves([0, 1, 2], LOSSES):
        if len(shown) == 2:
            break
    with pytest.raises(ZeroDivisionError):
        for step in live_curves([1, 0], LOSSES):
            1 / step

    assert closed == [image for image, _ in shown]
    assert len(closed) == 3


def test_what_is_drawn(monkeypatch):
    """Both curves with a dot for each epoch, no epoch marked as restored, the best one named."""
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
        "after epoch 3: lowest validation loss 0.610, in epoch 2"
    )
    assert list(ax.texts) == []
    assert ax.figure.get_size_inches().tolist() == [6.4, 4.0]
    assert ax.figure.dpi == 100


def test_equal_losses_name_the_first_epoch():
    """As early stopping does, which keeps the weights of the first of them."""
    assert live.say_losses([(1, 0.5, 0.6), (2, 0.5, 0.6)]).endswith("0.600, in epoch 1")


def test_watching_changes_nothing(shown, monkeypatch, capsys):
    """Same losses and same weights with and without curves, and nothing is printed."""
    monkeypatch.setattr("seqclf_utils.progress.person_watches", lambda: True)
    monkeypatch.setattr("seqclf_utils.progress.in_notebook", lambda: True)
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
    ((image, _),) = shown
    assert image.value == draw_losses(list(watched.iloc[:, :3].itertuples(index=False, name=None)))
    assert tuple(capsys.readouterr()) == ("", "")


def test_no_live_curves_unless_wished(shown, monkeypatch):
    """The default is a progress bar alone."""
    monkeypatch.setattr("seqclf_utils.progress.person_watches", lambda: True)
    monkeypatch.setattr("seqclf_utils.progress.in_notebook", lambda: True)
    casino = make_casino(20, cheat="clever", seed=0)
    splits = split_indices(casino.labels, seed=0)
    loaders = make_loaders(casino.sequences, casino.labels, splits, seed=0)[:2]

    fit(LSTMClassifier(hidden_size=2), *loaders, max_epochs=1, progress=False)

    assert shown == []
