"""Files are written whole or not at all."""

import errno
import os
import sys

import nbformat
import pytest
from matplotlib.figure import Figure

from seqclf_utils import LSTMClassifier
from seqclf_utils.extras.snapshots import write_figure
from seqclf_utils.extras.files import write_atomically
from tools import run_notebooks, train_model

FULL = "/dev/full"  # a Linux device that says "disk full" to whoever writes


def folder_of(path):
    """List the names beside a file."""
    return sorted(entry.name for entry in path.parent.iterdir())


def test_new_and_old_files_get_the_content(tmp_path):
    """The file holds exactly the bytes, and nothing else is left in its folder."""
    path = tmp_path / "run.pt"

    for content in (b"one", b"", b"two\r\n\x00"):
        write_atomically(path, content)
        assert path.read_bytes() == content

    assert folder_of(path) == ["run.pt"]


def test_path_may_be_text(tmp_path):
    """A str does as well as a Path."""
    write_atomically(str(tmp_path / "a.txt"), b"six")

    assert (tmp_path / "a.txt").read_bytes() == b"six"


@pytest.mark.skipif(not os.path.exists(FULL), reason="no /dev/full on this system")
def test_full_disk_leaves_the_old_file_whole(tmp_path):
    """The error names the file and the reason; the half-written copy is gone."""
    path = tmp_path / "run.pt"
    path.write_bytes(b"old")
    (tmp_path / "run.pt.tmp").symlink_to(FULL)

    with pytest.raises(OSError, match=r"run\.pt could not be written .* as it was before: No sp"):
        write_atomically(path, b"new" * 10_000)

    assert path.read_bytes() == b"old"
    assert folder_of(path) == ["run.pt"]


def write_picture(path):
    """Store a figure in both forms."""
    write_figure(Figure(), b"new", path.stem, folder=path.parent)


WRITERS = {
    "picture.png": write_picture,
    "picture.svg": write_picture,
    "weights.npz": lambda path: train_model.store(LSTMClassifier().float(), path),
    "notebook.ipynb": run_notebooks.execute,
}


@pytest.mark.skipif(not os.path.exists(FULL), reason="no /dev/full on this system")
@pytest.mark.parametrize("name", WRITERS)
def test_full_disk_keeps_whatever_the_course_stores(tmp_path, name):
    """A figure in both forms, weights and a notebook's outputs: the old file stays whole."""
    path = tmp_path / name
    cell = nbformat.v4.new_code_cell("1 + 1")
    path.write_text(nbformat.writes(nbformat.v4.new_notebook(cells=[cell])), "utf-8")
    before = path.read_bytes()
    path.with_name(f"{name}.tmp").symlink_to(FULL)

    with pytest.raises(OSError, match=rf"{name} could not be written and is as it was before: No"):
        WRITERS[name](path)

    assert path.read_bytes() == before
    assert not path.with_name(f"{name}.tmp").exists()


@pytest.mark.parametrize("at", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), KeyboardInterrupt()])
def test_interrupted_writing_leaves_the_old_file_whole(tmp_path, monkeypatch, at, error):
    """Whatever happens before the new file takes its place, the old one is still there."""
    path = tmp_path / "run.pt"
    path.write_bytes(b"old")

    def fail(*arguments):
        raise error

    monkeypatch.setattr(os, at, fail)
    with pytest.raises(type(error)):
        write_atomically(path, b"new")

    assert path.read_bytes() == b"old"
    assert folder_of(path) == ["run.pt"]


def test_content_is_on_the_disk_before_it_takes_the_place(tmp_path, monkeypatch):
    """First flushed and synced, then renamed: a power cut finds the old file or the new one."""
    path, seen = tmp_path / "run.pt", []
    real_replace, real_fsync = os.replace, os.fsync
    monkeypatch.setattr(os, "fsync", lambda number: (seen.append("sync"), real_fsync(number)))
    monkeypatch.setattr(
        os, "replace", lambda a, b: (seen.append(a.read_bytes()), real_replace(a, b))
    )

    write_atomically(path, b"new")

    assert seen == ["sync", b"new"]


def test_what_a_killed_writer_left_does_not_matter(tmp_path):
    """A leftover copy is written over."""
    path = tmp_path / "run.pt"
    (tmp_path / "run.pt.tmp").write_bytes(b"half of something that was longer")

    write_atomically(path, b"new")

    assert path.read_bytes() == b"new"
    assert folder_of(path) == ["run.pt"]


def test_missing_folder_is_named(tmp_path):
    """No folder is made on the quiet."""
    with pytest.raises(FileNotFoundError, match=r"runs.run\.pt could not be written"):
        write_atomically(tmp_path / "runs" / "run.pt", b"new")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows says it in other words")
def test_a_folder_is_not_written_over(tmp_path):
    """A folder of that name stays, with what is in it."""
    path = tmp_path / "run.pt"
    path.mkdir()
    (path / "inside").touch()

    with pytest.raises(OSError, match="could not be written"):
        write_atomically(path, b"new")

    assert (path / "inside").exists()
    assert folder_of(path) == ["run.pt"]
