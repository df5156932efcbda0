"""Check whether this Python can run the course.

In a notebook, run `%run ../tools/check_environment.py`; elsewhere, run
`python tools/check_environment.py [--details]`. With --details, the script also prints versions for
a bug report.

This script must run even if nothing else does, so it uses only the standard library and the syntax
of Python 3.7.
"""

import hashlib
import importlib
import os
import platform
import re
import shutil
import sys
import uuid
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = (ROOT / "pyproject.toml").read_text("utf-8")
NEEDED_PYTHON = re.search(r'requires-python = ">=([\d.]+)"', PYPROJECT)[1]
DEPENDENCIES = PYPROJECT.partition("\ndependencies = [")[2].partition("\n]")[0]
NEEDED = dict(re.findall(r'^    "([\w-]+)>=([\d.]+)"', DEPENDENCIES, flags=re.M))
NEEDED_GB = 0.5  # to save notebooks and figures; the packages are already installed
ADVICE = """What to do: in the folder of the course, type   python course.py lab
This installs what is missing and opens the notebooks with the right Python. If it does not help,
delete the folder .venv and type it again. (With conda: conda env create -f environment.yml.)
"""


def release(version):
    """Parse a version for comparison: "2.13.0+cpu" becomes (2, 13, 0)."""
    return tuple(int(number) for number in re.findall(r"\d+", re.match(r"[\d.]*", version)[0]))


def installed_version(package):
    """Return a package's version without importing it, or "" if it is not installed."""
    from importlib import metadata  # new in Python 3.8

    try:
        return metadata.version(package)
    except (metadata.PackageNotFoundError, KeyError):  # KeyError: the package is incomplete
        return ""


def package_problems():
    """List required packages that are missing or too old."""
    found = []
    for package, floor in NEEDED.items():
        version = installed_version(package)
        if not version:
            found.append(f"{package} is missing; {floor} or newer is needed")
        elif release(version) < release(floor):
            found.append(f"{package} is {version}; {floor} or newer is needed")
    return found


def import_problems():
    """Import the course's package and describe any error in one line."""
    try:
        importlib.import_module("seqclf_utils")
    except Exception as error:  # a broken library can raise anything
        return [f"seqclf_utils does not import: {type(error).__name__}: {error}".splitlines()[0]]
    return []


def installation_problems():
    """List problems that reinstalling can solve, but not errors that result from other problems."""
    python = platform.python_version()
    if release(python) < release(NEEDED_PYTHON):
        text = "this is Python {}; install {} or newer first, from https://www.python.org"
        return [text.format(python, NEEDED_PYTHON)]
    found = package_problems() or import_problems()
    if found and (ROOT / ".venv").exists() and Path(sys.prefix).resolve() != ROOT / ".venv":
        found.append("this is not the Python in .venv, which course.py has set up")
    return found


def disk_problems():
    """Report a problem if the disk is too full to save a notebook."""
    free = shutil.disk_usage(ROOT).free / 1e9
    return [f"{free:.1f} GB are free; {NEEDED_GB} GB are needed"] if free < NEEDED_GB else []


def ready_line():
    """Return a line for the teacher with a code that depends on the day and the machine."""
    import torch

    device = "GPU" if torch.cuda.is_available() else "CPU"
    system = f"{platform.system().replace('Darwin', 'macOS')} {platform.machine()}"
    python = ".".join(platform.python_version_tuple()[:2])
    facts = f"{system}, Python {python}, torch {torch.__version__.partition('+')[0]} {device}"
    fresh = f"{date.today()} {platform.node()} {uuid.getnode()} {facts}"
    return f"Ready: {facts}, code {hashlib.sha256(fresh.encode()).hexdigest()[:4].upper()}"


def details():
    """List versions and settings for a bug report, without paths, which can contain user names."""
    settings = [name for name in sorted(os.environ) if re.match("OMP_|MKL_|ATEN_|SEQCLF_", name)]
    return [
        f"{platform.python_implementation()} {platform.python_version()} on {platform.platform()}",
        *(f"{name} {installed_version(name)} (needed: {floor})" for name, floor in NEEDED.items()),
        f"processor cores: {os.cpu_count()} ({platform.machine()})",
        f"free disk: {shutil.disk_usage(ROOT).free / 1e9:.1f} GB",
        *(f"{name}={os.environ[name]}" for name in settings),
    ]


def main(arguments):
    """Print one line if all is well, or the problems if not; return the exit status."""
    installation = installation_problems()
    problems = installation + disk_problems()
    if problems:
        print("Not ready:", *("- " + line for line in problems), sep="\n")
        print(ADVICE if installation else "", end="")
    else:
        print(ready_line())
    if "--details" in arguments:
        print("\n".join(details()))
    return 1 if problems else 0


if __name__ == "__main__":
    in_notebook = "IPython" in sys.modules  # before the package imports it
    status = main(sys.argv[1:])
    if not in_notebook:  # a notebook would show the exit status as an error
        sys.exit(status)
