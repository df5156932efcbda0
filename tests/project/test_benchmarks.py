"""The benchmark: its data, pipelines, worker processes and tables."""

import numpy as np
import pytest
import torch

from benchmarks import bench, worker
from benchmarks.data import LENGTHS, make_data
from benchmarks.pipelines import TRAINING

TASK = {"n": 400, "lengths": LENGTHS[0], "batch_size": 16, "n_steps": 25}
ROW = {"name": "ours flat", "version": "2", "seconds": [1, 2, 9], "loss": 0.5, "peak_mb": 300}


@pytest.mark.parametrize("lengths", LENGTHS)
def test_sequences_are_dice_with_a_cheat(lengths):
    """Symbols and lengths are in range, and sixes are more frequent for label 1."""
    sequences, labels = make_data(2000, lengths)
    sizes = np.array([len(s) for s in sequences])
    sixes = np.array([(s == 6).mean() for s in sequences])

    assert sizes.min() == 5
    assert 200 < sizes.max() <= 512 if lengths == LENGTHS[1] else sizes.max() == 60
    assert set(np.concatenate(sequences)) == set(range(1, 7))
    assert sixes[labels == 1].mean() > sixes[labels == 0].mean() + 0.05


def test_the_fast_pipeline_learns_what_the_textbook_loop_learns():
    """The fast pipeline reaches the textbook loop's loss in less than half the CPU time."""
    textbook, fast = worker.measure(["textbook loop", "ours flat"], 1, **TASK)

    assert abs(textbook["loss"] - fast["loss"]) < 0.02
    assert len(textbook["seconds"]) == len(fast["seconds"]) == 1  # the warm-up does not count
    assert min(textbook["seconds"]) > 2 * min(fast["seconds"])


@pytest.mark.parametrize("name", ["ours as taught", "ours similar lengths", "bare loop"])
def test_every_pipeline_of_ours_learns(name):
    """The course's pipelines reduce the loss from the first to the fourth epoch."""
    sequences, labels = make_data(TASK["n"], TASK["lengths"])
    torch.manual_seed(0)
    epoch = TRAINING[name](sequences, labels, 16, 25)

    first, *_, last = [epoch() for _ in range(4)]

    assert last < first - 0.005


def test_a_worker_that_fails_says_why():
    """The error of a failing pipeline is reported, and the others are measured."""
    failed, fine = worker.measure(["bare loop", "packed"], 1, **TASK | {"n_steps": 0})

    assert failed["skip"].startswith("ValueError: window is 0")
    assert len(fine["seconds"]) == 1


def test_a_worker_that_dies_is_named():
    """A killed worker gives a row that says so, even after further requests."""
    killed = worker.Worker("bare loop", TASK)
    killed.process.kill()
    killed.process.join()
    for _ in range(2):
        killed.train()

    assert killed.row() == {"name": "bare loop", "skip": "the process ended"}


def test_the_table_names_what_is_missing():
    """The table gives median times per step and speeds relative to the first pipeline that ran."""
    missing = {"name": "skorch", "skip": "skorch is not installed"}

    lines = bench.table([missing, ROW, ROW | {"name": "Keras", "seconds": [4]}], 10).splitlines()

    assert lines[2:] == [
        "| skorch | skorch is not installed | | | | |",
        "| ours flat | 200 | 100 to 900 | 1.00 | 0.500 | 300 |",
        "| Keras 2 | 400 | 400 to 400 | 0.50 | 0.500 | 300 |",
    ]
