"""What may be odd about one sub: pixels in, pixels out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.float64]
Spoiler = Callable[[Pixels, float], Pixels]


def black_in_part(pixels: Pixels, pedestal: float) -> Pixels:
    pixels[int(0.4 * len(pixels)) :] = 0
    return pixels


def white_block(pixels: Pixels, pedestal: float) -> Pixels:
    pixels[60:160, 90:200] = 65535
    return pixels


def clipped(pixels: Pixels, pedestal: float) -> Pixels:
    return np.maximum(pixels - np.median(pixels) - 20, 0)


def three_times_as_bright(pixels: Pixels, pedestal: float) -> Pixels:
    return np.minimum((pixels - pedestal) * 3.0 + pedestal, 65535)


def less_bright(pixels: Pixels, pedestal: float) -> Pixels:
    return (pixels - pedestal) * 0.3 + pedestal


def smoothed(pixels: Pixels, pedestal: float) -> Pixels:
    """As a denoiser would, each colour of a mosaic by itself."""
    around = [np.roll(pixels, (2 * y, 2 * x), (0, 1)) for y in (-1, 0, 1) for x in (-1, 0, 1)]
    return np.mean(around, axis=0)


def behind_clouds(pixels: Pixels, pedestal: float) -> Pixels:
    """A fifth of the light, of a sky that is lit from one side."""
    sky = np.median(pixels)
    noise = np.random.default_rng(3).normal(0, 1.4 * np.median(np.abs(pixels - sky)), pixels.shape)
    lit: Pixels = 0.2 * (pixels - sky) + 1.3 * sky + noise + np.linspace(0, 60, pixels.shape[1])
    return lit.clip(0, 65535)


def a_column_later(pixels: Pixels, pedestal: float) -> Pixels:
    """The mosaic lies elsewhere than the header says."""
    return np.roll(pixels, 1, axis=1)


def a_cell_later(pixels: Pixels, pedestal: float) -> Pixels:
    return np.roll(pixels, (1, 1), (0, 1))


def a_part_aside(pixels: Pixels, pedestal: float) -> Pixels:
    """The upper half lies 40 px beside where it belongs."""
    half = len(pixels) // 4 * 2
    pixels[:half] = np.roll(pixels[:half], 40, axis=1)
    return pixels


def a_row_repeated(pixels: Pixels, pedestal: float) -> Pixels:
    """The reading stopped, and the last rows come again and again."""
    pixels[100:] = np.tile(pixels[98:100], (len(pixels) // 2, 1))[: len(pixels) - 100]
    return pixels


def beside_the_moon(pixels: Pixels, pedestal: float) -> Pixels:
    y, x = np.indices(pixels.shape)
    return np.minimum(pixels + 90000 * np.exp(-np.hypot(x - 20, y - 30) / 60), 65535)


def inverted(pixels: Pixels, pedestal: float) -> Pixels:
    return np.maximum(2 * np.median(pixels) - pixels, 0)


SPOILERS = {
    one.__name__: one
    for one in (
        black_in_part, white_block, clipped, three_times_as_bright, less_bright, smoothed, behind_clouds, a_part_aside,
        a_row_repeated, beside_the_moon, inverted,
    )
}  # fmt: skip
MOVED = {one.__name__: one for one in (a_column_later, a_cell_later)}
REPEATED = "repeated"
