"""Plotting helpers in the style of the course, used by all notebooks.

Each helper draws into `ax` and returns it; `show_figure` shows the finished figure.
"""

import io
import math
from collections.abc import Mapping, Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike
from torch import Tensor

from seqclf_utils.datasets import outline_points
from seqclf_utils.validation import check_lengths, check_numbers

NamedValues = Mapping[str, ArrayLike]

# Colours that colour-blind readers can tell apart (Okabe and Ito, 2008).
TRAIN_COLOR = "#0072B2"
VAL_COLOR = "#D55E00"
BEST_COLOR = "#555555"
SIX_COLOR = "#E69F00"
HIGH_COLOR, LOW_COLOR = "#EDAF79", "#CFE5F3"  # behind 4-5-6 and behind 1-2-3
# Colour never alone carries meaning: each line style and marker goes with one colour.
LINE_STYLES = ((TRAIN_COLOR, "-"), (VAL_COLOR, "--"), ("#CC79A7", "-."), (BEST_COLOR, ":"))
DOT_STYLES = ((TRAIN_COLOR, "s"), (VAL_COLOR, "o"))
BEST_STYLE = {"color": BEST_COLOR, "linestyle": ":", "label": "best possible"}


def use_course_style() -> None:
    """Set matplotlib's defaults to the style of the course."""
    mpl.rcParams.update(
        {
            "figure.figsize": (6.4, 4.0),
            "figure.dpi": 100,
            "figure.facecolor": "white",
            "savefig.facecolor": "white",
            "axes.prop_cycle": cycler(color=[color for color, _ in LINE_STYLES]),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": 11,
            "axes.titlelocation": "left",
            "axes.labelsize": 11,
            "legend.frameon": False,
            "font.family": "DejaVu Sans",  # ships with matplotlib: the same on every machine
            "svg.hashsalt": "seqclf",  # the same ids in an SVG at every run
        }
    )


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
        TypeError: If `history` is not a DataFrame or `ax` not an Axes.
        ValueError: If `history` lacks a column.
    """
    _check_history(history)
    ax = _axes(ax)
    epochs = history["epoch"]
    ax.plot(epochs, history["train_loss"], color=TRAIN_COLOR, label="training")
    ax.plot(epochs, history["val_loss"], color=VAL_COLOR, linestyle="--", label="validation")
    best = history["val_loss"].idxmin()
    label = f"lowest validation loss: epoch {epochs[best]}"
    ax.plot(epochs[best], history["val_loss"][best], "o", color=VAL_COLOR, label=label)
    if best_possible is not None:
        ax.axhline(best_possible, **BEST_STYLE)
    ax.set(xlabel="epoch", ylabel="loss (nats per sequence)")
    _whole_ticks(ax)
    ax.margins(y=0.12)
    ax.legend()
    return ax


def plot_lines(
    x: ArrayLike,
    curves: NamedValues,
    *,
    best_possible: ArrayLike | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Plot up to four named curves, each with its own colour and line style.

    Args:
        x: Positions on the horizontal axis, shape (n,).
        curves: Heights by name, each of shape (n,); up to three beside `best_possible`.
        best_possible: Heights of the best possible curve, shape (n,).
        ax: Where to draw; a new figure if None.

    Returns:
        The axes.

    Raises:
        TypeError: If `curves` is not a mapping or `ax` not an Axes.
        ValueError: If there are too many curves, lengths differ, or a number is not finite.
    """
    x = check_numbers("x", x)
    lines = _check_named("curves", curves, n_values=len(x), maximum=4 - (best_possible is not None))
    ax = _axes(ax)
    for (name, y), (color, style) in zip(lines.items(), LINE_STYLES, strict=False):
        ax.plot(x, y, color=color, linestyle=style, label=name)
    if best_possible is not None:
        ax.plot(x, check_numbers("best_possible", best_possible, n_values=len(x)), **BEST_STYLE)
    ax.legend()
    return ax


def plot_histograms(values: NamedValues, bins: ArrayLike, *, ax: Axes | None = None) -> Axes:
    """Plot up to four named histograms: the first one filled, the others outlined.

    Args:
        values: Numbers to count by name.
        bins: Edges of the bins, or how many equal ones there are, as in `Axes.hist`.
        ax: Where to draw; a new figure if None.

    Returns:
        The axes.

    Raises:
        TypeError: If `values` is not a mapping or `ax` not an Axes.
        ValueError: If there are too many names or a number is not finite.
    """
    counted = _check_named("values", values, maximum=4)
    ax = _axes(ax)
    for (name, numbers), (color, style) in zip(counted.items(), LINE_STYLES, strict=False):
        outlined = {"histtype": "step", "linestyle": style, "linewidth": 2}
        look = {"alpha": 0.7} if style == "-" else outlined
        ax.hist(numbers, bins, color=color, label=name, **look)
    if len(counted) > 1:
        ax.legend()
    return ax


def plot_dots(
    scores: NamedValues, *, best_possible: ArrayLike | None = None, ax: Axes | None = None
) -> Axes:
    """Plot a column of dots for each name, a dot for each seed.

    Args:
        scores: Scores by name of the column; neighbouring columns differ in colour and marker.
        best_possible: Best score that any classifier could reach, one for each column.
        ax: Where to draw; a new figure if None.

    Returns:
        The axes.

    Raises:
        TypeError: If `scores` is not a mapping or `ax` not an Axes.
        ValueError: If lengths differ or a number is not finite.
    """
    columns = _check_named("scores", scores)
    places = np.arange(len(columns))
    ax = _axes(ax)
    for place, numbers in zip(places, columns.values(), strict=True):
        color, marker = DOT_STYLES[place % 2]
        spread = np.linspace(-0.15, 0.15, len(numbers))  # so that equal scores stay visible
        ax.plot(place + spread, numbers, marker, color=color, alpha=0.7)
    if best_possible is not None:
        heights = check_numbers("best_possible", best_possible, n_values=len(columns))
        ax.hlines(heights, places - 0.4, places + 0.4, **BEST_STYLE)
        _legend_above(ax)
    ax.set_xticks(places, columns)
    return ax


def plot_intervals(
    low: ArrayLike, high: ArrayLike, *, truth: float | None = None, ax: Axes | None = None
) -> Axes:
    """Plot intervals as vertical lines, numbered from 1.

    Args:
        low: Lower ends, shape (n,).
        high: Upper ends, shape (n,).
        truth: What the intervals should contain; those that miss it are dashed.
        ax: Where to draw; a new figure if None.

    Returns:
        The axes.

    Raises:
        TypeError: If `ax` is not an Axes.
        ValueError: If lengths differ or a number is not finite.
    """
    low = check_numbers("low", low)
    high = check_numbers("high", high, n_values=len(low))
    ax = _axes(ax)
    place = np.arange(1, len(low) + 1)
    if truth is None:
        ax.vlines(place, low, high, TRAIN_COLOR, linewidth=2)
        return ax
    hit = (low <= truth) & (truth <= high)
    ax.vlines(place[hit], low[hit], high[hit], TRAIN_COLOR, label="contains the truth")
    missed = {"linestyle": "--", "linewidth": 2.5, "label": "misses it"}
    ax.vlines(place[~hit], low[~hit], high[~hit], VAL_COLOR, **missed)
    ax.axhline(truth, color=BEST_COLOR, linestyle=":", label="the truth")
    _legend_above(ax)
    return ax


def plot_padded_batch(padded: Tensor, lengths: Tensor, *, ax: Axes | None = None) -> Axes:
    """Plot a padded batch as a table of symbols in which padding is hatched grey.

    Args:
        padded: Symbols, int64, shape (N, L).
        lengths: Real time steps of each sequence, int64, shape (N,).
        ax: Where to draw; a new figure if None.

    Returns:
        The axes.

    Raises:
        TypeError: If `ax` is not an Axes.
        ValueError: If there is not one length for each sequence, or a length is not 1..L.
    """
    n_sequences, n_steps = padded.shape
    check_lengths(lengths, n_sequences=n_sequences, n_steps=n_steps)
    ax = _axes(ax)
    for (row, step), symbol in np.ndenumerate(padded.numpy()):
        is_pad = step >= lengths[row]
        look = {"facecolor": "#DDDDDD", "hatch": "///"} if is_pad else {"facecolor": "white"}
        ax.add_patch(plt.Rectangle((step + 0.5, row - 0.5), 1, 1, edgecolor="#888888", **look))
        ax.text(step + 1, row, str(symbol), ha="center", va="center", color="#222222")
    ax.set(xlim=(0.5, n_steps + 0.5), ylim=(n_sequences - 0.5, -0.5))
    ax.set(xlabel="time step", ylabel="sequence", yticks=range(n_sequences))
    _whole_ticks(ax)
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.tick_params(length=0)
    return ax


def plot_throws(
    sequences: Sequence[ArrayLike],
    names: Sequence[str],
    *,
    marked: Sequence[int] = (6,),
    ax: Axes | None = None,
) -> Axes:
    """Plot sequences of throws as rows of digits in which sixes, or other faces, are boxed.

    Args:
        sequences: Faces 1..6, one array for each row.
        names: Name of each row.
        marked: Faces that are boxed.
        ax: Where to draw; a new figure if None.

    Returns:
        The axes.

    Raises:
        TypeError: If `ax` is not an Axes.
        ValueError: If there is not one name for each row.
    """
    if len(names) != len(sequences):
        raise ValueError(f"names has {len(names)} entries for {len(sequences)} sequences")
    ax = _axes(ax)
    box = {"boxstyle": "round,pad=0.25", "facecolor": SIX_COLOR, "edgecolor": "black"}
    for row, throws in enumerate(sequences):
        for step, face in enumerate(map(int, throws), start=1):
            look = {"bbox": box, "fontweight": "bold"} if face in marked else {}
            ax.text(step, row, str(face), ha="center", va="center", fontsize=9, **look)
    ax.set(xlim=(0, max(map(len, sequences)) + 1), ylim=(len(names) - 0.4, -0.6), xlabel="throw")
    _whole_ticks(ax)
    ax.set_yticks(range(len(names)), names)
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
        ValueError: If lengths differ.
    """
    n = len(throws)
    if not len(probabilities) == len(best_possible) == n:
        raise ValueError(f"probabilities and best_possible must each have {n} entries, one a throw")
    ax = _axes(ax)
    steps = range(1, n + 1)
    end = {"marker": "o", "markevery": [-1] if n else []}  # so that a single throw shows
    ax.plot(steps, probabilities, color=TRAIN_COLOR, label="LSTM", **end)
    ax.plot(steps, best_possible, markerfacecolor="white", **BEST_STYLE, **end)
    for step, face in zip(steps, throws, strict=True):
        color = HIGH_COLOR if face >= 4 else LOW_COLOR
        box = {"facecolor": color, "edgecolor": "none", "pad": 1.5}
        ax.text(step, -0.09, str(face), ha="center", va="center", fontsize=8, bbox=box)
    longest = max(20, 20 * -(-n // 20))  # 20, 40, 60, …
    ax.set(xlim=(0, longest + 1), ylim=(-0.16, 1.02), ylabel="probability of a cheat")
    ax.set(xlabel="throw (orange: 4-5-6, blue: 1-2-3)", xticks=range(0, longest + 1, 5))
    _legend_above(ax)
    return ax


def plot_outline(sequence: np.ndarray, *, ax: Axes | None = None) -> Axes:
    """Plot the shape that a digit's outline walks around, with its starting point.

    Args:
        sequence: Steps as symbols 1..6, shape (L,).
        ax: Where to draw; a new figure if None.

    Returns:
        The axes.

    Raises:
        TypeError: If `ax` is not an Axes.
        ValueError: If a symbol is not 1..6.
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
    if not isinstance(ax, Axes):
        raise TypeError(f"ax is a {type(ax).__name__}; it must be one Axes, such as axes[0]")
    return ax


def _whole_ticks(ax: Axes) -> None:
    """Put ticks of the horizontal axis at integers only."""
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def _legend_above(ax: Axes) -> None:
    """Put the legend above the axes, in one row."""
    ax.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0, ncols=3)


def _check_history(history: pd.DataFrame) -> None:
    """Raise unless there are the columns that `fit` returns."""
    if not isinstance(history, pd.DataFrame):
        raise TypeError(f"history is a {type(history).__name__}; it must be what fit returns")
    missing = {"epoch", "train_loss", "val_loss"}.difference(history.columns)
    if missing:
        raise ValueError(f"history has no column {min(missing)!r}; it must be what fit returns")


def _check_named(
    argument: str, values: NamedValues, *, n_values: int | None = None, maximum: float = math.inf
) -> dict[str, np.ndarray]:
    """Return numbers by name; a DataFrame holds them by column."""
    if not isinstance(values, Mapping | pd.DataFrame):
        raise TypeError(f"{argument} is a {type(values).__name__}; it must be a dictionary")
    if len(values.keys()) > maximum:
        raise ValueError(f"{argument} has {len(values.keys())} names; at most {maximum} are drawn")
    return {
        name: check_numbers(f"{argument}[{name!r}]", numbers, n_values=n_values)
        for name, numbers in values.items()
    }
