"""A simulated night without a server: small frames, and a source that is a list."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from indistack.sources import Emit
from indistack.values.blob import Blob, Content
from simulators.exposure import Exposure
from simulators.observatory import Observatory
from simulators.scenario import Scenario

SMALL: dict[str, Any] = {"width_px": 640, "height_px": 480, "n_stars": 120, "mag_max": 12.0, "seed": 11}


def make_sky(**changes: Any) -> Observatory:
    """Return an observatory with a small, quick camera."""
    return Observatory(Scenario(**SMALL | changes))


def blob_of(data: bytes | Exposure, name: str = "sub.fits") -> Blob:
    """Return a frame as a source would deliver it."""
    content = data.to_fits() if isinstance(data, Exposure) else data
    return Blob(Content(content), Path(name).suffix, "camera", name, datetime(2024, 8, 10, 21, tzinfo=UTC))


class FakeSource:
    """Delivers given blobs, then waits for `stop` (or ends)."""

    def __init__(self, blobs: Sequence[Blob], *, endless: bool = False) -> None:
        self._blobs = blobs
        self._endless = endless

    def status(self) -> dict[str, Any]:
        return {"source": "fake"}

    def run(self, emit: Emit, stop: threading.Event) -> None:
        for blob in self._blobs:
            emit(blob)
        if self._endless:
            stop.wait()
