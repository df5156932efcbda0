"""Resumed runs give identical results; only an intact checkpoint of the same run is accepted."""

import contextlib
import copy
import io
import itertools
import os
import pickle
import random
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest
import sklearn.model_selection  # noqa: F401  (before seeding: importing rich draws numbers)
import torch
from torch import nn
from torch.utils.data import BatchSampler, DataLoader, IterableDataset, RandomSampler

import seqclf_utils as sc
from seqclf_utils.extras import checkpoints

N_EPOCHS = 6


class Forgetful(sc.LSTMClassifier):
    """A model that draws random numbers during training."""

    def __init__(self, scale=None, **sizes):
        super().__init__(**sizes)
        self.scale = None if scale is None else nn.Parameter(torch.tensor(float(scale)))

    def forward(self, padded, lengths):
        """Return logits with dropout."""
        return nn.functional.dropout(super().forward(padded, lengths), 0.3, self.training)


class BreakError(Exception):
    """Raised to interrupt a run."""


@pytest.fixture(autouse=True)
def _in_float64(settings_kept):
    """Use float64 to compare runs bit for bit."""
    torch.set_default_dtype(torch.float64)


def make_run(*, n_tables=60, data_seed=0, n_flipped=0, shuffle_seed=1, seed=0, dtype=None, **sizes):
    """Return a model and loaders as a script would create them, optionally with flipped labels."""
    sc.seed_everything(seed)
    casino = sc.make_casino(n_tables, max_length=8, seed=data_seed)
    splits = sc.split_indices(casino.labels, seed=0)
    casino.labels[splits.train_idx[:n_flipped]] ^= 1
    data = casino.sequences, casino.labels, splits
    train_loader, val_loader, _ = sc.make_loaders(*data, seed=shuffle_seed)
    sizes = {"hidden_size": 4, "pooling": "avg", "packed": False, **sizes}
    return Forgetful(**sizes).to(dtype), train_loader, val_loader


def fit(model, train_loader, val_loader, **options):
    """Train with a learning rate at which the loss falls and then rises."""
    options = {"max_epochs": N_EPOCHS, "learning_rate": 0.05, "progress": False, **options}
    return sc.fit(model, train_loader, val_loader, **options)


def everything(model, history):
    """Return the full result of a run: weights, losses and the next random numbers."""
    numbers = random.random(), np.random.rand(), torch.rand(()).item()
    weights = {name: weight.tolist() for name, weight in model.state_dict().items()}
    return weights, history.to_dict("list"), numbers


def uninterrupted(**options):
    """Return the result of a run without interruption or checkpoint."""
    run = make_run()
    return everything(run[0], fit(*run, **options))


@contextlib.contextmanager
def breaking(at):
    """Raise BreakError in optimizer step `at`, counted from 0."""
    real, steps = torch.optim.Adam.step, itertools.count()

    def step(*arguments):
        if next(steps) == at:
            raise BreakError
        return real(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim.Adam, "step", step)
        yield


def break_off(path, at, run=None):
    """Train with a checkpoint and interrupt training at step `at`."""
    with breaking(at), pytest.raises(BreakError):
        fit(*(run or make_run()), checkpoint=path)


@pytest.fixture
def kept(tmp_path):
    """Return the path of the checkpoint of a three-epoch run."""
    path = tmp_path / "run.pt"
    fit(*make_run(), checkpoint=path, max_epochs=3)
    return path


# -------------------------------------------------------------------------------- resuming


@pytest.mark.parametrize("breaks", [[], [0], [1], [3], [8], [17], [4] * (N_EPOCHS - 1)], ids=str)
def test_a_resumed_run_ends_as_an_uninterrupted_one(tmp_path, breaks):
    """Weights, losses and random numbers are the same however often a run is interrupted."""
    path = tmp_path / "run.pt"
    for at in breaks:
        break_off(path, at)
    run = make_run()

    assert everything(run[0], fit(*run, checkpoint=str(path))) == uninterrupted()


@pytest.mark.parametrize("at", [0, 4, 8, 17])
def test_a_run_resumes_in_the_same_notebook(tmp_path, at):
    """A run resumes with the same objects, although their weights and generators have changed."""
    run = make_run()
    break_off(tmp_path / "run.pt", at, run)

    assert everything(run[0], fit(*run, checkpoint=tmp_path / "run.pt")) == uninterrupted()
    assert len(fit(*make_run(), checkpoint=tmp_path / "run.pt")) == N_EPOCHS  # in a new session


def test_more_epochs_resume_a_finished_run(kept, capsys):
    """Three plus three epochs give the result of six, and a message says where training resumes."""
    run = make_run()

    history = fit(*run, checkpoint=kept)

    assert capsys.readouterr().out == "Resuming after epoch 3, from run.pt.\n"
    assert everything(run[0], history) == uninterrupted()
    pd.testing.assert_frame_equal(history, fit(*make_run()))


def test_more_patience_resumes_a_stopped_run(tmp_path, capsys):
    """Resuming with more patience gives the same result as training with it from the start."""
    options = {"max_epochs": 30, "learning_rate": 0.2}
    path = tmp_path / "run.pt"
    stopped = fit(*make_run(), checkpoint=path, patience=1, **options)
    run = make_run()

    history = fit(*run, checkpoint=path, patience=4, **options)

    assert capsys.readouterr().out == f"Resuming after epoch {len(stopped)}, from run.pt.\n"
    assert len(stopped) < len(history) < 30
    assert everything(run[0], history) == uninterrupted(patience=4, **options)


@pytest.mark.parametrize("options", [{}, {"patience": 1, "max_epochs": 30, "learning_rate": 0.2}])
def test_a_finished_run_is_not_trained_again(tmp_path, options, capsys):
    """Repeating the call for a finished run returns the same result without training."""
    path = tmp_path / "run.pt"
    fit(*make_run(), checkpoint=path, **options)
    content, run = path.read_bytes(), make_run()

    with breaking(0):
        history = fit(*run, checkpoint=path, **options)

    printed = f"Already finished after epoch {len(history)}, from run.pt.\n"
    assert capsys.readouterr().out == printed
    assert everything(run[0], history) == uninterrupted(**options)
    assert path.read_bytes() == content


class Stream(IterableDataset):
    """An iterable data set of unknown length."""

    def __init__(self, batches):
        self.batches = batches

    def __iter__(self):
        """Yield the batches."""
        yield from self.batches


@pytest.mark.parametrize(
    "wrap",
    [list, lambda b: DataLoader(Stream(b), batch_size=None), lambda b: sc.DeviceLoader(b, "cpu")],
    ids=["list", "stream", "device"],
)
def test_any_loader_can_be_resumed_and_is_compared(tmp_path, wrap):
    """Runs with lists, streams and wrapped loaders can be resumed, and changed data is detected."""
    model, *loaders = make_run()
    batches = [list(loader) for loader in loaders]
    for n_epochs in (1, 2):
        options = {"max_epochs": n_epochs, "checkpoint": tmp_path / "run.pt"}
        assert len(fit(model, *map(wrap, batches), **options)) == n_epochs

    batches[0][-1][2][-1] = 1 - batches[0][-1][2][-1]
    with pytest.raises(ValueError, match="hash of the data"):
        fit(model, *map(wrap, batches), **options)


def test_hashing_ends_for_infinite_data():
    """Only the first batches of a very large data set are hashed."""
    zeros, ones = torch.zeros(2), torch.ones(2)

    hashes = [checkpoints._hash_data([itertools.repeat([batch])]) for batch in (zeros, zeros, ones)]

    assert hashes[0] == hashes[1] != hashes[2]


# ------------------------------------------------------------------------------- RNG states


def test_all_rng_states_are_restored(monkeypatch):
    """RNG states of Python, NumPy, PyTorch, all GPUs and the loaders' generators are restored."""
    own = [torch.Generator().manual_seed(seed) for seed in range(4)]
    apple = torch.Generator()
    sampler = BatchSampler(RandomSampler([1, 2], generator=own[0]), 1, False)
    loaders = [
        DataLoader([1, 2], batch_sampler=sampler),
        SimpleNamespace(loader=SimpleNamespace(generator=own[1], sampler=sampler)),
        (loop := SimpleNamespace(generator="not PyTorch's")),
        [],
    ]
    loop.loader = loop
    monkeypatch.setattr(torch.cuda, "default_generators", tuple(own[2:]))
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.mps, "get_rng_state", apple.get_state)
    monkeypatch.setattr(torch.mps, "set_rng_state", apple.set_state)

    def draw():
        """Draw one number from each generator."""
        usual = [random.random(), float(np.random.random()), torch.rand(1).item()]
        return usual + [torch.rand(1, generator=generator).item() for generator in (*own, apple)]

    state = checkpoints.get_rng_state(loaders)
    first, second = draw(), draw()
    checkpoints.set_rng_state(state, loaders)

    assert not set(first) & set(second)
    assert draw() == first


@pytest.mark.parametrize("n_epochs_on_gpu", [3, N_EPOCHS])
def test_a_run_moves_between_machines_with_and_without_gpu(tmp_path, monkeypatch, n_epochs_on_gpu):
    """Tensors are loaded onto the CPU, and RNG states of missing or new GPUs are skipped."""
    for n_epochs in (3, N_EPOCHS):
        with monkeypatch.context() as patch:
            if n_epochs == n_epochs_on_gpu:
                patch.setattr(torch.serialization, "location_tag", lambda storage: "cuda:0")
                patch.setattr(torch.cuda, "default_generators", (torch.Generator(),))
                patch.setattr(torch.backends.mps, "is_available", lambda: True)
                patch.setattr(torch.mps, "get_rng_state", torch.Generator().get_state)
                patch.setattr(torch.mps, "set_rng_state", torch.Generator().set_state)
            options = {"checkpoint": tmp_path / "run.pt", "max_epochs": n_epochs}
            assert len(fit(*make_run(), **options)) == n_epochs


# ------------------------------------------------------------------------- power cuts

CHILD = """
import os, signal, sys
sys.path[:0] = {paths!r}
import test_checkpoints as t
import torch

owner, name, count = {where}

def dying(*arguments, real=getattr(owner, name)):
    global count
    count -= 1
    if count == 0:
        os.kill(os.getpid(), getattr(signal, "SIGKILL", 15))  # kill -9: no finally, no atexit
    return real(*arguments)

setattr(owner, name, dying)
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
t.fit(*t.make_run(), checkpoint={path!r})
"""


def test_kill_9_changes_nothing(tmp_path):
    """A run killed during a batch, while saving or while replacing the file resumes correctly."""
    path, here = tmp_path / "run.pt", Path(__file__).parent
    paths = [str(here), str(here.parents[1])]
    for where in ("torch.optim.Adam, 'step', 5", "os, 'fsync', 3", "os, 'replace', 2"):
        script = CHILD.format(paths=paths, where=where, path=str(path))
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        assert done.returncode in (-9, 15), done.stderr
    run = make_run()

    assert everything(run[0], fit(*run, checkpoint=path)) == uninterrupted()
    assert os.listdir(tmp_path) == ["run.pt"]


def test_full_disk_ends_training_with_the_best_weights(tmp_path, monkeypatch):
    """If the disk is full, the best weights are restored, and the last checkpoint stays intact."""
    path, run, replaced = tmp_path / "run.pt", make_run(), itertools.count()

    def replace(*arguments, real=os.replace):
        if next(replaced) == 3:  # the start and two epochs are saved, but not the third
            raise OSError(28, "No space left on device")
        real(*arguments)

    with monkeypatch.context() as patch, pytest.raises(OSError, match=r"run\.pt could not be"):
        patch.setattr(os, "replace", replace)
        fit(*run, checkpoint=path)

    best = fit(*make_run(), max_epochs=3)["val_loss"].min()
    assert sc.evaluate(run[0], run[2], nn.BCEWithLogitsLoss()) == best
    run = make_run()
    assert everything(run[0], fit(*run, checkpoint=path)) == uninterrupted()


@pytest.mark.parametrize(("name", "error"), [("runs/run.pt", FileNotFoundError), ("", ValueError)])
def test_an_impossible_file_is_reported_before_training(tmp_path, name, error):
    """A missing folder, or a folder in place of the file, is reported before training."""
    with breaking(0), pytest.raises(error, match=r"could not be written|checkpoint is .*a file"):
        fit(*make_run(), checkpoint=tmp_path / name)


# ----------------------------------------------------------------------- rejected files


def assert_refused(path, run, message, **options):
    """Assert that fit rejects the file and leaves the file, the folder and the model unchanged."""
    content, names = path.read_bytes(), os.listdir(path.parent)
    before = copy.deepcopy(run[0].state_dict())

    with pytest.raises(ValueError, match=message) as caught:
        fit(*run, checkpoint=path, **options)

    assert str(path) in str(caught.value)
    assert path.read_bytes() == content
    assert os.listdir(path.parent) == names
    torch.testing.assert_close(dict(run[0].state_dict()), dict(before), rtol=0, atol=0)


@pytest.mark.parametrize(
    ("run", "options", "message"),
    [
        ({"seed": 1}, {}, r"another run: initial embed\.weight is \(7, 16\) .* with norm \d"),
        ({"hidden_size": 5}, {}, r"initial lstm\S+ is \(16, .* in the file and \(20, .* here\. Na"),
        ({"dtype": torch.float32}, {}, r"initial \S+ is .*float64.* in the .*float32.* here"),
        ({"scale": 2}, {}, r"initial scale is None in the file and \(\) torch\.float64 .* here"),
        ({"data_seed": 1}, {}, r"hash of the data is \w{8} in the file and \w{8} here\. Name"),
        ({"n_tables": 61}, {}, "hash of the data is"),
        ({"shuffle_seed": 2}, {}, "hash of the data is"),
        ({"n_flipped": 1}, {}, "hash of the data is"),
        ({"pooling": "last"}, {}, r"validation loss is 0\.\d+ in the file and \d\.\d+ here"),
        ({}, {"criterion": nn.SoftMarginLoss()}, "validation loss is"),
        ({}, {"learning_rate": 0.01}, r"learning_rate is 0\.05 in the file and 0\.01 here"),
        ({}, {"patience": 2}, "patience for .* is 2; it must be at least 5"),
        ({}, {"max_epochs": 2}, "max_epochs for .* is 2; it must be at least 3"),
    ],
)
def test_other_runs_are_refused(kept, run, options, message):
    """A checkpoint of a different run is rejected, and the error names what differs."""
    assert_refused(kept, make_run(**run), message, **options)


@pytest.mark.parametrize("at", [0, 8])
def test_a_file_with_more_weights_is_refused(tmp_path, at):
    """A checkpoint with a weight that the model lacks is rejected; the error names the weight."""
    break_off(tmp_path / "run.pt", at, make_run(scale=2))

    message = r"initial scale is \(\) torch\.float64 .* in the file and None here"
    assert_refused(tmp_path / "run.pt", make_run(), message)


def test_one_file_for_several_seeds_is_refused(tmp_path):
    """A run with a second seed cannot reuse the checkpoint of the first run."""
    path = tmp_path / "seeds.pt"
    with pytest.raises(ValueError, match=r"seeds\.pt is from another run: initial embed"):
        for seed in range(3):
            fit(*make_run(seed=seed), checkpoint=path, max_epochs=2 + seed)

    assert seed == 1
    assert len(torch.load(path, weights_only=True)["losses"]) == 2


def test_another_machine_may_round_differently(kept):
    """Small rounding differences between machines do not prevent resuming."""
    run, stored = make_run(), torch.load(kept, weights_only=True)
    with torch.no_grad():
        for weight in run[0].parameters():
            weight *= 1 + 1e-9
    epoch, train_loss, val_loss = stored["losses"].pop()
    for factor, fits in ((1 + 1e-2, False), (1 + 1e-4, True)):
        losses = [*stored["losses"], (epoch, train_loss, val_loss * factor)]
        torch.save({**stored, "losses": losses}, kept)
        if fits:
            assert len(fit(*run, checkpoint=kept)) == N_EPOCHS
        else:
            assert_refused(kept, run, "validation loss is")


def test_an_error_while_comparing_leaves_the_model_unchanged(kept):
    """An error while checking the validation loss is passed on and leaves the model unchanged."""
    run = make_run()
    before = copy.deepcopy(run[0].state_dict())

    with pytest.raises(BreakError):
        fit(*run, checkpoint=kept, criterion=Mock(side_effect=BreakError))

    torch.testing.assert_close(dict(run[0].state_dict()), dict(before), rtol=0, atol=0)


CORRUPT = "is corrupt or not a checkpoint. Name another file to start a new run"


def saved(value):
    """Return the bytes of a value saved by PyTorch."""
    torch.save(value, content := io.BytesIO())
    return content.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"", b"label,sequence\n1,6 6 6\n", b"\x80\x04N.", b"PK\x03\x04 not really", b"\0" * 5000]
    + [saved(each) for each in (3.0, [1, 2], {}, {"embed.weight": torch.ones(2)})]
    + [saved({"format": each}) for each in ("seqclf training run, version 1", torch.ones(2))],
)
def test_foreign_files_are_refused(kept, content):
    """Files that are not checkpoints of this version are rejected and left unchanged."""
    kept.write_bytes(content)

    assert_refused(kept, make_run(), CORRUPT)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_half_a_file_is_refused(kept, share):
    """A truncated checkpoint is rejected, wherever it is cut off."""
    kept.write_bytes(kept.read_bytes()[: int(share * kept.stat().st_size)])

    assert_refused(kept, make_run(), CORRUPT)


def test_flipped_bytes_are_refused_or_harmless(kept):
    """A flipped byte raises an error or, if the byte is never read, has no effect."""
    content, right = kept.read_bytes(), uninterrupted()
    for position in random.Random(0).sample(range(len(content)), 60):
        flipped = bytes([content[position] ^ 255])
        kept.write_bytes(content[:position] + flipped + content[position + 1 :])
        run = make_run()
        try:
            history = fit(*run, checkpoint=kept)
        except ValueError as error:
            assert CORRUPT in str(error)
        else:
            assert everything(run[0], history) == right, position


class Exploit:
    """An object that runs code when it is unpickled."""

    def __init__(self, victim):
        self.victim = victim

    def __reduce__(self):
        """Make pickle create a file."""
        return open, (str(self.victim), "w")


@pytest.mark.filterwarnings("ignore:Environment variable TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD")
@pytest.mark.parametrize("wrap", [pickle.dump, torch.save])
def test_a_malicious_file_runs_no_code(tmp_path, wrap, monkeypatch):
    """A file that would run code when unpickled is rejected, whatever PyTorch's default is."""
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    path, victim = tmp_path / "run.pt", tmp_path / "owned"
    with path.open("wb") as file:
        wrap({"format": checkpoints.FORMAT, "losses": Exploit(victim)}, file)
    read = {pickle.dump: lambda: pickle.loads(path.read_bytes())}
    read.get(wrap, lambda: torch.load(path, weights_only=False))()["losses"].close()
    victim.unlink()  # unpickling did run the code

    assert_refused(path, make_run(), CORRUPT)

    assert not victim.exists()
