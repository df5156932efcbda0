"""The entry point of the course: python course.py lab | test | run | book | bundle.

lab     open your copies of the notebooks in my_notebooks/ (--sources: the originals)
test    run every notebook, compare its outputs with the stored ones, and run the unit tests
run     execute every notebook and rewrite its stored outputs and figures/
book    build the course as a web book in docs/_build/html
bundle  create a folder for installing the course on other machines without a network

The first run of a command creates a virtual environment in .venv and installs the tested versions
there. It needs only Python 3.11 or newer, and it uses uv if uv is on the PATH.
"""

import argparse
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(HERE, ".venv")
PYTHON = os.path.join(VENV, *(("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")))
UNFINISHED = os.path.join(VENV, "course-unfinished")  # exists during an installation
WHEELS = os.path.join(HERE, "wheels")  # packages of an offline bundle
STAMP = os.path.join(VENV, "course-installed")  # fingerprint of the last complete installation
NEWEST = (3, 14)  # the newest Python that the course is tested with
CPU_GB, CUDA_GB = 2, 6  # .venv: 1.6 GB, or 5.3 GB with PyTorch for NVIDIA GPUs, plus downloads
SMALLER = " (%d for the CPU build: SEQCLF_TORCH=cpu python3 course.py lab)" % CPU_GB
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
BUILDS = {  # builds of PyTorch on Linux, by value of SEQCLF_TORCH
    "cpu": "the small CPU build of PyTorch. To use an NVIDIA GPU, delete .venv and type\n"
    "  SEQCLF_TORCH=cuda python3 course.py lab",
    "cuda": "the build of PyTorch for NVIDIA GPUs, a 3 GB download. The CPU build is\n"
    "  enough for the course: delete .venv and type SEQCLF_TORCH=cpu python3 course.py lab",
}
COMMANDS = {
    "lab": ["jupyterlab", "--ServerApp.root_dir=."],
    "test": ["pytest", "--nbval"],
    "run": ["tools.run_notebooks"],
    "book": ["tools.book"],
    "bundle": ["tools.bundle"],
}
HELP = """Run the same command again: it starts over where needed. If that fails too, look for:
  "connect", "timed out", "proxy": this machine does not reach the package index ("No matching
    distribution" then follows). Try another network, or ask for the proxy of this one.
  "No space left": make room, also for temporary files (or take the CPU build, see README).
  "No matching distribution" alone: no PyTorch for this Python. Delete .venv, take a 64-bit 3.13.
  "ensurepip": on Debian and Ubuntu, type sudo apt install python3-venv
  "denied", "in use", "not empty": close all that uses .venv, delete it; or copy the course away."""

INTEL_MAC = """PyTorch no longer supports Macs with an Intel processor, so the course cannot be
installed here. Another Python does not help; workshop/setup.md, "Without an installation", does.
(Is this an Apple M1 or newer? Then this Python is for Intel: take Python 3.13 from python.org.)"""


def say(text):
    """Print without buffering, even to a file."""
    sys.stdout.write(text + "\n")  # print(flush=True) is a syntax error in Python 2
    sys.stdout.flush()


def stop(text):
    """Exit with a message and a failure status."""
    sys.exit("course.py: " + text)


def wanted():
    """Return a fingerprint of the requirements, the version of Python and the folder."""
    digest = hashlib.sha256(sys.version.encode() + os.fsencode(HERE))
    for name in ("pyproject.toml", "constraints.txt"):
        with open(os.path.join(HERE, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def free_gb():
    """Return the free space, in GB, on the disk that holds .venv."""
    return shutil.disk_usage(HERE).free / 1e9


def torch_build():
    """Return a key of BUILDS, or "" if there is no choice or the settings of pip or uv apply."""
    if sys.platform != "linux" or os.path.isdir(WHEELS):
        return ""
    if os.environ.get("SEQCLF_TORCH") in BUILDS:
        return os.environ["SEQCLF_TORCH"]
    if re.search("(PIP|UV)_[A-Z_]*(INDEX|LINKS|TORCH)", " ".join(os.environ)):
        return ""
    return "cuda" if shutil.which("nvidia-smi") else "cpu"


def needed_gb():
    """Return the disk space that .venv needs; pip's default on Linux is PyTorch for NVIDIA GPUs."""
    wishes = [value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_"))]
    small = sys.platform != "linux" or os.path.isdir(WHEELS) or any("cpu" in w for w in wishes)
    return CPU_GB if small or torch_build() == "cpu" else CUDA_GB


def call(command, step):
    """Run one step of the installation; explain what to do if it fails."""
    settings = {"UV_INDEX_STRATEGY": "unsafe-best-match"}  # consider all indexes, as pip does
    for name in {"PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"}.intersection(os.environ):
        settings["UV_" + name[4:]] = os.environ[name]  # uv ignores pip's variables
    if subprocess.call(command, cwd=HERE, env=dict(settings, **os.environ)) != 0:
        if sys.version_info[:2] > NEWEST:
            text = "Python %d.%d may be too new for PyTorch: delete .venv and take Python 3.13."
            step = (text + "\n") % sys.version_info[:2] + step
        full = " The disk is full: %.1f GB are free." % free_gb() if free_gb() < 1 else ""
        stop("%s failed.%s\n%s" % (step, full, HELP))


def make_environment(uv):
    """Create an empty .venv, replacing an unfinished one."""
    if os.path.realpath(sys.prefix) == os.path.realpath(VENV):
        stop("this Python is inside .venv, which is unfinished. Type deactivate, then try again.")
    if os.path.lexists(VENV):
        say("Deleting .venv: the last installation did not finish ...")
        if os.path.lexists(PYTHON):
            os.remove(PYTHON)  # first, because a .venv without Python counts as unfinished
        shutil.rmtree(VENV)
    if free_gb() < needed_gb():
        smaller = SMALLER if needed_gb() == CUDA_GB else ""
        text = "%.1f GB are free, about %d are needed%s. Make room, or move the course elsewhere."
        stop(text % (free_gb(), needed_gb(), smaller))
    say("[1/2] Making the environment .venv ...")
    os.makedirs(VENV)
    open(UNFINISHED, "w").close()  # uv's --clear would delete this; --seed installs pip
    venv = [uv, "venv", "-q", "--allow-existing", "--seed", "--python", sys.executable]
    call((venv if uv else [sys.executable, "-m", "venv"]) + [VENV], "Making .venv")


def install():
    """Create .venv and install the tested versions, unless they are installed already."""
    offline = ["--no-index", "--find-links", WHEELS] if os.path.isdir(WHEELS) else []
    uv = None if offline else shutil.which("uv")
    if os.path.exists(UNFINISHED) or not os.path.exists(PYTHON):
        make_environment(uv)
    elif os.path.exists(STAMP):
        with open(STAMP) as file:
            if file.read() == wanted():
                return
    open(UNFINISHED, "w").close()
    say("[2/2] Installing the tested versions (some minutes the first time) ...")
    pip = [uv, "pip", "install", "--python", PYTHON] if uv else [PYTHON, "-m", "pip", "install"]
    build = torch_build()
    if build:
        say("Taking " + BUILDS[build])
    if build == "cpu":
        cpu = ["--no-deps", "--index-url", CPU_INDEX, "-c", "constraints.txt", "torch"]
        if subprocess.call(pip + cpu, cwd=HERE) != 0:
            say("No matter: taking pip's default build instead, which is larger.")
    call(pip + offline + ["-c", "constraints.txt", "-e", ".[test]"], "The installation")
    with open(STAMP, "w") as file:
        file.write(wanted())
    os.remove(UNFINISHED)
    say("Ready.")


def run(command):
    """Run a command in .venv, and let it handle Ctrl-C itself."""
    say("$ " + " ".join(["python"] + command))
    process = subprocess.Popen([PYTHON] + command, cwd=HERE)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            pass  # the command receives Ctrl-C too, and decides whether to exit


def lab(options):
    """Open the learner's copies of the notebooks, or the originals with --sources."""
    folder = "notebooks" if "--sources" in options else "my_notebooks"
    status = run(["-m", "tools.learner_copies"]) if folder == "my_notebooks" else 0
    options = [option for option in options if option != "--sources"]
    where = ["--LabApp.default_url=/lab/tree/" + folder]
    return status or run(["-m"] + COMMANDS["lab"] + where + options)


def main():
    """Complete the installation if necessary, then run the command in .venv."""
    if sys.version_info < (3, 11):
        text = "this is Python %d.%d; the course needs 3.11 or newer (python.org). If you have it: "
        stop(text % sys.version_info[:2] + "python3.12 course.py (Windows: py -3.12 course.py) ...")
    if os.name == "nt" and sys.version_info < (3, 12, 4) and not HERE.isascii():
        stop("move this folder where its path is plain, such as C:\\course, or take Python 3.13.")
    if (sys.platform, platform.machine()) == ("darwin", "x86_64"):
        stop(INTEL_MAC)
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="passed on, e.g. --no-browser")
    arguments = parser.parse_args()
    try:
        install()
    except KeyboardInterrupt:
        stop("interrupted; run the same command again and it starts over where that is needed.")
    except OSError as error:  # such as a full disk, missing write permission or a file in use
        stop("%s\n%s" % (error, HELP))
    if arguments.command == "lab":
        sys.exit(lab(arguments.rest))
    whole = ["--cov"] if arguments.command == "test" else []  # only the full run covers all lines
    sys.exit(run(["-m"] + COMMANDS[arguments.command] + (arguments.rest or whole)))


if __name__ == "__main__":
    main()
