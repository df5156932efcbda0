"""Break the package on purpose and see that the tests notice: python course.py mutants [NAME ...].

Each classic bug of tools/classic_bugs.py is put into a copy of the checkout. The unit tests must
fail there, and so must `pytest --nbval`, notebook by notebook, the quickest first; a notebook that
never calls the function with the bug is left out. With --all, mutmut changes every line of the
package, one at a time, for the unit tests alone.

Results are kept in .mutants/: what was broken off goes on, what did not change is not repeated.
"""

import argparse
import datetime
import hashlib
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from functools import partial
from importlib.metadata import version
from pathlib import Path

from tools import reached
from tools.checkout import copy_checkout, processor, write_between
from tools.classic_bugs import BUGS, EQUIVALENT, Bug

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "mutants.md"
CACHE = ROOT / ".mutants"
CORES = os.cpu_count() or 1
ENOUGH = 0.8  # of all classic bugs, the notebooks alone must notice so many
# Tests that compare texts would notice that a line differs, not that it is wrong: test_project has
# the style and the lists of names, test_mutants the bugs' own old lines, and of test_notebooks only
# the exercises run code of the package. Files that do not import the package are left out as well.
TEXT_ONLY = {"test_project.py", "test_mutants.py", "test_notebooks.py"}
SLOW = ("test_checkpoints.py", "test_trained.py", "test_distributed.py")
BEHAVIOUR = [
    "tests/notebooks/test_notebooks.py::test_checks_accept_the_solution",
    "tests/project/test_project.py::test_importing_the_package_changes_nothing",
]
# Every Python that starts in a copy, kernels and joblib's workers included, runs this first.
WATCHMAN = '''"""Stop if the package that would be imported is not the one in this copy."""
import importlib.util, os, pathlib, sys
spec = importlib.util.find_spec("seqclf_utils")
if spec is None or pathlib.Path(__file__).parent not in pathlib.Path(spec.origin).parents:
    sys.stderr.write(f"not the copy: {spec}\\n")
    os._exit(86)
'''
# One failing example is enough: Hypothesis need not look for a smaller one.
NO_SHRINKING = """

quick = [phase for phase in settings.default.phases if phase.name not in ("shrink", "explain")]
settings.register_profile("mutants", settings.default, phases=quick)
settings.load_profile("mutants")
"""
RUNNING: set[subprocess.Popen] = set()
LOCK = threading.Lock()


@contextmanager
def snapshot_of_checkout() -> Iterator[Path]:
    """Copy all files that git tracks or would track: whoever edits them may go on meanwhile."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as scratch:
        folder = Path(scratch).resolve()
        copy_checkout(ROOT, folder)
        (folder / "sitecustomize.py").write_text(WATCHMAN + reached.RECORDER)
        with (folder / "tests" / "conftest.py").open("a", encoding="utf-8") as file:
            file.write(NO_SHRINKING)
        yield folder


def unit_tests(folder: Path) -> list[str]:
    """List the tests that look at behaviour, those that take half a minute last."""
    uses = re.compile(r"^(from|import) seqclf_utils", re.M)
    paths = [p for p in (folder / "tests").glob("test_*.py") if uses.search(p.read_text("utf-8"))]
    paths = sorted(paths, key=lambda path: (path.name in SLOW, path.name))
    files = [f"tests/{path.name}" for path in paths if path.name not in TEXT_ONLY]
    return [*BEHAVIOUR[:1], *files]


def notebooks(folder: Path, numbers: Sequence[str] = ("",)) -> list[str]:
    """List the notebooks with these numbers, the quickest first, by the seconds that they name."""
    seconds = re.compile(r"minutes \| about (\d+) s \|")
    paths = sorted((folder / "notebooks").glob("*.ipynb"))
    paths.sort(key=lambda path: int(seconds.search(path.read_text("utf-8"))[1]))
    return [f"notebooks/{path.name}" for path in paths if path.name.startswith(tuple(numbers))]


def commands(kind: str, bug: Bug | None, folder: Path, limit: float) -> list[list[str]]:
    """Return what pytest is asked one after the other: the module's own tests first."""
    if kind != "unit":
        return [["--nbval", kind, f"--nbval-cell-timeout={limit:.0f}"]]
    own = [f"tests/test_{Path(bug.file).stem}.py"] if bug else []
    others = [test for test in unit_tests(folder) if test not in own]
    return [*([own] if own else []), [*others, BEHAVIOUR[1], "seqclf_utils"]]


def environment(folder: Path) -> dict[str, str]:
    """Let Python look into the copy before it looks for what is installed."""
    return dict(os.environ, PYTHONPATH=str(folder), OMP_NUM_THREADS="1")


def end(process: subprocess.Popen) -> None:
    """End a process and what it started; kernels notice that their parent is gone."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def run(command: list[str], folder: Path, limit: float, **more: str) -> tuple[int | None, str]:
    """Run Python in a copy; return its exit status, None if it took too long, and its output."""
    settings = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=folder,
        env=environment(folder) | more,
        start_new_session=True,
        **settings,
    )
    RUNNING.add(process)
    try:
        output, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        end(process)
        return None, process.communicate()[0]
    finally:
        RUNNING.discard(process)
    if process.returncode in (86, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT):
        raise RuntimeError(f"no result, exit status {process.returncode}:\n{output[-2000:]}")
    return process.returncode, output


def killer(status: int | None, output: str) -> str:
    """Name the test that failed: empty if none did."""
    if status == 0:
        return ""
    if status is None or re.search(r"Timeout of \S+ seconds exceeded", output):
        return "timeout"
    failed = re.search(r"^(?:FAILED|ERROR) (?:tests/|notebooks/)?(.+?)(?: - .*)?$", output, re.M)
    return failed[1].replace("|", "¦") if failed else f"exit status {status}"


def try_out(kind: str, bug: Bug | None, snapshot: Path, limit: float) -> dict:
    """Put a bug into a copy of the snapshot and run one kind of test there."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutant-", ignore_cleanup_errors=True) as scratch:
        folder, log = Path(scratch).resolve() / "course", Path(scratch, "reached")
        shutil.copytree(snapshot, folder)
        more = {reached.VARIABLE: str(log)} if bug is None and kind != "unit" else {}
        if bug:
            path = folder / "seqclf_utils" / bug.file
            path.write_text(path.read_text("utf-8").replace(bug.old, bug.new), "utf-8")
        for arguments in commands(kind, bug, folder, limit):
            options = ["-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider"]
            status, output = run([*options, *arguments], folder, 2 * limit, **more)
            by = killer(status, output)
            if by:
                break
        calls = reached.read(log)
    seconds = round(time.monotonic() - started, 1)
    if by and bug is None:
        sys.exit(f"{kind} fails without any bug. Repair that first.\n{output[-3000:]}")
    return {"by": by, "seconds": seconds} | ({"reached": calls} if more else {})


def fingerprint(kind: str, bug: Bug | None, snapshot: Path) -> str:
    """Hash a bug, the versions, and every file that the tests of this kind depend on."""
    digest = hashlib.sha256(repr((kind, bug, versions())).encode())
    patterns = ["seqclf_utils/**/*", "conftest.py", "pyproject.toml"]
    if kind == "unit":
        patterns += ["tests/**/*", "tools/train_model.py", "notebooks/*"]
    else:
        patterns += [kind, f"figures/{Path(kind).name[:2]}_*.png"]
    for path in sorted({path for pattern in patterns for path in snapshot.glob(pattern)}):
        if path.is_file() and path.name != "test_mutants.py":
            digest.update(path.relative_to(snapshot).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def versions() -> str:
    """Say what everything ran on."""
    return f"Python {platform.python_version()}, torch {version('torch').partition('+')[0]}"


def kept(key: str, work: Callable[[], dict]) -> dict:
    """Return a kept result, or do the work and keep what it gives."""
    path = CACHE / f"{key}.json"
    if not path.exists():
        text = json.dumps(work())
        with LOCK:
            CACHE.mkdir(exist_ok=True)
            (CACHE / ".gitignore").write_text("*\n")
            (CACHE / f"{key}.tmp").write_text(text)
            os.replace(CACHE / f"{key}.tmp", path)
    return json.loads(path.read_text())


def judge(kind: str, bug: Bug | None, snapshot: Path, limit: float, *, only_kept: bool) -> dict:
    """Try a bug out with one kind of test, unless that was done already."""
    key = fingerprint(kind, bug, snapshot)
    if only_kept and not (CACHE / f"{key}.json").exists():
        return {"by": "", "seconds": 0, "not run": True}
    return kept(key, lambda: try_out(kind, bug, snapshot, limit))


def in_parallel(work: Callable, items: list) -> Iterator[tuple]:
    """Yield each item with its result as it comes; end what still runs if something goes wrong."""
    with ThreadPoolExecutor(CORES) as pool:
        jobs = {pool.submit(work, item): item for item in items}
        try:
            for job in as_completed(jobs):
                yield jobs[job], job.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in list(RUNNING):
                end(process)
            raise


def run_kind(
    kind: str, bugs: list[Bug], snapshot: Path, *, only_kept: bool = False
) -> dict[str, dict]:
    """Run one kind of test without any bug, where it must pass, then with each of the bugs."""
    unbroken = judge(kind, None, snapshot, 3600, only_kept=only_kept)
    print(f"{kind}: passes without a bug, {unbroken['seconds']:.0f} s", flush=True)
    limit = 60 + 4 * unbroken["seconds"]
    within = [bug for bug in bugs if is_reached(bug, unbroken, snapshot)]
    found = {bug.name: {"by": "", "seconds": 0} for bug in bugs if bug not in within}
    work = partial(judge, kind, snapshot=snapshot, limit=limit, only_kept=only_kept)
    for bug, result in in_parallel(work, within):
        found[bug.name] = result
        by = f"killed by {result['by']}" if result["by"] else "survived"
        by = "not run" if "not run" in result else by
        print(f"  {bug.name}: {by} ({result['seconds']:.0f} s)", flush=True)
    return found


def is_reached(bug: Bug, unbroken: dict, snapshot: Path) -> bool:
    """Tell whether the run without a bug called the function that the bug is in."""
    text = (snapshot / "seqclf_utils" / bug.file).read_text("utf-8")
    place = reached.place(bug.file, text, bug.old)
    return place is None or place in unbroken.get("reached", [place])


def run_classic_bugs(
    bugs: list[Bug],
    *,
    unit_only: bool,
    numbers: Sequence[str] = ("",),
    only_kept: bool = False,
) -> list[dict]:
    """Try all bugs with the unit tests, then with one notebook after the other until one fails."""
    rows = {
        bug.name: {"bug": bug, "unit": "", "nbval": "", "seconds": 0.0, "missing": []}
        for bug in bugs
    }
    with snapshot_of_checkout() as snapshot:
        kinds = ["unit"] if unit_only else ["unit", *notebooks(snapshot, numbers)]
        for kind in kinds:
            column = "unit" if kind == "unit" else "nbval"
            alive = [bug for bug in bugs if not rows[bug.name][column]]
            found = run_kind(kind, alive, snapshot, only_kept=only_kept) if alive else {}
            for name, result in found.items():
                rows[name]["seconds"] += result["seconds"]
                if "not run" in result:
                    place = kind if kind == "unit" else Path(kind).name[:2]
                    rows[name]["missing"].append(place)
                place = kind if column == "nbval" and result["by"] == "timeout" else ""
                rows[name][column] = f"{place} {result['by']}".strip()
    return list(rows.values())


def report(rows: list[dict], *, unit_only: bool) -> tuple[str, bool]:
    """Write the table; say whether all is well."""
    lines = ["| bug | the mistake | unit tests | nbval |", "| --- | --- | --- | --- |"]
    for row in rows:
        bug, dead = row["bug"], "not run" if unit_only else "**survived**"
        missing = row.get("missing", [])
        if places := " ".join(place for place in missing if place != "unit"):
            dead = f"not run in {places}, survived the others"
        unit = row["unit"] or ("not run" if "unit" in missing else "**survived**")
        nbval = row["nbval"] or dead
        lines.append(f"| {bug.name} | {bug.mistake} ({bug.file}) | {unit} | {nbval} |")
    unit, nbval = ({r["bug"].name for r in rows if r[kind]} for kind in ("unit", "nbval"))
    neither = [row["bug"].name for row in rows if row["bug"].name not in unit | nbval]
    unexplained = [name for name in neither if name not in EQUIVALENT]
    counts = f"{len(rows)} bugs: {len(unit)} killed by the unit tests"
    if not unit_only:
        counts += f", {len(nbval)} by nbval, {len(unit & nbval)} by both"
    lines += [
        "",
        f"{counts}; {len(neither)} survived ({', '.join(neither) or 'none'}).",
        *(f"- {name}: {EQUIVALENT[name]}" for name in neither if name in EQUIVALENT),
    ]
    well = not unexplained and (unit_only or len(nbval) >= ENOUGH * len(rows))
    return "\n".join(lines), well


def stamp(seconds: float) -> str:
    """Say when and on what the figures were made."""
    hours, minutes = divmod(round(seconds / 60), 60)
    head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True)
    return (
        f"{datetime.date.today()}, commit {head.stdout.decode().strip() or 'unknown'}, "
        f"{versions()}, {processor()}, {CORES} CPUs: the runs add up to {hours} h "
        f"{minutes} min, {CORES} at a time."
    )


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; return the exit status."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("names", nargs="*", help="bugs, or with --all modules; all if none")
    parser.add_argument("--list", action="store_true", help="name the bugs and do nothing")
    parser.add_argument("--unit-only", action="store_true", help="leave out the notebooks")
    parser.add_argument("--notebooks", nargs="+", metavar="NN", default=[""], help="only these")
    parser.add_argument("--kept", action="store_true", help="run nothing, tell what is kept")
    parser.add_argument("--all", action="store_true", help="let mutmut change every line")
    parser.add_argument("--write", action="store_true", help="put the table into docs/mutants.md")
    options = parser.parse_args(arguments)
    if os.name == "nt":
        sys.exit("this command needs Linux or macOS; on Windows, run it in WSL")
    if options.write and not options.all and (options.names or options.unit_only):
        sys.exit("--write needs all results: leave out the names and --unit-only")
    if options.all:
        from tools import every_line

        return every_line.main(options.names, write=options.write)
    unknown = set(options.names) - {bug.name for bug in BUGS}
    if unknown:
        sys.exit(f"no bug is called {', '.join(sorted(unknown))}; --list names them all")
    bugs = [bug for bug in BUGS if not options.names or bug.name in options.names]
    if options.list:
        print("\n".join(f"{bug.name}: {bug.mistake} ({bug.file})" for bug in bugs))
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nothing is left running
    how = {"numbers": options.notebooks, "only_kept": options.kept}
    rows = run_classic_bugs(bugs, unit_only=options.unit_only, **how)
    table, well = report(rows, unit_only=options.unit_only)
    print(table)
    if options.write:
        asked = f" Only notebooks {', '.join(options.notebooks)}." if options.notebooks[0] else ""
        text = f"{stamp(sum(row['seconds'] for row in rows))}{asked}\n\n{table}"
        write_between(PAGE, "classic bugs", text)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
