"""Every classic bug can be injected, and the tool reports which ones are detected."""

import pytest
from notebook_text import ROOT

from tools import classic_bugs

CASES = list(classic_bugs.BUGS.items())


@pytest.mark.parametrize(("name", "bug"), CASES, ids=[name for name, _ in CASES])
def test_every_bug_applies_to_the_sources(name, bug):
    """The text to replace occurs exactly once, and the changed module compiles."""
    text = (ROOT / "seqclf_utils" / bug["file"]).read_text("utf-8")

    assert text.count(bug["old"]) == 1
    assert bug["new"] != bug["old"]
    compile(text.replace(bug["old"], bug["new"]), bug["file"], "exec")
    assert set(bug) - {"notebook"} == {"file", "why", "old", "new"}


@pytest.mark.parametrize("factor", [2, 3])
def test_a_bug_is_noticed_if_a_test_fails(tmp_path, monkeypatch, factor):
    """A bug is detected if a test fails on the copy, and the original is left unchanged."""
    course = tmp_path / "course"
    files = {
        "seqclf_utils/__init__.py": "",
        "seqclf_utils/model.py": "def twice(x):\n    return 2 * x\n",
        "tests/lessons/test_model.py": "from seqclf_utils.model import twice\n"
        "def test_twice():\n    assert twice(3) == 6\n",
        "tests/extras/test_nothing.py": "def test_nothing():\n    pass\n",
        "docs/error_messages.md": "",
        "pytest.ini": "[pytest]\naddopts = --doctest-glob=*.md\n",
    }
    for name, text in files.items():
        (course / name).parent.mkdir(parents=True, exist_ok=True)
        (course / name).write_text(text, "utf-8")
    bug = {"file": "model.py", "old": "2 * x", "new": f"x * {factor}"}
    monkeypatch.setattr(classic_bugs, "BUGS", {"toy": bug})

    found = classic_bugs.try_out("toy", course, search=False)

    assert found == ("toy", "lessons/test_model.py::test_twice" if factor == 3 else "", "")
    assert (course / "seqclf_utils/model.py").read_text("utf-8") == files["seqclf_utils/model.py"]


def test_a_run_that_never_ends_is_noticed(tmp_path):
    """A bug that causes an endless loop is reported as a timeout."""
    (tmp_path / "test_loop.py").write_text("def test_loop():\n    while True:\n        pass\n")

    assert classic_bugs.run(tmp_path, ["test_loop.py"], limit=8) == "timeout"
