"""From a stack to a picture: bin, crop, apply the operators, turn the right way up, round to 8 bits."""

from __future__ import annotations

import cv2
import numpy as np

from indistack.enhance.base import PictureSettings, operator_of
from indistack.enhance.looks import AUTO, LOOKS
from indistack.enhance.scene import scene_of
from indistack.enhance.strips import strips
from indistack.picture.crop import WHOLE, Part
from indistack.picture.integration import Preview
from indistack.picture.linear import LinearPicture, binning_for
from indistack.values.frame import FloatArray, PixelArray


def render(
    stack: LinearPicture,
    bottom_up: bool,
    settings: PictureSettings,
    orientation: int = 1,
    shown: Part = WHOLE,
    false_colours: bool = False,
) -> Preview:
    """Make a picture of a stack.

    Parameters
    ----------
    stack : LinearPicture
        Pixels that are not covered become black and enter no statistic.
    bottom_up : bool
        The stack's first row is the bottom of the picture.
    settings : PictureSettings
        Operators and size.
    orientation : int
        EXIF: how the camera was held.
    shown : Part
        What the picture shows; the rest enters no statistic.
    false_colours : bool
        The colours stand for something else than colours: none is made white.

    Returns
    -------
    Preview
        uint8, grey or RGB.
    """
    picture = shown.of(stack.binned(binning_for(stack.shape, settings.max_side_px)))
    for word in words_for(settings, picture):
        operator = operator_of(word)
        if not (false_colours and operator.balances_colour):
            picture = operator(picture)
    eight_bit = np.empty(picture.shape, np.uint8)
    for rows in strips(picture):  # NaN becomes 0
        eight_bit[rows] = cv2.addWeighted(picture[rows], 255, picture[rows], 0, 0, dtype=cv2.CV_8U)
    upright = _upright(eight_bit[::-1] if bottom_up else eight_bit, orientation)
    return Preview(np.ascontiguousarray(upright))


def words_for(settings: PictureSettings, picture: FloatArray) -> list[str]:
    """Return the operators that make a picture, looks taken apart.

    Parameters
    ----------
    settings : PictureSettings
        What is wanted.
    picture : array
        ``(h, w)`` or ``(h, w, 3)`` float32, linear; looked at where the look is to suit it.
    """
    words: list[str] = []
    for word in settings.operators:
        look = scene_of(picture) if word == AUTO else word
        words += settings.looks.get(look, LOOKS.get(look, (word,)))
    return words


def _upright(picture: PixelArray, orientation: int) -> PixelArray:
    """Turn and mirror a picture so that its EXIF orientation becomes 1."""
    if orientation >= 5:
        picture = picture.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        picture = picture[:, ::-1]
    return picture[::-1] if orientation in (3, 4, 7, 8) else picture
