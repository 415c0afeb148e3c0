"""The picture for those who stretch it themselves: small, and of so fine steps that its dark is all there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from indistack.errors import SinkError
from indistack.faces.web.static_files import FOLDER
from indistack.output import own_stretch_picture
from indistack.output.own_stretch_picture import MOST_BYTES, STEEPNESS, OwnStretchPicture
from indistack.picture.linear import StackPicture
from indistack.sinks import Snapshot
from indistack.sinks.jpeg import encoded_within
from indistack.store.wanted import OWN_STRETCH, want
from indistack.values.own_files import OwnFiles

SKY, NOISE, WHITE, GLOW = 1000.0, 3.0, 60000.0, 30.0


@pytest.fixture
def companded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wait_until: Callable[..., None]) -> Any:
    """Give the file's pixels, of a sky with a star and a faint glow in its right half."""
    pixels = np.random.default_rng(1).normal(SKY, NOISE, (1600, 2400)).astype(np.float32)
    pixels[:, 1200:] += GLOW
    pixels[800:804, 300:304] = WHITE
    shown = Snapshot(StackPicture(pixels[::2, ::2]), (), False)
    monkeypatch.setattr(own_stretch_picture.snapshots, "snapshot", lambda _, binning: shown)
    monkeypatch.setattr(own_stretch_picture.snapshots, "numbers", lambda session: 1)
    keeper = OwnStretchPicture(tmp_path, OwnFiles())
    keeper.look(SimpleNamespace())  # type: ignore[arg-type]
    assert not (tmp_path / OWN_STRETCH).exists()  # nobody wants it
    want(tmp_path, OWN_STRETCH)
    keeper.look(SimpleNamespace())  # type: ignore[arg-type]
    wait_until((tmp_path / OWN_STRETCH).exists, 60)
    data = (tmp_path / OWN_STRETCH).read_bytes()
    keeper.close()
    assert len(data) <= MOST_BYTES
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)


def test_the_dark_can_be_had_back_from_it(companded: Any) -> None:
    """By the law that is told: a glow of ten times the noise, of 1 / 2000 of the white, is there to 5 %."""
    assert max(companded.shape[:2]) <= 1024
    light = np.sinh(companded / 255 * np.arcsinh(STEEPNESS)) / STEEPNESS
    half = companded.shape[1] // 2
    glow = (np.median(light[:, half + 8 :]) - np.median(light[:, : half - 8])) * (WHITE - SKY)
    assert glow == pytest.approx(GLOW, rel=0.05)


def test_agent_and_page_have_the_same_law() -> None:
    assert f"STEEPNESS = {STEEPNESS};" in (FOLDER / "own_stretch.js").read_text()


def test_a_picture_has_no_more_bytes_than_it_may() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (400, 600, 3), np.uint8)
    fine, coarse = (encoded_within(noise, (90, 50), most) for most in (1_000_000, 60_000))
    assert (len(fine) > 200_000, len(coarse) <= 60_000) == (True, True)
    small = encoded_within(noise, (90, 50), 9_000)
    assert len(small) <= 9_000
    assert cv2.imdecode(np.frombuffer(small, np.uint8), cv2.IMREAD_COLOR).shape[0] < 400
    with pytest.raises(SinkError):
        encoded_within(noise, (90,), 100)
