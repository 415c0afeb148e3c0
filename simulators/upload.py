"""Where finished frames go: to a file, to the client, to both."""

from __future__ import annotations

import logging
import re
import threading
import time
from pathlib import Path

from indistack.faces.indi_device.kernel.driver import Device

from .camera_properties import CameraProperties
from .darkroom import FinishedFrame
from .delivery import Payload, compressed
from .truth import append_truth

# Measured with libindi 1.9.9: the path is announced this long before the BLOB.
PATH_LEAD_S = 0.016
# indiserver answers when all clients have the BLOB; after this time the driver goes on without the answer.
TAKEN_S = 60.0

log = logging.getLogger(__name__)


class Uploader:
    """Hands frames over.

    Parameters
    ----------
    driver : Device
    properties : CameraProperties
    scheme : str
        How frames are compressed where that is enabled.
    truth_path : path or None
        File to which the truth of each frame is appended.
    """

    def __init__(self, driver: Device, properties: CameraProperties, scheme: str, truth_path: Path | None) -> None:
        self._driver = driver
        self._properties = properties
        self._scheme = scheme
        self._truth_path = truth_path
        self._one_at_a_time = threading.Lock()

    def deliver(self, frame: FinishedFrame) -> None:
        """Save and send as the upload mode says; the truth is on disk before anybody hears of the frame."""
        p = self._properties
        mode = p.upload_mode.chosen()
        path = self._save(frame.payload) if mode in ("UPLOAD_LOCAL", "UPLOAD_BOTH") else ""
        self.note(frame, path)
        if path:
            p.file_path["FILE_PATH"].value = path
            self._driver.set(p.file_path, "Ok")
        if mode == "UPLOAD_BOTH":
            time.sleep(PATH_LEAD_S)
        if mode in ("UPLOAD_CLIENT", "UPLOAD_BOTH"):
            self._send(frame.payload)

    def _send(self, payload: Payload) -> None:
        if self._properties.compression.chosen() == "INDI_ENABLED":
            payload = compressed(payload, self._scheme)
        with self._one_at_a_time:
            self._driver.send_blob(self._properties.image, payload.data, payload.suffix, payload.size_bytes)
            if not self._driver.is_blob_taken(TAKEN_S):
                log.warning("No answer from the server %g s after a BLOB", TAKEN_S)

    def _save(self, payload: Payload) -> str:
        settings = self._properties.upload_settings
        folder = Path(settings.text("UPLOAD_DIR")).expanduser()
        folder.mkdir(parents=True, exist_ok=True)
        path = next_path(folder, settings.text("UPLOAD_PREFIX"), payload.suffix)
        path.write_bytes(payload.data)
        return str(path)

    def note(self, frame: FinishedFrame, path: str) -> None:
        """Write down what is true of a frame."""
        if self._truth_path is not None and frame.truth is not None:
            append_truth(self._truth_path, frame.truth.at_path(path))


def next_path(folder: Path, prefix: str, suffix: str) -> Path:
    """Return where to save the next frame: XXX in the prefix becomes one more than the highest number in use."""
    if "XXX" not in prefix:
        return folder / f"{prefix}{suffix}"
    before, _, after = prefix.partition("XXX")
    pattern = re.compile(re.escape(before) + r"(\d+)" + re.escape(after) + r"\.")
    found = [int(match[1]) for file in folder.iterdir() if (match := pattern.match(file.name))]
    return folder / f"{before}{max(found, default=0) + 1:03d}{after}{suffix}"
