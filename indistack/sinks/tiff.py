"""The picture of the stack as a TIFF file of 16 bits, for those who go on with it in another program."""

from __future__ import annotations

import sys
from pathlib import Path

from indistack.errors import SinkError
from indistack.sinks.base import SINKS, Snapshot
from indistack.sinks.labels import labels_of, tiff_head
from indistack.system.atomic import atomic_file


@SINKS.register("tiff")
class TiffSink:
    """16-bit picture for people, not compressed, with target, subs, exposure and date as text."""

    suffix = ".tif"
    needs_preview = True
    bits: tuple[int, ...] = (16,)

    def write(self, path: Path, snapshot: Snapshot) -> None:
        """See `indistack.sinks.base.Sink`."""
        pixels = snapshot.preview.fine if snapshot.preview is not None else None
        if pixels is None:
            raise SinkError(f"{path}: no picture of 16 bits was rendered")
        if sys.byteorder == "big":  # the head says little-endian
            pixels = pixels.byteswap()
        with atomic_file(path) as file:
            file.write(tiff_head(labels_of(snapshot.cards), pixels.shape))
            file.write(pixels.tobytes())
