"""Early stopping, one epoch of training, evaluation, and fit."""

import copy
import math
import signal
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import seqclf_utils as sc
from seqclf_utils import EarlyStopping, LSTMClassifier, evaluate, fit, train_one_epoch, training
from seqclf_utils.extras import checkpoints, files, interrupts

CRITERION = nn.BCEWithLogitsLoss()


class OneLogit(nn.Module):
    """A model whose only weight is the logit of every sequence."""

    def __init__(self, logit=0.0):
        super().__init__()
        self.logit = nn.Parameter(torch.tensor(logit))
        self.calls = []  # (training mode, gradients on) at every call

    def forward(self, padded, lengths):
        """Return the logit once per sequence."""
        self.calls.append((self.training, torch.is_grad_enabled()))
        return self.logit.expand(len(padded))


class FailingLoader:
    """A loader that raises an error before batch `at_batch` of pass `at_pass`, counted from 1."""

    def __init__(self, batches, error=None, at_pass=0, at_batch=1):
        self.batches, self.error, self.at = batches, error, (at_pass, at_batch)
        self.passes = 0

    def __iter__(self):
        """Yield the batches up to the one that fails."""
        self.passes += 1
        for number, batch in enumerate(self.batches, start=1):
            if (self.passes, number) == self.at:
                raise self.error
            yield batch


def one_batch(labels):
    """Return a batch of one-symbol sequences with these labels."""
    ones = torch.ones(len(labels), dtype=torch.int64)
    return ones[:, None], ones, torch.tensor(labels)


def loss_of(logit, labels):
    """Compute the mean cross-entropy of one logit for these labels, in nats."""
    p = 1 / (1 + math.exp(-logit))
    return -sum(math.log(p if label else 1 - p) for label in labels) / len(labels)


# Training always increases the logit, and the validation loss is lowest for a logit of log(3/2).
# With a learning rate of 0.1, this loss falls for four epochs and then rises.
TRAIN = [one_batch([1.0, 1.0])]
VAL_LABELS = [1.0, 1.0, 1.0, 0.0, 0.0]
VAL = [one_batch(VAL_LABELS)]
BEST_EPOCH = 4


def small_model(seed=0):
    """Return a small classifier whose random weights depend only on the seed."""
    torch.manual_seed(seed)
    return LSTMClassifier(embed_dim=3, hidden_size=4, packed=False)


def casino_loaders(test_symbol=None, seed=0):
    """Return loaders for a small crude casino, optionally with the test set's symbols replaced."""
    casino = sc.make_casino(60, min_length=3, max_length=8, seed=seed)
    splits = sc.split_indices(casino.labels, seed=seed)
    for i in splits.test_idx if test_symbol else []:
        casino.sequences[i][:] = test_symbol
    return sc.make_loaders(casino.sequences, casino.labels, splits, batch_size=15, seed=seed)


# ---------------------------------------------------------------------------- EarlyStopping


@pytest.mark.parametrize(
    ("patience", "min_delta", "losses", "best_epoch"),
    [
        (2, 0.0, [0.5, 0.5, 0.5], 1),  # an equal loss is not an improvement
        (2, 0.0, [0.5, 0.6, 0.4, 0.5, 0.3, 0.4, 0.4], 5),  # only epochs in a row count
        (1, 0.125, [0.5, 0.25, 0.125], 2),  # a decrease by exactly min_delta is no improvement
        (3, 0.125, [0.5, 0.4375, 0.4375, 0.375], 1),  # the best loss counts, not the previous one
        (2, 0.25, [-1.0, -1.5, -1.5, -1.5], 2),  # losses may be negative
    ],
)
def test_stopping_rule(patience, min_delta, losses, best_epoch):
    """Training stops after `patience` epochs in a row without an improvement above `min_delta`."""
    stopper, model = EarlyStopping(patience, min_delta=min_delta), nn.Linear(1, 1)

    stops = [stopper.step(loss, model) for loss in losses]

    assert stops == [False] * (len(losses) - 1) + [True]
    assert (stopper.best_epoch, stopper.best_loss) == (best_epoch, losses[best_epoch - 1])


def test_weights_are_deep_copied():
    """Training does not change the stored weights and buffers, even after they are restored."""
    model, stopper = nn.BatchNorm1d(2), EarlyStopping()
    stopper.step(0.5, model)
    expected = copy.deepcopy(model.state_dict())

    for loss in (0.9, 0.8):
        optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
        model(torch.randn(4, 2)).pow(2).sum().backward()
        optimizer.step()
        assert any(not torch.equal(value, expected[name]) for name, value in _state(model))
        stopper.step(loss, model)
        stopper.restore(model)
        assert all(torch.equal(value, expected[name]) for name, value in _state(model))


def _state(model):
    """Return names and values of all weights and buffers."""
    return model.state_dict().items()


def test_before_the_first_epoch():
    """Before the first epoch there is no best epoch, and restoring raises an error."""
    stopper = EarlyStopping()

    assert (stopper.best_loss, stopper.best_epoch) == (math.inf, 0)
    assert (stopper.patience, stopper.min_delta) == (5, 0.0)
    with pytest.raises(RuntimeError, match=r"restore\(\) needs a step\(\) before it"):
        stopper.restore(nn.Linear(1, 1))


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_loss_that_is_not_finite_is_refused(loss):
    """A loss that is not finite changes no state and raises an error that names the epoch."""
    stopper, model = EarlyStopping(), nn.Linear(1, 1)
    stopper.step(0.5, model)

    with pytest.raises(ValueError, match=f"val_loss of epoch 2 is {loss}; .*lower learning rate"):
        stopper.step(loss, model)

    assert (stopper.epoch, stopper.best_epoch, stopper.best_loss) == (1, 1, 0.5)


# -------------------------------------------------------- train_one_epoch and evaluate


def test_each_batch_takes_one_step_along_its_own_gradient():
    """Each step uses only the gradient of its own batch, not earlier or leftover gradients."""
    model, expected = small_model().eval(), small_model()
    loader = [*list(casino_loaders()[0])[:2], one_batch([1.0])]
    for p in model.parameters():
        p.grad = torch.full_like(p, 1000.0)

    found = train_one_epoch(model, loader, CRITERION, torch.optim.SGD(model.parameters(), lr=0.5))

    total = 0.0
    for padded, lengths, labels in loader:
        loss = CRITERION(expected(padded, lengths), labels)
        gradients = torch.autograd.grad(loss, list(expected.parameters()))
        with torch.no_grad():
            for p, gradient in zip(expected.parameters(), gradients, strict=True):
                p -= 0.5 * gradient
        total += loss.item() * len(labels)
    assert type(found) is float
    assert found == pytest.approx(total / 31, rel=1e-6)
    for p, q in zip(model.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(p, q)


@pytest.mark.parametrize("measure", ["train_one_epoch", "evaluate"])
def test_loss_is_a_mean_over_sequences(measure):
    """Batches of 32 and 2 sequences are weighted 32 to 2, not equally."""
    model, labels = OneLogit(2.0), [1.0] * 32 + [0.0] * 2
    batches = [one_batch(labels[:32]), one_batch(labels[32:])]

    if measure == "evaluate":
        found = evaluate(model, batches, CRITERION)
        assert model.logit.grad is None
    else:
        still = torch.optim.SGD(model.parameters(), lr=0.0)
        found = train_one_epoch(model, batches, CRITERION, still)

    assert found == pytest.approx(loss_of(2.0, labels), rel=1e-6)
    assert model.logit.item() == 2.0


@pytest.mark.parametrize("mode", [True, False])
def test_modes(mode):
    """Training uses training mode; evaluation uses evaluation mode and restores the old mode."""
    trained, evaluated = OneLogit().train(mode), OneLogit().train(mode)

    train_one_epoch(trained, VAL * 2, CRITERION, torch.optim.SGD(trained.parameters(), lr=0.1))
    evaluate(evaluated, VAL * 2, CRITERION)

    assert trained.calls == [(True, True)] * 2
    assert evaluated.calls == [(False, False)] * 2
    assert (trained.training, evaluated.training) == (True, mode)
    assert torch.is_grad_enabled()


# -------------------------------------------------------------------------------------- fit


def fit_one_logit(model, train=TRAIN, val=VAL, **options):
    """Fit the one-weight model with the learning rate that `logit_after` assumes."""
    options = {"max_epochs": 30, "learning_rate": 0.1, **options}
    try:
        return fit(model, train, val, **options)
    except KeyboardInterrupt:  # would end the whole test run
        pytest.fail("fit let Ctrl-C through")


def logit_after(n_epochs):
    """Compute the weight after this many epochs of Adam with learning rate 0.1."""
    logit = m = v = 0.0
    for t in range(1, n_epochs + 1):
        gradient = 1 / (1 + math.exp(-logit)) - 1
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        logit -= 0.1 * (m / (1 - 0.9**t)) / (math.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return logit


def assert_restored(model, history, epoch):
    """Assert that the model has this epoch's weights and that only this epoch is marked as best."""
    assert model.logit.item() == pytest.approx(logit_after(epoch), rel=1e-5)
    assert history.loc[history["is_best"], "epoch"].tolist() == [epoch]
    best_loss = history.loc[history["is_best"], "val_loss"].item()
    assert evaluate(model, VAL, CRITERION) == best_loss == history["val_loss"].min()


def test_history_follows_the_formulas():
    """Losses follow from the formulas of Adam and cross-entropy; columns are int, float or bool."""
    history = fit_one_logit(OneLogit(), max_epochs=8, patience=8)

    dtypes = {name: dtype.kind for name, dtype in history.dtypes.items()}
    assert dtypes == {"epoch": "i", "train_loss": "f", "val_loss": "f", "is_best": "b"}
    assert history["epoch"].tolist() == list(range(1, 9))
    train_losses = [loss_of(logit_after(epoch), [1.0]) for epoch in range(8)]
    val_losses = [loss_of(logit_after(epoch), VAL_LABELS) for epoch in range(1, 9)]
    np.testing.assert_allclose(history["train_loss"], train_losses, rtol=1e-5)
    np.testing.assert_allclose(history["val_loss"], val_losses, rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "n_epochs", "best"),
    [
        ({}, 9, 4),  # patience is 5 by default
        ({"patience": 1}, 5, 4),
        ({"patience": 2}, 6, 4),
        ({"patience": 7}, 11, 4),
        ({"max_epochs": 1}, 1, 1),
        ({"max_epochs": 3}, 3, 3),
        ({"max_epochs": 4}, 4, 4),
        ({"max_epochs": 8}, 8, 4),
        ({"max_epochs": 10**9}, 9, 4),
    ],
)
def test_best_weights_are_restored(options, n_epochs, best):
    """The best weights are restored whether patience or the epochs run out."""
    model, train, val = OneLogit(), FailingLoader(TRAIN), FailingLoader(VAL)

    history = fit_one_logit(model, train, val, **options)

    assert len(history) == train.passes == val.passes == n_epochs
    assert_restored(model, history, best)


@pytest.mark.parametrize("failing", ["train", "val"])
@pytest.mark.parametrize(("at_pass", "best"), [(2, 1), (3, 2), (7, 4)])
def test_best_weights_after_ctrl_c(failing, at_pass, best, capsys):
    """After Ctrl-C, the best weights are restored and the finished epochs are returned."""
    model, batches = OneLogit(), {"train": TRAIN, "val": VAL}
    batches[failing] = FailingLoader(batches[failing], KeyboardInterrupt(), at_pass)

    history = fit_one_logit(model, patience=20, **batches)

    assert len(history) == at_pass - 1
    assert_restored(model, history, best)
    assert f"Interrupted in epoch {at_pass};" in capsys.readouterr().out


def test_ctrl_c_within_an_epoch():
    """Ctrl-C undoes the updates of an unfinished epoch; in epoch 1, the history is empty."""
    model, first = OneLogit(), OneLogit()
    late, early = (FailingLoader(TRAIN * 3, KeyboardInterrupt(), at, at_batch=3) for at in (2, 1))

    history = fit_one_logit(model, late)
    nothing = fit_one_logit(first, early)

    assert history["epoch"].tolist() == [1]
    assert model.logit.item() == pytest.approx(logit_after(3), rel=1e-5)
    assert list(nothing.columns) == list(history.columns)
    assert len(nothing) == 0


@pytest.mark.parametrize("failing", ["train", "val"])
@pytest.mark.parametrize(("at_pass", "best"), [(1, 0), (3, 2), (7, 4)])
def test_best_weights_after_an_error(failing, at_pass, best):
    """An error in a loader is passed on unchanged, and the best weights are restored."""
    model, batches = OneLogit(), {"train": TRAIN, "val": VAL}
    batches[failing] = FailingLoader(batches[failing], OSError("disk gone"), at_pass)

    with pytest.raises(OSError, match=r"^disk gone$"):
        fit_one_logit(model, patience=20, **batches)

    trained = best or (failing == "val")  # with no finished epoch there is nothing to restore
    assert model.logit.item() == pytest.approx(logit_after(trained), rel=1e-5)


def test_best_weights_after_a_nan():
    """A NaN validation loss raises an error that names the epoch; the best weights are restored."""

    class NanInEpochSix(FailingLoader):
        def __iter__(self):
            self.passes += 1
            yield one_batch([math.nan] if self.passes == 6 else VAL_LABELS)

    model = OneLogit()

    with pytest.raises(ValueError, match="val_loss of epoch 6 is nan"):
        fit_one_logit(model, val=NanInEpochSix(VAL), patience=20)

    assert model.logit.item() == pytest.approx(logit_after(BEST_EPOCH), rel=1e-5)


def test_learning_rate_zero_learns_nothing():
    """With a learning rate of 0, the weights do not change, and only the first epoch is best."""
    model = OneLogit()

    history = fit_one_logit(model, learning_rate=0.0)

    assert model.logit.item() == 0.0
    assert history["is_best"].tolist() == [True] + [False] * 5


def test_criterion_measures_both_losses():
    """`criterion` replaces the cross-entropy in both training and validation."""
    history = fit_one_logit(OneLogit(), max_epochs=1, criterion=nn.MSELoss())

    logit = 0.1  # Adam's first step has the size of the learning rate
    expected = [1.0, (3 * (1 - logit) ** 2 + 2 * logit**2) / 5]
    np.testing.assert_allclose(history[["train_loss", "val_loss"]].iloc[0], expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("criterion", "message"),
    [
        (nn.BCEWithLogitsLoss(reduction="sum"), "reduction of the criterion is 'sum'; it must be"),
        (nn.MSELoss(reduction="none"), "reduction of the criterion is 'none'; it must be 'mean'"),
        (nn.CrossEntropyLoss(), r"^criterion is CrossEn.*; it must be .* BCEWithLogitsLoss\(\)$"),
    ],
    ids=["sum", "none", "one logit"],
)
@pytest.mark.parametrize("kind", [lambda fc: LSTMClassifier(2, 1, 1), nn.ModuleDict])
def test_a_criterion_that_is_not_a_mean_over_sequences_is_refused(criterion, message, kind):
    """A sum, or a loss that reads the batch as classes, is rejected for anyone's classifier."""
    with pytest.raises(ValueError, match=message):
        fit_one_logit(kind({"fc": nn.Linear(1, 1)}), criterion=criterion)


def test_cross_entropy_is_for_several_logits():
    """A model with one logit per class can be trained with the cross-entropy over classes."""
    model = LSTMClassifier(2, 1, 1)
    model.fc = nn.Linear(1, 3)
    batches = [(torch.ones(3, 2, dtype=torch.int64), torch.tensor([1, 2, 2]), torch.arange(3))]
    history = fit(model, batches, batches, max_epochs=2, criterion=nn.CrossEntropyLoss())
    assert history["val_loss"].is_monotonic_decreasing


def test_progress_is_shown_on_request(monkeypatch, capsys):
    """`fit` requests a progress bar by default; non-interactive sessions show nothing."""
    options, epochs_left = [], training.epochs_left

    def recorded(losses, max_epochs, **shown):
        options.append(shown)
        return epochs_left(losses, max_epochs, **shown)

    monkeypatch.setattr(training, "epochs_left", recorded)
    fit(OneLogit(), TRAIN, VAL, max_epochs=2)
    fit(OneLogit(), TRAIN, VAL, max_epochs=2, progress=False, live=True)

    assert options == [{"progress": True, "live": False}, {"progress": False, "live": True}]
    assert capsys.readouterr() == ("", "")


def lesson_loop(model, train_loader, val_loader, max_epochs=50, patience=5, learning_rate=1e-3):
    """Train as in notebook 04, without using the package."""
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    losses, best_loss, best_epoch = [], math.inf, 0
    for epoch in range(1, max_epochs + 1):
        total, n_sequences = 0.0, 0
        for padded, lengths, labels in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(padded, lengths), labels)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(labels)
            n_sequences += len(labels)
        train_loss, total, n_sequences = total / n_sequences, 0.0, 0
        with torch.no_grad():
            for padded, lengths, labels in val_loader:
                total += criterion(model(padded, lengths), labels).item() * len(labels)
                n_sequences += len(labels)
        val_loss = total / n_sequences
        losses.append((epoch, train_loss, val_loss))
        if val_loss < best_loss:
            best_loss, best_epoch = val_loss, epoch
            best_weights = copy.deepcopy(model.state_dict())
        if epoch - best_epoch >= patience:
            break
    model.load_state_dict(best_weights)
    return pd.DataFrame(losses, columns=["epoch", "train_loss", "val_loss"])


@pytest.mark.usefixtures("settings_kept")
@pytest.mark.parametrize(
    ("seed", "options", "n_epochs"),
    [
        (0, {"learning_rate": 0.1, "patience": 2}, range(3, 50)),  # stops early
        (1, {"learning_rate": 0.1, "patience": 1}, range(2, 50)),
        (2, {"learning_rate": 0.03, "max_epochs": 4}, [4]),  # runs out of epochs
    ],
)
def test_fit_is_the_loop_of_the_lesson(seed, options, n_epochs):
    """`fit` matches the lesson's loop bit for bit, whatever is in the test set."""
    sc.agree_across_machines()
    ours, theirs = small_model(seed), small_model(seed)

    history = fit(ours, *casino_loaders(test_symbol=6, seed=seed)[:2], **options)
    expected = lesson_loop(theirs, *casino_loaders(test_symbol=1, seed=seed)[:2], **options)

    pd.testing.assert_frame_equal(history.drop(columns="is_best"), expected, check_exact=True)
    assert len(history) in n_epochs
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(p, q)


def test_default_settings():
    """By default, Adam runs for 50 epochs at a learning rate of 1e-3 if the loss keeps falling."""
    model, expected = OneLogit(), OneLogit()

    history = fit(model, TRAIN, TRAIN)

    assert len(history) == len(lesson_loop(expected, TRAIN, TRAIN)) == 50
    assert model.logit.item() == pytest.approx(expected.logit.item(), rel=1e-5)


class Column(OneLogit):
    """A model that returns logits of shape (N, 1)."""

    def forward(self, padded, lengths):
        """Return one column."""
        return super().forward(padded, lengths)[:, None]


@pytest.mark.parametrize(
    ("model", "val", "message"),
    [
        (OneLogit(), iter(VAL), "val_loader is .*; it must be a loader .* in every epoch"),
        (OneLogit(), [], "loader is empty; it must yield at least one batch"),
        (OneLogit(), [VAL[0][:2]], "loader yields .*collate_fn=collate_fn"),
        (Column(), VAL, r"the model returned \(2, 1\); it must return a tensor of shape \(2,\)"),
    ],
)
def test_errors_of_training_are_explained(model, val, message):
    """Errors during training say what is wrong with the batches or the model."""
    with pytest.raises((TypeError, ValueError), match=message):
        fit_one_logit(model, TRAIN, val)


# ----------------------------------------------------------------------------------- Ctrl-C


class PressCtrlC:
    """A trace function that simulates Ctrl-C before the k-th line executed in these files."""

    def __init__(self, k, files):
        self.left, self.files, self.pressed_in = k, files, None

    def __call__(self, frame, event, argument):
        """Count executed lines and interrupt at the k-th line."""
        if frame.f_code.co_filename not in self.files:
            return None
        if event == "line":
            self.left -= 1
            if self.left < 0:
                sys.settrace(None)
                self.pressed_in = frame.f_code.co_name
                signal.getsignal(signal.SIGINT)(signal.SIGINT, frame)  # as Python does
        return self


def fit_and_press(k, **options):
    """Fit, simulate Ctrl-C once, and return the model, the history and the interrupted function."""
    modules = (training, interrupts, checkpoints, files)
    press, tracer = PressCtrlC(k, [module.__file__ for module in modules]), sys.gettrace()
    model, history = OneLogit(), None
    sys.settrace(press)
    try:
        history = fit(model, TRAIN, VAL, **options)
    except KeyboardInterrupt:  # before training began, or after it ended
        pass
    finally:
        sys.settrace(tracer)
    return model, history, press.pressed_in


@pytest.mark.usefixtures("python_handles_ctrl_c")
@pytest.mark.parametrize(("is_saved", "stride"), [(False, 1), (True, 9)])
def test_ctrl_c_anywhere(is_saved, stride, tmp_path):
    """Wherever Ctrl-C arrives, the history is complete and the model has its best weights."""
    path = tmp_path / "run.pt"
    options = {"max_epochs": 2, "learning_rate": 0.3, "checkpoint": path if is_saved else None}
    whole, lengths = fit(OneLogit(), TRAIN, VAL, max_epochs=2, learning_rate=0.3), []
    assert whole["is_best"].tolist() == [True, False]
    losses = whole.drop(columns="is_best")
    for k in range(0, 10_000, stride):
        path.unlink(missing_ok=True)
        model, history, place = fit_and_press(k, **options)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        assert torch.is_grad_enabled()
        if history is None:  # interrupted before training began, or after it ended
            assert model.logit.item() == 0 or evaluate(model, VAL, CRITERION) == losses.min()[2]
        else:
            lengths.append(len(history))
            if len(history):
                found = history.drop(columns="is_best")
                pd.testing.assert_frame_equal(found, losses[: len(history)])
                assert evaluate(model, VAL, CRITERION) == found["val_loss"].min()
        if is_saved:
            resumed = fit(OneLogit(), TRAIN, VAL, **options)
            pd.testing.assert_frame_equal(resumed, whole, check_exact=True)
            assert [entry.name for entry in tmp_path.iterdir()] == ["run.pt"]
        if place is None:
            break
    assert set(lengths) == {0, 1, 2}
    assert lengths == sorted(lengths)  # a later Ctrl-C never leaves fewer epochs
