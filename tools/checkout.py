"""Copy the checkout, including uncommitted changes, which `git clone` would leave out."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def copy_checkout(root: Path, folder: Path) -> None:
    """Copy all files that git tracks or does not ignore.

    Args:
        root: The checkout, or a downloaded archive without git.
        folder: Destination, created if it does not exist.
    """
    if (root / ".git").exists() and shutil.which("git"):
        git = ["git", "ls-files", "-coz", "--exclude-standard"]
        names = subprocess.check_output(git, cwd=root, encoding="utf-8").split("\0")
    else:
        paths = (path.relative_to(root) for path in root.rglob("*"))
        ignored = (".", "my_notebooks")
        names = [str(path) for path in paths if not path.parts[0].startswith(ignored)]
    for name in names:
        if (root / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / name, folder / name)
