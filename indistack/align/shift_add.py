"""Several planes added up along the way that the stars took over the sensor, which the planes alone do not show."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from indistack.align.planes import background, shifted
from indistack.numerics.parabola import parabola_top
from indistack.numerics.statistics import robust_sigma, sigma_of_deviations
from indistack.values.frame import BoolArray, DoubleArray, FloatArray

IntArray = npt.NDArray[np.intp]

FILTER_PX = 0.85
"""Sigma of the filter that stars stand out best behind, in binned px."""
FALSE_MAXIMA = 0.1
"""Of a sum's noise alone, so many stand out surely enough."""
STAMP_PX = 3
"""A star, its filter and a pixel of doubt reach no farther."""


def flattened(plane: FloatArray) -> FloatArray:
    """Return the plane without its background and without what whole rows and columns have in common.

    Parameters
    ----------
    plane : array
        ``(h, w)`` float32, ADU; unchanged.

    Returns
    -------
    array
        ``(h, w)`` float32, ADU, new.
    """
    flat: FloatArray = plane - background(plane)
    flat -= np.median(flat, axis=1, keepdims=True)
    flat -= np.median(flat, axis=0, keepdims=True)
    return flat


def filtered(plane: FloatArray) -> FloatArray:
    """Return the plane as stars stand out best in it, in units of its noise.

    Parameters
    ----------
    plane : array
        ``(h, w)`` float32, ADU; unchanged.

    Returns
    -------
    array
        ``(h, w)`` float32, of robust standard deviation 1, new.
    """
    smooth = np.asarray(cv2.GaussianBlur(plane, (0, 0), FILTER_PX), np.float32)
    noise = robust_sigma(smooth)
    return smooth / np.float32(max(noise, 1e-12))


def maxima(plane: FloatArray, least: float) -> tuple[IntArray, IntArray]:
    """Find the local maxima above `least`, the highest first; none at the border.

    Parameters
    ----------
    plane : array
        ``(h, w)`` float32; unchanged.
    least : float
        In the plane's unit.

    Returns
    -------
    rows, columns : array
        ``(n,)`` intp each, new.
    """
    peak = (plane >= cv2.dilate(plane, np.ones((3, 3), np.uint8))) & (plane > least)
    border = STAMP_PX + 1
    peak[:border] = peak[-border:] = False
    peak[:, :border] = peak[:, -border:] = False
    y, x = np.nonzero(peak)
    order = np.argsort(-plane[y, x], kind="stable")
    return y[order], x[order]


def sure_sigma(plane: FloatArray) -> float:
    """Return how high a maximum must be that noise makes `FALSE_MAXIMA` times in the whole plane.

    Noise behind a Gaussian filter f has ``u exp(-u^2 / 2) / ((2 pi)^1.5 2 f^2)`` maxima per pixel above a high u
    (Adler 1981).

    Parameters
    ----------
    plane : array
        Of any dtype; only its size counts.

    Returns
    -------
    float
        In units of the noise.
    """
    high = 5.0
    for _ in range(10):
        density = high / ((2 * math.pi) ** 1.5 * 2 * FILTER_PX**2)
        high = math.sqrt(max(1.0, 2 * math.log(plane.size * density / FALSE_MAXIMA)))
    return high


def stars_in(total: FloatArray) -> tuple[IntArray, IntArray]:
    """Find what surely stands out of a sum, the highest first; see `maxima`.

    Parameters
    ----------
    total : array
        ``(h, w)`` float32, in units of its noise; unchanged.

    Returns
    -------
    rows, columns : array
        ``(n,)`` intp each, new.
    """
    return maxima(total, sure_sigma(total))


def lasting(planes: Sequence[FloatArray], shifts: DoubleArray, y: IntArray, x: IntArray) -> BoolArray:
    """Tell which places of a sum do not owe their light to one plane alone.

    A star that is clear in each plane stands in a sum along a wrong way once for every plane; a cosmic ray, a satellite
    or a plane's highest noise stands in any sum.

    Parameters
    ----------
    planes : sequence of array
        ``(h, w)`` float32 each, of one shape; unchanged.
    shifts : array
        ``(n, 2)`` float64, px, by which each was brought back.
    y, x : array
        ``(m,)`` intp, places in the sum (px).

    Returns
    -------
    array
        ``(m,)`` bool, new.
    """
    height, width = planes[0].shape
    light = np.empty((len(planes), len(x)), np.float32)
    for of_plane, plane, (dx, dy) in zip(light, planes, shifts, strict=True):
        rows, columns = (np.rint(place).astype(np.intp) for place in (y + dy, x + dx))
        of_plane[:] = plane[rows.clip(0, height - 1), columns.clip(0, width - 1)]
    even = 1 / len(planes)
    result: BoolArray = light.max(axis=0) < (1 + even) / 2 * light.sum(axis=0)
    return result


def added(planes: Sequence[FloatArray], shifts: DoubleArray) -> FloatArray:
    """Return the mean of the planes, each brought back by its shift ``(n, 2)``, x and y in px."""
    total = np.zeros_like(planes[0])
    for plane, (dx, dy) in zip(planes, shifts, strict=True):
        total += moved(plane, -dx, -dy)
    return total / np.float32(len(planes))


def moved(plane: FloatArray, dx: float, dy: float) -> FloatArray:
    """Return the ``(h, w)`` float32 plane moved by dx, dy (px), a new array; 0 where it does not reach."""
    size = plane.shape[1], plane.shape[0]
    return np.asarray(cv2.warpAffine(plane, shifted(dx, dy)[:2], size, flags=cv2.INTER_CUBIC), np.float32)


def filtered_sum(planes: Sequence[FloatArray], shifts: DoubleArray) -> FloatArray:
    """Return the sum of filtered planes, in units of its noise.

    Parameters
    ----------
    planes : sequence of array
        ``(h, w)`` float32 each, of one shape; unchanged.
    shifts : array
        ``(n, 2)`` float64, px: each is brought back by its own.

    Returns
    -------
    array
        ``(h, w)`` float32, new.
    """
    total = added(planes, shifts)
    return total / np.float32(max(sigma_of_deviations(total), 1e-12))


def places_in(plane: FloatArray) -> DoubleArray:
    """Return what surely stands out of a sum, the highest first: ``(n, 3)`` x, y (px) and height (sigma)."""
    y, x = stars_in(plane)
    fine = plane.astype(np.float64)
    off_x = parabola_top(fine[y, x - 1], fine[y, x], fine[y, x + 1])
    off_y = parabola_top(fine[y - 1, x], fine[y, x], fine[y + 1, x])
    return np.column_stack([x + off_x, y + off_y, plane[y, x]])


def mean_stamp(plane: FloatArray, y: IntArray, x: IntArray) -> FloatArray:
    """Return the mean of a plane around some places, none of them at the border.

    Parameters
    ----------
    plane : array
        ``(h, w)`` float32; unchanged.
    y, x : array
        ``(n,)`` intp, px, at least one.

    Returns
    -------
    array
        ``(2 STAMP_PX + 1, 2 STAMP_PX + 1)`` float32, new.
    """
    span = np.arange(-STAMP_PX, STAMP_PX + 1)
    stamp: FloatArray = plane[y[:, None, None] + span[:, None], x[:, None, None] + span].mean(axis=0)
    return stamp
