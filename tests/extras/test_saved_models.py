"""Saved models keep their weights and the names of symbols and labels; other files are rejected."""

import json
import pickle
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load, save
from torch import nn

import seqclf_utils as sc
from seqclf_utils.extras.saved_models import KEY, WEIGHTS_FILE
from seqclf_utils.reproducibility import GRID
from tools.train_model import judge, store, train

NAMES = {"symbols": ("add", "help", "view"), "label_names": ("left", "bought")}


@pytest.fixture
def path(tmp_path):
    """Return the path of a saved model with three named symbols."""
    torch.manual_seed(0)
    path = tmp_path / "visits.safetensors"
    model = sc.LSTMClassifier(vocab_size=4, embed_dim=3, hidden_size=5, pooling="avg")
    sc.save_model(path, model, **NAMES)
    return path


# ------------------------------------------------------------------------------ save and load


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("pooling", ["last", "avg"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_model_comes_back_as_it_was(pooling, packed, dtype, tmp_path):
    """A loaded model has identical weights, is in evaluation mode, and can be trained further."""
    model = sc.LSTMClassifier(9, 4, 6, pooling=pooling, packed=packed).to(dtype)
    path = tmp_path / "a.safetensors"
    sc.save_model(path, model, symbols=list("abcdefgh"), label_names=["no", "yes"])
    saved = sc.load_model(path)

    batch = torch.tensor([[1, 8, 3], [2, 0, 0]]), torch.tensor([3, 1])
    torch.testing.assert_close(saved.model(*batch), model(*batch))
    for name, weight in model.state_dict().items():
        assert torch.equal(saved.model.state_dict()[name], weight)
    assert (saved.model.pooling, saved.model.packed) == (pooling, packed)
    assert (saved.symbols, saved.label_names) == (tuple("abcdefgh"), ("no", "yes"))
    assert not saved.model.training
    saved.model(*batch).sum().backward()
    assert all(parameter.grad is not None for parameter in saved.model.parameters())


def test_another_program_predicts_from_names(path):
    """A new process computes the same probability from the file alone."""
    code = """import sys, seqclf_utils as sc
saved = sc.load_model(sys.argv[1])
print(saved.label_names[1], *saved.predict_proba([["view", "add"]]))"""
    command = [sys.executable, "-c", code, path]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    model = sc.load_model(path).model
    with torch.no_grad():
        expected = torch.sigmoid(model(torch.tensor([[3, 1]]), torch.tensor([2])))
    name, probability = output.split()
    assert name == "bought"
    assert float(probability) == pytest.approx(expected.item(), abs=1e-6)


def test_probabilities_are_in_the_order_of_the_sequences(path):
    """Each sequence gets the same probability as on its own, whatever the lengths and batches."""
    saved = sc.load_model(path)
    rng = np.random.default_rng(0)
    visits = [rng.choice(NAMES["symbols"], size=n).tolist() for n in rng.integers(1, 9, size=600)]

    together = saved.predict_proba(visits)

    assert together.shape == (600,)
    alone = [saved.predict_proba([visit])[0] for visit in visits[:20]]
    np.testing.assert_allclose(together[:20], alone, atol=1e-6)
    assert len(set(together.round(9))) > 100


def test_unknown_names_follow_the_symbols(path):
    """One error lists all unknown names, unless the model knows "<unk>"."""
    with pytest.raises(ValueError, match=r"holds 'clik' \(row 0\), 'buy' \(row 1\)"):
        sc.load_model(path).predict_proba([["clik"], ["view", "buy"]])
    with pytest.raises(TypeError, match="sequence 0 is 'view'; it must be a list of names"):
        sc.load_model(path).predict_proba(["view", "add"])

    model = sc.load_model(path).model
    sc.save_model(path, model, symbols=("add", "<unk>", "view"), label_names=(0, 1))
    first, second = sc.load_model(path).predict_proba([["clik", "add"], ["<unk>", "add"]])
    assert first == second


def test_saving_is_repeatable_and_leaves_random_numbers_alone(path):
    """Saving a model again gives the same bytes, and loading draws no random numbers."""
    before, state = path.read_bytes(), torch.get_rng_state()

    saved = sc.load_model(path)
    assert torch.equal(torch.get_rng_state(), state)
    sc.save_model(path, saved.model, symbols=saved.symbols, label_names=saved.label_names)

    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def with_layer(**layer):
    """Return a classifier in which one layer was replaced."""
    model = sc.LSTMClassifier(vocab_size=4)
    vars(model)["_modules"].update(layer)
    return model


CHANGED = "model has changed layers; it must be as LSTMClassifier builds it"
CHILD = type("DroppingClassifier", (sc.LSTMClassifier,), {})  # not loadable without its code


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"model": nn.Linear(2, 1)}, TypeError, "model is a Linear; it must be an LSTMClass"),
        ({"model": CHILD(4)}, TypeError, "model is a DroppingClassifier; it must be an LSTMClass"),
        ({"model": with_layer(lstm=nn.LSTM(16, 32, num_layers=2))}, ValueError, CHANGED),
        ({"model": with_layer(fc=nn.Linear(32, 3))}, ValueError, CHANGED),
        ({"symbols": ["add", "view"]}, ValueError, "number of symbols is 2; it must be at least 3"),
        ({"symbols": None}, TypeError, "symbols is None; it must be a list of names"),
        ({"label_names": ["a"]}, ValueError, "number of label_names is 1; it must be at least 2"),
        ({"path": 3}, TypeError, "path is 3; it must be"),
    ],
)
def test_what_would_not_load_is_not_saved(path, change, error, message):
    """Invalid arguments are named, and an existing file is left unchanged."""
    before = path.read_bytes()
    arguments = {"path": path, "model": sc.LSTMClassifier(vocab_size=4)} | NAMES | change

    with pytest.raises(error, match=message):
        sc.save_model(**arguments)

    assert path.read_bytes() == before


# ----------------------------------------------------------------------------------- bad files


def test_missing_files_are_named(tmp_path):
    """A missing file raises FileNotFoundError, and a folder raises ValueError."""
    with pytest.raises(FileNotFoundError, match=r"gone\.safetensors"):
        sc.load_model(tmp_path / "gone.safetensors")
    with pytest.raises(ValueError, match="path is"):
        sc.load_model(tmp_path)


def test_no_damage_goes_unnoticed(path):
    """A changed byte anywhere in the weights or names is detected, and so is a truncated file."""
    content = path.read_bytes()
    damaged = [content[:size] for size in (0, 1, 8, 100, len(content) - 1)]
    for position in range(0, len(content), 7):
        altered = bytearray(content)
        altered[position] ^= 0x01
        damaged.append(altered)
    for bytes_ in damaged:
        path.write_bytes(bytes_)
        with pytest.raises(ValueError, match=r"visits\.safetensors (is corrupt|has)"):
            sc.load_model(path)


def with_metadata(path, **changes):
    """Save a model's weights again with changed metadata; None removes an entry."""
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    about = json.loads(json.loads(content[8 : 8 + size])["__metadata__"][KEY]) | changes
    about = {name: value for name, value in about.items() if value is not None}
    path.write_bytes(save(load(content), {KEY: json.dumps(about)}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "has format 2, not 1: update the course"),
        ({"format": None}, "has no names of symbols and labels; save models with save_model"),
        ({"symbols": ["view", "help", "add"]}, "is corrupt: it does not hold what was saved"),
        ({"sha256": None}, "is corrupt: it does not hold what was saved"),
    ],
)
def test_newer_foreign_and_altered_files_are_refused(path, change, message):
    """Files with a newer format, without names or with changed names are rejected."""
    with_metadata(path, **change)

    with pytest.raises(ValueError, match=rf"visits\.safetensors {re.escape(message)}"):
        sc.load_model(path)


class Intruder:
    """An object that fails the test when it is unpickled."""

    def __reduce__(self):
        """Have the unpickler call a function."""
        return pytest.fail, ("the file ran code",)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: torch.save(Intruder(), path), "is corrupt or not a safetensors file"),
        (lambda path: path.write_bytes(pickle.dumps(Intruder())), "is corrupt or not a safetens"),
        (lambda path: path.write_bytes(save({"a": torch.ones(1)})), "has no names of symbols and"),
    ],
    ids=["torch.save", "pickle", "safetensors"],
)
def test_files_of_other_programs_are_refused_and_never_run(write, message, path):
    """A file that save_model did not write is rejected without running any code in it."""
    write(path)

    with pytest.raises(ValueError, match=message):
        sc.load_model(path)


# --------------------------------------------------------------------------- the shipped model


def test_training_again_gives_the_same_file(settings_kept, tmp_path):
    """Retraining reproduces the shipped file byte for byte."""
    store(train(), tmp_path / "again.safetensors")

    assert (tmp_path / "again.safetensors").read_bytes() == WEIGHTS_FILE.read_bytes()


def test_the_shipped_model_is_close_to_the_best_possible():
    """On 10,000 new tables, the model's AUC is at most 0.01 below the best possible AUC."""
    scores = judge(sc.load_trained_model())

    assert 0 < scores["best possible"]["auc"] - scores["LSTM"]["auc"] < 0.01


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_shipped_model_is_ready_to_predict(dtype, settings_kept):
    """The shipped model is loaded in evaluation mode with the default dtype, without rounding."""
    torch.set_default_dtype(dtype)
    model = sc.load_trained_model()

    assert not model.training
    assert model.packed is False
    for name, weight in sc.load_model(WEIGHTS_FILE).model.state_dict().items():
        assert model.state_dict()[name].dtype == dtype
        assert torch.equal(model.state_dict()[name], weight.to(dtype))
        assert torch.equal(weight.double() / GRID, (weight.double() / GRID).round())
    assert sc.load_model(WEIGHTS_FILE).symbols == tuple("123456")


def test_weights_off_the_grid_are_not_stored(tmp_path):
    """Weights that float32 would round are rejected."""
    model = sc.load_trained_model().double()
    with torch.no_grad():
        model.fc.bias += 1e-12

    with pytest.raises(ValueError, match=r"fc\.bias"):
        store(model, tmp_path / "off.safetensors")
