"""Outlines of handwritten digits as sequences; used in notebook 07.

The images are the test set of *Optical Recognition of Handwritten Digits* (Alpaydin and Kaynak,
UCI Machine Learning Repository, 1998), as `sklearn.datasets.load_digits` provides them. Outlines
are traced on demand; no data is redistributed here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from sklearn.datasets import load_digits

from seqclf_utils.validation import check_numbers

# The six neighbours of a hexagon as (row, column) steps, counter-clockwise from east. Rows are
# numbered downwards; each row is shifted half a hexagon to the right of the row above.
DIRECTIONS = ((0, 1), (-1, 1), (-1, 0), (0, -1), (1, -1), (1, 0))  # E NE NW W SW SE
SPACING = 0.5  # distance between hexagon centres, in pixels
THRESHOLD = 0.5  # lowest grey value of ink, as a fraction of DARKEST
DARKEST = 16  # grey values of the images are 0..16

# Which cells of a 3 x 3 neighbourhood touch the middle cell on the hexagonal grid.
TOUCHING = np.array([[0, 1, 1], [1, 1, 1], [1, 1, 0]])


@dataclass(frozen=True, eq=False)
class OutlineData:
    """Digit outlines as sequences of steps, with the images they were traced from.

    Attributes:
        sequences: Symbols 1..6, one int64 array of shape (L_i,) per image: 1 = E, 2 = NE, 3 = NW,
            4 = W, 5 = SW, 6 = SE.
        digits: The digit in each image, 0..9, int64, shape (N,).
        images: Grey values 0..16, float64, shape (N, 8, 8).
    """

    sequences: list[np.ndarray]
    digits: np.ndarray
    images: np.ndarray


def load_digit_outlines() -> OutlineData:
    """Trace the outlines of scikit-learn's 1,797 digit images.

    Each image is resampled on a hexagonal grid and thresholded. The outer contour of the largest
    connected piece of ink is followed clockwise, from its topmost cell (the leftmost one if there
    are several) back to the same cell.

    Returns:
        Outlines as sequences of symbols 1..6, the digits and the images.

    Example:
        >>> outlines = load_digit_outlines()
        >>> len(outlines.sequences), outlines.digits[:3]
        (1797, array([0, 1, 2]))
    """
    digits = load_digits()
    sequences = [trace_outline(hexagon_ink(image)) for image in digits.images]
    return OutlineData(sequences, digits.target.astype(np.int64), digits.images)


def hexagon_grid(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Lay a hexagonal grid over an image with a border of one empty pixel.

    Args:
        shape: Height and width of the image, in pixels.

    Returns:
        x and y of each cell's centre, in pixels from the centre of the top-left pixel, y
        downwards, float64, each of shape (rows, columns).

    Example:
        >>> x, y = hexagon_grid((8, 8))
        >>> x.shape, float(x[2, 10] - x[2, 9])
        ((22, 30), 0.5)
    """
    height, width = shape
    row_spacing = SPACING * np.sqrt(3) / 2
    n_rows = int(np.ceil((height + 1) / row_spacing)) + 1
    n_columns = int(np.ceil((width + 1) / SPACING)) + n_rows // 2 + 1
    rows, columns = np.mgrid[:n_rows, :n_columns]
    y = rows * row_spacing - 1  # starts one pixel above the image
    return (columns - n_rows // 2 + rows / 2) * SPACING - 1, y


def hexagon_ink(image: np.ndarray) -> np.ndarray:
    """Find the cells of the hexagonal grid that form the largest connected piece of ink.

    Args:
        image: Grey values 0..16, shape (height, width).

    Returns:
        True for ink, bool, shape (rows, columns) of `hexagon_grid(image.shape)`.

    Raises:
        ValueError: If a grey value is outside 0..16, or no cell reaches half of the darkest grey.

    Example:
        >>> image = np.zeros((8, 8))
        >>> image[3, 3] = 16  # a dot of one pixel
        >>> int(hexagon_ink(image).sum())
        3
    """
    check_numbers("image.ravel()", image.ravel(), minimum=0, maximum=DARKEST)
    x, y = hexagon_grid(image.shape)
    grey = ndimage.map_coordinates(image / DARKEST, [y, x], order=1, mode="grid-constant", cval=0.0)
    # Rounded, because 0.5 * 8 + 0.5 * 8 must pass the threshold on every CPU.
    pieces, n_pieces = ndimage.label(grey.round(9) >= THRESHOLD, structure=TOUCHING)
    if n_pieces == 0:
        raise ValueError(f"image has no ink; some cell must reach {THRESHOLD * DARKEST:g}")
    sizes = np.bincount(pieces.ravel())
    return pieces == 1 + sizes[1:].argmax()


def trace_outline(ink: np.ndarray) -> np.ndarray:
    """Follow the outer contour of a piece of ink clockwise, from its topmost cell.

    At each cell, the walk turns as far left as the ink allows (Moore-neighbour tracing on a
    hexagonal grid). It ends where it would repeat its first step.

    Args:
        ink: True where there is ink, one connected piece that does not touch the border,
            bool, shape (rows, columns) of the hexagonal grid.

    Returns:
        Steps as symbols 1..6, int64, shape (L,); empty for a single cell.

    Raises:
        ValueError: If the ink touches the border or is not exactly one piece.

    Example:
        >>> two_cells = np.array([[0, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]], dtype=bool)
        >>> trace_outline(two_cells)  # one step east, one step west
        array([1, 4])
    """
    n_pieces = ndimage.label(ink, structure=TOUCHING)[1]
    if n_pieces != 1 or ink[[0, -1]].any() or ink[:, [0, -1]].any():
        raise ValueError("ink must be one connected piece that does not touch the border")
    rows, columns = np.nonzero(ink)
    start = cell = (int(rows[0]), int(columns[0]))
    heading, steps = 0, []
    while True:
        heading = _next_heading(ink, cell, heading)
        if heading is None or (steps and cell == start and heading + 1 == steps[0]):
            return np.array(steps, dtype=np.int64)
        steps.append(heading + 1)
        cell = _neighbour(cell, heading)


def outline_points(sequence: Sequence[int]) -> np.ndarray:
    """Convert the steps of an outline to points that can be plotted.

    Args:
        sequence: Symbols 1..6, shape (L,); empty for the outline of a single cell.

    Returns:
        x and y of the start and of the end of every step, in pixels, y upwards, float64,
        shape (L + 1, 2); a complete outline ends at its start, (0, 0).

    Raises:
        ValueError: If a symbol is outside 1..6.

    Example:
        >>> outline_points([1, 4])
        array([[0. , 0. ],
               [0.5, 0. ],
               [0. , 0. ]])
    """
    if len(sequence) == 0:
        return np.zeros((1, 2))
    symbols = check_numbers("sequence", sequence, minimum=1, maximum=len(DIRECTIONS), whole=True)
    angles = np.deg2rad(60) * (symbols - 1)
    steps = SPACING * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    points = np.vstack([np.zeros((1, 2)), steps.cumsum(axis=0)])
    return points.round(9) + 0.0  # no -0.0, and a closed outline ends exactly at its start


def _next_heading(ink: np.ndarray, cell: tuple[int, int], heading: int) -> int | None:
    """Return the leftmost direction that leads to ink, as seen by the walker.

    A turn of 120 degrees to the left is not tried, because the previous step has already found the
    cell in that direction empty.
    """
    for turn in (1, 0, -1, -2, -3):
        direction = (heading + turn) % 6
        if ink[_neighbour(cell, direction)]:
            return direction
    return None


def _neighbour(cell: tuple[int, int], direction: int) -> tuple[int, int]:
    """Return the cell one step away in `direction`, 0..5."""
    row_step, column_step = DIRECTIONS[direction]
    return cell[0] + row_step, cell[1] + column_step
