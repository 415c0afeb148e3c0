"""Neutral sky and white stars: the colour of a picture that nobody has calibrated."""

from __future__ import annotations

import logging
from typing import ClassVar

import cv2
import numpy as np

from indistack.catalogue import KnownStars
from indistack.enhance.base import OPERATORS, Measures, MeasuringOperator, SkyOperator
from indistack.enhance.catalogue_white import catalogue_white
from indistack.enhance.sky import channel_mean, measure_sky, thinned
from indistack.enhance.spare import new_like
from indistack.enhance.strips import each_strip, planes_of
from indistack.numerics.statistics import robust_sigmas
from indistack.picture.linear import StackPicture, binning_for
from indistack.settings import Settings
from indistack.system.workers import shared_workers
from indistack.values.frame import BoolArray, FloatArray

log = logging.getLogger(__name__)

STAR_SIGMA = 10.0
"""Points that far above the noise in every channel are taken for stars."""

MIN_STARS, MOST_STARS = 3, 400
"""Fewer tell nothing of what is white; of more, the brightest do."""

COMPACT = 0.3
"""Share of the light that a narrow blur of a star has more of than a wide one: a knot of a bright nebula has less."""

STAR_SIDE_PX, STAR_PX, AROUND_PX = 800, 1.0, 4.0
"""Stars are looked for in a copy of that side, as what a narrow blur has more of than a wide one: a nebula is none."""

APERTURE_PX, RING_PX = 7, 15
"""Sides of the squares in which a star's light and the sky around it are measured: all of the light, for one colour may
be sharper than another."""

SAMPLES, NOISE_SAMPLES = 600_000, 30_000
"""Pixels of a picture that are looked at for clipped ones, and for the noise, about."""

GAIN_LIMIT = 4.0
"""No camera needs more between two of its colours."""

CLIPPED, MIN_CLIPPED, SAME_LEVEL = 0.7, 12, 0.95
"""A channel is clipped where so many pixels come within that share of its brightest; what is above 0.7 of that has lost
some of its colour in a part of the subs."""


class NeutralSettings(Settings):
    """Arguments of ``neutral``."""

    stars: bool = True
    """Whether the field's stars tell what is white; else only the sky is made grey."""

    catalogue: bool = True
    """Whether stars tell it, before that, whose colours a catalogue knows: where the picture is solved."""


@OPERATORS.register("neutral")
class Neutral(MeasuringOperator, SkyOperator):
    """Sky to one level in all channels, channels scaled so that the field's stars are white on average.

    A one-shot colour camera's raw channels differ by its filters and by the sky's own light; the median star of a field
    is close to white, so its colour is the white point. Where the picture's place on the sky is known, and a catalogue
    is there, its stars' B-V tell what the Sun would look like: that is white. What was clipped has lost its colour and
    becomes white. Grey pictures pass unchanged.
    """

    settings: ClassVar[type[Settings]] = NeutralSettings
    balances_colour: ClassVar[bool] = True
    whitens: ClassVar[bool] = True
    eased = (False, True, False, False)

    def __init__(self, settings: NeutralSettings = NeutralSettings()) -> None:  # noqa: B008 - frozen
        self._settings = settings

    def measure(self, picture: FloatArray) -> Measures:
        """Return the sky, gains, brightest value of each channel, and how many pixels are as bright as that."""
        sky = measure_sky(picture)
        if picture.ndim == 2 or sky is None:
            return ()
        pixels = np.ascontiguousarray(np.moveaxis(thinned(picture, SAMPLES), 2, 0)).reshape(3, -1)
        brightest = np.fmax.reduce(pixels, axis=1)
        gains = self._gains(picture, sky.level, brightest)
        alike = np.count_nonzero(pixels > SAME_LEVEL * brightest[:, np.newaxis], axis=1)
        return sky.level, gains, brightest, alike.astype(np.float32)

    def apply(self, picture: FloatArray, measures: Measures) -> FloatArray:
        """See `MeasuringOperator`."""
        level, gains, brightest, alike = measures
        width = picture.shape[1]
        factor, offset = np.tile(gains, width), np.tile(level[1] - level * gains, width)
        clipped = bool((alike >= MIN_CLIPPED).any())
        result = new_like(picture)

        def balance(rows: slice) -> None:
            flat = result[rows].reshape(-1, 3 * width)
            np.multiply(picture[rows].reshape(-1, 3 * width), factor, out=flat)
            flat += offset
            if clipped:
                _whiten(np.ascontiguousarray(picture[rows]), result[rows], level, brightest)

        each_strip(balance, picture)
        return result

    def _gains(self, picture: FloatArray, sky: FloatArray, brightest: FloatArray) -> FloatArray:
        """Return what each colour is multiplied by, green = 1."""
        known = self.sky.stars(picture.shape) if self.sky and self._settings.catalogue else KnownStars()
        white = catalogue_white(picture, known, sky, brightest)
        if white is not None:
            log.debug("white by %d stars of the catalogue: B-V to %.3f mag", white.n_stars, white.error_mag)
            return np.clip(white.gains, 1 / GAIN_LIMIT, GAIN_LIMIT)
        return _white_gains(picture, sky, brightest) if self._settings.stars else np.ones(3, np.float32)


def _white_gains(picture: FloatArray, sky: FloatArray, brightest: FloatArray) -> FloatArray:
    """Gain per channel, green = 1, that makes the median star white; ones where there are too few stars.

    What lies beside something darker than the sky is the edge of a landscape.
    """
    small: FloatArray = StackPicture(picture).binned(binning_for(picture.shape, STAR_SIDE_PX)) - sky
    unclipped = _below(small, CLIPPED * (brightest - sky))
    np.nan_to_num(small, copy=False)
    blurs = shared_workers().map(lambda size: cv2.GaussianBlur(small, (0, 0), size), (STAR_PX, AROUND_PX))
    narrow, wide = (np.asarray(blur, np.float32) for blur in blurs)
    points = np.asarray(narrow - wide, np.float32)
    noise = robust_sigmas(thinned(points, NOISE_SAMPLES).reshape(-1, 3), 0.0)
    light = channel_mean(points)
    peaks = (light == cv2.dilate(light, np.ones((5, 5), np.uint8))) & unclipped
    peaks &= _above(points, STAR_SIGMA * noise + 1e-9) & (light > COMPACT * channel_mean(narrow))
    peaks &= cv2.erode(channel_mean(wide), np.ones((RING_PX, RING_PX), np.uint8)) > -STAR_SIGMA * float(noise.mean())
    stars = _light_within(small, peaks)
    stars = stars[(stars > 0).all(axis=1)]
    if len(stars) < MIN_STARS:
        return _ungreened(small[_above(narrow, STAR_SIGMA * noise + 1e-9) & unclipped])
    stars = stars[np.argsort(-stars[:, 1])[:MOST_STARS]]
    ratio = np.median(stars[:, 1:2] / stars, axis=0)
    return np.asarray(np.clip(ratio, 1 / GAIN_LIMIT, GAIN_LIMIT), np.float32)


def _above(picture: FloatArray, limits: FloatArray) -> BoolArray:
    """Return where all colours of a picture ``(h, w, 3)`` are above theirs."""
    return _below(-picture, -limits)


def _below(picture: FloatArray, limits: FloatArray) -> BoolArray:
    """Return where all colours of a picture ``(h, w, 3)`` are below theirs: by planes, a tenth of the time of rows."""
    red, green, blue = (picture[..., colour] < limits[colour] for colour in range(3))
    return np.asarray(red & green & blue)


def _ungreened(objects: FloatArray) -> FloatArray:
    """Return the gains for a field without stars by the light ``(n, 3)`` of all that is in it: green alone is told.

    Galaxies and nebulae may be red or blue, but none shines in green more than in both; raw colours of cameras do.
    """
    red, green, blue = np.maximum(objects, 0).sum(axis=0)
    gain = min(float(2 * green / max(red + blue, 1e-6)), GAIN_LIMIT) if len(objects) else 1.0
    return np.array([gain, 1, gain] if gain > 1 else [1, 1, 1], np.float32)


def _light_within(picture: FloatArray, places: BoolArray) -> FloatArray:
    """Return the mean light around each place above that of the ring about it, ``(n, 3)``, in the picture's unit."""
    inner, outer = shared_workers().map(lambda side: cv2.blur(picture, (side, side)), (APERTURE_PX, RING_PX))
    ring_share = APERTURE_PX**2 / RING_PX**2
    ring = (outer[places] - ring_share * inner[places]) / (1 - ring_share)
    return np.asarray(inner[places] - ring, np.float32)


def _whiten(picture: FloatArray, result: FloatArray, sky: FloatArray, brightest: FloatArray) -> None:
    """Let the balanced picture go over to white, in place, where a channel of the picture is near its limit."""
    limit = np.maximum(brightest - sky, 1e-6)
    red, green, blue = (plane > level for plane, level in zip(planes_of(picture), sky + CLIPPED * limit, strict=True))
    near = np.flatnonzero(red | green | blue)
    share = ((picture.reshape(-1, 3)[near] - sky) / limit).max(axis=1, keepdims=True, initial=0)
    share = np.clip((share - CLIPPED) / (SAME_LEVEL - CLIPPED), 0, 1)
    flat = result.reshape(-1, 3)
    balanced = flat[near]
    flat[near] = balanced + share * (balanced.max(axis=1, keepdims=True, initial=0) - balanced)
