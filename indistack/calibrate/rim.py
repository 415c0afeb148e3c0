"""Finds the rim that the camera reads wrong: outermost rows and columns that do not go on as those inside do.

Left in, each sub paints them elsewhere in the stack, one line for every sub.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from indistack.numerics.statistics import sigma_of_deviations
from indistack.values.frame import BoolArray, DoubleArray, PixelArray

MOST_PX, INSIDE_PX = 8, 32
"""How wide a rim is looked for, and by how many lines inside of it it is judged."""

LEAST_SIDE_PX = 128

LEAST_SIGMA = 0.5
"""By how much of a pixel's noise the mean of a wrong line is off; the mean of 500 pixels shows a tenth of that. In a
stack of few subs such a line is seen."""

LEAST_SCATTER = 6.0
"""By how many times the scatter of the lines inside it is off: relief, as on the Moon, is no rim."""

ROUNDING = 1e-5
"""Share of the level by which lines of a frame without noise may differ."""

SAMPLES = 1024
"""Of a line; more would not change what is found."""

NOISE_EVERY = 4
"""Lines, of which one tells the noise of a pixel, to a few hundredths."""

CLIP_SIGMA = 3.0


@dataclass(frozen=True, slots=True)
class Rim:
    """Rows and columns (px) at the four sides that are no data."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0

    def __bool__(self) -> bool:
        return any((self.top, self.bottom, self.left, self.right))

    def mark(self, bad: BoolArray) -> None:
        """Mark the rim in a mask ``(height, width)``, in place."""
        height, width = bad.shape
        bad[: self.top] = bad[height - self.bottom :] = True
        bad[:, : self.left] = bad[:, width - self.right :] = True

    def fill(self, pixels: PixelArray, pitch: int) -> None:
        """Let the lines inside go on over the rim, in place, so that interpolation beside it does not feel it.

        Parameters
        ----------
        pixels : array
            ``(height, width)`` or ``(height, width, 3)`` of any dtype.
        pitch : int
            Distance of the next pixel of the same colour: 2 on a CFA, else 1 (px).
        """
        for lines, first, last in ((pixels, self.top, self.bottom), (pixels.swapaxes(0, 1), self.left, self.right)):
            n = len(lines)
            for line in range(first):
                lines[line] = lines[first + (line - first) % pitch]
            for line in range(n - last, n):
                lines[line] = lines[n - last - pitch + (line - n + last) % pitch]


def find_rim(pixels: PixelArray, pitch: int) -> Rim:
    """Return the outermost lines whose level is not that to which the lines inside of them lead.

    Parameters
    ----------
    pixels : array
        ``(height, width)`` or ``(height, width, 3)``, of which green counts; calibrated or not, no NaN. Unchanged.
    pitch : int
        Distance of the next pixel of the same colour: 2 on a CFA, else 1 (px).

    Returns
    -------
    Rim
        At most `MOST_PX` wide at each side; nothing of a frame of less than `LEAST_SIDE_PX`.
    """
    plane = pixels if pixels.ndim == 2 else pixels[:, :, 1]
    if min(plane.shape) < LEAST_SIDE_PX:
        return Rim()
    sides = plane, plane[::-1], plane.T, plane.T[::-1]
    return Rim(*(_depth(lines[: MOST_PX + INSIDE_PX], pitch) for lines in sides))


def _depth(lines: PixelArray, pitch: int) -> int:
    """How many of the lines, the outermost first, are wrong."""
    step = pitch * max(1, lines.shape[1] // (pitch * SAMPLES))
    colours = [lines[:, phase::step].astype(np.float64) for phase in range(pitch)]
    steps = [np.diff(colour[MOST_PX::NOISE_EVERY], axis=1) for colour in colours]
    sigma = sigma_of_deviations(np.concatenate(steps)) / np.sqrt(2)
    levels = np.mean([_levels(colour, sigma) for colour in colours], axis=0)
    off, scatter = np.zeros(len(levels)), 0.0
    for phase in range(pitch):
        off[phase::pitch], one_scatter = _off_trend(levels[phase::pitch], MOST_PX // pitch)
        scatter = max(scatter, one_scatter)
    wrong = np.abs(off[:MOST_PX]) > max(LEAST_SIGMA * sigma, LEAST_SCATTER * scatter, ROUNDING * np.abs(levels).max())
    return int(np.flatnonzero(wrong).max(initial=-1)) + 1


def _levels(lines: DoubleArray, sigma: float) -> DoubleArray:
    """Mean of each line without its stars."""
    middle = np.median(lines, axis=1, keepdims=True)
    clipped = np.clip(lines, middle - CLIP_SIGMA * sigma, middle + CLIP_SIGMA * sigma)
    return np.asarray(clipped.mean(axis=1))


def _off_trend(levels: DoubleArray, n_rim: int) -> tuple[DoubleArray, float]:
    """Return how far each level is from the line through those behind the first `n_rim`, and the scatter of these."""
    places = np.arange(len(levels))
    slope, start = np.polyfit(places[n_rim:], levels[n_rim:], 1)
    off = levels - (slope * places + start)
    return off, sigma_of_deviations(off[n_rim:])
