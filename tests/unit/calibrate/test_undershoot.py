"""Pixels that a camera reads too low because the one before them was clipped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from indistack.calibrate.undershoot import find_undershoot
from indistack.values.frame import FrameInfo, RawFrame

SKY, NOISE = 2000.0, 20.0
FULL = 65535


def star_on_sky(shape: tuple[int, int] = (128, 160), peak_adu: float = 4e5, fwhm_px: float = 8.0) -> Any:
    """Return a clipped star in the middle of a sky; uint16."""
    y, x = np.indices(shape)
    distance2 = (y - shape[0] / 2) ** 2 + (x - shape[1] / 2) ** 2
    light = peak_adu * 0.5 ** (4 * distance2 / fwhm_px**2)
    pixels = SKY + np.random.default_rng(3).normal(0, NOISE, shape) + light
    return np.minimum(pixels, FULL).astype(np.uint16)


def raw_of(pixels: Any, **facts: Any) -> RawFrame:
    return RawFrame(pixels, None, FrameInfo(saturation_adu=FULL, **facts))


def ends_of(pixels: Any) -> tuple[Any, Any]:
    """Return row and column of the pixels just right of the clipped ones."""
    clipped = pixels == FULL
    y, x = np.nonzero(clipped[:, :-1] & ~clipped[:, 1:])
    return y, x + 1


@pytest.mark.parametrize("pitch", [1, 2])
@pytest.mark.parametrize("n_low", [1, 2, 3])
@pytest.mark.parametrize("to_the_left", [False, True])
def test_what_is_read_too_low_takes_what_is_beside_it(pitch: int, n_low: int, to_the_left: bool) -> None:
    sound = star_on_sky()
    y, x = ends_of(sound)
    spoilt = sound.copy()
    for step in range(n_low):
        spoilt[y, x + step] = 300
    spoilt = np.ascontiguousarray(spoilt[:, ::-1]) if to_the_left else spoilt
    found = find_undershoot(raw_of(spoilt), pitch)
    assert found is not None
    assert len(found.pixels) == n_low * len(y)
    assert (spoilt.reshape(-1)[found.pixels] == 300).all()
    assert ((found.sources - found.pixels) % pitch == 0).all()
    assert (np.abs(found.sources - found.pixels) <= n_low + pitch - 1).all()
    found.fill(spoilt)
    assert spoilt.min() > SKY - 6 * NOISE


@pytest.mark.parametrize("pixels", [star_on_sky(), star_on_sky(peak_adu=3e4), np.full((128, 160), FULL, np.uint16)])
def test_a_star_alone_has_none(pixels: Any) -> None:
    assert find_undershoot(raw_of(pixels), 1) is None


def test_a_dark_lane_beside_a_clipped_star_stays() -> None:
    """It goes on further than an amplifier swings."""
    pixels = star_on_sky()
    lane = pixels[:, 84:100]
    lane[lane < FULL] = np.minimum(lane[lane < FULL], 1500)
    assert find_undershoot(raw_of(pixels), 1) is None


def test_only_lights_of_one_plane_are_looked_at() -> None:
    pixels = star_on_sky()
    y, x = ends_of(pixels)
    pixels[y, x] = 300
    assert find_undershoot(raw_of(pixels), 1) is not None
    assert find_undershoot(raw_of(pixels, kind="dark"), 1) is None
    assert find_undershoot(raw_of(np.stack([pixels] * 3, axis=2)), 1) is None
    assert find_undershoot(raw_of(np.ascontiguousarray(pixels[:60])), 1) is None


def test_at_the_rim_of_the_frame_there_is_nothing_to_take() -> None:
    pixels = star_on_sky()
    pixels[50:60, -6:-2] = FULL
    pixels[50:60, -2:] = 300
    found = find_undershoot(raw_of(pixels), 1)
    assert found is not None
    found.fill(pixels)
    assert (pixels[50:60, -2:] == 300).all()
