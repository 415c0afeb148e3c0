"""``--click``: the boxes that subs are aligned by, marked in a window, as the numbers that could have been typed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from indistack.command_line.say import say
from indistack.decode import DecodeSettings, decode
from indistack.errors import FrameError, SettingsError
from indistack.output.sub_previews import glimpse_of, shown
from indistack.sources import read_blob
from indistack.values.frame import PixelArray, RawFrame

if TYPE_CHECKING:
    from indistack.command_line.click_window import Corners

PROMPTS = ("What to look for in every sub, tightly", "Where to look for it in every sub")
TYPED = "type --reference-box X,Y,R and --search-box X,Y,R instead"


def clicked_boxes(files: Sequence[Path], settings: DecodeSettings, gamma: float | None) -> list[list[float]]:
    """Return the reference box and the search box that a person marks in the first sub that can be read.

    Parameters
    ----------
    files : sequence of Path
        Subs.
    settings : DecodeSettings
        How they are read.
    gamma : float, optional
        Exponent that the picture's brightness from 0 to 1 is raised to: below 1 it is brighter.

    Returns
    -------
    list of list of float
        Middle x, y and half the side of each, in pixels of the sub as stored.

    Raises
    ------
    SettingsError
        There is no window, no sub to show in it, or it was closed.
    """
    try:
        import tkinter

        from indistack.command_line.click_window import ClickWindow
    except ImportError as error:
        raise SettingsError([f"--click: Python's tkinter is missing (Debian: python3-tk); {TYPED}"]) from error
    raw = _first(files, settings)
    try:
        boxes = ClickWindow(lambda side_px: _picture(raw, side_px, gamma), PROMPTS).run()
    except tkinter.TclError as error:
        raise SettingsError([f"--click: no window can be shown: {error}; {TYPED}"]) from error
    if len(boxes) < len(PROMPTS):
        raise SettingsError([f"--click: the window was closed before both boxes were marked; {TYPED}"])
    first, second = (_box(corners, raw) for corners in boxes)
    say(f"the same without clicks: --reference-box {_typed(first)} --search-box {_typed(second)}")
    return [first, second]


def _first(files: Sequence[Path], settings: DecodeSettings) -> RawFrame:
    """Return the first frame that can be read."""
    why = ""
    for path in files:
        try:
            return decode(read_blob(path, ""), settings)
        except FrameError as error:
            why = why or f"{path}: {error.detail}"
    raise SettingsError([f"--click: no sub can be shown: {why}"])


def _picture(raw: RawFrame, side_px: int, gamma: float | None) -> PixelArray:
    """Return a frame, as it is stored, as a picture of at most so many pixels."""
    glimpse = glimpse_of(raw, side_px)
    picture = shown(replace(glimpse, info=replace(glimpse.info, bottom_up=False, orientation=1)))
    if gamma is None:
        return picture
    bright: PixelArray = np.rint(255 * (picture / 255.0) ** gamma).astype(np.uint8)
    return bright


def _box(corners: Corners, raw: RawFrame) -> list[float]:
    """Return the middle and half the longer side of a box, whole pixels of the frame."""
    (left, top), (right, bottom) = (np.multiply(corner, (raw.width, raw.height)) - 0.5 for corner in corners)
    half = max(abs(right - left), abs(bottom - top)) / 2
    return [float(round((left + right) / 2)), float(round((top + bottom) / 2)), float(max(1, math.ceil(half)))]


def _typed(box: Sequence[float]) -> str:
    return ",".join(f"{value:g}" for value in box)
