"""Where a picture's stars are."""

from __future__ import annotations

import cv2
import numpy as np

from indistack.enhance.sky import channel_mean, thinned
from indistack.numerics.parabola import parabola_top
from indistack.numerics.statistics import robust_sigma
from indistack.picture.linear import StackPicture, binning_for
from indistack.values.frame import DoubleArray, FloatArray, IndexArray

SIDE_PX = 1000
"""Of the copy that is looked at, at most."""

POINT_PX, AROUND_PX, APART_PX = 1.0, 4.0, 7
"""A star is what a narrow blur has more of than a wide one; so far apart are two (the side of a square)."""

STAR_SIGMA, NOISE_SAMPLES = 10.0, 30_000

MOST_STARS = 100


def star_places(picture: FloatArray) -> DoubleArray:
    """Return where the brightest stars are.

    Parameters
    ----------
    picture : array
        ``(h, w)`` or ``(h, w, 3)`` float32, linear; NaN is not covered, and counts as 0; unchanged.

    Returns
    -------
    array
        ``(n, 2)`` float64, x and y of the middles of stars (px), the brightest first; none where none is seen.
    """
    factor = binning_for(picture.shape, SIDE_PX)
    light = channel_mean(StackPicture(picture).binned(factor))
    covered = np.isfinite(light)
    light = np.where(covered, light, np.float32(light[covered].mean() if covered.any() else 0))
    narrow, wide = (cv2.GaussianBlur(light, (0, 0), size) for size in (POINT_PX, AROUND_PX))
    points = np.asarray(narrow - wide, np.float32)
    noise = robust_sigma(thinned(points, NOISE_SAMPLES), 0.0)
    tops = cv2.dilate(points, np.ones((APART_PX, APART_PX), np.uint8))
    y, x = np.nonzero((points == tops) & (points > STAR_SIGMA * noise + 1e-9))
    brightest = np.argsort(-points[y, x], kind="stable")[:MOST_STARS]
    places = np.column_stack([x[brightest], y[brightest]]).astype(np.float64)
    return (places + _off_middle(points, x[brightest], y[brightest]) + 0.5) * factor - 0.5


def _off_middle(points: FloatArray, x: IndexArray, y: IndexArray) -> DoubleArray:
    """Return how far the tops of stars are from the middles of their brightest pixels, ``(n, 2)``."""
    edged = cv2.copyMakeBorder(points, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    at, x, y = points[y, x], x + 1, y + 1
    across = parabola_top(edged[y, x - 1], at, edged[y, x + 1])
    return np.column_stack([across, parabola_top(edged[y - 1, x], at, edged[y + 1, x])])
