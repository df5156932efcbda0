"""The list of classic bugs fits the sources, and the tool tells killed bugs from survivors."""

import re
import subprocess
from pathlib import Path

import pytest

from tools import checkout, every_line, mutants, reached
from tools.classic_bugs import ACCEPTED, BUGS, EQUIVALENT, Bug

ROOT = Path(__file__).resolve().parents[2]
TOY = {
    "seqclf_utils/__init__.py": "",
    "seqclf_utils/model.py": "def twice(x):\n    return 2 * x  # spare\n",
    "tests/lessons/test_model.py": (
        "from seqclf_utils.model import twice\n\ndef test_twice():\n    assert twice(3) == 6\n"
    ),
    "tests/conftest.py": "from hypothesis import settings\n",
    "tests/notebooks/test_notebooks.py": "def test_checks_accept_the_solution():\n    pass\n",
    "tests/project/test_project.py": "def test_importing_the_package_changes_nothing():\n    pass\n",
    "pyproject.toml": "",
    ".gitignore": "__pycache__/\nscraps/\n",
    "scraps/large.bin": "0",
}
DEADLY = Bug("deadly", "triples", "model.py", "2 * x", "3 * x")
HARMLESS = Bug("harmless", "says it otherwise", "model.py", "spare", "other words")
ENDLESS = Bug("endless", "never ends", "model.py", "return", "while True: pass\n    return")


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """Make a checkout of one function, and let the tool work on it."""
    for name, text in TOY.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:nbval -p no:hypothesispytest")  # for speed
    monkeypatch.setattr(mutants, "ROOT", tmp_path)
    monkeypatch.setattr(mutants, "CACHE", tmp_path / ".mutants")
    return tmp_path


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_every_bug_fits_the_sources(bug):
    """The old text stands there once, the new one is something else, and it compiles."""
    text = (ROOT / "seqclf_utils" / bug.file).read_text("utf-8")

    assert text.count(bug.old) == 1
    assert bug.new != bug.old
    compile(text.replace(bug.old, bug.new), bug.file, "exec")


def test_the_list_is_in_order():
    """Forty bugs at least, names used once, and every argument belongs to something."""
    names = [bug.name for bug in BUGS]
    assert len(names) >= 40
    assert len(set(names)) == len(names)
    assert len({(bug.file, bug.old, bug.new) for bug in BUGS}) == len(BUGS)
    assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in names)
    assert set(EQUIVALENT) <= set(names)
    assert all(len(why.split()) >= 5 for why in [*EQUIVALENT.values(), *ACCEPTED.values()])


def test_a_bug_that_a_test_sees_is_killed_and_another_survives(toy, capsys):
    """The tests run on the changed copy, and the table says which of them failed."""
    rows = mutants.run_classic_bugs([DEADLY, HARMLESS], unit_only=True)

    assert [row["unit"] for row in rows] == ["test_model.py::test_twice", ""]
    table, well = mutants.report(rows, unit_only=True)
    assert "1 killed by the unit tests" in table
    assert "| harmless | says it otherwise (model.py) | **survived** | not run |" in table
    assert not well
    assert (toy / "seqclf_utils/model.py").read_text("utf-8") == TOY["seqclf_utils/model.py"]


def test_only_the_notebooks_that_are_asked_for_run(toy, monkeypatch):
    """The quickest first."""
    for name, seconds in {"01_a": 30, "02_b": 5, "03_c": 9}.items():
        path = toy / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"| 45 minutes | about {seconds} s | all |", "utf-8")
    kinds = []

    def run_kind(kind, bugs, snapshot, *, only_kept):
        """Note the kind; every bug survives."""
        kinds.append(kind)
        return {bug.name: {"by": "", "seconds": 0} for bug in bugs}

    monkeypatch.setattr(mutants, "run_kind", run_kind)
    mutants.run_classic_bugs([HARMLESS], unit_only=False, numbers=["01", "02"])

    assert kinds == ["unit", "notebooks/02_b.ipynb", "notebooks/01_a.ipynb"]


def test_a_result_is_kept_until_a_file_changes(toy, monkeypatch, capsys):
    """Nothing is run a second time; a changed test makes all results old."""
    runs = []

    def try_out(kind, bug, snapshot, limit):
        """Count, and say how often it was."""
        runs.append(bug)
        return {"by": f"run {len(runs)}", "seconds": 0}

    monkeypatch.setattr(mutants, "try_out", try_out)
    (first,) = mutants.run_classic_bugs([HARMLESS], unit_only=True)
    (again,) = mutants.run_classic_bugs([HARMLESS], unit_only=True)
    (toy / "tests/lessons/test_model.py").write_text(TOY["tests/lessons/test_model.py"] + "# new\n", "utf-8")
    (fresh,) = mutants.run_classic_bugs([HARMLESS], unit_only=True)

    assert [row["unit"] for row in (first, again, fresh)] == ["run 2", "run 2", "run 4"]
    assert runs == [None, HARMLESS] * 2  # first without any bug


def test_what_is_not_kept_is_said_to_be_missing(toy, monkeypatch, capsys):
    """--kept runs nothing: the table has what is known, and which notebooks are not."""
    for name in ("01_a", "02_b"):
        path = toy / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_text("| 45 minutes | about 5 s | all |", "utf-8")
    monkeypatch.setattr(mutants, "try_out", lambda kind, *_: {"by": "", "seconds": 0})
    mutants.run_classic_bugs([HARMLESS], unit_only=False, numbers=["02"])
    monkeypatch.setattr(mutants, "try_out", None)

    rows = mutants.run_classic_bugs([HARMLESS, DEADLY], unit_only=False, only_kept=True)

    table, well = mutants.report(rows, unit_only=False)
    assert "| **survived** | not run in 01, survived the others |" in table
    assert "| not run | not run in 01 02, survived the others |" in table
    assert not well


def test_a_bug_that_never_ends_is_killed_by_the_clock(toy):
    """A mutant that hangs does not hang the tool."""
    with mutants.snapshot_of_checkout() as snapshot:
        assert not (snapshot / "scraps").exists()
        assert mutants.try_out("unit", ENDLESS, snapshot, 2)["by"] == "timeout"


def test_a_broken_checkout_is_named_first(toy):
    """If tests fail without any bug, killing means nothing."""
    (toy / "seqclf_utils/model.py").write_text("def twice(x):\n    return 5 # 2 * x\n", "utf-8")

    with pytest.raises(SystemExit, match="unit fails without any bug"):
        mutants.run_classic_bugs([DEADLY], unit_only=True)

    assert not list(toy.glob(".mutants/*.json"))


def test_another_package_than_the_copy_is_noticed(toy, monkeypatch):
    """An installed package that comes first would let every bug survive."""
    with mutants.snapshot_of_checkout() as snapshot:
        elsewhere = dict(PYTHONPATH=f"{ROOT}:{snapshot}")
        with pytest.raises(RuntimeError, match="not the copy"):
            mutants.run(["-c", "import seqclf_utils"], snapshot, 60, **elsewhere)


CODE = """
def called(x=1):
    @staticmethod
    def inner():
        return x
    return inner

class Thing:
    size = 2
    @property
    def half(self):
        return self.size / 2
"""


@pytest.mark.parametrize(
    ("old", "place"),
    [
        ("return inner", "a.py:2"),
        ("return x", "a.py:3"),
        ("@staticmethod", None),  # to be safe
        ("x=1", None),
        ("size = 2", None),
        ("return self.size / 2", "a.py:10"),
        ("size / 2\n", "a.py:10"),
        ("return x\n    return inner", "a.py:2"),
    ],
)
def test_the_function_around_a_bug_is_found(old, place):
    """The innermost one whose body holds it; what every import runs belongs to none."""
    assert reached.place("a.py", CODE, old) == place


def test_functions_that_are_called_are_recorded(toy, monkeypatch):
    """In other threads and in processes that are killed as well."""
    (toy / "seqclf_utils/model.py").write_text(CODE, "utf-8")
    lines = [
        "import os, signal, subprocess, sys, threading",
        "from seqclf_utils.model import Thing, called",
        "thread = threading.Thread(target=lambda: called()())",
        "thread.start(); thread.join()",
        "half = 'import os; from seqclf_utils.model import Thing; Thing().half; os.kill(0, 9)'",
        "subprocess.run([sys.executable, '-c', half], start_new_session=True)",
    ]
    with mutants.snapshot_of_checkout() as snapshot:
        log = toy / "log"
        status, output = mutants.run(
            ["-c", "\n".join(lines)], snapshot, 60, **{reached.VARIABLE: str(log)}
        )

    assert status == 0, output
    assert {"model.py:2", "model.py:3", "model.py:10"} <= set(reached.read(log))
    assert reached.read(toy / "nothing") == []


def test_a_notebook_is_left_out_if_it_never_calls_the_function(toy, monkeypatch):
    """It cannot notice the bug; a bug outside functions is tried everywhere."""
    outside = Bug("outside", "none", "model.py", "def twice(x)", "def twice(x=0)")
    tried = []

    def judge(kind, bug, snapshot, limit, *, only_kept):
        """Say what was called without a bug, and note which bugs are tried."""
        tried.append(bug)
        return {"by": "", "seconds": 0, "reached": ["model.py:7"]}

    monkeypatch.setattr(mutants, "judge", judge)
    with mutants.snapshot_of_checkout() as snapshot:
        found = mutants.run_kind("notebooks/01.ipynb", [DEADLY, outside], snapshot)

    assert tried == [None, outside]
    assert found["deadly"]["by"] == ""


@pytest.mark.parametrize(
    ("status", "output", "by"),
    [
        (0, "3 passed", ""),
        (None, "", "timeout"),
        (
            1,
            "FAILED tests/test_a.py::test_b[1-2] - AssertionError: 1 - 2\n",
            "test_a.py::test_b[1-2]",
        ),
        (1, "FAILED notebooks/02_x.ipynb::Cell 7\n", "02_x.ipynb::Cell 7"),
        (2, "ERROR tests/test_a.py - SyntaxError: x\n", "test_a.py"),
        (1, "Timeout of 60 seconds exceeded executing cell\nFAILED notebooks/0.ipynb", "timeout"),
        (3, "nothing known", "exit status 3"),
    ],
)
def test_the_failing_test_is_named(status, output, by):
    """The name is read from what pytest prints at the end."""
    assert mutants.killer(status, output) == by


@pytest.mark.parametrize(("unit", "nbval", "well"), [(1, 4, True), (1, 3, False), (0, 4, False)])
def test_what_is_well(unit, nbval, well):
    """Each bug is seen by somebody, and four of five by the notebooks alone."""
    bugs = [DEADLY._replace(name=str(number)) for number in range(5)]
    rows = [
        {"bug": bug, "unit": "a" * unit, "nbval": "b" * (number < nbval)}
        for number, bug in enumerate(bugs)
    ]

    assert mutants.report(rows, unit_only=False)[1] is well


def test_explained_survivors_are_counted_apart():
    """A survivor whose reason is written down is not listed."""
    survivors = {
        "1": 'data.f: raise ValueError("XXx is emptyXX")',
        "2": "data.f: return 2",
        "3": 'data.f: if kind == "XXlateXX":',  # no wording, but another value
    }
    row = {"mutants": 9, "killed": 6, "timeout": 1, "crashed": 0, "survivors": survivors}

    table, well = every_line.report({"data": row})

    assert "| data | 9 | 6 | 1 | 0 | 3 | 1 |" in table
    assert "- `data.f: return 2`" in table
    assert "XXlateXX" in table
    assert "empty" not in table
    assert not well


def test_a_page_keeps_the_text_around_its_table(tmp_path):
    """Writing twice changes nothing more."""
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb\n", "utf-8")

    for _ in range(2):
        checkout.write_between(page, "x", "new")

    assert page.read_text("utf-8") == "a\n<!-- x: begin -->\nnew\n<!-- x: end -->\nb\n"
