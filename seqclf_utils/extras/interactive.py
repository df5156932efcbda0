"""Tell whether a person is watching, for whom progress bars, buttons and the like are shown."""

import os
import sys


def person_watches() -> bool:
    """Tell whether a person looks at the output; SEQCLF_PROGRESS=0 or 1 decides if it is set.

    Returns:
        True in a notebook that a person runs and in a terminal, False where a program runs the
        notebook (the tests, `python course.py run`, the web book).
    """
    wish = os.environ.get("SEQCLF_PROGRESS")
    if wish is not None:
        return wish == "1"
    kernel = _kernel()
    if kernel is None:
        return sys.stderr.isatty()
    # Notebooks run by a program have no one to answer input(), so their kernel is told not to ask.
    return bool(getattr(kernel, "_allow_stdin", False))


def in_notebook() -> bool:
    """Tell whether this runs in a notebook, which can show pictures and buttons.

    Returns:
        False in a script, in a terminal, and in IPython without a kernel.
    """
    return _kernel() is not None


def _kernel() -> object | None:
    """Return the kernel of the notebook, if this runs in one."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None)
