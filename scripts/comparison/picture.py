"""Judges a stacked picture by the truth: where its stars are, how sharp, how noisy its sky, what a trail left."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Points = NDArray[np.float64]

STAMP_RADIUS_PX = 12
BLOCK_PX = 8  # noise is measured on means of such blocks, where no interpolation has a say
MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True, slots=True)
class StarMeasures:
    """What was measured at the places where stars are.

    Attributes
    ----------
    offset_px : ndarray, shape (n,)
        Distance of each centroid from the star's true place.
    hfr_px : ndarray, shape (n,)
        Mean distance of the star's light from its centroid.
    flux : ndarray, shape (n,)
        In the picture's unit; NaN in all three where no star was found.
    """

    offset_px: Points
    hfr_px: Points
    flux: Points


def measure_stars(plane: Plane, xy: Points, fwhm_px: float) -> StarMeasures:
    """Measure stars of which the true places are known.

    Parameters
    ----------
    plane : ndarray of float32, shape (height, width)
    xy : ndarray, shape (n, 2)
        At least `STAMP_RADIUS_PX` + 1 from every edge.
    fwhm_px : float
        Of the stars, roughly: the width of the window in which the centroid is taken.
    """
    rows = [_measure_star(plane, x, y, fwhm_px / 2.3548) for x, y in xy]
    offset_px, hfr_px, flux = np.array(rows, np.float64).reshape(-1, 3).T
    return StarMeasures(offset_px, hfr_px, flux)


def _measure_star(plane: Plane, x: float, y: float, sigma_px: float) -> tuple[float, float, float]:
    left, top = round(x), round(y)
    reach = np.arange(-STAMP_RADIUS_PX, STAMP_RADIUS_PX + 1)
    stamp = plane[top + reach[0] : top + reach[-1] + 1, left + reach[0] : left + reach[-1] + 1].astype(np.float64)
    dx, dy = reach[None, :] + (left - x), reach[:, None] + (top - y)
    distance = np.hypot(dx, dy)
    stamp -= np.median(stamp[distance > STAMP_RADIUS_PX - 3])
    cx = cy = 0.0
    # A Gaussian window that follows the centroid has no bias towards the place where it began; the factor 2 undoes
    # that a star seen through a window of its own width shows half its offset.
    for _ in range(20):
        light = stamp * np.exp(-((dx - cx) ** 2 + (dy - cy) ** 2) / (2 * sigma_px**2))
        total = light.sum()
        if not total > 0:
            return np.nan, np.nan, np.nan
        cx += 2 * float((light * (dx - cx)).sum() / total)
        cy += 2 * float((light * (dy - cy)).sum() / total)
    radius = np.hypot(dx - cx, dy - cy)
    inside = radius < STAMP_RADIUS_PX - 3
    flux = float(stamp[inside].sum())
    return float(np.hypot(cx, cy)), float((stamp[inside] * radius[inside]).sum() / flux), flux


def isolated(xy: Points, flux: Points, shape: tuple[int, int], range_adu: tuple[float, float]) -> NDArray[np.intp]:
    """Return the stars worth measuring: bright but not saturated, alone in their stamps, not near an edge.

    Parameters
    ----------
    xy : ndarray, shape (n, 2)
    flux : ndarray, shape (n,)
    shape : (height, width)
    range_adu : (lowest, highest)
        Of the flux. A neighbour with a hundredth of a star's flux spoils it.
    """
    bright = np.flatnonzero((flux > range_adu[0]) & (flux < range_adu[1]))
    height, width = shape
    # The rim that a rotated sub does not cover is a few per cent of the frame.
    margin = max(STAMP_RADIUS_PX + 1, 0.05 * max(shape))
    x, y = xy[bright].T
    bright = bright[(x > margin) & (x < width - 1 - margin) & (y > margin) & (y < height - 1 - margin)]
    reach = 1.5 * STAMP_RADIUS_PX
    return np.array([star for star in bright if _is_alone(star, xy, flux, reach)], np.intp)


def _is_alone(star: np.intp, xy: Points, flux: Points, reach_px: float) -> bool:
    near = np.hypot(*(xy - xy[star]).T) < reach_px
    near[star] = False
    return bool(flux[near].sum() < 0.01 * flux[star])


def block_noise(plane: Plane) -> float:
    """Return the standard deviation of the means of 8 x 8 pixels on empty sky, in the picture's unit.

    From the bend of each block against its two neighbours, whose median absolute deviation neither a gradient, a
    nebula nor a few stars disturb. A tenth of the picture at every edge is left out.
    """
    height, width = plane.shape
    inner = plane[height // 10 : -(height // 10), width // 10 : -(width // 10)]
    rows, columns = (side // BLOCK_PX for side in inner.shape)
    inner = inner[: rows * BLOCK_PX, : columns * BLOCK_PX]
    blocks = inner.reshape(rows, BLOCK_PX, columns, BLOCK_PX).mean(axis=(1, 3), dtype=np.float64)
    bends = blocks[:, 1:-1] - (blocks[:, :-2] + blocks[:, 2:]) / 2
    # A mean of two neighbours has half the variance: 1 + 1/2.
    return float(MAD_TO_SIGMA * np.nanmedian(np.abs(bends - np.nanmedian(bends))) / np.sqrt(1.5))


def trail_excess(plane: Plane, ends: Points, fwhm_px: float) -> float:
    """Return how much brighter a straight line of a picture is than its sides, in the picture's unit.

    Parameters
    ----------
    plane : ndarray of float32, shape (height, width)
    ends : ndarray, shape (2, 2)
        Two points (x, y) that the line joins.
    fwhm_px : float
        Width of the line. Its sides begin at three times this distance.
    """
    length_px = float(np.hypot(*(ends[1] - ends[0])))
    along = (ends[1] - ends[0]) / length_px
    aside = np.array([-along[1], along[0]])
    steps = np.arange(0.0, length_px)
    on_line = np.arange(-0.5, 0.51, 0.5) * fwhm_px
    beside = np.concatenate([np.arange(3.0, 6.1), -np.arange(3.0, 6.1)]) * fwhm_px
    line, sides = (_sample(plane, ends[0], along, aside, steps, offsets) for offsets in (on_line, beside))
    excess = line.mean(axis=1) - np.median(sides, axis=1)
    excess = np.sort(excess[np.isfinite(excess)])
    # Bright stars cover less than a fiftieth of a line: without the extremes they are gone, a piece of trail is not.
    few = len(excess) // 50
    return float(excess[few : len(excess) - few].mean())


def _sample(
    plane: Plane, origin: Points, along: Points, aside: Points, steps: Points, offsets: Points
) -> NDArray[np.float64]:
    """Return the picture's values at steps along a line by offsets from it; NaN outside the picture."""
    points = origin + steps[:, None, None] * along + offsets[None, :, None] * aside
    # OpenCV's remap takes sides below 32768 only; a 24 MP diagonal is 7,200 px long.
    x, y = points.astype(np.float32).transpose(2, 0, 1)
    border = cv2.BORDER_CONSTANT
    values = cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=border, borderValue=float("nan"))
    return np.asarray(values, np.float64)
