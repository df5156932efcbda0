"""Build the web book in docs/_build/html: python course.py book [--check].

Sphinx and myst-nb, which the first build installs, convert the pages and the notebooks with their
stored outputs, without executing the notebooks. To read the book, open docs/_build/html/index.html;
no server is needed. --check tests each page in Chromium in light and dark mode, and in wide and
narrow windows. It needs node and npm.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from tools.checkout import ROOT

BUILD = ROOT / "docs" / "_build"
BROWSER = ROOT / "tests" / "browser"
MODULES = BROWSER / "node_modules"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def needed() -> list[str]:
    """List the requirements of the book from pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return project["optional-dependencies"]["book"]


def install() -> None:
    """Install missing requirements at the tested versions."""
    pip = [sys.executable, "-m", "pip", "install", "-q", "-c", "constraints.txt"]
    subprocess.run([*pip, *needed()], cwd=ROOT, check=True)


def build(folder: Path = BUILD) -> int:
    """Build the book from scratch, treating warnings, such as broken links, as errors.

    Args:
        folder: Parent of the output folders html and doctrees.

    Returns:
        The exit status of Sphinx.
    """
    for name in ("html", "doctrees", "jupyter_execute"):
        shutil.rmtree(folder / name, ignore_errors=True)
    sphinx = ["sphinx", "-q", "-W", "--keep-going", "-c", "docs", "-d", str(folder / "doctrees")]
    command = [sys.executable, "-m", *sphinx, str(ROOT), str(folder / "html")]
    return subprocess.run(command, cwd=ROOT).returncode


def chromium() -> str | None:
    """Find Chromium or Chrome, or use the path in the environment variable CHROMIUM."""
    found = (shutil.which(name) for name in CHROMIUM)
    return os.environ.get("CHROMIUM") or next(filter(None, found), None)


def obstacle() -> str:
    """Describe what is missing for browser tests; return "" if nothing is missing."""
    if not chromium():
        return "Chromium is not installed (the environment variable CHROMIUM can name its path)"
    tools = [name for name in ("node", "npm") if not shutil.which(name)]
    return f"{' and '.join(tools)} is not installed" if tools else ""


def npm_install(folder: Path) -> Path:
    """Install the packages in a folder's package.json.

    Args:
        folder: The folder.

    Returns:
        The subfolder node_modules.
    """
    npm = shutil.which("npm") or sys.exit("npm is not installed")
    command = [npm, "install", "--silent", "--no-package-lock"]
    subprocess.run(command, cwd=folder, check=True)
    return folder / "node_modules"


def install_browser_tools() -> None:
    """Install axe-core and playwright-core."""
    npm_install(BROWSER)


def prepare_browser() -> None:
    """Install the browser tools, or exit if Chromium, node or npm is missing."""
    if text := obstacle():
        sys.exit(text)
    install_browser_tools()


def look(script: str, what: list, more: list) -> int:
    """Run one of the scripts in tests/browser.

    Args:
        script: Name of the script.
        what: What the script tests.
        more: Further arguments.

    Returns:
        The script's exit status.
    """
    command = ["node", BROWSER / script, *what, MODULES, chromium(), *more]
    return subprocess.run([str(word) for word in command]).returncode


def main(words: list[str], *, check: bool) -> int:
    """Build the book, optionally test it, and return the exit status."""
    install()
    if status := build():
        return status
    print(f"The book is in {BUILD / 'html' / 'index.html'}", flush=True)
    if check:
        prepare_browser()
        return look("check_book.mjs", [BUILD / "html"], words)
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="look at every page in Chromium")
    parser.add_argument("words", nargs="*", help='with --check: parts of page names, such as "04"')
    arguments = parser.parse_args()
    sys.exit(main(arguments.words, check=arguments.check))
