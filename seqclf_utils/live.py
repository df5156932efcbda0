"""Draw the loss curves while a model trains, and leave nothing behind in the notebook."""

import io
from collections.abc import Iterable, Iterator, Sequence

import ipywidgets as widgets
import pandas as pd
from IPython.display import display
from matplotlib.figure import Figure
from traitlets import Unicode

from seqclf_utils.plotting import plot_loss_curves


class Picture(widgets.Image):
    """A picture whose content changes, with words for who cannot see it as its `tooltip`.

    ipywidgets has no alt text. It has a tooltip, which screen readers read out, but which fails in
    JupyterLab for all that has no description; so this has one, without content.
    """

    description = Unicode("").tag(sync=True)


def live_curves(steps: Iterable[int], losses: Sequence[tuple[int, float, float]]) -> Iterator[int]:
    """Draw the loss curves after each step, in a notebook.

    It is one picture whose content changes, so nothing flickers, and it is gone at the end.

    Args:
        steps: What to count through.
        losses: Epoch, train_loss and val_loss of each finished epoch; the caller adds to it.

    Yields:
        The same steps.
    """
    image = Picture(format="png", layout=widgets.Layout(max_width="100%", height="auto"))
    try:
        for step in steps:
            yield step
            is_first = not image.value
            image.value = draw_losses(losses)
            image.tooltip = say_losses(losses)  # which screen readers read out
            if is_first:  # before that there is nothing to see
                display(image)
    finally:
        image.close()


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
    png = io.BytesIO()
    figure.savefig(png, format="png")
    return png.getvalue()


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
    return f"after epoch {losses[-1][0]}: lowest validation loss {lowest:.3f}, in epoch {epoch}"
