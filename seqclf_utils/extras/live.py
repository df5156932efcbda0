"""Progress bar and live loss curves in a notebook; the output is cleared afterwards."""

import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import ipywidgets as widgets
import pandas as pd
from IPython.display import display
from matplotlib.figure import Figure
from tqdm.notebook import tqdm
from traitlets import Unicode

from seqclf_utils.plotting import as_png, plot_loss_curves

REFRESH = 0.5  # seconds at least between two drawings, which take 0.1 s each
Losses = Sequence[tuple[int, float, float]]  # epoch, train_loss and val_loss of finished epochs


class Picture(widgets.Image):
    """A PNG that can be replaced without flicker, with its alt text in `tooltip`.

    Screen readers read the tooltip; JupyterLab shows one only for widgets with a description.
    """

    description = Unicode("").tag(sync=True)

    def __init__(self, **options: object) -> None:
        layout = widgets.Layout(max_width="100%", height="auto")  # fits narrow windows too
        super().__init__(format="png", layout=layout, **options)


@contextmanager
def temporary(widget: widgets.Widget) -> Iterator[None]:
    """Show a widget inside a `with` block, and clear its output at the end.

    Args:
        widget: The widget.
    """
    handle = display(widget, display_id=True)
    try:
        yield
    finally:
        for part in (*getattr(widget, "children", ()), widget):
            part.close()
        handle.update({}, raw=True)


def with_bar(items: Iterable, **options: object) -> Iterator:
    """Show a progress bar while the caller iterates.

    Args:
        items: What to iterate over.
        options: Further arguments of tqdm.

    Yields:
        The same items.
    """
    bar = tqdm(items, leave=False, display=False, **options)
    with temporary(bar.container):
        yield from bar


def with_curves(epochs: Iterable[int], losses: Losses) -> Iterator[int]:
    """Show the loss curves while the caller iterates; if they cannot be drawn, warn once.

    Args:
        epochs: What to iterate over.
        losses: Losses so far, which the caller extends.

    Yields:
        The same epochs.
    """
    epochs, picture, drawn = iter(epochs), Picture(width=640), -REFRESH
    picture.layout.display = "none"  # until there is something to see
    with temporary(picture):
        for epoch in epochs:
            yield epoch
            if time.monotonic() < drawn + REFRESH:
                continue
            try:
                show_losses(losses, picture)
            except Exception as error:
                warnings.warn(f"Training continues without loss curves: {error}", stacklevel=2)
                yield from epochs
            drawn = time.monotonic()


def show_losses(losses: Losses, picture: Picture) -> None:
    """Draw the loss curves of unfinished training.

    Args:
        losses: Losses so far, of at least one epoch.
        picture: Where to draw.
    """
    history = pd.DataFrame(losses, columns=["epoch", "train_loss", "val_loss"])
    figure = Figure(figsize=(6.4, 4.0), dpi=100, layout="constrained")  # unknown to pyplot
    ax = plot_loss_curves(history, ax=figure.subplots())
    for line in ax.lines:
        line.set_marker(line.get_marker().replace("None", "."))  # one epoch is not a line yet
    best = history.loc[history["val_loss"].idxmin()]
    with picture.hold_sync():  # one change instead of two
        picture.value = as_png(figure)
        picture.tooltip = (
            f"Loss curves after epoch {len(history)}: lowest validation loss "
            f"{best['val_loss']:.3g}, in epoch {best['epoch']:.0f}"
        )
    picture.layout.display = "block"
