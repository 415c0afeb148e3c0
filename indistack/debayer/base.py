"""The slot's registry, its settings, and the one call to OpenCV that its members share."""

from __future__ import annotations

from typing import Annotated

import cv2
import numpy as np

from indistack.raster.interpolation import Debayer
from indistack.registry import Registry
from indistack.settings import Settings
from indistack.values.frame import CfaPattern, PixelArray

DEBAYERS: Registry[Debayer] = Registry("debayer.method")


LEAST_SIDE_PX = 3
"""OpenCV gives zeros where a side is shorter."""

CELL_PX = 2
"""Side of the CFA's cell: so far around, pixels are mirrored without changing its phase."""


class DebayerSettings(Settings):
    """How colour is made from the CFA plane."""

    method: Annotated[str, DEBAYERS.choice()] = "malvar_half"
    """``superpixel`` halves the picture, of mono and RGB frames too, ``superpixel4`` makes a quarter of it; the others
    keep its size."""


def demosaic(box: PixelArray, cfa: CfaPattern, variant: str, out: PixelArray | None) -> PixelArray:
    """Run ``cv2.demosaicing`` on a uint8 or uint16 box; `variant` is the tail of OpenCV's name."""
    code: int = getattr(cv2, f"COLOR_Bayer{cfa}2RGB{variant}")
    if min(box.shape) >= LEAST_SIDE_PX:
        return np.asarray(cv2.demosaicing(box, code, dst=out))
    mirrored = cv2.copyMakeBorder(box, CELL_PX, CELL_PX, CELL_PX, CELL_PX, cv2.BORDER_REFLECT_101)
    inner: PixelArray = cv2.demosaicing(mirrored, code)[CELL_PX:-CELL_PX, CELL_PX:-CELL_PX]
    if out is None:
        return np.ascontiguousarray(inner)
    out[:] = inner
    return out
