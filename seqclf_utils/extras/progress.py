"""Progress bars and live loss curves for interactive sessions, and parallel training runs."""

import os
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator

import ipywidgets as widgets
import joblib
import pandas as pd
from IPython import get_ipython
from IPython.display import display
from matplotlib.figure import Figure
from tqdm import notebook, tqdm
from traitlets import Unicode

from seqclf_utils.plotting import as_png, plot_loss_curves

REFRESH = 0.5  # minimum number of seconds between two drawings, each of which takes 0.1 s


def is_interactive() -> bool:
    """Detect whether the output is shown to a person; SEQCLF_PROGRESS=0 or 1 overrides this.

    Returns:
        True in a terminal and in a notebook that a person runs; False in a notebook that is
        executed by a program (the tests, `python course.py run`, the web book).
    """
    if "SEQCLF_PROGRESS" in os.environ:
        return os.environ["SEQCLF_PROGRESS"] == "1"
    if not in_notebook():
        return sys.stderr.isatty()
    # Programs that execute notebooks cannot answer input(), so the kernel may not ask for input.
    return bool(getattr(get_ipython().kernel, "_allow_stdin", False))


def in_notebook() -> bool:
    """Detect whether this code runs in a notebook, which can show pictures and buttons.

    Returns:
        False in a script, in a terminal, and in IPython without a kernel.
    """
    return getattr(get_ipython(), "kernel", None) is not None


def run_parallel(
    function: Callable, arguments: Iterable[tuple], *, n_jobs: int = 2, **options: object
) -> list:
    """Call a function once for each tuple of arguments, with several calls in parallel.

    The calls run in separate processes, each with one PyTorch thread and with default settings. A
    function that needs `agree_across_machines` must therefore call it itself. Interactive sessions
    show a progress bar, which disappears afterwards.

    Args:
        function: Called as `function(*args, **options)`; may be defined in a notebook.
        arguments: One tuple for each call, such as `[("last", 0), ("last", 1)]`.
        n_jobs: Number of processes.
        options: Keyword arguments of every call.

    Returns:
        The results, in the order of the arguments.

    Example:
        >>> run_parallel(pow, [(2, 3), (3, 2)], n_jobs=1)
        [8, 9]
    """
    calls = [joblib.delayed(function)(*args, **options) for args in arguments]
    with joblib.parallel_config("loky", inner_max_num_threads=1):  # the processes share the cores
        results = joblib.Parallel(n_jobs, return_as="generator")(calls)
        return list(with_bar(results, total=len(calls), unit="run"))


def epochs_left(losses: list[tuple], max_epochs: int, *, progress: bool, live: bool) -> Iterable:
    """Iterate over the remaining epochs and show progress in interactive sessions.

    Args:
        losses: Epoch, train_loss and val_loss of each finished epoch; the caller extends the list.
        max_epochs: Number of the last epoch.
        progress: Whether to show a progress bar.
        live: Whether to draw the loss curves after each epoch, in a notebook.

    Returns:
        The epochs after the last epoch in `losses`.
    """
    epochs = range(len(losses) + 1, max_epochs + 1)
    if progress:
        epochs = with_bar(epochs, total=max_epochs, initial=len(losses), unit="epoch")
    return with_curves(epochs, losses) if live and is_interactive() and in_notebook() else epochs


def with_bar(items: Iterable, **options: object) -> Iterable:
    """Show a progress bar while the caller iterates, if the session is interactive.

    Args:
        items: What to iterate over.
        options: Further arguments of tqdm.

    Returns:
        The same items.
    """
    if not is_interactive():
        return items
    if not in_notebook():
        return tqdm(items, leave=False, **options)
    bar = notebook.tqdm(items, leave=False, display=False, **options)
    return _while_shown(bar.container, bar)


def with_curves(epochs: Iterable[int], losses: list[tuple]) -> Iterator[int]:
    """Show the loss curves while the caller iterates.

    Args:
        epochs: What to iterate over.
        losses: Epoch, train_loss and val_loss of finished epochs; the caller extends the list.

    Returns:
        The same epochs.
    """
    picture = Picture(width=640)
    picture.layout.display = "none"  # until there is something to see
    return _while_shown(picture, _draw_between(epochs, losses, picture))


class Picture(widgets.Image):
    """A PNG that can be replaced without flicker, with its alt text in `tooltip`.

    Screen readers read the tooltip; JupyterLab shows it only for widgets with a description.
    """

    description = Unicode("").tag(sync=True)

    def __init__(self, **options: object) -> None:
        # This layout fits narrow windows, too.
        super().__init__(layout={"max_width": "100%", "height": "auto"}, **options)


def show_losses(losses: list[tuple], picture: Picture) -> None:
    """Draw the loss curves so far.

    Args:
        losses: Epoch, train_loss and val_loss of each finished epoch, at least one.
        picture: Where to draw.
    """
    history = pd.DataFrame(losses, columns=["epoch", "train_loss", "val_loss"])
    figure = Figure(figsize=(6.4, 4.0), dpi=100, layout="constrained")  # unknown to pyplot
    ax = plot_loss_curves(history, ax=figure.subplots())
    for line in ax.lines:
        line.set_marker(line.get_marker().replace("None", "."))  # so that a single epoch is visible
    epoch, _, lowest = min(losses, key=lambda row: row[2])
    best = f"lowest validation loss {lowest:.3g}, in epoch {epoch}"
    with picture.hold_sync():  # one change instead of two
        picture.value = as_png(figure)
        picture.tooltip = f"Loss curves after epoch {len(losses)}: {best}"
    picture.layout.display = "block"


def _draw_between(epochs: Iterable, losses: list[tuple], picture: Picture) -> Iterator:
    """Draw after each epoch, but not too often; after an error, warn and stop drawing."""
    next_time = 0.0
    for epoch in epochs:
        yield epoch
        if time.monotonic() >= next_time:
            try:
                show_losses(losses, picture)
                next_time = time.monotonic() + REFRESH
            except Exception as error:
                warnings.warn(f"Training continues without loss curves: {error}", stacklevel=3)
                next_time = float("inf")


def _while_shown(widget: widgets.Widget, items: Iterable) -> Iterator:
    """Show a widget while the caller iterates, and clear its output at the end."""
    handle = display(widget, display_id=True)
    try:
        yield from items
    finally:
        for part in (*getattr(widget, "children", ()), widget):
            part.close()
        handle.update({}, raw=True)
