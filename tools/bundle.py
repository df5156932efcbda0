"""Create a folder from which the course installs offline: python course.py bundle [FOLDER].

The folder contains a copy of the course, the wheels that it needs, and a README.txt. The wheels are
for this system and this version of Python. For others, add options such as --platform win_amd64
--python-version 3.12.
"""

import argparse
import platform
import subprocess
import sys
from pathlib import Path

from tools.checkout import ROOT, copy_checkout

BUILDER = "flit_core>=3.11"  # builds the package where it is installed
# pip evaluates markers such as "only on Windows" for its own machine, so these must be listed.
ONLY_THERE = {"win": ["colorama", "pywinpty"], "macosx": ["appnope"]}


def commands(wheels: Path, target: str, version: str) -> list[list[str]]:
    """List the pip commands that download the wheels.

    Args:
        wheels: The folder.
        target: Another platform, such as "win_amd64"; "" for this one.
        version: Another version of Python, such as "3.12"; "" for this one.

    Returns:
        Command lines.
    """
    pip, to = [sys.executable, "-m", "pip"], str(wheels)
    if not (target or version):
        return [[*pip, "wheel", "-q", "-c", "constraints.txt", "-w", to, ".[test]", BUILDER]]
    only = next((names for start, names in ONLY_THERE.items() if target.startswith(start)), [])
    where = [f"--platform={target}"] if target else []
    where += [f"--python-version={version}"] if version else []
    download = [*pip, "download", "-q", "--no-deps", "--only-binary=:all:", "-d", to, *where]
    own = [*pip, "wheel", "-q", "--no-deps", "-w", to, "."]
    return [[*download, "-r", "constraints.txt", BUILDER, *only], own]


def make(folder: Path, target: str, version: str) -> str:
    """Create the bundle.

    Args:
        folder: Output folder, which must be empty or not exist.
        target: Another platform, or "".
        version: Another version of Python, or "".

    Returns:
        The supported machines, such as "Linux x86_64 and Python 3.11".
    """
    copy_checkout(ROOT, folder / "course")
    for command in commands((folder / "course" / "wheels").resolve(), target, version):
        subprocess.run(command, cwd=ROOT, check=True)
    system = target or f"{platform.system()} {platform.machine()}"
    machines = f"{system} and Python {version or '{}.{}'.format(*sys.version_info)}"
    text = (ROOT / "workshop" / "bundle_readme.txt").read_text("utf-8")
    (folder / "README.txt").write_text(text.format(machines=machines), "utf-8")
    return machines


def main(arguments: list[str] | None = None) -> int:
    """Create the bundle for the command line's options; return 0, or the exit status of pip."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "bundle")
    parser.add_argument("--platform", default="", help="another system, such as win_amd64")
    parser.add_argument("--python-version", default="", help="another Python, such as 3.12")
    options = parser.parse_args(arguments)
    if options.folder.exists() and any(options.folder.iterdir()):
        sys.exit(f"{options.folder} is not empty: delete it, or name another folder.")
    print("Copying the course and downloading the packages (some minutes) ...", flush=True)
    try:
        machines = make(options.folder, options.platform, options.python_version)
    except subprocess.CalledProcessError as error:
        print(f"The bundle is incomplete. Delete {options.folder} before you try again.")
        return error.returncode
    print(f"{options.folder}: a bundle for {machines}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
