"""From a stack to a picture: bin, apply the operators, turn the right way up, round to 8 bits."""

from __future__ import annotations

import math

import cv2
import numpy as np

from indistack.enhance.base import OPERATORS, PictureSettings
from indistack.frame import FloatArray, Integration, PixelArray, Preview


def render(stack: Integration, bottom_up: bool, settings: PictureSettings, orientation: int = 1) -> Preview:
    """Make a picture of a stack.

    Parameters
    ----------
    stack : Integration
        Pixels with weight 0 become black and enter no statistic.
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
    picture = _binned(stack, settings.max_side_px)
    for name in settings.operators:
        picture = OPERATORS.get(name)()(picture)
    picture = np.nan_to_num(picture, nan=0.0)
    eight_bit = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    upright = _upright(eight_bit[::-1] if bottom_up else eight_bit, orientation)
    return Preview(np.ascontiguousarray(upright), " > ".join(settings.operators))


def _upright(picture: PixelArray, orientation: int) -> PixelArray:
    """Turn and mirror a picture so that its EXIF orientation becomes 1."""
    if orientation >= 5:
        picture = picture.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        picture = picture[:, ::-1]
    return picture[::-1] if orientation in (3, 4, 7, 8) else picture


def _binned(stack: Integration, max_side_px: int) -> FloatArray:
    """Block means of the covered pixels, NaN where a block has none."""
    covered = (stack.weight > 0).astype(np.float32)
    height, width = covered.shape
    factor = math.ceil(max(height, width) / max_side_px) if max_side_px else 1
    if factor == 1:
        picture: FloatArray = stack.pixels.copy()
        picture[stack.weight <= 0] = np.nan
        return picture
    size = (max(1, width // factor), max(1, height // factor))
    rows, cols = size[1] * factor, size[0] * factor
    share = cv2.resize(covered[:rows, :cols], size, interpolation=cv2.INTER_AREA)
    # an uncovered pixel holds 0, so the block's mean over its share is the mean of the covered ones
    mean = cv2.resize(stack.pixels[:rows, :cols], size, interpolation=cv2.INTER_AREA)
    share = np.where(share > 0, share, np.nan)
    binned: FloatArray = (mean / (share[..., np.newaxis] if mean.ndim == 3 else share)).astype(np.float32)
    return binned
