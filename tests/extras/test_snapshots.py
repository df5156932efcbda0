"""Figures are shown with alt text, stored, and compared with the reference images."""

import base64
import io
import re
from xml.etree import ElementTree

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from seqclf_utils import show_figure, use_course_style
from seqclf_utils.extras import snapshots
from seqclf_utils.extras.snapshots import check_figure, write_figure
from seqclf_utils.plotting import as_png

ALT = 'Loss < "0.5" & falling.'


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    """Return a folder that replaces figures/, and use the course's style."""
    (tmp_path / "alt_texts.toml").write_text(f"00_test = '{ALT}'\n", encoding="utf-8")
    monkeypatch.setattr(snapshots, "FIGURES_DIR", tmp_path)
    monkeypatch.delenv("SEQCLF_FIGURES", raising=False)
    with mpl.rc_context():
        use_course_style()
        yield tmp_path
    plt.close("all")


@pytest.fixture
def shown(monkeypatch):
    """Record displayed output instead of showing it."""
    bundles = []
    monkeypatch.setattr(
        snapshots, "display", lambda data, **options: bundles.append((data, options))
    )
    return bundles


def draw(heights=(1, 2, 3)):
    """Return a figure with one curve."""
    figure, ax = plt.subplots()
    ax.plot(heights)
    return figure


def png(figure):
    """Render a figure as PNG, as show_figure does."""
    return as_png(figure, bbox_inches="tight", metadata={"Software": None})


def names(folder):
    """List the image files in a folder."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".toml")


# ---------------------------------------------------------------------------------- show


def test_a_shown_figure_carries_its_alt_text(shown):
    """A figure is displayed as one PNG, with the alt text in the metadata and as plain text."""
    assert show_figure(draw(), "00_test") is None

    ((data, options),) = shown
    assert data == {"image/png": data["image/png"], "text/plain": f"Figure: {ALT}"}
    assert data["image/png"].startswith(b"\x89PNG")
    assert options == {"raw": True, "metadata": {"image/png": {"alt": ALT}}}


def test_interactive_sessions_get_the_alt_text_as_html(shown, monkeypatch):
    """Interactive sessions get HTML in which the alt text is escaped."""
    monkeypatch.setattr(snapshots, "is_interactive", lambda: True)

    show_figure(draw(), "00_test")

    ((data, options),) = shown
    image = ElementTree.fromstring(data["text/html"].replace(">", "/>"))
    assert (image.tag, image.attrib["alt"]) == ("img", ALT)
    scheme, _, encoded = image.attrib["src"].partition(",")
    assert scheme == "data:image/png;base64"
    assert base64.b64decode(encoded) == data["image/png"]
    assert options["metadata"] == {"image/png": {"alt": ALT}}


def test_a_shown_figure_is_closed(shown):
    """Only the shown figure is closed, so that the notebook does not show it twice."""
    figure, later = draw(), plt.figure()

    show_figure(figure, "00_test")

    assert plt.get_fignums() == [later.number]


def test_a_shown_figure_does_not_depend_on_settings_or_versions(shown):
    """The output is a PNG whatever the default format, and does not name matplotlib's version."""
    with mpl.rc_context({"savefig.format": "svg"}):
        show_figure(draw(), "00_test")

    data = shown[0][0]["image/png"]
    assert data.startswith(b"\x89PNG")
    assert not re.search(b"software|matplotlib", data, re.I)


def test_an_unknown_figure_says_where_to_add_its_alt_text(shown):
    """A figure without alt text raises an error that says where to add it."""
    with pytest.raises(ValueError, match=r"'my_figure' has no alt text; add .* figures/alt_texts"):
        show_figure(draw(), "my_figure")

    assert shown == []


def test_without_the_folder_the_name_is_the_alt_text(shown, folder):
    """If the folder is missing, as in an installed package, the name serves as alt text."""
    (folder / "alt_texts.toml").unlink()

    show_figure(draw(), "my_figure")

    assert shown[0][0]["text/plain"] == "Figure: my_figure"


def test_an_axes_is_not_a_figure(shown):
    """Passing Axes instead of a figure, a common mistake, raises a TypeError."""
    with pytest.raises(TypeError, match="figure is a Axes; it must be a matplotlib Figure"):
        show_figure(plt.subplots()[1], "00_test")


def test_the_figures_of_the_course_are_next_to_the_package(monkeypatch):
    """By default, figures are in the repository's folder."""
    monkeypatch.undo()
    assert (snapshots.FIGURES_DIR / "alt_texts.toml").is_file()
    assert (snapshots.FIGURES_DIR.parent / "seqclf_utils").is_dir()


# ----------------------------------------------------------------------- write and check


def test_nothing_is_stored_by_default(shown, folder):
    """Stored figures are left unchanged unless SEQCLF_FIGURES is set."""
    show_figure(draw(), "00_test")

    assert (names(folder), len(shown)) == ([], 1)


def test_write_stores_what_is_shown(shown, folder, monkeypatch):
    """With "write", the displayed PNG and an SVG are stored under the figure's name."""
    monkeypatch.setenv("SEQCLF_FIGURES", "write")

    show_figure(draw(), "00_test")

    assert names(folder) == ["00_test.png", "00_test.svg"]
    assert (folder / "00_test.png").read_bytes() == shown[0][0]["image/png"]
    assert "<svg" in (folder / "00_test.svg").read_text(encoding="utf-8")


def test_check_accepts_the_same_figure(shown, folder, monkeypatch):
    """With "check", a figure equal to its reference is shown, and no file changes."""
    write_figure(draw(), png(draw()), "00_test")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.setenv("SEQCLF_FIGURES", "check")

    show_figure(draw(), "00_test")

    assert len(shown) == 1
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_check_refuses_a_changed_curve(folder, monkeypatch):
    """With "check", a changed curve raises an error that names the figure."""
    write_figure(draw(), png(draw()), "00_test")
    monkeypatch.setenv("SEQCLF_FIGURES", "check")

    with pytest.raises(AssertionError, match=r"00_test differs from its stored copy by \d+\.\d"):
        show_figure(draw([1, 3, 3]), "00_test")


def test_check_refuses_another_size(folder):
    """With "check", a changed size raises an error."""
    figure = draw()
    write_figure(figure, png(figure), "00_test")
    figure.set_size_inches(5, 4)

    with pytest.raises(AssertionError, match="00_test differs from its stored copy in size"):
        check_figure(png(figure), "00_test")


@pytest.mark.parametrize("change", [4, -4, 5, -5])
def test_check_allows_four_grey_values_of_256(change, folder):
    """A mean difference of up to 4 grey values is tolerated, as fonts vary between systems."""
    grey = {}
    for value in (100, 100 + change):
        picture = io.BytesIO()
        plt.imsave(picture, np.full((20, 20, 3), value, dtype=np.uint8), format="png")
        grey[value] = picture.getvalue()
    (folder / "00_test.png").write_bytes(grey[100])

    if abs(change) <= 4:
        check_figure(grey[100 + change], "00_test")
    else:
        with pytest.raises(AssertionError, match=r"by 5\.0 of 255"):
            check_figure(grey[100 + change], "00_test")


def test_check_needs_a_stored_copy():
    """A figure without a reference raises an error that says how to store it."""
    with pytest.raises(AssertionError, match="00_test has no stored copy; run: python course"):
        check_figure(png(draw()), "00_test")


def test_svg_and_png_have_the_same_size(folder):
    """SVG and PNG are cropped to the same area."""
    figure = draw()
    write_figure(figure, png(figure), "00_test")

    height, width = plt.imread(folder / "00_test.png").shape[:2]
    svg = (folder / "00_test.svg").read_text(encoding="utf-8")
    inches = [
        float(re.search(rf'{side}="([0-9.]+)pt"', svg)[1]) / 72 for side in ("width", "height")
    ]
    np.testing.assert_allclose(np.multiply(inches, figure.dpi), (width, height), atol=2)


def test_writing_twice_gives_the_same_bytes(folder):
    """Storing a figure twice gives the same bytes, as PNG and as SVG."""
    for name in ("first", "again"):
        write_figure(draw(), png(draw()), name)

    for extension in ("png", "svg"):
        first, again = ((folder / f"{n}.{extension}").read_bytes() for n in ("first", "again"))
        assert first == again
    assert b"\r" not in first
