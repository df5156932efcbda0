"""Outlines of small shapes and of the 1,797 digits."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from seqclf_utils import load_digit_outlines
from seqclf_utils.datasets import hexagon_grid, hexagon_ink, outline_points, trace_outline

# (row, column) step of each symbol on the hexagonal grid, independent of the package.
STEPS = {1: (0, 1), 2: (-1, 1), 3: (-1, 0), 4: (0, -1), 5: (1, -1), 6: (1, 0)}
E, NE, NW, W, SW, SE = range(1, 7)


@pytest.fixture(scope="module")
def outlines():
    """Return all digit outlines."""
    return load_digit_outlines()


def draw(cells, shape=(7, 7)):
    """Return a grid in which these cells are ink."""
    ink = np.zeros(shape, dtype=bool)
    ink[tuple(np.transpose(cells))] = True
    return ink


def largest_piece(cells):
    """Return the largest connected piece; of equally large ones, the topmost and leftmost."""
    return max((flood(cells, cell) for cell in sorted(cells)), key=len)


def flood(allowed, start):
    """Return the cells of `allowed` that are connected to `start` on the hexagonal grid."""
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
    """Return every cell of a walk, beginning with the start."""
    cells = [start]
    for symbol in sequence.tolist():
        row_step, column_step = STEPS[symbol]
        cells.append((cells[-1][0] + row_step, cells[-1][1] + column_step))
    return cells


def signed_area(points):
    """Return the area of a closed outline by the shoelace formula, negative if clockwise."""
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
        # A ring: the hole in its middle is ignored.
        ([(1, 2), (1, 3), (2, 1), (2, 3), (3, 1), (3, 2)], [E, SE, SW, W, NW, NE]),
        ([(1, 2), (1, 3), (2, 1), (2, 2), (2, 3), (3, 1), (3, 2)], [E, SE, SW, W, NW, NE]),
        # Two legs: the walk passes through its start before it ends.
        ([(1, 2), (1, 3), (2, 1)], [E, W, SW, NE]),
        # A notch: the walk turns left into it.
        (
            [(1, 2), (1, 3), (1, 4), (2, 2), (3, 1), (3, 2), (3, 3)],
            [E, E, W, SW, SE, E, W, W, NE, NW],
        ),
    ],
    ids=["cell", "row", "SE", "SW", "triangle", "tip", "ring", "hexagon", "legs", "notch"],
)
def test_outlines_of_small_shapes(cells, expected):
    """Small shapes are traced clockwise from the leftmost cell of their top row."""
    sequence = trace_outline(draw(cells))

    assert sequence.tolist() == expected
    assert sequence.dtype == np.int64


@pytest.mark.parametrize("row", [[0, 0, 0, 0], [0, 1, 1, 1], [0, 1, 0, 1, 0]])
def test_ink_without_an_outline_is_refused(row):
    """Tracing rejects an empty grid, ink at the border, and two separate pieces."""
    with pytest.raises(ValueError, match=r"^ink must be one connected piece that does not touch"):
        trace_outline(np.pad(np.array([row], dtype=bool), [(1, 1), (0, 0)]))


def test_points_of_the_six_directions():
    """Symbols 1..6 are steps of half a pixel at 0, 60, ..., 300 degrees, where y points upwards."""
    ends = [outline_points([symbol])[1] for symbol in range(1, 7)]

    half, height = 0.25, np.sqrt(3) / 4
    expected = [(0.5, 0), (half, height), (-half, height), (-0.5, 0), (-half, -height)]
    np.testing.assert_allclose(ends, [*expected, (half, -height)], atol=1e-8)


def test_points_add_up_from_the_origin():
    """An outline of L steps gives L + 1 points that start at the origin and contain no -0.0."""
    points = outline_points([E, SW, NW])

    expected = [(0, 0), (0.5, 0), (0.25, -np.sqrt(3) / 4), (0, 0)]
    np.testing.assert_allclose(points, expected, atol=1e-8)
    assert points.dtype == np.float64
    assert not np.signbit(points[points == 0]).any()
    assert outline_points(np.array([], dtype=np.int64)).tolist() == [[0, 0]]


@pytest.mark.parametrize(
    ("symbol", "message"),
    [(7, r"sequence\[1\] is 7; it must be at most 6"), (0, "at least 1"), (1.5, "be integers")],
)
def test_unknown_symbols_are_refused(symbol, message):
    """A symbol outside 1..6 is rejected."""
    with pytest.raises(ValueError, match=message):
        outline_points([1, symbol])


@pytest.mark.parametrize("shape", [(8, 6), (9, 5)], ids=["even rows", "odd rows"])
def test_grid_is_hexagonal_and_reaches_one_pixel_beyond_the_image(shape):
    """Each inner cell has six neighbours half a pixel away; the grid ends just beyond the image."""
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


def bilinear(image, x, y):
    """Return interpolated grey values, with y pointing downwards and 0 outside the image."""
    padded = np.pad(image, 2)
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    dx, dy = x - left, y - top
    return (
        padded[top + 2, left + 2] * (1 - dx) * (1 - dy)
        + padded[top + 2, left + 3] * dx * (1 - dy)
        + padded[top + 3, left + 2] * (1 - dx) * dy
        + padded[top + 3, left + 3] * dx * dy
    )


def test_ink_and_outline_lie_on_the_image(outlines):
    """Ink is the largest piece with grey values of at least 8, and the outline lies on it."""
    for image, sequence in list(zip(outlines.images, outlines.sequences, strict=True))[::40]:
        x, y = hexagon_grid(image.shape)
        dark = np.argwhere(bilinear(image, np.minimum(x, 8.99), y) >= 8 - 1e-6)
        piece = largest_piece({(int(r), int(c)) for r, c in dark})

        assert {(int(r), int(c)) for r, c in np.argwhere(hexagon_ink(image))} == piece
        cells = walk(min(piece), sequence)
        assert set(cells) <= piece
        centres = [(x[cell], -y[cell]) for cell in cells]
        np.testing.assert_allclose(outline_points(sequence) + centres[0], centres, atol=1e-8)


BAD_GREYS = {
    17: r"^image\.ravel\(\)\[0\] is 17; it must be at most 16",
    -1: "is -1; it must be at least 0",
    7: "no ink; some cell must reach 8$",
}


@pytest.mark.parametrize(("grey", "message"), BAD_GREYS.items())
def test_impossible_images_are_refused(grey, message):
    """Grey values outside 0..16, and images too pale to contain ink, are rejected."""
    with pytest.raises(ValueError, match=message):
        hexagon_ink(np.full((8, 8), grey))


# ------------------------------------------------------------------------------- the digits


def test_outlines_come_with_scikit_learns_digits(outlines):
    """Each of the 1,797 images has an outline of int64 symbols, and all symbols 1..6 occur."""
    digits = load_digits()

    assert len(outlines.sequences) == 1_797
    np.testing.assert_array_equal(outlines.digits, digits.target)
    np.testing.assert_array_equal(outlines.images, digits.images)
    assert outlines.digits.dtype == np.int64
    assert {(s.dtype.name, s.ndim) for s in outlines.sequences} == {("int64", 1)}
    assert set(np.concatenate(outlines.sequences).tolist()) == {1, 2, 3, 4, 5, 6}


def test_outlines_have_the_numbers_the_course_reports(outlines):
    """Lengths range from 21 to 74 and add up to 89,440 steps; only one outline occurs twice."""
    lengths = [len(s) for s in outlines.sequences]

    assert (min(lengths), max(lengths), sum(lengths)) == (21, 74, 89_440)
    assert len({tuple(s.tolist()) for s in outlines.sequences}) == 1_796


def test_outlines_close_clockwise_from_their_topmost_leftmost_point(outlines):
    """Each outline returns to its start, the leftmost of its highest points."""
    for sequence in outlines.sequences:
        points = outline_points(sequence)
        x, y = points.T
        np.testing.assert_array_equal(points[-1], points[0])
        assert signed_area(points) < 0
        assert y.max() == 0
        assert x[y == 0].min() == 0
