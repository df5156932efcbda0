"""The check that speaks when nothing else works: made-up machines, and what each is told."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tools import check_environment
from tools.check_environment import (
    ADVICE,
    NEWER_PYTHON,
    OTHER_PYTHON,
    Facts,
    NotReadyError,
    advice,
    check,
    details,
    failure_of_import,
    gather,
    installed_version,
    main,
    needs,
    release,
    verdict,
)

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tools" / "check_environment.py"
GOOD = Facts(
    python="3.12.1",
    needed_python="3.11",
    installed={"torch": "2.13.0+cpu", "numpy": "1.26.0"},
    floors={"torch": "2.6", "numpy": "1.26"},
    import_error="",
    free_gb=100.0,
    own_python=True,
)
ALL_WELL = [
    "Python: new enough",
    "Packages: all 2 there and new enough",
    "Helper package: imports",
    "Disk: room enough",
    "Ready.",
]


def told(**changes):
    """Return what a machine is told that differs from a good one, as one text."""
    lines, ready = verdict(GOOD._replace(**changes))
    assert ready is ("Ready." in lines)
    return "\n".join(lines), ready


def test_a_good_machine_is_ready():
    """Plain lines, and nothing to do."""
    assert verdict(GOOD) == (ALL_WELL, True)


@pytest.mark.parametrize(
    "changes",
    [
        {"python": "3.11.0"},
        {"python": "3.14.0rc1"},
        {"installed": {"torch": "2.6.0", "numpy": "10.0"}},
        {"free_gb": 0.5},
        {"own_python": False},
    ],
    ids=["floor", "candidate", "two digits", "little room", "conda"],
)
def test_all_good_machines_are_told_the_same(changes):
    """The stored output of notebook 00 holds wherever the course runs."""
    assert verdict(GOOD._replace(**changes)) == (ALL_WELL, True)


@pytest.mark.parametrize("python", ["3.10.13", "3.9", "2.7.18"])
def test_an_old_python_is_the_only_thing_said(python):
    """Both versions are named, then where to get a newer one; the rest would follow from it."""
    text, ready = told(python=python, installed={"torch": None, "numpy": None}, free_gb=0)

    assert not ready
    assert text.splitlines() == [
        f"Python: this is {python}; the course needs 3.11 or newer",
        "Not ready.",
        NEWER_PYTHON,
        *ADVICE,
    ]


def test_a_missing_package_is_named():
    """Which one, which version is needed, what to type; not that the import fails as well."""
    text, ready = told(installed={"torch": None, "numpy": "2.0"}, import_error="ImportError: x")

    assert not ready
    assert "Packages: torch is missing; 2.6 or newer is needed" in text
    assert "numpy" not in text
    assert "Helper package" not in text
    assert "python course.py lab" in text


@pytest.mark.parametrize("version", ["2.5.1", "2.5.9+cpu", "1.13", "2", "unknown"])
def test_an_old_package_is_named_with_both_versions(version):
    """The installed and the needed version stand side by side."""
    text, ready = told(installed={"torch": version, "numpy": "1.26"})

    assert not ready
    assert f"Packages: torch is {version}; 2.6 or newer is needed" in text


def test_every_bad_package_gets_a_line():
    """One look is enough to see all that is wrong."""
    text, _ = told(installed={"torch": None, "numpy": "1.25.2"})

    assert "torch is missing" in text
    assert "numpy is 1.25.2" in text


def test_a_helper_package_that_does_not_import_is_shown_with_the_reason():
    """All packages are there, and something is broken all the same."""
    text, ready = told(import_error="OSError: libtorch.so: cannot open")

    assert not ready
    assert "seqclf_utils does not import: OSError: libtorch.so: cannot open" in text
    assert "delete the folder .venv" in text


def test_a_full_disk_asks_for_room_and_for_nothing_else():
    """Installing again would not help."""
    text, ready = told(free_gb=0.04)

    assert not ready
    assert "Disk: 0.0 GB are free; make room until 0.5 GB are" in text
    assert text.endswith("Not ready.")


@pytest.mark.parametrize(("own", "has_venv", "is_said"), [(0, 1, 1), (0, 0, 0), (1, 1, 0)])
def test_a_wrong_kernel_is_suspected(own, has_venv, is_said, tmp_path, monkeypatch):
    """Who has .venv but runs another Python is told so, when something is missing."""
    monkeypatch.setattr(check_environment, "ROOT", tmp_path)
    if has_venv:
        (tmp_path / ".venv").mkdir()

    lines = advice(GOOD._replace(own_python=bool(own)), {"Packages"})

    assert (OTHER_PYTHON in lines) is bool(is_said)


# ----------------------------------------------------------------------------- looking around


@pytest.mark.parametrize(
    ("version", "numbers"),
    [("2.13.0+cpu", (2, 13)), ("3.11", (3, 11)), ("10", (10,)), ("2.0rc1", (2,)), ("x", ())],
)
def test_versions_are_compared_by_their_numbers(version, numbers):
    """2.13 is newer than 2.6, and 2.6.0 is 2.6."""
    assert release(version) == numbers


def test_needs_are_those_of_pyproject():
    """Every runtime dependency, and no other, with its floor."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    dependencies = tomllib.loads(text)["project"]["dependencies"]

    python, floors = needs(text)

    assert python == "3.11"
    assert [f"{package}>={floor}" for package, floor in floors.items()] == dependencies


def test_needs_without_a_toml_reader(monkeypatch):
    """Before Python 3.11 only the version of Python is read, and it is enough."""
    monkeypatch.setitem(sys.modules, "tomllib", None)

    assert needs((ROOT / "pyproject.toml").read_text("utf-8")) == ("3.11", {})


def test_a_package_is_looked_up():
    """A version if it is there, None if it is not."""
    assert release(installed_version("pytest")) > (8,)
    assert installed_version("no-such-package-here") is None


def test_imports_are_tried_and_failures_are_one_line(tmp_path, monkeypatch):
    """Whatever an import raises comes back as its kind and first line."""
    (tmp_path / "broken_module.py").write_text("raise OSError('no library\\nand more')")
    monkeypatch.syspath_prepend(tmp_path)

    assert failure_of_import("json") == ""
    assert failure_of_import("broken_module") == "OSError: no library"
    assert failure_of_import("no_such_module").startswith("ModuleNotFoundError: No module named")


def test_this_machine_is_ready():
    """Otherwise these tests would not run."""
    facts = gather()

    assert verdict(facts)[1], verdict(facts)
    assert facts.free_gb > 0
    assert set(facts.installed) == set(facts.floors)


def test_details_hold_what_a_bug_report_needs(monkeypatch):
    """Versions, processor, disk and the settings that matter, but no paths."""
    monkeypatch.setenv("OMP_NUM_THREADS", "3")

    text = "\n".join(details(GOOD))

    for part in ("Python 3.12.1", "torch 2.13.0+cpu (needed: 2.6)", "cores", "100.0 GB"):
        assert part in text
    assert "OMP_NUM_THREADS=3" in text
    assert str(Path.home()) not in text


# ----------------------------------------------------------------------------- speaking


def machine(monkeypatch, **changes):
    """Pretend to be on a machine that differs from a good one."""
    monkeypatch.setattr(check_environment, "gather", lambda: GOOD._replace(**changes))


def test_a_notebook_goes_on_if_all_is_well(monkeypatch, capsys):
    """The verdict is printed; nothing is returned that the cell would show."""
    machine(monkeypatch)

    assert check() is None

    assert capsys.readouterr().out.splitlines() == ALL_WELL


def test_a_notebook_stops_without_a_traceback(monkeypatch, capsys):
    """The verdict is printed, and IPython is told to show one line instead of a traceback."""
    machine(monkeypatch, installed={"torch": None, "numpy": "2.0"})

    with pytest.raises(NotReadyError) as caught:
        check()

    assert "torch is missing" in capsys.readouterr().out
    assert caught.value._render_traceback_() == [str(caught.value)]
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("free_gb", "status"), [(10, 0), (0.1, 1)])
def test_exit_status(free_gb, status, monkeypatch, capsys):
    """0 if ready, 1 if not."""
    machine(monkeypatch, free_gb=free_gb)

    assert main([]) == status

    assert ("Ready." in capsys.readouterr().out.splitlines()) is (status == 0)


def test_details_are_added_on_request(monkeypatch, capsys):
    """The verdict comes first, then the versions."""
    machine(monkeypatch)

    assert main(["--details"]) == 0

    out = capsys.readouterr().out.splitlines()
    assert out[:5] == ALL_WELL
    assert "torch 2.13.0+cpu (needed: 2.6)" in out


def test_it_runs_where_nothing_is_installed():
    """Standard library only: without site-packages it speaks instead of raising."""
    bare = [sys.executable, "-I", "-S", str(SCRIPT)]

    done = subprocess.run(bare, capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (1, "")
    assert "torch is missing; 2.6 or newer is needed" in done.stdout
    assert "python course.py lab" in done.stdout


def test_an_old_python_can_read_it():
    """Nothing newer than Python 3.7 in its grammar, so that an old one gets the message."""
    ast.parse(SCRIPT.read_text("utf-8"), feature_version=(3, 7))
