"""No frame is decoded that there is no memory for, however well its file packs it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pytest

from indistack.calibrate import Calibrator, Masters, NamedMasters
from indistack.config import Config
from indistack.errors import FrameError
from indistack.pipeline import frame_room
from indistack.pipeline.preparer import LocalPreparer
from indistack.session.memory_need import FRAME_PX_BYTES
from indistack.system.workers import Workers
from indistack.values.blob import Blob, Content
from simulators.fits import fits_bytes
from tests.unit.decode.tiffs import dng

PIXELS = np.random.default_rng(1).integers(500, 16_000, (48, 64), dtype=np.uint16)
FILES = {".dng": dng(PIXELS, "GRBG", {}, {}), ".fits": fits_bytes(PIXELS, {})}


@pytest.fixture
def preparer() -> Iterator[LocalPreparer]:
    config = Config()
    with Workers(1) as workers:
        calibrator = Calibrator(config.calibrate, NamedMasters(Masters(), config.calibrate), workers)
        yield LocalPreparer(config, workers, calibrator)


def blob(suffix: str) -> Blob:
    return Blob(Content(FILES[suffix]), suffix, "camera", "origin", datetime(2024, 8, 10, tzinfo=UTC))


@pytest.mark.parametrize("suffix", FILES)
def test_the_pixels_count_and_not_the_file(
    preparer: LocalPreparer, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    room_px = [PIXELS.size - 1]
    monkeypatch.setattr(frame_room, "decodable_px", lambda _: room_px[0])
    with pytest.raises(FrameError, match="64 x 48") as caught:
        preparer.decode(blob(suffix))
    assert caught.value.reason == "no_memory"
    room_px[0] = PIXELS.size
    assert preparer.decode(blob(suffix)).width == 64
    room_px[0] = 0
    assert preparer.decode(blob(suffix)).width == 64, "one of that size has been reckoned with"


def test_what_the_settings_forbid_is_no_want_of_memory(
    preparer: LocalPreparer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparer, "_room", frame_room.FrameRoom(Config(decode={"max_megapixels": 0.001})))  # type: ignore[arg-type]
    with pytest.raises(FrameError) as caught:
        preparer.decode(blob(".fits"))
    assert caught.value.reason == "too_large"


def test_what_is_allowed_is_what_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indistack.session.memory_need.spare_bytes", lambda: 10 * FRAME_PX_BYTES)
    assert frame_room.FrameRoom(Config()).settings().max_megapixels <= 10 / 1e6
