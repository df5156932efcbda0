"""Real data that everyone already has: the outlines of scikit-learn's handwritten digits.

The images are the test part of *Optical Recognition of Handwritten Digits* (Alpaydin and Kaynak,
UCI Machine Learning Repository, 1998), as `sklearn.datasets.load_digits` ships them. Outlines are
traced when asked for; nothing is redistributed here.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy import ndimage
from sklearn.datasets import load_digits

from seqclf_utils.validation import check_count, check_numbers, shorten

# Six neighbours of a hexagon as (row, column) steps, counter-clockwise from east. Rows count
# downwards and each is shifted half a hexagon to the right of the one above.
DIRECTIONS = ((0, 1), (-1, 1), (-1, 0), (0, -1), (1, -1), (1, 0))  # E NE NW W SW SE
SPACING = 0.5  # distance between hexagon centres, in pixels
THRESHOLD = 0.5  # ink, as a fraction of the darkest possible pixel
DARKEST = 16  # grey values of the images are 0..16

# Which cells of a 3 x 3 neighbourhood touch the middle one on the hexagonal grid.
_TOUCHING = np.array([[0, 1, 1], [1, 1, 1], [1, 1, 0]])


@dataclass(frozen=True, eq=False)
class OutlineData:
    """Digit outlines as sequences of steps, with the images they were traced from.

    Attributes:
        sequences: One int64 array of symbols an image, shape (L_i,): 1 = E, 2 = NE, 3 = NW,
            4 = W, 5 = SW, 6 = SE.
        digits: The digit written, 0..9, int64, shape (N,).
        images: Grey values 0..16, float64, shape (N, 8, 8).
    """

    sequences: list[np.ndarray]
    digits: np.ndarray
    images: np.ndarray


def load_digit_outlines() -> OutlineData:
    """Trace the outline of each of the 1,797 digit images of scikit-learn.

    Each image is resampled on a hexagonal grid and thresholded; the outer contour of the largest
    piece of ink is followed clockwise from its topmost cell (the leftmost of them) back to it.

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
    """Lay a hexagonal grid over an image and one empty pixel around it.

    Args:
        shape: Height and width of the image, in pixels.

    Returns:
        x and y of each cell's centre, in pixels from the centre of the top left pixel, y
        downwards, float64, each of shape (rows, columns).

    Raises:
        TypeError: If `shape` is not two whole numbers.
        ValueError: If one of them is not 1..1000.

    Example:
        >>> x, y = hexagon_grid((8, 8))
        >>> x.shape, float(x[2, 10] - x[2, 9])
        ((22, 30), 0.5)
    """
    height, width = _check_shape(shape)
    n_rows = int(np.ceil((height + 1) / (SPACING * np.sqrt(3) / 2))) + 1
    n_columns = int(np.ceil((width + 1) / SPACING)) + n_rows // 2 + 1
    rows, columns = np.mgrid[:n_rows, :n_columns]
    y = rows * SPACING * np.sqrt(3) / 2 - 1  # one empty pixel around the image
    x = (columns - n_rows // 2 + rows / 2) * SPACING - 1
    return x, y


def hexagon_ink(image: np.ndarray) -> np.ndarray:
    """Say which cells of the hexagonal grid belong to the largest piece of ink.

    Args:
        image: Grey values 0..16, shape (height, width).

    Returns:
        True for ink, bool, shape (rows, columns) of `hexagon_grid(image.shape)`.

    Raises:
        ValueError: If a grey value is not 0..16, or the image is so pale that no cell reaches half
            of the darkest grey.

    Example:
        >>> image = np.zeros((8, 8))
        >>> image[3, 3] = 16  # a dot of one pixel
        >>> int(hexagon_ink(image).sum())
        3
    """
    image = _check_image(image)
    x, y = hexagon_grid(image.shape)
    grey = ndimage.map_coordinates(image / DARKEST, [y, x], order=1, mode="grid-constant", cval=0.0)
    # Rounded, because 0.5 * 8 + 0.5 * 8 must pass the threshold on every processor.
    ink = grey.round(9) >= THRESHOLD
    if not ink.any():
        raise ValueError(
            f"image has no ink: its darkest value is {image.max():g}, and no hexagon is covered by "
            f"{THRESHOLD * DARKEST:g} or more on average"
        )
    return _largest_piece(ink)


def trace_outline(ink: np.ndarray) -> np.ndarray:
    """Follow the outer contour of one piece of ink clockwise, from its topmost cell.

    At each cell the walk turns as far left as the ink allows (Moore-neighbour tracing on a
    hexagonal grid). It ends where it would repeat its first step.

    Args:
        ink: True where there is ink, one connected piece that does not touch the border,
            bool, shape (rows, columns) of the hexagonal grid.

    Returns:
        Steps as symbols 1..6, int64, shape (L,); empty for a single cell.

    Raises:
        TypeError: If `ink` is not an array of True and False.
        ValueError: If there is no ink, ink at the border, or more than one piece of ink.

    Example:
        >>> two_cells = np.array([[0, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]], dtype=bool)
        >>> trace_outline(two_cells)  # one step east, one step west
        array([1, 4])
    """
    _check_ink(ink)
    rows, columns = np.nonzero(ink)
    start = cell = (int(rows[0]), int(columns[0]))
    heading, steps = 0, []
    while True:
        heading = _next_heading(ink, cell, heading)
        if heading is None or (steps and cell == start and heading + 1 == steps[0]):
            return np.array(steps, dtype=np.int64)
        steps.append(heading + 1)
        cell = _neighbour(cell, heading)


def outline_points(sequence: np.ndarray) -> np.ndarray:
    """Turn an outline's steps back into points that can be drawn.

    Args:
        sequence: Symbols 1..6, int64, shape (L,); empty for the outline of a single cell.

    Returns:
        x and y of the start and of the end of every step, in pixels, y upwards, float64,
        shape (L + 1, 2); a complete outline ends at its start, (0, 0).

    Raises:
        ValueError: If a symbol is not 1..6.

    Example:
        >>> outline_points(np.array([1, 4]))
        array([[0. , 0. ],
               [0.5, 0. ],
               [0. , 0. ]])
    """
    vocab_size = len(DIRECTIONS) + 1
    symbols = torch.from_numpy(np.asarray(sequence, dtype=np.int64))
    angles = np.deg2rad(60) * (symbols.numpy() - 1)
    steps = SPACING * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    points = np.vstack([np.zeros((1, 2)), steps.cumsum(axis=0)])
    return points.round(9) + 0.0  # no -0.0, and a closed outline ends exactly at its start


def _check_shape(shape: tuple[int, int]) -> tuple[int, int]:
    """Return the height and the width of an image, or say what is wrong with them."""
    if not isinstance(shape, tuple | list) or len(shape) != 2:
        raise TypeError(f"shape is {shorten(shape)}; it must be two whole numbers, (height, width)")
    names = ("shape[0] (height)", "shape[1] (width)")
    height, width = (
        check_count(name, size, minimum=1, maximum=1000)
        for name, size in zip(names, shape, strict=True)
    )
    return height, width


def _check_image(image: np.ndarray) -> np.ndarray:
    """Return grey values as floats, shape (height, width), or say which one cannot be."""
    if not isinstance(image, np.ndarray) or image.ndim != 2 or image.size == 0:
        found = getattr(image, "shape", type(image).__name__)
        raise ValueError(f"image is {found}; it must be an array of shape (height, width)")
    grey = check_numbers("image", image.ravel()).reshape(image.shape)
    is_wrong = (grey < 0) | (grey > DARKEST)
    if is_wrong.any():
        row, column = (int(position) for position in np.argwhere(is_wrong)[0])
        raise ValueError(
            f"image[{row}, {column}] is {grey[row, column]:g}; grey values must be 0..{DARKEST}"
        )
    return grey


def _check_ink(ink: np.ndarray) -> None:
    """Refuse ink that has no outline of its own."""
    if not isinstance(ink, np.ndarray) or ink.dtype != bool or ink.ndim != 2:
        found = f"{ink.dtype}, {ink.shape}" if isinstance(ink, np.ndarray) else type(ink).__name__
        raise TypeError(f"ink is {found}; it must be an array of bool, shape (rows, columns)")
    if not ink.any():
        raise ValueError("ink is empty; at least 1 cell must be True")
    if ink[[0, -1]].any() or ink[:, [0, -1]].any():
        raise ValueError("ink touches the border; the cells around it must be False")
    n_pieces = ndimage.label(ink, structure=_TOUCHING)[1]
    if n_pieces > 1:
        raise ValueError(f"ink is in {n_pieces} pieces; it must be one (hexagon_ink keeps one)")


def _largest_piece(ink: np.ndarray) -> np.ndarray:
    """Keep the largest connected piece of ink, bool, same shape."""
    pieces, _ = ndimage.label(ink, structure=_TOUCHING)
    sizes = np.bincount(pieces.ravel())
    return pieces == 1 + sizes[1:].argmax()


def _next_heading(ink: np.ndarray, cell: tuple[int, int], heading: int) -> int | None:
    """Return the leftmost direction that leads to ink, seen from where the walk came.

    Two turns to the left need no look: that cell was seen to be empty one step before.
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
