"""Stamps cut around candidates: without hot pixels, and without what belongs to a neighbour."""

from __future__ import annotations

import numpy as np

from indistack.stars.detect import close_pairs
from indistack.stars.stamps import MOST_SITES, Stamps, cut, joined
from indistack.system.workers import Workers
from indistack.values.frame import BoolArray, CalibratedFrame, DoubleArray

SHARP_RADIUS = 4
SHARP_MONO = 0.6
"""A star of FWHM 1.2 px centred on a pixel has 1.0 times the peak in its 8 neighbours; a hot pixel has none."""
SHARP_GREEN = 0.2
"""A star of FWHM 1.3 px centred on a green photosite has 0.3 times the peak in the 4 nearest green ones."""

HOT_SIGMA = 8.0
"""A photosite that stands alone this far above the sky around is hot; less is noise, as on the top of a broad star."""
CUT_AT_ONCE = 256


def spread_out(frame: CalibratedFrame, x: DoubleArray, y: DoubleArray, noise_adu: float, workers: Workers) -> BoolArray:
    """Tell which candidates have their light in more than one pixel.

    Parameters
    ----------
    frame : CalibratedFrame
        Read only.
    x, y : array
        ``(n,)`` float64, places of the candidates (px of the frame); `SHARP_RADIUS` around each lies inside.
    noise_adu : float
        Of a photosite.
    workers : Workers
        Threads.

    Returns
    -------
    array
        ``(n,)`` bool.
    """
    parts = workers.strips(
        lambda part: _spreads_out(cut(frame, x[part], y[part], SHARP_RADIUS), frame, noise_adu), len(x), CUT_AT_ONCE
    )
    return np.concatenate([np.zeros(0, bool), *parts])


def clean_stamps(
    frame: CalibratedFrame, x: DoubleArray, y: DoubleArray, radius: int, noise_adu: float, workers: Workers,
    reach: float | None = None,
) -> Stamps:  # fmt: skip
    """Cut a stamp around each point, without hot pixels.

    Parameters
    ----------
    frame : CalibratedFrame
        Read only.
    x, y : array
        ``(n,)`` float64, n >= 1: the points (px of the frame); `radius` around each lies inside.
    radius : int
        Half of the stamps' side (px).
    noise_adu : float
        Of a photosite.
    workers : Workers
        Threads.
    reach : float, optional
        Photosites beyond that radius (px) are not used.

    Returns
    -------
    Stamps
        New, in the same order.
    """
    return joined(
        workers.strips(
            lambda part: _without_hot(cut(frame, x[part], y[part], radius, reach), frame, noise_adu),
            len(x),
            CUT_AT_ONCE,
        )
    )


def _spreads_out(stamps: Stamps, frame: CalibratedFrame, noise_adu: float) -> BoolArray:
    """False where the light is in one pixel and not in its neighbours: hot pixels and cosmic rays."""
    green = frame.cfa is not None
    distance2 = (stamps.u[:, None] - stamps.u) ** 2 + (stamps.v[:, None] - stamps.v) ** 2
    adjacent = ((distance2 > 0) & (distance2 <= 2)).astype(np.float32)
    sky = _sky_under(stamps)
    above = (stamps.values - sky[:, None]) * (stamps.usable > 0)
    core = stamps.u**2 + stamps.v**2 <= 3.5**2
    peak = np.argmax(np.where(core, above, -np.inf), axis=1)
    height = above[np.arange(len(above)), peak]
    around = np.einsum("nm,nm->n", adjacent[peak], above)
    share = SHARP_GREEN if green else SHARP_MONO
    result: BoolArray = (around > share * height) | (height < HOT_SIGMA * noise_adu) | stamps.clipped
    return result


def _without_hot(stamps: Stamps, frame: CalibratedFrame, noise_adu: float) -> Stamps:
    """Take from each stamp the photosites that stand out alone: a hot pixel near a star pulls at its fit."""
    place = {(u, v): index for index, (u, v) in enumerate(zip(stamps.u.tolist(), stamps.v.tolist(), strict=True))}
    around = [(1, 1), (1, -1), (-1, 1), (-1, -1), *([] if frame.cfa else [(0, 1), (0, -1), (1, 0), (-1, 0)])]
    beyond = len(place)
    beside = np.array([[place.get((u + du, v + dv), beyond) for du, dv in around] for u, v in place], dtype=np.intp)
    sky = _sky_under(stamps)
    above = np.pad((stamps.values - sky[:, None]) * stamps.usable, ((0, 0), (0, 1)))
    star, site = np.nonzero(above[:, :-1] > HOT_SIGMA * noise_adu)
    share = SHARP_MONO if frame.cfa is None else SHARP_GREEN
    alone = above[star[:, None], beside[site]].sum(axis=1) < share * above[star, site] - 2 * noise_adu
    usable = stamps.usable.copy()
    usable[star[alone], site[alone]] = 0
    return stamps.with_usable(usable)


def _sky_under(stamps: Stamps) -> DoubleArray:
    sky: DoubleArray = np.median(stamps.values, axis=1) if len(stamps) else np.zeros(0)
    return sky


def apart(stamps: Stamps, x: DoubleArray, y: DoubleArray, radius: int) -> Stamps:
    """Take from each stamp the photosites that lie nearer to another candidate.

    Parameters
    ----------
    stamps : Stamps
        Unchanged.
    x, y : array
        ``(n,)`` float64, places of the candidates (px of the frame), a stamp each.
    radius : int
        Half of the stamps' side (px).

    Returns
    -------
    Stamps
        They share all but what is usable.
    """
    i, j = close_pairs(x, y, 2.0 * radius)
    distance = np.hypot(x[i] - x[j], y[i] - y[j])
    closest = np.argsort(distance, kind="stable")[: MOST_SITES // len(stamps.u)]  # where all is crowded, the worst
    i, j, distance = i[closest], j[closest], distance[closest]
    separate = distance > 2.5  # nearer ones are one star found twice
    first, second = np.concatenate([i, j])[np.tile(separate, 2)], np.concatenate([j, i])[np.tile(separate, 2)]
    if len(first) == 0:
        return stamps
    u, v = stamps.u + stamps.x[first, None], stamps.v + stamps.y[first, None]
    own = (u - x[first, None]) ** 2 + (v - y[first, None]) ** 2
    other = (u - x[second, None]) ** 2 + (v - y[second, None]) ** 2
    usable = stamps.usable.copy()
    np.minimum.at(usable, first, (own <= other).astype(np.float32))
    return stamps.with_usable(usable)
