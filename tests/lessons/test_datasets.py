"""Outlines: hand-made shapes, random blobs and the 1,797 digits."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from seqclf_utils import load_digit_outlines
from seqclf_utils.datasets import hexagon_grid, hexagon_ink, outline_points, trace_outline

# (row, column) step of each symbol on the hexagonal grid, written out a second time.
STEPS = {1: (0, 1), 2: (-1, 1), 3: (-1, 0), 4: (0, -1), 5: (1, -1), 6: (1, 0)}
E, NE, NW, W, SW, SE = range(1, 7)


@pytest.fixture(scope="module")
def outlines():
    """Return all digit outlines."""
    return load_digit_outlines()


def draw(cells, shape=(7, 7)):
    """Return a grid with ink in these cells."""
    ink = np.zeros(shape, dtype=bool)
    ink[tuple(np.transpose(cells))] = True
    return ink


def flood(allowed, start):
    """Return the cells of `allowed` that hang together with `start` on the hexagonal grid."""
    reached, waiting = {start}, [start]
    while waiting:
        row, column = waiting.pop()
        for row_step, column_step in STEPS.values():
            cell = (row + row_step, column + column_step)
            if cell in allowed and cell not in reached:
                reached.add(cell)
                waiting.append(cell)
    return reached


def walk(start, sequence):
    """Return every cell the walk stands on, the start first."""
    cells = [start]
    for symbol in sequence.tolist():
        row_step, column_step = STEPS[symbol]
        cells.append((cells[-1][0] + row_step, cells[-1][1] + column_step))
    return cells


def signed_area(points):
    """Return the area inside a closed outline, negative if it is walked clockwise (shoelace)."""
    x, y = points.T
    return (x[:-1] * y[1:] - x[1:] * y[:-1]).sum() / 2


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([(2, 2)], []),
        ([(2, 2), (2, 3), (2, 4)], [E, E, W, W]),
        ([(1, 2), (2, 2), (3, 2)], [SE, SE, NW, NW]),
        ([(1, 4), (2, 3), (3, 2)], [SW, SW, NE, NE]),
        ([(1, 2), (1, 3), (2, 2)], [E, SW, NW]),
        ([(1, 2), (2, 1), (2, 2)], [SE, W, NE]),
        # A ring: the hole in its middle leaves no trace.
        ([(1, 2), (1, 3), (2, 1), (2, 3), (3, 1), (3, 2)], [E, SE, SW, W, NW, NE]),
        ([(1, 2), (1, 3), (2, 1), (2, 2), (2, 3), (3, 1), (3, 2)], [E, SE, SW, W, NW, NE]),
        # Two legs: the walk comes back through its start before it is done.
        ([(1, 2), (1, 3), (2, 1)], [E, W, SW, NE]),
        # A notch: the walk turns left into it.
        (
            [(1, 2), (1, 3), (1, 4), (2, 2), (3, 1), (3, 2), (3, 3)],
            [E, E, W, SW, SE, E, W, W, NE, NW],
        ),
    ],
    ids=["cell", "row", "SE", "SW", "triangle", "tip", "ring", "hexagon", "legs", "notch"],
)
def test_outline_of_a_shape_drawn_by_hand(cells, expected):
    """Small shapes are walked clockwise from their topmost, leftmost cell."""
    sequence = trace_outline(draw(cells))

    assert sequence.tolist() == expected
    assert sequence.dtype == np.int64


def test_an_outline_needs_ink():
    """A grid without ink has no cell to start from."""
    with pytest.raises(ValueError, match="ink is empty; at least 1 cell must be True"):
        trace_outline(np.zeros((3, 3), dtype=bool))


@settings(max_examples=200)
@given(st.integers(1, 2**48 - 1))
def test_outline_of_a_blob_is_exactly_its_outer_rim(pixels):
    """The walk stands on ink, closes, and visits each ink cell that touches the outside, no other.

    The outside is what a flood from the border reaches, so cells around a hole are not on it.
    """
    grid = np.zeros((8, 10), dtype=bool)
    grid[1:-1, 1:-1] = np.reshape([pixels >> i & 1 for i in range(48)], (6, 8))
    cells = {(int(r), int(c)) for r, c in np.argwhere(grid)}
    blob = max((flood(cells, cell) for cell in sorted(cells)), key=len)
    outside = flood({(r, c) for r in range(8) for c in range(10)} - blob, (0, 0))

    sequence = trace_outline(draw(sorted(blob), grid.shape))

    visited = walk(min(blob), sequence)
    rim = {(r, c) for r, c in blob if any((r + dr, c + dc) in outside for dr, dc in STEPS.values())}
    assert visited[-1] == visited[0]
    assert set(visited) == rim
    assert signed_area(outline_points(sequence)) < 1e-6  # 0 for lines, up to rounding
    # No step is taken twice in the same direction: the walk ends after exactly one round.
    steps = list(zip(visited, sequence.tolist(), strict=False))
    assert len(set(steps)) == len(steps)


def test_points_of_the_six_directions():
    """Symbols 1..6 point to 0, 60, ... 300 degrees, y upwards, half a pixel long."""
    ends = [outline_points(np.array([symbol]))[1] for symbol in range(1, 7)]

    half, height = 0.25, np.sqrt(3) / 4
    expected = [(0.5, 0), (half, height), (-half, height), (-0.5, 0), (-half, -height)]
    np.testing.assert_allclose(ends, [*expected, (half, -height)], atol=1e-8)


def test_points_add_up_from_the_origin():
    """An outline of L steps gives L + 1 points, the first at the origin, none of them -0.0."""
    points = outline_points(np.array([E, SW, NW]))

    np.testing.assert_allclose(
        points, [(0, 0), (0.5, 0), (0.25, -np.sqrt(3) / 4), (0, 0)], atol=1e-8
    )
    assert points.dtype == np.float64
    assert not np.signbit(points[points == 0]).any()


@pytest.mark.parametrize("shape", [(8, 6), (9, 5)], ids=["even rows", "odd rows"])
def test_grid_is_hexagonal_and_reaches_a_pixel_beyond_the_image(shape):
    """Each inner cell has six neighbours at half a pixel; the image is covered, and no more."""
    height, width = shape
    x, y = hexagon_grid(shape)

    for row_step, column_step in STEPS.values():
        rows, columns = np.mgrid[1 : x.shape[0] - 1, 1 : x.shape[1] - 1]
        dx = x[rows + row_step, columns + column_step] - x[rows, columns]
        dy = y[rows + row_step, columns + column_step] - y[rows, columns]
        np.testing.assert_allclose(np.hypot(dx, dy), 0.5)
    assert (x.min(axis=1) <= -0.5).all()
    assert (x.max(axis=1) >= width).all()
    assert width <= x[0].max() < width + 0.5
    assert -1 in x[0]
    assert y.min() == -1
    assert height <= y.max() < height + np.sqrt(3) / 4


def test_steps_of_an_outline_lead_from_centre_to_centre(outlines):
    """Placed at its first ink cell, an outline drawn from its symbols walks on ink cells."""
    for image, sequence in list(zip(outlines.images, outlines.sequences, strict=True))[::100]:
        ink = hexagon_ink(image)
        x, y = hexagon_grid(image.shape)
        start = tuple(np.argwhere(ink)[0])
        centres = np.array([(x[cell], y[cell]) for cell in walk(start, sequence)])
        drawn = outline_points(sequence) * [1, -1] + [x[start], y[start]]
        np.testing.assert_allclose(drawn, centres, atol=1e-8)
        assert all(ink[cell] for cell in walk(start, sequence))


def test_ink_is_the_largest_piece():
    """A lone dot beside a larger one is left out, and grey below half is no ink."""
    image = np.zeros((8, 8))
    image[1, 1] = 16
    assert hexagon_ink(image).sum() == 3
    image[5:7, 5:7] = 16
    x, y = hexagon_grid(image.shape)
    ink = hexagon_ink(image)
    assert x[ink].min() > 4
    assert y[ink].min() > 4
    image[5:7, 5:7] = 7
    assert y[hexagon_ink(image)].max() < 2


def test_outlines_come_with_scikit_learns_digits(outlines):
    """There is one outline for each of the 1,797 images, beside its image and digit."""
    digits = load_digits()

    assert len(outlines.sequences) == len(outlines.digits) == len(outlines.images) == 1_797
    np.testing.assert_array_equal(outlines.digits, digits.target)
    np.testing.assert_array_equal(outlines.images, digits.images)
    assert outlines.digits.dtype == np.int64
    assert outlines.images.shape == (1_797, 8, 8)


def test_outlines_are_sequences_of_six_symbols(outlines):
    """Outlines are 1-D int64 arrays of symbols 1..6, all six in use."""
    assert {s.dtype for s in outlines.sequences} == {np.dtype(np.int64)}
    assert {s.ndim for s in outlines.sequences} == {1}
    assert set(np.concatenate(outlines.sequences).tolist()) == {1, 2, 3, 4, 5, 6}


def test_outlines_have_the_numbers_the_course_reports(outlines):
    """Lengths are 21 to 74, 89,440 steps in all; all but two of the outlines are distinct."""
    lengths = [len(s) for s in outlines.sequences]

    assert (min(lengths), max(lengths), sum(lengths)) == (21, 74, 89_440)
    assert len({tuple(s.tolist()) for s in outlines.sequences}) == 1_796


def test_every_outline_closes_clockwise(outlines):
    """Every outline ends exactly where it starts and walks around its ink clockwise."""
    for sequence in outlines.sequences:
        points = outline_points(sequence)
        np.testing.assert_array_equal(points[-1], points[0])
        assert signed_area(points) < 0


def test_every_outline_starts_at_its_topmost_leftmost_point(outlines):
    """No point lies above the start, and none at its height lies to its left."""
    for sequence in outlines.sequences:
        x, y = outline_points(sequence).T
        assert y.max() == 0
        assert x[y == 0].min() == 0


def bilinear(image, x, y):
    """Return grey values between pixels, y downwards, 0 outside the image."""
    padded = np.pad(image, 2)
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    dx, dy = x - left, y - top
    return (
        padded[top + 2, left + 2] * (1 - dx) * (1 - dy)
        + padded[top + 2, left + 3] * dx * (1 - dy)
        + padded[top + 3, left + 2] * (1 - dx) * dy
        + padded[top + 3, left + 3] * dx * dy
    )


def test_every_outline_point_lies_on_ink(outlines):
    """Placed on its image, each outline keeps to grey values of at least half of 16.

    The outline says where it starts only up to the grid, so each grid position is tried.
    """
    height = np.sqrt(3) / 4
    starts = [(i / 4 - 1.0, j * height - 1.0) for j in range(22) for i in range(40)]
    for sequence, image in list(zip(outlines.sequences, outlines.images, strict=True))[::30]:
        x, y = outline_points(sequence).T
        on_ink = []
        for x0, y0 in starts:
            xs, ys = x0 + x, y0 - y
            if min(xs.min(), ys.min()) < -1.01 or max(xs.max(), ys.max()) > 8.01:
                continue
            on_ink.append((bilinear(image, xs, ys) >= 8 - 1e-6).all())
        assert any(on_ink)


def test_outlines_fit_their_images(outlines):
    """In the median an outline is as wide and as high as the dark pixels of its image."""
    differences = []
    for sequence, image in zip(outlines.sequences, outlines.images, strict=True):
        rows, columns = np.nonzero(image >= 8)
        width, height = np.ptp(outline_points(sequence), axis=0)
        differences.append((width - np.ptp(columns), height - np.ptp(rows)))

    assert np.abs(np.median(differences, axis=0)).max() < 0.6


INK = np.pad(np.array([[True, False, True]]), 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: hexagon_grid(8), "shape is 8; it must be two whole numbers, (height, width)"),
        (lambda: hexagon_grid((8, 0)), "shape[1] (width) is 0; it must be at least 1"),
        (lambda: hexagon_grid((0, 8)), "shape[0] (height) is 0; it must be at least 1"),
        (
            lambda: hexagon_grid((8, 10**9)),
            "shape[1] (width) is 1000000000; it must be at most 1000",
        ),
        (
            lambda: hexagon_ink([[16]]),
            "image is list; it must be an array of shape (height, width)",
        ),
        (
            lambda: hexagon_ink(np.ones(3)),
            "image is (3,); it must be an array of shape (height, wi",
        ),
        (lambda: hexagon_ink(np.array([["a"]])), "image holds <U1 values; it must hold numbers"),
        (lambda: hexagon_ink(np.full((1, 2), 17)), "image[0, 0] is 17; grey values must be 0..16"),
        (
            # Half a pixel beside its centre it is lighter than 8 already.
            lambda: hexagon_ink(np.array([[8.0]])),
            "image has no ink: its darkest value is 8, and no hexagon is covered by 8 or more",
        ),
        (
            lambda: trace_outline(INK * 1),
            "ink is int64, (3, 5); it must be an array of bool, shape",
        ),
        (
            lambda: trace_outline([[1]]),
            "ink is list; it must be an array of bool, shape (rows, col",
        ),
        (lambda: trace_outline(INK), "ink is in 2 pieces; it must be one (hexagon_ink keeps one)"),
        (
            lambda: trace_outline(INK[1:]),
            "ink touches the border; the cells around it must be Fals",
        ),
        (lambda: outline_points([1, 0]), "sequence[1] is 0; symbols must be 1..6"),
        (lambda: outline_points([1.5]), "sequence holds float64 values; symbols must be whole"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_bad_outlines_are_named(call, message):
    """An image that cannot be, ink without an outline of its own, steps into nowhere."""
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        call()


def test_the_outline_of_a_single_cell_is_a_point():
    """No step at all: the start is the end."""
    assert outline_points(np.array([], dtype=np.int64)).tolist() == [[0, 0]]
