"""Figures, looked at through their axes; and how they are shown, kept and checked."""

import base64
import functools
import io
import re
from xml.etree import ElementTree

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.colors import to_hex

from seqclf_utils import (
    plot_dots,
    plot_histograms,
    plot_lines,
    plot_loss_curves,
    plot_outline,
    plot_padded_batch,
    plot_throws,
    show_figure,
    use_course_style,
)
from seqclf_utils.extras import snapshots as figures
from seqclf_utils.extras.snapshots import check_figure, write_figure

TRAIN_COLOR, VAL_COLOR, BEST_COLOR = "#0072b2", "#d55e00", "#555555"


@pytest.fixture(autouse=True)
def clean_slate():
    """Draw in the course's style, and leave neither figures nor settings behind."""
    with mpl.rc_context():
        use_course_style()
        yield
    plt.close("all")


@pytest.fixture
def history():
    """Return the history of five epochs, the third of them the best."""
    return pd.DataFrame(
        {
            "epoch": [1, 2, 3, 4, 5],
            "train_loss": [0.69, 0.6, 0.5, 0.4, 0.3],
            "val_loss": [0.68, 0.62, 0.55, 0.57, 0.6],
            "is_best": [False, False, True, False, False],
        }
    )


def curves(ax):
    """Return the lines by label."""
    return {line.get_label(): line for line in ax.get_lines()}


def texts(ax):
    """Return the texts drawn in the axes."""
    return [text.get_text() for text in ax.texts]


every_plot = pytest.mark.parametrize(
    "plot",
    [
        lambda ax: plot_loss_curves(
            pd.DataFrame({"epoch": [1], "train_loss": [0.7], "val_loss": [0.7], "is_best": [True]}),
            ax=ax,
        ),
        lambda ax: plot_padded_batch(torch.tensor([[1, 2]]), torch.tensor([2]), ax=ax),
        lambda ax: plot_throws([np.array([1, 6])], ["a"], ax=ax),
        lambda ax: plot_outline(np.array([1, 5, 3]), ax=ax),
        lambda ax: plot_lines([1, 2], {"a": [1, 2]}, best_possible=[2, 3], ax=ax),
        lambda ax: plot_histograms({"a": [1, 2]}, 2, ax=ax),
        lambda ax: plot_dots({"a": [1, 2]}, best_possible=[2], ax=ax),
    ],
    ids=["loss_curves", "padded_batch", "throws", "outline", "lines", "histograms", "dots"],
)


@every_plot
def test_plots_draw_into_the_axes_they_are_given(plot):
    """A given ax is drawn into and returned; without one there is a new figure."""
    _, (left, right) = plt.subplots(1, 2)
    assert plot(left) is left
    assert left.has_data() or left.texts
    assert not right.has_data()

    assert plot(None) not in (left, right)
    assert len(plt.get_fignums()) == 2
    for number in plt.get_fignums():
        plt.figure(number).canvas.draw()  # only now some mistakes are noticed


@every_plot
def test_plots_neither_show_nor_save(plot, monkeypatch):
    """Showing and saving is left to the caller."""

    def forbidden(*_, **__):
        raise AssertionError("a plot helper must not show or save")

    monkeypatch.setattr(plt, "show", forbidden)
    monkeypatch.setattr(mpl.figure.Figure, "savefig", forbidden)

    plot(None)


# ------------------------------------------------------------------------- plot_loss_curves


def test_loss_curves_hold_the_history(history):
    """Each line has its own column, colour, line style and label."""
    lines = curves(plot_loss_curves(history))

    for label, column, color, style in (
        ("train", "train_loss", TRAIN_COLOR, "-"),
        ("validation", "val_loss", VAL_COLOR, "--"),
    ):
        np.testing.assert_array_equal(lines[label].get_xdata(), [1, 2, 3, 4, 5])
        np.testing.assert_array_equal(lines[label].get_ydata(), history[column])
        assert to_hex(lines[label].get_color()) == color
        assert lines[label].get_linestyle() == style


def test_the_restored_epoch_has_the_colour_of_its_curve_and_no_entry_in_the_legend(history):
    """A dot on the validation curve and a thin line through it."""
    ax = plot_loss_curves(history)

    dot, upright = ax.get_lines()[2:]
    assert dot.get_xydata().tolist() == [[3, 0.55]]
    assert list(upright.get_xdata()) == [3, 3]
    assert to_hex(dot.get_color()) == to_hex(upright.get_color()) == VAL_COLOR
    assert upright.get_alpha() < 1
    (name,) = ax.texts
    assert (name.xy, name.xycoords) == ((3, 1), ("data", "axes fraction"))  # above the axes
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["train", "validation"]


def test_loss_curves_are_labelled_with_units(history):
    """Axes say what they measure; the legend names the two curves and nothing else."""
    ax = plot_loss_curves(history, best_possible=0.4)

    assert ax.get_xlabel() == "epoch"
    assert ax.get_ylabel() == "loss (nats per sequence)"
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["train", "validation"]


def test_restored_epoch_is_marked(history):
    """One marker sits on the validation loss of the best epoch, with a text that names it."""
    ax = plot_loss_curves(history)

    (marker,) = (line for line in ax.get_lines() if line.get_marker() == "o")
    assert (list(marker.get_xdata()), list(marker.get_ydata())) == ([3], [0.55])
    assert texts(ax) == ["restored: epoch 3"]
    assert ax.texts[0].xy[0] == 3


def test_best_possible_loss_is_a_labelled_dotted_line(history):
    """The best possible score lies at its height across the axes, and a text on it says so."""
    ax = plot_loss_curves(history, best_possible=0.42)

    (line,) = (line for line in ax.get_lines() if line.get_linestyle() == ":")
    assert set(line.get_ydata()) == {0.42}
    assert list(line.get_xdata()) == [0, 1]  # fractions of the axes
    assert to_hex(line.get_color()) == BEST_COLOR
    (text,) = (text for text in ax.texts if text.get_text() == "best possible")
    assert text.xy[1] == 0.42
    low, high = ax.get_ylim()
    assert low < 0.3 < 0.42 < 0.69 < high


def test_no_best_possible_line_unless_asked_for(history):
    """Without a best possible loss there is no dotted line and no text about it."""
    ax = plot_loss_curves(history)

    assert ":" not in [line.get_linestyle() for line in ax.get_lines()]
    assert "best possible" not in texts(ax)


def test_best_possible_loss_of_zero_is_drawn(history):
    """Zero is a height like any other."""
    assert "best possible" in texts(plot_loss_curves(history, best_possible=0.0))


@pytest.mark.parametrize("n_epochs", [1, 2, 3, 5])
def test_epoch_ticks_are_whole_numbers(history, n_epochs):
    """No tick stands between two epochs, however few there are."""
    ax = plot_loss_curves(history.head(n_epochs))

    ticks = ax.get_xticks()
    np.testing.assert_array_equal(ticks, ticks.round())


# ------------------------------------------------------------------------------- plot_lines


def test_lines_show_the_best_possible_dotted_grey_last_and_labelled():
    """What is best possible looks the same in every figure, and is no entry of the legend."""
    ax = plot_lines([1, 2, 3], {"a": [0, 1, 2], "b": [2, 1, 0]}, best_possible=[3, 3, 4])

    *others, best = ax.get_lines()
    assert [line.get_label() for line in others] == ["a", "b"]
    assert (list(best.get_xdata()), list(best.get_ydata())) == ([1, 2, 3], [3, 3, 4])
    assert (to_hex(best.get_color()), best.get_linestyle()) == (BEST_COLOR, ":")
    (text,) = ax.texts
    assert (text.get_text(), text.xy) == ("best possible", (3, 4))
    assert to_hex(text.get_color()) == BEST_COLOR
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["a", "b"]


def test_each_line_has_its_place_colour_and_style():
    """Colour never alone carries meaning; and the legend holds what was asked for."""
    x, heights = [10, 20, 40], [[1, 2, 3], [3, 2, 1], [2, 2, 2]]

    ax = plot_lines(x, dict(zip("abc", heights, strict=True)), best_possible=[4, 4, 4])

    lines = ax.get_lines()
    assert [line.get_xdata().tolist() for line in lines] == [x] * 4
    assert [line.get_ydata().tolist() for line in lines] == [*heights, [4, 4, 4]]
    looks = [(to_hex(line.get_color()), line.get_linestyle()) for line in lines]
    assert looks == [(TRAIN_COLOR, "-"), (VAL_COLOR, "--"), ("#cc79a7", "-."), (BEST_COLOR, ":")]
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["a", "b", "c"]


def test_lines_have_no_best_possible_unless_asked_for():
    """Nothing is dotted and nothing is written on the curves."""
    ax = plot_lines([1, 2], {"a": [0, 1]})

    assert [line.get_linestyle() for line in ax.get_lines()] == ["-"]
    assert texts(ax) == []


# ------------------------------------------------------------------------ plot_padded_batch


def test_padded_batch_hatches_exactly_the_padding():
    """A cell is hatched if and only if its step is beyond the sequence's length."""
    padded, lengths = torch.tensor([[1, 2, 0], [3, 0, 0], [4, 5, 6]]), [2, 1, 3]

    ax = plot_padded_batch(padded, torch.tensor(lengths))

    hatched, plain = set(), set()
    for patch in ax.patches:
        assert (patch.get_width(), patch.get_height()) == (1, 1)
        cell = (patch.get_y() + 0.5, patch.get_x() + 0.5)  # (row, time step from 1)
        (hatched if patch.get_hatch() else plain).add(cell)
    assert hatched == {(0, 3), (1, 2), (1, 3)}
    assert plain == {(0, 1), (0, 2), (1, 1), (2, 1), (2, 2), (2, 3)}
    colors = {bool(p.get_hatch()): to_hex(p.get_facecolor()) for p in ax.patches}
    assert colors == {True: "#dddddd", False: "#ffffff"}


def test_padded_batch_shows_every_symbol():
    """Each cell carries its symbol; time steps count from 1, rows downwards from 0."""
    ax = plot_padded_batch(torch.tensor([[1, 2, 0], [3, 0, 0]]), torch.tensor([2, 1]))

    found = {text.get_position(): text.get_text() for text in ax.texts}
    assert found == {
        (1, 0): "1",
        (2, 0): "2",
        (3, 0): "0",
        (1, 1): "3",
        (2, 1): "0",
        (3, 1): "0",
    }
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time step", "sequence")
    assert ax.get_xlim() == (0.5, 3.5)
    assert ax.get_ylim() == (1.5, -0.5)
    assert list(ax.get_yticks()) == [0, 1]


@pytest.mark.parametrize("n_steps", [1, 2, 3, 8])
def test_time_step_ticks_are_whole_numbers(n_steps):
    """No tick stands between two time steps, however few there are."""
    ax = plot_padded_batch(torch.ones(1, n_steps, dtype=torch.int64), torch.tensor([n_steps]))

    ticks = ax.get_xticks()
    np.testing.assert_array_equal(ticks, ticks.round())


# ------------------------------------------------------------------------------ plot_throws


def test_throws_box_exactly_the_sixes():
    """Every throw is written at its place; sixes and only sixes are boxed and bold."""
    sequences = [np.array([6, 1, 6]), np.array([5, 6])]

    ax = plot_throws(sequences, ["cheat", "honest"])

    found = {text.get_position(): text.get_text() for text in ax.texts}
    assert found == {(1, 0): "6", (2, 0): "1", (3, 0): "6", (1, 1): "5", (2, 1): "6"}
    for text in ax.texts:
        is_six = text.get_text() == "6"
        assert (text.get_bbox_patch() is not None) is is_six
        assert (text.get_fontweight() == "bold") is is_six


def test_throws_box_the_faces_that_are_asked_for():
    """With `marked` the boxes and the bold print follow the faces given, sixes included or not."""
    ax = plot_throws([np.array([4, 6, 1, 5])], ["cheat"], marked=(4, 5))

    boxed = [text.get_bbox_patch() is not None for text in ax.texts]
    assert boxed == [True, False, False, True]
    assert [text.get_fontweight() == "bold" for text in ax.texts] == boxed


def test_throws_are_named_by_row():
    """Rows carry their names from top to bottom, and all throws fit in."""
    ax = plot_throws([np.array([1]), np.array([2, 3, 4])], ["cheat", "honest"])

    assert list(ax.get_yticks()) == [0, 1]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["cheat", "honest"]
    assert ax.get_xlabel() == "throw"
    low, high = ax.get_xlim()
    assert low < 1 < 3 < high
    bottom, top = ax.get_ylim()
    assert top < 0 < 1 < bottom


@pytest.mark.parametrize("n_throws", [1, 2, 3, 8])
def test_throw_ticks_are_whole_numbers(n_throws):
    """No tick stands between two throws, however few there are."""
    ax = plot_throws([np.ones(n_throws, dtype=int)], ["honest"])

    ticks = ax.get_xticks()
    np.testing.assert_array_equal(ticks, ticks.round())


# ----------------------------------------------------------------------------- plot_outline


def test_outline_is_drawn_closed():
    """The line follows the outline back to its start; the start is marked; no axes are drawn."""
    ax = plot_outline(np.array([1, 5, 3]))

    line, start = ax.get_lines()
    expected = [(0, 0), (0.5, 0), (0.25, -np.sqrt(3) / 4), (0, 0)]
    np.testing.assert_allclose(line.get_xydata(), expected, atol=1e-8)
    np.testing.assert_array_equal(start.get_xydata(), [(0, 0)])
    assert start.get_marker() == "o"
    assert ax.get_aspect() == 1
    assert not ax.axison
    assert len(ax.patches) == 1


# ------------------------------------------------------------------------- use_course_style


def test_outline_has_its_colours_and_begins_at_a_dot():
    """The walk is blue on a paler blue, and its start at (0, 0) is orange."""
    ax = plot_outline(np.array([1, 3, 5]))

    walk, start = ax.get_lines()
    (area,) = ax.patches
    assert start.get_xydata().tolist() == [[0, 0]]
    assert to_hex(walk.get_color()) == to_hex(area.get_facecolor()) == TRAIN_COLOR
    assert to_hex(start.get_color()) == VAL_COLOR
    assert area.get_alpha() < 0.5
    assert not ax.axison


def test_course_style():
    """White ground, 16:10, no spines above and right, the same SVG ids everywhere."""
    figure, ax = plt.subplots()

    width, height = figure.get_size_inches()
    assert width / height == pytest.approx(1.6)
    assert to_hex(figure.get_facecolor()) == "#ffffff"
    assert [ax.spines[side].get_visible() for side in ("top", "right", "left", "bottom")] == [
        False,
        False,
        True,
        True,
    ]
    assert mpl.rcParams["svg.hashsalt"] == "seqclf"
    assert mpl.rcParams["font.family"] == ["DejaVu Sans"]


# ---------------------------------------------------------------- show, write and check


@pytest.fixture
def shown(monkeypatch):
    """Return the list of what gets displayed."""
    bundles = []
    monkeypatch.setattr(figures, "display", lambda data, **options: bundles.append((data, options)))
    monkeypatch.delenv("SEQCLF_FIGURES", raising=False)
    return bundles


@pytest.fixture
def stored(monkeypatch, tmp_path):
    """Return a folder that stands in for the folder of stored figures."""
    for function in (write_figure, check_figure):
        redirected = functools.partial(function, folder=tmp_path)
        monkeypatch.setattr(figures, function.__name__, redirected)
    return tmp_path


def as_png(figure):
    """Return a figure as PNG, as it is shown."""
    png = io.BytesIO()
    figure.savefig(png, format="png", bbox_inches="tight", metadata={"Software": None})
    return png.getvalue()


def test_shown_figure_carries_its_alt_text(history, shown):
    """One picture is displayed, with the alt text for screen readers and for plain text."""
    figure = plot_loss_curves(history).figure

    assert show_figure(figure, "00_test", alt="Two curves fall.") is None

    ((data, options),) = shown
    assert data["image/png"].startswith(b"\x89PNG")
    assert data["text/plain"] == "Figure: Two curves fall."
    assert set(data) == {"image/png", "text/plain"}
    assert options == {"raw": True, "metadata": {"image/png": {"alt": "Two curves fall."}}}


def test_a_person_gets_the_alt_text_as_html(history, shown, monkeypatch):
    """JupyterLab ignores it elsewhere. Marks and quotes in it stay text."""
    monkeypatch.setattr(figures, "person_watches", lambda: True)

    show_figure(plot_loss_curves(history).figure, "00_test", alt='Loss < "0.5" & falling.')

    ((data, options),) = shown
    image = ElementTree.fromstring(data["text/html"].replace(">", "/>"))
    assert image.tag == "img"
    assert image.attrib["alt"] == 'Loss < "0.5" & falling.'
    scheme, _, encoded = image.attrib["src"].partition(",")
    assert scheme == "data:image/png;base64"
    assert base64.b64decode(encoded) == data["image/png"]
    assert options["metadata"] == {"image/png": {"alt": 'Loss < "0.5" & falling.'}}


def test_shown_figure_is_closed(history, shown):
    """The notebook does not show it a second time; another figure, drawn later, stays."""
    figure = plot_loss_curves(history).figure
    later = plt.figure()

    show_figure(figure, "00_test", alt="Two curves.")

    assert not plt.fignum_exists(figure.number)
    assert plt.fignum_exists(later.number)


@pytest.mark.parametrize("usual", ["png", "svg"])
def test_shown_figure_is_a_png_of_no_version(usual, history, shown):
    """Whatever format is usual; and the next version of Matplotlib draws the same bytes."""
    mpl.rcParams["savefig.format"] = usual

    show_figure(plot_loss_curves(history).figure, "00_test", alt="Two curves.")

    png = shown[0][0]["image/png"]
    assert png.startswith(b"\x89PNG")
    assert b"software" not in png.lower()
    assert b"matplotlib" not in png.lower()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"figure": plt}, "^figure is module; it must be a figure of matplotlib"),
        ({"name": 4}, "^name is 4; it must be text"),
        ({"alt": None}, "^alt is None; it must be text"),
    ],
)
def test_what_cannot_be_shown_is_named(change, message, history, shown):
    """The module instead of the figure, a number for a name, no alt text."""
    arguments = {
        "figure": plot_loss_curves(history).figure,
        "name": "00_test",
        "alt": "Two curves.",
    }

    with pytest.raises(TypeError, match=message):
        show_figure(**arguments | change)

    assert shown == []


@pytest.mark.parametrize("alt", ["", "  \n"])
def test_alt_text_must_not_be_empty(alt, history, shown):
    """A figure without alt text is not shown."""
    with pytest.raises(ValueError, match="alt is empty; it must say what the figure shows"):
        show_figure(plot_loss_curves(history).figure, "00_test", alt=alt)

    assert shown == []


def test_without_a_wish_nothing_is_stored(history, shown, stored):
    """Unless the variable says so the stored figures are left alone."""
    show_figure(plot_loss_curves(history).figure, "00_test", alt="Two curves.")

    assert list(stored.iterdir()) == []
    assert len(shown) == 1


def test_write_stores_what_is_shown(history, shown, stored, monkeypatch):
    """In "write" mode the PNG that is shown and an SVG are stored under the figure's name."""
    monkeypatch.setenv("SEQCLF_FIGURES", "write")

    show_figure(plot_loss_curves(history).figure, "00_test", alt="Two curves.")

    assert sorted(p.name for p in stored.iterdir()) == ["00_test.png", "00_test.svg"]
    assert (stored / "00_test.png").read_bytes() == shown[0][0]["image/png"]
    assert "<svg" in (stored / "00_test.svg").read_text(encoding="utf-8")


def test_check_accepts_the_same_figure(history, shown, stored, monkeypatch):
    """In "check" mode a figure like the stored one is shown and changes no file."""
    write_figure(*drawn(plot_loss_curves(history)), "00_test", folder=stored)
    before = {p.name: p.read_bytes() for p in stored.iterdir()}
    monkeypatch.setenv("SEQCLF_FIGURES", "check")

    show_figure(plot_loss_curves(history).figure, "00_test", alt="Two curves.")

    assert len(shown) == 1
    assert {p.name: p.read_bytes() for p in stored.iterdir()} == before


def drawn(ax):
    """Return the figure of the axes and its PNG."""
    return ax.figure, as_png(ax.figure)


@pytest.mark.parametrize("column", ["train_loss", "val_loss"])
def test_check_refuses_a_changed_curve(column, history, shown, stored, monkeypatch):
    """In "check" mode one curve that runs elsewhere is an error that names the figure."""
    write_figure(*drawn(plot_loss_curves(history)), "00_test", folder=stored)
    history[column] = [0.4, 0.35, 0.33, 0.4, 0.45]
    monkeypatch.setenv("SEQCLF_FIGURES", "check")

    with pytest.raises(AssertionError, match="figure 00_test differs from its stored copy"):
        show_figure(plot_loss_curves(history).figure, "00_test", alt="Two curves.")


def test_check_refuses_another_size(history, stored):
    """A figure of another size is an error as well."""
    write_figure(*drawn(plot_loss_curves(history)), "00_test", folder=stored)
    ax = plot_loss_curves(history)
    ax.figure.set_size_inches(5, 4)

    with pytest.raises(AssertionError, match=r"figure 00_test differs from its .*: Image sizes"):
        check_figure(as_png(ax.figure), "00_test", folder=stored)


def grey_png(value):
    """Return a picture of one grey as PNG."""
    png = io.BytesIO()
    plt.imsave(png, np.full((20, 20, 3), value, dtype=np.uint8), format="png")
    return png.getvalue()


def test_check_allows_four_greys_of_256(stored, monkeypatch, tmp_path_factory):
    """Fonts are drawn a little differently elsewhere; and comparing leaves no file behind."""
    here = tmp_path_factory.mktemp("here")
    monkeypatch.chdir(here)
    (stored / "00_test.png").write_bytes(grey_png(100))

    check_figure(grey_png(104), "00_test", folder=stored)
    with pytest.raises(AssertionError, match="figure 00_test differs from its stored copy"):
        check_figure(grey_png(105), "00_test", folder=stored)

    assert list(here.iterdir()) == []
    assert [path.name for path in stored.iterdir()] == ["00_test.png"]


def test_svg_and_png_show_the_same_section(history, stored):
    """Both are cut to what is drawn."""
    figure, png = drawn(plot_loss_curves(history))
    write_figure(figure, png, "00_test", folder=stored)

    height, width = plt.imread(io.BytesIO(png)).shape[:2]
    svg = (stored / "00_test.svg").read_text(encoding="utf-8")
    inches = [
        float(re.search(rf'{side}="([0-9.]+)pt"', svg)[1]) / 72 for side in ("width", "height")
    ]
    dpi = mpl.rcParams["savefig.dpi"]
    dpi = figure.dpi if dpi == "figure" else dpi
    np.testing.assert_allclose(np.multiply(inches, dpi), (width, height), atol=2)


def test_check_needs_a_stored_copy(history, shown, stored, monkeypatch):
    """In "check" mode a figure that was never stored is an error that says how to store it."""
    monkeypatch.setenv("SEQCLF_FIGURES", "check")

    with pytest.raises(AssertionError, match="figure 00_test has no stored copy; run: python"):
        show_figure(plot_loss_curves(history).figure, "00_test", alt="Two curves.")


def test_writing_twice_gives_the_same_bytes(history, tmp_path):
    """The same figure is stored as the same bytes, as PNG and as SVG."""
    for name in ("first", "again"):
        write_figure(*drawn(plot_loss_curves(history)), name, folder=tmp_path / "figures")

    for ending in ("png", "svg"):
        first, again = (tmp_path / "figures" / f"{n}.{ending}" for n in ("first", "again"))
        assert first.read_bytes() == again.read_bytes()
    assert b"\r" not in first.read_bytes()


def test_stored_figures_lie_beside_the_package():
    """Figures are kept in the folder `figures` of the project."""
    assert figures.FIGURES_DIR.name == "figures"
    assert (figures.FIGURES_DIR.parent / "seqclf_utils" / "figures.py").is_file()


# -------------------------------------------------------------------------- plot_histograms


def test_histograms_count_the_values_of_each_name():
    """The first is filled, the second an outline in its own line style; both count every value."""
    values = {"honest": [1, 1, 2, 5], "cheat": [4, 4, 5]}

    ax = plot_histograms(values, bins=[0, 2, 4, 6])

    *bars, outline = ax.patches
    assert [bar.get_height() for bar in bars] == [2, 1, 1]
    assert [bar.get_x() for bar in bars] == [0, 2, 4]
    assert {to_hex(bar.get_facecolor()) for bar in bars} == {TRAIN_COLOR}
    edges, heights = outline.get_xy().T
    assert [heights[edges == x].max() for x in (2, 4, 6)] == [0, 3, 3]
    assert not outline.get_fill()
    assert to_hex(outline.get_edgecolor()) == VAL_COLOR
    _, _, (dashed,) = plt.figure().gca().hist([1], [0, 2], histtype="step", linestyle="--")
    assert outline.get_linestyle() == dashed.get_linestyle()
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["honest", "cheat"]


def test_one_histogram_alone_needs_no_legend():
    """With nothing to tell apart there is no legend."""
    assert plot_histograms({"honest": [1, 2]}, bins=[0, 3]).get_legend() is None


# -------------------------------------------------------------------------------- plot_dots


def test_dots_show_every_score_in_the_column_of_its_name():
    """Scores stand at their heights, spread a little sideways; neighbours differ in marker."""
    scores = {"last": [0.7, 0.7, 0.8], "avg": [0.9], "max": [0.6, 0.5]}

    ax = plot_dots(scores)

    columns = ax.get_lines()
    assert [list(line.get_ydata()) for line in columns] == list(scores.values())
    for position, line in enumerate(columns):
        x = line.get_xdata()
        assert np.abs(x - position).max() < 0.5
        assert len(set(x)) == len(x)  # equal scores do not hide each other
    assert [line.get_marker() for line in columns] == ["s", "o", "s"]
    assert [to_hex(line.get_color()) for line in columns] == [TRAIN_COLOR, VAL_COLOR, TRAIN_COLOR]
    assert list(ax.get_xticks()) == [0, 1, 2]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["last", "avg", "max"]
    assert (list(ax.collections), texts(ax)) == ([], [])


def test_dots_show_the_best_possible_score_of_each_column():
    """One dotted grey line a column at its own height; the last one is labelled."""
    ax = plot_dots({"early": [0.7], "late": [0.8]}, best_possible=[0.9, 0.95])

    lines = ax.collections
    assert [line.get_segments()[0].tolist() for line in lines] == [
        [[-0.4, 0.9], [0.4, 0.9]],
        [[0.6, 0.95], [1.4, 0.95]],
    ]
    assert {to_hex(line.get_color()[0]) for line in lines} == {BEST_COLOR}
    assert all(line.get_linestyle()[0][1] is not None for line in lines)  # not solid
    (label,) = ax.texts
    assert (label.get_text(), label.xy) == ("best possible", (1.4, 0.95))


# ------------------------------------------------------------------------- what is refused

LINE = {"a": [0, 1]}
BAD = [
    (lambda h: plot_loss_curves(None), "history is a NoneType; it must be what fit returns"),
    (lambda h: plot_loss_curves(h.drop(columns="epoch")), "there must be one 'epoch'"),
    (lambda h: plot_loss_curves(h.head(0)), "history['epoch'] is empty; it must hold at least 1"),
    (lambda h: plot_loss_curves(h.assign(val_loss=np.nan)), "history['val_loss'][0] is nan; it"),
    (
        lambda h: plot_loss_curves(h.assign(is_best=1)),
        "history['is_best'] holds int64 values; each",
    ),
    (
        lambda h: plot_loss_curves(h.assign(is_best=[True, True, False, False, False])),
        "history['is_best'] is True 2 times; it must be once",
    ),
    (lambda h: plot_loss_curves([0.5]), "history is a list; it must be what fit returns"),
    (lambda h: plot_loss_curves(h.assign(is_best=True)), "history['is_best'] is True 5 times; it"),
    (lambda h: plot_loss_curves(h, best_possible=np.nan), "best_possible is nan; it must be a fin"),
    (
        lambda h: plot_lines([1, 2], {n: [1, 2] for n in "abcde"}),
        "curves holds 5 names; there must",
    ),
    (
        lambda h: plot_lines([1, 2], {n: [1, 2] for n in "abcd"}, best_possible=[1, 2]),
        "curves holds 4 names; there must be 1..3",
    ),
    (lambda h: plot_lines([1, np.nan], LINE), "x[1] is nan; it must be"),
    (lambda h: plot_lines([1, 2], {" ": [1, 2]}), "curves holds the name ' ', which no legend"),
    (lambda h: plot_lines([1, 2], {None: [1, 2]}), "curves holds the name None, which no legend"),
    (
        lambda h: plot_histograms({n: [1, 2] for n in "abcde"}, 3),
        "values holds 5 names; there must",
    ),
    (lambda h: plot_histograms({"a": [1, 2]}, 10_001), "bins is 10001; it must be at most 10000"),
    (lambda h: plot_dots({"a": [1, np.nan]}), "scores['a'][1] is nan; it must be"),
    (lambda h: plot_throws([[1, 7]], ["a"]), "sequences[0][1] is 7; symbols must be 1..6"),
    (lambda h: plot_lines([1, 2], {"_a": [1, 2]}), "curves holds the name '_a', which no legend"),
    (lambda h: plot_lines([1, 2], {"a": [1]}), "curves['a'] has 1 entries; there must be 2"),
    (lambda h: plot_lines([1, 2], LINE, best_possible=[1]), "best_possible has 1 entries; there"),
    (
        lambda h: plot_lines([1, 2], LINE, ax=plt.subplots(1, 2)[1]),
        "ax is a ndarray; it must be one",
    ),
    (
        lambda h: plot_histograms({"a": []}, 3),
        "values['a'] is empty; it must hold at least 1 number",
    ),
    (lambda h: plot_histograms({"a": [1]}, 0), "bins is 0; it must be at least 1"),
    (
        lambda h: plot_histograms({"a": [1]}, [[1], [2, 3]]),
        "bins is ragged; it must be a plain arr",
    ),
    (lambda h: plot_histograms({"a": [1, 1 + 1e-15]}, 40), "bins is 40; it must be fewer, for the"),
    (lambda h: plot_histograms({"a": [1, 1 + 4e-15]}, 40), "bins is 40; it must be fewer, for the"),
    (
        lambda h: plot_lines([1, 2], {"a": [1, -1e308]}),
        "curves['a'][1] is -1e+308; it must be at m",
    ),
    (
        lambda h: plot_loss_curves(h, best_possible=1e300),
        "best_possible[0] is 1e+300; it must be a",
    ),
    (lambda h: plot_histograms({"a": [1]}, [1, 1]), "bins is [1.0, 1.0]; it must be at least 2"),
    (lambda h: plot_dots({}), "scores holds 0 names; there must be at least 1"),
    (
        lambda h: plot_dots(LINE, best_possible=[1, 2]),
        "best_possible has 2 entries; there must be 1",
    ),
    (lambda h: plot_throws([[1], [6]], "ab"), "names is 'ab'; it must be a list of names"),
    (
        lambda h: plot_throws([[1], [6]], ["a"]),
        "names has 1 entries for 2 sequences; there must be",
    ),
    (lambda h: plot_throws([[1]], ["a"], marked=6), "marked is 6; it must be a list of faces"),
    (
        lambda h: plot_throws([[1]], ["a"], marked=[7]),
        "a face in marked is 7; it must be at most 6",
    ),
    (lambda h: plot_throws([], []), "sequences is empty; there must be at least 1 sequence"),
    (lambda h: plot_padded_batch([[1]], [1]), "padded is list; it must be an int64 tensor"),
    (lambda h: plot_outline([7]), "sequence[0] is 7; symbols must be 1..6"),
]


@pytest.mark.parametrize(("plot", "message"), BAD, ids=[message[:40] for _, message in BAD])
def test_bad_plots_are_named_before_anything_is_drawn(plot, message, history):
    """No curve is dropped, no point lost, and no half-empty figure left behind."""
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        plot(history)

    assert all(ax.has_data() is False for n in plt.get_fignums() for ax in plt.figure(n).axes)


def test_columns_with_an_odd_index_and_names_of_any_kind_are_drawn():
    """The last point is that of the last row; 5 and "5" are two curves, a tuple is a name."""
    column = pd.Series([1.0, 3.0], index=[7, 7])

    ax = plot_lines(column, {5: column, "5": column, ("x", 1): column}, best_possible=column)

    assert ax.texts[0].xy == (3, 3)
    assert len(ax.get_lines()) == 4
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["5", "5", "('x', 1)"]


def test_largest_number_is_drawn():
    """What is refused begins above it, on either side of zero."""
    ax = plot_lines([0, 1], {"a": [1e100, -1e100]})

    assert ax.get_lines()[0].get_ydata().tolist() == [1e100, -1e100]


def test_the_best_possible_loss_is_named_at_the_right_end(history):
    """At the height of its line, wherever the epochs end."""
    ax = plot_loss_curves(history, best_possible=0.4)

    name = next(text for text in ax.texts if text.get_text() == "best possible")
    assert (name.xy, name.xycoords) == ((1, 0.4), ("axes fraction", "data"))


def test_largest_number_of_bins_and_lowest_face_are_allowed():
    """What is refused begins one further on."""
    assert len(plot_histograms({"a": [0, 1]}, 10_000).patches) == 10_000
    boxes = [text.get_bbox_patch() for text in plot_throws([[1, 2]], ["a"], marked=[1]).texts]
    assert [box is not None for box in boxes] == [True, False]


def test_histograms_and_dots_are_drawn():
    """A bar a bin, named if there are several; a dot a score, a line a column if one is known."""
    ax = plot_histograms({"a": [1, 2, 2], "b": [2]}, [0.5, 1.5, 2.5])
    assert [patch.get_height() for patch in ax.patches[:2]] == [1, 2]
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["a", "b"]
    assert plot_histograms({"a": [1, 2, 2]}, 2).get_legend() is None

    ax = plot_dots({"a": [0.1, 0.2], "b": [0.3]}, best_possible=np.array([0.5, 0.6]))
    assert [line.get_ydata().tolist() for line in ax.get_lines()] == [[0.1, 0.2], [0.3]]
    assert len(ax.collections) == 2
    assert texts(ax) == ["best possible"]
    assert texts(plot_dots({"a": [0.1]})) == []
