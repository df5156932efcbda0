"""Two processes train like a single process, even if one is killed and training resumes."""

import contextlib
import importlib.util
import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Subset

import seqclf_utils as sc

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "train_distributed.py"
N_SEQUENCES, BATCH_SIZE, EPOCHS = 125, 37, 4  # 75 training sequences, 1 in the last batch
OPTIONS = ["--n-sequences", str(N_SEQUENCES), "--batch-size", str(BATCH_SIZE)]
OPTIONS += ["--max-epochs", str(EPOCHS), "--learning-rate", "0.01", "--patience", str(EPOCHS)]
# This script kills the second process in its third epoch, but only on the first attempt. With
# this switch interval, other threads run only while the main thread waits, so the kill interrupts
# none of them.
DYING = """
import importlib.util, os, pathlib, sys
sys.setswitchinterval(60)
spec = importlib.util.spec_from_file_location("train_distributed", {script!r})
ours = importlib.util.module_from_spec(spec)
spec.loader.exec_module(ours)
marker, calls, real = pathlib.Path("died"), [], ours.summed_loss

def dying(model, *arguments):
    calls.append(1)
    if os.environ["RANK"] == "1" and len(calls) == {calls} and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), 9)
    return real(model, *arguments)

ours.summed_loss = dying
ours.main()
"""


def module():
    """Import the script as a module."""
    spec = importlib.util.spec_from_file_location("train_distributed", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


def torchrun(folder, script, *more):
    """Run a script in two processes; return what it printed and the weights it wrote."""
    command = ["-m", "torch.distributed.run", "--nproc-per-node=2", "--max-restarts=1"]
    command += ["--master-port=0", "--rdzv-backend=c10d", "--rdzv-endpoint=localhost:0"]
    process = subprocess.Popen(
        [sys.executable, *command, str(script), *OPTIONS, "--weights", "weights.pt", *more],
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        printed, errors = process.communicate(timeout=120)
    finally:  # if it hangs, let torchrun end its worker processes first
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(30)
        process.kill()
    assert process.returncode == 0, errors[-3000:]
    return printed, torch.load(folder / "weights.pt", weights_only=True)


def one_process():
    """Train in this process with the package's own loops and undivided batches."""
    sc.agree_across_machines()
    casino = sc.make_casino(N_SEQUENCES, cheat="clever", seed=0)
    dataset = sc.SequenceDataset(casino.sequences, casino.labels)
    splits = sc.split_indices(casino.labels, seed=0)
    generator = torch.Generator().manual_seed(0)
    lengths = [len(casino.sequences[i]) for i in splits.train_idx]
    sampler = sc.LengthBatchSampler(lengths, BATCH_SIZE, generator=generator)
    train, val = (Subset(dataset, part) for part in splits[:2])
    loader = DataLoader(train, batch_sampler=sampler, collate_fn=sc.collate_fn)
    val_loader = DataLoader(val, batch_size=7, collate_fn=sc.collate_fn)
    sc.seed_everything(0)
    model, stopper = sc.LSTMClassifier(packed=False), sc.EarlyStopping(EPOCHS)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    lines = []
    for epoch in range(1, EPOCHS + 1):
        train_loss = sc.train_one_epoch(model, loader, nn.BCEWithLogitsLoss(), optimizer)
        val_loss = sc.evaluate(model, val_loader, nn.BCEWithLogitsLoss())
        stopper.step(val_loss, model)
        lines.append(f"epoch {epoch}: train {train_loss:.3f}, validation {val_loss:.3f}")
    stopper.restore(model)
    return lines, model.state_dict()


def assert_same(found, expected):
    """Assert that two models' weights are equal."""
    assert found.keys() == expected.keys()
    for name, weight in found.items():
        torch.testing.assert_close(weight, expected[name], rtol=0, atol=1e-9, msg=name)


@pytest.mark.skipif(os.name == "nt", reason="kills processes as Linux and macOS do")
def test_two_processes_train_like_one_even_if_one_of_them_is_killed(tmp_path, settings_kept):
    """A process killed in the third epoch is restarted, and the run resumes after the second epoch.

    Losses and weights equal those of a single process, although the last batch of each epoch is
    too small to share between both processes.
    """
    lines, weights = one_process()
    calls = 2 * (3 + 1) + 2  # three training batches and one validation batch per epoch
    script = tmp_path / "dying.py"
    script.write_text(DYING.format(script=str(SCRIPT), calls=calls), "utf-8")

    printed, found = torchrun(tmp_path, script, "--checkpoint", "run.pt")

    assert (tmp_path / "died").exists()
    assert printed.count("Resuming after epoch 2, from run.pt.") == 1
    assert [line for line in printed.splitlines() if line.startswith("epoch")] == lines
    assert_same(found, weights)


@pytest.mark.parametrize("n_processes", [1, 2, 3, 16])
@pytest.mark.parametrize("n", [1, 2, 7, 16])
def test_shares_partition_the_batch(n, n_processes, monkeypatch):
    """Shares with weight 1 partition the batch; a process without a sequence has weight 0."""
    script, batch = module(), list(range(100, 100 + n))
    monkeypatch.setattr(script.dist, "get_world_size", lambda: n_processes)
    shares = []
    for rank in range(n_processes):
        monkeypatch.setattr(script.dist, "get_rank", lambda rank=rank: rank)
        shares.append(script.share(batch))

    counted = itertools.chain(*(part for part, weight in shares if weight))
    assert sorted(counted) == batch
    assert all(part for part, _ in shares)
    assert {weight for _, weight in shares} <= {0.0, 1.0}
