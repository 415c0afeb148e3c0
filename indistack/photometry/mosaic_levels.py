"""How bright the sky is in each of the four photosites of a mosaic's cells."""

from __future__ import annotations

import numpy as np

from indistack.numerics.statistics import MEDIAN_TO_MEAN_ERROR, robust_sigma
from indistack.photometry.sky import clipped_means
from indistack.photometry.sky_blocks import block_centres, block_corners, block_side, block_values
from indistack.values.frame import CalibratedFrame
from indistack.values.mosaic import MosaicLevels

EVERY = 3
"""Of the blocks in which a sky is measured: these do, as gradients and clouds are the same in all photosites."""

LEAST_BLOCKS = 4


def measure_mosaic(frame: CalibratedFrame) -> MosaicLevels | None:
    """Measure the sky in the photosites of a mosaic.

    Parameters
    ----------
    frame : CalibratedFrame
        Unchanged.

    Returns
    -------
    MosaicLevels or None
        None where the frame is no mosaic, or shows too little sky.
    """
    if frame.cfa is None:
        return None
    side = block_side(frame)
    corners = block_corners(block_centres(frame)[::EVERY], side)
    corners = corners[((corners >= 0) & (corners + side <= (frame.width, frame.height))).all(axis=1)]
    if len(corners) < LEAST_BLOCKS:
        return None
    values = block_values(frame, corners, side)[:, 0]
    red = frame.cfa.index("R")
    places = [red ^ place for place in range(4)]  # red, the others of its row and of its column, and blue
    phases = [values[:, place // 2 :: 2, place % 2 :: 2].reshape(len(values), -1) for place in places]
    levels = np.stack([clipped_means(phase) for phase in phases], axis=1) * frame.step_adu
    levels = levels[np.isfinite(levels).all(axis=1)] - frame.zero * frame.step_adu
    differing = levels - levels.mean(axis=1, keepdims=True)
    if len(differing) < LEAST_BLOCKS:
        return None
    red_adu, beside_red, beside_blue, blue = np.median(differing, axis=0).tolist()
    scatter = max(robust_sigma(column, float(np.median(column))) for column in differing.T)
    error_adu = MEDIAN_TO_MEAN_ERROR * scatter / len(differing) ** 0.5
    return MosaicLevels((red_adu, beside_red, beside_blue, blue), error_adu, float(np.median(levels.mean(axis=1))))
