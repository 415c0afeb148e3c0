"""When the calibrator looks for bad pixels, and what it does about them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indistack.calibrate import CalibrateSettings
from indistack.calibrate.defects.maps import DefectMaps
from indistack.calibrate.defects.mend import Mender
from indistack.system.workers import Workers
from indistack.values.frame import FrameInfo, RawFrame

SIZE = 64
HOT = 20 * SIZE + 21
NONE = np.empty(0, np.intp)


@pytest.fixture
def workers() -> Iterator[Workers]:
    with Workers(2) as threads:
        yield threads


def mender(workers: Workers, hot_pixels: Any = "auto", maps: DefectMaps | None = None) -> Mender:
    return Mender(CalibrateSettings(hot_pixels=hot_pixels), workers, maps or DefectMaps())


def frame(seed: int, hot_adu: float) -> RawFrame:
    pixels = np.random.default_rng(seed).normal(1000, 10, (SIZE, SIZE)).round().astype(np.uint16)
    pixels.reshape(-1)[HOT] = 1000 + hot_adu
    return RawFrame(pixels, "RGGB", FrameInfo(camera="camera"))


def repairs(subject: Mender, n_subs: int, hot_adu: float, has_dark: bool = False, first: int = 0) -> list[bool]:
    """Return for each of some subs whether its hot pixel was repaired."""
    done = []
    for number in range(first, first + n_subs):
        raw = frame(number, hot_adu)
        repair = subject.mend(raw, raw.pixels, NONE, has_dark)
        expected = 1000 if HOT in repair.pixels else 1000 + hot_adu
        assert float(raw.pixels.reshape(-1)[HOT]) == pytest.approx(expected, abs=40)
        done.append(HOT in repair.pixels)
    return done


def test_a_bright_one_is_repaired_in_every_sub(workers: Workers) -> None:
    assert all(repairs(mender(workers), 20, 5000))


def test_a_faint_one_as_soon_as_it_is_learned(workers: Workers) -> None:
    found = repairs(mender(workers), 20, 250)
    assert found[8:] == [True] * 12


def test_beside_a_dark_the_search_is_rare_and_what_it_learned_is_used_in_every_sub(workers: Workers) -> None:
    found = repairs(mender(workers), 24, 5000, has_dark=True)
    assert found[:8] == [True, False, False, False, True, False, False, False]
    assert all(found[16:])


def test_true_searches_every_sub_and_false_none(workers: Workers) -> None:
    assert all(repairs(mender(workers, True), 8, 5000, has_dark=True))
    assert not any(repairs(mender(workers, False), 12, 5000))


def test_the_next_night_knows_it_from_its_first_sub(workers: Workers, tmp_path: Path) -> None:
    repairs(mender(workers, maps=DefectMaps(tmp_path)), 10, 250)
    kept = [path.read_bytes() for path in tmp_path.iterdir()]
    assert repairs(mender(workers, maps=DefectMaps(tmp_path, read_only=True)), 1, 250, first=50) == [True]
    fresh = mender(workers, maps=DefectMaps(tmp_path, read_only=True))
    repairs(fresh, 12, 0, first=60)  # sound again: forgotten, but a reader leaves the file alone
    assert repairs(fresh, 2, 250, has_dark=True, first=80) == [True, False]  # searched, not searched
    assert [path.read_bytes() for path in tmp_path.iterdir()] == kept


def test_what_the_masters_show_is_repaired_too(workers: Workers) -> None:
    raw = frame(1, 5000)
    bad = np.array([5, 77])
    repair = mender(workers, False).mend(raw, raw.pixels, bad, True)
    np.testing.assert_array_equal(repair.pixels, bad)
    assert raw.pixels.reshape(-1)[HOT] == 6000


def test_a_sound_frame_stays_as_it_is(workers: Workers) -> None:
    raw = frame(1, 0)
    before = raw.pixels.copy()
    assert mender(workers, False).mend(raw, raw.pixels, NONE, False).size == 0
    np.testing.assert_array_equal(raw.pixels, before)


def test_rgb_and_tiny_frames_are_left_alone(workers: Workers) -> None:
    for shape in ((20, 20, 3), (8, 8)):
        raw = RawFrame(np.zeros(shape, np.float32), None, FrameInfo())
        assert mender(workers, True).mend(raw, raw.pixels, NONE, False).size == 0
        assert not raw.pixels.any()


@pytest.mark.parametrize("shape", [(100, 100), (10, 100)])
def test_a_plane_without_noise_or_too_small_is_left_alone(workers: Workers, shape: tuple[int, int]) -> None:
    pixels = np.full(shape, 1000, np.uint16)
    if shape[0] == 10:
        pixels = np.random.default_rng(3).normal(1000, 10, shape).astype(np.uint16)
    pixels[5, 50] = 60_000
    raw = RawFrame(pixels, "RGGB", FrameInfo(camera="camera"))
    plane = pixels.copy()
    repair = mender(workers, True).mend(raw, plane, NONE, False)
    assert len(repair.pixels) == 0
    np.testing.assert_array_equal(plane, pixels)
