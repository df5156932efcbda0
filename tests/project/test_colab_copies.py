"""The copies of the notebooks for Colab: their first cell, their links, and the branch."""

import json
import ntpath
import re
import shutil
import subprocess

import pytest
from notebook_text import NOTEBOOKS, ROOT

from tools import colab_copies
from tools.learner_copies import learner_copy

PLACE = ("https://github.com", "me/course", "0123abc")
COLAB = "https://colab.research.google.com/github/me/course/blob/colab/"
BLOB = "https://github.com/me/course/blob/0123abc/"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_copies_install_the_course_and_have_absolute_links(path):
    """The first cell names the address and commit; links lead to copies or files at this commit."""
    install, *cells = json.loads(colab_copies.colab_copy(path, *PLACE))["cells"]
    assert "git clone -q https://github.com/me/course course" in install["source"]
    assert "checkout -q 0123abc\n" in install["source"]
    originals = json.loads(learner_copy(path)[0])["cells"]
    for cell, original in zip(cells, originals, strict=True):
        if cell["cell_type"] == "code":
            assert cell == original
            continue
        for target in re.findall(r"\]\(([^)#\s]+)[)#]", cell["source"]):
            assert target.startswith("https://")
            if target.startswith(COLAB):
                assert (ROOT / "notebooks" / target.removeprefix(COLAB)).exists()
            elif target.startswith("https://github.com/me"):
                assert (ROOT / target.removeprefix(BLOB)).exists()


def test_windows_makes_the_same_copies(monkeypatch):
    """Links have slashes even where paths have backslashes."""
    path = NOTEBOOKS[0]
    expected = colab_copies.colab_copy(path, *PLACE)
    monkeypatch.setattr(colab_copies.os, "path", ntpath)
    monkeypatch.setattr(colab_copies.os, "sep", "\\")

    assert colab_copies.colab_copy(path, *PLACE) == expected


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_a_push_replaces_the_branch_and_nothing_else(tmp_path, monkeypatch):
    """The branch has one commit with the copies; the checkout is left unchanged."""

    def git(*words, folder="checkout"):
        return subprocess.check_output(["git", *words], cwd=tmp_path / folder, text=True)

    for folder, options in ("host", ["--bare"]), ("checkout", []):
        (tmp_path / folder).mkdir()
        git("init", "-q", *options, folder=folder)
    git("remote", "add", "origin", str(tmp_path / "host"))
    git("-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "first", "--allow-empty")
    commit = git("rev-parse", "HEAD").strip()
    monkeypatch.setattr(colab_copies, "ROOT", tmp_path / "checkout")
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GITHUB_REPOSITORY", "me/course")

    for _ in range(2):
        colab_copies.main(tmp_path / "copies", "--push")

    names = git("ls-tree", "--name-only", "colab", folder="host").split()
    assert names == [path.name for path in NOTEBOOKS]
    assert git("rev-list", "--count", "colab", folder="host") == "1\n"
    assert commit in git("show", f"colab:{names[0]}", folder="host")
    assert git("status", "--porcelain") + git("branch", "--format=%(objectname)") == f"{commit}\n"
