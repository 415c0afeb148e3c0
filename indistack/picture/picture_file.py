"""Pictures that lie on the disk as files for people: read, and scaled to a frame."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from indistack.errors import SinkError
from indistack.system.atomic import atomic_file
from indistack.system.ordinary_file import read_ordinary
from indistack.values.frame import PixelArray

SUFFIXES = (".jpg", ".png", ".webp")
"""Of the files that are written."""


def read_picture(path: Path) -> PixelArray | None:
    """Return a picture file's pixels, ``(h, w, 3)`` uint8, RGB; None where there is none or it is damaged."""
    try:
        data = np.frombuffer(read_ordinary(path), np.uint8)
    except OSError:
        return None
    pixels = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    return None if pixels is None else cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)


def require_form(path: Path) -> str:
    """Say what is wrong with a picture's suffix, "" where nothing is."""
    known = path.suffix.lower() in SUFFIXES
    return "" if known else f"{path}: such a picture is written as {', '.join(SUFFIXES)}, and not otherwise"


def write_picture(path: Path, pixels: PixelArray) -> None:
    """Write a picture, ``(h, w, 3)`` uint8, RGB; raise `SinkError` where it cannot be written."""
    try:
        _, data = cv2.imencode(path.suffix.lower(), cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    except cv2.error as error:
        height, width = pixels.shape[:2]
        raise SinkError(f"{path}: a picture of {width} x {height} pixels cannot be written as that") from error
    with atomic_file(path) as file:
        file.write(data.tobytes())


def fitted(pixels: PixelArray, width: int, height: int) -> PixelArray:
    """Return a picture scaled so that it fills a frame on one side, and is within it on the other."""
    share = min(width / pixels.shape[1], height / pixels.shape[0])
    size = max(1, round(pixels.shape[1] * share)), max(1, round(pixels.shape[0] * share))
    scaled: PixelArray = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if share < 1 else cv2.INTER_LINEAR)
    return scaled
