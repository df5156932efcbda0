"""Draw what the course looks at, all in one style.

A helper takes `ax` and returns it. Showing and saving is left to the notebook's `show_figure`.
"""

import io
import os
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.testing.compare import compare_images
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from seqclf_utils.data import PAD_IDX
from seqclf_utils.datasets import outline_points

# Colours that people with colour-vision deficiency can tell apart (Okabe and Ito, 2008).
TRAIN_COLOR = "#0072B2"
VAL_COLOR = "#D55E00"
BEST_COLOR = "#555555"
SIX_COLOR = "#E69F00"
FIGURES_DIR = Path(__file__).resolve().parent.parent / "figures"


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
        ax.annotate(
            f"restored: epoch {best['epoch']:.0f}",
            (best["epoch"], best["val_loss"]),
            xytext=(0, 14),
            textcoords="offset points",
            ha="center",
        )
    if best_possible is not None:
        ax.axhline(best_possible, color=BEST_COLOR, linestyle=":", label="_best possible")
        ax.annotate(
            "best possible",
            (1, best_possible),
            xycoords=("axes fraction", "data"),
            xytext=(0, 4),
            textcoords="offset points",
            ha="right",
            color=BEST_COLOR,
        )
    ax.set(xlabel="epoch", ylabel="loss (nats per sequence)")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.margins(y=0.12)
    ax.legend()
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
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.tick_params(length=0)
    return ax


def plot_throws(
    sequences: Sequence[np.ndarray], names: Sequence[str], *, ax: Axes | None = None
) -> Axes:
    """Draw sequences of throws as rows of digits with every six boxed.

    Args:
        sequences: Symbols 1..6, one array a row.
        names: Name of each row.
        ax: Where to draw; a new figure if None.

    Returns:
        The axes.
    """
    ax = _axes(ax)
    for row, sequence in enumerate(sequences):
        for step, face in enumerate(sequence, start=1):
            is_six = face == 6
            box = {"boxstyle": "round,pad=0.25", "facecolor": SIX_COLOR, "edgecolor": "black"}
            ax.text(
                step,
                row,
                str(face),
                ha="center",
                va="center",
                fontsize=9,
                fontweight="bold" if is_six else "normal",
                bbox=box if is_six else None,
            )
    longest = max(len(sequence) for sequence in sequences)
    ax.set(xlim=(0, longest + 1), ylim=(len(sequences) - 0.4, -0.6), xlabel="throw")
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


def show_figure(figure: Figure, name: str, *, alt: str) -> None:
    """Show a figure once, with alt text, and keep or check its stored copy.

    The environment variable SEQCLF_FIGURES says what happens to the copy in `figures/`: "write"
    stores it as SVG and PNG (`python course.py run` does), "check" compares it with the stored
    PNG and raises if they differ (the tests do), anything else leaves the folder alone.

    Args:
        figure: The figure; it is closed afterwards.
        name: File name without ending, such as "04_loss_curves".
        alt: What the figure shows, for readers who cannot see it.

    Raises:
        ValueError: If the alt text is missing.
        AssertionError: If the figure is checked and differs from its stored copy.
    """
    from IPython.display import display  # only notebooks need it

    if not alt.strip():
        raise ValueError("alt is empty; it must say what the figure shows")
    png = io.BytesIO()
    figure.savefig(png, format="png", bbox_inches="tight", metadata={"Software": None})
    mode = os.environ.get("SEQCLF_FIGURES")
    if mode == "write":
        write_figure(figure, png.getvalue(), name)
    elif mode == "check":
        check_figure(png.getvalue(), name)
    plt.close(figure)
    data = {"image/png": png.getvalue(), "text/plain": f"Figure: {alt}"}
    display(data, raw=True, metadata={"image/png": {"alt": alt}})


def write_figure(figure: Figure, png: bytes, name: str, *, folder: Path = FIGURES_DIR) -> None:
    """Store a figure as PNG and SVG; the same figure gives the same bytes.

    Args:
        figure: The figure.
        png: The figure as PNG.
        name: File name without ending.
        folder: Where to store it.
    """
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.png").write_bytes(png)
    svg = io.StringIO()
    figure.savefig(svg, format="svg", bbox_inches="tight", metadata={"Date": None})
    (folder / f"{name}.svg").write_text(svg.getvalue(), encoding="utf-8", newline="\n")


def check_figure(png: bytes, name: str, *, folder: Path = FIGURES_DIR, tolerance: float = 8) -> None:
    """Compare a figure with its stored PNG.

    Args:
        png: The figure as PNG.
        name: File name without ending.
        folder: Where the stored copy is.
        tolerance: Largest accepted root-mean-square difference of grey values, 0..255.

    Raises:
        AssertionError: If there is no stored copy, or it differs by more than `tolerance`.
    """
    import tempfile

    expected = folder / f"{name}.png"
    if not expected.exists():
        raise AssertionError(f"figure {name} has no stored copy; run: python course.py run")
    with tempfile.TemporaryDirectory() as scratch:
        actual = Path(scratch, f"{name}.png")
        actual.write_bytes(png)
        reference = Path(scratch, f"{name}-stored.png")
        reference.write_bytes(expected.read_bytes())
        difference = compare_images(str(reference), str(actual), tol=tolerance)
    if difference is not None:
        raise AssertionError(f"figure {name} differs from its stored copy: {difference}")


def _axes(ax: Axes | None) -> Axes:
    """Return `ax`, or the axes of a new figure."""
    return plt.subplots()[1] if ax is None else ax
