"""In Colab a notebook is alone: its first cell fetches the rest of the course."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from notebook_text import NOTEBOOKS, ROOT
from test_book import pages

from tools.checkout import copy_checkout

IN_COLAB = """\
if "google.colab" in sys.modules and not os.path.exists("../seqclf_utils"):  # only in Colab
    url = "https://github.com/{repository}"
    if os.system(f"rm -rf course && git clone -q {{url}} course && pip install -q ./course") != 0:
        raise OSError(f"The course could not be fetched from {{url}}")
    os.chdir("course/notebooks")
"""


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_first_cell_fetches_the_course_in_colab(path):
    """From where the links of the web book lead."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    first = next("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    assert IN_COLAB.format(repository=pages.REPOSITORY) in first


@pytest.fixture
def colab(monkeypatch, tmp_path):
    """Pretend to be in Colab: git fetches this checkout, and pip only notes what it is asked."""
    course = tmp_path / "github" / "_OWNER_" / "REPOSITORY"
    copy_checkout(ROOT, course)
    git = [
        "git",
        "-c",
        "user.name=x",
        "-c",
        "user.email=x@example.org",
        "-c",
        "commit.gpgsign=false",
    ]
    for step in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"]):
        subprocess.run([*git, *step], cwd=course, check=True)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.file://{tmp_path}/github/.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://github.com/")
    pip = tmp_path / "bin" / "pip"
    pip.parent.mkdir()
    pip.write_text('#!/bin/sh\necho "$(pwd) $*" >> "$0.log"\n')
    pip.chmod(0o755)
    monkeypatch.setenv("PATH", str(pip.parent), prepend=os.pathsep)
    monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
    (tmp_path / "content").mkdir()
    monkeypatch.chdir(tmp_path / "content")
    return tmp_path


@pytest.mark.skipif(os.name == "nt" or not shutil.which("git"), reason="needs git and a shell")
def test_the_course_is_fetched_once(colab):
    """The notebook is beside the others then, the package installed; again, and nothing happens."""
    block = IN_COLAB.format(repository="_OWNER_/REPOSITORY")
    for _ in range(2):
        exec(block, {"sys": sys, "os": os})

    place = colab / "content" / "course" / "notebooks"
    assert Path.cwd() == place
    assert (place / "00_start_here.ipynb").exists()
    log = (colab / "bin" / "pip.log").read_text("utf-8")
    assert log == f"{colab / 'content'} install -q ./course\n"


@pytest.mark.parametrize("what", ["git", "pip"])
@pytest.mark.skipif(os.name == "nt" or not shutil.which("git"), reason="needs git and a shell")
def test_what_fails_is_told_and_can_be_tried_again(what, colab, monkeypatch):
    """A network that is gone, or a full disk: the cell says so, and works when it is run again."""
    block = IN_COLAB.format(repository="_OWNER_/REPOSITORY")
    pip = colab / "bin" / "pip"
    works = pip.read_text("utf-8")
    with monkeypatch.context() as broken:
        if what == "git":
            broken.delenv("GIT_CONFIG_COUNT")
            broken.setenv("GIT_ALLOW_PROTOCOL", "file")
        else:
            pip.write_text("#!/bin/sh\nexit 1\n")
        with pytest.raises(OSError, match=r"could not be fetched from https://github\.com/_OWNER_"):
            exec(block, {"sys": sys, "os": os})
    assert Path.cwd() == colab / "content"
    pip.write_text(works)

    exec(block, {"sys": sys, "os": os})

    assert Path.cwd() == colab / "content" / "course" / "notebooks"


@pytest.mark.skipif(os.name == "nt" or not shutil.which("git"), reason="needs git and a shell")
def test_nothing_is_fetched_elsewhere(colab, monkeypatch):
    """Whoever took a single notebook home is told by Python what is missing."""
    monkeypatch.delitem(sys.modules, "google.colab")

    exec(IN_COLAB.format(repository="_OWNER_/REPOSITORY"), {"sys": sys, "os": os})

    assert list(Path.cwd().iterdir()) == []
