"""Show figures with alt text, store them, and compare them with their stored copies."""

import base64
import html
import io
import os
import tomllib
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.figure import Figure

from seqclf_utils.extras.files import write_atomically
from seqclf_utils.extras.progress import is_interactive
from seqclf_utils.plotting import as_png

FIGURES_DIR = Path(__file__).resolve().parents[2] / "figures"
TOLERANCE = 4  # root-mean-square difference of grey values, 0..255


def show_figure(figure: Figure, name: str) -> None:
    """Show a figure with its alt text, and store it or compare it with its stored copy.

    The alt text comes from `figures/alt_texts.toml`. If the package is installed without that
    folder, the figure's name serves as its alt text. The environment variable SEQCLF_FIGURES
    decides what happens to the copy in `figures/`. The value "write", which `python course.py run`
    sets, stores the figure as SVG and PNG. The value "check", which the tests set, compares the
    figure with the stored PNG.

    Args:
        figure: The figure; it is closed afterwards.
        name: File name without extension, such as "04_loss_curves".

    Raises:
        TypeError: If `figure` is not a matplotlib figure.
        ValueError: If there is no alt text for that name.
        AssertionError: If the figure is compared and differs from its stored copy.
    """
    if not isinstance(figure, Figure):
        raise TypeError(f"figure is a {type(figure).__name__}; it must be a matplotlib Figure")
    alt = alt_text(name)
    png = as_png(figure, bbox_inches="tight", metadata={"Software": None})
    mode = os.environ.get("SEQCLF_FIGURES")
    if mode == "write":
        write_figure(figure, png, name)
    elif mode == "check":
        check_figure(png, name)
    plt.close(figure)
    data = {"image/png": png, "text/plain": f"Figure: {alt}"}
    if is_interactive():  # JupyterLab reads alt text only from HTML, other programs only from PNG
        source = f"data:image/png;base64,{base64.b64encode(png).decode()}"
        data["text/html"] = f'<img alt="{html.escape(alt)}" src="{source}">'
    display(data, raw=True, metadata={"image/png": {"alt": alt}})


def alt_text(name: str) -> str:
    """Read the alt text of a figure from `figures/alt_texts.toml`.

    Args:
        name: Name of the figure.

    Returns:
        The alt text, or the name itself if the package is installed without the folder.

    Raises:
        ValueError: If the file has no alt text for that name.
    """
    path = FIGURES_DIR / "alt_texts.toml"
    if not path.exists():
        return name
    texts = tomllib.loads(path.read_text("utf-8"))
    if name not in texts:
        raise ValueError(f"figure {name!r} has no alt text; add one to figures/{path.name}")
    return texts[name]


def write_figure(figure: Figure, png: bytes, name: str) -> None:
    """Store a figure as PNG and SVG; the same figure gives the same bytes.

    Args:
        figure: The figure.
        png: The figure as PNG.
        name: File name without extension.

    Raises:
        OSError: If a file cannot be written; the previous version of that file stays as it is.
    """
    svg = io.BytesIO()
    figure.savefig(svg, format="svg", bbox_inches="tight", metadata={"Date": None})
    write_atomically(FIGURES_DIR / f"{name}.png", png)
    write_atomically(FIGURES_DIR / f"{name}.svg", svg.getvalue())


def check_figure(png: bytes, name: str) -> None:
    """Compare a figure with its stored PNG.

    Args:
        png: The figure as PNG.
        name: File name without extension.

    Raises:
        AssertionError: If there is no stored copy, or it differs by more than `TOLERANCE`.
    """
    path = FIGURES_DIR / f"{name}.png"
    if not path.exists():
        raise AssertionError(f"figure {name} has no stored copy; run: python course.py run")
    stored, drawn = (255.0 * plt.imread(source)[..., :3] for source in (path, io.BytesIO(png)))
    if stored.shape != drawn.shape:
        raise AssertionError(f"figure {name} differs from its stored copy in size")
    difference = np.sqrt(np.mean((stored - drawn) ** 2))
    if difference > TOLERANCE:
        raise AssertionError(
            f"figure {name} differs from its stored copy by {difference:.1f} of 255"
        )
