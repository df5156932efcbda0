"""The files around the course agree with each other."""

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import seqclf_utils

ROOT = Path(__file__).resolve().parents[2]
INIT = ("seqclf_utils", "__init__.py")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
README = (ROOT / "README.md").read_text("utf-8")
LAYERS = [
    {"validation", "audience", "files", "interrupts"},
    {"storage", "batches"},
    {"casino", "csv_data", "data", "datasets", "reproducibility"},
    {"model", "checkpoints", "plotting"},
    {"live"},
    {"progress"},
    {"training", "evaluation", "trained"},
    {"figures", "checks"},
    {"play"},
]


def requirements(*extras):
    """List everything that is asked for directly, or with these extras; all if none is named."""
    groups = PROJECT["optional-dependencies"]
    lines = [line for name in extras or groups for line in groups[name]]
    return [Requirement(line) for line in PROJECT["dependencies"] + lines]


def pins(lines):
    """Read name==version lines, comments aside."""
    found = (re.fullmatch(r"([\w.-]+)==([\w.+]+)", line.strip()) for line in lines)
    return {canonicalize_name(match[1]): match[2] for match in found if match}


def pinned_versions():
    """Read constraints.txt."""
    return pins((ROOT / "constraints.txt").read_text("utf-8").splitlines())


def test_every_dependency_has_a_tested_version_in_its_range():
    """constraints.txt pins each direct dependency, and the range in pyproject.toml admits it."""
    for requirement in requirements():
        version = pinned_versions()[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), requirement


def test_ranges_have_a_floor_and_no_cap():
    """A cap would stop learners with a newer version for no known reason."""
    for requirement in requirements():
        assert [spec.operator for spec in requirement.specifier] == [">="], requirement


def test_every_dependency_has_a_reason():
    """A comment beside it says what it is for."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    for requirement in requirements():
        assert re.search(rf'"{requirement.name}\W[^"]*",\s+# \w+', text), requirement


def test_the_floor_is_the_one_that_was_promised():
    """PyTorch 2.6 and Python 3.11."""
    torch = next(r for r in requirements() if r.name == "torch")
    assert str(torch.specifier) == ">=2.6"
    assert PROJECT["requires-python"] == ">=3.11"


def test_constraints_name_versions_and_nothing_else():
    """No URLs, no hashes, no local builds: the file works for everybody."""
    for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines():
        assert line.startswith("#") or re.fullmatch(r"[\w.-]+==[\d.]+(post\d+)?", line), line
    assert pinned_versions()["torch"] == "2.13.0"


def test_environment_yml_has_the_same_pins():
    """Conda and Binder users get the tested versions as well, and the package itself."""
    environment = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    conda, pip = environment["dependencies"][:-1], environment["dependencies"][-1]["pip"]
    assert conda == ["python=3.11", "pip"]
    assert pip.pop() == "-e ."
    assert pip.pop(0) == "--extra-index-url https://download.pytorch.org/whl/cpu"
    direct = {canonicalize_name(requirement.name) for requirement in requirements("test")}
    assert pins(pip) == {n: v for n, v in pinned_versions().items() if n in direct}
    assert len(pins(pip)) == len(pip)


def test_readme_agrees():
    """README names the two commands, the versions, and each notebook with its question."""
    assert "python course.py lab" in README
    assert "python course.py test" in README
    assert f"torch=={pinned_versions()['torch']}" in README
    assert "Python 3.11 or newer" in README
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        assert f"(notebooks/{path.name})" in README


def test_readme_minutes_are_those_of_the_notebooks():
    """The time to teach is said twice and must be the same."""
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        minutes = re.search(r"\| (\d+) minutes \|", path.read_text("utf-8"))[1]
        row = next(line for line in README.splitlines() if f"notebooks/{path.name}" in line)
        assert row.endswith(f"| {minutes} min |")


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_lead_somewhere(name):
    """A relative link names a file that exists."""
    text = (ROOT / name).read_text("utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (ROOT / target).exists(), target


def test_ci_runs_the_command_of_the_readme():
    """Neither CI has a test command of its own."""
    script = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert script[-1].replace("python3", "python") == "python course.py test"
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))
    browser = workflow["jobs"].pop("in-a-browser")
    for job in workflow["jobs"].values():
        assert job["steps"][-1] == {"run": "python course.py test"}
    for command in ("book --check", "browser"):
        assert {"run": f"python course.py {command}"} in browser["steps"]
    matrix = workflow["jobs"]["test"]["strategy"]["matrix"]
    assert len(matrix["os"]) == 3
    assert matrix["python"][0] == "3.11"


def test_every_night_ten_thousand_random_inputs_and_all_settings():
    """The long commands of CONTRIBUTING run without anybody asking for them."""
    workflow = yaml.safe_load((ROOT / ".github/workflows/nightly.yml").read_text("utf-8"))
    random_inputs, everywhere = (workflow["jobs"][name] for name in ("random-inputs", "everywhere"))
    assert random_inputs["env"] == {"SEQCLF_EXAMPLES": 500}
    command = random_inputs["steps"][-1]["run"]
    assert f"`SEQCLF_EXAMPLES=500 {command}`" in (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    assert everywhere["steps"][-1] == {"run": "python course.py everywhere"}


def test_unit_tests_must_reach_every_line_and_branch():
    """Nobody lowers the bar in passing."""
    coverage = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["coverage"]
    assert coverage["report"]["fail_under"] == 100
    assert coverage["run"] == {"source": ["seqclf_utils"], "branch": True}


def test_versions_agree():
    """One version number, in three places."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert PROJECT["version"] == seqclf_utils.__version__ == citation["version"]
    assert f"## {PROJECT['version']} (" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_all_lists_exactly_the_public_names():
    """What the stub imports is what it exports, and each name is what its module defines."""
    tree = ast.parse((ROOT / "seqclf_utils" / "__init__.pyi").read_text("utf-8"))
    places = {
        alias.name: f"seqclf_utils.{node.module}"
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    (exported,) = (ast.literal_eval(n.value) for n in tree.body if isinstance(n, ast.Assign))
    assert sorted(seqclf_utils.__all__) == sorted(exported) == sorted(places)
    for name, module in places.items():
        assert getattr(seqclf_utils, name) is getattr(importlib.import_module(module), name)


def assert_runs_silently(code):
    """Run code in a Python of its own; it must not raise or print."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_importing_the_package_waits_for_nothing_large():
    """PyTorch, pandas, matplotlib and scikit-learn are imported when a name is first used."""
    code = (
        "import sys, seqclf_utils\n"
        "large = {'torch', 'pandas', 'matplotlib', 'sklearn', 'numpy'}\n"
        "assert not large & set(sys.modules), large & set(sys.modules)\n"
        "assert 'fit' in dir(seqclf_utils)\n"
        "seqclf_utils.LSTMClassifier\n"
        "assert 'torch' in sys.modules and 'matplotlib' not in sys.modules\n"
    )
    assert_runs_silently(code)


MODULES = [p for p in sorted((ROOT / "seqclf_utils").rglob("*.py")) if p.parts[-2:] != INIT]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_imports_run_downwards(path):
    """A module imports only from the layers below its own; a sub-package is one layer."""
    module = path.relative_to(ROOT / "seqclf_utils").parts[0].removesuffix(".py")
    level = next(i for i, layer in enumerate(LAYERS) if module in layer)
    below = set().union(*LAYERS[:level])
    text = path.read_text("utf-8")
    imported = set(re.findall(r"^ *from seqclf_utils\.(\w+)[\w.]* import", text, flags=re.M))
    assert "from seqclf_utils import" not in text
    assert imported - ({module} if path.parent.name == module else set()) <= below


def test_importing_the_package_changes_nothing():
    """No seeding, no settings, no output at import time."""
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
    assert_runs_silently(code)


def test_public_functions_are_documented_in_google_style():
    """Each has one imperative line, and says its arguments and what it returns or raises."""
    for path in MODULES:
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                doc = ast.get_docstring(node)
                arguments = [*node.args.args, *node.args.kwonlyargs]
                if path.parent.name == "checks":
                    continue  # each is called with the reader's function, named like the check
                for argument in arguments:
                    assert re.search(rf"^    {argument.arg}: ", doc, flags=re.M), node.name
                returns_nothing = isinstance(node.returns, ast.Constant)
                assert returns_nothing or re.search(r"^(Returns|Yields):", doc, re.M), node.name


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]])
def test_ruff_is_content(command):
    """Code and notebooks have one style."""
    ruff = [sys.executable, "-m", "ruff", *command, "--no-cache", "."]
    done = subprocess.run(ruff, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_names_a_machine_or_a_place():
    """No private path or index in any text file."""
    tracked = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT)
    if tracked.returncode != 0:
        pytest.skip("not a git checkout")
    for name in tracked.stdout.splitlines():
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".txt", ".yml", ".ipynb", ".cff", ".svg"}:
            text = path.read_text("utf-8")
            assert not re.search(r"(?<![\w.~])/(work|root|home)/\w|ipykernel_\d+", text), name
