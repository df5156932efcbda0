"""Store the figures of the notebooks in figures/, and compare them with their stored copies.

The environment variable SEQCLF_FIGURES names the function that gets every figure: `write` while
`python course.py run` executes the notebooks, `check` while the tests execute them.
"""

import io

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from seqclf_utils.extras.figures import FIGURES_DIR
from seqclf_utils.extras.files import write_atomically

TOLERANCE = 4  # root-mean-square difference of grey values, 0..255


def write(figure: Figure, png: bytes, name: str) -> None:
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


def check(figure: Figure, png: bytes, name: str) -> None:
    """Compare a figure with its stored PNG.

    Args:
        figure: The figure.
        png: The figure as PNG.
        name: File name without extension.

    Raises:
        AssertionError: If there is no stored copy, or it differs in size or by more than
            `TOLERANCE`.
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
