"""The linear stack as a FITS file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from indistack.atomic import atomic_file
from indistack.fits_header import BLOCK, header_bytes
from indistack.frame import Integration
from indistack.sinks.base import SINKS, Snapshot

STRIP_ROWS = 64


@SINKS.register("fits")
class FitsSink:
    """float32, linear, rows as in the reference, colour as three planes R, G, B, NaN where nothing covers."""

    suffix = ".fits"
    needs_preview = False

    def write(self, path: Path, snapshot: Snapshot) -> None:
        """See `indistack.sinks.base.Sink`."""
        stack = snapshot.integration
        height, width = stack.weight.shape
        planes = stack.pixels.shape[2] if stack.pixels.ndim == 3 else 1
        shape = (planes, height, width) if planes > 1 else (height, width)
        with atomic_file(path) as file:
            file.write(header_bytes(snapshot.cards, -32, shape))
            for plane in range(planes):
                for top in range(0, height, STRIP_ROWS):
                    file.write(_strip(stack, plane, slice(top, top + STRIP_ROWS)).tobytes())
            file.write(bytes(-(planes * height * width * 4) % BLOCK))


def _strip(stack: Integration, plane: int, rows: slice) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    pixels = stack.pixels[rows] if stack.pixels.ndim == 2 else stack.pixels[rows, :, plane]
    return np.where(stack.weight[rows] > 0, pixels, np.float32(np.nan)).astype(">f4")
