"""course.py on a fresh machine, on a broken one, and when nothing is to be done."""

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

ROOT = Path(__file__).resolve().parents[2]
SOURCE = (ROOT / "course.py").read_text(encoding="utf-8")
GB = 1e9


def load(folder):
    """Import the copy of course.py in a folder; it works on that folder."""
    spec = importlib.util.spec_from_file_location("course_copy", folder / "course.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Machine:
    """A machine whose installation steps are played: they are listed and leave what real ones do.

    Attributes:
        steps: Command, "is the mark there?" and environment of every step.
        commands: What was run in .venv at the end.
        fails: A word; a step that has it among its arguments fails.
        interrupted: A word; Ctrl-C is pressed in the step that has it.
    """

    def __init__(self, folder, monkeypatch):
        for name in ("course.py", "pyproject.toml", "constraints.txt"):
            shutil.copy(ROOT / name, folder)
        self.folder, self.venv = folder, folder / ".venv"
        self.course = load(folder)
        self.python, self.mark = Path(self.course.PYTHON), Path(self.course.UNFINISHED)
        self.steps, self.commands, self.status = [], [], 0
        self.fails = self.interrupted = None
        self.monkeypatch = monkeypatch
        for name in ("FIND_LINKS", "INDEX_URL", "EXTRA_INDEX_URL"):
            monkeypatch.delenv("PIP_" + name, raising=False)
            monkeypatch.delenv("UV_" + name, raising=False)
        fakes = SimpleNamespace(call=self.call, Popen=self.popen)
        monkeypatch.setattr(self.course, "subprocess", fakes)
        self.has(uv=None, free=100 * GB)

    def has(self, uv, free):
        """Say whether uv is there, and how many bytes are free."""
        usage = SimpleNamespace(free=free)
        fakes = SimpleNamespace(
            which={"uv": uv}.get, disk_usage=lambda path: usage, rmtree=shutil.rmtree
        )
        self.monkeypatch.setattr(self.course, "shutil", fakes)

    def call(self, command, cwd, env):
        """Play one step."""
        assert Path(cwd) == self.folder
        self.steps.append((command, self.mark.exists(), env))
        if "venv" in command:
            self.python.parent.mkdir(parents=True, exist_ok=True)
            self.python.touch()
        if self.interrupted in command:
            raise KeyboardInterrupt
        return int(self.fails in command)

    def popen(self, command, cwd):
        """Play the command in .venv."""
        assert Path(cwd) == self.folder
        self.commands.append(command)
        return SimpleNamespace(wait=lambda: self.status)

    def run(self, *arguments):
        """Run course.py.

        Returns:
            Its exit status, or the message it ended with, and the names of the steps it took.
        """
        self.steps.clear()
        self.monkeypatch.setattr(sys, "argv", ["course.py", *arguments])
        with pytest.raises(SystemExit) as end:
            self.course.main()
        return end.value.code, ["venv" if "venv" in step[0] else "pip" for step in self.steps]


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Return a fresh machine with Python and nothing else."""
    return Machine(tmp_path, monkeypatch)


def test_fresh_machine_makes_the_environment_and_installs(machine, capsys):
    """The first run makes .venv, installs, says so, and ends with the command's status."""
    assert machine.run("test") == (0, ["venv", "pip"])
    assert re.search(r"\[1/2\].*\n\[2/2\].*\nReady.\n\$ python -m pytest", capsys.readouterr().out)


def test_nothing_is_done_when_up_to_date(machine, capsys):
    """The second run starts the command at once."""
    machine.run("test")
    capsys.readouterr()

    assert machine.run("test") == (0, [])
    assert capsys.readouterr().out == "$ python -m pytest --nbval --cov\n"


@pytest.mark.parametrize("name", ["constraints.txt", "pyproject.toml"])
def test_changed_versions_are_installed_in_place(machine, name):
    """New versions go into the .venv that is there, once."""
    machine.run("test")
    (machine.venv / "other").touch()
    with open(machine.folder / name, "a") as file:
        file.write("# changed\n")

    assert machine.run("test") == (0, ["pip"])
    assert (machine.venv / "other").exists()
    assert machine.run("test") == (0, [])


def test_moved_folder_is_repaired_in_place(machine, tmp_path_factory, monkeypatch):
    """In a folder that was moved, the installation is done again: it contains the old path."""
    machine.run("test")
    elsewhere = tmp_path_factory.mktemp("moved höme")
    shutil.copytree(machine.venv, elsewhere / ".venv")

    moved = Machine(elsewhere, monkeypatch)

    assert moved.run("test") == (0, ["pip"])


def test_environment_made_by_hand_is_kept(machine):
    """A .venv that somebody made is installed into, not deleted."""
    machine.python.parent.mkdir(parents=True)
    machine.python.touch()
    assert machine.run("test") == (0, ["pip"])


def test_unfinished_installation_is_rebuilt_from_scratch(machine):
    """Where the mark is, .venv is deleted and made again."""
    machine.run("test")
    machine.mark.touch()
    (machine.venv / "half").touch()

    assert machine.run("test") == (0, ["venv", "pip"])
    assert not (machine.venv / "half").exists()


def test_lost_python_is_rebuilt_from_scratch(machine):
    """Without its python (an upgrade took it away), .venv is made again."""
    machine.run("test")
    machine.python.unlink()
    if os.name != "nt":
        machine.python.symlink_to(machine.folder / "gone")
    (machine.venv / "half").touch()

    assert machine.run("test") == (0, ["venv", "pip"])
    assert not (machine.venv / "half").exists()


def test_mark_is_there_during_the_steps_and_gone_afterwards(machine):
    """A kill at any step leaves the mark, success removes it; also for a change in place."""
    machine.run("test")
    assert [marked for _, marked, _ in machine.steps] == [True, True]
    assert not machine.mark.exists()

    (machine.folder / "constraints.txt").write_text("# changed\n")
    machine.run("test")
    assert [marked for _, marked, _ in machine.steps] == [True]
    assert not machine.mark.exists()


def test_real_venv_keeps_the_mark_and_makes_python(machine, monkeypatch):
    """The module venv leaves the mark alone and puts python where course.py looks for it."""

    def call(command, cwd, env):
        return subprocess.call([*command, "--without-pip"], cwd=cwd, env=env)

    monkeypatch.setattr(machine.course, "subprocess", SimpleNamespace(call=call))
    machine.course.make_environment(None)

    assert machine.mark.exists()
    assert machine.python.exists()


@pytest.mark.parametrize("step", ["venv", "pip"])
def test_failed_step_stops_with_advice_and_leaves_the_mark(machine, step):
    """A failed step ends with a failure and next steps; the next run starts over."""
    machine.fails = step
    message, _ = machine.run("test")

    assert "failed" in message
    for word in ("again", "connect", "proxy", "No space left", "python3-venv", ".venv"):
        assert word in message
    assert "The disk is full" not in message
    assert machine.mark.exists()
    assert machine.commands == []
    machine.fails = None
    assert machine.run("test") == (0, ["venv", "pip"])


def test_full_disk_is_named_when_pip_fails(machine):
    """If the disk has become full, the message says so."""
    machine.run("test")
    (machine.folder / "constraints.txt").write_text("# changed\n")
    machine.has(uv=None, free=0.2 * GB)
    machine.fails = "pip"
    assert "The disk is full: 0.2 GB" in machine.run("test")[0]


def test_too_small_disk_is_refused_before_anything_is_made(machine):
    """With too little room nothing is started, and the message says how much is needed."""
    machine.has(uv=None, free=1.2 * GB)
    message, steps = machine.run("test")
    assert "1.2 GB" in message
    assert "about 3" in message
    assert steps == []
    assert not machine.venv.exists()


def test_unfinished_environment_is_deleted_before_room_is_measured(machine):
    """What a full disk left behind doesn't count against the next run."""
    machine.run("test")
    machine.mark.touch()

    def disk_usage(path):
        return SimpleNamespace(free=(1 if machine.venv.exists() else 9) * GB)

    machine.monkeypatch.setattr(machine.course.shutil, "disk_usage", disk_usage)
    assert machine.run("test") == (0, ["venv", "pip"])


def test_disk_that_is_full_for_the_stamp_gives_a_message(machine):
    """A file that can't be written is reported without a traceback, and repaired later."""
    machine.monkeypatch.setattr(machine.course, "STAMP", str(machine.folder / "no" / "such"))
    message, _ = machine.run("test")
    assert "No such file" in message
    assert "again" in message
    assert machine.mark.exists()


@pytest.mark.parametrize("step", ["venv", "pip"])
def test_interrupted_installation_says_how_to_go_on(machine, step):
    """Ctrl-C in an installation ends it with one line; the next run repairs."""
    machine.interrupted = step
    message, _ = machine.run("test")

    assert "interrupted" in message
    assert "again" in message
    machine.interrupted = None
    assert machine.run("test") == (0, ["venv", "pip"])


def test_kill_while_deleting_is_repaired(machine):
    """When the mark is deleted first and the rest stays, .venv still counts as unfinished."""
    machine.run("test")
    machine.mark.touch()

    def rmtree(path):
        machine.mark.unlink()
        raise KeyboardInterrupt

    machine.monkeypatch.setattr(machine.course.shutil, "rmtree", rmtree)
    machine.run("test")
    machine.monkeypatch.setattr(machine.course.shutil, "rmtree", shutil.rmtree)

    assert machine.run("test") == (0, ["venv", "pip"])


def test_python_does_not_delete_itself(machine, monkeypatch):
    """.venv's own Python asks to be left before .venv is made again."""
    machine.run("test")
    machine.mark.touch()
    monkeypatch.setattr(sys, "prefix", str(machine.venv))
    message, steps = machine.run("test")
    assert "deactivate" in message
    assert steps == []
    assert machine.python.exists()


def test_pip_gets_constraints_and_the_test_extra(machine):
    """Pip of .venv installs the project in place, with tests, at the tested versions."""
    machine.run("test")
    (venv, _, _), (pip, _, _) = machine.steps
    assert venv == [sys.executable, "-m", "venv", str(machine.venv)]
    assert pip[:4] == [str(machine.python), "-m", "pip", "install"]
    assert pip[4:] == ["-c", "constraints.txt", "-e", ".[test]"]


def test_uv_is_used_when_it_is_there(machine):
    """Both steps go to uv, with this Python and into .venv."""
    machine.has(uv="/bin/uv", free=100 * GB)
    assert machine.run("test") == (0, ["venv", "pip"])
    (venv, _, _), (pip, _, _) = machine.steps
    assert venv[:2] == ["/bin/uv", "venv"]
    assert venv[venv.index("--python") + 1] == sys.executable
    assert "--allow-existing" in venv
    assert venv[-1] == str(machine.venv)
    assert pip[:3] == ["/bin/uv", "pip", "install"]
    assert pip[pip.index("--python") + 1] == str(machine.python)
    assert pip[5:] == ["-c", "constraints.txt", "-e", ".[test]"]


def test_settings_of_pip_are_handed_to_uv(machine, monkeypatch):
    """Uv looks where pip would look; a setting of its own wins."""
    monkeypatch.setenv("PIP_INDEX_URL", "a")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "b")
    monkeypatch.setenv("PIP_FIND_LINKS", "c")
    monkeypatch.setenv("UV_FIND_LINKS", "own")
    monkeypatch.setenv("KEEP", "this")
    machine.run("test")
    for _, _, env in machine.steps:
        assert env["UV_INDEX_URL"] == "a"
        assert env["UV_EXTRA_INDEX_URL"] == "b"
        assert env["UV_INDEX_STRATEGY"] == "unsafe-best-match"
        assert env["UV_FIND_LINKS"] == "own"
        assert env["PIP_FIND_LINKS"] == "c"
        assert env["KEEP"] == "this"


@pytest.mark.parametrize("uv", [None, "/bin/uv"])
def test_a_bundle_installs_without_a_network(machine, uv):
    """Beside a folder of wheels, pip takes everything from there; uv would ask the network."""
    wheels = machine.folder / "wheels"
    wheels.mkdir()
    machine.has(uv=uv, free=100 * GB)
    assert machine.run("test") == (0, ["venv", "pip"])
    (venv, _, _), (pip, _, _) = machine.steps
    assert venv[1:3] == ["-m", "venv"]
    assert pip[4:7] == ["--no-index", "--find-links", str(wheels)]
    assert pip[7:] == ["-c", "constraints.txt", "-e", ".[test]"]


LAB = ["-m", "jupyterlab", "--ServerApp.root_dir=.", "--LabApp.default_url=/lab/tree/notebooks"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("test", ["-m", "pytest", "--nbval"]),
        ("run", ["-m", "tools.run_notebooks"]),
        ("mutants", ["-m", "tools.mutants"]),
        ("everywhere", ["-m", "tools.everywhere"]),
        ("book", ["-m", "tools.book"]),
        ("browser", ["-m", "tools.browser"]),
        ("bundle", ["-m", "tools.bundle"]),
        ("lab", LAB),
    ],
)
def test_commands_are_these_and_extra_arguments_follow(machine, name, expected):
    """Each command is exactly this; whatever follows is passed on, options too."""
    machine.run(name)
    machine.run(name, "--no-browser", "-k", "x y", "--help")
    python = str(machine.python)
    whole = ["--cov"] if name == "test" else []  # only all tests together reach every line
    assert machine.commands == [
        [python, *expected, *whole],
        [python, *expected, "--no-browser", "-k", "x y", "--help"],
    ]


def test_status_of_the_command_is_passed_on(machine):
    """The exit status is the command's, so that a failed test run fails."""
    machine.status = 5
    assert machine.run("test")[0] == 5
    machine.status = 1
    assert machine.run("lab")[0] == 1


@pytest.mark.parametrize("arguments", [[], ["tset"]])
def test_unknown_command_installs_nothing(machine, capsys, arguments):
    """A mistyped command shows the three that exist, at once."""
    assert machine.run(*arguments) == (2, [])
    error = capsys.readouterr().err
    assert "lab" in error
    assert "run" in error


def test_interrupted_command_ends_by_itself(machine, monkeypatch):
    """Ctrl-C goes on waiting, as often as it is pressed, and keeps the status."""
    answers = iter([KeyboardInterrupt, KeyboardInterrupt, 3])

    def wait():
        answer = next(answers)
        if answer is KeyboardInterrupt:
            raise answer
        return answer

    fakes = SimpleNamespace(Popen=lambda *_, **__: SimpleNamespace(wait=wait))
    monkeypatch.setattr(machine.course, "subprocess", fakes)
    assert machine.course.run(["-m", "pytest"]) == 3


@pytest.mark.skipif(os.name == "nt", reason="signals differ there")
def test_real_interrupt_lets_the_command_finish(tmp_path):
    """A real Ctrl-C reaches a real command, which tidies up and sets the status."""
    shutil.copy(ROOT / "course.py", tmp_path)
    command = (
        "import sys, time\n"
        "try: print('up', flush=True); time.sleep(20)\n"
        "except KeyboardInterrupt: time.sleep(0.2); print('tidy', flush=True); sys.exit(7)"
    )
    driver = (
        f"import sys, course as c; c.PYTHON = sys.executable; sys.exit(c.run(['-c', {command!r}]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", driver],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        while process.stdout.readline() != "up\n":
            assert process.poll() is None
        time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)
        rest = process.stdout.read()
    assert rest == "tidy\n"
    assert process.returncode == 7


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 6, 15), (3, 10, 99)])
def test_old_python_is_turned_away(machine, version):
    """A Python that is too old is told what is needed before anything else happens."""
    machine.course.sys = SimpleNamespace(version_info=version, exit=sys.exit)
    message, steps = machine.run("test")
    assert f"this is Python {version[0]}.{version[1]};" in message
    assert "3.11 or newer" in message
    assert "py -3.12 course.py" in message
    assert steps == []


def test_oldest_python_of_the_project_is_accepted(machine):
    """course.py turns away what pyproject.toml turns away, and no more."""
    assert 'requires-python = ">=3.11"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    machine.course.sys = SimpleNamespace(**{**vars(sys), "version_info": (3, 11, 0)})
    assert machine.run("test")[0] == 0


@pytest.mark.parametrize(
    ("version", "here", "refused"),
    [
        ((3, 11, 9), "C:/Users/Jörg", True),
        ((3, 11, 9), "C:/Users/Joe", False),
        ((3, 12, 4), "C:/Users/Jörg", False),
    ],
)
def test_path_that_an_older_python_misreads_on_windows(machine, version, here, refused):
    """Only Windows, an older Python and a letter such as ö together are refused."""
    course = machine.course
    course.install = lambda: None
    course.run = lambda command: 0
    course.HERE = here
    course.sys = SimpleNamespace(**{**vars(sys), "version_info": version})
    assert machine.run("test")[0] == 0
    course.os = SimpleNamespace(name="nt")
    outcome, _ = machine.run("test")
    assert ("C:" in str(outcome)) == refused
    assert (outcome == 0) != refused


def test_windows_has_python_elsewhere(machine, monkeypatch):
    """On Windows the environment's Python is Scripts/python.exe."""
    assert machine.python.parts[-2:] == (
        ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    )
    with monkeypatch.context() as patch:
        patch.setattr(os, "name", "nt")
        python = load(machine.folder).PYTHON
    assert re.split(r"[/\\]", python)[-3:] == [".venv", "Scripts", "python.exe"]


def test_file_can_be_read_by_an_old_python():
    """An old Python would stop at newer syntax and never say what is needed."""
    tree = ast.parse(SOURCE, feature_version=(3, 6))
    nodes = list(ast.walk(tree))
    assert SOURCE.isascii()  # these three are for 2.7
    assert not any(isinstance(node, ast.JoinedStr) for node in nodes)
    assert not any(isinstance(node, ast.Name) and node.id == "print" for node in nodes)


def test_standard_library_is_enough():
    """course.py imports nothing that has to be installed first."""
    names = set()
    for node in ast.walk(ast.parse(SOURCE)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module.split(".")[0])
    assert names
    assert names <= sys.stdlib_module_names


def test_file_stays_small():
    """One can read it in a few minutes."""
    assert len(SOURCE.splitlines()) <= 150


BACKEND = '''
import os, zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    """Write a wheel that has nothing in it, with what pip asks for."""
    metadata = "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1\\nProvides-Extra: test\\n"
    kind = "Wheel-Version: 1.0\\nGenerator: tiny\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    with zipfile.ZipFile(os.path.join(folder, "tiny-1-py3-none-any.whl"), "w") as wheel:
        for name, text in {"METADATA": metadata, "WHEEL": kind, "RECORD": ""}.items():
            wheel.writestr("tiny-1.dist-info/" + name, text)
    return "tiny-1-py3-none-any.whl"
'''
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


@pytest.mark.skipif(not importlib.util.find_spec("ensurepip"), reason="this Python has no pip")
def test_real_run_from_nothing(tmp_path):
    """With real venv and pip, and a project that needs no network: install once, pass all on."""
    folder = tmp_path / "cöurse with spaces" if os.name != "nt" else tmp_path / "with spaces"
    (folder / "tools").mkdir(parents=True)
    (folder / "course.py").write_text(SOURCE.replace("NEEDED_GB = 3", "NEEDED_GB = 0"))
    (folder / "constraints.txt").touch()
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "backend.py").write_text(BACKEND)
    (folder / "tools" / "run_notebooks.py").write_text(
        "import sys\nprint(sys.prefix != sys.base_prefix, sys.argv[1:])\nsys.exit(3)\n"
    )
    env = dict(os.environ, PATH=str(tmp_path), PIP_NO_INDEX="1", PIP_CONFIG_FILE=os.devnull)
    env["PYTHONUTF8"] = "1"
    command = [sys.executable, "course.py", "run", "--fast", "a b"]

    runs = [
        subprocess.run(command, cwd=folder, env=env, capture_output=True, encoding="utf-8")
        for _ in range(2)
    ]

    for run in runs:
        assert run.returncode == 3, run.stdout + run.stderr
        assert run.stdout.endswith("True ['--fast', 'a b']\n")
    assert "[1/2]" in runs[0].stdout
    assert "Successfully installed tiny-1" in runs[0].stdout
    assert len(runs[1].stdout.splitlines()) == 2
