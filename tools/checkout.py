"""Copy the course, and write the sections of its pages that tools measure."""

import platform
import re
import shutil
import subprocess
import tomllib
from pathlib import Path


def copy_checkout(root: Path, folder: Path) -> None:
    """Copy all files that git tracks or would track; whoever edits them may go on meanwhile.

    Args:
        root: The checkout; a downloaded archive, without git, will do.
        folder: Where to, made if it is missing.
    """
    if (root / ".git").exists() and shutil.which("git"):
        git = ["git", "ls-files", "-coz", "--exclude-standard"]
        names = subprocess.check_output(git, cwd=root, encoding="utf-8").split("\0")
    else:  # a downloaded archive
        paths = (path.relative_to(root) for path in root.rglob("*"))
        names = [str(path) for path in paths if not path.parts[0].startswith(".")]
    for name in names:
        if (root / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / name, folder / name)


def pyproject(root: Path) -> dict:
    """Read pyproject.toml.

    Args:
        root: The checkout.

    Returns:
        Its tables.
    """
    return tomllib.loads((root / "pyproject.toml").read_text("utf-8"))


def processor() -> str:
    """Name the processor that something was measured on.

    Returns:
        Its name where Linux tells it, else what Python knows.
    """
    cpu = Path("/proc/cpuinfo")
    text = cpu.read_text("utf-8") if cpu.exists() else ""
    names = re.findall(r"model name\s*: (.*)", text)
    return names[0] if names else platform.processor()


def write_between(page: Path, name: str, text: str) -> None:
    """Replace what stands between a page's two markers of this name.

    Args:
        page: A Markdown file.
        name: As in `<!-- name: begin -->` and `<!-- name: end -->`.
        text: What is to stand there.

    Raises:
        ValueError: If the page does not have both markers.
    """
    begin, finish = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, found, rest = page.read_text("utf-8").partition(begin)
    _, ended, after = rest.partition(finish)
    if not (found and ended):
        raise ValueError(f"{page} has no place for {name}: {begin} ... {finish}")
    page.write_text(f"{before}{begin}\n{text}\n{finish}{after}", "utf-8", newline="\n")
