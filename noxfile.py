"""Commands for contributors, run by nox: `.venv/bin/nox -l` lists them, and `-s NAME` runs one.

To install nox, run `.venv/bin/python -m pip install -c constraints.txt -e ".[dev]"`. Arguments
after `--` are passed to the command, as in `.venv/bin/nox -s bench -- --quick`. Sessions with their
own environment download PyTorch again; UV_TORCH_BACKEND=cpu selects the small build. Commands for
learners and teachers are in course.py.
"""

import importlib
import shlex
import sys
from pathlib import Path

import nox

nox.options.sessions = []  # nothing runs by default, because some sessions take hours
ROOT = Path(__file__).resolve().parent
NBVAL = ("-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "--nbval", str(ROOT / "notebooks"))
# Environment variables that must not change any output, and a check that they take effect.
SETTINGS = {
    "old-processor": (
        "ATEN_CPU_CAPABILITY=default MKL_CBWR=COMPATIBLE ONEDNN_MAX_CPU_ISA=SSE41 "
        "OPENBLAS_CORETYPE=Nehalem PYTHONHASHSEED=1 TZ=Asia/Kathmandu",
        "torch.backends.cpu.get_cpu_capability() == 'DEFAULT' and time.strftime('%z') == '+0545'",
    ),
    "avx2-processor": (
        "ATEN_CPU_CAPABILITY=avx2 MKL_CBWR=AVX2 ONEDNN_MAX_CPU_ISA=AVX2 "
        "OPENBLAS_CORETYPE=Haswell PYTHONHASHSEED=2 LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0",
        "torch.backends.cpu.get_cpu_capability() == 'AVX2' and 'UTF' not in locale.getencoding()",
    ),
    "two-threads": (
        "OMP_NUM_THREADS=2 OMP_WAIT_POLICY=passive PYTHONHASHSEED=0",
        "torch.get_num_threads() == 2",
    ),
}
# Linux namespaces, which do not require root, simulate an offline machine and a read-only checkout.
OFFLINE = 'ip link set lo up && mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && "$@"'


def python(session: nox.Session, *arguments: str, **more) -> None:
    """Run the Python in which the course is installed, with the arguments after `--`."""
    session.run(sys.executable, *arguments, *session.posargs, external=True, **more)


def newer_instructions() -> str:
    """List the processor's instruction sets beyond those that NumPy requires."""
    umath = importlib.import_module("numpy._core._multiarray_umath")
    return " ".join(name for name in umath.__cpu_dispatch__ if umath.__cpu_features__[name])


@nox.session(venv_backend="none")
def bench(session):
    """Compare the pipeline's speed with that of other libraries (--quick: two minutes)."""
    python(session, "-m", "benchmarks.bench")


@nox.session(venv_backend="none")
def browser(session):
    """Work through the notebooks in JupyterLab and Chromium; -- 04 07 selects notebooks."""
    python(session, "-m", "tools.browser")


@nox.session(venv_backend="none")
def slides(session):
    """Build slides; -- --schedule half-day makes one deck, -- --check tests them in Chromium."""
    python(session, "-m", "tools.slides")


@nox.session(venv_backend="none")
def classic_bugs(session):
    """Check that the tests detect classic bugs in copies of the course; -- NAME selects one."""
    python(session, "-m", "tools.classic_bugs")


@nox.session(venv_backend="uv")
def mutants(session):
    """Mutate each line of the lesson modules with mutmut; -- model data selects modules."""
    session.install("-c", "constraints.txt", "-e", ".[test]", "mutmut>=3.8")
    session.run("python", "-m", "tools.mutants", *session.posargs)


@nox.session(venv_backend="none")
def random_inputs(session):
    """Run the property tests with 500 new examples each."""
    python(session, "-m", "pytest", "tests/lessons", "tests/extras", env={"SEQCLF_EXAMPLES": "500"})


@nox.session(venv_backend="none")
@nox.parametrize("setting", list(SETTINGS), ids=list(SETTINGS))
def everywhere(session, setting):
    """Check that the notebooks give the stored outputs with the settings of a different machine."""
    variables, check = SETTINGS[setting]
    env = dict(word.split("=") for word in shlex.split(variables))
    if setting == "old-processor":
        env["NPY_DISABLE_CPU_FEATURES"] = newer_instructions()
    check = f"import locale, time, torch; assert {check}, 'the settings are not in force'"
    session.run(sys.executable, "-c", check, env=env)
    python(session, *NBVAL, env=env)


@nox.session(venv_backend="none")
def offline(session):
    """Run the notebooks without a network in a read-only checkout (Linux)."""
    isolate = ["unshare", "--map-root-user", "--net", "--mount", "sh", "-c", OFFLINE, str(ROOT)]
    command = [sys.executable, *NBVAL, "-p", "no:cacheprovider", *session.posargs]
    session.run(*isolate, *command, external=True)


@nox.session(venv_backend="uv")
@nox.parametrize("resolution", ["lowest-direct", "highest"], ids=["oldest", "newest"])
def versions(session, resolution):
    """Run the notebooks with the oldest or the newest versions that pyproject.toml allows."""
    session.install("--resolution", resolution, "-e", ".[test]")
    # Figures are not compared, because other versions of matplotlib place text differently.
    session.run("python", *NBVAL, *session.posargs, env={"SEQCLF_FIGURES": ""})
