"""Show in a notebook how training goes, and leave nothing behind."""

import warnings
from collections.abc import Iterator, Sequence

import ipywidgets as widgets
import pandas as pd
from IPython.display import display
from matplotlib.figure import Figure
from tqdm.notebook import tqdm
from traitlets import Unicode

from seqclf_utils.plotting import as_png, plot_loss_curves

REFRESH = 0.5  # seconds at least between two drawings, which take 0.1 s each


class Picture(widgets.Image):
    """A picture that changes, and says in its `tooltip` what it shows.

    Pictures of ipywidgets have no alt text. Screen readers read the tooltip instead, but in
    JupyterLab a tooltip needs a widget with a description, so this class has an empty one.
    """

    description = Unicode("").tag(sync=True)


def watch(
    epochs: Sequence[int],
    losses: Sequence[tuple[int, float, float]],
    *,
    progress: bool,
    live: bool,
) -> Iterator[int]:
    """Show a progress bar and loss curves while the caller goes through the epochs.

    The curves are one picture whose content changes, so nothing flickers. At the end all is gone; a
    notebook that is saved then has an empty output in this place.

    Args:
        epochs: What to go through.
        losses: Epoch, train_loss and val_loss of each finished epoch; the caller adds to it.
        progress: Whether to show the bar.
        live: Whether to show the curves.

    Yields:
        The same epochs.
    """
    bar = tqdm(
        total=len(losses) + len(epochs),
        initial=len(losses),
        unit="epoch",
        leave=False,
        display=False,
        mininterval=REFRESH,
        miniters=1,
    )
    layout = widgets.Layout(max_width="100%", height="auto", display="none")
    picture = Picture(format="png", width=640, layout=layout)
    box = widgets.VBox([bar.container] * progress + [picture] * live)
    handle = display(box, display_id=True)
    try:
        for epoch in epochs:
            yield epoch
            if bar.update() and live:
                live = show_losses(losses, picture)
    finally:
        bar.total = bar.n  # to stop early is no failure, for which tqdm would leave a red bar
        bar.close()
        for widget in (*bar.container.children, bar.container, picture, box):
            close(widget)
        handle.update({}, raw=True)


def close(widget: widgets.Widget) -> None:
    """Take a widget off the page, and what it looks like with it.

    Args:
        widget: The widget; its children stay.
    """
    for part in (widget, widget.layout, getattr(widget, "style", None)):
        if part is not None:
            part.close()


def show_losses(losses: Sequence[tuple[int, float, float]], picture: Picture) -> bool:
    """Bring the picture up to date; if it cannot be drawn, training goes on without.

    Args:
        losses: Epoch, train_loss and val_loss of each finished epoch, at least one.
        picture: Where to draw; it is hidden before it has a content.

    Returns:
        Whether that worked.
    """
    try:
        with picture.hold_sync():  # one change, not two or three
            picture.value = draw_losses(losses)
            picture.tooltip = say_losses(losses)
    except Exception as error:
        warnings.warn(f"The loss curves cannot be drawn ({error}); training goes on.", stacklevel=2)
        return False
    picture.layout.display = "block"
    return True


def draw_losses(losses: Sequence[tuple[int, float, float]]) -> bytes:
    """Draw the loss curves of unfinished training.

    Args:
        losses: Epoch, train_loss and val_loss of each finished epoch, at least one.

    Returns:
        The picture as PNG.
    """
    history = pd.DataFrame(losses, columns=["epoch", "train_loss", "val_loss"])
    # Not pyplot's figure: nothing may show it a second time.
    figure = Figure(figsize=(6.4, 4.0), dpi=100, layout="constrained")
    ax = plot_loss_curves(history.assign(is_best=False), ax=figure.subplots())
    for line in ax.lines:
        line.set_marker(".")  # one epoch alone is no line yet
    ax.set_title(say_losses(losses))
    return as_png(figure)


def say_losses(losses: Sequence[tuple[int, float, float]]) -> str:
    """Say how far training is.

    Args:
        losses: Epoch, train_loss and val_loss of each finished epoch, at least one.

    Returns:
        One line.

    Example:
        >>> say_losses([(1, 0.7, 0.68), (2, 0.6, 0.612), (3, 0.5, 0.65)])
        'after epoch 3: lowest validation loss 0.612, in epoch 2'
    """
    epoch, _, lowest = min(losses, key=lambda row: row[2])
    return f"after epoch {losses[-1][0]}: lowest validation loss {lowest:.3g}, in epoch {epoch}"
