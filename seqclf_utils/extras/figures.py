"""Show figures with their alt text."""

import base64
import html
import os
import pkgutil
import tomllib
from pathlib import Path

import matplotlib.pyplot as plt
from IPython.display import display
from matplotlib.figure import Figure

from seqclf_utils.extras.progress import is_interactive
from seqclf_utils.plotting import as_png

FIGURES_DIR = Path(__file__).resolve().parents[2] / "figures"


def show_figure(figure: Figure, name: str) -> None:
    """Show a figure with its alt text, which comes from `figures/alt_texts.toml`.

    If the package is installed without that folder, the figure's name serves as its alt text. If
    the environment variable SEQCLF_FIGURES names a function, such as
    "tools.stored_figures:check", that function gets every figure, its PNG and its name.

    Args:
        figure: The figure; it is closed afterwards.
        name: File name without extension, such as "04_loss_curves".

    Raises:
        TypeError: If `figure` is not a matplotlib figure.
        ValueError: If there is no alt text for that name.
    """
    if not isinstance(figure, Figure):
        raise TypeError(f"figure is a {type(figure).__name__}; it must be a matplotlib Figure")
    alt = alt_text(name)
    png = as_png(figure, bbox_inches="tight", metadata={"Software": None})
    if receiver := os.environ.get("SEQCLF_FIGURES"):
        pkgutil.resolve_name(receiver)(figure, png, name)
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
