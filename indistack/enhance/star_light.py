"""The light of stars at known places, in each colour."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from indistack.numerics.statistics import robust_sigmas
from indistack.values.frame import BoolArray, DoubleArray, FloatArray, IndexArray

REACH_SHARE, LEAST_REACH_PX = 0.003, 3.0
"""So near to its place, as a share of the picture's longer side, a star is looked for: lenses bend the field."""

CUT_PX, RING_PX, CORE_PX = 16, 11, 3
"""Half side of the square that a star is measured in; where the sky around it begins; and how near the brightest is."""

APERTURE, LEAST_APERTURE_PX, MOST_APERTURE_PX = 3.0, 2.5, 10.0
"""Radius in which light is summed, in the stars' median half-light radius, and its bounds."""

LEAST_SNR = 15.0
"""Of the light, in every colour."""

Cuts = npt.NDArray[np.float32]
"""``(n, side, side, 3)``."""


def star_light(picture: FloatArray, xy: DoubleArray, limit: FloatArray) -> tuple[FloatArray, IndexArray]:
    """Measure stars at known places.

    Parameters
    ----------
    picture : array
        ``(h, w, 3)`` float32, linear; stars beside NaN, or the edge, are left out; unchanged.
    xy : array
        ``(n, 2)`` float64, where they should be (px).
    limit : array
        ``(3,)``; those with a brighter pixel are left out.

    Returns
    -------
    light : array
        ``(m, 3)`` float32, of those that are bright enough, above the sky around each.
    which : array
        ``(m,)`` their indices.
    """
    which, centre = _peaks(picture, xy)
    cuts = _cuts(picture, centre, CUT_PX)
    core = slice(CUT_PX - CORE_PX, CUT_PX + CORE_PX + 1)
    good = np.isfinite(cuts).all(axis=(1, 2, 3)) & (cuts[:, core, core] < limit).all(axis=(1, 2, 3))
    if not good.any():
        return np.zeros((0, 3), np.float32), which[:0]
    light, noise = _sums(cuts[good])
    bright = (light > LEAST_SNR * noise).all(axis=1)
    return light[bright], which[good][bright]


def _peaks(picture: FloatArray, xy: DoubleArray) -> tuple[IndexArray, IndexArray]:
    """Return which stars lie inside, and the brightest pixel near each, ``(m, 2)``; two of one star are none."""
    reach = max(REACH_SHARE * max(picture.shape[:2]), LEAST_REACH_PX)
    half = int(reach) + 1
    which = np.flatnonzero(_is_inside(xy, picture.shape, half))
    near = np.rint(xy[which]).astype(int)
    light = np.nan_to_num(_cuts(picture, near, half).mean(axis=3))
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    light[:, np.hypot(x, y) > reach] = -np.inf
    place = light.reshape(len(which), -1).argmax(axis=1)
    centre = near + np.column_stack([x.flat[place], y.flat[place]])
    _, first, count = np.unique(centre, axis=0, return_index=True, return_counts=True)
    alone = np.zeros(len(which), bool)
    alone[first[count == 1]] = True
    alone &= _is_inside(centre, picture.shape, CUT_PX)
    return which[alone], centre[alone]


def _is_inside(xy: npt.NDArray[np.number], shape: tuple[int, ...], margin: int) -> BoolArray:
    last = shape[1] - margin - 2, shape[0] - margin - 2
    return np.asarray(((xy > margin) & (xy <= last)).all(axis=1), bool)


def _cuts(picture: FloatArray, centre: IndexArray, half: int) -> Cuts:
    """Return the squares around pixels."""
    offset = np.arange(-half, half + 1)
    rows = centre[:, 1, np.newaxis] + offset
    columns = centre[:, 0, np.newaxis] + offset
    return np.asarray(picture[rows[:, :, np.newaxis], columns[:, np.newaxis, :]], np.float32)


def _sums(cuts: Cuts) -> tuple[FloatArray, FloatArray]:
    """Return light and noise of each star in each colour, ``(n, 3)`` both."""
    y, x = np.mgrid[-CUT_PX : CUT_PX + 1, -CUT_PX : CUT_PX + 1]
    radius = np.hypot(x, y)
    ring = cuts[:, radius >= RING_PX]
    sky = np.median(ring, axis=1)
    above = cuts - sky[:, np.newaxis, np.newaxis]
    half_light = np.median(_half_light_radii(above.mean(axis=3), radius))
    within = radius <= np.clip(APERTURE * half_light, LEAST_APERTURE_PX, MOST_APERTURE_PX)
    noise = robust_sigmas(ring.swapaxes(0, 1), sky) * np.sqrt(np.count_nonzero(within))
    return above[:, within].sum(axis=1), np.asarray(noise, np.float32)


def _half_light_radii(light: Cuts, radius: DoubleArray) -> DoubleArray:
    """Return the radius that holds half of each star's light, ``(n,)``, to a pixel."""
    rings = np.arange(1, RING_PX + 1)
    grown = np.stack([light[:, radius <= one].sum(axis=1) for one in rings], axis=1)
    return np.asarray(rings[(grown >= grown[:, -1:] / 2).argmax(axis=1)], np.float64)
