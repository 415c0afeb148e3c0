"""What the camera adds to the light, seen in the pixels where neither dark nor bias shows it beside a flat."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from indistack.calibrate.base import MasterChoice, Masters
from indistack.calibrate.evenness import GRID, block_medians
from indistack.values.frame import DoubleArray, FrameInfo, PixelArray, RawFrame

LEAST_SIDE = 4 * GRID
"""Smaller frames have too few pixels in a block."""

ROUNDS, OBJECT_SIGMA = 5, 3.0
"""Blocks that far off show an object and are left out; so many times."""

LEAST_BLOCKS = GRID * GRID // 2

CLEAR = 5.0
"""The flat's shape must show in the sky that many times larger than what is left: else nebula or gradient decide."""


class Pedestals:
    """The level of each kind of lights: as the first shows it, so that all subs of a stack share it."""

    def __init__(self) -> None:
        self._levels: dict[tuple[object, ...], float] = {}

    def seen_in(self, raw: RawFrame, choice: MasterChoice) -> RawFrame:
        """Let a light know its pedestal, where nothing but its pixels tells it.

        Parameters
        ----------
        raw : RawFrame
            A light; unchanged.
        choice : MasterChoice
            The masters that belong to it.

        Returns
        -------
        RawFrame
            With the level, and a warning that says so; others as they are.
        """
        flat = choice.masters.flat
        if flat is None or not pedestal_is_divided(choice.masters, raw.info):
            return raw
        kind = (raw.pixels.shape, raw.cfa, raw.pixels.dtype.str, choice.key)
        if kind not in self._levels:
            level_adu = pedestal_adu(raw, flat.pixels)
            if level_adu is None:
                return raw
            self._levels[kind] = round(level_adu, 1)
        level_adu = self._levels[kind]
        said = f"neither dark nor bias beside the flat: a pedestal of {level_adu:g} ADU is taken from the pixels"
        return replace(raw, info=replace(raw.info, black_adu=level_adu), warnings=(*raw.warnings, said))

    def memory(self) -> list[list[Any]]:
        """Return the levels as plain values."""
        return [[*kind, level_adu] for kind, level_adu in self._levels.items()]

    def remember(self, levels: Iterable[list[Any]]) -> None:
        """Go on with the levels of a memory.

        Parameters
        ----------
        levels : iterable of list
            As `memory` returns them.
        """
        self._levels = {(tuple(shape), *kind): float(level_adu) for shape, *kind, level_adu in levels}


def pedestal_is_divided(masters: Masters, info: FrameInfo) -> bool:
    """Tell whether a flat would divide what the camera adds, as nothing says how much that is.

    Parameters
    ----------
    masters : Masters
        Those of a light.
    info : FrameInfo
        What is known of it.
    """
    return masters.flat is not None and masters.dark is None and masters.bias is None and not info.black_adu


def pedestal_adu(raw: RawFrame, flat: PixelArray) -> float | None:
    """Return the level of a light that its flat does not shape.

    The sky is a level that stays, a gradient, and light in the shape of the flat; all are fitted at once. A flat that
    holds the same pedestal changes nothing of that: its shape is then that of the light at a smaller scale.

    Parameters
    ----------
    raw : RawFrame
        A light.
    flat : array
        Shaped as its pixels, at any level; unchanged.

    Returns
    -------
    float or None
        ADU, 0 or more; None where the pixels do not tell.
    """
    plane, shape = (_one_colour(pixels, raw) for pixels in (raw.pixels, flat))
    if plane.ndim != 2 or min(plane.shape) < LEAST_SIDE:
        return None
    sky, light = block_medians(plane).ravel(), block_medians(shape).ravel()
    light = light / np.median(light)
    y, x = np.mgrid[-1 : 1 : GRID * 1j, -1 : 1 : GRID * 1j].reshape(2, -1)
    design = np.stack([np.ones(sky.size), x, y, light], axis=1)
    seen = np.isfinite(sky) & np.isfinite(light)
    for _ in range(ROUNDS):
        if seen.sum() < LEAST_BLOCKS:
            return None
        fit, *_ = np.linalg.lstsq(design[seen], sky[seen], rcond=None)
        off = sky - design @ fit
        left = float(np.std(off[seen]))
        seen = np.isfinite(off) & (np.abs(off) <= OBJECT_SIGMA * left)
    level = float(fit[0])
    is_clear = fit[3] * _own_shape(design[seen]) > CLEAR * left
    return max(level, 0.0) if is_clear and level < float(np.min(sky[seen])) else None


def _one_colour(pixels: PixelArray, raw: RawFrame) -> PixelArray:
    """Return the plane, or of a mosaic the brightest of its four cells."""
    if raw.cfa is None:
        return pixels
    cells = {(j, i): float(np.median(raw.pixels[j::2, i::2][::8, ::8])) for j in (0, 1) for i in (0, 1)}
    j, i = max(cells, key=cells.__getitem__)
    return pixels[j::2, i::2]


def _own_shape(design: DoubleArray) -> float:
    """Return how much the flat's blocks differ beyond a gradient."""
    fit, *_ = np.linalg.lstsq(design[:, :3], design[:, 3], rcond=None)
    return float(np.std(design[:, 3] - design[:, :3] @ fit))
