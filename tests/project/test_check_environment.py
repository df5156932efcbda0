"""The environment check: one line if all is well, a list of problems otherwise."""

import ast
import re
import subprocess
import sys
import tomllib
from types import SimpleNamespace

import nbformat
import pytest
from nbclient import NotebookClient
from notebook_text import ROOT

from tools import check_environment as check

SCRIPT = ROOT / "tools" / "check_environment.py"
READY = (
    r"Ready: (Linux|macOS|Windows) \w+, Python 3\.\d+, torch 2\.[\d.]+ (CPU|GPU), code (\w{4})\n"
)
FULL_DISK = "import shutil, types; shutil.disk_usage = lambda path: types.SimpleNamespace(free=0)"
OLD_PYTHONS = ["3.10.13", "3.9", "2.7.18"]


@pytest.fixture
def machine(monkeypatch, tmp_path, capsys):
    """Return a function that checks a simulated machine and returns the status and the output."""

    def run(*arguments, python="3.12.1", installed=(), error=None, free_gb=100):
        def load(name):
            if error:
                raise error

        versions = {**check.NEEDED, **dict(installed)}
        usage = SimpleNamespace(free=free_gb * 1e9)
        monkeypatch.setattr(check, "ROOT", tmp_path)
        monkeypatch.setattr(check, "installed_version", versions.get)
        monkeypatch.setattr(check.platform, "python_version", lambda: python)
        monkeypatch.setattr(check.shutil, "disk_usage", lambda path: usage)
        monkeypatch.setattr(check.importlib, "import_module", load)
        return check.main(arguments), capsys.readouterr().out

    return run


@pytest.mark.parametrize("python", ["3.11.0", "3.14.0rc1"])
@pytest.mark.parametrize("torch", ["2.6.0", "2.13.0+cpu"])
def test_a_good_machine_is_ready(machine, python, torch):
    """The oldest supported versions are accepted, and so are newer ones (2.13 is above 2.6)."""
    status, output = machine(python=python, installed={"torch": torch}, free_gb=0.5)

    assert status == 0
    assert re.fullmatch(READY, output)


def test_the_code_depends_on_the_day_and_on_the_machine(machine, monkeypatch):
    """The code differs between days and machines, and is otherwise the same."""
    days, codes = ["2026-11-29", "2026-11-29", "2026-11-30", "2026-11-30"], []
    for day, node in zip(days, [1, 1, 1, 2], strict=True):
        monkeypatch.setattr(check, "date", SimpleNamespace(today=lambda day=day: day))
        monkeypatch.setattr(check.uuid, "getnode", lambda node=node: node)
        codes.append(re.fullmatch(READY, machine()[1])[3])

    assert codes[0] == codes[1]
    assert len(set(codes)) == 3


@pytest.mark.parametrize("python", OLD_PYTHONS)
def test_an_old_python_is_the_only_problem_reported(machine, python):
    """If Python is too old, no other problem is reported."""
    status, output = machine(python=python, installed={"torch": ""}, error=ImportError())

    assert status == 1
    assert f"Not ready:\n- this is Python {python}; install 3.11 or newer first" in output
    assert output.count("\n- ") == 1
    assert output.endswith(check.ADVICE)


@pytest.mark.parametrize(
    ("version", "problem"),
    [("", "torch is missing;")] + [(v, f"torch is {v};") for v in ("2.5.9+cpu", "1.13", "2", "x")],
)
def test_each_bad_package_is_named_with_the_version_needed(machine, version, problem):
    """Each missing or outdated package is named, but not the failed import that it causes."""
    status, output = machine(installed={"torch": version, "numpy": "1.25.2"}, error=ImportError())

    assert status == 1
    assert f"- {problem} 2.6 or newer is needed\n- numpy is 1.25.2; 1.26 or newer" in output
    assert "seqclf_utils" not in output
    assert output.endswith(check.ADVICE)


def test_a_failed_import_is_reported_in_one_line(machine):
    """If an installed package is broken, the failed import is reported in one line."""
    status, output = machine(error=OSError("no libtorch.so\nand more"))

    assert status == 1
    assert "- seqclf_utils does not import: OSError: no libtorch.so\nWhat to do" in output


@pytest.mark.parametrize(("prefix", "is_reported"), [("elsewhere", True), (".venv", False)])
def test_a_python_outside_venv_is_reported(machine, tmp_path, monkeypatch, prefix, is_reported):
    """If packages are missing and .venv exists, a Python outside .venv is reported."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path / prefix))
    assert "not the Python in .venv" not in machine(installed={"torch": ""})[1]
    (tmp_path / ".venv").mkdir()

    assert ("not the Python in .venv" in machine(installed={"torch": ""})[1]) == is_reported
    assert machine()[0] == 0


def test_a_full_disk_gets_no_advice_to_install(machine):
    """A full disk is reported without the advice to install packages."""
    assert machine(free_gb=0.04) == (1, "Not ready:\n- 0.0 GB are free; 0.5 GB are needed\n")


def test_details_hold_what_a_bug_report_needs(machine, monkeypatch, tmp_path):
    """--details adds versions, processor, disk space and settings, but no paths."""
    monkeypatch.setenv("OMP_NUM_THREADS", "3")

    _, output = machine("--details", installed={"torch": "2.13.0+cpu"})

    for part in ("Python 3.12.1", "torch 2.13.0+cpu (needed: 2.6)", "cores", "100.0 GB"):
        assert part in output.partition("\n")[2]
    assert "\nOMP_NUM_THREADS=3\n" in output
    assert str(tmp_path) not in output


def test_needs_are_those_of_pyproject():
    """The required versions are those of the runtime dependencies in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    assert [f"{name}>={floor}" for name, floor in check.NEEDED.items()] == project["dependencies"]
    assert f">={check.NEEDED_PYTHON}" == project["requires-python"]


def test_versions_are_looked_up_without_importing():
    """The version of an installed package is found, and "" is returned for a missing package."""
    assert check.release(check.installed_version("pytest")) > (8,)
    assert check.installed_version("no-such-package-here") == ""


def test_it_runs_in_a_notebook():
    """%run prints the result without showing the exit status as an error."""
    sources = ["%run ../tools/check_environment.py"] * 2
    sources[1] = f"{FULL_DISK}\n{sources[1]}"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
    beside_tools = {"metadata": {"path": str(ROOT / "notebooks")}}

    NotebookClient(notebook, kernel_name="python3", resources=beside_tools).execute()

    ((ready,), (not_ready,)) = (cell.outputs for cell in notebook.cells)
    assert re.fullmatch(READY, ready.text)
    assert not_ready.text.startswith("Not ready:\n- 0.0 GB")


def test_it_runs_where_nothing_is_installed():
    """The script needs only the standard library and exits with status 1."""
    bare = [sys.executable, "-I", "-S", str(SCRIPT)]

    done = subprocess.run(bare, capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (1, "")
    assert "torch is missing; 2.6 or newer is needed" in done.stdout


def test_the_script_fails_where_only_the_disk_is_full():
    """If only the disk is full, the script exits with status 1, although IPython gets imported."""
    run = f"{FULL_DISK}; import runpy; runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"

    done = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("Not ready:\n- 0.0 GB")


def test_an_old_python_can_read_it():
    """The script parses as Python 3.7, so that an old Python can report the problem."""
    ast.parse(SCRIPT.read_text("utf-8"), feature_version=(3, 7))
