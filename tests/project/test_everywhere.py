"""The same answer everywhere: a short run, and whether the tool notices what it should."""

import json
import shutil
import subprocess
import sys

import nbformat
import pytest

from tools import everywhere

TIME_ZONE, HASH_SEED = "time zone: Asia/Kathmandu", "hash seed: 1"


@pytest.fixture
def tiny_course(tmp_path, monkeypatch):
    """Make a course of one notebook, whose only output changes with the time zone."""
    cell = nbformat.v4.new_code_cell('import os\nprint(os.environ.get("TZ"))', execution_count=1)
    cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text="None\n")]
    root = tmp_path / "course"
    (root / "notebooks").mkdir(parents=True)
    shutil.copy(everywhere.ROOT / "pyproject.toml", root)
    notebook = nbformat.v4.new_notebook(cells=[cell])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, root / "notebooks" / "01_tiny.ipynb")
    monkeypatch.setattr(everywhere, "ROOT", root)
    return root


def test_notebook_02_agrees_with_an_old_processor():
    """No output changes under old processors' code, another hash seed, time zone and language."""
    command = ["tools.everywhere", "--quick", "--notebooks", "02", "--only", "old processor"]
    ended = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=everywhere.ROOT,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )

    print(ended.stdout, ended.stderr)
    assert ended.returncode == 0
    assert '| hash seed | 1 | `hash("dice") is that of seed`: 1 | passed' in ended.stdout


@pytest.mark.parametrize(
    ("fails_under", "expected"),
    [
        ([[TIME_ZONE]], {TIME_ZONE: "red", HASH_SEED: "passed (alone)"}),
        ([], dict.fromkeys([TIME_ZONE, HASH_SEED], "red, only together")),
        ([[]], dict.fromkeys([TIME_ZONE, HASH_SEED], "red, without any setting too")),
    ],
)
def test_the_setting_to_blame_is_named(fails_under, expected, tiny_course, tmp_path, monkeypatch):
    """A notebook that fails under one setting only is red for that one."""
    copies = []

    def run_notebooks(python, settings, names, plain, scratch):
        """Fail where it is said."""
        copies.append(scratch / "checkout" / "notebooks" / names[0])
        return ({names[0]: ["differs"]} if settings in fails_under else {}), names

    monkeypatch.setattr(everywhere, "run_notebooks", run_notebooks)
    settings, names = [TIME_ZONE, HASH_SEED], ["01_tiny.ipynb"]

    results = everywhere.culprits(sys.executable, settings, names, {}, tmp_path)

    assert {key: results[key] for key in settings} == expected
    assert all(copy.exists() for copy in copies)
    assert len(set(copies)) == len(copies)  # each time in a copy of its own


def test_an_output_that_follows_the_time_zone_is_red_under_another(tiny_course, tmp_path):
    """The setting reaches the kernel; the notebook, the cell and both outputs are reported."""
    everywhere.prepare(tmp_path / "checkout", [])
    settings, names = [TIME_ZONE, everywhere.ONE_BY_ONE], ["01_tiny.ipynb"]

    failed, order = everywhere.run_notebooks(sys.executable, settings, names, {}, tmp_path)

    assert order == names
    assert list(failed) == names
    for part in ("Cell 0", "None", "Asia/Kathmandu"):
        assert part in failed[names[0]][0]


def test_notebooks_that_did_not_run_are_red(tiny_course, tmp_path):
    """Where pytest itself stops, nothing has passed."""
    everywhere.prepare(tmp_path / "checkout", [])
    settings, names = [everywhere.ONE_BY_ONE], ["02_lost.ipynb"]

    failed, _ = everywhere.run_notebooks(sys.executable, settings, names, {}, tmp_path)

    assert "02_lost.ipynb" in "".join(failed["pytest itself"])


def test_a_variable_that_changes_nothing_is_no_effect(tmp_path):
    """OMP_NUM_THREADS=2 alone does not make the notebooks use two threads; the probe sees it."""
    everywhere.prepare(tmp_path / "checkout", [])  # not changed to ask for two

    found = everywhere.look(sys.executable, [everywhere.TWO_THREADS], {}, tmp_path)

    assert everywhere.row(everywhere.TWO_THREADS, found, "passed")[-1] == "no effect"


@pytest.mark.parametrize("result", ["red", "skipped: no reason", "passed", "passed (alone)"])
def test_what_had_an_effect_keeps_its_result(result):
    """Only what passed without an effect is renamed."""
    without = "no effect" if result.startswith("passed") else result
    assert everywhere.row("MKL: AVX2", {"MKL_VERBOSE": "AVX2"}, result)[-1] == result
    assert everywhere.row("MKL: AVX2", {"MKL_VERBOSE": "AUTO"}, result)[-1] == without


@pytest.mark.parametrize("has", ["DEFAULT", "AVX2", "AVX512"])
def test_code_that_would_crash_is_never_forced(has, monkeypatch, tmp_path):
    """A processor is only asked for what it has."""
    plain = {"get_cpu_capability()": has}
    monkeypatch.setattr(everywhere.platform, "machine", lambda: "x86_64")

    skipped = {
        code: everywhere.impossible(f"PyTorch code: {code}", plain, tmp_path) is not None
        for code in ("default", "AVX2", "AVX512")
    }

    assert skipped == {"default": False, "AVX2": has == "DEFAULT", "AVX512": has != "AVX512"}


def test_what_a_machine_does_not_allow_is_skipped(monkeypatch, tmp_path):
    """Without unshare the other settings still run, and the table says why two did not."""
    monkeypatch.setattr(everywhere.shutil, "which", lambda name: None)

    for setting in (everywhere.READ_ONLY, everywhere.OFFLINE):
        assert "unshare" in everywhere.impossible(setting, {}, tmp_path)
    assert everywhere.impossible(TIME_ZONE, {}, tmp_path) is None


def test_shuffled_notebooks_start_with_another_one():
    """The same notebooks in an order of the seed's own, none lost."""
    names = [f"{number:02d}.ipynb" for number in range(9)]
    orders = {json.dumps(everywhere.shuffled(names, seed)) for seed in range(5)}

    assert len(orders) == 5
    for order in map(json.loads, orders):
        assert sorted(order) == names
        assert names[0] not in order[:2]


def test_oldest_versions_are_the_floors():
    """Each direct dependency at its lower bound, PyTorch as asked for."""
    oldest = everywhere.requirements("oldest", "2.13.0")

    assert oldest[0] == "torch==2.13.0"
    assert all("==" in line and ">" not in line for line in oldest)
    assert len(oldest) == len(everywhere.requirements("newest", "2.13.0"))


def test_the_page_has_a_place_for_each_pass():
    """--write finds its markers."""
    page = everywhere.PAGE.read_text("utf-8")
    for name in everywhere.PASSES:
        assert page.count(f"<!-- {name}: begin -->\n") == 1
