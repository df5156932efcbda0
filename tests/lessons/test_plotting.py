"""Plotting helpers, tested through the returned axes: data, labels, legend and style."""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.colors import to_hex

import seqclf_utils as sc

BLUE, ORANGE, PINK, GREY = "#0072b2", "#d55e00", "#cc79a7", "#555555"
LOOKS = [(BLUE, "-"), (ORANGE, "--"), (PINK, "-."), (GREY, ":")]
TRAIN, VAL = [0.69, 0.6, 0.5, 0.4, 0.3], [0.68, 0.62, 0.55, 0.57, 0.6]
HISTORY = pd.DataFrame({"epoch": range(1, 6), "train_loss": TRAIN, "val_loss": VAL})
PLOTS = {
    "loss_curves": partial(sc.plot_loss_curves, HISTORY.head(1)),
    "padded_batch": partial(sc.plot_padded_batch, torch.tensor([[1, 2]]), torch.tensor([2])),
    "throws": partial(sc.plot_throws, [np.array([1, 6])], ["a"]),
    "outline": partial(sc.plot_outline, np.array([1, 5, 3])),
    "lines": partial(sc.plot_lines, [1, 2], {"a": [1, 2]}, best_possible=[2, 3]),
    "histograms": partial(sc.plot_histograms, {"a": [1, 2]}, 2),
    "dots": partial(sc.plot_dots, {"a": [1, 2]}, best_possible=[2]),
    "intervals": partial(sc.plot_intervals, [1, 2], [2, 3], truth=1.5),
    "probabilities": partial(sc.plot_probabilities, [1, 6], [0.4, 0.6], [0.3, 0.7]),
}
every_plot = pytest.mark.parametrize("plot", PLOTS.values(), ids=PLOTS)


@pytest.fixture(autouse=True)
def course_style():
    """Use the course's style, and clean up figures and settings afterwards."""
    with plt.rc_context():
        sc.use_course_style()
        yield
    plt.close("all")


def legend(ax):
    """Return the entries of the legend."""
    return [text.get_text() for text in ax.get_legend().get_texts()]


def look(line):
    """Return the colour and line style of a line."""
    return to_hex(line.get_color()), line.get_linestyle()


def segments(lines):
    """Return the ends of vertical or horizontal lines."""
    return [segment.tolist() for segment in lines.get_segments()]


def is_solid(lines):
    """Return whether vertical or horizontal lines are solid."""
    return lines.get_linestyle()[0][1] is None


# ------------------------------------------------------------------------- all helpers


@every_plot
def test_plots_draw_into_the_given_axes(plot):
    """A helper draws into the given axes and returns them; without axes, it creates a figure."""
    _, (left, right) = plt.subplots(1, 2)
    assert plot(ax=left) is left
    assert left.has_data() or left.texts
    assert not right.has_data()

    assert plot() not in (left, right)
    assert len(plt.get_fignums()) == 2
    for number in plt.get_fignums():
        plt.figure(number).canvas.draw()  # some errors occur only when drawing


@every_plot
def test_an_array_of_axes_is_refused(plot):
    """Passing all axes of a figure, a common mistake, raises a TypeError."""
    with pytest.raises(TypeError, match=r"ax is array.*; it must be one Axes, such as axes\[0\]"):
        plot(ax=plt.subplots(1, 2)[1])


def test_a_wrong_history_is_named():
    """Errors name a wrong type and a missing column."""
    with pytest.raises(TypeError, match=r"history is \[0\.5\]; it must be what fit"):
        sc.plot_loss_curves([0.5])
    with pytest.raises(ValueError, match=r"^list\(history\) is \['epoch', .*must be .* val_loss$"):
        sc.plot_loss_curves(HISTORY.drop(columns="val_loss"))


@pytest.mark.parametrize(
    ("plot", "error"),
    [
        (partial(sc.plot_lines, [1], dict.fromkeys("abcde", (1,))), IndexError),
        (partial(sc.plot_lines, [1], dict.fromkeys("abcd", (1,)), best_possible=[1]), IndexError),
        (partial(sc.plot_histograms, dict.fromkeys("abcde", (1,)), 3), IndexError),
        (partial(sc.plot_lines, [1], {"a": [1, 2]}), ValueError),
        (partial(sc.plot_lines, [1], {"a": [1]}, best_possible=[1, 2]), ValueError),
        (partial(sc.plot_dots, {"a": [1]}, best_possible=[1, 2]), ValueError),
        (partial(sc.plot_intervals, [1, 2], [3]), ValueError),
        (partial(sc.plot_padded_batch, torch.ones(1, 2), torch.tensor([2, 2])), ValueError),
        (partial(sc.plot_throws, [[1], [2]], ["a"]), ValueError),
        (partial(sc.plot_probabilities, [6], [], [0.5]), ValueError),
        (partial(sc.plot_probabilities, [6], [0.5], []), ValueError),
    ],
)
def test_nothing_is_left_out_silently(plot, error):
    """Too many names for the available styles raise an error, and so do unequal lengths."""
    with pytest.raises(error):
        plot()


def test_course_style():
    """The style sets a white 16:10 figure without top and right spines, and the four colours."""
    figure, ax = plt.subplots()

    assert list(figure.get_size_inches()) == [6.4, 4.0]
    assert to_hex(figure.get_facecolor()) == "#ffffff"
    visible = [ax.spines[side].get_visible() for side in ("top", "right", "left", "bottom")]
    assert visible == [False, False, True, True]
    assert plt.rcParams["svg.hashsalt"] == "seqclf"
    assert plt.rcParams["font.family"] == ["DejaVu Sans"]
    assert [look(line)[0] for line in ax.plot(np.eye(4))] == [color for color, _ in LOOKS]


# -------------------------------------------------------------------- plot_loss_curves


def test_equal_losses_mark_the_first_epoch():
    """If several epochs share the lowest validation loss, the first is marked, as in `fit`."""
    ax = sc.plot_loss_curves(HISTORY.assign(val_loss=[0.6, 0.5, 0.5, 0.7, 0.5]))

    assert legend(ax)[-1] == "lowest validation loss: epoch 2"


def test_loss_curves_show_the_history():
    """Each loss is drawn in its own style, and the lowest validation loss is marked."""
    ax = sc.plot_loss_curves(HISTORY)

    *curves, dot = ax.get_lines()
    assert [list(line.get_xdata()) for line in curves] == [[1, 2, 3, 4, 5]] * 2
    assert [list(line.get_ydata()) for line in curves] == [TRAIN, VAL]
    assert [look(line) for line in curves] == [(BLUE, "-"), (ORANGE, "--")]
    assert (dot.get_xydata().tolist(), dot.get_marker()) == ([[3, 0.55]], "o")
    assert look(dot)[0] == ORANGE
    assert legend(ax) == ["training", "validation", "lowest validation loss: epoch 3"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss (nats per sequence)")


@pytest.mark.parametrize("height", [0.0, 0.42])
def test_the_best_possible_loss_is_a_dotted_line(height):
    """The best possible loss is a dotted line across the axes, listed in the legend."""
    ax = sc.plot_loss_curves(HISTORY, best_possible=height)

    *_, line = ax.get_lines()
    assert (list(line.get_xdata()), set(line.get_ydata())) == ([0, 1], {height})  # axes fractions
    assert look(line) == (GREY, ":")
    assert legend(ax)[-1] == "best possible"
    low, high = ax.get_ylim()
    assert low < height < 0.69 < high


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_epochs_and_steps_have_integer_ticks(n):
    """Ticks are integers, however few epochs or steps there are."""
    symbols = torch.ones(n, dtype=torch.int64)
    curves = sc.plot_loss_curves(HISTORY.head(n))
    batch = sc.plot_padded_batch(symbols[None], torch.tensor([n]))
    throws = sc.plot_throws([symbols], ["a"])

    for ax in (curves, batch, throws):
        np.testing.assert_array_equal(ax.get_xticks(), ax.get_xticks().round())


# ------------------------------------- plot_lines, plot_histograms, plot_dots, plot_intervals


def test_each_line_has_its_data_colour_style_and_name():
    """Lines differ in both colour and line style; the best possible curve is dotted grey."""
    x, heights = [10, 20, 40], [[1, 2, 3], [3, 2, 1], [2, 2, 2]]

    ax = sc.plot_lines(x, dict(zip("abc", heights, strict=True)), best_possible=[4, 4, 5])

    lines = ax.get_lines()
    assert [line.get_xdata().tolist() for line in lines] == [x] * 4
    assert [line.get_ydata().tolist() for line in lines] == [*heights, [4, 4, 5]]
    assert [look(line) for line in lines] == LOOKS
    assert legend(ax) == ["a", "b", "c", "best possible"]


def test_lines_from_a_data_frame():
    """Up to four columns of a DataFrame become curves, whatever its index."""
    frame = pd.DataFrame([[1.0, 2.0, 4.0, 5.0], [3.0, 2.0, 4.0, 5.0]], [7, 7], list("abcd"))

    ax = sc.plot_lines([0, 1], frame)

    assert [line.get_ydata().tolist() for line in ax.get_lines()] == frame.T.to_numpy().tolist()
    assert legend(ax) == ["a", "b", "c", "d"]


def test_histograms_count_the_values_of_each_name():
    """Histograms count every value; the first is filled, and the second is a dashed outline."""
    ax = sc.plot_histograms({"honest": [1, 1, 2, 5], "cheat": [4, 4, 5]}, bins=[0, 2, 4, 6])

    *bars, outline = ax.patches
    assert [(bar.get_x(), bar.get_height()) for bar in bars] == [(0, 2), (2, 1), (4, 1)]
    assert {to_hex(bar.get_facecolor()) for bar in bars} == {BLUE}
    edges, heights = outline.get_xy().T
    assert [heights[edges == x].max() for x in (2, 4, 6)] == [0, 3, 3]
    assert (outline.get_fill(), to_hex(outline.get_edgecolor())) == (False, ORANGE)
    assert outline.get_linestyle()[1] is not None  # not solid
    assert legend(ax) == ["honest", "cheat"]


def test_one_histogram_alone_needs_no_legend():
    """A single histogram has no legend."""
    assert sc.plot_histograms({"honest": [1, 2]}, bins=2).get_legend() is None


def test_dots_show_every_score_in_the_column_of_its_name():
    """Scores are drawn at their values with horizontal jitter; adjacent columns differ in style."""
    scores = {"last": [0.7, 0.7, 0.8], "avg": [0.9], "max": [0.6, 0.5]}

    ax = sc.plot_dots(scores)

    columns = ax.get_lines()
    assert [list(line.get_ydata()) for line in columns] == list(scores.values())
    for position, line in enumerate(columns):
        assert np.abs(line.get_xdata() - position).max() < 0.4
        assert len(set(line.get_xdata())) == len(line.get_xdata())  # equal scores stay visible
    styles = [(look(line)[0], line.get_marker()) for line in columns]
    assert styles == [(BLUE, "s"), (ORANGE, "o"), (BLUE, "s")]
    assert list(ax.get_xticks()) == [0, 1, 2]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["last", "avg", "max"]
    assert (list(ax.collections), ax.get_legend()) == ([], None)


def test_dots_show_the_best_possible_score_of_each_column():
    """The best possible score is a dotted grey line in each column, with one legend entry."""
    ax = sc.plot_dots({"early": [0.7], "late": [0.8]}, best_possible=np.array([0.9, 0.95]))

    (lines,) = ax.collections
    assert segments(lines) == [[[-0.4, 0.9], [0.4, 0.9]], [[0.6, 0.95], [1.4, 0.95]]]
    assert (to_hex(lines.get_color()[0]), is_solid(lines)) == (GREY, False)
    assert legend(ax) == ["best possible"]


def test_intervals_that_miss_the_truth_are_dashed():
    """Intervals that miss the truth are dashed; an interval that ends at the truth contains it."""
    ax = sc.plot_intervals([1, 2, 3, 0], [2, 4, 5, 1], truth=2)

    hit, missed = ax.collections
    assert segments(hit) == [[[1, 1], [1, 2]], [[2, 2], [2, 4]]]
    assert segments(missed) == [[[3, 3], [3, 5]], [[4, 0], [4, 1]]]
    assert (to_hex(hit.get_color()[0]), is_solid(hit)) == (BLUE, True)
    assert (to_hex(missed.get_color()[0]), is_solid(missed)) == (ORANGE, False)
    (truth,) = ax.get_lines()
    assert (set(truth.get_ydata()), look(truth)) == ({2}, (GREY, ":"))
    assert legend(ax) == ["contains the truth", "misses it", "the truth"]


def test_intervals_alone():
    """Without `truth`, all intervals look alike and there is no legend."""
    ax = sc.plot_intervals(torch.tensor([1, 2]), torch.tensor([2, 4]))

    (lines,) = ax.collections
    assert segments(lines) == [[[1, 1], [1, 2]], [[2, 2], [2, 4]]]
    assert ax.get_legend() is None


# ------------------------------ plot_padded_batch, plot_throws, plot_probabilities, plot_outline


def test_padded_batch_hatches_exactly_the_padding():
    """Each cell shows its symbol, and is hatched grey if and only if it is padding."""
    padded = torch.tensor([[1, 2, 0], [3, 0, 0], [4, 5, 6]])
    ax = sc.plot_padded_batch(padded, torch.tensor([2, 1, 3]))

    places = [(row, step) for row in range(3) for step in (1, 2, 3)]
    found = {text.get_position()[::-1]: int(text.get_text()) for text in ax.texts}
    assert found == dict(zip(places, padded.flatten().tolist(), strict=True))
    assert [(cell.get_y() + 0.5, cell.get_x() + 0.5) for cell in ax.patches] == places
    assert {(cell.get_width(), cell.get_height()) for cell in ax.patches} == {(1, 1)}
    for place, cell in zip(places, ax.patches, strict=True):
        is_padding = place in {(0, 3), (1, 2), (1, 3)}
        assert bool(cell.get_hatch()) is is_padding
        assert to_hex(cell.get_facecolor()) == ("#dddddd" if is_padding else "#ffffff")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time step", "sequence")
    assert (ax.get_xlim(), ax.get_ylim()) == ((0.5, 3.5), (2.5, -0.5))
    assert list(ax.get_yticks()) == [0, 1, 2]


@pytest.mark.parametrize(("options", "marked"), [({}, {6}), ({"marked": (4, 5)}, {4, 5})])
def test_throws_box_exactly_the_marked_faces(options, marked):
    """Rows are named, each throw is in its place, and only marked faces are boxed and bold."""
    ax = sc.plot_throws([np.array([6, 1, 4]), [5, 6]], ["cheat", "honest"], **options)

    found = {text.get_position(): int(text.get_text()) for text in ax.texts}
    assert found == {(1, 0): 6, (2, 0): 1, (3, 0): 4, (1, 1): 5, (2, 1): 6}
    for text in ax.texts:
        is_marked = int(text.get_text()) in marked
        assert (text.get_bbox_patch() is not None) is is_marked
        assert (text.get_fontweight() == "bold") is is_marked
    assert [label.get_text() for label in ax.get_yticklabels()] == ["cheat", "honest"]
    assert (ax.get_xlabel(), list(ax.get_yticks())) == ("throw", [0, 1])
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()  # all throws, first row at the top
    assert left < 1 < 3 < right
    assert top < 0 < 1 < bottom


@pytest.mark.parametrize(("n", "end"), [(0, 21), (1, 21), (20, 21), (21, 41), (60, 61)])
def test_probabilities_stand_above_their_throws(n, end):
    """Both curves start at throw 1 and end in a dot; each face is below its point."""
    throws, lstm, best = [1 + i % 6 for i in range(n)], np.linspace(0, 1, n), np.linspace(1, 0, n)

    ax = sc.plot_probabilities(throws, lstm, best)

    for line, heights in zip(ax.get_lines(), (lstm, best), strict=True):
        assert list(line.get_xdata()) == list(range(1, n + 1))
        assert list(line.get_ydata()) == list(heights)
        assert (line.get_marker(), line.get_markevery()) == ("o", slice(-1, None))
    assert [look(line) for line in ax.get_lines()] == [(BLUE, "-"), (GREY, ":")]
    assert legend(ax) == ["LSTM", "best possible"]
    assert [int(text.get_text()) for text in ax.texts] == throws
    assert [text.get_position()[0] for text in ax.texts] == list(range(1, n + 1))
    assert (ax.get_xlim(), list(ax.get_xticks())) == ((0, end), list(range(0, end, 5)))
    assert (ax.get_ylabel(), ax.get_xlabel()[:5]) == ("probability of a cheat", "throw")


def test_high_and_low_throws_differ_in_colour_and_stand_below_zero():
    """Low and high throws have different colours and are drawn below the curves."""
    ax = sc.plot_probabilities([1, 2, 3, 4, 5, 6], [0.5] * 6, [0.5] * 6)

    colors = [to_hex(text.get_bbox_patch().get_facecolor()) for text in ax.texts]
    assert colors == ["#cfe5f3"] * 3 + ["#edaf79"] * 3
    bottom, top = ax.get_ylim()
    assert bottom < ax.texts[0].get_position()[1] < -0.05
    assert 1 < top < 1.1


def test_outline_is_drawn_closed():
    """The outline is a closed line with a marked start, without visible axes."""
    ax = sc.plot_outline(np.array([1, 5, 3]))

    line, start = ax.get_lines()
    (area,) = ax.patches
    expected = [(0, 0), (0.5, 0), (0.25, -np.sqrt(3) / 4), (0, 0)]
    np.testing.assert_allclose(line.get_xydata(), expected, atol=1e-8)
    assert start.get_xydata().tolist() == [[0, 0]]
    assert (start.get_marker(), look(start)[0]) == ("o", ORANGE)
    assert look(line)[0] == to_hex(area.get_facecolor()) == BLUE
    assert area.get_alpha() < 0.5
    assert (ax.get_aspect(), ax.axison) == (1, False)
