"""Which functions of the package a notebook calls: a bug anywhere else cannot show there.

Every Python of a run, kernels and joblib's workers included, notes each function of the package
when it is called first, and writes it down at once: nothing is lost when a process is killed.
"""

import ast
from pathlib import Path

VARIABLE = "SEQCLF_REACHED"  # the file to write to
# Appended to the sitecustomize.py of a copy; reads no line of a function, so it costs little.
RECORDER = '''
def record(path):
    """Note the functions of the package that are called."""
    import threading
    seen, log = set(), os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    def note(frame, event, argument):
        code = frame.f_code
        place = (code.co_filename, code.co_firstlineno)
        if place not in seen:
            seen.add(place)
            package, _, file = place[0].rpartition(os.sep + "seqclf_utils" + os.sep)
            if package:
                os.write(log, f"{file}:{place[1]}\\n".encode())
    threading.settrace(note)
    sys.settrace(note)

if "SEQCLF_REACHED" in os.environ:
    record(os.environ["SEQCLF_REACHED"])
'''


def read(log: Path) -> list[str]:
    """Return the functions that were noted, as file and first line."""
    return sorted(set(log.read_text("utf-8").splitlines())) if log.exists() else []


def place(file: str, text: str, old: str) -> str | None:
    """Name the function around a piece of text as the recorder does.

    Args:
        file: Module in seqclf_utils.
        text: The module.
        old: Text that stands there once.

    Returns:
        File and first line of the innermost function whose body holds all of `old`; None if there
        is none, as what stands outside is run by every import.
    """
    start = text.index(old)
    first, last = (text.count("\n", 0, end) + 1 for end in (start, start + len(old.rstrip())))
    around = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body[0].lineno <= first
        and last <= node.end_lineno
    ]
    if not around:
        return None
    inner = max(around, key=lambda node: node.lineno)
    # Python counts a function from its first decorator on.
    return f"{file}:{min([inner.lineno, *(d.lineno for d in inner.decorator_list)])}"
