"""Early stopping, one epoch, evaluation and the whole of fit."""

import copy
import math
import shutil
import signal
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from seqclf_utils import (
    EarlyStopping,
    LSTMClassifier,
    evaluate,
    fit,
    make_casino,
    make_loaders,
    split_indices,
    train_one_epoch,
    training,
)
from seqclf_utils.extras import checkpoints, files, interrupts

CRITERION = nn.BCEWithLogitsLoss()


class OneLogit(nn.Module):
    """A model that gives every sequence the same logit, its only weight."""

    def __init__(self):
        super().__init__()
        self.logit = nn.Parameter(torch.zeros(()))
        self.calls = []  # (training mode, gradients on) at every call

    def forward(self, padded, lengths):
        """Return the logit once a sequence."""
        self.calls.append((self.training, torch.is_grad_enabled()))
        return self.logit.expand(len(lengths))


class InterruptedLoader:
    """Batches that raise an error before batch `at_batch` of pass `at_pass`, both from 1."""

    def __init__(self, batches, error, at_pass, at_batch=1):
        self.batches, self.error, self.at = batches, error, (at_pass, at_batch)
        self.passes = 0

    def __iter__(self):
        """Yield the batches until it is time to fail."""
        self.passes += 1
        for number, batch in enumerate(self.batches, start=1):
            if (self.passes, number) == self.at:
                raise self.error
            yield batch


def one_batch(labels):
    """Return a batch of one-symbol sequences with these labels."""
    n = len(labels)
    return (
        torch.ones(n, 1, dtype=torch.int64),
        torch.ones(n, dtype=torch.int64),
        torch.tensor(labels, dtype=torch.get_default_dtype()),
    )


def loss_of(logit, labels):
    """Return the mean cross-entropy of one logit for these labels, in nats, by its definition."""
    p = 1 / (1 + math.exp(-logit))
    return -sum(math.log(p if label else 1 - p) for label in labels) / len(labels)


# Training pushes the logit up for ever; the validation loss is lowest near log(3/2), so with a
# learning rate of 0.1 it falls for four epochs and rises afterwards.
TRAIN = [one_batch([1.0, 1.0])]
VAL_LABELS = [1.0, 1.0, 1.0, 0.0, 0.0]
VAL = [one_batch(VAL_LABELS)]
BEST_EPOCH = 4


def casino_loaders(n_sequences=60, batch_size=16, max_length=8):
    """Return training and validation loader of a small crude casino."""
    casino = make_casino(n_sequences, min_length=3, max_length=max_length, seed=0)
    splits = split_indices(casino.labels, seed=0)
    loaders = make_loaders(casino.sequences, casino.labels, splits, batch_size=batch_size, seed=0)
    return loaders[:2]


def small_model():
    """Return a small classifier with the same random weights at every call."""
    torch.manual_seed(0)
    return LSTMClassifier(embed_dim=3, hidden_size=4, packed=False)


def weights_of(model):
    """Return a copy of the weights."""
    return [p.detach().clone() for p in model.parameters()]


def assert_same_weights(model, expected):
    """Assert that the weights are exactly these."""
    for found, value in zip(model.parameters(), expected, strict=True):
        torch.testing.assert_close(found.detach(), value, rtol=0, atol=0)


# ---------------------------------------------------------------------------- EarlyStopping


@given(
    st.lists(st.integers(0, 8), min_size=1, max_size=25),
    st.integers(1, 5),
    st.sampled_from([0, 1, 2]),
)
def test_stopping_rule(eighths, patience, delta_eighths):
    """Stop after `patience` epochs in a row without a fall of the best loss by over min_delta.

    Losses are whole eighths, so that every comparison is exact.
    """
    stopper, model = EarlyStopping(patience, min_delta=delta_eighths / 8), nn.Linear(1, 1)
    found = [stopper.step(k / 8, model) for k in eighths]

    best, best_epoch, improved = None, 0, []
    for epoch, k in enumerate(eighths, start=1):
        improved.append(best is None or best - k > delta_eighths)
        if improved[-1]:
            best, best_epoch = k, epoch
    expected = [
        epoch >= patience and not any(improved[epoch - patience : epoch])
        for epoch in range(1, len(eighths) + 1)
    ]
    assert found == expected
    assert (stopper.best_loss, stopper.best_epoch) == (best / 8, best_epoch)


@given(st.lists(st.floats(0, 2), min_size=1, max_size=15))
def test_restore_returns_the_weights_of_the_best_epoch(losses):
    """Whatever the loss curve, the weights put back are those of the first lowest loss."""
    stopper, model = EarlyStopping(100), nn.Linear(1, 1)
    for epoch, loss in enumerate(losses, start=1):
        nn.init.constant_(model.weight, float(epoch))  # changed in place, as an optimizer does
        stopper.step(loss, model)
    nn.init.constant_(model.weight, -1.0)

    stopper.restore(model)

    assert model.weight.item() == losses.index(min(losses)) + 1 == stopper.best_epoch
    assert stopper.best_loss == min(losses)


def test_equal_loss_is_no_improvement():
    """A loss that stays the same counts against the patience."""
    stopper, model = EarlyStopping(2), nn.Linear(1, 1)

    assert [stopper.step(0.5, model) for _ in range(3)] == [False, False, True]
    assert stopper.best_epoch == 1


def test_patience_starts_anew_after_an_improvement():
    """Only epochs in a row count."""
    stopper, model = EarlyStopping(2), nn.Linear(1, 1)

    stops = [stopper.step(loss, model) for loss in (0.5, 0.6, 0.4, 0.5, 0.3, 0.4, 0.4)]

    assert stops == [False] * 6 + [True]


def test_before_the_first_epoch():
    """Before any step there is no best epoch, and patience is 5 without other wishes."""
    stopper = EarlyStopping()

    assert (stopper.best_loss, stopper.best_epoch) == (math.inf, 0)
    assert (stopper.patience, stopper.min_delta) == (5, 0.0)


def test_kept_weights_are_a_deep_copy():
    """Training on after a step changes neither the kept weights nor the kept buffers."""
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    stopper = EarlyStopping(3)
    stopper.step(0.5, model)
    expected = copy.deepcopy(model.state_dict())

    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    model(torch.randn(4, 2)).pow(2).sum().backward()
    optimizer.step()
    stopper.step(0.9, model)
    stopper.restore(model)

    for name, value in model.state_dict().items():
        assert torch.equal(value, expected[name])


def test_restoring_twice_gives_the_same_weights():
    """Training on after a restore leaves the kept weights alone as well."""
    model, stopper = nn.Linear(1, 1), EarlyStopping(3)
    nn.init.constant_(model.weight, 1.0)
    stopper.step(0.5, model)

    stopper.restore(model)
    nn.init.constant_(model.weight, 2.0)
    stopper.restore(model)

    assert model.weight.item() == 1.0


def test_restore_before_any_step_is_an_error():
    """There is nothing to put back yet."""
    with pytest.raises(RuntimeError, match=r"restore\(\) needs at least one step\(\) before it"):
        EarlyStopping().restore(nn.Linear(1, 1))


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_loss_that_is_not_a_number_is_an_error_at_once(loss):
    """NaN and infinity are named with their epoch and never become the best loss."""
    stopper, model = EarlyStopping(), nn.Linear(1, 1)
    stopper.step(0.5, model)

    with pytest.raises(ValueError, match=f"val_loss of epoch 2 is {loss}; it must be a finite"):
        stopper.step(loss, model)

    assert (stopper.best_loss, stopper.best_epoch) == (0.5, 1)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"patience": 0}, ValueError, "patience is 0; it must be at least 1"),
        ({"patience": -3}, ValueError, "patience is -3; it must be at least 1"),
        ({"patience": 2.5}, TypeError, "patience is 2.5; it must be a whole number"),
        ({"patience": None}, TypeError, "patience is None; it must be a whole number"),
        ({"min_delta": -0.1}, ValueError, "min_delta is -0.1; it must be finite and at least 0"),
        ({"min_delta": math.nan}, ValueError, "min_delta is nan; it must be finite"),
        ({"min_delta": "0"}, TypeError, "min_delta is '0'; it must be a number"),
    ],
)
def test_bad_stopping_rules_are_named(arguments, error, message):
    """The message says which argument is wrong, its value and what is allowed."""
    with pytest.raises(error, match=message):
        EarlyStopping(**arguments)


# -------------------------------------------------------------------------- train_one_epoch


def test_one_epoch_by_hand():
    """Each batch takes one step along its own gradient, none along the batches before it."""
    model, by_hand = small_model(), small_model()
    loader = [*list(casino_loaders(batch_size=15)[0])[:2], one_batch([1.0])]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)

    found = train_one_epoch(model, loader, CRITERION, optimizer)

    total = 0.0
    for padded, lengths, labels in loader:
        loss = CRITERION(by_hand(padded, lengths), labels)
        gradients = torch.autograd.grad(loss, list(by_hand.parameters()))
        with torch.no_grad():
            for p, gradient in zip(by_hand.parameters(), gradients, strict=True):
                p -= 0.5 * gradient
        total += loss.item() * len(labels)
    assert found == pytest.approx(total / 31, rel=1e-6)
    for a, b in zip(model.parameters(), by_hand.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_old_gradients_do_not_leak_into_the_first_step():
    """Gradients left in the model before the epoch are not used."""
    model = OneLogit()
    model.logit.grad = torch.tensor(1000.0)

    train_one_epoch(model, TRAIN, CRITERION, torch.optim.SGD(model.parameters(), lr=1.0))

    assert model.logit.item() == pytest.approx(0.5)


def test_training_loss_is_a_mean_over_sequences():
    """32 sequences at loss log 2 and 2 at another loss weigh 32 to 2, not 1 to 1."""
    model = OneLogit()
    nn.init.constant_(model.logit, 2.0)
    batches = [one_batch([1.0] * 32), one_batch([0.0] * 2)]

    found = train_one_epoch(model, batches, CRITERION, torch.optim.SGD(model.parameters(), lr=0.0))

    expected = (32 * loss_of(2.0, [1.0]) + 2 * loss_of(2.0, [0.0])) / 34
    assert found == pytest.approx(expected, rel=1e-6)
    assert type(found) is float


def test_training_runs_in_training_mode():
    """The model learns in training mode even if it comes in evaluation mode."""
    model = OneLogit().eval()

    train_one_epoch(model, TRAIN, CRITERION, torch.optim.SGD(model.parameters(), lr=0.1))

    assert model.calls == [(True, True)]
    assert model.training


def test_loss_of_a_batch_that_is_nan_stops_before_the_update():
    """The error names the batch, and its NaN gradient never reaches the weights."""
    model = OneLogit()
    batches = [one_batch([1.0]), one_batch([math.nan])]
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)

    with pytest.raises(ValueError, match="loss of training batch 2 is nan; it must be a finite"):
        train_one_epoch(model, batches, CRITERION, optimizer)

    assert model.logit.item() == pytest.approx(0.5)


def test_training_needs_a_batch():
    """An empty loader has no mean loss."""
    model = OneLogit()

    with pytest.raises(ValueError, match=r"number of sequences in loader is 0; .* at least 1"):
        train_one_epoch(model, [], CRITERION, torch.optim.SGD(model.parameters(), lr=1.0))


class OneColumn(nn.Module):
    """A model that returns logits (N, 1), which MSELoss would spread over all labels."""

    def __init__(self):
        super().__init__()
        self.logit = nn.Parameter(torch.tensor(0.5))

    def forward(self, padded, lengths):
        """Return one column."""
        return self.logit.expand(len(padded), 1)


@pytest.mark.parametrize("learn", [True, False])
def test_logits_of_another_shape_are_refused(learn):
    """Else the loss would be that of every label with every other logit, without a word."""
    model = OneColumn()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    batches = [one_batch([1.0, 0.0])]

    with pytest.raises(ValueError, match=r"returned shape \(2, 1\) for 2 sequences"):
        if learn:
            train_one_epoch(model, batches, nn.MSELoss(), optimizer)
        else:
            evaluate(model, batches, nn.MSELoss())

    assert model.logit.item() == 0.5


# --------------------------------------------------------------------------------- evaluate


def test_a_logit_that_is_nan_in_training_is_a_loss_that_is_nan():
    """Training names the batch; the logits themselves are looked at in validation."""
    model = OneLogit()
    nn.init.constant_(model.logit, math.nan)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    with pytest.raises(ValueError, match="loss of training batch 1 is nan"):
        train_one_epoch(model, TRAIN, CRITERION, optimizer)


def test_an_optimizer_is_needed():
    """A learning rate in its place is told so before anything is learned."""
    model = OneLogit()

    with pytest.raises(TypeError, match="optimizer is float; it must be one of"):
        train_one_epoch(model, TRAIN, CRITERION, 0.1)

    assert model.calls == []


def test_weights_that_are_nan_have_no_loss():
    """The loss of a broken model is no number, and says so."""
    model = OneLogit()
    nn.init.constant_(model.logit, math.nan)

    with pytest.raises(ValueError, match="the model returned the logit nan for sequence 0"):
        evaluate(model, [one_batch([1.0])], CRITERION)


@pytest.mark.parametrize("learn", [True, False])
def test_a_criterion_must_return_one_number(learn):
    """One loss a sequence is not the mean that the loops count on."""
    model, criterion = OneLogit(), nn.BCEWithLogitsLoss(reduction="none")
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    batches = [one_batch([1.0, 0.0])]

    with pytest.raises(TypeError, match=r"^loss of .*batch.* is tensor\(.*it must be a number"):
        if learn:
            train_one_epoch(model, batches, criterion, optimizer)
        else:
            evaluate(model, batches, criterion)


def test_a_refused_loss_is_no_epoch():
    """What `step` refuses leaves no trace: the count goes on where it was."""
    model, stopper = OneLogit(), EarlyStopping()

    for call in (lambda: stopper.step(math.nan, model), lambda: stopper.step(0.5, None)):
        with pytest.raises((ValueError, TypeError)):
            call()

    assert (stopper.epoch, stopper.best_epoch, stopper.best_loss) == (0, 0, math.inf)


def test_evaluation_loss_is_a_mean_over_sequences():
    """The loss is the same however the sequences are cut into batches."""
    model = OneLogit()
    nn.init.constant_(model.logit, 2.0)
    labels = [1.0] * 32 + [0.0] * 2

    cut = evaluate(model, [one_batch(labels[:32]), one_batch(labels[32:])], CRITERION)

    assert cut == pytest.approx(loss_of(2.0, labels), rel=1e-6)
    assert cut == pytest.approx(evaluate(model, [one_batch(labels)], CRITERION), rel=1e-6)
    assert type(cut) is float


@pytest.mark.parametrize("mode", [True, False])
def test_evaluation_runs_in_evaluation_mode_without_gradient(mode):
    """Inside: evaluation mode, gradients off. Afterwards: the mode and gradients of before."""
    model = OneLogit().train(mode)

    evaluate(model, VAL + VAL, CRITERION)

    assert model.calls == [(False, False)] * 2
    assert model.training is mode
    assert torch.is_grad_enabled()


def test_evaluation_switches_dropout_off():
    """Dropout inside the model makes no noise: the loss is the one computed by hand."""
    model = small_model()
    model.fc = nn.Sequential(nn.Dropout(0.5), model.fc)
    loader = casino_loaders()[1]

    losses = {evaluate(model, loader, CRITERION) for _ in range(3)}

    model.eval()
    logits = torch.cat([model(padded, lengths) for padded, lengths, _ in loader])
    labels = torch.cat([labels for _, _, labels in loader])
    assert len(losses) == 1
    assert losses.pop() == pytest.approx(CRITERION(logits, labels).item(), rel=1e-6)


def test_evaluation_learns_nothing():
    """Weights and gradients stay as they are."""
    model = small_model()
    before = weights_of(model)

    evaluate(model, casino_loaders()[1], CRITERION)

    assert_same_weights(model, before)
    assert all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize("mode", [True, False])
def test_mode_is_put_back_after_an_error(mode):
    """An error on the way does not leave the model in evaluation mode."""
    model = OneLogit().train(mode)
    loader = InterruptedLoader(VAL + VAL, RuntimeError("broken file"), at_pass=1, at_batch=2)

    with pytest.raises(RuntimeError, match="broken file"):
        evaluate(model, loader, CRITERION)

    assert model.training is mode


def test_evaluation_needs_a_batch():
    """An empty loader has no mean loss, and the mode is put back."""
    model = OneLogit()

    with pytest.raises(ValueError, match=r"number of sequences in loader is 0; .* at least 1"):
        evaluate(model, [], CRITERION)

    assert model.training


# -------------------------------------------------------------------------------------- fit


def fit_one_logit(model, train=TRAIN, val=VAL, **options):
    """Fit the model of one weight with the learning rate its losses are laid out for."""
    options = {"max_epochs": 30, "learning_rate": 0.1, "progress": False, **options}
    try:
        return fit(model, train, val, **options)
    except KeyboardInterrupt:  # would end the whole test run
        pytest.fail("fit let Ctrl-C through")


def logit_after(n_epochs):
    """Return the only weight after so many epochs of Adam at 0.1, by its formulas."""
    logit = m = v = 0.0
    for t in range(1, n_epochs + 1):
        gradient = 1 / (1 + math.exp(-logit)) - 1
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        logit -= 0.1 * (m / (1 - 0.9**t)) / (math.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return logit


def assert_restored(model, history, epoch):
    """Assert that the model has the weights of this epoch and the history marks it alone."""
    assert model.logit.item() == pytest.approx(logit_after(epoch), rel=1e-5)
    assert history.loc[history["is_best"], "epoch"].tolist() == [epoch]
    assert history["val_loss"].min() == history.loc[history["is_best"], "val_loss"].item()
    val_loss = evaluate(model, VAL, CRITERION)
    assert val_loss == history.loc[history["is_best"], "val_loss"].item()


def test_history_by_hand():
    """Losses and best epoch are those of Adam and of the cross-entropy, by their formulas."""
    history = fit_one_logit(OneLogit(), max_epochs=10, patience=10)

    assert list(history.columns) == ["epoch", "train_loss", "val_loss", "is_best"]
    assert history["epoch"].tolist() == list(range(1, 11))
    assert history["is_best"].tolist() == [epoch == BEST_EPOCH for epoch in range(1, 11)]
    np.testing.assert_allclose(
        history["train_loss"], [loss_of(logit_after(e), [1.0]) for e in range(10)], rtol=1e-5
    )
    np.testing.assert_allclose(
        history["val_loss"], [loss_of(logit_after(e), VAL_LABELS) for e in range(1, 11)], rtol=1e-5
    )


def test_history_is_a_table_of_plain_types():
    """Epochs are whole numbers, losses floats, is_best true or false."""
    history = fit_one_logit(OneLogit(), max_epochs=3)

    assert isinstance(history, pd.DataFrame)
    kinds = [history[name].dtype.kind for name in ("epoch", "train_loss", "val_loss", "is_best")]
    assert kinds == ["i", "f", "f", "b"]


@pytest.mark.parametrize("patience", [1, 2, 5])
def test_best_weights_when_patience_runs_out(patience):
    """Training ends `patience` epochs after the best one, whose weights are put back."""
    model = OneLogit()

    history = fit_one_logit(model, patience=patience)

    assert len(history) == BEST_EPOCH + patience
    assert_restored(model, history, BEST_EPOCH)


@pytest.mark.parametrize(("max_epochs", "best"), [(1, 1), (3, 3), (4, 4), (5, 4), (8, 4)])
def test_best_weights_when_the_epochs_run_out(max_epochs, best):
    """Without a stop by patience the best weights are put back as well."""
    model = OneLogit()

    history = fit_one_logit(model, max_epochs=max_epochs)

    assert len(history) == max_epochs
    assert_restored(model, history, best)


@pytest.mark.parametrize("side", ["train", "val"])
@pytest.mark.parametrize(("at_pass", "best"), [(2, 1), (3, 2), (7, 4)])
def test_best_weights_after_ctrl_c(side, at_pass, best, capsys):
    """Ctrl-C ends training quietly: best weights back, history of the finished epochs returned."""
    model = OneLogit()
    batches = {"train": TRAIN, "val": VAL}
    batches[side] = InterruptedLoader(batches[side], KeyboardInterrupt(), at_pass)

    history = fit_one_logit(model, patience=20, **batches)

    assert len(history) == at_pass - 1
    assert_restored(model, history, best)
    assert model.training
    assert f"Interrupted in epoch {at_pass}" in capsys.readouterr().out


def test_ctrl_c_in_the_middle_of_an_epoch():
    """Updates of an unfinished epoch are taken back."""
    model = OneLogit()
    train = InterruptedLoader(TRAIN * 3, KeyboardInterrupt(), at_pass=2, at_batch=3)

    history = fit_one_logit(model, train=train)

    assert history["epoch"].tolist() == [1]
    assert model.logit.item() == pytest.approx(logit_after(3), rel=1e-5)


@pytest.mark.parametrize("side", ["train", "val"])
def test_ctrl_c_in_the_first_epoch(side):
    """With no epoch finished the history has its columns and no row."""
    batches = {"train": TRAIN, "val": VAL}
    batches[side] = InterruptedLoader(batches[side], KeyboardInterrupt(), at_pass=1)

    history = fit_one_logit(OneLogit(), **batches)

    assert len(history) == 0
    assert list(history.columns) == ["epoch", "train_loss", "val_loss", "is_best"]


class PressCtrlC:
    """Press Ctrl-C just before the k-th step that Python takes in these functions or files."""

    def __init__(self, at, *, codes=(), files=()):
        self.left, self.codes, self.files = at, codes, files
        self.pressed_in = None

    def __call__(self, frame, event, argument):
        """Count lines, and single instructions of `codes`."""
        if frame.f_code in self.codes:
            frame.f_trace_opcodes = True
            counts = event == "opcode"
        elif frame.f_code.co_filename in self.files:
            counts = event == "line"
        else:
            return None
        if counts:
            self.left -= 1
            if self.left < 0:
                sys.settrace(None)
                self.pressed_in = frame.f_code.co_name
                signal.getsignal(signal.SIGINT)(signal.SIGINT, frame)  # as Python does it
        return self


def fit_and_press(at, max_epochs, checkpoint=None, **where):
    """Fit and press Ctrl-C once; return model, history and where it happened."""
    model, press, coverage = OneLogit(), PressCtrlC(at, **where), sys.gettrace()
    sys.settrace(press)
    try:
        options = {"max_epochs": max_epochs, "learning_rate": 0.1, "progress": False}
        history = fit(model, TRAIN, VAL, checkpoint=checkpoint, **options)
    except KeyboardInterrupt:
        history = None  # before training began, or as the result was handed over
    finally:
        sys.settrace(coverage)
    return model, history, press.pressed_in


@pytest.mark.usefixtures("python_handles_ctrl_c")
@pytest.mark.parametrize(
    ("where", "max_epochs"),
    [
        ({"codes": [fit.__code__]}, 6),
        ({"codes": [EarlyStopping.step.__code__, EarlyStopping.restore.__code__]}, 6),
        ({"codes": [train_one_epoch.__code__, evaluate.__code__]}, 2),
        ({"files": [fit.__code__.co_filename, interrupts.__file__, checkpoints.__file__]}, 6),
    ],
    ids=["fit", "stopper", "batches", "lines"],
)
def test_ctrl_c_anywhere(where, max_epochs):
    """Before any step of training: the history is whole and its best weights are in the model."""
    losses = ["epoch", "train_loss", "val_loss"]
    whole, seen, lost = fit_one_logit(OneLogit(), max_epochs=max_epochs), set(), []
    for at in range(100_000):
        model, history, place = fit_and_press(at, max_epochs, **where)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        assert torch.is_grad_enabled()
        assert model.training
        if history is None:
            lost.append((at, place, model.logit.item()))
            continue
        seen.add(len(history))
        if len(history):
            pd.testing.assert_frame_equal(history[losses], whole[losses].iloc[: len(history)])
            assert_restored(model, history, min(len(history), BEST_EPOCH))
        if place is None:
            break
    first = 1 if EarlyStopping.step.__code__ in where.get("codes", ()) else 0  # it comes later
    assert seen == set(range(first, max_epochs + 1))
    # Only before the first batch, and when all is done and the result is on its way out.
    before = [step for step, _, logit in lost if logit == 0]
    after = [step for step, _, logit in lost if logit != 0]
    assert before == list(range(len(before)))
    assert after == list(range(at - len(after), at))


@pytest.mark.usefixtures("python_handles_ctrl_c")
@pytest.mark.parametrize("kept_epochs", [0, 1])
def test_ctrl_c_around_the_checkpoint(tmp_path, kept_epochs):
    """Before any line that reads or writes it: the same call goes on, and to the same end."""
    first, path = tmp_path / "first.pt", tmp_path / "run.pt"
    if kept_epochs:
        fit_one_logit(OneLogit(), max_epochs=kept_epochs, checkpoint=first)
    whole, places = fit_one_logit(OneLogit(), max_epochs=2), set()
    for at in range(100_000):
        path.unlink(missing_ok=True)
        if kept_epochs:
            shutil.copy(first, path)
        model, history, place = fit_and_press(
            at, 2, path, files=[checkpoints.__file__, files.__file__]
        )
        places.add(place)
        if history is None:  # before training: not even the stored weights are taken over
            assert model.logit.item() == 0
        elif len(history):
            assert_restored(model, history, len(history))
        again = OneLogit()
        rest = fit_one_logit(again, max_epochs=2, checkpoint=path)
        pd.testing.assert_frame_equal(rest, whole)
        assert_restored(again, rest, 2)
        assert {entry.name for entry in tmp_path.iterdir()} <= {"first.pt", "run.pt"}
        if place is None:
            break
    assert {"save", "load", "write_atomically", "_count_batches"} <= places
    assert ("_read" in places) is bool(kept_epochs)


@pytest.mark.parametrize("side", ["train", "val"])
def test_best_weights_after_an_error(side):
    """An error comes through, but the model has its best weights again."""
    model = OneLogit()
    batches = {"train": TRAIN, "val": VAL}
    batches[side] = InterruptedLoader(batches[side], OSError("disk gone"), at_pass=7)

    with pytest.raises(OSError, match="disk gone"):
        fit_one_logit(model, patience=20, **batches)

    assert model.logit.item() == pytest.approx(logit_after(BEST_EPOCH), rel=1e-5)


def test_error_in_the_first_epoch_comes_through():
    """With no weights kept yet the first error is still the one that is shown."""
    train = InterruptedLoader(TRAIN, OSError("disk gone"), at_pass=1)

    with pytest.raises(OSError, match="disk gone"):
        fit_one_logit(OneLogit(), train=train)


def test_best_weights_after_a_nan():
    """A validation loss that becomes NaN ends training; the best weights are back."""
    model = OneLogit()

    class NanInEpochSix(InterruptedLoader):
        def __iter__(self):
            self.passes += 1
            yield one_batch([math.nan] if self.passes == 6 else VAL_LABELS)

    with pytest.raises(ValueError, match="loss of a batch is nan; it must be a finite"):
        fit_one_logit(model, val=NanInEpochSix(VAL, None, 0), patience=20)

    assert model.logit.item() == pytest.approx(logit_after(BEST_EPOCH), rel=1e-5)


def test_default_patience_and_epochs():
    """Without other wishes patience is 5, and training that keeps improving takes 50 epochs."""
    stopped = fit(OneLogit(), TRAIN, VAL, learning_rate=0.1, progress=False)
    improving = fit(OneLogit(), TRAIN, TRAIN, progress=False)

    assert len(stopped) == BEST_EPOCH + 5
    assert len(improving) == 50
    assert improving["is_best"].tolist() == [False] * 49 + [True]


def test_first_epoch_with_default_settings_by_hand():
    """The first epoch is Adam at 1e-3 on the cross-entropy, written out step by step."""
    model, by_hand = small_model(), small_model()
    train_loader, val_loader = casino_loaders()

    history = fit(model, train_loader, val_loader, max_epochs=1, progress=False)

    optimizer = torch.optim.Adam(by_hand.parameters(), lr=1e-3)
    total = 0.0
    train_loader, val_loader = casino_loaders()
    for padded, lengths, labels in train_loader:
        p = torch.sigmoid(by_hand(padded, lengths))
        losses = -(labels * p.log() + (1 - labels) * (1 - p).log())
        optimizer.zero_grad()
        losses.mean().backward()
        optimizer.step()
        total += losses.sum().item()
    assert history["train_loss"].item() == pytest.approx(total / 36, rel=1e-5)
    for a, b in zip(model.parameters(), by_hand.parameters(), strict=True):
        torch.testing.assert_close(a, b)
    assert history["val_loss"].item() == evaluate(model, val_loader, CRITERION)


def test_best_row_is_the_model_on_real_data():
    """Evaluating the model afterwards gives exactly the loss of the marked row."""
    model = small_model()
    train_loader, val_loader = casino_loaders()

    history = fit(
        model, train_loader, val_loader, learning_rate=0.05, max_epochs=40, progress=False
    )

    assert history["is_best"].sum() == 1
    best = history[history["is_best"]]
    assert best["val_loss"].item() == history["val_loss"].min()
    assert best["epoch"].item() < len(history)  # else nothing was restored in this test
    assert evaluate(model, val_loader, CRITERION) == best["val_loss"].item()


def test_each_loader_is_passed_once_an_epoch():
    """An epoch is one pass over the training and one over the validation batches."""
    train, val = (InterruptedLoader(batches, None, 0) for batches in (TRAIN, VAL))

    history = fit_one_logit(OneLogit(), train=train, val=val)

    assert (train.passes, val.passes) == (len(history), len(history))


def test_fit_has_no_place_for_test_data():
    """A loader too many is refused: nothing but training and validation data gets in."""
    with pytest.raises(TypeError, match="positional argument"):
        fit(OneLogit(), TRAIN, VAL, VAL)


def test_fit_is_reproducible():
    """The same seeds give the same history and weights to the last bit."""
    models = [small_model(), small_model()]

    first, again = (fit(m, *casino_loaders(), max_epochs=5, progress=False) for m in models)

    pd.testing.assert_frame_equal(first, again, check_exact=True)
    assert_same_weights(models[0], weights_of(models[1]))


def test_learning_rate_zero_learns_nothing():
    """The learning rate reaches the optimizer."""
    model = OneLogit()

    history = fit_one_logit(model, learning_rate=0.0)

    assert model.logit.item() == 0.0
    assert len(history) == 6


def test_fit_learns_the_crude_casino():
    """On a few hundred sequences the validation loss falls well below that of guessing."""
    casino = make_casino(400, max_length=40, seed=0)
    splits = split_indices(casino.labels, seed=0)
    train_loader, val_loader, _ = make_loaders(casino.sequences, casino.labels, splits, seed=0)
    torch.manual_seed(0)
    model = LSTMClassifier(packed=False)

    history = fit(
        model, train_loader, val_loader, max_epochs=12, learning_rate=5e-3, progress=False
    )

    assert history["val_loss"].min() < 0.6 < math.log(2)
    assert history["train_loss"].iloc[-1] < history["train_loss"].iloc[0]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"max_epochs": 0}, ValueError, "max_epochs is 0; it must be at least 1"),
        ({"max_epochs": 1.5}, TypeError, "max_epochs is 1.5; it must be a whole number"),
        ({"patience": 0}, ValueError, "patience is 0; it must be at least 1"),
        ({"learning_rate": -1.0}, ValueError, "learning_rate is -1.0; it must be finite and at"),
        ({"learning_rate": math.nan}, ValueError, "learning_rate is nan; it must be finite"),
        ({"learning_rate": "fast"}, TypeError, "learning_rate is 'fast'; it must be a number"),
        ({"learning_rate": 1000.5}, ValueError, "learning_rate is 1000.5; it must be .*1000"),
        (
            {"max_epochs": 10**9 + 1},
            ValueError,
            "max_epochs is 1000000001; it must be .*1000000000",
        ),
        ({"live": "yes"}, TypeError, "live is 'yes'; it must be True or False"),
        ({"progress": 1}, TypeError, "progress is 1; it must be True or False"),
        ({"train": None}, TypeError, "train_loader is NoneType; it must yield batches"),
        ({"val": 3}, TypeError, "val_loader is .*; it must yield batches"),
    ],
)
def test_bad_settings_are_named_before_training(options, error, message):
    """The message says which setting is wrong, its value and what is allowed."""
    model = OneLogit()

    with pytest.raises(error, match=message):
        fit_one_logit(model, **options)

    assert model.calls == []


def test_largest_settings_are_allowed():
    """A billion epochs, which patience ends early, and steps that make the loss large."""
    history = fit_one_logit(OneLogit(), max_epochs=10**9, learning_rate=1000.0, patience=1)

    assert len(history) < 10


def test_a_bar_and_no_curves_unless_it_is_said(monkeypatch):
    """What is shown is decided where epochs are counted."""
    wishes = []

    def epochs_left(losses, max_epochs, **shown):
        wishes.append(shown)
        return iter(range(len(losses) + 1, max_epochs + 1))

    monkeypatch.setattr(training, "epochs_left", epochs_left)
    fit(OneLogit(), TRAIN, VAL, max_epochs=1)
    fit(OneLogit(), TRAIN, VAL, max_epochs=1, progress=False, live=True)

    assert wishes == [{"progress": True, "live": False}, {"progress": False, "live": True}]


def test_only_the_first_of_equal_epochs_is_best():
    """A loss that never changes: the first epoch is the best one, and the only one marked."""
    batches = [(torch.tensor([[1], [2]]), torch.tensor([1, 1]), torch.tensor([0.0, 1.0]))]

    history = fit(OneLogit(), batches, batches, max_epochs=3, learning_rate=0.0)

    assert history["is_best"].tolist() == [True, False, False]
