"""Operators on every sub before it is stacked: what brings out halos in single pictures, or one colour less another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from indistack.config import Config
from indistack.debayer import DEBAYERS
from indistack.enhance import operator_of
from indistack.raster.tiles import Sampling, laid_down
from indistack.session.stack_setup import FULL_SCALE_ADU
from indistack.settings import built
from indistack.system.workers import Workers
from indistack.values.frame import BoolArray, CalibratedFrame
from indistack.values.grid import PlacedSub, StackGrid
from indistack.values.transform import Transform

AS_LARGE = "malvar_half"
"""Debayer of subs that keep their size, where the stack's own makes them smaller."""


class SubOperators:
    """Applies operators to subs, in their order; without operators a sub stays as it is.

    Whole pictures are made for that, with all colours in every pixel: 24 megapixels take half a gigabyte.

    Parameters
    ----------
    config : Config
        Operators and debayer.
    workers : Workers
        The threads.

    Attributes
    ----------
    any : bool
        There are operators.
    """

    def __init__(self, config: Config, workers: Workers) -> None:
        self._words: Sequence[str] = config.picture.sub_operators
        self.any = bool(self._words)
        name = config.debayer.method
        self._sampling = Sampling(
            built(DEBAYERS.get(name if DEBAYERS.get(name).shrink == 1 else AS_LARGE), config.debayer)
        )
        self._workers = workers

    def apply(self, frame: CalibratedFrame) -> CalibratedFrame:
        """Return the sub as it is to be stacked, ADU: without the camera's mosaic; grey where operators make it so."""
        if not self.any:
            return frame
        grid = StackGrid.over(frame.height, frame.width)
        picture = laid_down(PlacedSub(frame, Transform.identity()), grid, self._sampling, self._workers)
        clipped_adu = frame.info.saturation_adu
        full_scale_adu = clipped_adu if math.isfinite(clipped_adu) else FULL_SCALE_ADU
        for operator in map(operator_of, self._words):
            picture = operator(picture)
            if operator.shows:  # of 0 to 1: the stack goes on in ADU
                picture = picture * np.float32(full_scale_adu)
        unknown: BoolArray = ~np.isfinite(picture)
        picture = np.where(unknown, np.float32(0), picture)
        bad: BoolArray = unknown if unknown.ndim == 2 else np.logical_or.reduce(unknown, axis=2)
        return replace(frame, pixels=picture, cfa=None, zero=0.0, step_adu=1.0, bad=bad if bad.any() else None)
