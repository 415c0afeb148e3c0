"""Small pictures of subs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from indistack.output import sub_previews
from indistack.output.sub_previews import SIDE_PX, SubPreviews, glimpse_of, picture_of
from indistack.store.entries import decided
from indistack.values.frame import CfaPattern, FrameInfo, RawFrame
from indistack.values.outcome import Refused
from indistack.values.sub_parts import FrameFacts
from indistack.values.sub_report import SubReport

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def frame(pixels: Any, cfa: CfaPattern | None = None, fingerprint: str = "one", **info: Any) -> RawFrame:
    return RawFrame(pixels, cfa, FrameInfo(kind="light", **info), fingerprint)


def night(height: int = 900, width: int = 1400) -> Any:
    rng = np.random.default_rng(3)
    pixels = rng.normal(1000, 20, (height, width))
    pixels[100:140, 200:240] = 60000  # one light, at the top and left
    return pixels.astype(np.uint16)


def report_of(raw: RawFrame, number: int) -> SubReport:
    return decided(number, Refused("clouds", SubReport(frame=FrameFacts.of(raw))), NOW)


def read(data: bytes) -> Any:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)


def test_it_fits_and_shows_what_the_frame_does() -> None:
    shown = read(picture_of(glimpse_of(frame(night()))))
    assert max(shown.shape) <= SIDE_PX
    assert np.unravel_index(shown.argmax(), shown.shape)[0] < shown.shape[0] // 4
    assert 20 < np.median(shown) < 60  # the sky is dark, and is seen


def test_a_colour_filter_leaves_no_pattern() -> None:
    pixels = np.full((600, 900), 1000, np.uint16)
    pixels[::2, ::2] = 4000
    small = glimpse_of(frame(pixels, "RGGB")).pixels
    assert small.shape == (300, 450)
    assert np.ptp(small) == 0
    assert small[0, 0] == pytest.approx(1750)


def test_it_is_held_as_the_stack_is() -> None:
    shown = read(picture_of(glimpse_of(frame(night(), bottom_up=True))))
    assert np.unravel_index(shown.argmax(), shown.shape)[0] > shown.shape[0] * 3 // 4


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.float32])
def test_every_kind_of_pixels_is_shown(dtype: Any) -> None:
    colours = np.repeat((night(90, 140) // 300).astype(dtype)[..., np.newaxis], 3, axis=2)
    assert read(picture_of(glimpse_of(frame(colours)))).shape == (90, 140)


def test_it_is_kept_under_its_number_and_the_oldest_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sub_previews, "KEPT", 2)
    for number in (1, 2, 3):
        previews = SubPreviews()
        previews.see(frame(night(90, 140), fingerprint=str(number)))
        previews.keep(tmp_path, report_of(frame(night(90, 140), fingerprint=str(number)), number))
        previews.close()
    assert sorted(path.name for path in (tmp_path / "previews").iterdir()) == ["000002.jpg", "000003.jpg"]


def test_a_frame_that_was_not_seen_gets_no_picture_of_another(tmp_path: Path) -> None:
    previews = SubPreviews()
    previews.see(frame(night(90, 140)))
    previews.keep(tmp_path, report_of(frame(night(90, 140), fingerprint="another"), 1))
    previews.close()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_takes_nothing_ends_nothing(tmp_path: Path) -> None:
    raw, file = frame(night(90, 140)), tmp_path / "file"
    file.touch()
    previews = SubPreviews()
    for folder in (file, tmp_path):
        previews.see(raw)
        previews.keep(folder, report_of(raw, 1))
    previews.close()
    assert (tmp_path / "previews" / "000001.jpg").is_file()
