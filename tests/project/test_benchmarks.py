"""The benchmark measures what it says: pipelines that learn the same, in turn, side by side."""

import itertools
import math

import numpy as np
import pytest
import torch

from benchmarks import bench, denormal, large
from benchmarks.data import LENGTHS, make_data
from benchmarks.pipelines import PIPELINES, by_length

TASK = {"n": 400, "lengths": LENGTHS[0], "batch_size": 16, "n_steps": 25}


@pytest.mark.parametrize("lengths", LENGTHS)
def test_sequences_are_dice_with_a_cheat(lengths):
    """Symbols 1..6 in the promised lengths, and sixes come up more often where the label is 1."""
    sequences, labels = make_data(2000, lengths)
    sizes = np.array([len(s) for s in sequences])
    sixes = np.array([(s == 6).mean() for s in sequences])

    assert sizes.min() == 5
    assert 200 < sizes.max() <= 512 if lengths == LENGTHS[1] else sizes.max() == 60
    assert set(np.concatenate(sequences)) == set(range(1, 7))
    assert sixes[labels == 1].mean() > sixes[labels == 0].mean() + 0.05


def test_ours_learns_what_the_textbook_loop_learns_and_faster():
    """The same loss after the same number of epochs, at less than half of the CPU time."""
    textbook, fast = bench.measure(["textbook loop", "ours fast"], 1, **TASK)

    assert abs(textbook["loss"] - fast["loss"]) < 0.02
    assert len(textbook["seconds"]) == len(fast["seconds"]) == 1  # the first does not count
    assert min(textbook["seconds"]) > 2 * min(fast["seconds"])


def test_a_large_data_set_keeps_a_byte_a_symbol():
    """However it is built; what stays on the disk keeps none."""
    rows = [line.strip("| ").split(" | ") for line in large.table(300).splitlines()[2:]]

    assert [row[0] for row in rows] == ["lists", "arrays", "a file that stays on the disk"]
    assert [float(row[2]) for row in rows] == [1, 1, 0]
    assert all(float(row[3]) < 20 for row in rows)


def test_a_library_that_is_missing_is_left_out(monkeypatch):
    """With a line that says so; the others are measured."""
    row = {"name": "skorch", "skip": "skorch is not installed"}
    ours = {"name": "ours fast", "seconds": [1, 2, 9], "loss": 0.5, "peak_mb": 300}
    ours["start_seconds"] = 1.25

    bare = ours | {"name": "bare nn.LSTM", "loss": math.nan}
    lines = bench.table([row, ours, bare], "ours fast").splitlines()

    assert lines[2].startswith("| skorch | skorch is not installed |")
    assert lines[3] == "| ours fast | 2 | 1 to 9 | 1.00 | 0.500 | 300 | 1.2 |"
    assert lines[4] == "| bare nn.LSTM | 2 | 1 to 9 | 1.00 |  | 300 | 1.2 |"  # it computes no loss


def test_the_figure_has_a_place_for_every_pipeline(tmp_path, monkeypatch):
    """Each dot stands at its ratio, in the row of its name; what failed has none."""
    drawn = []
    monkeypatch.setattr(bench.plt, "close", drawn.append)
    rows = [{"name": "textbook loop", "seconds": [6, 6]}, {"name": "ours fast", "seconds": [1, 3]}]
    rows.append({"name": "skorch", "skip": "skorch is not installed"})
    tasks = [{"n": 2000, "lengths": kind, "batch_size": 16} for kind in LENGTHS]

    bench.draw([(task, rows) for task in tasks], "textbook loop", tmp_path / "drawn.svg")

    left, right = drawn[0].axes
    assert [tick.get_text() for tick in left.get_yticklabels()] == ["skorch", "ours fast"]
    assert [dots.get_offsets().tolist() for dots in left.collections] == [[[3, 1]], [[3, 1]]]
    assert len(right.collections) == 0
    assert (tmp_path / "drawn.svg").stat().st_size > 1000


def test_a_worker_that_fails_is_named():
    """And does not stop the others."""
    (row,) = bench.measure(["ours fast"], 1, **TASK | {"lengths": LENGTHS[0], "n": -1})

    assert row["skip"].startswith("failed with exit status 1 (ValueError: ")


def test_a_worker_that_dies_later_is_named():
    """When it is asked again and again, too."""
    with bench.Worker("ours fast", **TASK) as worker:
        worker.train()
        worker.process.kill()
        worker.process.wait()
        for _ in range(2):
            worker.train()

        assert bench.row(worker)["skip"].startswith("failed with exit status")
        assert len(worker.rounds) == 2


def test_the_page_has_a_place_for_the_tables():
    """--write finds its markers, and the page explains every pipeline."""
    text = bench.PAGE.read_text("utf-8")

    assert text.count("<!-- benchmarks: begin -->") == 1
    for name in PIPELINES:
        plain = name.removesuffix(" on torch").removesuffix(" on TensorFlow")
        assert f"| {plain} |" in text or plain in "skorch, Lightning, fastai"


def test_batches_of_few_steps_hold_all_lengths():
    """Eight batches out of 400 are a whole window: sorted by length, every length has its share."""
    lengths = np.tile(np.arange(1, 101), 1000)
    torch.manual_seed(0)
    eight = list(itertools.islice(by_length(lengths, 250, 8), 8))

    means = sorted(lengths[rows].mean() for rows in eight)
    assert abs(np.mean(means) - lengths.mean()) < 3
    assert means[0] < 15
    assert means[-1] > 85


def test_denormal_numbers_are_there_and_then_are_not(monkeypatch):
    """The setting is in force when a pass is timed; afterwards the process is as it was."""
    seen = []

    def train(*args, **kw):
        seen.append((torch.tensor(1e-40) * 0.5).item() > 0)

    monkeypatch.setattr(denormal, "train", train)
    monkeypatch.setattr(denormal, "ROUNDS", 1)
    for flush in (False, True, False):
        denormal.seconds([], real=True, flush=flush)

    assert seen == [True, True, False, False, True, True]
