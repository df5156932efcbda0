"""The tour through JupyterLab: how its server is started and ended, and what it never touches.

The tour itself needs Chromium, node and npm; `python course.py browser` runs it.
"""

import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
from notebook_text import NOTEBOOKS, ROOT

from tools import book, browser

SCRIPT = (ROOT / "tests" / "browser" / "check_lab.mjs").read_text("utf-8")


def test_jupyterlab_is_started_as_new_and_ended(tmp_path, monkeypatch):
    """It answers to its token alone, knows no settings of the user's, and is gone afterwards."""
    monkeypatch.setenv("SEQCLF_PROGRESS", "0")
    (tmp_path / "course").mkdir()

    with browser.jupyterlab(tmp_path) as (address, token):
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(f"{address}/api/contents")
        with urllib.request.urlopen(f"{address}/api/contents?token={token}") as answer:
            assert json.load(answer)["content"] == []
        with urllib.request.urlopen(f"{address}/lab?token={token}") as answer:
            assert '"exposeAppInBrowser": true' in answer.read().decode()

    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"{address}/api")


def test_variables_of_someone_new(tmp_path, monkeypatch):
    """A wish about progress bars does not reach the kernels; the copy's package does."""
    monkeypatch.setenv("SEQCLF_PROGRESS", "0")
    monkeypatch.setenv("SEQCLF_FIGURES", "write")

    variables = browser.environment(tmp_path)

    assert not [name for name in variables if name.startswith("SEQCLF_")]
    assert variables["PYTHONPATH"] == str(tmp_path / "course")
    settings = Path(variables["JUPYTERLAB_SETTINGS_DIR"]) / browser.NOTIFICATIONS
    assert json.loads(settings.read_text("utf-8"))["fetchNews"] == "false"


def test_a_server_that_never_answers_shows_its_log(tmp_path):
    """What it wrote last is what helps."""
    log = tmp_path / "log"
    log.write_text("port is taken")
    url = f"http://127.0.0.1:{browser.free_port()}"
    silent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)

    with silent as server, pytest.raises(RuntimeError, match="port is taken"):
        browser.wait_for(url, server, log, seconds=1)


def test_nobody_waits_for_a_server_that_has_ended(tmp_path):
    """Its log is shown at once."""
    log = tmp_path / "log"
    log.write_text("no such option")
    server = subprocess.Popen([sys.executable, "-c", ""])
    server.wait()
    started = time.monotonic()

    with pytest.raises(RuntimeError, match="no such option"):
        browser.wait_for("http://127.0.0.1:9", server, log)

    assert time.monotonic() - started < 10


def test_words_and_places_reach_the_tour(monkeypatch, tmp_path):
    """What is run in the end, and that its status is passed on."""
    commands = []
    done = SimpleNamespace(returncode=7)
    monkeypatch.setattr(book, "obstacle", lambda: "")
    monkeypatch.setattr(book, "chromium", lambda: "/chromium")
    monkeypatch.setattr(book, "install_browser_tools", lambda: None)
    monkeypatch.setattr(browser, "PICTURES", tmp_path / "pictures")
    monkeypatch.setattr(browser, "jupyterlab", lambda folder: nullcontext(("http://x", "token")))
    monkeypatch.setattr(browser, "copy_checkout", lambda root, folder: None)
    monkeypatch.setattr(subprocess, "run", lambda command: commands.append(command) or done)

    assert browser.main(["04", "05"]) == 7

    ((node, script, address, token, course, *rest),) = commands
    assert (node, Path(script).name, address, token) == (
        "node",
        "check_lab.mjs",
        "http://x",
        "token",
    )
    assert Path(course).name == "course"
    assert rest == [str(book.MODULES), "/chromium", str(tmp_path / "pictures"), "04", "05"]


def test_without_chromium_it_says_so(monkeypatch):
    """Before anything is copied or started."""
    monkeypatch.setattr(book, "obstacle", lambda: "Chromium is not installed")

    with pytest.raises(SystemExit, match="Chromium is not installed"):
        browser.main([])


def test_the_tour_names_what_is_there():
    """Each notebook and cell that the script looks for exists."""
    texts = {path.stem: path.read_text("utf-8") for path in NOTEBOOKS}
    stops = re.findall(
        r'notebook: "(\w+)",\s+cell: "([^"]+)"|notebook: "(\w+)", cell: "([^"]+)"', SCRIPT
    )
    found = [tuple(filter(None, stop)) for stop in stops]
    assert len(found) == 3
    for name, cell in found:
        assert cell in texts[name]
