"""How much of a frame shows no stars where another one has them: a roof, a tree, the dome's slit, a thick cloud."""

from __future__ import annotations

import numpy as np

from indistack.values.frame import BoolArray, DoubleArray
from indistack.values.star_list import Scene, StarList

MOST_STARS, LEAST_STARS = 60, 12
"""So many of the brightest stars are looked for; of fewer than the least nothing is said."""

REACH_PX = 5.0
"""As far as distortion and tracking may put a star."""

CERTAIN, FAINT_SHARE = 3.0, 0.2
"""Only stars that many times brighter than so many of the other's are looked for there: fainter ones come and go."""

TOGETHER, LEAST_TOGETHER = 6, 0.75
"""A star is hidden where so many stars that are next to each other, itself among them, are missing to that share:
single ones are missing beside a defect, behind a trail, or in a nebula in another seeing."""


def hidden_share(expected: StarList, places: DoubleArray, ratio: float, shown: StarList, seen: BoolArray) -> float:
    """Return the share of stars that must be seen in a frame and lie where it shows none.

    Parameters
    ----------
    expected : StarList
        Of another frame, brightest first.
    places : array
        ``(n, 2)`` float64, where they lie in this frame (px).
    ratio : float
        How many times brighter the expected stars are in the other frame than in this one.
    shown : StarList
        What this frame shows.
    seen : array
        ``(n,)`` bool, whether a place lies in a part of the frame that holds data.

    Returns
    -------
    float
        0 to 1; 0 where too few stars tell.
    """
    if len(shown) == 0:
        return 0.0
    certain = expected.flux > ratio * CERTAIN * float(np.quantile(shown.flux, FAINT_SHARE))
    xy = places[certain & seen][:MOST_STARS]
    if len(xy) < LEAST_STARS:
        return 0.0
    missing = _distances(xy, shown.xy).min(axis=1) > REACH_PX
    together = np.argsort(_distances(xy, xy), axis=1, kind="stable")[:, :TOGETHER]
    return float((missing[together].mean(axis=1) >= LEAST_TOGETHER).mean())


def holds(scene: Scene, xy: DoubleArray, bad: BoolArray | None = None) -> BoolArray:
    """Tell which places ``(n, 2)`` (px) lie on good pixels of a frame.

    Parameters
    ----------
    scene : Scene
        The frame: gives its size.
    xy : array
        ``(n, 2)``, px.
    bad : array, optional
        ``(height, width)``, True = do not use.
    """
    inside = np.asarray(((xy >= 0) & (xy <= (scene.width - 1, scene.height - 1))).all(axis=1), bool)
    if bad is not None:
        column, row = np.rint(xy[inside]).astype(np.intp).T
        inside[inside] = ~bad[row, column]
    return inside


def _distances(one: DoubleArray, other: DoubleArray) -> DoubleArray:
    return np.asarray(np.hypot(*(one[:, np.newaxis] - other[np.newaxis]).transpose(2, 0, 1)), np.float64)
