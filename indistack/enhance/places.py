"""Where the pixels of a picture are in what is made of it: cut, mirrored and turned."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from indistack.values.frame import DoubleArray, FloatArray


def places_in(make: Callable[[FloatArray], FloatArray], shape: tuple[int, ...]) -> DoubleArray | None:
    """Return where a picture's pixels are in what is made of it: seen by what becomes of pictures of their numbers.

    Parameters
    ----------
    make : callable
        Makes of a picture ``(h, w)`` another one, by cuts, mirrors and turns.
    shape : tuple of int
        Height and width of the first one.

    Returns
    -------
    array or None
        ``(3, 3)`` float64, affine: ``(x, y, 1)`` -> ``(x, y, 1)``. None where too little is left to tell.
    """
    height, width = shape[:2]
    columns = np.broadcast_to(np.arange(width, dtype=np.float32), (height, width))
    rows = np.broadcast_to(np.arange(height, dtype=np.float32)[:, np.newaxis], (height, width))
    made = [make(columns), make(rows)]
    size = made[0].shape
    middle, step = (size[0] // 2, size[1] // 2), min(size) // 4  # what is turned has nothing in its corners
    if step == 0:
        return None
    at = [middle, (middle[0], middle[1] + step), (middle[0] + step, middle[1])]
    origin, right, down = (np.array([float(plane[place]) for plane in made]) for place in at)
    back = np.eye(3)
    back[:2, 0], back[:2, 1] = (right - origin) / step, (down - origin) / step
    back[:2, 2] = origin - back[:2, :2] @ (middle[1], middle[0])
    return np.asarray(np.linalg.inv(back), np.float64)


def binned_places(factor: int) -> DoubleArray:
    """Return where pixels are in a picture that is binned by a whole number.

    Parameters
    ----------
    factor : int
        By how much.

    Returns
    -------
    array
        As `places_in` returns it.
    """
    shift = 0.5 / factor - 0.5
    return np.array([[1 / factor, 0, shift], [0, 1 / factor, shift], [0, 0, 1]])
