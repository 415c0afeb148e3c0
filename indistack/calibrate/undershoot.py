"""Finds pixels that the camera reads far too low because the one before them in the row was clipped.

The amplifier swings below the level of the next pixels: a chain of black dots beside a bright star and its blooming. It
moves with the star, so that no rejection and no map of bad pixels takes it out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from indistack.numerics.statistics import sigma_of_deviations
from indistack.values.frame import IndexArray, PixelArray, RawFrame

CLIPPED = 0.9
"""Share of the saturation from which on a pixel may do so."""

REACH_PX, BEYOND = 4, 8
"""So many pixels may be too low, and are compared with as many of their colour further out: a star's light is less
there, and no sky is."""

LEAST_SIGMA = 8.0
"""By how much of the noise they are below these, and below the sky of the frame."""

SAMPLE, STRIP_ROWS, LEAST_SIDE_PX = 200_000, 64, 64


@dataclass(frozen=True, slots=True)
class Undershoot:
    """Pixels that are too low, and those nearby whose values they take; flat indices ``(n,)`` into the plane."""

    pixels: IndexArray
    sources: IndexArray

    def fill(self, plane: PixelArray) -> None:
        """Replace them in place; `plane` is contiguous, ``(h, w)`` of any dtype."""
        flat = plane.reshape(-1)
        flat[self.pixels] = flat[self.sources]


def find_undershoot(raw: RawFrame, pitch: int) -> Undershoot | None:
    """Return what was read too low beside clipped pixels.

    Parameters
    ----------
    raw : RawFrame
        As the camera gave it; unchanged. What is no number is never too low.
    pitch : int
        Distance of the next pixel of the same colour: 2 on a CFA, else 1 (px).

    Returns
    -------
    Undershoot or None
        None where nothing is clipped, or too low, and where nothing can be: in a picture of three colours, or a
        calibration frame.
    """
    plane = raw.pixels
    if raw.info.kind != "light" or plane.ndim != 2 or min(plane.shape) < LEAST_SIDE_PX:
        return None
    ends = _ends(plane, CLIPPED * raw.info.saturation_adu)
    if not any(each.size for each in ends):
        return None
    sample = plane[:: plane.size // SAMPLE | 1].astype(np.float64)
    sigma = sigma_of_deviations(np.diff(sample[:, ::pitch], axis=1)) / np.sqrt(2)
    limit = float(np.nanmedian(sample)) - LEAST_SIGMA * sigma
    margin = LEAST_SIGMA * sigma
    sides = [_beside(plane, each, step, pitch, limit, margin) for each, step in zip(ends, (1, -1), strict=True)]
    pixels, index = np.unique(np.concatenate([low for low, _ in sides]), return_index=True)
    return Undershoot(pixels, np.concatenate([source for _, source in sides])[index]) if pixels.size else None


def _ends(plane: PixelArray, clipped_adu: float) -> tuple[IndexArray, IndexArray]:
    """Return the last pixels of clipped runs, to the right and to the left: flat indices."""
    width = plane.shape[1]
    if plane.dtype.kind in "iu":
        if not clipped_adu <= np.iinfo(plane.dtype).max:  # it never is, or nobody knows
            return np.empty(0, np.intp), np.empty(0, np.intp)
        clipped_adu = np.ceil(clipped_adu)
    least = plane.dtype.type(clipped_adu)  # of its own type: another one costs ten times as much
    strips = range(0, len(plane), STRIP_ROWS)
    clipped = np.concatenate([np.flatnonzero(plane[top : top + STRIP_ROWS] >= least) + top * width for top in strips])
    column = clipped % width
    right = (np.diff(clipped, append=plane.size + 1) > 1) & (column != width - 1)
    left = (np.diff(clipped, prepend=-2) > 1) & (column != 0)
    return clipped[right], clipped[left][::-1]


def _beside(
    plane: PixelArray, ends: IndexArray, step: int, pitch: int, limit: float, margin: float
) -> tuple[IndexArray, IndexArray]:
    """Return what is too low after the ends of clipped runs, in the direction of `step`, and what it takes."""
    width = plane.shape[1]
    y, x = np.divmod(ends, width)
    x = x if step > 0 else width - 1 - x
    places = x + np.arange(1, REACH_PX + BEYOND * pitch + 1)[:, np.newaxis]  # (k, n), counted in the direction
    values = np.where(places < width, plane[:, ::step][y, np.minimum(places, width - 1)], np.inf)
    further = np.median([values[pitch * k :][:REACH_PX] for k in range(1, BEYOND + 1)], axis=0)
    low = (values[:REACH_PX] < limit) & (values[:REACH_PX] < further - margin)
    n_low = np.logical_and.accumulate(low, axis=0).sum(axis=0)
    away, run = np.nonzero(np.arange(REACH_PX)[:, np.newaxis] < n_low)
    source = n_low[run] + (n_low[run] - away) % pitch
    columns = np.minimum(x[run] + 1 + np.stack([away, source]), width - 1)
    columns = columns if step > 0 else width - 1 - columns
    flat = y[run] * width + columns
    return np.asarray(flat[0], np.intp), np.asarray(flat[1], np.intp)
