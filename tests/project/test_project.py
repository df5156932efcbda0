"""The project's files are consistent with each other."""

import ast
import importlib
import inspect
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import distributions

import pytest
import yaml
from notebook_text import NOTEBOOKS, PUBLIC_NAMES, ROOT
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import seqclf_utils

PACKAGE = ROOT / "seqclf_utils"
MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
README = (ROOT / "README.md").read_text("utf-8")
FUNCTIONS = [name for name in PUBLIC_NAMES if inspect.isfunction(getattr(seqclf_utils, name))]
# A module imports only from modules on the lines above its own.
LAYERS = """
validation extras.interrupts
extras.arguments
casino datasets tables reproducibility extras.files extras.batching extras.flat
data plotting extras.checkpoints
model extras.progress
evaluation
training extras.saved_models
exercises extras.figures
extras.game
"""
PACKAGES = ("seqclf_utils", "seqclf_utils.extras")  # whose modules may be imported whole
LEVEL = {
    name: level for level, layer in enumerate(LAYERS.strip().splitlines()) for name in layer.split()
}


def requirements(*extras):
    """Return the direct dependencies and those of the named extras (by default, all extras)."""
    groups = PROJECT["optional-dependencies"]
    lines = [line for name in extras or groups for line in groups[name]]
    return [Requirement(line) for line in PROJECT["dependencies"] + lines]


def pins(lines):
    """Parse lines of the form name==version, ignoring comments."""
    found = (re.fullmatch(r"([\w.-]+)==([\w.+]+)", line.strip()) for line in lines)
    return {canonicalize_name(match[1]): match[2] for match in found if match}


PINNED = pins((ROOT / "constraints.txt").read_text("utf-8").splitlines())
INSTALLED = {canonicalize_name(package.name): package for package in distributions()}


@pytest.mark.parametrize("requirement", requirements(), ids=lambda requirement: requirement.name)
def test_every_dependency_has_a_floor_a_reason_and_a_tested_version(requirement):
    """Each dependency has a lower bound only, a comment, and a pinned version in its range."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    assert [spec.operator for spec in requirement.specifier] == [">="]
    assert re.search(rf'"{requirement.name}\W[^"]*",\s+# \w+', text)
    assert requirement.specifier.contains(PINNED[canonicalize_name(requirement.name)])


def test_constraints_name_versions_and_nothing_else():
    """Constraints contain no URLs, hashes or local builds, so they work on every platform."""
    for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines():
        assert line.startswith("#") or re.fullmatch(r"[\w.-]+==[\d.]+(post\d+)?", line), line


@pytest.mark.parametrize("name", sorted(set(PINNED) & INSTALLED.keys()))
def test_pinned_versions_run_on_the_oldest_python(name):
    """Each pinned version can be installed on the first release of the oldest supported Python."""
    python = PROJECT["requires-python"].removeprefix(">=") + ".0"
    assert SpecifierSet(INSTALLED[name].metadata["Requires-Python"] or "").contains(python)


def test_environment_yml_has_the_same_pins():
    """Conda and Binder install the tested versions, and the package itself."""
    environment = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    *conda, pip = environment["dependencies"]
    assert conda == ["python=3.11", "pip"]
    assert pip["pip"][-1] == "-e ."
    direct = {canonicalize_name(requirement.name) for requirement in requirements("test")}
    assert pins(pip["pip"]) == {name: PINNED[name] for name in direct}


def test_versions_agree():
    """All files give the same versions of the course, Python and PyTorch."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert PROJECT["version"] == seqclf_utils.__version__ == citation["version"]
    assert f"## {PROJECT['version']} (" in (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert f"torch=={PINNED['torch']}" in README
    assert f"Python {PROJECT['requires-python'].removeprefix('>=')} or newer" in README


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_readme_lists_each_notebook_with_its_minutes(path):
    """The README gives each notebook's teaching time."""
    minutes = re.search(r"\| (\d+) minutes \|", path.read_text("utf-8"))[1]
    (row,) = (line for line in README.splitlines() if f"](notebooks/{path.name})" in line)
    assert row.endswith(f"| {minutes} min |")


def test_public_names_come_from_the_modules_that_define_them():
    """Each public name is imported explicitly and is the object of that name in its module."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text("utf-8"))
    places = {
        alias.name: node.module
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert sorted(places) == PUBLIC_NAMES
    for name, module in places.items():
        assert getattr(seqclf_utils, name) is getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_imports_run_downwards(path):
    """A module imports only from the layers above its own in LAYERS; exercises are one layer."""

    def layer(module):
        parts = module.split(".")
        return LEVEL[".".join(parts[:2]) if parts[0] == "extras" else parts[0]]

    module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
    if module in ("extras.__init__", "exercises.__init__"):
        return
    imported = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("seqclf_utils"):
            names = [f".{alias.name}" for alias in node.names] if node.module in PACKAGES else [""]
            imported |= {(node.module + name)[len("seqclf_utils.") :] for name in names}
        if isinstance(node, ast.Import):
            assert not any(alias.name.startswith("seqclf_utils") for alias in node.names)
    inside = {name for name in imported if module.startswith("exercises.") and "exercises" in name}
    assert all(layer(name) < layer(module) for name in imported - inside)


def test_importing_the_package_changes_nothing():
    """Importing the package prints nothing and changes no seed or global setting."""
    code = (
        "import random, torch, numpy as np\n"
        "def state():\n"
        "    return (random.getstate(), np.random.get_state()[1].tolist(),\n"
        "            torch.get_rng_state().tolist(), torch.get_default_dtype(),\n"
        "            torch.get_num_threads())\n"
        "before = state()\n"
        "from seqclf_utils import *\n"
        "import seqclf_utils.exercises\n"
        "assert state() == before\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_public_functions_document_their_arguments_and_results(name):
    """Docstrings of public functions describe every argument and the return value."""
    signature = inspect.signature(getattr(seqclf_utils, name))
    doc = inspect.getdoc(getattr(seqclf_utils, name))  # __doc__ is indented up to Python 3.12
    for argument in signature.parameters:
        assert re.search(rf"^    +\**{argument}: ", doc, flags=re.M), argument
    assert signature.return_annotation in (None, "None") or "\nReturns:\n" in doc


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]])
def test_ruff_finds_nothing(command):
    """Ruff finds nothing to report or reformat in code and notebooks."""
    ruff = [sys.executable, "-m", "ruff", *command, "--no-cache", "."]
    done = subprocess.run(ruff, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_names_a_machine_or_a_place():
    """No text file contains a private path."""
    git = shutil.which("git") or pytest.skip("git is not installed")
    tracked = subprocess.run([git, "ls-files"], capture_output=True, text=True, cwd=ROOT)
    if tracked.returncode != 0:
        pytest.skip("not a git checkout")
    for path in (ROOT / name for name in tracked.stdout.splitlines()):
        if path.suffix in {".py", ".md", ".toml", ".txt", ".yml", ".ipynb", ".cff", ".svg"}:
            found = re.search(
                r"(?<![\w.~])/(work|root|home)/[a-z]|ipykernel_\d+", path.read_text("utf-8")
            )
            assert not found, path
