"""The stack's picture inside the report's page."""

from __future__ import annotations

import base64
from pathlib import Path

import cv2
import numpy as np

from indistack.store.session_folders import SessionFolders
from indistack.system.ordinary_file import read_ordinary

NAME = "stack.png"

MAX_SIDE_PX, QUALITY = 1400, 85
"""A page that can be sent to a friend: some 200 kB."""


def picture_file(session: Path) -> Path | None:
    """Return the picture of a session, None where there is none: one that has not ended has it in the output folder."""
    output = session.parent.parent
    places = [session] if SessionFolders(output).open_one() != session else [output, session]
    return next((path for place in places if (path := place / NAME).is_file()), None)


def as_data(path: Path) -> str:
    """Return a picture file as a JPEG in a ``data:`` address, no larger than a screen; "" where it cannot be read."""
    try:
        data = np.frombuffer(read_ordinary(path), np.uint8)
    except OSError:
        return ""
    pixels = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if pixels is None:
        return ""
    share = MAX_SIDE_PX / max(pixels.shape[:2])
    if share < 1:
        pixels = cv2.resize(pixels, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    _, jpeg = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg.tobytes()).decode()}"
