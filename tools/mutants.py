"""Mutate each line of the lesson modules with mutmut: nox -s mutants [-- MODULE ...].

mutmut skips decorated functions, and most lesson functions have `@checked(...)`. This script
therefore works on a copy in build/mutants, in which an assignment below each function replaces its
decorator.
"""

import argparse
import ast
import re
import shutil
import subprocess
import sys

from tools.checkout import ROOT, copy_checkout

FOLDER = ROOT / "build" / "mutants"


def undecorate(text: str) -> str:
    r"""Replace each `@checked(...)` with an assignment below its function.

    Args:
        text: Source code of a module.

    Returns:
        Equivalent source code.

    Example:
        >>> print(undecorate("@checked(look)\ndef double(x):\n    return 2 * x"))
        def double(x):
            return 2 * x
        double = checked(look)(double)
    """
    lines = text.splitlines()
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    for node in sorted(functions, key=lambda node: -node.lineno):  # from the end
        found = [d for d in node.decorator_list if ast.unparse(d).startswith("checked(")]
        for decorator in found:
            below = f"{node.name} = {ast.unparse(decorator)}({node.name})"
            lines.insert(node.end_lineno, " " * node.col_offset + below)
            del lines[decorator.lineno - 1 : decorator.end_lineno]
    return "\n".join(lines)


def mutmut(*arguments: str) -> str:
    """Run mutmut in the copy and return its output."""
    command = [sys.executable, "-m", "mutmut", *arguments]
    return subprocess.run(command, cwd=FOLDER, stdout=subprocess.PIPE, text=True).stdout


def main(modules: list[str]) -> int:
    """Mutate the named modules, or all; print surviving mutants, and return 1 if there are any."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    copy_checkout(ROOT, FOLDER)
    for path in (FOLDER / "seqclf_utils").glob("*.py"):
        path.write_text(undecorate(path.read_text("utf-8")) + "\n", "utf-8")
    patterns = [f"seqclf_utils.{module}.*" for module in modules]
    run = subprocess.run([sys.executable, "-m", "mutmut", "run", *patterns], cwd=FOLDER)
    if run.returncode:
        return run.returncode  # mutmut has printed the reason
    results = re.findall(r"^ +(\S+): (.+)$", mutmut("results"), re.M)
    alive = [name for name, status in results if status in ("survived", "no tests")]
    print(*(mutmut("show", name) for name in alive), f"{len(alive)} mutants survived", sep="\n")
    return int(bool(alive))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", help='such as "model"; all if none is named')
    sys.exit(main(parser.parse_args().modules))
