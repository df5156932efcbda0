"""Input validation of the public functions, and the decorator that adds it to lesson code."""

import inspect
import math
import re

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import seqclf_utils as sc
from seqclf_utils import model as model_module
from seqclf_utils import validation

LABELS, RARE = [0, 1] * 10, [0] * 17 + [1] * 3
PADDED, LENGTHS = torch.tensor([[1, 6], [3, 0]]), torch.tensor([2, 1])
BATCH = (PADDED, LENGTHS, torch.tensor([1.0, 0.0]))
INF = torch.tensor([math.inf, 0.0])
META = torch.ones(2, dtype=torch.int64, device="meta")
FLAT = {
    "symbols": np.array([1, 6, 3], dtype=np.uint8),
    "offsets": np.array([0, 2, 3]),
    "labels": [1, 0],
}


class Replies(nn.Module):
    """A model that returns a fixed reply."""

    def __init__(self, reply):
        super().__init__()
        self.reply = reply

    def forward(self, padded, lengths):
        """Return the reply."""
        return self.reply


def step(val_loss, model=None):
    """Record one epoch."""
    return sc.EarlyStopping().step(val_loss, nn.Linear(1, 1) if model is None else model)


# For each function: valid arguments, and changes that make them invalid, with the type of the
# error and part of the message.
DOORS = {
    "split_indices": (
        sc.split_indices,
        {"labels": LABELS, "seed": 0},
        [
            ({"labels": [0, 1, -1]}, ValueError, "labels[2] is -1; every label must be 0 or 1"),
            ({"labels": [0, 0.5]}, ValueError, "labels[1] is 0.5; every label must be 0 or 1"),
            ({"labels": [math.nan]}, ValueError, "labels[0] is nan; every label must be 0 or 1"),
            ({"labels": [[0], [1]]}, ValueError, "labels is [[0], [1]]; it must be a one-dime"),
            ({"labels": [0, [1]]}, ValueError, "labels cannot be read as an array: setting"),
            ({"labels": META}, ValueError, "labels cannot be read as an array: Cannot copy"),
            ({"labels": None}, ValueError, "labels is None; it must be a one-dimensional list"),
            ({"labels": [0] * 9 + [1, 1]}, ValueError, "number of sequences with label 1 is 2; it"),
            ({"val_fraction": 0}, ValueError, "val_fraction is 0; it must be between 0 and 1"),
            ({"test_fraction": 1.0}, ValueError, "test_fraction is 1.0; it must be between 0 and"),
            ({"val_fraction": True}, TypeError, "val_fraction is True; it must be a number"),
            ({"val_fraction": math.nan}, ValueError, "val_fraction is nan; it must be a finite"),
            ({"val_fraction": 0.05}, ValueError, "val_fraction 0.05 and test_fraction 0.2 cannot"),
            ({"test_fraction": 0.05}, ValueError, "cannot split 20 sequences, 10 of the rarer"),
            ({"test_fraction": 0.75}, ValueError, "test_fraction 0.75 cannot split 20 sequences, "),
            ({"labels": RARE, "test_fraction": 0.6}, ValueError, "20 sequences, 3 of the rarer"),
            ({"labels": RARE, "test_fraction": 0.1}, ValueError, "test_idx would hold no sequence"),
            ({"groups": [1, 2]}, ValueError, "len(groups) is 2; it must be 20, one for each"),
            ({"groups": [[1]] * 20}, ValueError, "groups is [[1], [1], [1], "),
            ({"groups": [1, math.nan] * 10}, ValueError, "groups[1] is nan; every sequence must"),
            ({"groups": [1, "1"] * 10}, TypeError, "groups holds values of several types; they"),
        ],
    ),
    "SequenceDataset": (
        sc.SequenceDataset,
        {"sequences": [[1, 6], [3]], "labels": [1, 0]},
        [
            ({"sequences": [[3], [1, 7, 8]]}, ValueError, "sequences[1][1] is 7; symbols must be"),
            ({"sequences": [[4, 0], [3]]}, ValueError, "sequences[0][1] is 0; symbols must be 1."),
            ({"vocab_size": 5}, ValueError, "sequences[0][1] is 6; symbols must be 1..4"),
            ({"sequences": []}, ValueError, "len(sequences) is 0; it must be at least 1"),
            ({"sequences": [[1], [True]]}, ValueError, "sequences[1] holds bool values; they must"),
            ({"sequences": ["16", "3"]}, ValueError, "sequences[0] is '16'; it must be a one-dim"),
            ({"sequences": [[1], [[2]]]}, ValueError, "sequences[1] is [[2]]; it must be a one-di"),
            ({"sequences": [[1], [2, [3]]]}, ValueError, "sequences[1] cannot be read as an array"),
            ({"sequences": "163"}, TypeError, "sequences is '163'; it must be a list of sequences"),
            ({"sequences": {(1,): 1}}, TypeError, "sequences is {(1,): 1}; it must be a list of"),
            ({"sequences": iter([[1]])}, TypeError, "it must be a list of sequences"),
            ({"vocab_size": 1}, ValueError, "vocab_size is 1; it must be at least 2"),
        ],
    ),
    "make_loaders": (
        sc.make_loaders,
        {"sequences": [[1]] * 4, "labels": [0, 1] * 2, "splits": ([0, 3], [1], [2]), "seed": 0},
        [
            ({"splits": 5}, ValueError, "splits is 5; it must be the positions of three sets"),
            ({"splits": ([0], [1])}, ValueError, "splits is ([0], [1]); it must be the positions"),
            ({"splits": ([], [1], [2])}, ValueError, "len(splits[0]) is 0; it must be at least 1"),
            ({"splits": ([0], [-1], [])}, ValueError, "splits[1][0] is -1; it must be at least 0"),
            ({"splits": ([0.0], [1], [2])}, ValueError, "splits[0] holds float64 values; they"),
            ({"splits": ([0, 0], [], [])}, ValueError, "splits holds position 0 twice; the three"),
            ({"batch_size": 10**9 + 1}, ValueError, "batch_size is 1000000001; it must be at most"),
            ({"similar_lengths": "no"}, TypeError, "similar_lengths is 'no'; it must be True or"),
            ({"sequences": [[1]] * 3 + [[7]]}, ValueError, "sequences[3][0] is 7; symbols must"),
            ({"labels": [0]}, ValueError, "len(labels) is 1; it must be 4, one for each sequence"),
        ],
    ),
    "LSTMClassifier": (
        sc.LSTMClassifier,
        {},
        [
            ({"vocab_size": 1}, ValueError, "vocab_size is 1; it must be at least 2"),
            ({"vocab_size": 2**24 + 1}, ValueError, "vocab_size is 16777217; it must be at most"),
            ({"pooling": "max"}, ValueError, "pooling is 'max'; it must be one of 'last', 'avg'"),
        ],
    ),
    "forward": (
        sc.LSTMClassifier(packed=False),
        {"padded": PADDED, "lengths": LENGTHS},
        [
            ({"padded": [[1]]}, TypeError, "padded is [[1]]; it must be a tensor"),
            ({"padded": PADDED[:, :0]}, ValueError, "padded.shape is (2, 0); it must be (N, L),"),
            ({"padded": PADDED * 1.0}, TypeError, "padded.dtype is torch.float32; it must be tor"),
            ({"padded": PADDED - 1}, ValueError, "padded[1, 1] is -1; every symbol must be 0..6"),
            ({"lengths": LENGTHS * 1.0}, TypeError, "lengths.dtype is torch.float32; it must be t"),
            ({"lengths": META}, ValueError, "lengths is on meta; it must stay on the CPU"),
            ({"lengths": LENGTHS[:1]}, ValueError, "lengths.shape is (1,); it must be (2,)"),
            ({"lengths": LENGTHS - 1}, ValueError, "lengths[1] is 0; it must be 1..2 time steps"),
        ],
    ),
    "masked_mean": (
        sc.masked_mean,
        {"outputs": torch.zeros(2, 2, 1), "lengths": LENGTHS},
        [
            ({"outputs": [[[1.0]]]}, TypeError, "outputs is [[[1.0]]]; it must be a tensor"),
            ({"outputs": torch.ones(2, 2, 0)}, ValueError, "it must be (N, L, H), each at least 1"),
            ({"lengths": LENGTHS * 2}, ValueError, "lengths[0] is 4; it must be 1..2 time steps"),
        ],
    ),
    "EarlyStopping": (
        sc.EarlyStopping,
        {},
        [
            ({"min_delta": -0.5}, ValueError, "min_delta is -0.5; it must be at least 0"),
            ({"min_delta": math.inf}, ValueError, "min_delta is inf; it must be a finite number"),
        ],
    ),
    "EarlyStopping.step": (
        step,
        {"val_loss": torch.tensor(0.5)},
        [
            ({"val_loss": None}, TypeError, "val_loss of epoch 1 is None; it must be a number"),
            ({"model": nn.LSTM}, TypeError, "LSTM'>; it must be an nn.Module object"),
        ],
    ),
    "predict_proba": (
        sc.predict_proba,
        {"model": Replies(torch.zeros(2)), "loader": [BATCH]},
        [
            ({"model": sc.LSTMClassifier}, TypeError, "LSTMClassifier'>; it must be an nn.Module"),
            ({"model": Replies(0.5)}, ValueError, "the model returned float; it must return a"),
            ({"model": Replies(torch.ones(2, 1))}, ValueError, "the model returned (2, 1); it mus"),
            ({"model": Replies(INF)}, ValueError, "logits[0] is inf; every logit must be finite"),
            ({"loader": None}, TypeError, "loader is None; it must be an iterable of batches"),
            ({"loader": [5]}, ValueError, "loader yields ['int']; it must yield padded (N, L), le"),
            ({"loader": [BATCH[:2]]}, ValueError, "loader yields [(2, 2), (2,)]; it must yield p"),
        ],
    ),
    "score": (
        sc.score,
        {"labels": [0, 1], "probabilities": [0.2, 0.7]},
        [
            ({"probabilities": [-0.1, 1]}, ValueError, "probabilities[0] is -0.1; it must be at l"),
            ({"probabilities": [1, math.nan]}, ValueError, "probabilities[1] is nan; it must be a"),
            ({"probabilities": ["0", "1"]}, ValueError, "probabilities holds <U1 values; they mus"),
            ({"probabilities": None}, ValueError, "probabilities is None; it must be a one-dimen"),
        ],
    ),
    "FlatDataset": (
        sc.FlatDataset,
        FLAT,
        [
            ({"symbols": [1, 6, 3]}, TypeError, "symbols is [1, 6, 3]; it must be a 1-D array of"),
            ({"symbols": FLAT["symbols"] / 1}, TypeError, "symbols is array([1., 6., 3.]); it mu"),
            ({"offsets": np.array([[0, 3]])}, TypeError, "offsets is array([[0, 3]]); it must be"),
            ({"offsets": np.array([0])}, ValueError, "offsets is array([0]); it must be N + 1 int"),
            ({"offsets": FLAT["offsets"][:0]}, ValueError, "offsets is array([], dtype=int64); i"),
            ({"offsets": np.array([1, 2, 3])}, ValueError, "offsets is array([1, 2, 3]); it must"),
            # Unsigned offsets: a difference would wrap around.
            ({"offsets": np.uint64([0, 3, 1, 3])}, ValueError, "offsets[2] is 1; offsets must in"),
            ({"offsets": np.array([0, 2, 2, 3])}, ValueError, "offsets[2] is 2; offsets must inc"),
            ({"symbols": FLAT["symbols"] - 1}, ValueError, "symbols[0] is 0; it must be at least"),
            ({"vocab_size": 1}, ValueError, "vocab_size is 1; it must be at least 2"),
        ],
    ),
    "flatten": (
        sc.flatten,
        {"sequences": [[1, 6], [3]], "vocab_size": 7},
        [({"sequences": [[1], [9]]}, ValueError, "sequences[1][0] is 9; symbols must be 1..6")],
    ),
    "LengthBatchSampler": (
        sc.LengthBatchSampler,
        {"lengths": [5, 1], "batch_size": 2},
        [
            ({"lengths": []}, ValueError, "len(lengths) is 0; it must be at least 1"),
            ({"lengths": [1.5]}, ValueError, "lengths holds float64 values; they must be integers"),
            ({"batch_size": 10**9 + 1}, ValueError, "batch_size is 1000000001; it must be at most"),
            ({"window": 0}, ValueError, "window is 0; it must be at least 1"),
        ],
    ),
}
REFUSED = [(name, *row) for name, (_, _, rows) in DOORS.items() for row in rows]


@pytest.mark.parametrize("name", DOORS)
def test_the_arguments_of_each_table_are_valid(name):
    """Each function accepts its valid arguments, so only the changes cause the errors below."""
    function, arguments, _ = DOORS[name]
    function(**arguments)


@pytest.mark.parametrize(
    ("name", "changes", "error", "message"),
    REFUSED,
    ids=[f"{name}: {message[:40]}" for name, _, _, message in REFUSED],
)
def test_invalid_arguments_are_refused(name, changes, error, message):
    """The error names the invalid argument, the entry, its value and the allowed values."""
    function, arguments, _ = DOORS[name]
    with pytest.raises(error, match=re.escape(message)) as caught:
        function(**arguments | changes)
    assert type(caught.value) is error


def test_values_at_the_edge_are_accepted():
    """Edge cases such as the largest seed, NumPy scalars and empty sets are accepted."""
    loaders = sc.make_loaders([[1]], [True], ([0], [], []), seed=np.uint32(2**32 - 1))
    assert [len(loader) for loader in loaders] == [1, 0, 0]
    model = sc.LSTMClassifier(np.int16(2), packed=np.False_)
    assert model(torch.ones(1, 1, dtype=torch.int32), torch.tensor([1])).shape == (1,)
    assert sc.EarlyStopping(patience=1, min_delta=0).step(np.float32(0.5), model) is False
    assert sc.score(torch.tensor([0.0, 1.0]), [0, 1])["auc"] == 1
    assert sc.score([0, 1], pd.Series([0.2, 0.7], index=[5, 6]))["accuracy"] == 1
    assert len(sc.SequenceDataset([[1]], torch.tensor([1.0], requires_grad=True))) == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a" * 78, f"'{'a' * 78}'"),
        ("a" * 79, f"'{'a' * 76}..."),
        (np.ones((2, 2)), "array([[1., 1.], [1., 1.]])"),
        (np.float32(0.5), "0.5"),
    ],
    ids=["80 characters", "81 characters", "two lines", "NumPy scalar"],
)
def test_values_are_shortened(value, text):
    """Error messages show a value on one line, in at most 80 characters."""
    assert validation.shorten(value) == text


# ----------------------------------------------------------------------------- the decorator


def record(**errors):
    """Return a list of calls, and a decorated function whose checks append to this list."""
    calls = []

    def note(name, *args, **kwargs):
        calls.append((name, *args, kwargs))
        if name in errors:
            raise errors[name]

    @validation.checked(
        lambda *a, **k: note("before", *a, **k),
        after=lambda *a, **k: note("after", *a, **k),
        explain=lambda *a, **k: note("explain", *a, **k),
    )
    def double(x: int, *, y: int = 0) -> int:
        """Double a number."""
        note("function", x, y=y)
        return 2 * x

    return calls, double


def test_checks_run_before_and_after():
    """`before` gets the arguments, `after` also gets the result, and `explain` is not called."""
    calls, double = record()

    assert double(3, y=1) == 6
    given = {"y": 1}
    assert calls == [("before", 3, given), ("function", 3, given), ("after", 6, 3, given)]


def test_a_refused_call_never_reaches_the_function():
    """An error in `before` is raised without calling the function or `explain`."""
    calls, double = record(before=ValueError("no"))

    with pytest.raises(ValueError, match="no"):
        double(3)
    assert [call[0] for call in calls] == ["before"]


def test_an_error_is_explained():
    """`explain` gets the arguments, and its error replaces the function's error."""
    calls, double = record(function=IndexError("deep inside"), explain=ValueError("x is 3"))

    with pytest.raises(ValueError, match="x is 3") as caught:
        double(3)
    assert isinstance(caught.value.__context__, IndexError)
    assert [call[0] for call in calls] == ["before", "function", "explain"]
    assert calls[-1] == ("explain", 3, {"y": 0})  # with the defaults


def test_an_error_without_explanation_stays():
    """The function's own error is raised if `explain` raises none."""
    with pytest.raises(IndexError, match="deep inside"):
        record(function=IndexError("deep inside"))[1](3)


def test_ctrl_c_is_not_explained():
    """KeyboardInterrupt is passed on without calling `explain`."""
    calls, double = record(function=KeyboardInterrupt())

    with pytest.raises(KeyboardInterrupt):
        double(3)
    assert [call[0] for call in calls] == ["before", "function"]


def test_the_decorated_function_keeps_its_metadata():
    """The decorator preserves the name, docstring and signature."""
    double = record()[1]

    assert (double.__name__, double.__doc__) == ("double", "Double a number.")
    assert str(inspect.signature(double)) == "(x: int, *, y: int = 0) -> int"


def test_a_missing_argument_is_that_of_the_function():
    """The error for a missing argument does not mention the function that checks arguments."""
    with pytest.raises(TypeError, match=r"^missing a required argument: 'seed'"):
        sc.split_indices(LABELS)


def test_compiled_functions_run_without_checks(monkeypatch):
    """torch.compile and torch.export trace the lesson's code without the checks."""
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    calls, double = record()

    assert double(3) == 6
    assert [call[0] for call in calls] == ["function"]


def test_a_batch_is_looked_through_only_after_an_error(monkeypatch):
    """Valid batches are not searched for invalid symbols, because that would slow down training."""
    monkeypatch.setattr(validation, "check_each", None)

    assert sc.LSTMClassifier()(PADDED, LENGTHS).shape == (2,)
    assert model_module.masked_mean(torch.ones(2, 2, 1), LENGTHS).tolist() == [[1], [1]]
