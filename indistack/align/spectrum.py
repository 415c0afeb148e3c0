"""Phase correlation of two planes: where one lies on the other, to a fraction of a pixel."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from indistack.align.agreement import NONE, Agreement, agreement
from indistack.align.planes import shifted, shrunk, warped
from indistack.numerics.parabola import parabola_top
from indistack.values.frame import DoubleArray, FloatArray

COARSE_SIDE_PX = 512
"""Longer side of the planes in which the place is looked for; the finer ones then only refine it."""
PEAKS = 4
TAPER = 0.15
"""Share of the sides over which a plane fades out, so that its borders make no lines in the spectrum."""
NOISE_FREQUENCY = 0.25
"""Cycles per pixel; above, most of the power is noise."""
PEAK_SIGMA_PX = 2.0
REFINING_ROUNDS = 2
FAR_PX = 3.0
"""A step of refinement that is longer has lost the place."""

ComplexArray = npt.NDArray[np.complexfloating]


def locate(sub: FloatArray, reference: FloatArray) -> tuple[DoubleArray, Agreement]:
    """Find the shift between two planes of one shape, up to about 45 % of their sides, to a few pixels.

    Parameters
    ----------
    sub, reference : array
        ``(h, w)`` float32 planes of one shape, as of `detail_of`; unchanged.

    Returns
    -------
    matrix : array
        ``(3, 3)`` float64, sub -> reference, in the planes' px.
    agreement : Agreement
        At the coarse scale.
    """
    factor = min(1.0, COARSE_SIDE_PX / max(reference.shape))
    ours, theirs = (shrunk(plane, factor) for plane in (sub, reference))
    found = [(shift, agreement(ours, theirs, shift)) for shift in _candidates(ours, theirs)]
    best, quality = max(found, key=lambda pair: pair[1].lead, default=(np.eye(3), NONE))
    return _unshrunk(best, factor), quality


def refine(sub: FloatArray, reference: FloatArray, matrix: DoubleArray) -> DoubleArray | None:
    """Improve a map by the shift that is left; None where it leads away.

    A pure shift is applied in whole pixels: interpolating would pull the result towards them.

    Parameters
    ----------
    sub, reference : array
        ``(h, w)`` float32 planes of one shape, as of `detail_of`; unchanged.
    matrix : array
        ``(3, 3)`` float64, sub ``(x, y, 1)`` -> reference, in the planes' px.

    Returns
    -------
    array or None
        ``(3, 3)`` float64, new.
    """
    for _ in range(REFINING_ROUNDS):
        start = _in_whole_pixels(matrix)
        laid, reached = warped(sub, start, reference.shape)
        window = window_of(reference.shape, reached)
        dx, dy = _peak_near_zero(_cross_spectrum(laid * window, reference * window))
        if max(abs(dx), abs(dy)) > FAR_PX:
            return None
        matrix = shifted(dx, dy) @ start
    return matrix


def _in_whole_pixels(matrix: DoubleArray) -> DoubleArray:
    pure = np.array_equal(matrix[:2, :2], np.eye(2)) and not matrix[2, :2].any()
    return shifted(*np.rint(matrix[:2, 2])) if pure else matrix


def correlation(sub: FloatArray, reference: FloatArray) -> DoubleArray:
    """Phase correlation (Kuglin and Hines 1975); its peak lies where the sub must be shifted to, cyclically.

    Parameters
    ----------
    sub, reference : array
        ``(h, w)`` float32 planes of one shape, as of `detail_of`; unchanged.

    Returns
    -------
    array
        ``(h, w)`` float64, new.
    """
    return np.asarray(np.fft.ifft2(_cross_spectrum(sub, reference)).real)


def _cross_spectrum(sub: FloatArray, reference: FloatArray) -> ComplexArray:
    """Whitened where it stands above the noise, and weighted by a Gaussian, which makes the correlation's peak one."""
    shape = tuple(cv2.getOptimalDFTSize(side) for side in reference.shape)
    cross: ComplexArray = np.fft.fft2(reference, shape) * np.fft.fft2(sub, shape).conj()
    power = np.abs(cross)
    frequency2 = np.fft.fftfreq(shape[0])[:, None] ** 2 + np.fft.fftfreq(shape[1]) ** 2
    noise = 4 * float(np.median(power[frequency2 > NOISE_FREQUENCY**2])) + 1e-12 * float(power.max())
    weight = np.exp(-2 * (np.pi * PEAK_SIGMA_PX) ** 2 * frequency2)
    return np.asarray(cross * (weight / (power + max(noise, 1e-30))))


def _unshrunk(shift: DoubleArray, factor: float) -> DoubleArray:
    return shifted(shift[0, 2] / factor, shift[1, 2] / factor)


def window_of(shape: tuple[int, int], reached: FloatArray | None = None) -> FloatArray:
    """Return a window that fades out towards the borders of what is reached.

    Parameters
    ----------
    shape : (int, int)
        Height and width.
    reached : array, optional
        ``(h, w)``, above 0 where it is reached; all of it if not given.

    Returns
    -------
    array
        ``(h, w)`` float32, 0 to 1, new.
    """
    if reached is None:
        reached = np.ones(shape, np.float32)
    width = TAPER * min(shape)
    inside = cv2.copyMakeBorder((reached > 0).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, 3)[1:-1, 1:-1]
    faded: FloatArray = (0.5 - 0.5 * np.cos(np.pi * np.minimum(distance / width, 1))).astype(np.float32)
    return faded


def _candidates(sub: FloatArray, reference: FloatArray) -> list[DoubleArray]:
    """Shifts at the highest peaks of the correlation, each both ways round the cycle where it is far."""
    window = window_of(reference.shape)
    surface = correlation(sub * window, reference * window)
    height, width = surface.shape
    shifts = []
    for _ in range(PEAKS):
        y, x = divmod(int(surface.argmax()), width)
        shifts += [shifted(dx, dy) for dx in _ways_round(x, width) for dy in _ways_round(y, height)]
        rows, cols = (np.arange(at - 3, at + 4) % side for at, side in ((y, height), (x, width)))
        surface[np.ix_(rows, cols)] = -np.inf
    return shifts


def _ways_round(at: int, side: int) -> list[int]:
    short = at if at <= side // 2 else at - side
    other = short - side if short > 0 else short + side
    return [short, other] if abs(other) < 0.7 * side else [short]


def _peak_near_zero(spectrum: ComplexArray) -> tuple[float, float]:
    """Shift at the highest point near zero: on whole pixels, then finer, by the Fourier series at points between."""
    x = y = 0.0
    for step_px, reach in ((1.0, round(FAR_PX) + 1), (0.25, 4), (0.05, 5)):
        offsets = np.linspace(-reach * step_px, reach * step_px, 2 * reach + 1)
        surface = _series(spectrum, x + offsets, y + offsets)
        row, col = divmod(int(surface.argmax()), 2 * reach + 1)
        x, y = x + float(offsets[col]), y + float(offsets[row])
    row, col = (min(max(at, 1), 2 * reach - 1) for at in (row, col))
    x += step_px * float(parabola_top(*surface[row, col - 1 : col + 2]))
    y += step_px * float(parabola_top(*surface[row - 1 : row + 2, col]))
    return float(x), float(y)


def _series(spectrum: ComplexArray, x: DoubleArray, y: DoubleArray) -> DoubleArray:
    """The correlation at the points of a grid, ``(len(y), len(x))`` (Guizar-Sicairos, Thurman and Fienup 2008)."""
    rows, cols = (np.fft.fftfreq(side) for side in spectrum.shape)
    along_y, along_x = np.exp(2j * np.pi * np.outer(y, rows)), np.exp(2j * np.pi * np.outer(cols, x))
    return np.asarray((along_y @ spectrum @ along_x).real, np.float64)
