"""What may be odd about one sub: pixels in, pixels out."""

from __future__ import annotations

from collections.abc import Callable

import cv2
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


def _noise_adu(pixels: Pixels) -> float:
    return float(1.4826 * np.median(np.abs(pixels - np.median(pixels))))


def defocused(pixels: Pixels, pedestal: float) -> Pixels:
    """Stars are rings, 22 px wide."""
    away = np.hypot(*np.mgrid[-12:13, -12:13])
    ring = ((away >= 4) & (away <= 11)).astype(float)
    sky = np.median(pixels)
    noise = np.random.default_rng(5).normal(0, _noise_adu(pixels), pixels.shape)
    return np.asarray(cv2.filter2D(pixels - sky, -1, ring / ring.sum()) + sky + noise).clip(0, 65535)


def shaken(pixels: Pixels, pedestal: float) -> Pixels:
    """Somebody has hit the mount: every star is a zigzag."""
    sky, ways = np.median(pixels), ((0, 0), (2, 6), (4, 12), (10, 12), (16, 12))
    light = np.mean([np.roll(pixels - sky, way, (0, 1)) for way in ways], axis=0)
    return np.asarray(sky + light + np.random.default_rng(6).normal(0, _noise_adu(pixels), pixels.shape)).clip(0, 65535)


def upside_down(pixels: Pixels, pedestal: float) -> Pixels:
    """Turned by 180 degrees, as after a meridian flip."""
    return pixels[::-1, ::-1].copy()


def mirrored_rows(pixels: Pixels, pedestal: float) -> Pixels:
    return pixels[::-1].copy()


def halves_exchanged(pixels: Pixels, pedestal: float) -> Pixels:
    return np.roll(pixels, pixels.shape[1] // 4 * 2, axis=1)


def binned(pixels: Pixels, pedestal: float) -> Pixels:
    """2 x 2 pixels are one, in a frame as large as the others."""
    cells = pixels.reshape(len(pixels) // 2, 2, -1, 2).mean(axis=(1, 3))
    return cells.repeat(2, axis=0).repeat(2, axis=1)


def exposed_twice_as_long(pixels: Pixels, pedestal: float) -> Pixels:
    """And the header does not say so."""
    return np.minimum((pixels - pedestal) * 2.0 + pedestal, 65535)


def of_four_times_the_gain(pixels: Pixels, pedestal: float) -> Pixels:
    return np.minimum((pixels - pedestal) * 4.0 + pedestal, 65535)


def behind_a_tree(pixels: Pixels, pedestal: float) -> Pixels:
    hidden = pixels[:, : pixels.shape[1] // 3]
    hidden[:] = pedestal + 0.2 * (hidden - pedestal)
    return pixels


def behind_the_roof(pixels: Pixels, pedestal: float) -> Pixels:
    """Nothing is seen below a line that leans."""
    y, x = np.indices(pixels.shape)
    hidden = y > 0.5 * len(pixels) + 0.1 * x
    noise = np.random.default_rng(7).normal(0, 3, pixels.shape)
    return np.where(hidden, np.maximum(pedestal + noise, 0), pixels)


def crossed_by_a_satellite(pixels: Pixels, pedestal: float) -> Pixels:
    y = np.arange(len(pixels))
    for x in range(3):
        pixels[y, 40 + x + (1.1 * y).astype(int)] += 900
    return np.minimum(pixels, 65535)


def crossed_by_a_plane(pixels: Pixels, pedestal: float) -> Pixels:
    """Two trails, and lights that flash."""
    for x in range(0, pixels.shape[1], 2):
        y = int(60 + 0.3 * x)
        pixels[y : y + 4, x : x + 2] += 400
        if x % 40 == 0:
            pixels[y - 6 : y + 10, x : x + 12] += 8000
    return np.minimum(pixels, 65535)


def salted(pixels: Pixels, pedestal: float) -> Pixels:
    pixels[np.random.default_rng(8).random(pixels.shape) < 0.02] = 65535
    return pixels


FOUND_OUT = (
    black_in_part, white_block, clipped, three_times_as_bright, less_bright, smoothed, behind_clouds, a_part_aside,
    a_row_repeated, beside_the_moon, inverted, defocused, shaken, mirrored_rows, exposed_twice_as_long,
    of_four_times_the_gain, behind_the_roof,
)  # fmt: skip
HARMLESS = (
    upside_down, halves_exchanged, binned, behind_a_tree, crossed_by_a_satellite, crossed_by_a_plane, salted,
)  # fmt: skip
"""What may count like the others without a word: it is put right, or spoils no more than a few of its pixels."""

SPOILERS = {one.__name__: one for one in (*FOUND_OUT, *HARMLESS)}
MOVED = {one.__name__: one for one in (a_column_later, a_cell_later)}
REPEATED = "repeated"
