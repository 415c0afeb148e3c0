"""The rim that a camera reads wrong, and what only lies near the border."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from indistack.calibrate import CalibrateSettings, Calibrator, Masters, NamedMasters
from indistack.calibrate.rim import Rim, find_rim
from indistack.system.workers import Workers
from indistack.values.frame import BoolArray, CfaPattern, FrameInfo, RawFrame

HEIGHT, WIDTH = 300, 420
NOISE = 12.0
SIDES = ["top", "bottom", "left", "right"]


def sky(cfa: bool = False) -> np.ndarray:
    return drawn(cfa).copy()


@cache
def drawn(cfa: bool) -> np.ndarray:
    """A vignetted sky with noise and stars."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    radius2 = ((x - WIDTH / 2) / WIDTH) ** 2 + ((y - HEIGHT / 2) / HEIGHT) ** 2
    plane = 900 * (1 - 0.5 * radius2) + 60 * x / WIDTH + rng.normal(0, NOISE, (HEIGHT, WIDTH))
    for star_y, star_x in rng.integers(0, HEIGHT, (40, 2)):
        plane += 9000 * np.exp(-((x - star_x) ** 2 + (y - star_y) ** 2) / (2 * 1.4**2))
    if cfa:
        plane[::2, 1::2] *= 1.6
        plane[1::2, ::2] *= 1.6
        plane[1::2, 1::2] *= 0.7
    return plane


def outermost(plane: np.ndarray, side: str) -> np.ndarray:
    """Lines of the plane, those of the side first."""
    return {"top": plane, "bottom": plane[::-1], "left": plane.T, "right": plane.T[::-1]}[side]


@pytest.mark.parametrize("cfa", [False, True])
def test_a_sky_that_the_camera_reads_right_has_none(cfa: bool) -> None:
    assert not find_rim(sky(cfa), 2 if cfa else 1)


@pytest.mark.parametrize("cfa", [False, True])
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("off", [(-240.0, 0.0), (9000.0,), (-65.0, -33.0, -19.0), (0.0, -40.0)])
def test_wrong_lines_are_found_at_their_side(side: str, off: tuple[float, ...], cfa: bool) -> None:
    plane = sky(cfa)
    for number, one in enumerate(off):
        outermost(plane, side)[number] += one
    depth = max(number for number, one in enumerate(off) if one) + 1
    assert find_rim(plane.astype(np.float32), 2 if cfa else 1) == Rim(**{side: depth})


def test_all_sides_at_once_and_no_wider_than_it_may_be() -> None:
    plane = sky()
    plane[:8] -= 300
    plane[:, -1:] -= 100
    assert find_rim(plane, 1) == Rim(top=8, right=1)


def test_relief_up_to_the_border_is_no_rim() -> None:
    """The Moon fills the frame: lines differ everywhere."""
    rng = np.random.default_rng(2)
    coarse = rng.normal(5000, 900, (HEIGHT // 3, WIDTH // 3))
    assert not find_rim(np.kron(coarse, np.ones((3, 3))), 1)


def test_a_frame_too_small_to_tell_has_none() -> None:
    plane = np.full((100, 100), 500.0)
    plane[0] = 0
    assert not find_rim(plane, 1)


@pytest.mark.parametrize("level", [0.0, 7.0, 0.3333, 51234.2])
def test_a_flat_frame_without_noise_has_none(level: float) -> None:
    assert not find_rim(np.full((200, 200), level, np.float32), 1)


@pytest.mark.parametrize("pitch", [1, 2])
def test_the_lines_inside_go_on_over_it_colour_by_colour(pitch: int) -> None:
    plane = np.arange(10 * 12, dtype=np.float32).reshape(10, 12)
    before = plane.copy()
    Rim(top=3, right=2).fill(plane, pitch)
    rows = {1: [3, 3, 3], 2: [4, 3, 4]}[pitch]
    np.testing.assert_array_equal(plane[:3, :10], before[rows, :10])
    columns = {1: [9, 9], 2: [8, 9]}[pitch]
    np.testing.assert_array_equal(plane[3:, 10:], before[3:][:, columns])
    np.testing.assert_array_equal(plane[3:, :10], before[3:, :10])


@pytest.mark.parametrize("cfa", ["RGGB", None])
def test_a_calibrated_light_has_it_masked_and_filled(cfa: CfaPattern | None) -> None:
    plane = sky(cfa is not None)
    plane[0] -= 500
    plane[:, -2:] += 400
    expected: BoolArray = np.zeros((HEIGHT, WIDTH), bool)
    expected[0] = expected[:, -2:] = True
    settings = CalibrateSettings(hot_pixels=False)
    with Workers(1) as workers:
        calibrator = Calibrator(settings, NamedMasters(Masters(), settings), workers)
        frame = calibrator.calibrate(RawFrame(plane.astype(np.uint16), cfa, FrameInfo()))
    assert frame.bad is not None
    np.testing.assert_array_equal(frame.bad, expected)
    adu = (frame.pixels.astype(float) - frame.zero) * frame.step_adu
    assert np.median(adu[0, ::2]) == pytest.approx(np.median(adu[2, ::2]), abs=NOISE)
