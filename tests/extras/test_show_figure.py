"""Figures are shown with alt text, stored, and compared with the reference images."""

import base64
import io
import re
from unittest.mock import Mock
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import numpy as np
import pytest

from seqclf_utils.extras import figures
from seqclf_utils.extras.figures import show_figure
from seqclf_utils.plotting import as_png, use_course_style
from tools import stored_figures

ALT = 'Loss < "0.5" & falling.'


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    """Return a folder that replaces figures/, and use the course's style."""
    (tmp_path / "alt_texts.toml").write_text(f"00_test = '{ALT}'\n", encoding="utf-8")
    monkeypatch.setattr(figures, "FIGURES_DIR", tmp_path)
    monkeypatch.setattr(stored_figures, "FIGURES_DIR", tmp_path)
    monkeypatch.delenv("SEQCLF_FIGURES", raising=False)
    with plt.rc_context():
        use_course_style()
        yield tmp_path
    plt.close("all")


@pytest.fixture
def shown(monkeypatch):
    """Record displayed output instead of showing it."""
    display = Mock()
    monkeypatch.setattr(figures, "display", display)
    return display


def draw(heights=(1, 2, 3)):
    """Return a figure with one curve."""
    figure, ax = plt.subplots()
    ax.plot(heights)
    return figure


def png(figure):
    """Render a figure as PNG, as show_figure does."""
    return as_png(figure, bbox_inches="tight", metadata={"Software": None})


def check(figure):
    """Compare a figure with its stored copy."""
    stored_figures.check(figure, png(figure), "00_test")


def grey(value):
    """Return a grey picture as PNG."""
    picture = io.BytesIO()
    plt.imsave(picture, np.full((20, 20, 3), value, dtype=np.uint8), format="png")
    return picture.getvalue()


# ---------------------------------------------------------------------------------- show


def test_a_shown_figure_carries_its_alt_text(shown):
    """A figure is displayed as one PNG, with the alt text in the metadata and as plain text."""
    show_figure(draw(), "00_test")

    (data,), options = shown.call_args
    assert data == {"image/png": data["image/png"], "text/plain": f"Figure: {ALT}"}
    assert options == {"raw": True, "metadata": {"image/png": {"alt": ALT}}}


def test_interactive_sessions_get_the_alt_text_as_html(shown, monkeypatch):
    """Interactive sessions get HTML in which the alt text is escaped."""
    monkeypatch.setattr(figures, "is_interactive", lambda: True)

    show_figure(draw(), "00_test")

    (data,) = shown.call_args.args
    image = ElementTree.fromstring(data["text/html"].replace(">", "/>"))
    assert (image.tag, image.attrib["alt"]) == ("img", ALT)
    encoded = image.attrib["src"].removeprefix("data:image/png;base64,")
    assert base64.b64decode(encoded, validate=True) == data["image/png"]


def test_an_axes_is_not_a_figure(shown):
    """Passing Axes instead of a figure, a common mistake, raises a TypeError."""
    with pytest.raises(TypeError, match="figure is a Axes; it must be a matplotlib Figure"):
        show_figure(plt.subplots()[1], "00_test")


def test_a_shown_figure_is_closed(shown):
    """Only the shown figure is closed, so that the notebook does not show it twice."""
    figure, later = draw(), plt.figure()

    show_figure(figure, "00_test")

    assert plt.get_fignums() == [later.number]


def test_a_shown_figure_does_not_depend_on_settings_or_versions(shown):
    """The output is always a PNG, and it does not name matplotlib's version."""
    with plt.rc_context({"savefig.format": "svg"}):
        show_figure(draw(), "00_test")

    data = shown.call_args.args[0]["image/png"]
    assert data.startswith(b"\x89PNG")
    assert not re.search(b"software|matplotlib", data, re.I)


def test_an_unknown_figure_says_where_to_add_its_alt_text(shown):
    """A figure without alt text raises an error that says where to add it."""
    with pytest.raises(ValueError, match=r"'my_figure' has no alt text; add .* figures/alt_texts"):
        show_figure(draw(), "my_figure")

    shown.assert_not_called()


def test_without_the_folder_the_name_is_the_alt_text(shown, folder):
    """If the folder is missing, as in an installed package, the name serves as alt text."""
    (folder / "alt_texts.toml").unlink()

    show_figure(draw(), "my_figure")

    assert shown.call_args.args[0]["text/plain"] == "Figure: my_figure"


def test_the_figures_of_the_course_are_next_to_the_package(monkeypatch):
    """By default, the figures are in the repository, next to the package."""
    monkeypatch.undo()
    assert (figures.FIGURES_DIR / "alt_texts.toml").is_file()
    assert (figures.FIGURES_DIR.parent / "seqclf_utils").is_dir()


# ----------------------------------------------------------------------- write and check


def test_nothing_is_stored_by_default(shown, folder):
    """Stored figures are left unchanged unless SEQCLF_FIGURES is set."""
    show_figure(draw(), "00_test")

    assert list(folder.glob("00*")) == []


def test_write_stores_what_is_shown(shown, folder, monkeypatch):
    """`write` stores the displayed PNG and an SVG under the figure's name."""
    monkeypatch.setenv("SEQCLF_FIGURES", "tools.stored_figures:write")

    show_figure(draw(), "00_test")

    assert {path.name for path in folder.glob("00*")} == {"00_test.png", "00_test.svg"}
    assert (folder / "00_test.png").read_bytes() == shown.call_args.args[0]["image/png"]
    assert "<svg" in (folder / "00_test.svg").read_text(encoding="utf-8")


def test_check_accepts_the_same_figure(shown, folder, monkeypatch):
    """`check` accepts a figure equal to its reference, which is then shown; no file changes."""
    stored_figures.write(draw(), png(draw()), "00_test")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.setenv("SEQCLF_FIGURES", "tools.stored_figures:check")

    show_figure(draw(), "00_test")

    shown.assert_called_once()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_check_refuses_a_changed_curve(folder, monkeypatch):
    """`check` rejects a changed curve with an error that names the figure."""
    stored_figures.write(draw(), png(draw()), "00_test")
    monkeypatch.setenv("SEQCLF_FIGURES", "tools.stored_figures:check")

    with pytest.raises(AssertionError, match=r"00_test differs from its stored copy by \d+\.\d"):
        show_figure(draw([1, 3, 3]), "00_test")


def test_check_refuses_another_size():
    """`check` rejects a changed size."""
    stored_figures.write(draw(), png(draw()), "00_test")

    with pytest.raises(AssertionError, match="00_test differs from its stored copy in size"):
        check(plt.figure(figsize=(5, 4)))


def test_check_allows_four_grey_values_of_256(folder):
    """A mean difference of up to 4 grey values is tolerated because fonts vary between systems."""
    (folder / "00_test.png").write_bytes(grey(100))

    for value in (96, 104):
        stored_figures.check(None, grey(value), "00_test")
    for value in (95, 105):
        with pytest.raises(AssertionError, match=r"00_test differs .* by 5\.0 of 255"):
            stored_figures.check(None, grey(value), "00_test")


def test_check_needs_a_stored_copy():
    """A figure without a reference raises an error that says how to store it."""
    with pytest.raises(AssertionError, match="00_test has no stored copy; run: python course"):
        check(draw())


def test_svg_and_png_have_the_same_size(folder):
    """SVG and PNG are cropped to the same area."""
    stored_figures.write(draw(), png(draw()), "00_test")

    height, width = plt.imread(folder / "00_test.png").shape[:2]
    svg = (folder / "00_test.svg").read_text(encoding="utf-8")
    points = re.search(r'width="([0-9.]+)pt" height="([0-9.]+)pt"', svg).groups()
    pixels = [float(length) / 72 * plt.rcParams["figure.dpi"] for length in points]
    np.testing.assert_allclose(pixels, (width, height), atol=2)


def test_writing_twice_gives_the_same_bytes(folder):
    """Storing a figure twice gives the same bytes, as PNG and as SVG."""
    written = []
    for _ in range(2):
        stored_figures.write(draw(), png(draw()), "00_test")
        written.append([(folder / f"00_test.{kind}").read_bytes() for kind in ("png", "svg")])

    assert written[0] == written[1]
    assert b"\r" not in written[0][1]
