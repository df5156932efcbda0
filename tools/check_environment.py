"""Tell whether this Python can run the course: python tools/check_environment.py [--details].

Standard library only, and readable to an old Python, so that it can speak where everything else
fails. Where all is well it prints the same lines on every machine; --details adds versions, for a
bug report.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import re
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
NEEDED_GB = 0.5  # to save notebooks and figures; the packages are there already
NEWER_PYTHON = "Install a newer Python from https://www.python.org first."
ADVICE = [
    "What to do: in the folder of the course, type   python course.py lab",
    "That installs what is missing and opens the notebooks with the right Python.",
    "If it does not help, delete the folder .venv and type it again.",
    "(With conda: conda env create -f environment.yml, then conda activate seqclf, jupyter lab.)",
]
OTHER_PYTHON = (
    "By the way: this is not the Python in .venv, which course.py has set up for the course."
)


class Facts(NamedTuple):
    """What was found on this machine, and what the course needs.

    Attributes:
        python: Version of this Python.
        needed_python: Lowest version that will do.
        installed: Version of each needed package, None if it is missing.
        floors: Lowest version of each needed package that will do.
        import_error: What importing the helper package raised, "" if it imports.
        free_gb: Free disk space where the course lies.
        own_python: Whether this is the Python that course.py has set up.
    """

    python: str
    needed_python: str
    installed: dict[str, str | None]
    floors: dict[str, str]
    import_error: str
    free_gb: float
    own_python: bool


class NotReadyError(Exception):
    """Stops a notebook that would fail further down; shown without a traceback."""

    def _render_traceback_(self) -> list[str]:
        """Tell IPython what to show."""
        return [str(self)]


def release(version: str) -> tuple[int, ...]:
    """Read the numbers at the beginning of a version.

    Args:
        version: Such as "2.13.0+cpu".

    Returns:
        The numbers without zeros at the end, which can be compared.

    Example:
        >>> release("2.13.0+cpu"), release("2.6")
        ((2, 13), (2, 6))
    """
    numbers = [int(n) for n in re.match(r"(\d+(?:\.\d+)*)?", version)[0].split(".") if n]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def needs(pyproject: str) -> tuple[str, dict[str, str]]:
    """Read from pyproject.toml what the course needs to run.

    Args:
        pyproject: The file's text.

    Returns:
        Lowest version of Python, and lowest version of each package.
    """
    try:
        import tomllib
    except ImportError:  # older than 3.11, hence too old: no need to ask for packages
        return re.search(r'requires-python = ">=([\d.]+)"', pyproject)[1], {}
    project = tomllib.loads(pyproject)["project"]
    floors = dict(line.split(">=") for line in project["dependencies"])
    return project["requires-python"].replace(">=", ""), floors


def installed_version(package: str) -> str | None:
    """Ask for a package's version without importing it.

    Args:
        package: Its name at the package index.

    Returns:
        The version, None if the package is missing or only a ruin of it is left.
    """
    from importlib import metadata  # new in 3.8

    try:
        return metadata.version(package)
    except (metadata.PackageNotFoundError, KeyError):
        return None


def failure_of_import(module: str) -> str:
    """Import a module and catch whatever goes wrong.

    Args:
        module: Its name.

    Returns:
        "" if it imports, otherwise the error in one line.
    """
    try:
        importlib.import_module(module)
    except Exception as error:  # a broken library can raise anything
        return f"{type(error).__name__}: {error}".splitlines()[0]
    return ""


def gather() -> Facts:
    """Look at this machine.

    Returns:
        All that the verdict rests on.
    """
    needed_python, floors = needs((ROOT / "pyproject.toml").read_text("utf-8"))
    return Facts(
        python=platform.python_version(),
        needed_python=needed_python,
        installed={package: installed_version(package) for package in floors},
        floors=floors,
        import_error=failure_of_import("seqclf_utils"),
        free_gb=shutil.disk_usage(ROOT).free / 1e9,
        own_python=Path(sys.prefix).resolve() == ROOT / ".venv",
    )


def python_problems(facts: Facts) -> list[str]:
    """Say what is wrong with Python itself.

    Args:
        facts: What was found.

    Returns:
        One line, or none.
    """
    if release(facts.python) >= release(facts.needed_python):
        return []
    return [f"this is {facts.python}; the course needs {facts.needed_python} or newer"]


def package_problems(facts: Facts) -> list[str]:
    """Say which packages are missing or too old.

    Args:
        facts: What was found.

    Returns:
        One line a package that will not do.
    """
    lines = []
    for package, floor in facts.floors.items():
        version = facts.installed[package]
        if version is None:
            lines.append(f"{package} is missing; {floor} or newer is needed")
        elif release(version) < release(floor):
            lines.append(f"{package} is {version}; {floor} or newer is needed")
    return lines


def helper_problems(facts: Facts) -> list[str]:
    """Say why the course's own package does not import.

    Args:
        facts: What was found.

    Returns:
        One line, or none.
    """
    return [f"seqclf_utils does not import: {facts.import_error}"] if facts.import_error else []


def disk_problems(facts: Facts) -> list[str]:
    """Say whether notebooks can be saved.

    Args:
        facts: What was found.

    Returns:
        One line, or none.
    """
    if facts.free_gb >= NEEDED_GB:
        return []
    return [f"{facts.free_gb:.1f} GB are free; make room until {NEEDED_GB} GB are"]


def verdict(facts: Facts) -> tuple[list[str], bool]:
    """Put everything into plain words.

    Args:
        facts: What was found.

    Returns:
        Lines to print, and whether the course will run.
    """
    packages = package_problems(facts)
    parts = {
        "Python": (python_problems(facts), "new enough"),
        "Packages": (packages, f"all {len(facts.floors)} there and new enough"),
        "Helper package": (helper_problems(facts), "imports"),
        "Disk": (disk_problems(facts), "room enough"),
    }
    if parts["Python"][0]:  # everything else follows from that
        parts = {"Python": parts["Python"]}
    elif packages:  # the helper package cannot import without them
        del parts["Helper package"]
    lines = [
        f"{name}: {line}"
        for name, (problems, praise) in parts.items()
        for line in problems or [praise]
    ]
    failed = {name for name, (problems, _) in parts.items() if problems}
    if not failed:
        return [*lines, "Ready."], True
    return [*lines, "Not ready.", *advice(facts, failed)], False


def advice(facts: Facts, failed: set[str]) -> list[str]:
    """Say what to do.

    Args:
        facts: What was found.
        failed: Names of the parts that will not do.

    Returns:
        Lines to print, none if the line about the disk says it all.
    """
    if failed == {"Disk"}:
        return []
    lines = [NEWER_PYTHON] if "Python" in failed else []
    other = (ROOT / ".venv").exists() and not facts.own_python
    return [*lines, *ADVICE, *([OTHER_PYTHON] if other else [])]


def details(facts: Facts) -> list[str]:
    """List what a bug report should say.

    Args:
        facts: What was found.

    Returns:
        Lines to print; no paths, which may hold a person's name.
    """
    settings = [name for name in sorted(os.environ) if re.match("OMP_|MKL_|ATEN_|SEQCLF_", name)]
    return [
        f"Python {facts.python} ({platform.python_implementation()}) on {platform.platform()}",
        f"set up by course.py: {'yes' if facts.own_python else 'no'}",
        *(f"{p} {facts.installed[p]} (needed: {floor})" for p, floor in facts.floors.items()),
        f"processor cores: {os.cpu_count()} ({platform.machine()})",
        f"free disk: {facts.free_gb:.1f} GB",
        *(f"{name}={os.environ[name]}" for name in settings),
    ]


def check() -> None:
    """Print the verdict in a notebook, and stop the notebook if it would not run.

    Raises:
        NotReadyError: If something is missing; what, was printed.
    """
    lines, ready = verdict(gather())
    print("\n".join(lines))
    if not ready:
        raise NotReadyError("The notebook stops here. Repair the above, then start it again.")


def main(arguments: list[str] | None = None) -> int:
    """Print the verdict on the command line.

    Args:
        arguments: Command line, for tests.

    Returns:
        0 if the course will run, otherwise 1.
    """
    parser = argparse.ArgumentParser(description="Tell whether this Python can run the course.")
    parser.add_argument("--details", action="store_true", help="add versions, for a bug report")
    wishes = parser.parse_args(arguments)
    facts = gather()
    lines, ready = verdict(facts)
    print("\n".join([*lines, *(details(facts) if wishes.details else [])]))
    return 0 if ready else 1


if __name__ == "__main__":
    sys.exit(main())
