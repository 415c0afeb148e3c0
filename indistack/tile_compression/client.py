"""The agent's end of the processes that undo tile compression."""

from __future__ import annotations

import sys

from indistack.system.helpers import Helpers
from indistack.values.frame import PixelArray

WORKER = (sys.executable, "-P", "-m", "indistack.tile_compression.worker")

SPARE_BYTES, SPARE_PER_BYTE, SPARE_PER_PIXEL = 100_000_000, 4, 24
"""Memory that it may take: for any file, for each of its bytes and of its pixels. A tile of gzip may claim any length,
and astropy believes it."""


class TileReader(Helpers):
    """Processes of astropy."""

    def __init__(self, worker: tuple[str, ...] = WORKER) -> None:
        super().__init__("tile compression", worker)

    def read(self, file: bytes, pixels: int) -> PixelArray:
        """Return the pixels of the first extension.

        Parameters
        ----------
        file : bytes
            A FITS file of a primary header and a table.
        pixels : int
            How many it should have.

        Raises
        ------
        DecodeError
            `too_large`; `damaged`, also when the process dies of the file or takes too long.
        """
        spare_bytes = SPARE_BYTES + SPARE_PER_BYTE * len(file) + SPARE_PER_PIXEL * pixels
        return self.ask({"spare_bytes": spare_bytes}, memoryview(file))[1]
