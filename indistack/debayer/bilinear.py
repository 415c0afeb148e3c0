"""Bilinear debayering."""

from __future__ import annotations

from indistack.debayer.base import DEBAYERS, demosaic
from indistack.values.frame import CfaPattern, PixelArray


@DEBAYERS.register("bilinear")
class Bilinear:
    """Mean of the nearest same-colour pixels: fast, no artefacts."""

    margin_px = 1
    shrink = 1
    takes_floats = False

    def __call__(self, box: PixelArray, cfa: CfaPattern, out: PixelArray | None = None) -> PixelArray:
        """See `indistack.raster.interpolation.Debayer`."""
        return demosaic(box, cfa, "", out)
