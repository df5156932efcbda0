"""Draw what the course looks at, all in one style.

A helper takes `ax` and returns it; `figures.show_figure` shows the result and keeps its copy.
"""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from seqclf_utils.datasets import outline_points

# Colours that people with colour-vision deficiency can tell apart (Okabe and Ito, 2008).
TRAIN_COLOR = "#0072B2"
VAL_COLOR = "#D55E00"
BEST_COLOR = "#555555"
SIX_COLOR = "#E69F00"
# Colour never alone carries meaning: each line style and marker goes with one colour.
LINE_STYLES = ((TRAIN_COLOR, "-"), (VAL_COLOR, "--"), ("#CC79A7", "-."), (BEST_COLOR, ":"))
DOT_STYLES = ((TRAIN_COLOR, "s"), (VAL_COLOR, "o"))


def use_course_style() -> None:
    """Set matplotlib's defaults to the style of the course."""
    mpl.rcParams.update(
        {
            "figure.figsize": (6.4, 4.0),
            "figure.dpi": 100,
            "figure.facecolor": "white",
            "savefig.facecolor": "white",
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
    """Draw training and validation loss by epoch and mark the restored epoch.

    Args:
        history: What `fit` returns: epoch, train_loss, val_loss, is_best.
        best_possible: Lowest loss that any classifier could reach, in nats per sequence.
        ax: Where to draw; a new figure if None.

    Returns:
        The axes.
    """
    ax = _axes(ax)
    epochs = history["epoch"]
    ax.plot(epochs, history["train_loss"], color=TRAIN_COLOR, label="train")
    ax.plot(epochs, history["val_loss"], color=VAL_COLOR, linestyle="--", label="validation")
    for _, best in history[history["is_best"]].iterrows():
        ax.plot(best["epoch"], best["val_loss"], "o", color=VAL_COLOR, label="_restored")
        ax.axvline(best["epoch"], color=VAL_COLOR, linewidth=0.8, alpha=0.5, label="_restored")
        ax.annotate(
            f"restored: epoch {best['epoch']:.0f}",
            (best["epoch"], 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 4),
            textcoords="offset points",
            ha="center",
        )
    if best_possible is not None:
        ax.axhline(best_possible, color=BEST_COLOR, linestyle=":", label="_best possible")
        _label_best_possible(ax, (1, best_possible), ("axes fraction", "data"))
    ax.set(xlabel="epoch", ylabel="loss (nats per sequence)")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.margins(y=0.12)
    ax.legend()
    return ax


def plot_lines(
    x: Sequence[float],
    curves: Mapping[str, Sequence[float]],
    *,
    best_possible: Sequence[float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw up to four named curves, each with its own colour and line style.

    Args:
        x: Positions on the horizontal axis, shape (n,).
        curves: Heights by name, each of shape (n,); up to three beside `best_possible`.
        best_possible: Heights of the best that is possible, shape (n,), labelled on the line.
        ax: Where to draw; a new figure if None.

    Returns:
        The axes.
    """
    ax = _axes(ax)
    for (name, y), (color, style) in zip(curves.items(), LINE_STYLES, strict=False):
        ax.plot(x, y, color=color, linestyle=style, label=name)
    if best_possible is not None:
        ax.plot(x, best_possible, color=BEST_COLOR, linestyle=":", label="_best possible")
        _label_best_possible(ax, (x[-1], best_possible[-1]))
    ax.legend()
    return ax


def plot_histograms(
    values: Mapping[str, Sequence[float]], bins: Sequence[float], *, ax: Axes | None = None
) -> Axes:
    """Draw up to four named histograms: the first one filled, the others outlined.

    Args:
        values: Numbers to count by name.
        bins: Edges of the bins.
        ax: Where to draw; a new figure if None.

    Returns:
        The axes.
    """
    ax = _axes(ax)
    for (name, numbers), (color, style) in zip(values.items(), LINE_STYLES, strict=False):
        if style == "-":
            ax.hist(numbers, bins, color=color, alpha=0.7, label=name)
        else:
            ax.hist(numbers, bins, histtype="step", color=color, ls=style, lw=2, label=name)
    if len(values) > 1:
        ax.legend()
    return ax


def plot_dots(
    scores: Mapping[str, Sequence[float]],
    *,
    best_possible: Sequence[float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw one column of dots a name, a dot a seed; neighbouring columns differ in marker.

    Args:
        scores: Scores by name of the column.
        best_possible: Best score that any classifier could reach, one a column.
        ax: Where to draw; a new figure if None.

    Returns:
        The axes.
    """
    ax = _axes(ax)
    for column, (numbers, best) in enumerate(
        zip(scores.values(), best_possible or [None] * len(scores), strict=True)
    ):
        color, marker = DOT_STYLES[column % 2]
        spread = np.linspace(-0.15, 0.15, len(numbers))  # so that equal scores stay visible
        ax.plot(column + spread, numbers, marker, color=color, alpha=0.7)
        if best is not None:
            ax.hlines(best, column - 0.4, column + 0.4, color=BEST_COLOR, linestyle=":")
    if best_possible:
        _label_best_possible(ax, (column + 0.4, best))
    ax.set_xticks(range(len(scores)), scores)
    return ax


def plot_padded_batch(padded: Tensor, lengths: Tensor, *, ax: Axes | None = None) -> Axes:
    """Draw a padded batch as a table of symbols in which padding is hatched grey.

    Args:
        padded: Symbols, int64, shape (N, L).
        lengths: Real time steps of each sequence, int64, shape (N,).
        ax: Where to draw; a new figure if None.

    Returns:
        The axes.
    """
    ax = _axes(ax)
    n_sequences, n_steps = padded.shape
    for row in range(n_sequences):
        for step in range(n_steps):
            is_pad = step >= lengths[row]
            box = {
                "facecolor": "#DDDDDD" if is_pad else "white",
                "hatch": "///" if is_pad else None,
                "edgecolor": "#888888",
            }
            ax.add_patch(plt.Rectangle((step + 0.5, row - 0.5), 1, 1, **box))
            text = str(int(padded[row, step]))
            ax.text(step + 1, row, text, ha="center", va="center", color="#222222")
    ax.set(xlim=(0.5, n_steps + 0.5), ylim=(n_sequences - 0.5, -0.5))
    ax.set(xlabel="time step", ylabel="sequence", yticks=range(n_sequences))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.tick_params(length=0)
    return ax


def plot_throws(
    sequences: Sequence[np.ndarray],
    names: Sequence[str],
    *,
    marked: Sequence[int] = (6,),
    ax: Axes | None = None,
) -> Axes:
    """Draw sequences of throws as rows of digits with every six, or other faces, boxed.

    Args:
        sequences: Symbols 1..6, one array a row.
        names: Name of each row.
        marked: Faces that are boxed.
        ax: Where to draw; a new figure if None.

    Returns:
        The axes.
    """
    ax = _axes(ax)
    for row, sequence in enumerate(sequences):
        for step, face in enumerate(sequence, start=1):
            is_marked = face in marked
            box = {"boxstyle": "round,pad=0.25", "facecolor": SIX_COLOR, "edgecolor": "black"}
            ax.text(
                step,
                row,
                str(face),
                ha="center",
                va="center",
                fontsize=9,
                fontweight="bold" if is_marked else "normal",
                bbox=box if is_marked else None,
            )
    longest = max(len(sequence) for sequence in sequences)
    ax.set(xlim=(0, longest + 1), ylim=(len(sequences) - 0.4, -0.6), xlabel="throw")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.set_yticks(range(len(sequences)), names)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    return ax


def plot_outline(sequence: np.ndarray, *, ax: Axes | None = None) -> Axes:
    """Draw the shape that a digit's outline walks around, with its starting point.

    Args:
        sequence: Steps as symbols 1..6, shape (L,).
        ax: Where to draw; a new figure if None.

    Returns:
        The axes.
    """
    ax = _axes(ax)
    points = outline_points(sequence)
    ax.fill(*points.T, color=TRAIN_COLOR, alpha=0.15)
    ax.plot(*points.T, color=TRAIN_COLOR, linewidth=1.5)
    ax.plot(0, 0, "o", color=VAL_COLOR, markersize=5)
    ax.set_aspect("equal")
    ax.axis("off")
    return ax


def _axes(ax: Axes | None) -> Axes:
    """Return `ax`, or the axes of a new figure."""
    return plt.subplots()[1] if ax is None else ax


def _label_best_possible(
    ax: Axes, end: tuple[float, float], coordinates: str | tuple[str, str] = "data"
) -> None:
    """Write "best possible" above the right end of a line."""
    ax.annotate(
        "best possible",
        end,
        xycoords=coordinates,
        xytext=(0, 4),
        textcoords="offset points",
        ha="right",
        color=BEST_COLOR,
    )
