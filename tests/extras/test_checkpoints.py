"""A run that was broken off goes on as if it had not been, and no file is believed blindly."""

import copy
import os
import pickle
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn.model_selection  # noqa: F401  (imported after seeding, rich would draw numbers)
import torch
from torch import nn

import seqclf_utils as sc

N_EPOCHS = 6


class Forgetful(nn.Module):
    """A model that draws random numbers while it trains."""

    def __init__(self, hidden_size=4, pooling="avg", dtype=torch.float64):
        super().__init__()
        self.lstm = sc.LSTMClassifier(hidden_size=hidden_size, pooling=pooling, packed=False)
        self.dropout = nn.Dropout(0.3)
        self.scale = nn.Parameter(torch.ones(()))
        self.to(dtype)

    def forward(self, padded, lengths):
        """Return logits, some of them forgotten."""
        return self.dropout(self.lstm(padded, lengths)) * self.scale


def without_scale():
    """Return a model that lacks one of the weights."""
    model = Forgetful()
    model.scale = None
    return model


class BreakError(Exception):
    """Breaks a run off."""


class BrokenOff:
    """Batches of a loader, until batch `at` of all that were ever asked for."""

    def __init__(self, loader, at):
        self.loader, self.left = loader, at
        self.generator = loader.generator

    def __len__(self):
        """Return the number of batches."""
        return len(self.loader)

    def __iter__(self):
        """Yield batches, then stop everything."""
        for batch in self.loader:
            if self.left == 0:
                raise BreakError
            self.left -= 1
            yield batch


@pytest.fixture(autouse=True)
def _in_float64(settings_kept):
    """Compare bit for bit in float64."""
    torch.set_default_dtype(torch.float64)


def make_run(*, n_tables=60, data_seed=0, seed=0, model=Forgetful):
    """Begin as a reader's script does: seed, data, loaders, model."""
    sc.seed_everything(seed)
    casino = sc.make_casino(n_tables, max_length=8, seed=data_seed)
    splits = sc.split_indices(casino.labels, seed=0)
    train_loader, val_loader, _ = sc.make_loaders(casino.sequences, casino.labels, splits, seed=1)
    return model(), train_loader, val_loader


def fit(model, train_loader, val_loader, **options):
    """Train a little, fast enough that something is learnt and forgotten again."""
    options = {"max_epochs": N_EPOCHS, "learning_rate": 0.05, "progress": False, **options}
    return sc.fit(model, train_loader, val_loader, **options)


def everything(model, history):
    """Return all that a run leaves behind: weights, losses, and the next random numbers."""
    numbers = random.random(), np.random.rand(), torch.rand(()).item()
    weights = {name: weight.tolist() for name, weight in model.state_dict().items()}
    return weights, history.to_dict("list"), numbers


def uninterrupted(**options):
    """Train in one go, without a file."""
    model, *loaders = make_run()
    return everything(model, fit(model, *loaders, **options))


def broken_off(path, at, **options):
    """Train until batch `at` and break off there."""
    model, train_loader, val_loader = make_run()
    with pytest.raises(BreakError):
        fit(model, BrokenOff(train_loader, at), val_loader, checkpoint=path, **options)


# ------------------------------------------------------------------------- going on


def test_a_checkpoint_changes_nothing(tmp_path):
    """A run that keeps a file trains as one that does not."""
    model, *loaders = make_run()

    assert everything(model, fit(model, *loaders, checkpoint=tmp_path / "run.pt")) == (
        uninterrupted()
    )


@pytest.mark.parametrize("at", [0, 1, 3, 4, 8, 14, 17])
def test_going_on_is_as_if_nothing_had_happened(tmp_path, at):
    """Broken off in any epoch, at its start or inside: weights, losses, random numbers, exactly."""
    path = tmp_path / "run.pt"
    broken_off(path, at)
    model, *loaders = make_run(seed=5)  # what the file holds counts, not these first weights

    assert everything(model, fit(model, *loaders, checkpoint=str(path))) == uninterrupted()


def test_breaking_off_often_changes_nothing(tmp_path):
    """Every epoch in a process of its own, so to speak."""
    path = tmp_path / "run.pt"
    for _ in range(N_EPOCHS - 1):
        broken_off(path, at=4)  # of three batches an epoch: one epoch each time
    model, *loaders = make_run(seed=3)

    assert everything(model, fit(model, *loaders, checkpoint=path)) == uninterrupted()


def test_going_on_after_ctrl_c_in_the_same_notebook(tmp_path):
    """The model in memory may have its best weights: the file has the latest."""
    model, train_loader, val_loader = make_run()
    broken = BrokenOff(train_loader, 8)
    with pytest.raises(BreakError):
        fit(model, broken, val_loader, checkpoint=tmp_path / "run.pt")

    history = fit(model, train_loader, val_loader, checkpoint=tmp_path / "run.pt")

    assert everything(model, history) == uninterrupted()


def test_more_epochs_go_on_from_a_finished_run(tmp_path, capsys):
    """Three epochs and three more are six; and it says where it goes on."""
    path = tmp_path / "run.pt"
    fit(*make_run(), checkpoint=path, max_epochs=3)
    model, *loaders = make_run()
    assert capsys.readouterr().out == ""

    history = fit(model, *loaders, checkpoint=path)

    assert capsys.readouterr().out == "Going on after epoch 3, from run.pt.\n"
    assert everything(model, history) == uninterrupted()


def test_more_patience_goes_on_from_a_stopped_run(tmp_path):
    """As if the patience had been larger from the beginning."""
    options = {"max_epochs": 30, "learning_rate": 0.2}
    path = tmp_path / "run.pt"
    stopped = fit(*make_run(), checkpoint=path, patience=1, **options)
    model, *loaders = make_run()

    history = fit(model, *loaders, checkpoint=path, patience=4, **options)

    assert len(stopped) < len(history) < 30
    assert everything(model, history) == uninterrupted(patience=4, **options)


@pytest.mark.parametrize("options", [{}, {"patience": 1, "max_epochs": 30, "learning_rate": 0.2}])
def test_a_finished_run_is_not_trained_again(tmp_path, options):
    """Whether epochs or patience ran out: the same call gives the same result at once."""
    path = tmp_path / "run.pt"
    fit(*make_run(), checkpoint=path, **options)
    content = path.read_bytes()
    model, train_loader, val_loader = make_run(seed=9)

    history = fit(model, BrokenOff(train_loader, 0), val_loader, checkpoint=path, **options)

    assert everything(model, history) == uninterrupted(**options)
    assert path.read_bytes() == content


def test_loaders_may_be_of_any_kind(tmp_path):
    """Lists of batches have no generator; streams do not know their number of batches."""

    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self):
            yield from batches

    model = make_run()[0]
    batches = [(torch.ones(2, 3, dtype=torch.int64), torch.tensor([3, 1]), torch.ones(2))]
    stream = torch.utils.data.DataLoader(Stream(), batch_size=None)
    for n_epochs in (1, 2):
        options = {"max_epochs": n_epochs, "checkpoint": tmp_path / "run.pt"}
        assert len(fit(model, stream, batches, **options)) == n_epochs


# --------------------------------------------------------------------- power cuts

CHILD = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
import test_checkpoints as t
import torch

where, count, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]

def die():
    if hasattr(signal, "SIGKILL"):
        os.kill(os.getpid(), signal.SIGKILL)  # kill -9: no finally, no atexit
    os._exit(137)

def dying(function):
    def call(*arguments):
        global count
        count -= 1
        if count == 0:
            die()
        return function(*arguments)
    return call

if where in ("fsync", "replace"):
    setattr(os, where, dying(getattr(os, where)))
else:
    torch.optim.Adam.step = dying(torch.optim.Adam.step)
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
t.fit(*t.make_run(), checkpoint=path)
"""


@pytest.mark.parametrize("deaths", [[("step", 5), ("fsync", 3), ("replace", 2)]])
def test_kill_9_changes_nothing(tmp_path, deaths):
    """Killed inside a batch, while the file is written, and before it takes its place."""
    path = tmp_path / "run.pt"
    script = CHILD.format(tests=str(Path(__file__).parents[1]))
    for where, count in deaths:
        command = [sys.executable, "-c", script, where, str(count), str(path)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode in (-9, 137), done.stderr
    model, *loaders = make_run(seed=9)  # all that it needs is in the file

    history = fit(model, *loaders, checkpoint=path)

    assert everything(model, history) == uninterrupted()
    assert os.listdir(tmp_path) == ["run.pt"]


def test_full_disk_ends_training_with_the_best_weights(tmp_path, monkeypatch):
    """The error names the file; the file is the last good one, and going on from it works."""
    path = tmp_path / "run.pt"
    model, *loaders = make_run()
    real_replace, calls = os.replace, []

    def replace(*arguments):
        calls.append(arguments)
        if len(calls) == 4:  # the beginning and two epochs are written, the third is not
            raise OSError(28, "No space left on device")
        real_replace(*arguments)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(OSError, match=r"run\.pt could not be written and is as it was before: No"):
        fit(model, *loaders, checkpoint=path)
    best = min(sc.evaluate(model, loaders[1], nn.BCEWithLogitsLoss()), 1.0)
    three = fit(*make_run(), max_epochs=3)
    assert best == pytest.approx(three["val_loss"].min(), abs=1e-12)

    model, *loaders = make_run(seed=9)
    assert everything(model, fit(model, *loaders, checkpoint=path)) == uninterrupted()


def test_a_missing_folder_is_noticed_before_training(tmp_path):
    """Not after the first hour."""
    model, train_loader, val_loader = make_run()

    with pytest.raises(FileNotFoundError, match=r"runs.run\.pt could not be written"):
        fit(model, BrokenOff(train_loader, 0), val_loader, checkpoint=tmp_path / "runs/run.pt")


class BytesPath:
    """A path in bytes."""

    def __fspath__(self):
        """Return the name of a file."""
        return b"run.pt"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (7, "7"),
        (b"run.pt", "b'run.pt'"),
        (True, "True"),
        (["run.pt"], r"\['run.pt'\]"),
        pytest.param(-(10**5000), ".*", id="long"),
        (BytesPath(), ".*BytesPath.*"),
    ],
)
def test_what_is_no_path_is_named(path, shown):
    """A file is named by text or a Path."""
    message = f"^checkpoint is {shown}; it must be the path of a file, or None$"
    with pytest.raises(TypeError, match=message):
        fit(*make_run(), checkpoint=path)


@pytest.mark.parametrize("path", ["", "run\0.pt", "run\ud800.pt"])
def test_what_can_be_no_name_is_named(path):
    """The system has other words for it, which do not say which argument."""
    with pytest.raises(ValueError, match=r"checkpoint is '.*'; it must be the path of a file, or"):
        fit(*make_run(), checkpoint=path)


@pytest.mark.parametrize("kind", [str, Path])
def test_a_folder_is_no_file(tmp_path, kind):
    """It is named before anything is read or written."""
    with pytest.raises(ValueError, match=r"checkpoint is the folder '.*'; it must be the path of"):
        fit(*make_run(), checkpoint=kind(tmp_path))

    assert os.listdir(tmp_path) == []


# ----------------------------------------------------------- files that are not believed


def assert_refused(path, run, message, **options):
    """Assert that fit refuses the file, and that file, folder and model are as before."""
    content, names = path.read_bytes(), os.listdir(path.parent)
    model, *loaders = run
    before = copy.deepcopy(model.state_dict())

    with pytest.raises(ValueError, match=message) as caught:
        fit(model, *loaders, checkpoint=path, **options)

    assert str(path) in str(caught.value)
    assert "Name another file to begin a new run, or delete this one" in str(caught.value)
    assert path.read_bytes() == content
    assert os.listdir(path.parent) == names
    for name, weight in model.state_dict().items():
        assert torch.equal(weight, before[name])


@pytest.fixture
def kept(tmp_path):
    """Return the file of a run of three epochs."""
    path = tmp_path / "run.pt"
    fit(*make_run(), checkpoint=path, max_epochs=3)
    return path


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_half_a_file_is_refused(kept, share):
    """Cut off anywhere, also right at the beginning and just before the end."""
    content = kept.read_bytes()
    kept.write_bytes(content[: int(share * len(content))])

    assert_refused(kept, make_run(), "is damaged or no training run")


def test_flipped_bytes_are_refused_or_harmless(kept):
    """Bits that turn over on a disk: an error, or the same result where nothing reads them."""
    content, right = kept.read_bytes(), uninterrupted()
    for position in random.Random(0).sample(range(len(content)), 60):
        kept.write_bytes(
            content[:position] + bytes([content[position] ^ 255]) + content[position + 1 :]
        )
        model, *loaders = make_run()
        try:
            history = fit(model, *loaders, checkpoint=kept)
        except ValueError as error:
            assert str(kept) in str(error)
        else:
            assert everything(model, history) == right, position


@pytest.mark.parametrize(
    "content",
    [b"label,sequence\n1,6 6 6\n", b"\x80\x04N.", b"PK\x03\x04 not really", b"\0" * 5000],
    ids=["csv", "pickle", "zip", "zeros"],
)
def test_foreign_files_are_refused(tmp_path, content):
    """Whatever it is, it is left alone."""
    path = tmp_path / "precious.dat"
    path.write_bytes(content)

    assert_refused(path, make_run(), "is damaged or no training run")


@pytest.mark.parametrize(
    "value",
    [{"format": "seqclf training run, version 0"}, {"format": torch.ones(2)}, {}, [1, 2], 3.0],
)
def test_other_files_of_pytorch_are_refused(tmp_path, value):
    """A tensor, somebody's dictionary, a file of another version."""
    path = tmp_path / "weights.pt"
    torch.save(value, path)

    assert_refused(path, make_run(), "is damaged or ")


def test_a_state_dict_is_refused(tmp_path):
    """Weights alone are no run: the optimizer is missing."""
    path = tmp_path / "weights.pt"
    torch.save(make_run()[0].state_dict(), path)

    assert_refused(path, make_run(), "is damaged or no training run")


class Exploit:
    """Runs code when it is unpickled, as a file from the internet may."""

    def __init__(self, victim):
        self.victim = victim

    def __reduce__(self):
        """Tell pickle to open, and so to make, a file."""
        return open, (str(self.victim), "w")


@pytest.mark.filterwarnings("ignore:Environment variable TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD")
@pytest.mark.parametrize("wrap", [pickle.dumps, None], ids=["pickle", "torch"])
def test_a_malicious_file_runs_no_code(tmp_path, wrap, monkeypatch):
    """The same bytes do run code for a careless reader, and do not here, whatever PyTorch does."""
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")  # where the caller says nothing
    folder, path, victim = tmp_path / "runs", tmp_path / "runs" / "run.pt", tmp_path / "owned"
    folder.mkdir()
    evil = {"format": "seqclf training run, version 1", "losses": Exploit(victim)}
    if wrap:
        path.write_bytes(wrap(evil))
        pickle.loads(path.read_bytes())["losses"].close()
    else:
        torch.save(evil, path)
        torch.load(path, weights_only=False)["losses"].close()
    assert victim.exists()  # it is dangerous indeed
    victim.unlink()

    assert_refused(path, make_run(), "is damaged or no training run")

    assert not victim.exists()


@pytest.mark.parametrize(
    ("run", "options", "message"),
    [
        ({}, {"learning_rate": 0.01}, "learning_rate is 0.05 there, and 0.01 here"),
        ({}, {"patience": 2}, "patience is 5 there, and 2 here"),
        ({}, {"max_epochs": 2}, "number of epochs is 3 there, and at most 2 here"),
        ({"n_tables": 90}, {}, r"number of batches is \[3, 1\] there, and \[4, 2\] here"),
        ({"data_seed": 1}, {}, r"validation loss is 0\.\d{4} there, and \d\.\d{4} here"),
        (
            {"model": lambda: Forgetful(pooling="last")},
            {},
            r"validation loss is 0\.\d{4} there, and \d\.\d{4} here",
        ),
        (
            {"model": lambda: Forgetful(hidden_size=5)},
            {},
            r"lstm\.fc\.weight is \(\(1, 4\), torch\.float64\) there, and \(\(1, 5\)",
        ),
        ({"model": lambda: Forgetful(dtype=torch.float32)}, {}, "float64.* there, .*float32.*here"),
        ({"model": lambda: Forgetful().lstm}, {}, "is None there|there, and None here"),
        ({"model": without_scale}, {}, r"scale is \(\(\), torch\.float64\) there, and None here"),
    ],
)
def test_other_runs_are_refused(kept, run, options, message):
    """Another setting, other data, another model: what differs is named on both sides."""
    assert_refused(kept, make_run(**run), message, **options)


def change(path, **parts):
    """Change parts of the run in the file."""
    torch.save({**torch.load(path, weights_only=True), **parts}, path)


def test_every_epoch_must_have_its_losses(kept):
    """Early stopping has counted one epoch more than there are rows."""
    losses = torch.load(kept, weights_only=True)["losses"]
    change(kept, losses=[losses[0], losses[2]])

    assert_refused(kept, make_run(), "number of losses is 2 there, and 3 here")


@pytest.mark.parametrize(("factor", "fits"), [(1 + 1e-4, True), (1 + 1e-2, False)])
def test_another_machine_may_round_otherwise(kept, factor, fits):
    """The loss of the stored weights agrees with the stored one to a thousandth."""
    losses = torch.load(kept, weights_only=True)["losses"]
    change(kept, losses=[*losses[:2], (3, losses[2][1], losses[2][2] * factor)])

    if fits:
        assert len(fit(*make_run(), checkpoint=kept)) == N_EPOCHS
    else:
        assert_refused(kept, make_run(), "validation loss is")


def test_an_error_without_words_is_named_by_its_kind(kept):
    """Where an error says nothing its name must do."""
    model, train_loader, val_loader = make_run()

    run = model, train_loader, BrokenOff(val_loader, 0)
    assert_refused(kept, run, "is of another run: BreakError")


def test_a_run_of_a_gpu_goes_on_where_there_is_none(tmp_path, monkeypatch):
    """Tensors come back to the CPU, wherever they were saved."""
    path = tmp_path / "run.pt"
    with monkeypatch.context() as patch:
        patch.setattr(torch.serialization, "location_tag", lambda storage: "cuda:0")
        fit(*make_run(), checkpoint=path, max_epochs=3)

    assert len(fit(*make_run(), checkpoint=path)) == N_EPOCHS


@pytest.mark.parametrize("part", ["losses", "model", "optimizer", "stopper", "batches", "random"])
@pytest.mark.parametrize("value", [None, "six", [], {}])
def test_runs_with_nonsense_inside_are_refused(kept, part, value):
    """The right format and nonsense in it, as no accident makes it."""
    run = torch.load(kept, weights_only=True)
    torch.save({**run, part: value}, kept)

    assert_refused(kept, make_run(), "is of another run")


def test_history_is_one_table(tmp_path):
    """Rows from the file and new rows have the same types."""
    broken_off(tmp_path / "run.pt", 8)
    model, *loaders = make_run()
    history = fit(model, *loaders, checkpoint=tmp_path / "run.pt")

    pd.testing.assert_frame_equal(history, fit(*make_run()))


def test_an_interrupt_while_the_file_is_checked_changes_nothing(kept):
    """The model has the weights it came with, and the interrupt comes through."""

    class Interrupted(BrokenOff):
        def __iter__(self):
            raise KeyboardInterrupt

    model, train_loader, val_loader = make_run(seed=4)
    before = copy.deepcopy(model.state_dict())

    with pytest.raises(KeyboardInterrupt):
        fit(model, train_loader, Interrupted(val_loader, 0), checkpoint=kept)

    assert all(torch.equal(weight, before[name]) for name, weight in model.state_dict().items())
