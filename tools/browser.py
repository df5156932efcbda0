"""Work through the notebooks in JupyterLab and Chromium: nox -s browser [-- WORDS ...].

In a copy of the course, this script runs all cells of each notebook, throws the die of notebook 00,
answers an exercise of notebook 02, stops training in notebook 04, and works through one of the
learner's copies. It saves screenshots in docs/_build/lab, takes up to half an hour, and needs node,
npm and Chromium. WORDS selects notebooks by parts of their names (`my_` for the learner's copy).
"""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools import book
from tools.checkout import copy_checkout

PICTURES = book.BUILD / "lab"
QUIET = '{"fetchNews": "false", "checkForUpdates": false}'  # so that JupyterLab shows no dialog
NOTIFICATIONS = Path("@jupyterlab", "apputils-extension", "notification.jupyterlab-settings")


def free_port() -> int:
    """Find an unused port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(folder: Path) -> dict[str, str]:
    """Return the environment variables of a new user of JupyterLab.

    Args:
        folder: Where JupyterLab stores its settings.
    """
    ours = {name: value for name, value in os.environ.items() if not name.startswith("SEQCLF_")}
    places = ("JUPYTER_CONFIG_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    kept = {name: str(folder / name.lower()) for name in (*places, "JUPYTER_RUNTIME_DIR")}
    settings = Path(kept["JUPYTERLAB_SETTINGS_DIR"], NOTIFICATIONS)
    settings.parent.mkdir(parents=True)
    settings.write_text(QUIET)
    return ours | kept | {"PYTHONPATH": str(folder / "course")}


@contextmanager
def jupyterlab(folder: Path) -> Iterator[tuple[str, str]]:
    """Run JupyterLab in the copy of the course.

    Args:
        folder: Parent of the copy, `course`.

    Yields:
        The address and the token of the server.

    Raises:
        RuntimeError: If JupyterLab ends, or does not answer within a minute.
    """
    port, token = free_port(), secrets.token_hex(16)
    address = f"http://127.0.0.1:{port}"
    options = ["--no-browser", "--expose-app-in-browser", f"--ServerApp.port={port}"]
    options += ["--ServerApp.port_retries=0", f"--IdentityProvider.token={token}", "--allow-root"]
    command = [sys.executable, "-m", "jupyterlab", *options, "--ServerApp.root_dir=."]
    with (folder / "jupyterlab.log").open("w") as log:
        server = subprocess.Popen(
            command, cwd=folder / "course", stdout=log, stderr=log, env=environment(folder)
        )
        try:
            wait_for(f"{address}/api?token={token}", server, folder / "jupyterlab.log")
            yield address, token
        finally:
            server.terminate()
            server.wait(30)


def wait_for(url: str, server: subprocess.Popen, log: Path, *, seconds: int = 60) -> None:
    """Wait until a server answers."""
    end = time.monotonic() + seconds
    while server.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.25)
    raise RuntimeError(f"JupyterLab does not answer:\n{log.read_text('utf-8')[-2000:]}")


def main(words: list[str]) -> int:
    """Work through the selected notebooks, or all, and return the exit status."""
    book.prepare_browser()
    shutil.rmtree(PICTURES, ignore_errors=True)
    PICTURES.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder, "course")
        copy_checkout(book.ROOT, course)
        subprocess.run([sys.executable, "-m", "tools.learner_copies"], cwd=course, check=True)
        with jupyterlab(Path(folder)) as (address, token):
            status = book.look("check_lab.mjs", [address, token, course], [PICTURES, *words])
    print(f"Pictures: {PICTURES}")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
