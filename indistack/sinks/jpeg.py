"""The picture of the stack as a JPEG file: many times faster than PNG, for those who look on live."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from indistack.errors import SinkError
from indistack.sinks.base import SINKS, Snapshot
from indistack.sinks.labels import exif, labels_of
from indistack.sinks.xmp import jpeg_segment
from indistack.system.atomic import atomic_file
from indistack.values.frame import PixelArray

QUALITY = 90
"""Of 100: nobody sees the loss."""

SIGNATURE_BYTES = 2
"""Before the first segment."""

CUT_PX = 512
"""At most so far apart are the places in a row of a picture where it can be cut."""


@SINKS.register("jpeg")
class JpegSink:
    """8-bit picture for people, sRGB, with target, subs, exposure and date as Exif and XMP."""

    suffix = ".jpg"
    needs_preview = True
    bits: tuple[int, ...] = (8,)

    def write(self, path: Path, snapshot: Snapshot) -> None:
        """See `indistack.sinks.base.Sink`."""
        if snapshot.preview is None:
            raise SinkError(f"{path}: no picture was rendered")
        pixels = snapshot.preview.pixels
        data = encoded(pixels, QUALITY, restart_blocks(pixels.shape))
        labels = labels_of(snapshot.cards)
        with atomic_file(path) as file:
            file.write(data[:SIGNATURE_BYTES] + exif(labels) + jpeg_segment(labels) + data[SIGNATURE_BYTES:])


def restart_blocks(shape: tuple[int, ...]) -> int:
    """Return how many blocks may stand between restart markers so that every row of blocks begins with one.

    Between two markers a JPEG stands for itself: the page cuts tiles out of a large picture there without decoding it.
    They take 1.5 % of the file where every fourth block has one, and less where they are further apart.

    Parameters
    ----------
    shape : tuple of int
        Of the picture: colours have blocks of 16 pixels, grey ones of 8.
    """
    block_px = 16 if len(shape) == 3 else 8
    in_a_row = -(-shape[1] // block_px)
    return next(blocks for blocks in range(CUT_PX // block_px, 0, -1) if in_a_row % blocks == 0)


def encoded(pixels: PixelArray, quality: int, restart: int = 0) -> bytes:
    """Return a picture as a JPEG file's bytes.

    Parameters
    ----------
    pixels : array
        ``(h, w)`` or ``(h, w, 3)`` uint8, RGB.
    quality : int
        Of 100.
    restart : int
        Blocks between restart markers; 0: there are none.

    Raises
    ------
    SinkError
        It is too large for that.
    """
    ordered = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    try:
        _, data = cv2.imencode(
            ".jpg", ordered, [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_RST_INTERVAL, restart]
        )
    except cv2.error as error:
        raise SinkError(f"a picture of {pixels.shape[1]} x {pixels.shape[0]} pixels cannot be a JPEG") from error
    return data.tobytes()


def encoded_within(pixels: PixelArray, qualities: Sequence[int], most_bytes: int) -> bytes:
    """Return a picture as a JPEG file of at most so many bytes: coarser, or else smaller, where it has to be.

    Parameters
    ----------
    pixels : array
        ``(h, w)`` or ``(h, w, 3)`` uint8, RGB; unchanged.
    qualities : sequence of int
        Of 100, the best first: the first with which it is small enough is taken.
    most_bytes : int
        Of the file.

    Raises
    ------
    SinkError
        It is too large, or not even one of a few pixels is that small.
    """
    while min(pixels.shape[:2]) > 1:
        for quality in qualities:
            data = encoded(pixels, quality)
            if len(data) <= most_bytes:
                return data
        pixels = np.asarray(cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
    raise SinkError(f"no picture has at most {most_bytes} bytes")
