"""Make Colab copies of the notebooks: python -m tools.colab_copies FOLDER [--push].

The first cell of each copy installs this repository at this commit, and all links are absolute. The
repository's address comes from variables that GitHub sets: GITHUB_SERVER_URL and GITHUB_REPOSITORY.
With --push, the copies become the branch `colab` of the remote `origin`; nothing else is changed.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path, PurePosixPath

from tools.learner_copies import ROOT, SOURCES, learner_copy

BRANCH = "colab"
COLAB = "https://colab.research.google.com/github/{}/blob/" + BRANCH
INSTALL = """\
# On Colab, run this cell first: it installs the course and keeps Colab's own PyTorch.
import sys
from importlib.metadata import version
from pathlib import Path

if not Path("../course.py").exists():
    Path("keep.txt").write_text(f"torch=={{version('torch')}}")
    !git clone -q {address} course
    !git -C course checkout -q {commit}
    %pip install -q -c keep.txt -e ./course
    %cd -q course/notebooks
    sys.path.insert(0, str(Path("..").resolve()))
"""


def git(*arguments: str, **more) -> str:
    """Run git in the checkout and return what it prints."""
    return subprocess.check_output(["git", *arguments], cwd=ROOT, text=True, **more).strip()


def colab_copy(source: Path, server: str, repository: str, commit: str) -> str:
    """Return a learner's copy with absolute links and a first cell that installs the course.

    Args:
        source: The notebook.
        server: Address of the git host.
        repository: Owner and name.
        commit: Hash of the commit to install.
    """

    def absolute(match: re.Match) -> str:
        path, _, anchor = match[1].partition("#")
        path = PurePosixPath(os.path.normpath(f"notebooks/{path}").replace(os.sep, "/"))
        page = f"{server}/{repository}/blob/{commit}/{path}"
        if path.suffix == ".ipynb":
            page = f"{COLAB.format(repository)}/{path.name}"
        return f"]({page}{anchor and '#' + anchor})"

    notebook = json.loads(learner_copy(source)[0])
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            text = "".join(cell["source"])
            cell["source"] = re.sub(r"\]\((?!\w+:|#)([^)\s]+)\)", absolute, text)
    code = INSTALL.format(address=f"{server}/{repository}", commit=commit)
    cell = {"cell_type": "code", "id": "install", "metadata": {}, "execution_count": None}
    notebook["cells"].insert(0, cell | {"outputs": [], "source": code})
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def push(folder: Path) -> None:
    """Replace the Colab branch with a single commit that contains the files of a folder."""
    index = os.environ | {"GIT_INDEX_FILE": str(folder.resolve().with_suffix(".index"))}
    git(f"--work-tree={folder.resolve()}", "add", "--all", "--force", ".", env=index)
    who = ("-c", "user.name=seqclf", "-c", "user.email=seqclf@users.noreply.github.com")
    tree = git("write-tree", env=index)
    commit = git(*who, "commit-tree", "-m", "colab: copy the notebooks", tree)
    git("push", "--quiet", "--force", "origin", f"{commit}:refs/heads/{BRANCH}")


def main(folder: Path, *options: str) -> None:
    """Write a copy of each notebook into a folder, and push the copies if asked to."""
    place = (os.environ["GITHUB_SERVER_URL"], os.environ["GITHUB_REPOSITORY"])
    commit = git("rev-parse", "HEAD")
    folder.mkdir(parents=True, exist_ok=True)
    for source in SOURCES.glob("*.ipynb"):
        copy = colab_copy(source, *place, commit)
        (folder / source.name).write_text(copy, "utf-8", newline="\n")
    if options == ("--push",):
        push(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
