"""The one entry point of the course: python course.py lab | test | run.

lab   open the notebooks in JupyterLab
test  run every notebook and compare its outputs with the stored ones, and run the unit tests
run   execute every notebook again and rewrite its stored outputs and figures/

The first time, each command makes a virtual environment in .venv and installs the tested versions
there. Needs Python 3.11 or newer and nothing else; uv is used if it is on the PATH.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(HERE, ".venv")
PYTHON = os.path.join(VENV, *(("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")))
UNFINISHED = os.path.join(VENV, "course-unfinished")  # exists while an installation is under way
STAMP = os.path.join(VENV, "course-installed")  # says what was installed when it succeeded
NEEDED_GB = 3
COMMANDS = {
    "lab": ["jupyterlab", "--notebook-dir=" + HERE, "--LabApp.default_url=/lab/tree/notebooks"],
    "test": ["pytest", "--nbval"],
    "run": ["tools.run_notebooks"],
}
HELP = """
What to try, in this order:
  1. Run the same command again: it starts over where that is needed.
  2. Look at the last lines above. Words such as "connection", "timed out" or "proxy" mean that
     this machine does not reach the package index; ask for its proxy or another network.
  3. Small disk or slow line on Linux: take the CPU build of PyTorch (README, Troubleshooting).
  4. On Debian and Ubuntu the module venv is a package of its own: sudo apt install python3-venv
  5. Delete the folder .venv and run the command again.
"""


def say(text):
    """Print at once, also when the output goes to a file."""
    print(text, flush=True)


def stop(text):
    """End with a message and a status that says failure."""
    sys.exit("course.py: " + text)


def wanted():
    """Return a fingerprint of what should be installed, and where: a moved folder needs a repair."""
    digest = hashlib.sha256((sys.version + HERE).encode())
    for name in ("pyproject.toml", "constraints.txt"):
        with open(os.path.join(HERE, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def installed():
    """Return the fingerprint of what is installed, or None."""
    if os.path.exists(UNFINISHED) or not os.path.exists(PYTHON) or not os.path.exists(STAMP):
        return None
    with open(STAMP) as file:
        return file.read()


def free_gb():
    """Return the free disk space where .venv lives."""
    return shutil.disk_usage(HERE).free / 1e9


def call(command, step):
    """Run one step of the installation; explain what to do if it fails."""
    environment = dict(os.environ)
    for name in ("FIND_LINKS", "INDEX_URL"):  # uv does not read pip's settings
        if "PIP_" + name in environment:
            environment.setdefault("UV_" + name, environment["PIP_" + name])
    if subprocess.call(command, cwd=HERE, env=environment) != 0:
        full = "\nThe disk is full: %.1f GB are free.\n" % free_gb() if free_gb() < 1 else ""
        stop("%s failed.%s%s" % (step, full, HELP))


def make_environment(uv):
    """Make an empty .venv in place of one that was left unfinished."""
    if free_gb() < NEEDED_GB:
        stop(
            "%.1f GB are free on this disk; the environment needs about %d GB. "
            "Make room, or move this folder to a larger disk." % (free_gb(), NEEDED_GB)
        )
    say("[1/2] Making the environment .venv ...")
    shutil.rmtree(VENV, ignore_errors=True)
    os.makedirs(VENV)
    open(UNFINISHED, "w").close()
    # --clear would delete the mark, --allow-existing keeps it; --seed brings pip along.
    venv = [uv, "venv", "-q", "--allow-existing", "--seed", "--python", sys.executable]
    call((venv if uv else [sys.executable, "-m", "venv"]) + [VENV], "Making .venv")


def install():
    """Make .venv and install the tested versions, unless that is done already."""
    if installed() == wanted():
        return
    uv = shutil.which("uv")
    if os.path.exists(UNFINISHED) or not os.path.exists(PYTHON):
        make_environment(uv)
    open(UNFINISHED, "w").close()
    say("[2/2] Installing the tested versions (some minutes the first time) ...")
    pip = [uv, "pip", "install", "--python", PYTHON] if uv else [PYTHON, "-m", "pip", "install"]
    call(pip + ["-c", "constraints.txt", "-e", ".[test]"], "The installation")
    with open(STAMP, "w") as file:
        file.write(wanted())
    os.remove(UNFINISHED)
    say("Ready.")


def run(command):
    """Run a command in .venv to its end; Ctrl-C is the command's own business."""
    say("$ " + " ".join(["python"] + command))
    process = subprocess.Popen([PYTHON] + command, cwd=HERE)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            pass  # the command was told as well, and ends (or asks) by itself


def main():
    """Install what is missing, then run the command in .venv."""
    if sys.version_info < (3, 11):
        stop(
            "this is Python %d.%d; the course needs 3.11 or newer (https://www.python.org). "
            "If you have one, name it: python3.11 course.py ..." % sys.version_info[:2]
        )
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=sorted(COMMANDS))
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="passed on, e.g. --no-browser")
    arguments = parser.parse_args()
    try:
        install()
    except KeyboardInterrupt:
        stop("interrupted; run the same command again and it starts over where that is needed.")
    sys.exit(run(["-m"] + COMMANDS[arguments.command] + arguments.rest))


if __name__ == "__main__":
    main()
