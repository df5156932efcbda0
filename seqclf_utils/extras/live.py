"""Progress bar and live loss curves in a notebook; the output is cleared afterwards."""

import warnings
from collections.abc import Iterable, Iterator, Sequence

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


def watch(
    items: Iterable,
    *,
    total: int,
    initial: int = 0,
    unit: str,
    progress: bool,
    losses: Losses | None,
) -> Iterator:
    """Show a progress bar and loss curves while the caller iterates, then clear the output.

    Args:
        items: What to iterate over.
        total: Number of items, those before `initial` included.
        initial: Number of items that were finished before.
        unit: What one item is called.
        progress: Whether to show the bar.
        losses: Losses to draw, which the caller extends; None for no curves.

    Yields:
        The same items.
    """
    options = {"mininterval": REFRESH, "miniters": 1, "leave": False, "display": False}
    bar = tqdm(total=total, initial=initial, unit=unit, **options)
    picture = Picture(width=640)
    picture.layout.display = "none"  # until there is something to see
    box = widgets.VBox([bar.container] * progress + [picture] * (losses is not None))
    handle = display(box, display_id=True)
    try:
        for item in items:
            yield item
            if bar.update() and losses is not None and not show_losses(losses, picture):
                losses = None
    finally:
        bar.total = bar.n  # stopping early is not an error, for which tqdm would leave a red bar
        bar.close()
        for widget in (*bar.container.children, bar.container, picture, box):
            widget.close()
        handle.update({}, raw=True)


def show_losses(losses: Losses, picture: Picture) -> bool:
    """Redraw the loss curves; if that fails, warn, and training continues without them.

    Args:
        losses: Losses so far, of at least one epoch.
        picture: Where to draw.

    Returns:
        Whether the curves were drawn.
    """
    try:
        with picture.hold_sync():  # one change instead of two
            picture.value = draw_losses(losses)
            picture.tooltip = describe_losses(losses)
    except Exception as error:
        warnings.warn(
            f"The loss curves cannot be drawn ({error}); training continues.", stacklevel=2
        )
        return False
    picture.layout.display = "block"
    return True


def draw_losses(losses: Losses) -> bytes:
    """Draw the loss curves of unfinished training.

    Args:
        losses: Losses so far, of at least one epoch.

    Returns:
        The picture as PNG.
    """
    history = pd.DataFrame(losses, columns=["epoch", "train_loss", "val_loss"])
    figure = Figure(figsize=(6.4, 4.0), dpi=100, layout="constrained")  # unknown to pyplot
    ax = plot_loss_curves(history.assign(is_best=False), ax=figure.subplots())
    for line in ax.lines:
        line.set_marker(".")  # a single epoch is not a line yet
    ax.set_title(describe_losses(losses))
    return as_png(figure)


def describe_losses(losses: Losses) -> str:
    """Describe in one line how far training is.

    Args:
        losses: Losses so far, of at least one epoch.

    Returns:
        The line.

    Example:
        >>> describe_losses([(1, 0.7, 0.68), (2, 0.6, 0.612), (3, 0.5, 0.65)])
        'after epoch 3: lowest validation loss 0.612, in epoch 2'
    """
    epoch, _, lowest = min(losses, key=lambda row: row[2])
    return f"after epoch {losses[-1][0]}: lowest validation loss {lowest:.3g}, in epoch {epoch}"
