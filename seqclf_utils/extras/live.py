"""Progress bar and live loss curves in a notebook; the output is cleared afterwards."""

import time
import warnings
from collections.abc import Iterable, Iterator

import ipywidgets as widgets
import pandas as pd
from IPython.display import display
from matplotlib.figure import Figure
from tqdm.notebook import tqdm
from traitlets import Unicode

from seqclf_utils.plotting import as_png, plot_loss_curves

REFRESH = 0.5  # minimum number of seconds between two drawings, each of which takes 0.1 s


class Picture(widgets.Image):
    """A PNG that can be replaced without flicker, with its alt text in `tooltip`.

    Screen readers read the tooltip; JupyterLab shows it only for widgets with a description.
    """

    description = Unicode("").tag(sync=True)

    def __init__(self, **options: object) -> None:
        # This layout fits narrow windows, too.
        super().__init__(layout={"max_width": "100%", "height": "auto"}, **options)


def while_shown(widget: widgets.Widget, items: Iterable) -> Iterator:
    """Show a widget while the caller iterates, and clear its output at the end.

    Args:
        widget: The widget.
        items: What to iterate over.

    Yields:
        The same items.
    """
    handle = display(widget, display_id=True)
    try:
        yield from items
    finally:
        for part in (*getattr(widget, "children", ()), widget):
            part.close()
        handle.update({}, raw=True)


def with_bar(items: Iterable, **options: object) -> Iterator:
    """Show a progress bar while the caller iterates.

    Args:
        items: What to iterate over.
        options: Further arguments of tqdm.

    Returns:
        The same items.
    """
    bar = tqdm(items, leave=False, display=False, **options)
    return while_shown(bar.container, bar)


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
    return while_shown(picture, draw_between(epochs, losses, picture))


def draw_between(epochs: Iterable, losses: list[tuple], picture: Picture) -> Iterator:
    """Draw after each epoch, but not too often; after an error, warn and stop drawing.

    Args:
        epochs: What to iterate over.
        losses: Epoch, train_loss and val_loss of finished epochs; the caller extends the list.
        picture: Where to draw.

    Yields:
        The same epochs.
    """
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
