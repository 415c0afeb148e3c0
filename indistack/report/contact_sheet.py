"""All subs that were left out on one picture: each small, with its number or name and the reason."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from indistack.errors import IndistackError
from indistack.picture.captions import FONT, plain
from indistack.picture.picture_file import fitted
from indistack.values.frame import PixelArray

CELL_PX, PICTURE_PX = (320, 300), (304, 228)
"""Width and height of a cell, and of the picture in it."""

COLUMNS, LINE_PX, LETTERS, WHY_LINES = 4, 18, 44, 2
"""Cells beside each other; height of a line of text; letters in one; lines that a reason takes at most."""

MOST = 400
"""Cells of a sheet: JPEG and WebP have an end, and so has patience."""

INK, DIM, PAPER = 235, 150, 22
"""Grey of titles, of reasons, and of what is between the pictures."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A sub that is not in the stack.

    Attributes
    ----------
    title : str
        Its number, its file, or both.
    why : str
        The reason, in words.
    picture : array or None
        ``(h, w)`` or ``(h, w, 3)`` uint8, RGB; None where it cannot be shown.
    """

    title: str
    why: str
    picture: PixelArray | None


def sheet(subs: Sequence[LeftOut]) -> PixelArray:
    """Return a contact sheet: ``(h, w, 3)`` uint8, RGB; of more than `MOST` subs the last ones.

    Raises
    ------
    IndistackError
        There is none to show.
    """
    if not subs:
        raise IndistackError("no sub was left out: there is no sheet to make")
    shown = subs[-MOST:]
    columns = min(COLUMNS, len(shown))
    rows = -(-len(shown) // columns)
    result = np.full((rows * CELL_PX[1], columns * CELL_PX[0], 3), PAPER, np.uint8)
    for place, sub in enumerate(shown):
        top, left = place // columns * CELL_PX[1], place % columns * CELL_PX[0]
        _draw(result[top : top + CELL_PX[1], left : left + CELL_PX[0]], sub)
    return result


def _draw(cell: PixelArray, sub: LeftOut) -> None:
    """Draw a sub into its cell: the picture whole, below it the title and the reason."""
    left, below = (CELL_PX[0] - PICTURE_PX[0]) // 2, PICTURE_PX[1] + 8
    if sub.picture is None:
        _write(cell, "no picture", (left + 100, PICTURE_PX[1] // 2), DIM)
    else:
        pixels = fitted(sub.picture, *PICTURE_PX)
        top, inset = (8 + PICTURE_PX[1] - pixels.shape[0], (CELL_PX[0] - pixels.shape[1]) // 2)
        cell[top : top + pixels.shape[0], inset : inset + pixels.shape[1]] = (
            pixels if pixels.ndim == 3 else pixels[..., np.newaxis]
        )
    lines = textwrap.wrap(sub.why, LETTERS, max_lines=WHY_LINES, placeholder=" ...")
    _write(cell, _shortened(sub.title), (left, below + LINE_PX - 4), INK)
    for number, line in enumerate(lines, 2):
        _write(cell, line, (left, below + number * LINE_PX - 4), DIM)


def _shortened(title: str) -> str:
    """Cut a long title in its middle: the names of a night's files differ at their ends."""
    end = (LETTERS - 5) // 2
    return title if len(title) <= LETTERS else f"{title[: LETTERS - 5 - end]} ... {title[-end:]}"


def _write(cell: PixelArray, text: str, at: tuple[int, int], grey: int) -> None:
    cv2.putText(cell, plain(text), at, FONT, 0.42, (grey, grey, grey), 1, cv2.LINE_AA)
