"""Makes a measured sub of a blob, in three steps: decode, calibrate, find stars."""

from __future__ import annotations

import threading
from typing import Protocol

from indistack.align import ALIGNERS
from indistack.calibrate import Calibrator
from indistack.config import Config
from indistack.decode import decode
from indistack.errors import DecodeError
from indistack.grading.star_measures import measure
from indistack.photometry import measure_mosaic
from indistack.pipeline.frame_room import FrameRoom
from indistack.session.filter_stack import MeasuredSub
from indistack.stars import StarFinder
from indistack.system.workers import Workers
from indistack.values.blob import Blob
from indistack.values.frame import CalibratedFrame, IndexArray, RawFrame


class Preparer(Protocol):
    """Takes one blob after the other through its first steps, here or elsewhere."""

    def decode(self, blob: Blob) -> RawFrame:
        """Return the frame; raise `FrameError` where it cannot be read."""

    def calibrate(self, raw: RawFrame) -> CalibratedFrame:
        """Apply the masters and repair bad pixels; the raw pixels are gone after that. Raise `FrameError`."""

    def find_stars(self, frame: CalibratedFrame) -> MeasuredSub:
        """Return the frame with its stars and what they tell."""


class LocalPreparer:
    """Has this process do it.

    Parameters
    ----------
    config : Config
        The settings.
    workers : Workers
        Threads for the array work.
    calibrator : Calibrator
        Holds the masters.
    """

    def __init__(self, config: Config, workers: Workers, calibrator: Calibrator) -> None:
        self._room = FrameRoom(config)
        self._workers = workers
        self._finder = StarFinder(config.stars, workers)
        self._with_luminance = ALIGNERS.get(config.align.method).needs_luminance
        self.calibrator = calibrator
        self._lock = threading.Lock()  # a stack may be made anew meanwhile

    def decode(self, blob: Blob) -> RawFrame:
        """See `Preparer.decode`; nobody needs the bytes of a light after that."""
        with self._lock:
            try:
                raw = decode(blob, self._room.settings(), self._workers)
            except DecodeError as error:
                raise self._room.told(error) from error
            self._room.note(raw)
        if raw.info.kind == "light":
            blob.content.let_go()
        return raw

    def calibrate(
        self, raw: RawFrame, mended: IndexArray | None = None, with_masters: bool | None = None
    ) -> CalibratedFrame:
        """See `Preparer.calibrate`; the rest as in `Calibrator.calibrate`."""
        with self._lock:
            return self.calibrator.calibrate(raw, mended, in_place=True, with_masters=with_masters)

    def find_stars(self, frame: CalibratedFrame, with_luminance: bool = False) -> MeasuredSub:
        """See `Preparer.find_stars`; the picture comes along if it is wanted or the aligner needs it."""
        scene = self._finder.scene(frame, with_luminance or self._with_luminance)
        return MeasuredSub(frame, scene, measure(scene.stars), measure_mosaic(frame))
