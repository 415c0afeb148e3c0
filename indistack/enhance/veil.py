"""What lies over a whole field that a nebula fills, a vignette or a lit sky: told by its colour, which is another."""

from __future__ import annotations

import numpy as np

from indistack.numerics.surface import lower_surface
from indistack.values.frame import BoolArray, DoubleArray

SMOOTH, SMOOTHER = 6.0, 2.5
"""A mixture of the colours in which the sky's shape is so many times larger than what it leaves shows no nebula; and so
many times more than in any one colour: else the nebula is as smooth itself."""

LOWER = 0.03
"""Share of the cells below a veil."""

TINY = 1e-9
"""Share of the deviations that keeps pictures of one colour regular."""


def veil_shapes(rows: int, columns: int) -> DoubleArray:
    """Return what veils are made of, at each of ``rows * columns`` cells ``(cells, 8)``: planes, and rings."""
    y, x = np.mgrid[:rows, :columns]
    u, v = ((2 * place.ravel() - (size - 1)) / max(rows, columns) for place, size in ((x, columns), (y, rows)))
    square = u * u + v * v  # of the distance from the middle
    return np.stack([np.ones_like(square), u, v, square, square * u, square * v, square**2, square**3], axis=1)


def veil_of(levels: DoubleArray, shapes: DoubleArray, known: BoolArray) -> DoubleArray | None:
    """Return what lies over a field in one colour and a shape that a lens or the air makes.

    Of all mixtures of the three colours one shows the nebulae least: in it, the sky's shape stands out. How much of
    that shape each colour has, the lower levels tell, as nebulae only add to it.

    Parameters
    ----------
    levels : array
        ``(cells, 3)`` in any unit; unchanged. Of others than three colours nothing can be told.
    shapes : array
        ``(cells, k)`` what a veil may be made of.
    known : array
        ``(cells,)`` bool, which may be looked at.

    Returns
    -------
    array or None
        ``(cells, 3)`` in the unit of `levels`, but for a constant; None where no mixture shows such a shape.
    """
    if levels.shape[1] != 3:
        return None
    seen, fit = levels[known], np.linalg.lstsq(shapes[known], levels[known], rcond=None)[0]
    smooth, deviations = shapes[known] @ fit, float(np.trace(np.cov(seen.T)))
    if deviations == 0:
        return None
    rest = np.cov((seen - smooth).T) + TINY * deviations * np.eye(3)
    even = np.linalg.inv(np.linalg.cholesky(rest))
    ratios, mixtures = np.linalg.eigh(even @ np.cov(smooth.T) @ even.T)
    single = np.diag(np.cov(smooth.T)) / np.diag(rest)
    if ratios[-1] < max(SMOOTH**2, SMOOTHER**2 * single.max()):
        return None
    shape = shapes @ fit @ even.T @ mixtures[:, -1]
    design = np.column_stack([np.ones_like(shape), shape])
    heights = np.array([lower_surface(design[known], colour, LOWER)[1] for colour in seen.T])
    is_one = (heights > 0).all() or (heights < 0).all()
    return np.outer(shape, heights) if is_one else None
