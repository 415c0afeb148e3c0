"""The main stack as an INDI camera's picture: made only while somebody wants it, as soon as the stack has changed."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from indistack.fits_header import BLOCK, header_bytes, moved_cards
from indistack.output import snapshots
from indistack.output.wanted_picture import WantedPicture
from indistack.session.session import Session
from indistack.sinks import Snapshot
from indistack.store.wanted import DEVICE_PICTURE
from indistack.system.atomic import atomic_file
from indistack.values.frame import Card, FloatArray
from indistack.values.own_files import OwnFiles

MAX_BYTES = 30e6
"""A client of indiserver that is more than 128 MiB behind is cut off."""

DUTY = 0.5
"""Largest share of the time that making it may take."""

MOST = 65535
MOST_ZOOM = 8
"""Powers of two that values are raised by at most: a mean of many faint subs has fractions of an ADU to tell."""


class DevicePicture(WantedPicture):
    """Keeps that picture up to date.

    Parameters
    ----------
    folder : Path
        The agent's output folder.
    own_files : OwnFiles
        Is told of the file before it is written.
    """

    longest_rest_s = 0.5  # a client waits for it; while its first subs are combined it takes seconds

    def __init__(self, folder: Path, own_files: OwnFiles) -> None:
        super().__init__(folder / DEVICE_PICTURE, own_files, DUTY)

    def _make(self, session: Session) -> None:
        write(self._path, *binned_snapshot(session))


def binned_snapshot(session: Session) -> tuple[Snapshot, int]:
    """Return the main picture as it is now, binned, and the binning.

    Raises
    ------
    NoPictureError
        There is nothing in it.
    """
    binnings = [1]

    def binning(shape: tuple[int, ...]) -> int:
        binnings.append(binning_for(shape))
        return binnings[-1]

    snapshot = snapshots.snapshot(session, binning=binning)
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
