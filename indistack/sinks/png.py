"""The stretched stack as a PNG file."""

from __future__ import annotations

from pathlib import Path

import cv2

from indistack.errors import SinkError
from indistack.sinks.base import SINKS, Snapshot
from indistack.sinks.labels import labels_of, png_chunk, png_chunks
from indistack.sinks.xmp import png_text
from indistack.system.atomic import atomic_file

COMPRESSION = 1
"""zlib level: on noise a higher one costs ten times the time for a few per cent."""

HEADER_BYTES = 8 + 25
"""Signature and IHDR."""


@SINKS.register("png")
class PngSink:
    """8-bit or 16-bit picture for people, sRGB, with target, subs, exposure and date as text and XMP."""

    suffix = ".png"
    needs_preview = True
    bits: tuple[int, ...] = (8, 16)

    def write(self, path: Path, snapshot: Snapshot) -> None:
        """See `indistack.sinks.base.Sink`."""
        preview = snapshot.preview
        if preview is None:
            raise SinkError(f"{path}: no picture was rendered")
        pixels = preview.fine if snapshot.bits == 16 else preview.pixels
        if pixels is None:
            raise SinkError(f"{path}: no picture of 16 bits was rendered")
        pixels = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
        done, data = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, COMPRESSION])
        if not done:
            raise SinkError(f"{path}: the picture cannot be encoded")
        labels, encoded = labels_of(snapshot.cards), data.tobytes()
        told = png_chunks(labels) + png_chunk(b"iTXt", png_text(labels))
        with atomic_file(path) as file:
            file.write(encoded[:HEADER_BYTES] + told + encoded[HEADER_BYTES:])
