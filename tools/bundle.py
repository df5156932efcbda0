"""Create a folder for installing the course offline: python course.py bundle [FOLDER].

The folder contains a copy of the course, the wheels that it needs, and a README.txt. The wheels are
for this system and this version of Python. For other systems or versions, add options such as
--platform win_amd64 macosx_14_0_arm64 --python-version 3.13. If you name several platforms, each
platform gets its own folder.
"""

import argparse
import os
import platform
import re
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

from tools.checkout import ROOT, copy_checkout

BUILDER = "flit_core>=3.11"  # builds the package where it is installed
# pip evaluates markers such as "only on Windows" for the machine it runs on, so list such packages
# here.
ONLY_THERE = {"win": ["colorama", "pywinpty"], "macosx": ["appnope"]}
IMPATIENT = ["--retries=1", "--timeout=15"]  # by default, pip tries for many minutes


def unreachable() -> str:
    """Describe the first configured package index that does not answer, or return ""."""
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        for address in os.environ.get(name, "").split():
            try:
                request = urllib.request.Request(address, method="HEAD")
                urllib.request.urlopen(request, timeout=15).close()
            except urllib.error.HTTPError:
                pass  # this is an answer; pip handles the error
            except OSError as error:
                return f"{address} does not answer ({error}). Check the network or {name}."
    return ""


def tags(target: str) -> list[str]:
    """List the platform tags of the wheels that run on a platform.

    pip itself adds the older versions of a platform only for macOS.

    Args:
        target: Platform, such as "manylinux_2_28_x86_64"; "" for this platform.

    Returns:
        Platform tags; PEP 600 says that a wheel for an older glibc also runs with a newer glibc.

    Example:
        >>> tags("manylinux_2_18_x86_64")
        ['manylinux_2_18_x86_64', 'manylinux_2_17_x86_64', 'manylinux2014_x86_64']
    """
    if not (linux := re.fullmatch(r"manylinux_2_(\d+)_(.+)", target)):
        return [target] if target else []
    glibc, machine = int(linux[1]), linux[2]
    older = [f"manylinux_2_{minor}_{machine}" for minor in range(glibc, 16, -1)]
    return [*older, f"manylinux2014_{machine}"]


def commands(wheels: Path, target: str, version: str) -> list[list[str]]:
    """List the pip commands that download the wheels.

    Args:
        wheels: The folder.
        target: Platform, such as "win_amd64"; "" for this platform.
        version: Version of Python, such as "3.12"; "" for this version.

    Returns:
        Command lines.
    """
    pip, to = [sys.executable, "-m", "pip"], str(wheels)
    wheel = [*pip, "wheel", "-q", *IMPATIENT, "-w", to]
    if not (target or version):
        return [[*wheel, "-c", "constraints.txt", ".[test]", BUILDER]]
    only = next((names for start, names in ONLY_THERE.items() if target.startswith(start)), [])
    where = [f"--platform={tag}" for tag in tags(target)]
    # pip reads 3.11 as 3.11.0, which some wheels do not support.
    latest = version if version.count(".") > 1 else f"{version}.99"
    where += [f"--python-version={latest}"] if version else []
    download = [*pip, "download", "-q", *IMPATIENT, "--no-deps", "--only-binary=:all:", "-d", to]
    return [
        [*download, *where, "-r", "constraints.txt", BUILDER, *only],
        [*wheel, "--no-deps", "."],
    ]


def make(folder: Path, target: str, version: str) -> str:
    """Create the bundle.

    Args:
        folder: Output folder, which must be empty or not exist.
        target: Platform; "" for this platform.
        version: Version of Python; "" for this version.

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
    """Create the bundles that the options ask for; return 0, or the exit status of pip."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "bundle")
    other = "other systems, such as win_amd64 macosx_14_0_arm64 manylinux_2_28_x86_64"
    parser.add_argument("--platform", nargs="+", default=[""], help=other)
    parser.add_argument("--python-version", default="", help="another Python, such as 3.13")
    options = parser.parse_args(arguments)
    if options.folder.exists() and any(options.folder.iterdir()):
        sys.exit(f"{options.folder} is not empty: delete it, or name another folder.")
    if problem := unreachable():
        sys.exit(problem)
    print("Copying the course and downloading the packages (some minutes) ...", flush=True)
    for target in options.platform:
        folder = options.folder / target if len(options.platform) > 1 else options.folder
        try:
            machines = make(folder, target, options.python_version)
        except subprocess.CalledProcessError as error:
            print(f"The bundle is incomplete. Delete {folder} before you try again.")
            return error.returncode
        print(f"{folder}: a bundle for {machines}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
