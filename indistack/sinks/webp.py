"""The picture of the stack as a WebP file: somewhat smaller than a JPEG, for pages and phones."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2

from indistack.errors import SinkError
from indistack.sinks.base import SINKS, Snapshot
from indistack.sinks.labels import exif_block, labels_of
from indistack.sinks.xmp import packet
from indistack.system.atomic import atomic_file

QUALITY, MOST_PX = 90, 16383
"""Of 100: nobody sees the loss. Longer sides cannot be written."""

HAS_EXIF, HAS_XMP = 0x08, 0x04
"""Flags of the extended header; see the WebP container specification."""

RIFF_BYTES = 12
"""Before the first chunk."""


@SINKS.register("webp")
class WebpSink:
    """8-bit picture for people, somewhat smaller than a JPEG, with target, subs, exposure and date as Exif and XMP."""

    suffix = ".webp"
    needs_preview = True
    bits: tuple[int, ...] = (8,)

    def write(self, path: Path, snapshot: Snapshot) -> None:
        """See `indistack.sinks.base.Sink`."""
        if snapshot.preview is None:
            raise SinkError(f"{path}: no picture was rendered")
        pixels = snapshot.preview.pixels
        if max(pixels.shape[:2]) > MOST_PX:
            raise SinkError(
                f"{path}: a WebP file has at most {MOST_PX} pixels a side; picture.max_side_px makes it smaller"
            )
        turned = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR if pixels.ndim == 2 else cv2.COLOR_RGB2BGR)
        done, data = cv2.imencode(".webp", turned, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])
        if not done:
            raise SinkError(f"{path}: the picture cannot be encoded")
        height, width = pixels.shape[:2]
        extended = (
            struct.pack("<I", HAS_EXIF | HAS_XMP)
            + (width - 1).to_bytes(3, "little")
            + (height - 1).to_bytes(3, "little")
        )
        body = _chunk(b"VP8X", extended) + data.tobytes()[RIFF_BYTES:]
        labels = labels_of(snapshot.cards)
        body += _chunk(b"EXIF", exif_block(labels)) + _chunk(b"XMP ", packet(labels))
        with atomic_file(path) as file:
            file.write(_chunk(b"RIFF", b"WEBP" + body))


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)
