"""Build the web book in docs/_build/html, and look at it: python course.py book [--check].

The book shows what is stored in the notebooks; nothing is executed. It works from the file system:
open docs/_build/html/index.html. With --check, every page is looked at in Chromium, in light and
dark, on a wide and on a narrow screen, which takes some minutes and needs node and npm.
"""

import argparse
import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from tools.checkout import pyproject

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "docs" / "_build"
BROWSER = ROOT / "tests" / "browser"
MODULES = BUILD / "browser" / "node_modules"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def needed() -> list[str]:
    """List what the book needs beyond the course, as pyproject.toml asks for it."""
    return pyproject(ROOT)["project"]["optional-dependencies"]["book"]


def missing() -> list[str]:
    """List what of it is not installed."""
    installed = {dist.metadata["Name"].lower() for dist in metadata.distributions()}
    return [line for line in needed() if Requirement(line).name.lower() not in installed]


def install() -> None:
    """Install what is missing at the tested versions; what is there already stays as it is."""
    if lines := missing():
        print(f"Installing {', '.join(lines)}, which only this command needs ...", flush=True)
        pip = [sys.executable, "-m", "pip", "install", "-q", "-c", "constraints.txt"]
        subprocess.run([*pip, *lines], cwd=ROOT, check=True)


def build(folder: Path = BUILD) -> int:
    """Build the book from nothing; a warning is an error, as it is mostly a link to nowhere.

    Args:
        folder: Where the folders html and doctrees are made.

    Returns:
        The exit status of Sphinx.
    """
    for name in ("html", "doctrees", "jupyter_execute"):
        shutil.rmtree(folder / name, ignore_errors=True)
    sphinx = ["sphinx", "-q", "-W", "--keep-going", "-c", "docs", "-d", str(folder / "doctrees")]
    command = [sys.executable, "-m", *sphinx, str(ROOT), str(folder / "html")]
    return subprocess.run(command, cwd=ROOT).returncode


def chromium() -> str | None:
    """Find Chromium, or Chrome; the environment variable CHROMIUM may name another place."""
    found = (shutil.which(name) for name in CHROMIUM)
    return os.environ.get("CHROMIUM") or next(filter(None, found), None)


def obstacle() -> str:
    """Say what is missing for a look in a browser, or nothing."""
    if not chromium():
        return "Chromium is not installed (the environment variable CHROMIUM can name its path)"
    tools = [name for name in ("node", "npm") if not shutil.which(name)]
    return f"{' and '.join(tools)} is not installed" if tools else ""


def install_from_npm(names: str, package: Path, modules: Path) -> None:
    """Install what a package.json names, at its versions, unless that is done already.

    Args:
        names: What it is, for the reader.
        package: The package.json.
        modules: The folder node_modules to install into.
    """
    wanted, stamp = package.read_bytes(), modules.parent / "package.json"
    if not (modules.exists() and stamp.exists() and stamp.read_bytes() == wanted):
        print(f"Installing {names} ...", flush=True)
        modules.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_bytes(wanted)
        npm = [shutil.which("npm"), "install", "--silent", "--no-save", "--no-package-lock"]
        subprocess.run(npm, cwd=modules.parent, check=True)


def install_browser_tools() -> None:
    """Install what looks at pages, beside the book."""
    install_from_npm("axe-core and playwright-core", BROWSER / "package.json", MODULES)


def prepare_browser() -> None:
    """Install what looks at pages, or end with the name of what only the user can install."""
    if text := obstacle():
        sys.exit(text)
    install_browser_tools()


def look(script: str, what: list, more: list) -> int:
    """Run one of the scripts in tests/browser.

    Args:
        script: Its name.
        what: What it looks at, as it wants that.
        more: What else it takes.

    Returns:
        Its exit status.
    """
    command = ["node", BROWSER / script, *what, MODULES, chromium(), *more]
    return subprocess.run([str(word) for word in command]).returncode


def check(words: list[str]) -> int:
    """Look at the pages whose names have one of the words, or at all; return the exit status."""
    prepare_browser()
    return look("check_book.mjs", [BUILD / "html"], words)


def main(words: list[str], *, look: bool) -> int:
    """Build the book, look at it if that is asked for, and return the exit status."""
    install()
    status = build()
    if status == 0:
        print(f"The book is in {BUILD / 'html' / 'index.html'}", flush=True)
        if "_OWNER_/" in (ROOT / "docs" / "book_pages.py").read_text("utf-8"):
            print("The repository has no address yet: links to Colab and Binder lead nowhere.")
    return status or (check(words) if look else 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="look at every page in Chromium")
    parser.add_argument("words", nargs="*", help='with --check: parts of page names, such as "04"')
    arguments = parser.parse_args()
    sys.exit(main(arguments.words, look=arguments.check))
