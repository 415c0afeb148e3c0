"""What range of values a file means where its header leaves it open: lost BZEROs and fractions of full scale."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from indistack.decode.base import STRIP_BYTES
from indistack.fits_header import READ, text_fact
from indistack.numerics.statistics import robust_sigma
from indistack.system.workers import Workers
from indistack.values.frame import CardValue, FloatArray, PixelArray

FULL_SCALE_ADU = 65535.0
"""Meaning of 1.0 in files that hold fractions: PixInsight, Siril and others divide 16-bit frames by this."""

LOST_BZERO = "negative 16-bit values are taken for unsigned ones: the file lacks BZERO = 32768"
LOST_OFFSET = "16-bit values of which 32768 has been subtracted are taken as they were: the file lacks BZERO = 32768"
FRACTIONS = "values from 0 to 1 are taken for fractions of 65535 ADU"

NO_NOISE = -16384
"""A signed value below this is no noise around zero."""
FAR_SIGMA = 20.0
BELOW_ZERO = -0.1
"""Noise of a calibrated frame of fractions may reach this far below zero."""
MAX_TRIED = 2000
LEAST_CORES, NO_CORE = 10, -32768
"""So many pixels must be above zero to tell what they are; the least that there can be."""


def lost_bzero(stored: PixelArray) -> bool:
    """Return whether signed 16-bit pixels were meant as unsigned ones.

    Signed values are noise around zero: few sigmas below it, among neighbours like themselves. Where unsigned values of
    32768 and more were wrapped instead, the frame reaches far below zero, or lies below it as a whole, or its negative
    pixels stand beside bright ones: they are the cores of stars.

    Parameters
    ----------
    stored : array
        ``(rows, columns)`` int16 in any byte order.
    """
    lowest = int(stored.min(initial=0))
    if lowest >= 0 or lowest < NO_NOISE:
        return lowest < 0
    sample = stored[:: max(1, len(stored) // 256), :: max(1, stored.shape[1] // 256)].astype(np.float32)
    middle = float(np.median(sample))
    far = FAR_SIGMA * max(1.0, robust_sigma(sample, middle))
    if middle < -far:
        return True
    rows, columns = np.nonzero(stored < 0)
    step = max(1, len(rows) // MAX_TRIED)
    return float(np.median(_brightest_beside(stored, rows[::step], columns[::step]))) > middle + far


def lost_offset(stored: PixelArray) -> bool:
    """Return whether 32768 has been subtracted of all values, as FITS stores unsigned ones, and BZERO does not say so.

    Then the sky is far below zero, and the cores of stars rise through zero. Of values that were wrapped instead, the
    positive ones are the darkest, and stand beside the least that there is.

    Parameters
    ----------
    stored : array
        ``(rows, columns)`` int16 in any byte order, of which `lost_bzero` is true.
    """
    sample = stored[:: max(1, len(stored) // 256), :: max(1, stored.shape[1] // 256)]
    rows, columns = np.nonzero(stored >= 0)
    if float(np.median(sample)) >= NO_NOISE or len(rows) < LEAST_CORES:
        return False
    step = max(1, len(rows) // MAX_TRIED)
    below = np.where(stored < 0, stored, np.int16(NO_CORE))
    return float(np.median(_brightest_beside(below, rows[::step], columns[::step]))) > NO_NOISE


def _brightest_beside(stored: PixelArray, rows: PixelArray, columns: PixelArray) -> PixelArray:
    """Return the largest value within two pixels of each: as far as the next pixel of the same colour."""
    brightest = np.full(len(rows), -32768)
    for y in range(-2, 3):
        for x in range(-2, 3):
            at = np.clip(rows + y, 0, len(stored) - 1), np.clip(columns + x, 0, stored.shape[1] - 1)
            np.maximum(brightest, stored[at], out=brightest)
    return brightest


def are_fractions(pixels: PixelArray, table: Mapping[str, CardValue]) -> bool:
    """Return whether all that is finite in float pixels lies within 0 and 1 and nothing says that this is ADU.

    A header with a unit (BUNIT) says so, and one of our own: stacks and masters are in ADU. All zeros are nothing.
    """
    if pixels.dtype.kind != "f" or text_fact(table, "unit"):
        return False
    if any(str(table.get(keyword, "")).startswith("indistack") for keyword in READ["program"]):
        return False
    return all(_within(part) for part in (pixels[:: max(1, len(pixels) // 64)], pixels))


def _within(pixels: PixelArray) -> bool:
    finite = pixels if np.isfinite(pixels).all() else pixels[np.isfinite(pixels)]
    return finite.size > 0 and float(finite.min()) >= BELOW_ZERO and 0.0 < float(finite.max()) <= 1.0


def fractions_to_adu(pixels: FloatArray, workers: Workers) -> None:
    """Multiply fractions by `FULL_SCALE_ADU`, in place."""

    def strip(rows: slice) -> None:
        np.multiply(pixels[rows], np.float32(FULL_SCALE_ADU), out=pixels[rows])

    workers.strips(strip, len(pixels), max(1, STRIP_BYTES * len(pixels) // max(1, pixels.nbytes)))
