"""Plotting helpers, tested through the returned axes: data, labels, legend and style."""

import re

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
    plot_intervals,
    plot_lines,
    plot_loss_curves,
    plot_outline,
    plot_padded_batch,
    plot_probabilities,
    plot_throws,
    use_course_style,
)

BLUE, ORANGE, PINK, GREY = "#0072b2", "#d55e00", "#cc79a7", "#555555"
HISTORY = pd.DataFrame(
    {
        "epoch": [1, 2, 3, 4, 5],
        "train_loss": [0.69, 0.6, 0.5, 0.4, 0.3],
        "val_loss": [0.68, 0.62, 0.55, 0.57, 0.6],
    }
)
PLOTS = {
    "loss_curves": lambda ax: plot_loss_curves(HISTORY.head(1), ax=ax),
    "padded_batch": lambda ax: plot_padded_batch(torch.tensor([[1, 2]]), torch.tensor([2]), ax=ax),
    "throws": lambda ax: plot_throws([np.array([1, 6])], ["a"], ax=ax),
    "outline": lambda ax: plot_outline(np.array([1, 5, 3]), ax=ax),
    "lines": lambda ax: plot_lines([1, 2], {"a": [1, 2]}, best_possible=[2, 3], ax=ax),
    "histograms": lambda ax: plot_histograms({"a": [1, 2]}, 2, ax=ax),
    "dots": lambda ax: plot_dots({"a": [1, 2]}, best_possible=[2], ax=ax),
    "intervals": lambda ax: plot_intervals([1, 2], [2, 3], truth=1.5, ax=ax),
    "probabilities": lambda ax: plot_probabilities([1, 6], [0.4, 0.6], [0.3, 0.7], ax=ax),
}
every_plot = pytest.mark.parametrize("plot", PLOTS.values(), ids=PLOTS)


@pytest.fixture(autouse=True)
def course_style():
    """Use the course's style, and clean up figures and settings afterwards."""
    with mpl.rc_context():
        use_course_style()
        yield
    plt.close("all")


def legend(ax):
    """Return the entries of the legend."""
    return [text.get_text() for text in ax.get_legend().get_texts()]


def look(line):
    """Return the colour and line style of a line."""
    return to_hex(line.get_color()), line.get_linestyle()


# ------------------------------------------------------------------------- all helpers


@every_plot
def test_plots_draw_into_the_given_axes(plot):
    """A helper draws into the given axes and returns them, or creates a new figure."""
    _, (left, right) = plt.subplots(1, 2)
    assert plot(left) is left
    assert left.has_data() or left.texts
    assert not right.has_data()

    assert plot(None) not in (left, right)
    assert len(plt.get_fignums()) == 2
    for number in plt.get_fignums():
        plt.figure(number).canvas.draw()  # some errors occur only when drawing


@every_plot
def test_plots_neither_show_nor_save(plot, monkeypatch):
    """Helpers leave showing and saving to the caller."""
    forbidden = lambda *_, **__: pytest.fail("shown or saved")  # noqa: E731
    monkeypatch.setattr(plt, "show", forbidden)
    monkeypatch.setattr(mpl.figure.Figure, "savefig", forbidden)

    plot(None)


@every_plot
def test_an_array_of_axes_is_refused(plot):
    """Passing all axes of a figure, a common mistake, raises a TypeError."""
    with pytest.raises(TypeError, match=r"ax is a ndarray; it must be one Axes, such as axes\[0\]"):
        plot(plt.subplots(1, 2)[1])


@pytest.mark.parametrize(
    ("plot", "error", "message"),
    [
        (lambda: plot_loss_curves([0.5]), TypeError, "history is a list; it must be what fit"),
        (
            lambda: plot_loss_curves(HISTORY.drop(columns="val_loss")),
            ValueError,
            "history has no column 'val_loss'",
        ),
        (lambda: plot_lines([1, 2], [1, 2]), TypeError, "curves is a list; it must be a dict"),
        (
            lambda: plot_lines([1], {"a": [1]}, best_possible=[1, 2]),
            ValueError,
            "best_possible has 2 entries",
        ),
        (
            lambda: plot_lines([1], {key: [1] for key in "abcde"}),
            ValueError,
            "curves has 5 names; at most 4",
        ),
        (
            lambda: plot_lines([1], {key: [1] for key in "abcd"}, best_possible=[1]),
            ValueError,
            "curves has 4 names; at most 3",
        ),
        (
            lambda: plot_histograms({key: [1] for key in "abcde"}, 3),
            ValueError,
            "values has 5 names; at most 4",
        ),
        (lambda: plot_dots({"a": [1, np.nan]}), ValueError, "scores['a'][1] is nan"),
        (
            lambda: plot_dots({"a": [1]}, best_possible=[1, 2]),
            ValueError,
            "best_possible has 2 entries",
        ),
        (lambda: plot_intervals([1, 2], [3]), ValueError, "high has 1 entries"),
        (lambda: plot_probabilities([6], [], [0.5]), ValueError, "must each have 1 entries"),
        (lambda: plot_probabilities([6], [0.5], []), ValueError, "must each have 1 entries"),
        (
            lambda: plot_padded_batch(torch.tensor([[1, 2]]), torch.tensor([3])),
            ValueError,
            "lengths[0] is 3",
        ),
    ],
)
def test_mistakes_are_named(plot, error, message):
    """Errors name wrong types, missing columns and lengths that do not match."""
    with pytest.raises(error, match=re.escape(message)):
        plot()


def test_course_style():
    """The style sets a white 16:10 figure without top and right spines, and the four colours."""
    figure, ax = plt.subplots()

    width, height = figure.get_size_inches()
    assert width / height == pytest.approx(1.6)
    assert to_hex(figure.get_facecolor()) == "#ffffff"
    visible = [ax.spines[side].get_visible() for side in ("top", "right", "left", "bottom")]
    assert visible == [False, False, True, True]
    assert mpl.rcParams["svg.hashsalt"] == "seqclf"
    assert mpl.rcParams["font.family"] == ["DejaVu Sans"]
    assert [look(line)[0] for line in ax.plot(np.eye(4))] == [BLUE, ORANGE, PINK, GREY]


# -------------------------------------------------------------------- plot_loss_curves


def test_equal_losses_mark_the_first_epoch():
    """Of equal validation losses the first is marked, as in early stopping."""
    ax = plot_loss_curves(HISTORY.assign(val_loss=[0.6, 0.5, 0.5, 0.7, 0.5]))

    assert legend(ax)[-1] == "lowest validation loss: epoch 2"


def test_loss_curves_show_the_history():
    """Both losses are drawn in their own style, and the lowest validation loss is marked."""
    ax = plot_loss_curves(HISTORY)

    train, val, dot = ax.get_lines()
    assert train.get_xydata().tolist() == HISTORY[["epoch", "train_loss"]].to_numpy().tolist()
    assert val.get_xydata().tolist() == HISTORY[["epoch", "val_loss"]].to_numpy().tolist()
    assert (look(train), look(val)) == ((BLUE, "-"), (ORANGE, "--"))
    assert (dot.get_xydata().tolist(), dot.get_marker()) == ([[3, 0.55]], "o")
    assert look(dot)[0] == ORANGE
    assert legend(ax) == ["training", "validation", "lowest validation loss: epoch 3"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss (nats per sequence)")


@pytest.mark.parametrize("height", [0.0, 0.42])
def test_the_best_possible_loss_is_a_dotted_line(height):
    """The best possible loss is a dotted line across the axes, listed in the legend."""
    ax = plot_loss_curves(HISTORY, best_possible=height)

    *_, line = ax.get_lines()
    assert (list(line.get_xdata()), set(line.get_ydata())) == ([0, 1], {height})  # of the axes
    assert look(line) == (GREY, ":")
    assert legend(ax)[-1] == "best possible"
    low, high = ax.get_ylim()
    assert low < height < 0.69 < high


@pytest.mark.parametrize("n", [1, 2, 3, 5])
@pytest.mark.parametrize(
    "plot",
    [
        lambda n: plot_loss_curves(HISTORY.head(n)),
        lambda n: plot_padded_batch(torch.ones(1, n, dtype=torch.int64), torch.tensor([n])),
        lambda n: plot_throws([np.ones(n, dtype=int)], ["a"]),
    ],
    ids=["loss_curves", "padded_batch", "throws"],
)
def test_epochs_and_steps_have_integer_ticks(plot, n):
    """Ticks are integers, however few epochs or steps there are."""
    ticks = plot(n).get_xticks()

    np.testing.assert_array_equal(ticks, ticks.round())


# ------------------------------------- plot_lines, plot_histograms, plot_dots, plot_intervals


def test_each_line_has_its_data_colour_style_and_name():
    """Lines differ in both colour and line style; the best possible curve is dotted grey."""
    x, heights = [10, 20, 40], [[1, 2, 3], [3, 2, 1], [2, 2, 2]]

    ax = plot_lines(x, dict(zip("abc", heights, strict=True)), best_possible=[4, 4, 5])

    lines = ax.get_lines()
    assert [line.get_xdata().tolist() for line in lines] == [x] * 4
    assert [line.get_ydata().tolist() for line in lines] == [*heights, [4, 4, 5]]
    assert [look(line) for line in lines] == [
        (BLUE, "-"),
        (ORANGE, "--"),
        (PINK, "-."),
        (GREY, ":"),
    ]
    assert legend(ax) == ["a", "b", "c", "best possible"]


def test_lines_from_a_data_frame():
    """The columns of a DataFrame become curves, whatever its index."""
    frame = pd.DataFrame({"a": [1.0, 3.0], "b": [2.0, 2.0]}, index=[7, 7])

    ax = plot_lines([0, 1], frame)

    assert [line.get_ydata().tolist() for line in ax.get_lines()] == [[1, 3], [2, 2]]
    assert legend(ax) == ["a", "b"]


def test_histograms_count_the_values_of_each_name():
    """Histograms count every value; the first is filled, the second a dashed outline."""
    ax = plot_histograms({"honest": [1, 1, 2, 5], "cheat": [4, 4, 5]}, bins=[0, 2, 4, 6])

    *bars, outline = ax.patches
    assert [bar.get_height() for bar in bars] == [2, 1, 1]
    assert [bar.get_x() for bar in bars] == [0, 2, 4]
    assert {to_hex(bar.get_facecolor()) for bar in bars} == {BLUE}
    edges, heights = outline.get_xy().T
    assert [heights[edges == x].max() for x in (2, 4, 6)] == [0, 3, 3]
    assert not outline.get_fill()
    assert to_hex(outline.get_edgecolor()) == ORANGE
    assert outline.get_linestyle()[1] is not None  # not solid
    assert legend(ax) == ["honest", "cheat"]


def test_one_histogram_alone_needs_no_legend():
    """A single histogram has no legend."""
    assert plot_histograms({"honest": [1, 2]}, bins=2).get_legend() is None


def test_dots_show_every_score_in_the_column_of_its_name():
    """Scores are drawn at their values with horizontal jitter; neighbouring columns differ."""
    scores = {"last": [0.7, 0.7, 0.8], "avg": [0.9], "max": [0.6, 0.5]}

    ax = plot_dots(scores)

    columns = ax.get_lines()
    assert [list(line.get_ydata()) for line in columns] == list(scores.values())
    for position, line in enumerate(columns):
        x = line.get_xdata()
        assert np.abs(x - position).max() < 0.4
        assert len(set(x)) == len(x)  # equal scores do not hide each other
    assert [line.get_marker() for line in columns] == ["s", "o", "s"]
    assert [look(line)[0] for line in columns] == [BLUE, ORANGE, BLUE]
    assert list(ax.get_xticks()) == [0, 1, 2]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["last", "avg", "max"]
    assert (list(ax.collections), ax.get_legend()) == ([], None)


def test_dots_show_the_best_possible_score_of_each_column():
    """The best possible score is a dotted grey line in each column, with one legend entry."""
    ax = plot_dots({"early": [0.7], "late": [0.8]}, best_possible=np.array([0.9, 0.95]))

    (lines,) = ax.collections
    assert [segment.tolist() for segment in lines.get_segments()] == [
        [[-0.4, 0.9], [0.4, 0.9]],
        [[0.6, 0.95], [1.4, 0.95]],
    ]
    assert to_hex(lines.get_color()[0]) == GREY
    assert lines.get_linestyle()[0][1] is not None  # not solid
    assert legend(ax) == ["best possible"]


def test_intervals_that_miss_the_truth_are_dashed():
    """Intervals that miss the truth are dashed; those that touch it contain it."""
    ax = plot_intervals([1, 2, 3, 0], [2, 4, 5, 1], truth=2)

    hit, missed = ax.collections
    assert [s.tolist() for s in hit.get_segments()] == [[[1, 1], [1, 2]], [[2, 2], [2, 4]]]
    assert [s.tolist() for s in missed.get_segments()] == [[[3, 3], [3, 5]], [[4, 0], [4, 1]]]
    assert [to_hex(part.get_color()[0]) for part in (hit, missed)] == [BLUE, ORANGE]
    assert hit.get_linestyle()[0][1] is None  # solid
    assert missed.get_linestyle()[0][1] is not None
    (truth,) = ax.get_lines()
    assert (set(truth.get_ydata()), look(truth)) == ({2}, (GREY, ":"))
    assert legend(ax) == ["contains the truth", "misses it", "the truth"]


def test_intervals_alone():
    """Without a truth, all intervals look alike and there is no legend."""
    ax = plot_intervals(torch.tensor([1, 2]), torch.tensor([2, 4]))

    (lines,) = ax.collections
    assert [s.tolist() for s in lines.get_segments()] == [[[1, 1], [1, 2]], [[2, 2], [2, 4]]]
    assert ax.get_legend() is None


# ------------------------------ plot_padded_batch, plot_throws, plot_probabilities, plot_outline


def test_padded_batch_hatches_exactly_the_padding():
    """A cell is hatched grey if and only if it is padding."""
    padded, lengths = torch.tensor([[1, 2, 0], [3, 0, 0], [4, 5, 6]]), torch.tensor([2, 1, 3])

    ax = plot_padded_batch(padded, lengths)

    cells = {True: set(), False: set()}
    for patch in ax.patches:
        assert (patch.get_width(), patch.get_height()) == (1, 1)
        assert to_hex(patch.get_facecolor()) == ("#dddddd" if patch.get_hatch() else "#ffffff")
        cells[bool(patch.get_hatch())].add((patch.get_y() + 0.5, patch.get_x() + 0.5))
    assert cells[True] == {(0, 3), (1, 2), (1, 3)}  # (row, time step from 1)
    assert cells[False] == {(0, 1), (0, 2), (1, 1), (2, 1), (2, 2), (2, 3)}


def test_padded_batch_shows_every_symbol():
    """Each cell shows its symbol; time steps are numbered from 1, rows from 0 downwards."""
    ax = plot_padded_batch(torch.tensor([[1, 2, 0], [3, 0, 0]]), torch.tensor([2, 1]))

    found = {text.get_position(): text.get_text() for text in ax.texts}
    rows = {0: "120", 1: "300"}
    assert found == {(step, row): rows[row][step - 1] for row in rows for step in (1, 2, 3)}
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time step", "sequence")
    assert (ax.get_xlim(), ax.get_ylim()) == ((0.5, 3.5), (1.5, -0.5))
    assert list(ax.get_yticks()) == [0, 1]


@pytest.mark.parametrize(("options", "marked"), [({}, {6}), ({"marked": (4, 5)}, {4, 5})])
def test_throws_box_exactly_the_marked_faces(options, marked):
    """Every throw is shown in its place; only the marked faces are boxed and bold."""
    ax = plot_throws([np.array([6, 1, 4]), [5, 6]], ["cheat", "honest"], **options)

    found = {text.get_position(): int(text.get_text()) for text in ax.texts}
    assert found == {(1, 0): 6, (2, 0): 1, (3, 0): 4, (1, 1): 5, (2, 1): 6}
    for text in ax.texts:
        is_marked = int(text.get_text()) in marked
        assert (text.get_bbox_patch() is not None) is is_marked
        assert (text.get_fontweight() == "bold") is is_marked


def test_throws_are_named_by_row():
    """Rows are labelled from top to bottom, and all throws fit in the axes."""
    ax = plot_throws([np.array([1]), np.array([2, 3, 4])], ["cheat", "honest"])

    assert list(ax.get_yticks()) == [0, 1]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["cheat", "honest"]
    assert ax.get_xlabel() == "throw"
    low, high = ax.get_xlim()
    assert low < 1 < 3 < high
    bottom, top = ax.get_ylim()
    assert top < 0 < 1 < bottom


@pytest.mark.parametrize("n", [0, 1, 20, 21, 60])
def test_probabilities_stand_above_their_throws(n):
    """Both curves number throws from 1 and end in a dot; each face is below its point."""
    throws, lstm, best = [1 + i % 6 for i in range(n)], np.linspace(0, 1, n), np.linspace(1, 0, n)

    ax = plot_probabilities(throws, lstm, best)

    for line, heights in zip(ax.get_lines(), (lstm, best), strict=True):
        assert list(line.get_xdata()) == list(range(1, n + 1))
        assert list(line.get_ydata()) == list(heights)
        assert (line.get_marker(), line.get_markevery()) == ("o", [-1] if n else [])
    assert [look(line) for line in ax.get_lines()] == [(BLUE, "-"), (GREY, ":")]
    assert legend(ax) == ["LSTM", "best possible"]
    assert [int(text.get_text()) for text in ax.texts] == throws
    assert [text.get_position()[0] for text in ax.texts] == list(range(1, n + 1))
    end = {0: 21, 1: 21, 20: 21, 21: 41, 60: 61}[n]
    assert (ax.get_xlim(), list(ax.get_xticks())) == ((0, end), list(range(0, end, 5)))
    assert ax.get_ylabel() == "probability of a cheat"
    assert "throw" in ax.get_xlabel()


def test_high_and_low_throws_differ_in_colour_and_stand_below_zero():
    """Low and high throws have different colours and are drawn below the curves."""
    ax = plot_probabilities([1, 2, 3, 4, 5, 6], [0.5] * 6, [0.5] * 6)

    colors = [to_hex(text.get_bbox_patch().get_facecolor()) for text in ax.texts]
    assert colors == ["#cfe5f3"] * 3 + ["#edaf79"] * 3
    bottom, top = ax.get_ylim()
    assert bottom < ax.texts[0].get_position()[1] < -0.05
    assert 1 < top < 1.1


def test_outline_is_drawn_closed():
    """The outline is a closed line with a marked start, without visible axes."""
    ax = plot_outline(np.array([1, 5, 3]))

    line, start = ax.get_lines()
    (area,) = ax.patches
    expected = [(0, 0), (0.5, 0), (0.25, -np.sqrt(3) / 4), (0, 0)]
    np.testing.assert_allclose(line.get_xydata(), expected, atol=1e-8)
    np.testing.assert_array_equal(start.get_xydata(), [(0, 0)])
    assert (start.get_marker(), look(start)[0]) == ("o", ORANGE)
    assert look(line)[0] == to_hex(area.get_facecolor()) == BLUE
    assert area.get_alpha() < 0.5
    assert ax.get_aspect() == 1
    assert not ax.axison
