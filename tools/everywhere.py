"""The same answer everywhere: python course.py everywhere [--quick] [--only PASS] [--write].

Runs the notebooks under settings that must not change any stored output: code for other
processors, two threads, other hash seeds, another time zone and language, no network, oldest and
newest versions. Settings that do not interact share a pass; a pass that fails is repeated one
setting at a time. Before each pass a probe looks whether the settings are in force: one that
changes nothing is reported as "no effect", not as passed. Everything happens in copies.
"""

import argparse
import datetime
import json
import os
import platform
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from tools.checkout import copy_checkout, processor, write_between

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "everywhere.md"
TWO_THREADS, ELSEWHERE, READ_ONLY = "threads: 2", "start folder: another", "checkout: read-only"
OFFLINE, ONE_BY_ONE, SHUFFLED = "network: none", "order: shuffled, one by one", "order: shuffled"
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
# pass: setting: (environment variables, which of the probe's findings shows it, its value then)
PASSES = {
    "old processor": {
        "threads: 1": ({"OMP_NUM_THREADS": "1"}, "torch.get_num_threads()", 1),
        "PyTorch code: default": (
            {"ATEN_CPU_CAPABILITY": "default"},
            "get_cpu_capability()",
            "DEFAULT",
        ),
        "MKL: compatible": ({"MKL_CBWR": "COMPATIBLE"}, "MKL_VERBOSE", "COMPATIBLE"),
        "oneDNN: SSE4.1": ({"ONEDNN_MAX_CPU_ISA": "SSE41"}, "ONEDNN_VERBOSE", "Intel SSE4.1"),
        "OpenBLAS: Nehalem": ({"OPENBLAS_CORETYPE": "Nehalem"}, "threadpool_info()", ["Nehalem"]),
        "NumPy code: baseline": ({"NPY_DISABLE_CPU_FEATURES": ""}, "numpy __cpu_features__", []),
        "hash seed: 1": ({"PYTHONHASHSEED": "1"}, 'hash("dice") is that of seed', "1"),
        "time zone: Asia/Kathmandu": ({"TZ": "Asia/Kathmandu"}, 'strftime("%z")', "+0545"),
        "locale: German, Latin-1": ({"LC_ALL": "de_DE"}, "locale", [",", "iso8859-1"]),
    },
    "middle-aged processor": {
        "PyTorch code: AVX2": ({"ATEN_CPU_CAPABILITY": "avx2"}, "get_cpu_capability()", "AVX2"),
        "MKL: AVX2": ({"MKL_CBWR": "AVX2"}, "MKL_VERBOSE", "AVX2"),
        "oneDNN: AVX2": ({"ONEDNN_MAX_CPU_ISA": "AVX2"}, "ONEDNN_VERBOSE", "Intel AVX2"),
        "OpenBLAS: Haswell": ({"OPENBLAS_CORETYPE": "Haswell"}, "threadpool_info()", ["Haswell"]),
        "hash seed: 2": ({"PYTHONHASHSEED": "2"}, 'hash("dice") is that of seed', "2"),
        ELSEWHERE: ({}, "inside the checkout", False),
        READ_ONLY: ({}, "a file can be made", False),
        OFFLINE: ({}, "routes to outside, to itself", [False, True]),
        SHUFFLED: ({}, "pytest began with the first two of many", True),
    },
    "two threads": {
        TWO_THREADS: (
            {"OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "passive"},
            "torch.get_num_threads()",
            2,
        ),
        "PyTorch code: AVX512": (
            {"ATEN_CPU_CAPABILITY": "avx512"},
            "get_cpu_capability()",
            "AVX512",
        ),
        "hash seed: 0": ({"PYTHONHASHSEED": "0"}, 'hash("dice") is that of seed', "0"),
        "locale: C, ASCII": (ASCII, "locale", [".", "ascii"]),
        ONE_BY_ONE: ({}, "pytest kept the shuffled order", True),
    },
    # Other versions of matplotlib place letters differently: stored figures are not compared.
    "oldest": {"versions: oldest": ({"SEQCLF_FIGURES": "off"}, "versions", "the floors")},
    "newest": {"versions: newest": ({"SEQCLF_FIGURES": "off"}, "versions", "newer")},
}
SETTINGS = {name: setting for settings in PASSES.values() for name, setting in settings.items()}


def requirements(kind: str, torch: str) -> list[str]:
    """List what to install: each direct dependency at its floor, or unpinned; PyTorch as named."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = project["dependencies"] + project["optional-dependencies"]["test"]
    pins = [line.replace(">=", "==") if kind == "oldest" else line for line in lines]
    return [f"torch=={torch}" if line.startswith("torch") else line for line in pins]


def probe() -> None:
    """Print what is in force in this process; MKL and oneDNN print lines of their own."""
    import codecs
    import contextlib
    import locale
    from importlib.metadata import version

    import numpy as np
    import scipy.linalg  # noqa: F401  (it brings an OpenBLAS of its own)
    import torch
    from packaging.version import Version
    from threadpoolctl import threadpool_info

    import seqclf_utils

    seqclf_utils.agree_across_machines()
    with contextlib.suppress(locale.Error):  # unknown here: the C locale stays in force
        locale.setlocale(locale.LC_ALL, "")
    encoding = codecs.lookup(locale.getpreferredencoding(False)).name
    square = torch.ones(64, 64, dtype=torch.float64)
    square @ square  # MKL speaks
    torch.nn.LSTM(2, 2, dtype=torch.float32)(torch.ones(1, 1, 2, dtype=torch.float32))  # oneDNN
    umath = (np._core if hasattr(np, "_core") else np.core)._multiarray_umath
    copy = Path(seqclf_utils.__file__).resolve().parent.parent
    pins = dict(line.split("==") for line in requirements("oldest", version("torch")))
    installed = {name: version(name) for name in pins}
    oldest = all(Version(installed[name]) == Version(pin) for name, pin in pins.items())
    cores = {library.get("architecture") for library in threadpool_info()}
    found = {
        "copy": str(copy),
        "installed": installed,
        "torch.get_num_threads()": torch.get_num_threads(),
        "get_cpu_capability()": torch.backends.cpu.get_cpu_capability(),
        "threadpool_info()": sorted(cores - {None}),
        "numpy __cpu_features__": [f for f in umath.__cpu_dispatch__ if umath.__cpu_features__[f]],
        'hash("dice") is that of seed': hash("dice"),
        'strftime("%z")': time.strftime("%z"),
        "locale": [locale.localeconv()["decimal_point"], encoding],
        "inside the checkout": copy in [Path.cwd(), *Path.cwd().parents],
        "a file can be made": can_write(copy),
        "routes to outside, to itself": [has_route("192.0.2.1"), has_route("127.0.0.1")],
        "versions": "the floors" if oldest else "newer",
    }
    print("\n" + json.dumps(found))


def can_write(folder: Path) -> bool:
    """Say whether a file can be made in a folder."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def has_route(address: str) -> bool:
    """Say whether there is a route to an address; nothing is sent."""
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        return end.connect_ex((address, 9)) == 0


def prepare(copy: Path, settings: list[str]) -> None:
    """Copy the course; with two threads, let the copy ask for two."""
    copy_checkout(ROOT, copy)
    if TWO_THREADS in settings:  # the notebooks choose one, whatever the environment says
        path = copy / "seqclf_utils" / "reproducibility.py"
        text = path.read_text("utf-8").replace("set_num_threads(1)", "set_num_threads(2)")
        path.write_text(text, "utf-8")


def isolation(copy: Path, settings: list[str]) -> list[str] | None:
    """Return a command prefix that takes away write access or network; None if not allowed."""
    flags, steps = [], []
    if READ_ONLY in settings:
        flags.append("--mount")
        steps += ['mount --bind "$0" "$0"', 'mount -o remount,bind,ro "$0"']
    if OFFLINE in settings:
        flags.append("--net")
        steps.append("ip link set lo up")  # kernels talk over the loopback device
    script = " && ".join([*steps, 'exec "$@"'])
    for user in ([], ["--map-root-user"]) if flags and shutil.which("unshare") else ():
        prefix = ["unshare", *user, *flags, "sh", "-c", script, str(copy)]
        if subprocess.run([*prefix, "true"], capture_output=True).returncode == 0:
            return prefix
    return None if flags else []


def environment(copy: Path, settings: list[str], plain: dict) -> dict[str, str]:
    """Return the environment of a pass; nothing of what any setting sets is inherited."""
    drop = {name for variables, _, _ in SETTINGS.values() for name in variables}
    kept = {name: value for name, value in os.environ.items() if name not in drop}
    kept = {k: v for k, v in kept.items() if not k.startswith(("PYTEST", "COV", "SEQCLF"))}
    kept["PYTHONPATH"] = str(copy)
    for setting in settings:
        kept |= SETTINGS[setting][0]
    if "NPY_DISABLE_CPU_FEATURES" in kept:
        kept["NPY_DISABLE_CPU_FEATURES"] = " ".join(plain["numpy __cpu_features__"])
    if kept.get("LC_ALL") == "de_DE":  # hardly ever installed, but easily built from its sources
        build = ["localedef", "-i", "de_DE", "-f", "ISO-8859-1", str(copy.parent / "de_DE")]
        if shutil.which("localedef") and subprocess.run(build, capture_output=True).returncode == 0:
            kept["LOCPATH"] = str(copy.parent)
        kept["PYTHONUTF8"] = "0"
    return kept


def execute(
    command: list[str], settings: list[str], plain: dict, scratch: Path, **extra: str
) -> subprocess.CompletedProcess:
    """Run a command in the copy, or beside it, under the settings."""
    copy = scratch / "checkout"
    return subprocess.run(
        (isolation(copy, settings) or []) + command,
        cwd=scratch if ELSEWHERE in settings else copy,
        env=environment(copy, settings, plain) | extra,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )


def look(python: str, settings: list[str], plain: dict, scratch: Path) -> dict:
    """Run the probe under the settings and return its findings."""
    command = [python, "-m", "tools.everywhere", "--probe"]
    ended = execute(command, settings, plain, scratch, MKL_VERBOSE="1", ONEDNN_VERBOSE="1")
    line = re.search(r'^\{"copy".*', ended.stdout, re.MULTILINE)
    if not line:
        sys.exit(f"the probe failed under {settings}:\n{ended.stdout[-500:]}{ended.stderr}")
    found = json.loads(line[0])
    assert Path(found["copy"]) == scratch / "checkout", "the probe imported another checkout"
    mkl = re.search(r"MKL_VERBOSE .* CNR:(\w+)", ended.stdout)
    onednn = re.search(r"onednn_verbose.*,isa:(.*)", ended.stdout)
    show, key = [python, "-c", "print(hash('dice'))"], 'hash("dice") is that of seed'
    for seed in "012":
        hashed = subprocess.check_output(show, env=os.environ | {"PYTHONHASHSEED": seed})
        found[key] = seed if found[key] == int(hashed) else found[key]
    return found | {"MKL_VERBOSE": mkl and mkl[1], "ONEDNN_VERBOSE": onednn and onednn[1]}


def impossible(setting: str, plain: dict, copy: Path) -> str | None:
    """Say why a setting cannot be tried on this machine; None if it can."""
    needs = {"AVX2": ("AVX2", "AVX512"), "Haswell": ("AVX2", "AVX512"), "AVX512": ("AVX512",)}
    code = setting.split(": ")[1]
    other = platform.machine() not in ("x86_64", "AMD64")
    if other and setting.startswith(("PyTorch", "oneDNN", "OpenBLAS")):
        return "needs an x86 processor"
    if code in needs and plain["get_cpu_capability()"] not in needs[code]:
        return f"this processor has no {code}"  # forced, it would crash
    if plain.get(SETTINGS[setting][1], True) in (None, []):
        return "not used by these builds"
    if isolation(copy, [setting]) is None:
        return "needs Linux, unshare and the right to use it"
    return None


def run_notebooks(
    python: str, settings: list[str], names: list[str], plain: dict, scratch: Path
) -> tuple[dict[str, list[str]], list[str]]:
    """Run notebooks of the copy; return what failed in which, and the order of the report."""
    report, failed, order = scratch / "report.xml", {}, []
    command = [python, "-m", "pytest", "--nbval", "-q", f"--junitxml={report}"]
    workers = 0 if ONE_BY_ONE in settings or len(names) == 1 else 2
    command += ["-n", str(workers), "-o", f"cache_dir={scratch / 'cache'}"]
    if SHUFFLED in settings and workers:
        command.append("--no-loadscope-reorder")  # else the longest notebook starts first
    paths = [str(scratch / "checkout" / "notebooks" / name) for name in names]
    ended = execute(command + paths, settings, plain, scratch)
    for case in ElementTree.parse(report).iter("testcase") if report.exists() else ():
        order.append(case.get("classname").split(".", 1)[-1])
        for problem in [*case.iter("failure"), *case.iter("error")]:
            text = re.sub(r"(#x1B|\x1b)\[[\d;]*m", "", problem.text or "")
            failed.setdefault(order[-1], []).append(f"{case.get('name')}: {text}")
    order = list(dict.fromkeys(order))
    if set(order) != set(names) or bool(ended.returncode) != bool(failed):
        failed["pytest itself"] = [ended.stdout[-3000:], ended.stderr[-3000:]]
    return failed, order


def culprits(
    python: str, settings: list[str], names: list[str], plain: dict, scratch: Path
) -> dict[str, str]:
    """Repeat failed notebooks without settings, then under one at a time; say what each did."""
    results = {}
    for alone in [[], *([setting] for setting in settings)]:
        print(f"  once more, with {alone or 'no setting'} ...", flush=True)
        fresh = Path(tempfile.mkdtemp(dir=scratch))
        prepare(fresh / "checkout", alone)
        failed, _ = run_notebooks(python, alone, names, plain, fresh)
        if failed and not alone:
            return dict.fromkeys(settings, "red, without any setting too")
        results["".join(alone)] = "red" if failed else "passed (alone)"
    together = "red" not in results.values()
    return dict.fromkeys(settings, "red, only together") if together else results


def install(kind: str, torch: str, folder: Path) -> str:
    """Make an environment with the oldest or the newest versions; return its Python."""
    subprocess.check_call([sys.executable, "-m", "venv", folder])
    python = str(folder / ("Scripts" if os.name == "nt" else "bin") / "python")
    subprocess.check_call([python, "-m", "pip", "install", "-q", *requirements(kind, torch)])
    return python


def shuffled(names: list[str], seed: int) -> list[str]:
    """Return the notebooks in another order; the usual first is not among the first two."""
    order, generator = list(names), random.Random(seed)
    while len(names) > 1 and names[0] in order[: min(2, len(names) - 1)]:
        generator.shuffle(order)
    return order


def run_pass(
    name: str, names: list[str], options: argparse.Namespace, plain: dict, scratch: Path
) -> tuple:
    """Run one pass; return the rows of its table, what failed, and a line about it."""
    started, python, copy = time.perf_counter(), sys.executable, scratch / "checkout"
    if name in ("oldest", "newest"):
        python = install(name, options.torch, scratch / "venv")
    prepare(copy, list(PASSES[name]))
    reasons = {setting: impossible(setting, plain, copy) for setting in PASSES[name]}
    settings = [setting for setting, reason in reasons.items() if not reason]
    found = look(python, settings, plain, scratch)
    asked = shuffled(names, options.seed) if {SHUFFLED, ONE_BY_ONE} & set(settings) else names
    print(f"{name}: {' '.join(asked)} ...", flush=True)
    failed, order = run_notebooks(python, settings, asked, plain, scratch)
    found[SETTINGS[SHUFFLED][1]] = len(asked) > 2 and bool(set(order[:1]) & set(asked[:2]))
    found[SETTINGS[ONE_BY_ONE][1]] = len(asked) > 1 and order == asked
    results = dict.fromkeys(settings, "red" if failed else "passed")
    if failed and len(settings) > 1 and "pytest itself" not in failed:
        results = culprits(python, settings, list(failed), plain, scratch)
    results |= {setting: f"skipped: {reason}" for setting, reason in reasons.items() if reason}
    rows = [row(setting, found, results[setting]) for setting in PASSES[name]]
    minutes = f"{(time.perf_counter() - started) / 60:.1f}"
    rows = [(*cells, minutes if cells is rows[0] else "") for cells in rows]
    return rows, failed, about(found["installed"], asked, options.seed)


def row(setting: str, found: dict, result: str) -> tuple[str, ...]:
    """Write one line of the table; what had no effect has not passed."""
    _, looked_at, expected = SETTINGS[setting]
    if result.startswith("passed") and found[looked_at] != expected:
        result = "no effect"
    how = "" if result.startswith("skipped") else f"`{looked_at}`: {found[looked_at]}"
    return *setting.split(": "), how, result


def about(installed: dict, asked: list[str], seed: int) -> str:
    """Say where, when and with which versions a pass ran."""
    versions = ", ".join(f"{name} {version}" for name, version in installed.items())
    return (
        f"{datetime.date.today()}, {processor()}, {os.cpu_count()} cores, "
        f"{platform.system()}. Notebooks {', '.join(name[:2] for name in asked)} (seed {seed}). "
        f"Python {platform.python_version()}, {versions}."
    )


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="course.py everywhere", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    pinned = re.search(r"(?m)^torch==(\S+)", (ROOT / "constraints.txt").read_text("utf-8"))[1]
    parser.add_argument("--only", choices=PASSES, help="one pass instead of all")
    parser.add_argument("--list", action="store_true", help="list the passes and their settings")
    parser.add_argument("--notebooks", nargs="+", metavar="NN", help="only these, such as 01 02")
    parser.add_argument("--quick", action="store_true", help="01 and 02, nothing is installed")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the shuffled order")
    parser.add_argument("--torch", default=pinned, help="PyTorch in the oldest and newest pass")
    parser.add_argument("--probe", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Run the passes, print what failed and the tables; status 1 if something is red."""
    options, red = arguments(), False
    if options.probe:
        return probe()
    if options.list:
        return print("\n".join(f"{name}: {'; '.join(PASSES[name])}" for name in PASSES))
    quick = [name for name in PASSES if name not in ("oldest", "newest")]
    numbers = tuple(options.notebooks or (("01", "02") if options.quick else ("",)))
    found = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
    names = [name for name in found if name.startswith(numbers)]
    with tempfile.TemporaryDirectory(prefix="seqclf-") as folder:
        prepare(Path(folder).resolve() / "checkout", [])
        plain = look(sys.executable, [], {}, Path(folder).resolve())
    for name in [options.only] if options.only else quick if options.quick else PASSES:
        with tempfile.TemporaryDirectory(prefix="seqclf-", ignore_cleanup_errors=True) as folder:
            rows, failed, line = run_pass(name, names, options, plain, Path(folder).resolve())
        for notebook, problems in failed.items():
            print(f"\n{notebook}", *problems, sep="\n")
        head = [("setting", "value", "how it was verified", "result", "minutes"), ("---",) * 5]
        text = "\n".join([line, "", *(f"| {' | '.join(cells)} |" for cells in head + rows)])
        print(f"\n{text}\n", flush=True)
        if options.write:
            write_between(PAGE, name, text)
        red = red or bool(failed)
    sys.exit(int(red))


if __name__ == "__main__":
    main()
