"""Letters on pictures: light ones, on a soft shade."""

from __future__ import annotations

import unicodedata

import cv2
import numpy as np
import numpy.typing as npt

from indistack.values.frame import PixelArray

FONT = cv2.FONT_HERSHEY_SIMPLEX
CAPITAL_PX = 21.0
"""Height of its capitals at scale 1."""

TEXT, TITLE, LEAST_PX = 0.018, 1.5, 9
"""Height of the letters as a share of the shorter side; of the title, in those; and the least of all (px)."""

WIDEST = 0.6
"""Share of the picture's width that a line takes at most."""

INK, SHADE = 0.9, 0.7
"""Brightness of the letters; share of the light that the shade around them takes."""

Ink = npt.NDArray[np.uint8]


def captioned(pixels: PixelArray, line: str) -> PixelArray:
    """Return a picture with a line at its lower left.

    Parameters
    ----------
    pixels : array
        ``(h, w)`` or ``(h, w, 3)`` uint8 or uint16; unchanged.
    line : str
        What to write; letters that the font does not have are left out.
    """
    height, width = pixels.shape[:2]
    ink, letter_px = np.zeros((height, width), np.uint8), letters_of((height, width))
    write(ink, plain(line), (2 * letter_px, height - 2 * letter_px), letter_px)
    return inked(pixels, ink, letter_px)


def letters_of(shape: tuple[int, ...]) -> int:
    """Return how high letters are on a picture (px)."""
    return max(LEAST_PX, round(TEXT * min(shape[:2])))


def plain(text: str) -> str:
    """Return a text in the letters that the font has."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def write(ink: Ink, text: str, at: tuple[int, int], letter_px: float, align: float = 0.0) -> tuple[int, int]:
    """Write a line from its base's left end on, or so much of its width further left; return its width and height."""
    scale, thickness = _scaled(ink, text, letter_px)
    width, height = extent_of(ink, text, letter_px)
    cv2.putText(ink, text, (at[0] - round(align * width), at[1]), FONT, scale, 255, thickness, cv2.LINE_AA)
    return width, height


def extent_of(ink: Ink, text: str, letter_px: float) -> tuple[int, int]:
    """Return width and height of a line as it would be written (px)."""
    (width, height), _ = cv2.getTextSize(text, FONT, *_scaled(ink, text, letter_px))
    return width, height


def _scaled(ink: Ink, text: str, letter_px: float) -> tuple[float, int]:
    """Return scale and thickness of a line's letters: smaller ones where it would be too wide."""
    scale = letter_px / CAPITAL_PX
    width = cv2.getTextSize(text, FONT, scale, 1)[0][0]
    scale *= min(1.0, WIDEST * ink.shape[1] / max(width, 1))
    return scale, max(1, round(scale * 1.5))


def inked(pixels: PixelArray, ink: Ink, letter_px: int) -> PixelArray:
    """Return a picture with light letters on a soft shade; only the rows that have some are worked on."""
    result = pixels.copy()
    reach = letter_px // 4 + 1
    rows = np.flatnonzero(cv2.dilate(ink.max(axis=1, keepdims=True), np.ones((6 * reach + 1, 1), np.uint8)))
    if len(rows) == 0:
        return result
    letters = ink[rows].astype(np.float32) / 255
    shade = np.minimum(cv2.GaussianBlur(letters, (0, 0), reach) * 4, 1) * SHADE
    if pixels.ndim == 3:
        letters, shade = letters[..., np.newaxis], shade[..., np.newaxis]
    full = np.float32(np.iinfo(pixels.dtype).max)
    shown = pixels[rows] * (1 - shade) * (1 - letters) + INK * full * letters
    result[rows] = np.rint(shown).astype(pixels.dtype)
    return result
