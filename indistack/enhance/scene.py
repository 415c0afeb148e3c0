"""What is in a picture: a bright body, or the sky with its stars."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from indistack.enhance.background import Background
from indistack.enhance.sky import channel_mean, measure_sky
from indistack.enhance.star_places import star_places
from indistack.picture.linear import StackPicture, binning_for
from indistack.values.frame import BoolArray, FloatArray

SIDE_PX = 500
"""Of the copy that is looked at."""

BLUR_PX = 1.5
"""Makes stars no brighter than they are wide."""

BRIGHT, FAINT = 0.4, 0.1
"""Of the brightest place: what is above the one is the body, and what is above the other should be little more."""

LEAST_SNR, LEAST_SIDE_PX = 50.0, 9.0
"""A body stands so many times the noise above the sky, and is no star."""

LEAST_FLATNESS = 0.45
"""Share of the light's area that is the body: less has a bright core and no limb, as a galaxy, a comet or a star."""

LEAST_OF_LIGHT = 0.5
"""Of the bright area is in pieces that are no stars."""

LIMB_PX, LEAST_LIMB = 9, 0.3
"""So near to the body lies such a share of what is faint around it: a sky that grows brighter has no limb."""

STARS_SKEW, TAIL = 4.0, 0.001
"""Where the brightest pixels stand out so many times further than the darkest, compared with those around, these are
stars and no craters; and their share."""

LARGE = 0.15
"""Of the field: a larger body is the Moon or the Sun."""


AROUND_PX, AROUND_BLUR_PX = 40, 0.8
"""Of the copy: so far around the brightest place a small planet is looked for, in all pixels that there are."""

ALONE, SEEN_BESIDE = 0.9, 0.02
"""Share of all light above so little of the brightest that lies there: around a bright star are others."""


TOP, MOST_AT_TOP = 0.99, 0.25
"""Where a larger share of the bright pixels is as bright as the brightest, these are clipped: a bright star."""

MOST_STARS, LARGEST_STAR_PX = 20, 18.0
"""Around a planet that is shown as it is; where more are seen, it is a bright star, or clipped like one, which is no
larger than that in the copy."""


@dataclass(frozen=True, slots=True)
class Brightness:
    """How the light of a picture is spread.

    Attributes
    ----------
    snr : float
        Of the brightest place.
    area : float
        Of what is bright, as a share of the field.
    side_px : float
        Square root of the largest bright piece's area, in a copy of at most 500 px a side.
    flatness : float
        Area of what is bright over that of what is faint or bright.
    of_light : float
        Share of the bright area that belongs to pieces that are larger than stars.
    limb : float
        Share of what is faint that lies close to what is bright.
    skew : float
        How far the brightest pixels of what is bright stand out from those around, over how far the darkest do.
    """

    snr: float
    area: float
    side_px: float
    flatness: float
    of_light: float
    limb: float
    skew: float


def scene_of(picture: FloatArray, body: bool = False) -> str:
    """Return the look that suits a linear picture: ``planet``, ``moon``, ``wide`` or ``deepsky``.

    Parameters
    ----------
    picture : array
        ``(h, w)`` or ``(h, w, 3)`` float32; NaN where nothing is covered.
    body : bool
        It is known to show a body, which may fill the field.
    """
    light = brightness_of(picture)
    if body:
        return "planet" if light is not None and light.area <= LARGE and light.flatness >= LEAST_FLATNESS else "moon"
    if light is None or light.snr < LEAST_SNR:
        return "deepsky"
    if light.side_px < LEAST_SIDE_PX:
        return "planet" if _is_small_planet(picture) and not _is_among_stars(picture) else "deepsky"
    if not _is_body(light):
        light = brightness_of(Background()(picture))  # before a bright sky: twilight, haze
        if light is None or not _is_body(light):
            return "deepsky"
    if light.area > LARGE and light.skew > STARS_SKEW:
        return "wide"  # the circle of a fisheye
    if light.area > LARGE:
        return "moon"
    return "deepsky" if light.side_px < LARGEST_STAR_PX and _is_among_stars(picture) else "planet"


def _is_body(light: Brightness) -> bool:
    """Tell whether what is bright is a disk, or a part of one, before a dark sky."""
    return (
        light.snr >= LEAST_SNR
        and light.side_px >= LEAST_SIDE_PX
        and light.flatness >= LEAST_FLATNESS
        and light.of_light >= LEAST_OF_LIGHT
        and light.limb >= LEAST_LIMB
    )


def _is_small_planet(picture: FloatArray) -> bool:
    """Tell whether the brightest place of ``(h, w)`` or ``(h, w, 3)`` is a planet's disk of some pixels, and alone."""
    factor = binning_for(picture.shape, SIDE_PX)
    light = _above_sky(channel_mean(StackPicture(picture).binned(factor)))
    row, column = np.unravel_index(int(light.argmax()), light.shape)
    near = tuple(slice(max(0, middle - AROUND_PX), middle + AROUND_PX + 1) for middle in (int(row), int(column)))
    seen = np.where(light > SEEN_BESIDE * light.max(), light, 0)
    if seen[near].sum() < ALONE * seen.sum():
        return False
    whole = tuple(slice(part.start * factor, part.stop * factor) for part in near)
    disk = cv2.GaussianBlur(_above_sky(channel_mean(np.ascontiguousarray(picture[whole]))), (0, 0), AROUND_BLUR_PX)
    top, bright, faint = (int((disk > share * disk.max()).sum()) for share in (TOP, BRIGHT, FAINT))
    return bright >= LEAST_SIDE_PX**2 and bright >= LEAST_FLATNESS * faint and top <= MOST_AT_TOP * bright


def _is_among_stars(picture: FloatArray) -> bool:
    """Tell whether stars are seen around the bright place of ``(h, w)`` or ``(h, w, 3)``."""
    factor = binning_for(picture.shape, SIDE_PX)
    light = cv2.GaussianBlur(_above_sky(channel_mean(StackPicture(picture).binned(factor))), (0, 0), BLUR_PX)
    near = cv2.dilate((light > FAINT * light.max()).astype(np.uint8), np.ones((2 * LIMB_PX + 1,) * 2, np.uint8))
    x, y = np.minimum(star_places(picture) // factor, np.array(light.shape[::-1]) - 1).astype(int).T
    return int((near[y, x] == 0).sum()) > MOST_STARS


def _above_sky(plane: FloatArray) -> FloatArray:
    """Return a plane less its median; 0 where it is not covered."""
    return np.asarray(np.nan_to_num(plane - np.float32(np.nanmedian(plane))), np.float32)


def brightness_of(picture: FloatArray) -> Brightness | None:
    """Measure how the light of a picture is spread.

    Parameters
    ----------
    picture : array
        ``(h, w)`` or ``(h, w, 3)`` float32, linear, ADU; NaN is not covered; unchanged.

    Returns
    -------
    Brightness or None
        None where nothing stands out of the sky.
    """
    small = channel_mean(StackPicture(picture).binned(binning_for(picture.shape, SIDE_PX)))
    sky = measure_sky(small)
    if sky is None:
        return None
    light = cv2.GaussianBlur(np.nan_to_num(small - sky.level[0]), (0, 0), BLUR_PX)
    most = float(light.max())
    if most <= 0:
        return None
    bright = light > BRIGHT * most
    near = cv2.dilate(bright.astype(np.uint8), np.ones((2 * LIMB_PX + 1,) * 2, np.uint8)) > 0
    faint = (light > FAINT * most) & ~bright
    areas = cv2.connectedComponentsWithStats(bright.astype(np.uint8))[2][1:, cv2.CC_STAT_AREA]
    return Brightness(
        most / max(float(sky.noise[0]), 1e-3 * most),
        float(bright.mean()),
        float(areas.max()) ** 0.5,
        float(bright.sum() / (light > FAINT * most).sum()),
        float(areas[areas >= LEAST_SIDE_PX**2].sum() / areas.sum()),
        float((faint & near).sum() / max(faint.sum(), 1)),
        _skew(small, bright),
    )


def _skew(small: FloatArray, bright: BoolArray) -> float:
    """Return how unlike the brightest and the darkest pixels of what is bright are; 1 where they are alike."""
    around = cv2.medianBlur(np.nan_to_num(small), 5)
    inside = cv2.erode(bright.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    off = (small - around)[inside]
    off = off[np.isfinite(off)]
    if len(off) < 1 / TAIL:
        return 1.0
    darkest, brightest = np.quantile(off, (TAIL, 1 - TAIL))
    return float(brightest / max(-darkest, 1e-6))
