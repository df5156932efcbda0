"""Create the learner's copies of the notebooks, without outputs and with folded answers.

`python course.py lab` runs this script, which never overwrites a file in my_notebooks/. To start a
notebook over, delete or rename the copy, and run the command again.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES, COPIES = ROOT / "notebooks", ROOT / "my_notebooks"
FOLDED = "<details><summary>Answer: run the cell above first</summary>\n\n{}\n\n</details>"


def learner_copy(source: Path) -> tuple[str, str]:
    """Remove a notebook's outputs and fold the cells that hold answers.

    Args:
        source: The notebook, in which answers have the tag `answer`.

    Returns:
        The copy as a string, and its fingerprint, which is also in the copy's metadata.
    """
    notebook = json.loads(source.read_text("utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
        elif "answer" in cell["metadata"].get("tags", []):
            cell["source"] = FOLDED.format("".join(cell["source"]))
    fingerprint = hashlib.sha256(json.dumps(notebook).encode()).hexdigest()
    notebook["metadata"]["copied_from"] = fingerprint
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", fingerprint


def write_whole(path: Path, text: str) -> None:
    """Write a new file atomically.

    This does not use the package's write_atomically, because JupyterLab must open even if PyTorch
    cannot be imported, so that notebook 00 can report the problem.

    Args:
        path: The file.
        text: Its content.
    """
    unfinished = path.with_name(f"{path.name}.tmp")
    with unfinished.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)


def make_copies() -> tuple[list[str], list[str]]:
    """Create the missing copies.

    Returns:
        Names of the new copies, and of existing copies whose originals have changed.
    """
    COPIES.mkdir(exist_ok=True)
    new, outdated = [], []
    for source in sorted(SOURCES.glob("*.ipynb")):
        mine = COPIES / source.name
        text, fingerprint = learner_copy(source)
        if not mine.exists():
            write_whole(mine, text)
            new.append(mine.stem)
        elif fingerprint not in mine.read_text("utf-8", errors="replace"):
            outdated.append(mine.stem)
    return new, outdated


def main() -> None:
    """Create the missing copies and report them, or exit with a message."""
    try:
        new, outdated = make_copies()
    except OSError as error:
        sys.exit(
            f"Your copies of the notebooks cannot be made ({error}).\n"
            "Move the course to a folder where you may write, and make room if the disk is full."
        )
    if new:
        print(f"New in my_notebooks: {', '.join(new)}")
    if outdated:
        print(f"The course has newer versions of: {', '.join(outdated)}")
        print("Your copies stay as they are. For a new version, rename yours and type this again.")


if __name__ == "__main__":
    main()
