"""Learners' copies of the notebooks have the right contents and are never overwritten."""

import os
import re

import nbformat
import pytest
from notebook_text import NOTEBOOKS, ROOT

from tools import learner_copies
from tools.checkout import copy_checkout
from tools.learner_copies import FOLDED, learner_copy, main

v4 = nbformat.v4


@pytest.fixture
def course(tmp_path, monkeypatch):
    """Return a course with one notebook: a prediction, an executed cell and an answer."""
    monkeypatch.setattr(learner_copies, "SOURCES", tmp_path / "notebooks")
    monkeypatch.setattr(learner_copies, "COPIES", tmp_path / "my_notebooks")
    (tmp_path / "notebooks").mkdir()
    write(tmp_path / "notebooks" / "01_one.ipynb")
    return tmp_path


def write(path, prediction="**Predict first:** how many?"):
    """Write an executed notebook."""
    outputs = [v4.new_output("stream", text="4 {}\n")]
    cells = [
        v4.new_markdown_cell(prediction),
        v4.new_code_cell("print('4 {}')", execution_count=1, outputs=outputs),
        v4.new_markdown_cell("Four {} of them.\n\n- *é*", metadata={"tags": ["answer"]}),
    ]
    nbformat.write(v4.new_notebook(cells=cells), path)


def test_a_copy_has_no_outputs_and_its_answers_are_folded(course, capsys):
    """A copy has no outputs and folded answers; the original is left unchanged."""
    source = course / "notebooks" / "01_one.ipynb"
    before = source.read_bytes()

    main()

    copy = nbformat.read(course / "my_notebooks" / "01_one.ipynb", as_version=4)
    prediction, code, answer = copy.cells
    assert prediction.source == "**Predict first:** how many?"
    assert (code.source, code.outputs, code.execution_count) == ("print('4 {}')", [], None)
    assert answer.source == FOLDED.format("Four {} of them.\n\n- *é*")
    assert re.fullmatch(r"<details><summary>\w.+</summary>\n\n[^<]+\n\n</details>", answer.source)
    assert source.read_bytes() == before
    assert capsys.readouterr().out == "New in my_notebooks: 01_one\n"


def test_line_ends_do_not_matter(course):
    """A checkout with Windows line endings gives the same copy and fingerprint."""
    source = course / "notebooks" / "01_one.ipynb"
    unix = source.read_bytes()
    expected = learner_copy(source)

    source.write_bytes(unix.replace(b"\n", b"\r\n"))

    assert learner_copy(source) == expected


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_copy_of_each_notebook_is_valid(path):
    """Copies are valid and differ from the originals only in outputs, counts and folded answers."""
    copy, original = nbformat.reads(learner_copy(path)[0], 4), nbformat.read(path, as_version=4)
    nbformat.validate(copy)
    assert copy.metadata.kernelspec == original.metadata.kernelspec
    for mine, theirs in zip(copy.cells, original.cells, strict=True):
        is_answer = "answer" in theirs.metadata.get("tags", [])
        assert mine.source == (FOLDED.format(theirs.source) if is_answer else theirs.source)
        assert not mine.get("outputs")
        assert not (is_answer and re.search(r"^#|<details>|Predict first", theirs.source, re.M))


def test_existing_copies_are_never_overwritten(course, capsys):
    """An existing copy is never modified, even if it is corrupt or the original changes."""
    main()
    mine = course / "my_notebooks" / "01_one.ipynb"
    write(course / "notebooks" / "02_two.ipynb")
    for work in (mine.read_bytes().replace(b"print", b"my work"), b"", b"\xff half a notebo"):
        mine.write_bytes(work)
        os.utime(mine, (0, 0))
        main()
        write(course / "notebooks" / "01_one.ipynb", "**Predict first:** how many now?")
        main()
        assert mine.read_bytes() == work
        assert mine.stat().st_mtime == 0
    assert sorted(os.listdir(course / "my_notebooks")) == ["01_one.ipynb", "02_two.ipynb"]


def test_a_copy_of_an_older_version_is_named(course, capsys):
    """A copy is reported as outdated if the original's text changes, but not if its outputs do."""
    main()
    source, mine = (course / name / "01_one.ipynb" for name in ("notebooks", "my_notebooks"))
    source.write_text(source.read_text("utf-8").replace("4 {}\\n", "5 {}\\n"), "utf-8")
    capsys.readouterr()
    main()
    assert capsys.readouterr().out == ""

    write(source, "**Predict first:** how many now?")
    main()
    assert "newer versions of: 01_one\nYour copies stay" in capsys.readouterr().out
    mine.rename(mine.with_name("01_mine.ipynb"))
    main()
    assert capsys.readouterr().out == "New in my_notebooks: 01_one\n"


def test_a_copy_is_written_whole_or_not_at_all(course, monkeypatch):
    """An interrupted write leaves no incomplete copy."""
    with monkeypatch.context() as power_cut:
        power_cut.setattr(learner_copies.os, "fsync", lambda file: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            main()
    assert not (course / "my_notebooks" / "01_one.ipynb").exists()

    main()

    assert os.listdir(course / "my_notebooks") == ["01_one.ipynb"]


@pytest.mark.parametrize("error", [PermissionError(13, "denied"), OSError(28, "disk is full")])
def test_a_folder_that_cannot_be_written_is_reported(course, monkeypatch, error):
    """A read-only folder or a full disk is reported with advice."""

    def replace(*paths):
        raise error

    monkeypatch.setattr(learner_copies.os, "replace", replace)

    with pytest.raises(SystemExit, match=rf"cannot be made \(.*{error.strerror}.*\)\.\nMove the"):
        main()


def test_the_copies_stay_with_the_learner(course):
    """Copies are ignored by git and not included in bundles."""
    main()

    copy_checkout(course, course.with_name("bundle"))

    assert os.listdir(course.with_name("bundle")) == ["notebooks"]
    assert "/my_notebooks/" in (ROOT / ".gitignore").read_text("utf-8").splitlines()
