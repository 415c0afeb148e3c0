"""The picture of the stack as a JPEG file: many times faster than PNG, for those who look on live."""

from __future__ import annotations

from pathlib import Path

import cv2

from indistack.errors import SinkError
from indistack.sinks.base import SINKS, Snapshot
from indistack.sinks.labels import exif, labels_of
from indistack.system.atomic import atomic_file

QUALITY = 90
"""Of 100: nobody sees the loss."""

SIGNATURE_BYTES = 2
"""Before the first segment."""


@SINKS.register("jpeg")
class JpegSink:
    """8-bit picture for people, sRGB, with target, subs, exposure and date as Exif."""

    suffix = ".jpg"
    needs_preview = True

    def write(self, path: Path, snapshot: Snapshot) -> None:
        """See `indistack.sinks.base.Sink`."""
        if snapshot.preview is None:
            raise SinkError(f"{path}: no picture was rendered")
        pixels = snapshot.preview.pixels
        pixels = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
        done, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        if not done:
            raise SinkError(f"{path}: the picture cannot be encoded")
        encoded = data.tobytes()
        with atomic_file(path) as file:
            file.write(encoded[:SIGNATURE_BYTES] + exif(labels_of(snapshot.cards)) + encoded[SIGNATURE_BYTES:])
