"""An exposure of the stack: Busy, a countdown, and the next new picture; the newest when the asked time is over."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

from indistack.commands import State
from indistack.faces.indi_device.camera_vectors import CameraVectors
from indistack.faces.indi_device.kernel.driver import Device
from indistack.faces.indi_device.kernel.properties import State as IndiState
from indistack.faces.indi_device.picture_file import HEAD_BYTES, PictureFile, ask_for, fits_facts, newest

log = logging.getLogger(__name__)

COUNTDOWN_S = 0.5
"""How often clients are told what is left."""

WISH_S = 10.0
"""How often the agent is told that pictures are wanted."""

BLOB_PATIENCE_S = 60.0
"""A server that has not taken a picture after so long gets the next one all the same."""


class Exposure:
    """Answers CCD_EXPOSURE.

    Parameters
    ----------
    device : Device
        Whose.
    vectors : CameraVectors
        Its properties.
    clock : callable
        Seconds of a steady clock.
    """

    def __init__(self, device: Device, vectors: CameraVectors, clock: Callable[[], float] = time.monotonic) -> None:
        self._device = device
        self._vectors = vectors
        self._clock = clock
        self._ends_s: float | None = None
        self._told_s = self._wished_s = self._sent_s = 0.0
        self._seen: int | None = None
        self._waits = False

    @property
    def is_under_way(self) -> bool:
        """Whether a picture is owed."""
        return self._ends_s is not None

    def begin(self, seconds: float, output: Path, state: State) -> None:
        """Owe a picture from now on; one that was owed already is so by the new time."""
        now_s, form = self._clock(), self._vectors.form.chosen()
        if self._seen is None:
            there = newest(output, state, form)
            self._seen = there.version if there is not None else 0
        self._ends_s, self._told_s, self._wished_s, self._waits = now_s + seconds, now_s, now_s, False
        ask_for(output, form)
        self._tell(seconds)

    def end(self, state: IndiState = "Idle", message: str = "") -> None:
        """Owe nothing any more."""
        self._ends_s = None
        self._vectors.exposure["CCD_EXPOSURE_VALUE"].value = 0.0
        self._device.set(self._vectors.exposure, state, message)

    def forget(self) -> None:
        """Show pictures of another folder, or to others: none of them has been seen."""
        self._seen = None

    def tick(self, output: Path, state: State) -> None:
        """Count down, and send the picture when it is there."""
        if self._ends_s is None:
            return
        now_s = self._clock()
        left_s, form = max(0.0, self._ends_s - now_s), self._vectors.form.chosen()
        if now_s - self._wished_s >= WISH_S:
            self._wished_s = now_s
            ask_for(output, form)
        picture = newest(output, state, form)
        if picture is not None and (picture.version != self._seen or left_s == 0):
            if self._device.is_blob_taken() or now_s - self._sent_s > BLOB_PATIENCE_S:
                self._deliver(picture)
        elif now_s - self._told_s >= COUNTDOWN_S and not self._waits:
            self._told_s, self._waits = now_s, left_s == 0
            self._tell(left_s, "There is no stack yet: waiting for its first sub" if self._waits else "")

    def _tell(self, left_s: float, message: str = "") -> None:
        self._vectors.exposure["CCD_EXPOSURE_VALUE"].value = round(left_s, 3)
        self._device.set(self._vectors.exposure, "Busy", message)

    def _deliver(self, picture: PictureFile) -> None:
        try:
            file = picture.in_memory()
        except OSError as error:
            log.warning("%s: %s", picture.path, error.strerror)
            return
        try:
            size = os.fstat(file).st_size
            if picture.suffix == ".fits":
                self._describe(os.pread(file, HEAD_BYTES, 0))
            if self._vectors.upload.chosen() != "UPLOAD_CLIENT":
                self._vectors.file_path["FILE_PATH"].value = str(picture.path)
                self._device.set(self._vectors.file_path, "Ok")
            if self._vectors.upload.chosen() != "UPLOAD_LOCAL":
                self._device.send_blob(self._vectors.image, file, picture.suffix, size)
        finally:
            os.close(file)
        self._seen, self._sent_s = picture.version, self._clock()
        self.end("Ok")

    def _describe(self, head: bytes) -> None:
        """Tell what the picture is, before it comes."""
        facts = fits_facts(head)
        if self._vectors.describe(facts):
            self._device.set(self._vectors.info, "Ok")
            self._device.set(self._vectors.frame, "Ok")
        self._device.set(self._vectors.shown, "Ok")
