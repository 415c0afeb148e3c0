"""The door of the slot: a frame in, its stars out."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from indistack.picture.integration import Integration
from indistack.settings import Settings
from indistack.stars.background import measure_mesh
from indistack.stars.detect import find_candidates, spread
from indistack.stars.measure import empty_list, measure_stars
from indistack.stars.plane import bin_into, smooth_into
from indistack.stars.sky import LuminanceSky, measure_sky
from indistack.system.workers import Workers
from indistack.values.frame import BoolArray, CalibratedFrame, FloatArray, FrameInfo
from indistack.values.star_list import Scene, StarList

QUANTUM_NOISE = 0.1
"""Noise that rounding to steps of one leaves in the smoothed plane: 1/sqrt(12), averaged over some pixels."""

CANDIDATES_PER_STAR = 4
"""Candidates that are looked at for each star that may be kept: most may be hot pixels."""

LEAST_SIDE_PX = 24
"""Smaller frames hold no stamp of a star."""


class StarsSettings(Settings):
    """How stars are found."""

    detection_sigma: float = Field(default=7.0, ge=2, le=100)
    """Height above the sky's noise, in the smoothed plane, that makes a candidate."""
    max_stars: int = Field(default=300, ge=10, le=20_000)
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

    def find(self, frame: CalibratedFrame) -> StarList:
        """Return the frame's stars, brightest first; none is an empty list, never an error.

        Parameters
        ----------
        frame : CalibratedFrame
            CFA, mono or RGB; unchanged. Photosites that its mask marks bad are left out.

        Returns
        -------
        StarList
            Positions in the frame's own pixels, fluxes in ADU.
        """
        return self.scene(frame).stars

    def find_in_stack(self, stack: Integration, green: bool) -> StarList:
        """Return the stars of a stack; where nothing covers it (NaN, weight 0) there are none.

        Parameters
        ----------
        stack : Integration
            ``(h, w)`` or ``(h, w, 3)`` float32 pixels, ADU; unchanged.
        green : bool
            Its subs come from a colour filter array, in which stars are measured in green.

        Returns
        -------
        StarList
            In the stack's pixels and ADU, brightest first.
        """
        pixels = stack.pixels[:, :, 1] if green and stack.pixels.ndim == 3 else stack.pixels
        least = stack.weight if stack.weight.ndim == 2 else stack.weight.min(axis=2)
        empty: BoolArray | None = least <= 0 if not least.all() else None
        return self.find(CalibratedFrame(pixels, None, 0.0, 1.0, empty, FrameInfo()))

    def scene(self, frame: CalibratedFrame, with_luminance: bool = False) -> Scene:
        """Return what an aligner needs to know of a frame.

        Parameters
        ----------
        frame : CalibratedFrame
            CFA, mono or RGB; unchanged.
        with_luminance : bool
            Also give the binned luminance, which an aligner that works on stars does not need.

        Returns
        -------
        Scene
            Its stars, brightest first, and ``(h // 2, w // 2)`` float32 luminance (ADU) or None; without stars where
            the frame is smaller than a stamp.
        """
        sky = measure_sky(frame)
        if min(frame.width, frame.height) < LEAST_SIDE_PX:
            return Scene(empty_list(sky), frame.width, frame.height)
        size = frame.height // 2, frame.width // 2
        luminance, smooth = np.empty(size, np.float32), np.empty(size, np.float32)
        bin_into(luminance, frame, self._workers)
        smooth_into(smooth, luminance, self._workers)
        stars = self._stars(frame, sky, luminance, smooth)
        return Scene(stars, frame.width, frame.height, luminance if with_luminance else None)

    def _stars(self, frame: CalibratedFrame, sky: LuminanceSky, luminance: FloatArray, smooth: FloatArray) -> StarList:
        settings = self._settings
        mesh = measure_mesh(smooth, settings.mesh_px // 2, QUANTUM_NOISE * sky.step_adu)
        candidates = find_candidates(smooth, mesh, settings.detection_sigma, self._workers)
        height, width = smooth.shape
        kept = spread(candidates.x, candidates.y, width, height, CANDIDATES_PER_STAR * settings.max_stars)
        return measure_stars(frame, luminance, candidates.take(kept), sky, settings.max_stars, self._workers)
