"""The main stack as an INDI camera's picture: made only while somebody wants it, as soon as the stack has changed."""

from __future__ import annotations

import logging
import math
import threading
import time
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from indistack.errors import SinkError
from indistack.fits_header import BLOCK, header_bytes, moved_cards
from indistack.output import snapshots
from indistack.picture.linear import StackPicture
from indistack.session.session import Session
from indistack.sinks import Snapshot
from indistack.store.wanted import DEVICE_PICTURE, is_wanted
from indistack.system.atomic import atomic_file, remove_if_can_be
from indistack.values.frame import Card, FloatArray
from indistack.values.own_files import OwnFiles

log = logging.getLogger(__name__)

MAX_BYTES = 30e6
"""A client of indiserver that is more than 128 MiB behind is cut off."""

DUTY = 0.5
"""Largest share of the time that making it may take."""

MOST = 65535
MOST_ZOOM = 8
"""Powers of two that values are raised by at most: a mean of many faint subs has fractions of an ADU to tell."""


class DevicePicture:
    """Keeps the picture up to date in a thread of its own.

    Parameters
    ----------
    folder : Path
        The agent's output folder.
    own_files : OwnFiles
        Is told of the file before it is written.
    """

    def __init__(self, folder: Path, own_files: OwnFiles) -> None:
        self._path = folder / DEVICE_PICTURE
        self._own_files = own_files
        self._known: object = None
        self._next: Session | None = None
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="device picture", daemon=True)
        self._thread.start()

    def look(self, session: Session | None) -> None:
        """Have the picture made where it is wanted and the stack is another than the one it shows."""
        if not is_wanted(self._path.parent, self._path.name):
            if self._known is not None:
                self._known = None
                remove_if_can_be(self._path)
            return
        known = None if session is None else (session, snapshots.numbers(session))
        if session is None or known == self._known:
            return
        with self._wake:
            self._known, self._next = known, session
            self._wake.notify()

    def close(self) -> None:
        """End the thread; the picture goes with the agent that kept it up to date."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()
        remove_if_can_be(self._path)

    def _work(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._next is not None or self._closing)
                session, self._next = self._next, None
                if self._closing or session is None:
                    return
            begin_s = time.monotonic()
            try:
                self._own_files.add(self._path)
                write(self._path, *binned_snapshot(session))
            except snapshots.NoPictureError:
                log.debug("there is nothing to be seen yet")
            except SinkError as error:
                log.error("cannot publish: %s", error)
            except Exception:  # the top of a thread: the next picture may do better
                log.exception("a bug in indistack; no picture was made for the device")
            with self._wake:
                self._wake.wait_for(lambda: self._closing, (time.monotonic() - begin_s) * (1 / DUTY - 1))


def binned_snapshot(session: Session) -> tuple[Snapshot, int]:
    """Return the main picture as it is now, binned, and the binning.

    Raises
    ------
    NoPictureError
        There is nothing in it.
    """
    binnings = [1]

    def keep(picture: StackPicture) -> StackPicture:
        binnings.append(binning_for(picture.shape))
        return StackPicture(picture.binned(binnings[-1])) if binnings[-1] > 1 else picture.copy()

    snapshot = snapshots.snapshot(session, keep=keep)
    return snapshot, binnings[-1]


def binning_for(shape: tuple[int, ...]) -> int:
    """Return the least binning that lets a picture have no more than `MAX_BYTES`, with three colours if it has any."""
    return max(1, math.ceil(math.sqrt(3 * 2 * math.prod(shape[:2]) / MAX_BYTES)))


def write(path: Path, snapshot: Snapshot, binning: int = 1) -> None:
    """Write a stack as unsigned 16-bit FITS, linear, 0 where nothing covers.

    Parameters
    ----------
    path : Path
        The file.
    snapshot : Snapshot
        Its picture is binned already; its header is that of the whole one.
    binning : int
        By how much.

    Raises
    ------
    SinkError
        The file cannot be written.
    """
    counts, scale, zero = to_counts(snapshot.picture.rows(slice(None)))
    centre = (1 / binning - 1) / 2
    grid = np.array([[1 / binning, 0, centre], [0, 1 / binning, centre], [0, 0, 1]])
    cards = moved_cards(snapshot.cards, grid) if binning > 1 else snapshot.cards
    told: Card = ("HISTORY", f"16 bits: value = (ADU - {zero:g}) * {scale:g}; binned {binning} x {binning}", "")
    height, width, *colours = counts.shape
    with atomic_file(path, durable=False) as file:
        file.write(header_bytes((*cards, told), 16, (*colours, height, width), unsigned=True))
        for plane in [counts] if counts.ndim == 2 else cv2.split(counts):
            file.write((np.asarray(plane, np.uint16) ^ np.uint16(1 << 15)).byteswap().data)
        file.write(bytes(-2 * counts.size % BLOCK))


def to_counts(pixels: FloatArray) -> tuple[NDArray[np.uint16], float, float]:
    """Return a picture as counts.

    Parameters
    ----------
    pixels : array
        float32, ADU; NaN becomes 0.

    Returns
    -------
    counts : array
        Shaped as `pixels`, uint16: ``(pixels - zero) * scale``.
    scale, zero : float
        A power of two that fits the brightest pixel; 0, or less where there are values below it.
    """
    least, most = float(np.fmin.reduce(pixels, axis=None)), float(np.fmax.reduce(pixels, axis=None))
    zero = min(0.0, math.floor(least)) if math.isfinite(least) else 0.0
    above = most - zero if math.isfinite(most) else 0.0
    scale = 2.0 ** min(MOST_ZOOM, math.floor(math.log2(MOST / above))) if above > 0 else 1.0
    # Rounds, keeps within 0 and 65535, and makes 0 of NaN, in one pass.
    counts = cv2.addWeighted(pixels, scale, pixels, 0.0, -zero * scale, dtype=cv2.CV_16U)
    return np.asarray(counts, np.uint16).reshape(pixels.shape), scale, zero
