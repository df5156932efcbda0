"""Plotting helpers in the style of the course, used by all notebooks.

Each helper draws into `ax` and returns it; `show_figure` shows the finished figure.
"""

import io
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike
from torch import Tensor

from seqclf_utils.datasets import outline_points
from seqclf_utils.validation import require

Columns = Mapping[str, ArrayLike]  # numbers by name, or a DataFrame

# Colours that colour-blind readers can tell apart (Okabe and Ito, 2008).
TRAIN_COLOR, VAL_COLOR, BEST_COLOR = "#0072B2", "#D55E00", "#555555"
HIGH_COLOR, LOW_COLOR = "#EDAF79", "#CFE5F3"  # background of 4-5-6 and of 1-2-3
# Colour alone never carries meaning: each line style and marker goes with one colour.
# The colours of LOOKS are also in course.mplstyle.
LOOKS = ((TRAIN_COLOR, "-"), (VAL_COLOR, "--"), ("#CC79A7", "-."), (BEST_COLOR, ":"))
LINE_STYLES = [{"color": color, "linestyle": style} for color, style in LOOKS]
DOT_STYLES = ((TRAIN_COLOR, "s"), (VAL_COLOR, "o"))
BEST_STYLE = {"color": BEST_COLOR, "linestyle": ":", "label": "best possible"}


def use_course_style() -> None:
    """Set matplotlib's defaults to the style of the course."""
    plt.style.use("seqclf_utils.course")  # course.mplstyle in this folder


def plot_loss_curves(
    history: pd.DataFrame, *, best_possible: float | None = None, ax: Axes | None = None
) -> Axes:
    """Plot training and validation loss by epoch and mark the lowest validation loss.

    Args:
        history: What `fit` returns: columns epoch, train_loss, val_loss.
        best_possible: Lowest loss that any classifier could reach, in nats per sequence.
        ax: Where to draw; a new figure if None.

    Returns:
        The axes.

    Raises:
        TypeError: If `history` is not a DataFrame or `ax` is not an Axes.
        ValueError: If `history` lacks a column.
    """
    _check_history(history)
    epochs, val_losses = history["epoch"], history["val_loss"]
    ax = plot_lines(epochs, {"training": history["train_loss"], "validation": val_losses}, ax=ax)
    best = val_losses.idxmin()
    label = f"lowest validation loss: epoch {epochs[best]}"
    ax.plot(epochs[best], val_losses[best], "o", color=VAL_COLOR, label=label)
    if best_possible is not None:
        ax.axhline(best_possible, **BEST_STYLE)
    ax.set(xlabel="epoch", ylabel="loss (nats per sequence)")
    _whole_ticks(ax)
    ax.margins(y=0.12)
    ax.legend()
    return ax


def plot_lines(
    x: ArrayLike, curves: Columns, *, best_possible: ArrayLike | None = None, ax: Axes | None = None
) -> Axes:
    """Plot up to four named curves, each with its own colour and line style.

    Args:
        x: Positions on the horizontal axis, shape (n,).
        curves: Heights by name, each of shape (n,); at most three if `best_possible` is given.
        best_possible: Heights of the best possible curve, shape (n,).
        ax: Where to draw; a new figure if None.

    Returns:
        The axes.

    Raises:
        TypeError: If `ax` is not an Axes.
        IndexError: If there are more curves than styles.
        ValueError: If the lengths differ.
    """
    ax = _axes(ax)
    styles = LINE_STYLES if best_possible is None else LINE_STYLES[:-1]  # the last is BEST_STYLE
    for position, (name, y) in enumerate(curves.items()):
        ax.plot(x, y, label=name, **styles[position])
    if best_possible is not None:
        ax.plot(x, best_possible, **BEST_STYLE)
    ax.legend()
    return ax


def plot_histograms(values: Columns, bins: ArrayLike, *, ax: Axes | None = None) -> Axes:
    """Plot up to four named histograms, with the first filled and the others outlined.

    Args:
        values: Numbers to count, by name.
        bins: Edges of the bins, or the number of equal bins, as in `Axes.hist`.
        ax: Where to draw; a new figure if None.

    Returns:
        The axes.

    Raises:
        TypeError: If `ax` is not an Axes.
        IndexError: If there are more than four names.
    """
    ax = _axes(ax)
    for position, (name, numbers) in enumerate(values.items()):
        look = {"histtype": "step", "linewidth": 2} if position else {"alpha": 0.7}
        ax.hist(numbers, bins, label=name, **LINE_STYLES[position], **look)
    if len(values.keys()) > 1:
        ax.legend()
    return ax


def plot_dots(
    scores: Columns, *, best_possible: ArrayLike | None = None, ax: Axes | None = None
) -> Axes:
    """Plot a column of dots for each name, with one dot per seed.

    Args:
        scores: Scores by column name; neighbouring columns differ in colour and marker.
        best_possible: Best score that any classifier could reach: one number for each column, or
            one for all columns.
        ax: Where to draw; a new figure if None.

    Returns:
        The axes.

    Raises:
        TypeError: If `ax` is not an Axes.
        ValueError: If `best_possible` does not fit the columns.
    """
    ax = _axes(ax)
    for place, (_, numbers) in enumerate(scores.items()):
        color, marker = DOT_STYLES[place % 2]
        spread = np.linspace(-0.15, 0.15, len(numbers))  # so that equal scores stay visible
        ax.plot(place + spread, numbers, marker, color=color, alpha=0.7)
    places = np.arange(len(scores.keys()))
    if best_possible is not None:
        heights = np.broadcast_to(best_possible, places.shape)  # at most one per column
        ax.hlines(heights, places - 0.4, places + 0.4, **BEST_STYLE)
        _legend_above(ax)
    ax.set_xticks(places, scores.keys())
    return ax


def plot_intervals(
    low: ArrayLike, high: ArrayLike, *, truth: float | None = None, ax: Axes | None = None
) -> Axes:
    """Plot intervals as vertical lines, numbered from 1.

    Args:
        low: Lower ends, shape (n,).
        high: Upper ends, shape (n,).
        truth: What the intervals should contain; intervals that miss it are dashed.
        ax: Where to draw; a new figure if None.

    Returns:
        The axes.

    Raises:
        TypeError: If `ax` is not an Axes.
        ValueError: If the lengths differ.
    """
    low, high = np.stack([low, high])  # vlines would accept a single low or high
    ax = _axes(ax)
    place = np.arange(1, len(low) + 1)
    if truth is None:
        ax.vlines(place, low, high, TRAIN_COLOR, linewidth=2)
        return ax
    hit = (low <= truth) & (truth <= high)
    ax.vlines(place[hit], low[hit], high[hit], TRAIN_COLOR, label="contains the truth")
    ax.vlines(place[~hit], low[~hit], high[~hit], VAL_COLOR, "--", label="misses it", linewidth=2.5)
    ax.axhline(truth, color=BEST_COLOR, linestyle=":", label="the truth")
    _legend_above(ax)
    return ax


def plot_padded_batch(padded: Tensor, lengths: Tensor, *, ax: Axes | None = None) -> Axes:
    """Plot a padded batch as a table of symbols in which padding is hatched in grey.

    Args:
        padded: Symbols, int64, shape (N, L).
        lengths: Length of each sequence, int64, shape (N,).
        ax: Where to draw; a new figure if None.

    Returns:
        The axes.

    Raises:
        TypeError: If `ax` is not an Axes.
        ValueError: If there is not one length for each sequence.
    """
    ax = _axes(ax)
    n_sequences, n_steps = padded.shape
    for row, (symbols, length) in enumerate(zip(padded.tolist(), lengths.tolist(), strict=True)):
        for step, symbol in enumerate(symbols, start=1):
            look = {"fc": "white"} if step <= length else {"fc": "#DDDDDD", "hatch": "///"}
            ax.add_patch(plt.Rectangle((step - 0.5, row - 0.5), 1, 1, ec="#888888", **look))
            ax.text(step, row, str(symbol), ha="center", va="center", color="#222222")
    ax.set(xlim=(0.5, n_steps + 0.5), ylim=(n_sequences - 0.5, -0.5))
    ax.set(xlabel="time step", ylabel="sequence", yticks=range(n_sequences))
    _whole_ticks(ax)
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.tick_params(length=0)
    return ax


def plot_throws(
    sequences: Sequence, names: list[str], *, marked: Sequence[int] = (6,), ax: Axes | None = None
) -> Axes:
    """Plot sequences of throws as rows of digits, with boxes around the marked faces.

    Args:
        sequences: Faces 1..6, a list or array of any length for each row.
        names: Name of each row.
        marked: Faces that get a box.
        ax: Where to draw; a new figure if None.

    Returns:
        The axes.

    Raises:
        TypeError: If `ax` is not an Axes.
        ValueError: If there is not one name for each row.
    """
    ax = _axes(ax)
    box = {"boxstyle": "round,pad=0.25", "facecolor": "#E69F00", "edgecolor": "black"}
    for row, throws in enumerate(sequences):
        for step, face in enumerate(map(int, throws), start=1):
            look = {"bbox": box, "fontweight": "bold"} if face in marked else {}
            ax.text(step, row, str(face), ha="center", va="center", fontsize=9, **look)
    ax.set(xlim=(0, max(map(len, sequences)) + 1), ylim=(len(names) - 0.4, -0.6), xlabel="throw")
    _whole_ticks(ax)
    ax.set_yticks(range(len(sequences)), names)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    return ax


def plot_probabilities(
    throws: ArrayLike, probabilities: ArrayLike, best_possible: ArrayLike, *, ax: Axes | None = None
) -> Axes:
    """Plot the probability of a cheat after each throw, with the throws below.

    Args:
        throws: Faces 1..6, shape (n,); there may be none yet.
        probabilities: The LSTM's probability after each throw, shape (n,).
        best_possible: The exact probability after each throw, shape (n,).
        ax: Where to draw; a new figure if None.

    Returns:
        The axes.

    Raises:
        TypeError: If `ax` is not an Axes.
        ValueError: If the lengths differ.
    """
    ax = _axes(ax)
    steps = range(1, len(throws) + 1)
    end = {"marker": "o", "markevery": slice(-1, None)}  # so that a single throw is visible
    ax.plot(steps, probabilities, color=TRAIN_COLOR, label="LSTM", **end)
    ax.plot(steps, best_possible, markerfacecolor="white", **BEST_STYLE, **end)
    for step, face in zip(steps, throws, strict=True):
        box = {"facecolor": HIGH_COLOR if face >= 4 else LOW_COLOR, "edgecolor": "none", "pad": 1.5}
        ax.text(step, -0.09, str(face), ha="center", va="center", fontsize=8, bbox=box)
    longest = max(20, 20 * -(-len(throws) // 20))  # 20, 40, 60, …
    ax.set(xlim=(0, longest + 1), ylim=(-0.16, 1.02), ylabel="probability of a cheat")
    ax.set(xlabel="throw (orange: 4-5-6, blue: 1-2-3)", xticks=range(0, longest + 1, 5))
    _legend_above(ax)
    return ax


def plot_outline(sequence: np.ndarray, *, ax: Axes | None = None) -> Axes:
    """Plot the shape that a digit's outline encloses, and mark where the outline starts.

    Args:
        sequence: Steps as symbols 1..6, shape (L,).
        ax: Where to draw; a new figure if None.

    Returns:
        The axes.

    Raises:
        TypeError: If `ax` is not an Axes.
        ValueError: If a symbol is outside 1..6.
    """
    points = outline_points(sequence)
    ax = _axes(ax)
    ax.fill(*points.T, color=TRAIN_COLOR, alpha=0.15)
    ax.plot(*points.T, color=TRAIN_COLOR, linewidth=1.5)
    ax.plot(0, 0, "o", color=VAL_COLOR, markersize=5)
    ax.set_aspect("equal")
    ax.axis("off")
    return ax


def as_png(figure: Figure, **options: object) -> bytes:
    """Return a figure as PNG, whatever the default format is.

    Args:
        figure: The figure.
        options: Further arguments of `Figure.savefig`.

    Returns:
        The content of a PNG file.
    """
    png = io.BytesIO()
    figure.savefig(png, format="png", **options)
    return png.getvalue()


def _axes(ax: Axes | None) -> Axes:
    """Return `ax`, or the axes of a new figure."""
    if ax is None:
        return plt.subplots()[1]
    require(isinstance(ax, Axes), "ax", ax, "one Axes, such as axes[0]", TypeError)
    return ax


def _whole_ticks(ax: Axes) -> None:
    """Put ticks of the horizontal axis at integers only."""
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def _legend_above(ax: Axes) -> None:
    """Put the legend above the axes, in one row."""
    ax.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0, ncols=3)


def _check_history(history: pd.DataFrame) -> None:
    """Raise an error unless `history` has the columns that `fit` returns."""
    require(isinstance(history, pd.DataFrame), "history", history, "what fit returns", TypeError)
    has_columns = {"epoch", "train_loss", "val_loss"} <= set(history)
    require(has_columns, "list(history)", list(history), "a list with epoch, train_loss, val_loss")
