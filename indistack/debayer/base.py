"""The slot's registry, its settings, and the one call to OpenCV that its members share."""

from __future__ import annotations

from typing import Annotated

import cv2

from indistack.raster.interpolation import Debayer
from indistack.registry import Registry
from indistack.settings import Settings
from indistack.values.frame import CfaPattern, PixelArray

DEBAYERS: Registry[Debayer] = Registry("debayer.method")


class DebayerSettings(Settings):
    """How colour is made from the CFA plane."""

    method: Annotated[str, DEBAYERS.choice()] = "malvar_half"
    """``superpixel`` halves the picture, of mono and RGB frames too, ``superpixel4`` makes a quarter of it; the others
    keep its size."""


def demosaic(box: PixelArray, cfa: CfaPattern, variant: str, out: PixelArray | None) -> PixelArray:
    """Run ``cv2.demosaicing`` on a uint8 or uint16 box; `variant` is the tail of OpenCV's name."""
    code: int = getattr(cv2, f"COLOR_Bayer{cfa}2RGB{variant}")
    rgb: PixelArray = cv2.demosaicing(box, code, dst=out)
    return rgb
