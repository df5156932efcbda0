"""Show a figure with alt text, and keep its stored copy honest."""

import base64
import html
import io
import os
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
from IPython.display import display
from matplotlib.figure import Figure
from matplotlib.testing.compare import compare_images
from matplotlib.testing.exceptions import ImageComparisonFailure

from seqclf_utils.extras.interactive import person_watches
from seqclf_utils.extras.files import write_atomically
from seqclf_utils.plotting import as_png
from seqclf_utils.validation import shorten

FIGURES_DIR = Path(__file__).resolve().parents[2] / "figures"


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
        TypeError: If `figure` is no figure, or `name` or `alt` no text.
        ValueError: If the alt text is missing.
        AssertionError: If the figure is checked and differs from its stored copy.
    """
    if not isinstance(figure, Figure):
        raise TypeError(f"figure is {type(figure).__name__}; it must be a figure of matplotlib")
    for argument, text in (("name", name), ("alt", alt)):
        if not isinstance(text, str):
            raise TypeError(f"{argument} is {shorten(text)}; it must be text")
    if not alt.strip():
        raise ValueError("alt is empty; it must say what the figure shows")
    png = as_png(figure, bbox_inches="tight", metadata={"Software": None})
    mode = os.environ.get("SEQCLF_FIGURES")
    if mode == "write":
        write_figure(figure, png, name)
    elif mode == "check":
        check_figure(png, name)
    plt.close(figure)
    data = {"image/png": png, "text/plain": f"Figure: {alt}"}
    if person_watches():
        data["text/html"] = image_tag(png, alt)
    display(data, raw=True, metadata={"image/png": {"alt": alt}})


def image_tag(png: bytes, alt: str) -> str:
    """Return a picture as HTML, as JupyterLab shows alt text in no other form.

    Only a person gets it, so that stored outputs keep to `image/png`, whose alt text other readers
    know: some of them show no picture in HTML. A notebook that a person saves has it twice.

    Args:
        png: The picture as PNG.
        alt: What it shows.

    Returns:
        An img element.

    Example:
        >>> image_tag(b"PNG", 'the "last" state')
        '<img alt="the &quot;last&quot; state" src="data:image/png;base64,UE5H">'
    """
    data = base64.b64encode(png).decode("ascii")
    return f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{data}">'


def write_figure(figure: Figure, png: bytes, name: str, *, folder: Path = FIGURES_DIR) -> None:
    """Store a figure as PNG and SVG; the same figure gives the same bytes.

    Args:
        figure: The figure.
        png: The figure as PNG.
        name: File name without ending.
        folder: Where to store it.

    Raises:
        OSError: If it cannot be written; what was stored before stays whole.
    """
    folder.mkdir(exist_ok=True)
    svg = io.BytesIO()
    figure.savefig(svg, format="svg", bbox_inches="tight", metadata={"Date": None})
    write_atomically(folder / f"{name}.png", png)
    write_atomically(folder / f"{name}.svg", svg.getvalue())


def check_figure(
    png: bytes, name: str, *, folder: Path = FIGURES_DIR, tolerance: float = 4
) -> None:
    """Compare a figure with its stored PNG.

    Args:
        png: The figure as PNG.
        name: File name without ending.
        folder: Where the stored copy is.
        tolerance: Largest accepted root-mean-square difference of grey values, 0..255.

    Raises:
        AssertionError: If there is no stored copy, or it differs by more than `tolerance`.
    """
    expected = folder / f"{name}.png"
    if not expected.exists():
        raise AssertionError(f"figure {name} has no stored copy; run: python course.py run")
    with tempfile.TemporaryDirectory() as scratch:
        actual = Path(scratch, f"{name}.png")
        actual.write_bytes(png)
        reference = Path(scratch, f"{name}-stored.png")
        reference.write_bytes(expected.read_bytes())
        try:
            difference = compare_images(str(reference), str(actual), tol=tolerance)
        except ImageComparisonFailure as error:  # another size
            difference = str(error)
    if difference is not None:
        raise AssertionError(f"figure {name} differs from its stored copy: {difference}")
