"""Detect interactive sessions, which show progress bars, buttons and live curves."""

import os
import sys


def is_interactive() -> bool:
    """Detect whether the output is shown to a person; SEQCLF_PROGRESS=0 or 1 overrides this.

    Returns:
        True in a terminal and in a notebook that a person runs; False in a notebook that is
        executed by a program (the tests, `python course.py run`, the web book).
    """
    override = os.environ.get("SEQCLF_PROGRESS")
    if override is not None:
        return override == "1"
    kernel = _kernel()
    if kernel is None:
        return sys.stderr.isatty()
    # Programs that execute notebooks cannot answer input(), so the kernel may not ask for input.
    return bool(getattr(kernel, "_allow_stdin", False))


def in_notebook() -> bool:
    """Detect whether this code runs in a notebook, which can show pictures and buttons.

    Returns:
        False in a script, in a terminal, and in IPython without a kernel.
    """
    return _kernel() is not None


def _kernel() -> object | None:
    """Return the kernel of the notebook in which this code runs, or None."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None)
