"""Inject classic bugs into copies of the course: nox -s classic_bugs [-- NAME ...].

Each bug in tests/classic_bugs.toml must be detected by the unit tests and by the notebook that the
file names for it. Unlike the mutants of mutmut (nox -s mutants), which change one operator or
constant, these bugs are mistakes that people make.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

from tools.checkout import ROOT, copy_checkout

BUGS = tomllib.loads((ROOT / "tests" / "classic_bugs.toml").read_text("utf-8"))
PYTEST = ("-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider")
UNIT_TESTS = ("tests/lessons", "tests/extras", "seqclf_utils", "docs/error_messages.md")
LIMIT = 1800  # seconds; some bugs cause endless loops


def run(course: Path, arguments: list[str], limit: float = LIMIT) -> str:
    """Run pytest in a copy of the course.

    Args:
        course: The copy.
        arguments: Arguments of pytest.
        limit: Timeout in seconds.

    Returns:
        The first test or cell that failed, "timeout", or "" if all passed.
    """
    environment = os.environ | {"PYTHONPATH": str(course), "OMP_NUM_THREADS": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    command = [sys.executable, *PYTEST, *arguments]
    options = {"cwd": course, "env": environment, "start_new_session": True}
    with subprocess.Popen(command, **options, **pipes) as process:
        try:
            output, _ = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            return "timeout"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    if process.returncode == 0:
        return ""
    failed = re.search(r"^(?:FAILED|ERROR) (?:tests/|notebooks/)?(.+?)(?: - .*)?$", output, re.M)
    if not failed:
        raise RuntimeError(f"pytest ended with status {process.returncode}:\n{output[-2000:]}")
    return failed[1]


def own_tests(course: Path, module: str) -> list[str]:
    """Return the module's own test file, if any, which is most likely to detect its bugs."""
    folder = "extras" if module.startswith("extras/") else "lessons"
    path = f"tests/{folder}/test_{Path(module).stem}.py"
    return [path] if (course / path).exists() else []


def notebooks(course: Path, bug: dict, *, search: bool) -> list[str]:
    """List the notebooks to try: the one named for the bug or, with `search`, all of them."""
    number = "" if search else bug.get("notebook", "none")
    paths = (course / "notebooks").glob(f"{number}*.ipynb")
    return sorted(f"notebooks/{path.name}" for path in paths)


def try_out(name: str, snapshot: Path, *, search: bool) -> tuple[str, str, str]:
    """Inject one bug into a copy, and run the unit tests and notebooks there.

    Args:
        name: Name of the bug.
        snapshot: A copy of the course without bugs.
        search: Try every notebook, not only the notebook named for the bug.

    Returns:
        The name of the bug, and the unit test and the notebook cell that detected the bug ("" if
        none did).
    """
    bug = BUGS[name]
    with tempfile.TemporaryDirectory(prefix="bug-", ignore_cleanup_errors=True) as scratch:
        course = Path(scratch).resolve() / "course"
        shutil.copytree(snapshot, course)
        path = course / "seqclf_utils" / bug["file"]
        path.write_text(path.read_text("utf-8").replace(bug["old"], bug["new"]), "utf-8")
        kinds = [own_tests(course, bug["file"]), [*UNIT_TESTS]]
        unit = next(filter(None, (run(course, tests) for tests in kinds if tests)), "")
        chosen = notebooks(course, bug, search=search)
        nbval = next(filter(None, (run(course, ["--nbval", file]) for file in chosen)), "")
    return name, unit, nbval


def check_unbroken(snapshot: Path, names: list[str], *, search: bool) -> None:
    """Exit unless all tests pass on a copy without bugs."""
    show = [sys.executable, "-c", "import seqclf_utils; print(seqclf_utils.__file__)"]
    environment = os.environ | {"PYTHONPATH": str(snapshot)}
    used = subprocess.check_output(show, cwd=snapshot, env=environment, text=True)
    assert Path(used.strip()).is_relative_to(snapshot), f"not the copy: {used}"
    needed = {n for name in names for n in notebooks(snapshot, BUGS[name], search=search)}
    for tests in ([*UNIT_TESTS], *(["--nbval", notebook] for notebook in sorted(needed))):
        if failed := run(snapshot, tests):
            sys.exit(f"{failed} fails without any bug: repair that first")


def main(arguments: list[str] | None = None) -> int:
    """Try the bugs named on the command line; return 1 if any bug was not detected."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="bugs; all if none is named")
    parser.add_argument("--search", action="store_true", help="try all notebooks until one notices")
    options = parser.parse_args(arguments)
    names = options.names or list(BUGS)
    missed = 0
    with tempfile.TemporaryDirectory(prefix="course-") as folder:
        snapshot = Path(folder).resolve() / "course"
        copy_checkout(ROOT, snapshot)
        check_unbroken(snapshot, names, search=options.search)
        print("| bug | unit tests | notebook |\n| --- | --- | --- |", flush=True)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            work = partial(try_out, snapshot=snapshot, search=options.search)
            for name, unit, nbval in pool.map(work, names):
                expected = options.search or "notebook" in BUGS[name]
                missed += not unit or (expected and not nbval)
                nbval = nbval or ("**not noticed**" if expected else "none known")
                print(f"| {name} | {unit or '**not noticed**'} | {nbval} |", flush=True)
    print(f"\n{len(names)} bugs, {missed} not noticed as they should be")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
