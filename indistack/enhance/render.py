"""From a stack to a picture: bin, apply the operators, turn the right way up, round to 8 bits."""

from __future__ import annotations

import numpy as np

from indistack.enhance.base import PictureSettings, operator_of
from indistack.picture.integration import Preview
from indistack.picture.linear import LinearPicture, binning_for
from indistack.values.frame import PixelArray


def render(stack: LinearPicture, bottom_up: bool, settings: PictureSettings, orientation: int = 1) -> Preview:
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

    Returns
    -------
    Preview
        uint8, grey or RGB.
    """
    picture = stack.binned(binning_for(stack.shape, settings.max_side_px))
    for word in settings.operators:
        picture = operator_of(word)(picture)
    picture = np.nan_to_num(picture, nan=0.0)
    eight_bit = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    upright = _upright(eight_bit[::-1] if bottom_up else eight_bit, orientation)
    return Preview(np.ascontiguousarray(upright))


def _upright(picture: PixelArray, orientation: int) -> PixelArray:
    """Turn and mirror a picture so that its EXIF orientation becomes 1."""
    if orientation >= 5:
        picture = picture.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        picture = picture[:, ::-1]
    return picture[::-1] if orientation in (3, 4, 7, 8) else picture
