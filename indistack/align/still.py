"""Matches that stand still: do they rest on stars, or on what the sensor shows at the same pixels in every frame?

Hot pixels lie on the centres of pixels and stars anywhere. So a match that stands still is believed where most of its
points lie between pixels. Some simulators draw their stars on pixel centres too: those are believed where nothing
speaks against it, neither their width nor a star elsewhere nor the way the mount went before.
"""

from __future__ import annotations

import numpy as np

from indistack.align.field import IntArray, StarField
from indistack.align.verify import GeometricMatch
from indistack.values.transform import Transform

STILL_PX = 0.7
"""Nearer to the identity than this at all corners, a match may rest on hot pixels that stand still."""
STILL_SHARE = 0.4
"""Share of all stars that must agree before a field is believed to have stood still."""
SURELY_STILL_SHARE = 0.7
HOT_PIXEL_FWHM_PX = 1.5
"""Nothing that is wider is a single pixel, unless the camera has interpolated it."""
POINT_LIKE = 0.8
"""Narrower than this, in units of the others, points that stand still are no stars."""
EXACT_PX = 0.07
"""Only places that are known so well tell that what lies on pixel centres ought to lie between, or the other way."""
STRAY, STRAY_SHARE, MOST_STRAY = 1, 0.002, 3
"""So many points between pixels, and this share of all, are found in one of two equal frames only: measured on noisy
frames that show 7 to 600 stars drawn on pixel centres."""
MOVED_PX = 2.0
"""A guess that is farther from the identity says that the mount moved."""


def corners_apart_px(one: Transform, other: Transform, sub: StarField) -> float:
    """How far apart two transforms map the sub's corners, at most (px, per axis)."""
    corners = sub.corners()
    return float(np.abs(one.apply(corners) - other.apply(corners)).max())


def stands_still(match: GeometricMatch, sub: StarField) -> bool:
    """Tell whether a match maps every corner on itself."""
    return corners_apart_px(match.transform, Transform.identity(), sub) < STILL_PX


def rests_between_pixels(match: GeometricMatch, sub: StarField, reference: StarField, least: int) -> bool:
    """Tell whether a match that stands still rests on points that are no pixels.

    Where only some of the points stand still, those that move must not be the wider ones.
    """
    between = sub.between[match.sub] | reference.between[match.reference]
    exact = np.hypot(sub.sigma[match.sub], reference.sigma[match.reference]) < EXACT_PX
    others = min(sub.between.sum(), reference.between.sum())
    if between.sum() < max(least, STILL_SHARE * others) or 2 * between[exact].sum() < exact.sum():
        return False
    moving = np.delete(sub.fwhm, match.sub)
    if match.share >= SURELY_STILL_SHARE or len(moving) < least:
        return True
    return bool(np.median(sub.fwhm[match.sub]) >= POINT_LIKE * np.median(moving))


def nothing_moved(match: GeometricMatch, sub: StarField, reference: StarField, guess: Transform) -> bool:
    """Tell whether nothing speaks against stars on pixel centres that stood still."""
    wide = np.median(sub.fwhm[match.sub]) >= HOT_PIXEL_FWHM_PX
    stray = _stray(match.sub, sub) + _stray(match.reference, reference)
    few = min(STRAY + STRAY_SHARE * (len(sub) + len(reference)), MOST_STRAY)
    return bool(wide and stray <= few and corners_apart_px(guess, Transform.identity(), sub) < MOVED_PX)


def _stray(matched: IntArray, field: StarField) -> int:
    """Points that surely lie between pixels, and were not matched."""
    stray = field.between & (field.sigma < EXACT_PX)
    stray[matched] = False
    return int(stray.sum())
