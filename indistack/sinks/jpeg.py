"""The picture of the stack as a JPEG file: many times faster than PNG, for those who look on live."""

from __future__ import annotations

from pathlib import Path

import cv2

from indistack.errors import SinkError
from indistack.sinks.base import SINKS, Snapshot
from indistack.sinks.labels import exif, labels_of
from indistack.system.atomic import atomic_file
from indistack.values.frame import PixelArray

QUALITY = 90
"""Of 100: nobody sees the loss."""

SIGNATURE_BYTES = 2
"""Before the first segment."""


@SINKS.register("jpeg")
class JpegSink:
    """8-bit picture for people, sRGB, with target, subs, exposure and date as Exif."""

    suffix = ".jpg"
    needs_preview = True
    needs_fine = False

    def write(self, path: Path, snapshot: Snapshot) -> None:
        """See `indistack.sinks.base.Sink`."""
        if snapshot.preview is None:
            raise SinkError(f"{path}: no picture was rendered")
        data = encoded(snapshot.preview.pixels, QUALITY)
        with atomic_file(path) as file:
            file.write(data[:SIGNATURE_BYTES] + exif(labels_of(snapshot.cards)) + data[SIGNATURE_BYTES:])


def encoded(pixels: PixelArray, quality: int) -> bytes:
    """Return a picture as a JPEG file's bytes.

    Parameters
    ----------
    pixels : array
        ``(h, w)`` or ``(h, w, 3)`` uint8, RGB.
    quality : int
        Of 100.

    Raises
    ------
    SinkError
        It is too large for that.
    """
    ordered = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    try:
        _, data = cv2.imencode(".jpg", ordered, [cv2.IMWRITE_JPEG_QUALITY, quality])
    except cv2.error as error:
        raise SinkError(f"a picture of {pixels.shape[1]} x {pixels.shape[0]} pixels cannot be a JPEG") from error
    return data.tobytes()
