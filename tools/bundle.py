"""Make a folder from which the course installs without a network: python course.py bundle [FOLDER].

It holds a copy of the course with all packages at the tested versions, and a README.txt. Wheels are
made for one kind of system and one version of Python: by default those of this machine. To ask for
others, add what `pip download` takes: --platform win_amd64 --python-version 3.12. README.txt says
where that ends.
"""

import argparse
import platform
import re
import subprocess
import sys
import time
from pathlib import Path

from tools.checkout import copy_checkout, pyproject

ROOT = Path(__file__).resolve().parent.parent
# Packages that others ask for on one system only, which constraints.txt does not name.
ONLY_THERE = {"win": ["colorama", "pywinpty"], "macosx": ["appnope"]}
README = """The course, to be installed without a network
=============================================

This bundle is for {kind}.
Another system, or another version of Python, needs a bundle of its own: see the end.

1. Copy the folder "course" to your own disk. A stick is slow, and about 3 GB must be free there.
2. Open a terminal in that copy.
3. Type

       python course.py lab

   (python3 or py, where Python is called so.) It finds the folder "wheels" beside it, takes every
   package from there, and asks no network for anything. The first time, that takes some minutes.

The notebooks alone, in an environment that you have made yourself:

       python -m pip install --no-index --find-links course/wheels seqclf-utils

What you may see:

- "No matching distribution found": the bundle is for another Python or another system than yours.
  Type  python --version  and compare it with the line at the top.
- "ensurepip is not available": on Debian and Ubuntu, install python3-venv. That needs a network
  once, or the disc of the system.
- Anything else: README.md in the folder "course" has a table of troubles.

A bundle for another kind of machine: the sure way is to type  python course.py bundle  on one of
that kind. From here you can try

       python course.py bundle other --platform win_amd64 --python-version 3.12

(for Macs with an Apple processor: --platform macosx_14_0_arm64). It takes all packages that the
course was tested with, and three that only Windows or only a Mac needs. Whether nothing is missing,
only a machine of that kind can say: try the bundle on one before the day.
"""


def requirements() -> list[str]:
    """List what a bundle for this machine holds; what these need themselves, pip finds out.

    Returns:
        Dependencies, the test extra, and what builds the package, as in pyproject.toml.
    """
    text = pyproject(ROOT)
    project = text["project"]
    extra = project["optional-dependencies"]["test"]
    return [*project["dependencies"], *extra, *text["build-system"]["requires"]]


def elsewhere(target: str) -> list[str]:
    """List what a bundle for another machine holds.

    pip reads conditions such as "only on Linux" for the machine it runs on. So it is not asked what
    is needed: everything in constraints.txt is taken, and what one system alone needs.

    Args:
        target: A platform, such as "win_amd64"; "" for this one.

    Returns:
        Arguments for `pip download`.
    """
    text = pyproject(ROOT)
    only = next((names for start, names in ONLY_THERE.items() if target.startswith(start)), [])
    return ["--no-deps", "-r", "constraints.txt", *text["build-system"]["requires"], *only]


def fetch(wheels: Path, target: str, version: str) -> None:
    """Download all wheels at the tested versions, and build the one of the package itself.

    Args:
        wheels: Where to, made if it is missing.
        target: A platform other than this one, or "".
        version: A version of Python other than this one, or "".
    """
    pip = [sys.executable, "-m", "pip"]
    here = not (target or version)
    what = ["-c", "constraints.txt", *requirements()] if here else elsewhere(target)
    what += [f"--platform={target}"] if target else []
    what += [f"--python-version={version}"] if version else []
    download = [*pip, "download", "-q", "--only-binary=:all:", "-d", str(wheels), *what]
    subprocess.run(download, cwd=ROOT, check=True)
    own = [*pip, "wheel", "-q", "--no-deps", "-w", str(wheels), str(ROOT)]
    subprocess.run(own, cwd=ROOT, check=True)


def oldest_system(names: list[str]) -> str:
    """Say how old a system may be, from the names of the wheels.

    Args:
        names: Of all wheels in the bundle.

    Returns:
        Such as ", with glibc 2.28 or newer"; empty where no name says it.

    Example:
        >>> oldest_system(["a-1-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl"])
        ', with glibc 2.27 or newer'
    """
    found = [re.findall(r"(manylinux|macosx)_(\d+)_(\d+)", name) for name in names]
    lowest = [
        min((int(major), int(minor), kind) for kind, major, minor in tags) for tags in found if tags
    ]
    if not lowest:
        return ""
    major, minor, kind = max(lowest)
    return f", with {'glibc' if kind == 'manylinux' else 'macOS'} {major}.{minor} or newer"


def kind(wheels: Path, target: str, version: str) -> str:
    """Say which machines the bundle is for.

    Args:
        wheels: The folder of wheels.
        target: A platform other than this one, or "".
        version: A version of Python other than this one, or "".

    Returns:
        Such as "Linux (x86_64) and Python 3.11, with glibc 2.28 or newer".
    """
    here = {"Darwin": "macOS"}.get(platform.system(), platform.system())
    system = target or f"{here} ({platform.machine()})"
    python = version or "{}.{}".format(*sys.version_info)
    names = [path.name for path in wheels.glob("*.whl")]
    return f"{system} and Python {python}{oldest_system(names)}"


def make(folder: Path, target: str, version: str) -> str:
    """Make the whole bundle.

    Args:
        folder: Where to; it must not exist yet, or be empty.
        target: A platform other than this one, or "".
        version: A version of Python other than this one, or "".

    Returns:
        Which machines it is for.
    """
    print("[1/2] Copying the course ...", flush=True)
    copy_checkout(ROOT, folder / "course")
    wheels = folder / "course" / "wheels"
    print("[2/2] Downloading the packages (some minutes) ...", flush=True)
    fetch(wheels, target, version)
    machines = kind(wheels, target, version)
    (folder / "README.txt").write_text(README.format(kind=machines), "utf-8")
    return machines


def megabytes(folder: Path) -> int:
    """Add up the sizes of all files in a folder, in MB.

    Args:
        folder: Any folder.

    Returns:
        A whole number.
    """
    return round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6)


def main(arguments: list[str] | None = None) -> int:
    """Make the bundle that the command line asks for.

    Args:
        arguments: Command line, for tests.

    Returns:
        0, or the status of the step that failed.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "bundle")
    parser.add_argument("--platform", default="", help="another system, such as win_amd64")
    parser.add_argument("--python-version", default="", help="another Python, such as 3.12")
    wishes = parser.parse_args(arguments)
    if wishes.folder.exists() and any(wishes.folder.iterdir()):
        sys.exit(f"{wishes.folder} is there already: delete it, or name another folder.")
    started = time.monotonic()
    try:
        machines = make(wishes.folder, wishes.platform, wishes.python_version)
    except subprocess.CalledProcessError as error:
        print(f"The bundle is not finished. Delete {wishes.folder} before you try again.")
        return error.returncode
    seconds = time.monotonic() - started
    print(f"{wishes.folder}: {megabytes(wishes.folder)} MB for {machines}, {seconds:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
