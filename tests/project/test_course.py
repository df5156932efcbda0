"""course.py on a new machine, after failures, and with everything installed."""

import ast
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from notebook_text import ROOT

SOURCE = (ROOT / "course.py").read_text(encoding="utf-8")
INSTALL = ["-c", "constraints.txt", "-e", ".[test]"]


def load(folder):
    """Import the copy of course.py in a folder; it treats that folder as the course."""
    spec = importlib.util.spec_from_file_location("course_copy", folder / "course.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Machine:
    """A machine with simulated installation steps that create the same files as real steps.

    Attributes:
        steps: For each step, the command, whether the mark exists, and the environment.
        commands: Commands run in .venv, without `python -m`.
        status: Exit status of each module.
        fails: Steps with this argument fail.
        interrupted: Steps with this argument are interrupted by Ctrl-C.
        uv: Path of uv, or None.
        gpu: Path of nvidia-smi, or None.
        free_gb: Free disk space before .venv is created.
        venv_gb: Size of .venv.
    """

    def __init__(self, folder, monkeypatch):
        folder.mkdir(exist_ok=True)
        for name in ("course.py", "pyproject.toml", "constraints.txt"):
            shutil.copy(ROOT / name, folder)
        for name in [name for name in os.environ if name.startswith(("PIP_", "UV_", "SEQCLF_"))]:
            monkeypatch.delenv(name)
        self.folder, self.venv, self.monkeypatch = folder, folder / ".venv", monkeypatch
        self.course = course = load(folder)
        self.python, self.mark = Path(course.PYTHON), Path(course.UNFINISHED)
        self.steps, self.commands, self.status = [], [], {}
        self.fails = self.interrupted = self.uv = None
        self.gpu = "/bin/nvidia-smi"
        self.free_gb, self.venv_gb = 100, 0
        course.subprocess = SimpleNamespace(call=self.call, Popen=self.popen)
        course.shutil = self

    def which(self, name):
        """Look for a command on the PATH."""
        return {"uv": self.uv, "nvidia-smi": self.gpu}[name]

    def disk_usage(self, path):
        """Measure the free disk space."""
        return SimpleNamespace(free=(self.free_gb - self.venv_gb * self.venv.exists()) * 1e9)

    def rmtree(self, path):
        """Delete .venv, and assert that its Python was deleted first."""
        assert not os.path.lexists(self.python)
        shutil.rmtree(path)

    def call(self, command, cwd, env=None):
        """Simulate one step."""
        assert Path(cwd) == self.folder
        self.steps.append((command, self.mark.exists(), env))
        if "venv" in command:
            self.python.parent.mkdir(parents=True, exist_ok=True)
            self.python.touch()
        if self.interrupted in command:
            raise KeyboardInterrupt
        return int(self.fails in command)

    def popen(self, command, cwd):
        """Simulate a command in .venv."""
        assert (command[:2], Path(cwd)) == ([str(self.python), "-m"], self.folder)
        self.commands.append(command[2:])
        return SimpleNamespace(wait=lambda: self.status.get(command[2], 0))

    def run(self, *arguments):
        """Run course.py.

        Returns:
            The exit status or final message, and the names of the installation steps.
        """
        self.steps.clear()
        self.monkeypatch.setattr(sys, "argv", ["course.py", *arguments])
        with pytest.raises(SystemExit) as end:
            self.course.main()
        return end.value.code, ["venv" if "venv" in step[0] else "pip" for step in self.steps]


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Return a new machine with nothing but Python."""
    return Machine(tmp_path, monkeypatch)


@pytest.fixture
def installed(machine):
    """Return a machine on which the course has been installed."""
    assert machine.run("test") == (0, ["venv", "pip"])
    machine.commands.clear()
    return machine


# ----------------------------------------------------------------------------- installation


def test_fresh_machine_makes_the_environment_and_installs(machine, capsys):
    """The first run creates .venv and installs the course; the second runs the command at once."""
    assert machine.run("test") == (0, ["venv", "pip"])
    form = r"\[1/2\].*\n\[2/2\].*\n(?s:.*)Ready.\n\$ python -m pytest"
    assert re.match(form, capsys.readouterr().out)

    assert machine.run("test") == (0, [])
    assert capsys.readouterr().out == "$ python -m pytest --nbval --cov\n"


def replace_python(machine):
    """Simulate a system upgrade that removes the Python to which .venv links."""
    machine.python.unlink()
    if os.name != "nt":
        machine.python.symlink_to(machine.folder / "gone")


CHANGES = {
    "new versions": lambda machine: (machine.folder / "constraints.txt").write_text("# changed"),
    "new dependencies": lambda machine: (machine.folder / "pyproject.toml").write_text("# changed"),
    "not made by course.py": lambda machine: Path(machine.course.STAMP).unlink(),
    "unfinished": lambda machine: machine.mark.touch(),
    "lost python": lambda machine: machine.python.unlink(),
    "dangling python": replace_python,
}


@pytest.mark.parametrize("change", CHANGES)
def test_environment_is_updated_or_recreated(installed, change):
    """Changed requirements are installed into .venv, and a broken .venv is recreated."""
    (installed.venv / "other").touch()
    CHANGES[change](installed)

    is_kept = change.startswith(("new", "not"))
    assert installed.run("test") == (0, ["pip"] if is_kept else ["venv", "pip"])
    assert (installed.venv / "other").exists() == is_kept
    assert all(marked for _, marked, _ in installed.steps)
    assert not installed.mark.exists()
    assert installed.run("test") == (0, [])


def test_moved_folder_is_repaired_in_place(installed, tmp_path_factory, monkeypatch):
    """After the folder is moved, the course is reinstalled, because .venv contains the old path."""
    elsewhere = tmp_path_factory.mktemp("moved höme")
    shutil.copytree(installed.venv, elsewhere / ".venv")

    assert Machine(elsewhere, monkeypatch).run("test") == (0, ["pip"])


# ----------------------------------------------------------------------------- failures

HINTS = "failed|again|connect|proxy|No space left|python3-venv|.venv"
TROUBLES = [
    ({"fails": "venv"}, HINTS),
    ({"fails": "pip"}, HINTS),
    ({"interrupted": "venv"}, "interrupted|again"),
    ({"interrupted": "pip"}, "interrupted|again"),
    ({"fails": "pip", "venv_gb": 99.8}, "The disk is full: 0.2 GB"),
    ({"stamp": "no/such/folder"}, "No such file|again"),
]


@pytest.mark.parametrize(("trouble", "words"), TROUBLES)
def test_trouble_is_explained_and_repaired_by_the_next_run(machine, trouble, words):
    """After a failed step, Ctrl-C or a full disk, the next run starts over."""
    stamp = machine.course.STAMP
    vars(machine).update(trouble)
    machine.course.STAMP = str(machine.folder / trouble.get("stamp", stamp))
    message, _ = machine.run("test")

    assert [word for word in words.split("|") if word not in message] == []
    assert ("The disk is full" in message) == (machine.venv_gb > 0)
    assert machine.mark.exists()
    assert machine.commands == []
    machine.fails, machine.interrupted, machine.course.STAMP = None, None, stamp
    assert machine.run("test") == (0, ["venv", "pip"])


@pytest.mark.parametrize("choice", ["linux", "win32", "PIP_EXTRA_INDEX_URL", "UV_TORCH_BACKEND"])
def test_too_small_disk_is_refused_before_anything_is_made(machine, monkeypatch, choice):
    """Insufficient disk space for the PyTorch build is reported before anything is created."""
    monkeypatch.setattr(sys, "platform", choice if choice == "win32" else "linux")
    if choice.isupper():
        monkeypatch.setenv(choice, "https://example.org/cpu")
    needed = "6 are needed (2 for the CPU build" if choice == "linux" else "2 are needed. Make room"
    machine.free_gb = int(needed[0]) - 0.1
    message, steps = machine.run("test")

    assert f"{machine.free_gb} GB are free, about {needed}" in message
    assert steps == []
    assert not machine.venv.exists()
    machine.free_gb = int(needed[0])
    assert machine.run("test") == (0, ["venv", "pip"])


def test_python_does_not_delete_itself(installed, monkeypatch):
    """If run with the Python of an unfinished .venv, course.py asks you to deactivate .venv."""
    installed.mark.touch()
    monkeypatch.setattr(sys, "prefix", str(installed.venv))
    message, steps = installed.run("test")
    assert "deactivate" in message
    assert steps == []
    assert installed.python.exists()


# ----------------------------------------------------------------------------- pip and uv


def test_pip_gets_constraints_and_the_test_extra(installed):
    """Pip installs the project in editable mode with its test extra at the tested versions."""
    (venv, _, _), (pip, _, _) = installed.steps
    assert venv == [sys.executable, "-m", "venv", str(installed.venv)]
    assert pip == [str(installed.python), "-m", "pip", "install", *INSTALL]


def test_uv_is_used_when_it_is_installed(machine):
    """If uv is installed, it runs both steps and keeps the marker file in .venv."""
    machine.uv = "/bin/uv"
    assert machine.run("test") == (0, ["venv", "pip"])
    (venv, _, _), (pip, _, _) = machine.steps
    options = ["-q", "--allow-existing", "--seed", "--python", sys.executable]
    assert venv == ["/bin/uv", "venv", *options, str(machine.venv)]
    assert pip == ["/bin/uv", "pip", "install", "--python", str(machine.python), *INSTALL]


def test_settings_of_pip_are_passed_to_uv(machine, monkeypatch):
    """Uv uses the package indexes that pip would use, unless it has its own settings."""
    given = {"PIP_INDEX_URL": "a", "PIP_EXTRA_INDEX_URL": "b", "PIP_FIND_LINKS": "c", "KEEP": "d"}
    added = {"UV_INDEX_URL": "a", "UV_EXTRA_INDEX_URL": "b", "UV_FIND_LINKS": "own"}
    for name, value in [*given.items(), ("UV_FIND_LINKS", "own")]:
        monkeypatch.setenv(name, value)
    machine.run("test")

    expected = {**given, **added, "UV_INDEX_STRATEGY": "unsafe-best-match"}
    assert all(expected.items() <= env.items() for _, _, env in machine.steps)


BUILDS = [  # platform, nvidia-smi, environment variables, the announced build
    ("linux", None, {}, "small CPU build"),
    ("linux", "/bin/nvidia-smi", {}, "for NVIDIA GPUs"),
    ("linux", "/bin/nvidia-smi", {"SEQCLF_TORCH": "cpu"}, "small CPU build"),
    ("linux", None, {"SEQCLF_TORCH": "cuda"}, "for NVIDIA GPUs"),
    ("linux", None, {"PIP_FIND_LINKS": "/wheels"}, None),
    ("win32", None, {}, None),
]


@pytest.mark.parametrize(("platform", "gpu", "variables", "build"), BUILDS)
def test_the_cpu_build_is_the_default_without_a_gpu(
    machine, monkeypatch, capsys, platform, gpu, variables, build
):
    """On Linux, the PyTorch build depends on the GPU unless an environment variable selects it."""
    monkeypatch.setattr(sys, "platform", platform)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    machine.gpu, machine.fails = gpu, "--no-deps"  # an unreachable index is tolerated
    is_cpu = build == "small CPU build"
    machine.free_gb = 2 if is_cpu else 6
    assert machine.run("test") == (0, ["venv", *["pip"] * is_cpu, "pip"])
    printed = capsys.readouterr().out
    taken = re.findall("Taking the (small CPU build|.*for NVIDIA GPUs)", printed)
    assert [build in name for name in taken] == [True] * bool(build)
    assert ("taking pip's default build instead" in printed) == is_cpu
    assert (machine.course.CPU_INDEX in machine.steps[1][0]) == is_cpu
    assert machine.steps[-1][0][-4:] == INSTALL


@pytest.mark.parametrize(("version", "is_new"), [((3, 14, 9), False), ((3, 15, 0), True)])
def test_a_python_that_is_too_new_is_named(machine, version, is_new):
    """If Python is too new, a failed installation names a tested version to use instead."""
    machine.course.sys = SimpleNamespace(**{**vars(sys), "version_info": version})
    machine.fails = "pip"
    assert ("3.15 may be too new for PyTorch" in machine.run("test")[0]) == is_new


def test_a_bundle_installs_without_a_network(machine):
    """If there is a folder of wheels, pip installs only from it, and uv is not used."""
    wheels = machine.folder / "wheels"
    wheels.mkdir()
    machine.uv, machine.free_gb = "/bin/uv", 3
    assert machine.run("test") == (0, ["venv", "pip"])
    (venv, _, _), (pip, _, _) = machine.steps
    assert venv[1:3] == ["-m", "venv"]
    assert pip[4:] == ["--no-index", "--find-links", str(wheels), *INSTALL]


# ----------------------------------------------------------------------------- commands

COMMANDS = {
    "test": ["pytest", "--nbval"],
    "run": ["tools.run_notebooks"],
    "book": ["tools.book"],
    "bundle": ["tools.bundle"],
}


@pytest.mark.parametrize(("name", "command"), COMMANDS.items())
def test_commands_are_these_and_extra_arguments_follow(installed, name, command):
    """Each command runs its module, and further arguments are passed on, including options."""
    options = ["--no-browser", "-k", "x y", "--help"]
    installed.run(name)
    installed.run(name, *options)
    whole = ["--cov"] if name == "test" else []  # only the full test run covers every line
    assert installed.commands == [command + whole, command + options]


@pytest.mark.parametrize(
    ("sources", "folder"), [([], "my_notebooks"), (["--sources"], "notebooks")]
)
def test_lab_opens_the_copies_or_the_sources(installed, sources, folder):
    """`lab` creates missing copies and opens them; `--sources` opens the originals."""
    installed.run("lab", "--no-browser", *sources, "--port", "8899")
    url = f"--LabApp.default_url=/lab/tree/{folder}"
    lab = ["jupyterlab", "--ServerApp.root_dir=.", url, "--no-browser", "--port", "8899"]
    assert installed.commands == ([lab] if sources else [["tools.learner_copies"], lab])


@pytest.mark.parametrize(
    ("name", "module"), [("test", "pytest"), ("lab", "jupyterlab"), ("lab", "tools.learner_copies")]
)
def test_status_of_the_command_is_passed_on(installed, name, module):
    """The exit status is that of the command; if copying fails, JupyterLab is not opened."""
    installed.status = {module: 5}
    assert installed.run(name)[0] == 5
    assert installed.commands[-1][0] == module


@pytest.mark.parametrize("arguments", [[], ["tset"]])
def test_unknown_command_installs_nothing(machine, capsys, arguments):
    """An unknown command lists the valid ones and installs nothing."""
    assert machine.run(*arguments) == (2, [])
    assert re.search("lab.*test.*run", capsys.readouterr().err)


# ----------------------------------------------------------------------------- Python versions

PYTHONS = [
    ((2, 7, 18), "posix", "/", r"this is Python 2\.7;.*3\.11 or newer.*py -3\.12 course\.py"),
    ((3, 10, 99), "posix", "/", r"this is Python 3\.10;"),
    ((3, 11, 0), "posix", "/home/Jörg", None),
    ((3, 11, 9), "nt", "C:/Users/Joe", None),
    ((3, 11, 9), "nt", "C:/Users/Jörg", r"C:\\course"),
    ((3, 12, 4), "nt", "C:/Users/Jörg", None),
]


@pytest.mark.parametrize(("version", "system", "here", "refusal"), PYTHONS)
def test_unsupported_python_is_refused(machine, version, system, here, refusal):
    """Python is rejected if too old or, on Windows, if it misreads letters such as ö in paths."""
    course, done = machine.course, []
    course.install, course.run = lambda: done.append("install"), lambda command: 0
    course.sys = SimpleNamespace(**{**vars(sys), "version_info": version})
    course.os, course.HERE = SimpleNamespace(name=system), here
    outcome, _ = machine.run("test")

    assert bool(done) == (refusal is None)
    assert re.search(refusal or "^0$", str(outcome))


@pytest.mark.parametrize(("processor", "refused"), [("x86_64", True), ("arm64", False)])
def test_intel_macs_are_refused(machine, monkeypatch, processor, refused):
    """On Intel Macs, for which PyTorch has no wheels, an error names the page with alternatives."""
    machine.course.sys = SimpleNamespace(**{**vars(sys), "platform": "darwin"})
    monkeypatch.setattr(machine.course.platform, "machine", lambda: processor)
    outcome, steps = machine.run("test")

    assert (steps == []) == refused == ("Without an installation" in str(outcome))
    assert "## Without an installation" in (ROOT / "workshop/setup.md").read_text("utf-8")


def test_windows_has_another_path_to_python(machine, monkeypatch):
    """On Windows, the environment's Python is Scripts/python.exe."""
    with monkeypatch.context() as patch:
        patch.setattr(os, "name", "nt")
        python = load(machine.folder).PYTHON
    assert re.split(r"[/\\]", python)[-3:] == [".venv", "Scripts", "python.exe"]


def test_an_old_python_can_run_the_file():
    """course.py uses only old syntax and standard modules, so an old Python can report errors."""
    nodes = list(ast.walk(ast.parse(SOURCE, feature_version=(3, 6))))
    assert SOURCE.isascii()  # this check and the next are for Python 2.7
    assert not any(isinstance(n, ast.JoinedStr) or getattr(n, "id", "") == "print" for n in nodes)
    assert not any(isinstance(node, ast.ImportFrom) for node in nodes)
    imports = (node.names for node in nodes if isinstance(node, ast.Import))
    assert {alias.name for names in imports for alias in names} <= sys.stdlib_module_names


# ----------------------------------------------------------------------------- real processes

UP_TWICE = """
import sys, time
print(sys.prefix != sys.base_prefix, sys.argv[1:], flush=True)
for _ in range(2):
    try: print("up", flush=True); time.sleep(20); sys.exit(1)
    except KeyboardInterrupt: time.sleep(0.2)
sys.exit(7)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals differ there")
def test_a_real_command_in_a_real_environment(tmp_path, monkeypatch):
    """Arguments, Ctrl-C and the exit status are passed on between real processes."""
    machine = Machine(tmp_path / "cöurse with spaces", monkeypatch)
    course = machine.course
    venv = [sys.executable, "-m", "venv", "--without-pip", course.VENV]  # takes less than a second
    course.call = lambda *step: subprocess.check_call(venv)
    course.make_environment(None)
    assert machine.mark.exists()
    machine.mark.unlink()
    Path(course.STAMP).write_text(course.wanted())
    (machine.folder / "tools").mkdir()
    (machine.folder / "tools" / "run_notebooks.py").write_text(UP_TWICE)

    command = [sys.executable, "course.py", "run", "--fast", "a b"]
    options = {"stdout": subprocess.PIPE, "encoding": "utf-8", "start_new_session": True}
    # The parent process may ignore SIGINT.
    options["preexec_fn"] = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(command, cwd=machine.folder, **options) as process:
        lines = [process.stdout.readline() for _ in range(2)]
        for _ in range(2):
            assert process.stdout.readline() == "up\n", lines
            time.sleep(0.1)
            os.killpg(process.pid, signal.SIGINT)
    assert lines == ["$ python -m tools.run_notebooks --fast a b\n", "True ['--fast', 'a b']\n"]
    assert process.returncode == 7
