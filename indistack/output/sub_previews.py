"""A small picture of every sub as the camera took it, beside its session's ledger: for those who look on."""

from __future__ import annotations

import logging
import math
import threading
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from indistack.enhance import PictureFacts, PictureSettings, render
from indistack.errors import SinkError
from indistack.picture.linear import StackPicture
from indistack.sinks.jpeg import encoded
from indistack.store.sub_files import PREVIEWS, preview_name
from indistack.system.atomic import atomic_file
from indistack.values.frame import FloatArray, FrameInfo, PixelArray, RawFrame
from indistack.values.sub_report import SubReport

log = logging.getLogger(__name__)

SIDE_PX = 640
"""Longest side of a preview: a third of a console's width, and the whole of a phone's."""

QUALITY = 72
"""Of 100: what a noisy sky has more takes twice the room."""

KEPT = 1000
"""Newest previews of a session that stay: 40 MB."""

WAITING = 3
"""Previews that wait to be written; the oldest goes where a disk is slower than the camera."""

STRETCH = ["stf:0.15"]


@dataclass(frozen=True, slots=True)
class Glimpse:
    """A sub, small: ``(h, w)`` or ``(h, w, 3)`` float32, linear; how it is to be held, and which frame it is."""

    pixels: FloatArray
    info: FrameInfo
    fingerprint: str


def glimpse_of(raw: RawFrame, side_px: int = SIDE_PX) -> Glimpse:
    """Return a sub, its longest side so many pixels at most: small enough to be kept until its fate is known.

    Blocks are a whole number of cells wide, so that what is left of a colour filter's pattern is its mean: grey.
    """
    cell = 2 if raw.cfa else 1
    factor = cell * max(1, math.ceil(max(raw.pixels.shape[:2]) / side_px / cell))
    return Glimpse(_binned(raw.pixels, factor), raw.info, raw.fingerprint)


def _binned(pixels: PixelArray, factor: int) -> FloatArray:
    if pixels.dtype not in (np.uint16, np.float32):
        pixels = pixels.astype(np.float32)
    height, width = (max(1, size // factor) for size in pixels.shape[:2])
    whole = pixels[: height * factor, : width * factor]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.float32)


def shown(glimpse: Glimpse) -> PixelArray:
    """Return the preview: ``(h, w)`` or ``(h, w, 3)`` uint8, RGB, the right way up."""
    facts = PictureFacts(bottom_up=glimpse.info.bottom_up, orientation=glimpse.info.orientation)
    return render(StackPicture(glimpse.pixels), PictureSettings(operators=STRETCH, max_side_px=0), facts).pixels


def picture_of(glimpse: Glimpse) -> bytes:
    """Return the preview as a JPEG file's bytes."""
    return encoded(shown(glimpse), QUALITY)


class SubPreviews:
    """Makes them in a thread of its own; a sub never waits for one.

    `see` is told of a frame before its way begins, `keep` where it belongs when that has ended.
    """

    def __init__(self) -> None:
        self._seen: Glimpse | None = None
        self._waiting: deque[tuple[Path, int, Glimpse]] = deque(maxlen=WAITING)
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="previews", daemon=True)
        self._thread.start()

    def see(self, raw: RawFrame) -> None:
        """Look at a frame that has come."""
        self._seen = glimpse_of(raw)

    def keep(self, session: Path, report: SubReport) -> None:
        """Keep the frame that was seen last in its session's folder, if it is the one that the report is about."""
        seen = self._seen
        if seen is None or report.frame is None or report.frame.fingerprint != seen.fingerprint:
            return
        with self._wake:
            self._waiting.append((session, report.number, seen))
            self._wake.notify()

    def close(self) -> None:
        """Write what waits, then end the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._waiting or self._closing)
                if not self._waiting:
                    return
                session, number, seen = self._waiting.popleft()
            try:
                _write(session / PREVIEWS, number, seen)
            except SinkError as error:
                log.debug("no preview of sub %d: %s", number, error)
            except Exception:  # the top of a thread: the next one may do better
                log.exception("a bug in indistack; sub %d has no preview", number)


def _write(folder: Path, number: int, seen: Glimpse) -> None:
    try:
        folder.mkdir(exist_ok=True)
        (folder / preview_name(number - KEPT)).unlink(missing_ok=True)
    except OSError as error:
        raise SinkError(f"{folder}: {error.strerror}") from error
    with atomic_file(folder / preview_name(number), durable=False) as file:
        file.write(picture_of(seen))
