"""Draw what the course looks at, all in one style.

A helper takes `ax` and returns it; `figures.show_figure` shows the result and keeps its copy.
"""

import io
from collections.abc import Mapping, Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from seqclf_utils.casino import N_FACES
from seqclf_utils.datasets import outline_points
from seqclf_utils.validation import (
    LARGEST_SYMBOL,
    check_batch,
    check_count,
    check_finite_number,
    check_names,
    check_numbers,
    check_sequences,
    is_list,
    shorten,
)

# Colours that people with colour-vision deficiency can tell apart (Okabe and Ito, 2008).
TRAIN_COLOR = "#0072B2"
VAL_COLOR = "#D55E00"
BEST_COLOR = "#555555"
SIX_COLOR = "#E69F00"
# Colour never alone carries meaning: each line style and marker goes with one colour.
LINE_STYLES = ((TRAIN_COLOR, "-"), (VAL_COLOR, "--"), ("#CC79A7", "-."), (BEST_COLOR, ":"))
LARGEST_DRAWN = 1e100  # the ends of an axis must not overflow
HISTORY_COLUMNS = ("epoch", "train_loss", "val_loss", "is_best")
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

    Raises:
        TypeError: If `history` is no DataFrame, or another argument not what it should be.
        ValueError: If a column is missing, there is no epoch, a number is NaN or infinite, or more
            than one epoch is the best.
    """
    _check_history(history)
    if best_possible is not None:
        best_possible = check_finite_number("best_possible", best_possible)
        _check_drawable("best_possible", [best_possible])
    ax = _axes(ax)
    epochs = history["epoch"]
    ax.plot(epochs, history["train_loss"], color=TRAIN_COLOR, label="train")
    ax.plot(epochs, history["val_loss"], color=VAL_COLOR, linestyle="--", label="validation")
    for _, best in history[history["is_best"].to_numpy(dtype=bool)].iterrows():
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

    Raises:
        TypeError: If `curves` is no dictionary, or `ax` no axes.
        ValueError: If there are no curves or too many, lengths differ, or a number is not finite.
    """
    x = _check_drawable("x", x)
    most = len(LINE_STYLES) - (best_possible is not None)  # which has the last style for itself
    lines = _check_curves("curves", curves, most, n_values=len(x))
    if best_possible is not None:
        best_possible = _check_drawable("best_possible", best_possible, n_values=len(x))
    ax = _axes(ax)
    for (name, y), (color, style) in zip(lines, LINE_STYLES, strict=False):
        ax.plot(x, y, color=color, linestyle=style, label=name)
    if best_possible is not None:
        ax.plot(x, best_possible, color=BEST_COLOR, linestyle=":", label="_best possible")
        _label_best_possible(ax, (x[-1], best_possible[-1]))
    ax.legend()
    return ax


def plot_histograms(
    values: Mapping[str, Sequence[float]], bins: Sequence[float] | int, *, ax: Axes | None = None
) -> Axes:
    """Draw up to four named histograms: the first one filled, the others outlined.

    Args:
        values: Numbers to count by name.
        bins: Edges of the bins, rising, or how many equal ones there are; numbers beyond the edges
            are not drawn.
        ax: Where to draw; a new figure if None.

    Returns:
        The axes.

    Raises:
        TypeError: If `values` is no dictionary, or `ax` no axes.
        ValueError: If there are no values or too many names, a number is not finite, or the edges
            do not rise.
    """
    counted = _check_curves("values", values, len(LINE_STYLES))
    bins = _check_bins(bins, counted)
    ax = _axes(ax)
    for (name, numbers), (color, style) in zip(counted, LINE_STYLES, strict=False):
        if style == "-":
            ax.hist(numbers, bins, color=color, alpha=0.7, label=name)
        else:
            ax.hist(numbers, bins, histtype="step", color=color, ls=style, lw=2, label=name)
    if len(counted) > 1:
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

    Raises:
        TypeError: If `scores` is no dictionary, or `ax` no axes.
        ValueError: If there are no scores, lengths differ, or a number is not finite.
    """
    names, columns = zip(*check_names("scores", scores), strict=True)
    columns = [_check_drawable(f"scores[{n!r}]", c) for n, c in zip(names, columns, strict=True)]
    if best_possible is not None:
        best_possible = _check_drawable("best_possible", best_possible, n_values=len(columns))
    ax = _axes(ax)
    bests = [None] * len(columns) if best_possible is None else best_possible
    for column, (numbers, best) in enumerate(zip(columns, bests, strict=True)):
        color, marker = DOT_STYLES[column % 2]
        spread = np.linspace(-0.15, 0.15, len(numbers))  # so that equal scores stay visible
        ax.plot(column + spread, numbers, marker, color=color, alpha=0.7)
        if best is not None:
            ax.hlines(best, column - 0.4, column + 0.4, color=BEST_COLOR, linestyle=":")
    if best_possible is not None:
        _label_best_possible(ax, (column + 0.4, best))
    ax.set_xticks(range(len(columns)), names)
    return ax


def plot_padded_batch(padded: Tensor, lengths: Tensor, *, ax: Axes | None = None) -> Axes:
    """Draw a padded batch as a table of symbols in which padding is hatched grey.

    Args:
        padded: Symbols, int64, shape (N, L).
        lengths: Real time steps of each sequence, int64, shape (N,).
        ax: Where to draw; a new figure if None.

    Returns:
        The axes.

    Raises:
        TypeError: If `padded` or `lengths` is not a tensor of whole numbers, or `ax` no axes.
        ValueError: If a shape is wrong, a symbol negative or a length not 1..L.
    """
    check_batch(padded, lengths, vocab_size=LARGEST_SYMBOL)
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
        marked: Faces 1..6 that are boxed.
        ax: Where to draw; a new figure if None.

    Returns:
        The axes.

    Raises:
        TypeError: If `sequences`, `names` or `marked` is no list, or `ax` no axes.
        ValueError: If a throw is not 1..6, or there is not one name a row.
    """
    rows = check_sequences(sequences, vocab_size=N_FACES + 1)
    sequences = [row.tolist() for row in rows]
    names = _check_row_names(names, len(sequences))
    marked = _check_marked(marked)
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

    Raises:
        TypeError: If `ax` is no axes.
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
    """Return a figure as PNG, whatever format is usual.

    Args:
        figure: The figure.
        options: What else `savefig` takes.

    Returns:
        The picture.
    """
    png = io.BytesIO()
    figure.savefig(png, format="png", **options)
    return png.getvalue()


def _axes(ax: Axes | None) -> Axes:
    """Return `ax`, or the axes of a new figure."""
    return plt.subplots()[1] if ax is None else check_axes(ax)


def check_axes(ax: Axes) -> Axes:
    """Return `ax` if it is one.

    Args:
        ax: What the caller passed.

    Returns:
        The same axes.

    Raises:
        TypeError: If it is anything else, such as all the axes of a figure.
    """
    if not isinstance(ax, Axes):
        raise TypeError(
            f"ax is a {type(ax).__name__}; it must be one Axes, such as axes[0] of "
            "fig, axes = plt.subplots(1, 2)"
        )
    return ax


def _check_drawable(
    name: str, values: Sequence[float], *, n_values: int | None = None
) -> np.ndarray:
    """Return numbers that matplotlib can place on an axis."""
    numbers = check_numbers(name, values, n_values=n_values)
    is_wrong = abs(numbers) > LARGEST_DRAWN
    if is_wrong.any():
        position = int(is_wrong.argmax())
        raise ValueError(
            f"{name}[{position}] is {numbers[position]:g}; it must be at most {LARGEST_DRAWN:g} "
            "in size to be drawn"
        )
    return numbers


def _check_history(history: pd.DataFrame) -> None:
    """Refuse what is no history of a training."""
    if not isinstance(history, pd.DataFrame):
        raise TypeError(f"history is a {type(history).__name__}; it must be what fit returns")
    for column in HISTORY_COLUMNS:
        if column not in history.columns:
            raise ValueError(
                f"history has the columns {list(history.columns)}; there must be one {column!r}"
            )
    for column in HISTORY_COLUMNS[:3]:
        _check_drawable(f"history[{column!r}]", history[column])
    is_best = history["is_best"].to_numpy()
    if not all(isinstance(value, bool | np.bool_) for value in is_best):
        raise ValueError(f"history['is_best'] holds {is_best.dtype} values; each must be a bool")
    if sum(is_best) > 1:
        raise ValueError(f"history['is_best'] is True {sum(is_best)} times; it must be once")


def _check_curves(
    argument: str, curves: Mapping, most: int, n_values: int | None = None
) -> list[tuple[str, np.ndarray]]:
    """Return pairs of a name and its numbers, each name one that a legend shows."""
    pairs = check_names(argument, curves, maximum=most)
    for name, _ in pairs:
        if name is None or not str(name).strip() or str(name).startswith("_"):
            raise ValueError(
                f"{argument} holds the name {name!r}, which no legend would show; it must be text "
                "that does not begin with an underscore"
            )
    return [
        (str(name), _check_drawable(f"{argument}[{name!r}]", numbers, n_values=n_values))
        for name, numbers in pairs
    ]


def _check_bins(
    bins: Sequence[float] | int, counted: list[tuple[str, np.ndarray]]
) -> np.ndarray | int:
    """Return the edges of bins, or their number."""
    if not is_list(bins):
        bins = check_count("bins", bins, minimum=1, maximum=10_000)
        for name, numbers in counted:
            try:
                np.histogram_bin_edges(numbers, bins)
            except ValueError as error:
                raise ValueError(
                    f"bins is {bins}; it must be fewer, for the numbers of {name!r} lie too close "
                    "together"
                ) from error
        return bins
    edges = _check_drawable("bins", bins)
    if len(edges) < 2 or (np.diff(edges) <= 0).any():
        raise ValueError(
            f"bins is {edges.tolist()}; it must be at least 2 edges, each above the last"
        )
    return edges


def _check_row_names(names: Sequence[str], n_rows: int) -> list[str]:
    """Return the names of rows if there is one for each."""
    if not is_list(names):
        raise TypeError(f"names is {shorten(names)}; it must be a list of names, one a row")
    if len(names) != n_rows:
        raise ValueError(
            f"names has {len(names)} entries for {n_rows} sequences; there must be one each"
        )
    return [str(name) for name in names]


def _check_marked(marked: Sequence[int]) -> set[int]:
    """Return the faces to be boxed."""
    if not is_list(marked) and not isinstance(marked, set | frozenset):
        raise TypeError(f"marked is {shorten(marked)}; it must be a list of faces, such as (6,)")
    return {check_count("a face in marked", face, minimum=1, maximum=N_FACES) for face in marked}


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
