"""Edge-aware debayering."""

from __future__ import annotations

import numpy as np

from indistack.debayer.base import DEBAYERS, demosaic
from indistack.values.frame import CfaPattern, PixelArray


@DEBAYERS.register("edge_aware")
class EdgeAware:
    """Green interpolated along the weaker gradient: sharper edges, a little slower."""

    margin_px = 3
    shrink = 1
    takes_floats = False

    def __call__(self, box: PixelArray, cfa: CfaPattern, out: PixelArray | None = None) -> PixelArray:
        """See `indistack.raster.interpolation.Debayer`."""
        return demosaic(np.ascontiguousarray(box), cfa, "_EA", out)  # OpenCV misreads a part of a larger plane
