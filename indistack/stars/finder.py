"""The door of the slot: a frame in, its stars out."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from indistack.frame import CalibratedFrame, FloatArray, Scene, StarList
from indistack.settings import Settings
from indistack.stars.background import measure_mesh
from indistack.stars.detect import find_candidates, spread
from indistack.stars.measure import empty_list, measure_stars
from indistack.stars.plane import bin_into, smooth_into
from indistack.stars.sky import Sky, measure_sky
from indistack.workers import Workers

QUANTUM_NOISE = 0.1
"""Noise that rounding to steps of one leaves in the smoothed plane: 1/sqrt(12), averaged over some pixels."""

LEAST_SIDE_PX = 24
"""Smaller frames hold no stamp of a star."""


class StarsSettings(Settings):
    """How stars are found."""

    detection_sigma: float = Field(default=7.0, ge=2, le=100)
    """Height above the sky's noise, in the smoothed plane, that makes a candidate."""
    max_stars: int = Field(default=600, ge=10, le=20_000)
    """Stars kept per frame, spread over the field."""
    mesh_px: int = Field(default=128, ge=32, le=2048)
    """Side of the cells in which the sky is measured (px): larger than a star, smaller than a nebula."""


class StarFinder:
    """Finds and measures the stars of a frame.

    Parameters
    ----------
    settings : StarsSettings
        Limits.
    workers : Workers
        Threads to use.
    """

    def __init__(self, settings: StarsSettings, workers: Workers) -> None:
        self._settings = settings
        self._workers = workers
        self._planes: tuple[FloatArray, FloatArray] = (np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32))

    def find(self, frame: CalibratedFrame) -> StarList:
        """Return the frame's stars, brightest first; none is an empty list, never an error."""
        return self.scene(frame).stars

    def scene(self, frame: CalibratedFrame, with_luminance: bool = False) -> Scene:
        """Return what an aligner needs to know of a frame.

        Parameters
        ----------
        frame : CalibratedFrame
            The frame.
        with_luminance : bool
            Also give the binned luminance, a new array. It costs as much as finding the candidates, and an aligner that
            works on stars needs none.
        """
        sky = measure_sky(frame)
        if min(frame.width, frame.height) < LEAST_SIDE_PX:
            return Scene(empty_list(sky), frame.width, frame.height)
        luminance, smooth = self._scratch(frame.height // 2, frame.width // 2)
        bin_into(luminance, frame, self._workers)
        smooth_into(smooth, luminance, self._workers)
        stars = self._stars(frame, sky, luminance, smooth)
        return Scene(stars, frame.width, frame.height, luminance.copy() if with_luminance else None)

    def _stars(self, frame: CalibratedFrame, sky: Sky, luminance: FloatArray, smooth: FloatArray) -> StarList:
        settings = self._settings
        mesh = measure_mesh(smooth, settings.mesh_px // 2, QUANTUM_NOISE * sky.step_adu, self._workers)
        candidates = find_candidates(smooth, mesh, settings.detection_sigma, self._workers)
        height, width = smooth.shape
        kept = spread(candidates.x, candidates.y, width, height, 2 * settings.max_stars)
        return measure_stars(frame, luminance, candidates.take(kept), sky, settings.max_stars, self._workers)

    def _scratch(self, height: int, width: int) -> tuple[FloatArray, FloatArray]:
        """Planes kept from frame to frame: fresh ones cost more in page faults than the filters take."""
        if self._planes[0].shape != (height, width):
            self._planes = (np.empty((height, width), np.float32), np.empty((height, width), np.float32))
        return self._planes
