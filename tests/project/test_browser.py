"""The browser test in JupyterLab: starting and stopping the server, and what the script expects.

The browser test itself needs Chromium, node and npm; run it with `nox -s browser`.
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
from tools.learner_copies import FOLDED

SCRIPT = (ROOT / "tests" / "browser" / "check_lab.mjs").read_text("utf-8")


def test_jupyterlab_starts_with_default_settings_and_stops(tmp_path, monkeypatch):
    """The server requires its token, ignores the user's settings and is stopped afterwards."""
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


def test_kernels_have_the_variables_of_a_new_user(tmp_path, monkeypatch):
    """Kernels use the copied package and get no SEQCLF_ variables."""
    monkeypatch.setenv("SEQCLF_PROGRESS", "0")

    variables = browser.environment(tmp_path)

    assert not [name for name in variables if name.startswith("SEQCLF_")]
    assert variables["PYTHONPATH"] == str(tmp_path / "course")
    settings = Path(variables["JUPYTERLAB_SETTINGS_DIR"]) / browser.NOTIFICATIONS
    assert json.loads(settings.read_text("utf-8"))["fetchNews"] == "false"


@pytest.mark.parametrize(("code", "seconds"), [("input()", 1), ("", 60)])
def test_a_server_that_does_not_answer_shows_its_log(tmp_path, code, seconds):
    """A server that does not answer in time, or has ended, is reported with its log."""
    log = tmp_path / "log"
    log.write_text("port is taken")
    started = time.monotonic()

    with (
        subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as server,
        pytest.raises(RuntimeError, match="port is taken"),
    ):
        browser.wait_for(f"http://127.0.0.1:{browser.free_port()}", server, log, seconds=seconds)

    assert time.monotonic() - started < 30


def test_the_tour_gets_its_arguments_after_the_copies_are_made(monkeypatch, tmp_path):
    """The browser script runs after the copies are created, and its exit status is returned."""
    calls = []

    def run(command, cwd=None, check=False):
        calls.append((command, cwd))
        return SimpleNamespace(returncode=7)

    monkeypatch.setattr(book, "prepare_browser", lambda: None)
    monkeypatch.setattr(book, "chromium", lambda: "/chromium")
    monkeypatch.setattr(browser, "PICTURES", tmp_path / "pictures")
    monkeypatch.setattr(browser, "jupyterlab", lambda folder: nullcontext(("http://x", "token")))
    monkeypatch.setattr(browser, "copy_checkout", lambda root, folder: None)
    monkeypatch.setattr(subprocess, "run", run)

    assert browser.main(["04", "05"]) == 7

    (copies, course), ((node, script, *arguments), _) = calls
    assert (copies[1:], course.name) == (["-m", "tools.learner_copies"], "course")
    assert (node, Path(script).name) == ("node", "check_lab.mjs")
    places = [str(course), str(book.MODULES), "/chromium", str(tmp_path / "pictures")]
    assert arguments == ["http://x", "token", *places, "04", "05"]


def test_a_missing_chromium_is_reported_first(monkeypatch):
    """Without Chromium, the browser test ends before anything is copied or started."""
    monkeypatch.setattr(book, "obstacle", lambda: "Chromium is not installed")

    with pytest.raises(SystemExit, match="Chromium is not installed"):
        browser.main([])


def test_the_tour_looks_for_what_exists():
    """The notebooks, cells and folded answers named in the browser script exist."""
    texts = {path.stem: path.read_text("utf-8") for path in NOTEBOOKS}
    stops = re.findall(r'notebook: "(\w+)",\s+cell: "([^"]+)"', SCRIPT)
    assert len(stops) == 3
    for name, cell in stops:
        assert cell in texts[name]
    (beginning,) = re.findall(r"/\^(<details>.*?)/\.test", SCRIPT)
    assert FOLDED.startswith(beginning)
