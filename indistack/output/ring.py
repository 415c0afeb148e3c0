"""Keeps the last few published pictures under their numbers, so that who has read a number can read its picture."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import cv2
import numpy as np

from indistack.errors import SinkError
from indistack.sinks.jpeg import encoded_within
from indistack.system.atomic import atomic_file, keep_as
from indistack.values.frame import PixelArray

log = logging.getLogger(__name__)

FOLDER = "published"

KEPT = 4
"""Pictures of one name: at one a second, somebody slow has three seconds to begin to read."""

VIEW_SIDE_PX = 1600
"""Longer side of the small picture for faces: a phone's screen, and a tablet's."""

VIEW_QUALITIES = 80, 70, 60
"""Of 100: the first with which it is small enough, else it is halved. A noisy sky has 340 kB with 80, 230 with 70."""
VIEW_MAX_BYTES = 250_000
"""With the page around it, a phone's first view takes 300 kB."""

NUMBERED = re.compile(r"(.+)-(\d+)(-view)?\.jpg")


class Ring:
    """The numbered pictures of an output folder.

    Parameters
    ----------
    output : Path
        The agent's output folder.
    """

    def __init__(self, output: Path) -> None:
        self._output = output
        self._folder = output / FOLDER

    def keep(self, name: str, number: int, picture: Path, pixels: PixelArray) -> dict[str, str]:
        """Keep a picture that was just published.

        Parameters
        ----------
        name : str
            Of the picture: ``stack``.
        number : int
            Of the publication.
        picture : Path
            Its file.
        pixels : array
            ``(h, w)`` or ``(h, w, 3)`` uint8, RGB: what the file shows.

        Returns
        -------
        dict
            Places below the output folder: ``picture``, and ``view``, the small one; empty where the disk does not
            take them.
        """
        kept, view = (self._folder / f"{name}-{number}{ending}.jpg" for ending in ("", "-view"))
        try:
            self._folder.mkdir(exist_ok=True)
            keep_as(picture, kept)
            if max(pixels.shape[:2]) <= VIEW_SIDE_PX and picture.stat().st_size <= VIEW_MAX_BYTES:
                keep_as(picture, view)
            else:
                with atomic_file(view, durable=False) as file:
                    file.write(_view(pixels))
        except (OSError, SinkError) as error:
            log.error("cannot publish %s: %s", kept, error)
            return {}
        self._forget(name, number - KEPT)
        return {"picture": f"{FOLDER}/{kept.name}", "view": f"{FOLDER}/{view.name}"}

    def sweep(self, names: set[str]) -> None:
        """Remove all but the pictures at these places below the output folder."""
        for path in self._folder.glob("*"):
            if f"{FOLDER}/{path.name}" not in names:
                _remove(path)

    def _forget(self, name: str, last: int) -> None:
        for path in self._folder.glob("*.jpg"):
            found = NUMBERED.fullmatch(path.name)
            if found is not None and found[1] == name and int(found[2]) <= last:
                _remove(path)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        log.debug("%s stays: %s", path, error.strerror)


def _view(pixels: PixelArray) -> bytes:
    """Return the small picture's file."""
    small = _small(pixels) if max(pixels.shape[:2]) > VIEW_SIDE_PX else pixels
    return encoded_within(small, VIEW_QUALITIES, VIEW_MAX_BYTES)


def _small(pixels: PixelArray) -> PixelArray:
    """Halve it while that is not too small, then interpolate: a seventh of the time of areas of any size."""
    small = pixels
    while max(small.shape[:2]) >= 2 * VIEW_SIDE_PX:
        small = cv2.resize(small, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    height, width = pixels.shape[:2]
    scale = VIEW_SIDE_PX / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_LINEAR), np.uint8)
