"""The rim of a stack: where fewer subs overlap, or the camera's border shows, it is noisier or darker than the rest."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from indistack.enhance.base import OPERATORS, Measures, MeasuringOperator
from indistack.enhance.sky import DAMAGED_SIGMA, channel_mean
from indistack.numerics.statistics import robust_sigma
from indistack.settings import Settings
from indistack.system.workers import shared_workers
from indistack.values.frame import FloatArray

STRIP_PX = 8
"""Depth of the strips that the rim is judged by."""

DEPTHS = 3
"""The rim is compared with what lies up to so many times as far in as may be cut off."""

ROW_STEP, LAG_PX = 4, 3
"""Every so many rows are looked at; noise is how pixels differ that lie so far apart along the rim."""

TINY = 1e-9
"""Above the one level of a picture without noise."""

FEWEST = 32
"""Dark pixels that a strip has, unless it is damaged."""

STEEP = 4.0
"""A border is that many times steeper than the sky further in."""

OBJECT_SIGMA = 3.0
"""Brighter pixels are stars."""

QUIET = 0.6
"""Of the noise: a strip with less was made up by a filter or a camera."""

MOSTLY = 0.75
"""Of the strips up to a cut are bad: a clump of stars further in is no rim."""


class TrimSettings(Settings):
    """Arguments of ``trim``."""

    noise: float = Field(default=1.1, gt=1)
    """Rows and columns at the rim with so many times the noise of the inside are cut off."""

    most: float = Field(default=0.08, gt=0, le=0.25)
    """Share of the picture's shorter side that is cut off each side at most."""


@OPERATORS.register("trim")
class Trim(MeasuringOperator):
    """Cuts off rows and columns at the rim that are noisier than the inside, or of another level."""

    settings: ClassVar[type[Settings]] = TrimSettings
    reshapes: ClassVar[bool] = True
    moves: ClassVar[bool] = True
    eased = (False,)

    def __init__(self, settings: TrimSettings = TrimSettings()) -> None:  # noqa: B008 - frozen
        self._settings = settings

    def measure(self, picture: FloatArray) -> Measures:
        """Return the shares of height and width that go at the top, right, bottom and left."""
        depth = round(self._settings.most * min(picture.shape[:2])) // STRIP_PX * STRIP_PX
        if depth == 0 or not np.isfinite(picture).any():
            return ()
        cuts = shared_workers().map(lambda turn: self._cut(np.rot90(picture, turn), depth), range(4))
        return (np.array([cut / picture.shape[turn % 2] for turn, cut in enumerate(cuts)], np.float32),)

    def apply(self, picture: FloatArray, measures: Measures) -> FloatArray:
        """See `MeasuringOperator`."""
        height, width = picture.shape[:2]
        top, right, bottom, left = (round(float(share) * picture.shape[n % 2]) for n, share in enumerate(measures[0]))
        return picture[top : height - bottom, left : width - right]

    def _cut(self, picture: FloatArray, depth: int) -> int:
        """Return how many rows are to go from the top."""
        band = channel_mean(np.ascontiguousarray(picture[: DEPTHS * depth : ROW_STEP, ::LAG_PX]))
        known = band[np.isfinite(band)]
        if len(known) == 0 or band.shape[1] < 2:
            return 0
        middle = float(np.median(known))
        dark = band < middle + OBJECT_SIGMA * robust_sigma(known, middle) + TINY
        grain, pairs = np.diff(band), dark[:, 1:] & dark[:, :-1]
        inside = slice(depth // ROW_STEP, None)
        noise = robust_sigma(grain[inside][pairs[inside]])
        rows = [slice(top // ROW_STEP, (top + STRIP_PX) // ROW_STEP) for top in range(0, DEPTHS * depth, STRIP_PX)]
        rim = rows[: depth // STRIP_PX]
        broken = _beyond_edges([band[strip][dark[strip]] for strip in rows], len(rim), noise)
        uneven = (self._is_uneven(grain[strip][pairs[strip]], noise) for strip in rim)
        bad = [edge or other for edge, other in zip(broken, uneven, strict=True)]
        cuts = [count for count in range(1, len(bad) + 1) if sum(bad[:count]) >= MOSTLY * count and bad[count - 1]]
        return STRIP_PX * max(cuts, default=0)

    def _is_uneven(self, grain: FloatArray, noise: float) -> bool:
        """Tell whether the dark pixels of a strip are noisier than others, too even, or too few."""
        return len(grain) < FEWEST or not QUIET * noise <= robust_sigma(grain) <= self._settings.noise * noise


def _beyond_edges(strips: list[FloatArray], rim: int, noise: float) -> list[bool]:
    """Return which of the first `rim` strips are of another level than those within, outside of where that breaks off.

    A vignette or a glow rises steadily from strip to strip, about as fast as further in; a camera's border does not.
    """
    levels = np.array([np.median(strip) if len(strip) >= FEWEST else np.nan for strip in strips])
    steps = np.abs(np.diff(levels))
    usual = steps[rim:][np.isfinite(steps[rim:])]
    if len(usual) == 0:
        return [False] * rim
    breaks = steps[:rim] > max(noise, STEEP * float(np.median(usual)))
    off = np.abs(levels[:rim] - np.nanmedian(levels[rim:])) > DAMAGED_SIGMA * noise
    return [bool(off[place] and breaks[place:].any()) for place in range(rim)]
