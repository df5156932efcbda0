"""Change every line of the package, one at a time, for the unit tests: mutmut, module by module.

mutmut keeps all mutants of a module in one file and forks a Python that has imported everything, so
that a mutant costs no more than the tests which call its function. A module is judged by its own
test file; that other tests happen to run through it counts for nothing. Survivors without an
explanation are tried once more, in a Python of their own, as what was called before the fork (while
the package was imported, or to fill a cache of the tests) is called without the mutant. So is what
took too long: mutants of progress.py run on and on after a fork, but fail at once on their own.
"""

import ast
import difflib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from tools import mutants
from tools.checkout import write_between
from tools.classic_bugs import ACCEPTED

MUTMUT = "mutmut>=3.8"
SITE = mutants.CACHE / "site"
STATUS = {0: "survived", 1: "killed", 3: "killed", 5: "survived", 33: "survived", None: "not run"}
STATUS |= dict.fromkeys((-24, 24, 36, 152, 255), "timeout")
OWN_TESTS = {
    "checks": ["tests/notebooks/test_exercises.py", mutants.BEHAVIOUR[0]],
    "figures": ["tests/lessons/test_plotting.py"],
    "training": ["tests/lessons/test_training.py", "tests/extras/test_checkpoints.py"],
}
PYTEST = ["-n", "0", "-q", "-p", "no:cacheprovider", "-p", "no:nbval", "-o", "addopts="]
# It follows the bytecode of fit, and mutmut puts a function of its own in that place.
PYTEST += ["--deselect", "tests/lessons/test_training.py::test_ctrl_c_anywhere"]
# It asks who called, and mutmut stands between.
PYTEST += ["--deselect", "tests/extras/test_live.py::test_the_warning_names_the_caller"]


def install_mutmut() -> None:
    """Install mutmut and what it brings along in a folder of its own: the course stays as it is."""
    if not SITE.exists():
        print(f"Installing {MUTMUT}, which only this command needs ...", flush=True)
        pip = [sys.executable, "-m", "pip", "install", "-q", "-c", "constraints.txt"]
        subprocess.run([*pip, "--target", str(SITE), MUTMUT], cwd=mutants.ROOT, check=True)


def modules(folder: Path) -> list[str]:
    """List the modules of the package, a sub-package as one."""
    paths = [p for p in (folder / "seqclf_utils").iterdir() if p.suffix == ".py" or p.is_dir()]
    code = [p for p in paths if p.stem != "__init__" and (p.suffix == ".py" or any(p.glob("*.py")))]
    return sorted(path.stem for path in code)


def own_tests(module: str) -> list[str]:
    """List the module's own tests."""
    return OWN_TESTS.get(module, [f"tests/test_{module}.py"])


def prepare(module: str, snapshot: Path) -> Path:
    """Make a copy in which mutmut is told what to change; the same one if nothing changed."""
    tests = own_tests(module)
    used = {test.partition("::")[0] for test in tests}
    digest = hashlib.sha256(repr((mutants.versions(), MUTMUT, tests)).encode())
    for pattern in ("seqclf_utils/**/*.py", "tests/**/*.py", "conftest.py"):
        for path in sorted(snapshot.glob(pattern)):
            if not path.name.startswith("test_") or f"tests/{path.name}" in used:
                digest.update(path.read_bytes())
    folder = mutants.CACHE / f"{module}-{digest.hexdigest()[:12]}"
    if not folder.exists():
        for old in mutants.CACHE.glob(f"{module}-*/"):
            shutil.rmtree(old)
        shutil.copytree(snapshot, folder)
        (folder / "setup.cfg").write_text(settings(module, folder))
        (mutants.CACHE / ".gitignore").write_text("*\n")
    return folder


def settings(module: str, folder: Path) -> str:
    """Return mutmut's settings file."""
    path = f"seqclf_utils/{module}"
    others = [p.name for p in folder.iterdir() if p.name not in ("seqclf_utils", "tests")]
    lists = {
        "source_paths": ["seqclf_utils"],
        "only_mutate": [f"{path}/*.py" if (folder / path).is_dir() else f"{path}.py"],
        "also_copy": [name for name in sorted(others) if not name.startswith(".")],
        "pytest_add_cli_args": PYTEST,
        "pytest_add_cli_args_test_selection": own_tests(module),
    }
    text = "".join(f"{key}=\n    " + "\n    ".join(lines) + "\n" for key, lines in lists.items())
    fixed = "process_isolation=fork\nuse_git_change_detection=false\n"
    # CPU seconds are 4 * (what the tests take without a mutant + 5): some loops become endless.
    fixed += "timeout_multiplier=2\ntimeout_constant=5\n"
    return f"[mutmut]\n{fixed}{text}"


def run_module(module: str, folder: Path) -> dict:
    """Let mutmut change one module; return the counts, and its survivors with what was changed."""
    started = time.monotonic()
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(mutants.CORES)]
    with (folder / "mutmut.log").open("w") as log:
        done = subprocess.run(command, cwd=folder, stdout=log, stderr=log, env=environment())
    found = {}
    for path in (folder / "mutants" / "seqclf_utils").rglob("*.py.meta"):
        found |= json.loads(path.read_text("utf-8"))["exit_code_by_key"]
    if not found or done.returncode not in (0, 1) or None in found.values():
        sys.exit(f"mutmut failed; see {folder / 'mutmut.log'}")
    status = {name: STATUS.get(code, "crashed") for name, code in found.items()}
    status |= try_again(status, module, folder)
    survivors = [name for name, how in status.items() if how == "survived"]
    counts = {how: list(status.values()).count(how) for how in ("killed", "timeout", "crashed")}
    changes = {name: change(name, folder) for name in survivors}
    seconds = round(time.monotonic() - started)
    return {"mutants": len(status), **counts, "survivors": changes, "seconds": seconds}


def environment() -> dict[str, str]:
    """Lead to mutmut, and to no other copy of the course."""
    return mutants.environment(SITE)


def try_again(status: dict[str, str], module: str, folder: Path) -> dict[str, str]:
    """Try what took too long and unexplained survivors again, each in a Python of its own."""
    command = ["-m", "pytest", "-x", *PYTEST, *own_tests(module)]
    late = [name for name, how in status.items() if how == "timeout"]
    alive = [name for name, how in status.items() if how == "survived"]
    unexplained = [name for name in alive if not reason(change(name, folder))]
    limit = 3600.0

    def work(name: str) -> str:
        path = f"{folder / 'mutants'}{os.pathsep}{SITE}"
        more = {"MUTANT_UNDER_TEST": name, "PYTHONPATH": path}
        code, _ = mutants.run(command, folder / "mutants", limit, **more)
        return "timeout" if code is None else "survived" if code == 0 else "killed"

    if late + unexplained:
        started = time.monotonic()
        if work("none") != "survived":
            sys.exit(f"{own_tests(module)} fail without a mutant in a Python of their own")
        limit = 10 + 3 * (time.monotonic() - started)
    return dict(mutants.in_parallel(work, late + unexplained))


def change(name: str, folder: Path) -> str:
    """Return the line that a mutant changes, after the change, with its function before it."""
    module, _, mutant = name.rpartition(".")
    path = folder / "mutants" / Path(*module.split(".")).with_suffix(".py")
    text = path.read_text("utf-8")
    found = {
        node.name: ast.get_source_segment(text, node).replace(node.name, "", 1).splitlines()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef)
        and node.name in (mutant, f"{mutant.rpartition('_')[0]}_orig")
    }
    before, after = found[f"{mutant.rpartition('_')[0]}_orig"], found[mutant]
    fresh = [line[2:].strip() for line in difflib.ndiff(before, after) if line.startswith("+ ")]
    function = mutant.partition("__mutmut")[0].removeprefix("x_").removeprefix("xǁ")
    function = function.replace("ǁ", ".")
    return f"{module.removeprefix('seqclf_utils.')}.{function}: {' '.join(fresh)}"


def reason(line: str) -> str:
    """Return why a survivor may live, if that is written down."""
    return next((why for pattern, why in ACCEPTED.items() if re.search(pattern, line)), "")


def report(found: dict[str, dict]) -> tuple[str, bool]:
    """Write the table and the list of survivors; say whether each of them is explained."""
    lines = ["| module | mutants | killed | timeout | crashed | survived | of them explained |"]
    lines += ["| --- | " + " | ".join(["---:"] * 6) + " |"]
    for module, row in found.items():
        changes = row["survivors"].values()
        counts = [row[how] for how in ("mutants", "killed", "timeout", "crashed")]
        counts += [len(changes), sum(bool(reason(line)) for line in changes)]
        lines.append(f"| {module} | {' | '.join(map(str, counts))} |")
    open_ones = [
        f"- `{line}`"
        for row in found.values()
        for line in row["survivors"].values()
        if not reason(line)
    ]
    lines += ["", f"Survivors without an explanation: {len(open_ones) or 'none'}.", *open_ones]
    return "\n".join(lines), not open_ones


def main(names: list[str], *, write: bool) -> int:
    """Run mutmut on the modules named, or on all; return the exit status."""
    install_mutmut()
    found = {}
    with mutants.snapshot_of_checkout() as snapshot:
        for module in names or modules(snapshot):
            folder = prepare(module, snapshot)
            row = mutants.kept(folder.name, partial(run_module, module, folder))
            found[module] = row
            text = f"{module}: {row['mutants']} mutants, {len(row['survivors'])} survived"
            print(f"{text} ({row['seconds']} s)", flush=True)
    table, well = report(found)
    print(table)
    if write:
        only = f" Only these modules: {', '.join(found)}." if names else ""
        seconds = sum(row["seconds"] for row in found.values())
        text = f"{mutants.stamp(seconds)}{only}\n\n{table}"
        write_between(mutants.PAGE, "every line", text)
    return 0 if well else 1
