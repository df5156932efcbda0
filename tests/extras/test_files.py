"""Files are written completely or not at all."""

import errno
import os
import sys
from pathlib import Path
from unittest.mock import Mock

import nbformat
import pytest
from matplotlib.figure import Figure

from seqclf_utils.extras.files import check_path, write_atomically
from tools import run_notebooks, stored_figures

FULL = "/dev/full"  # a Linux device that reports a full disk on every write


@pytest.fixture
def old(tmp_path):
    """Return the path of a file that contains `old`, and check that no other file is left over."""
    path = tmp_path / "run.pt"
    path.write_bytes(b"old")
    yield path
    assert os.listdir(tmp_path) == ["run.pt"]


@pytest.mark.parametrize("kind", [str, Path])
@pytest.mark.parametrize("content", [b"", b"two\r\n\x00"])
def test_files_get_exactly_the_content(old, kind, content):
    """Writing a new or an existing file stores exactly the given bytes."""
    for is_new in (False, True):
        if is_new:
            old.unlink()
        write_atomically(kind(old), content)
        assert old.read_bytes() == content


def test_the_leftover_of_a_killed_writer_is_overwritten(old):
    """A leftover temporary file, even a longer one, is overwritten."""
    Path(f"{old}.tmp").write_bytes(b"half of something that was longer")

    write_atomically(old, b"new")

    assert old.read_bytes() == b"new"


@pytest.mark.parametrize("at", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), KeyboardInterrupt()])
def test_an_interrupted_write_leaves_the_old_file_intact(old, monkeypatch, at, error):
    """An error or interrupt before the new file is complete leaves the old one intact."""
    monkeypatch.setattr(os, at, Mock(side_effect=error))
    with pytest.raises(type(error)):
        write_atomically(old, b"new")

    assert old.read_bytes() == b"old"


def test_content_is_on_the_disk_before_the_file_is_replaced(old, monkeypatch):
    """The content is synced to disk before the file is replaced."""
    seen = []
    monkeypatch.setattr(os, "fsync", lambda number: seen.append("sync"))
    monkeypatch.setattr(os, "replace", lambda new, _: seen.append(new.read_bytes()))

    write_atomically(old, b"new")

    assert seen == ["sync", b"new"]


WRITERS = {
    "run.pt": lambda path: write_atomically(path, b"new" * 10_000),
    "picture.png": lambda path: stored_figures.write(Figure(), b"new", path.stem),
    "picture.svg": lambda path: stored_figures.write(Figure(), b"new", path.stem),
    "notebook.ipynb": run_notebooks.execute,
}


@pytest.mark.skipif(not os.path.exists(FULL), reason="no /dev/full on this system")
@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_leaves_the_old_file_intact(tmp_path, name, monkeypatch):
    """A full disk leaves old checkpoints, figures and notebooks intact."""
    monkeypatch.setattr(stored_figures, "FIGURES_DIR", tmp_path)
    path = tmp_path / name
    cell = nbformat.v4.new_code_cell("1 + 1")
    path.write_text(nbformat.writes(nbformat.v4.new_notebook(cells=[cell])), "utf-8")
    before = path.read_bytes()
    Path(f"{path}.tmp").symlink_to(FULL)

    with pytest.raises(OSError, match=rf"{name} could not be written and is unchanged: No space"):
        WRITERS[name](path)

    assert path.read_bytes() == before
    assert not Path(f"{path}.tmp").exists()


@pytest.mark.parametrize("folder", ["runs", __file__], ids=["missing", "file"])
def test_a_missing_folder_is_reported_and_not_created(tmp_path, folder):
    """A missing folder, or a file in its place, is reported with the file's name."""
    with pytest.raises(OSError, match=rf"{folder[-4:]}.run\.pt could not be written") as caught:
        write_atomically(tmp_path / folder / "run.pt", b"new")

    assert isinstance(caught.value, FileNotFoundError | NotADirectoryError)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows reports another error")
def test_a_folder_is_not_overwritten(tmp_path):
    """A folder with the name of the file is left intact."""
    (tmp_path / "run.pt" / "inside").mkdir(parents=True)

    with pytest.raises(OSError, match="could not be written"):
        write_atomically(tmp_path / "run.pt", b"new")

    assert (tmp_path / "run.pt" / "inside").exists()


@pytest.mark.parametrize(
    ("path", "error"),
    [(7, TypeError), (b"run.pt", TypeError), (True, TypeError), (["run.pt"], TypeError)]
    + [(name, ValueError) for name in ("", ".")],
)
def test_paths_that_no_file_can_have_are_refused(path, error):
    """Values of the wrong type and the names of folders are rejected."""
    with pytest.raises(error, match=r"^checkpoint is .*; it must be the path of a file$"):
        check_path("checkpoint", path)
