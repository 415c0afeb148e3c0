"""What is in a picture: a bright body, or the sky with its stars."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from indistack.enhance.sky import channel_mean, measure_sky
from indistack.picture.linear import StackPicture, binning_for
from indistack.values.frame import FloatArray

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

LARGE = 0.15
"""Of the field: a larger body is the Moon or the Sun."""


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
    """

    snr: float
    area: float
    side_px: float
    flatness: float
    of_light: float


def scene_of(picture: FloatArray, body: bool = False) -> str:
    """Return the look that suits a linear picture: ``planet``, ``moon`` or ``deepsky``.

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
    if (
        light is None
        or light.snr < LEAST_SNR
        or light.side_px < LEAST_SIDE_PX
        or light.flatness < LEAST_FLATNESS
        or light.of_light < LEAST_OF_LIGHT
    ):
        return "deepsky"
    return "moon" if light.area > LARGE else "planet"


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
    areas = cv2.connectedComponentsWithStats(bright.astype(np.uint8))[2][1:, cv2.CC_STAT_AREA]
    return Brightness(
        most / max(float(sky.noise[0]), 1e-3 * most),
        float(bright.mean()),
        float(areas.max()) ** 0.5,
        float(bright.sum() / (light > FAINT * most).sum()),
        float(areas[areas >= LEAST_SIDE_PX**2].sum() / areas.sum()),
    )
