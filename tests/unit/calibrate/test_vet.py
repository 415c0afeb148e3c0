"""Calibration frames against their labels: simulated frames, planted faults, and real ones where they are present."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from indistack.calibrate.vet import count_spots, require_plausible
from indistack.decode import DecodeSettings, decode
from indistack.errors import CalibrationError
from indistack.sources import read_blob
from indistack.values.frame import FrameInfo, Kind, RawFrame

HEIGHT, WIDTH = 300, 400
FULL = 65520.0


def frame(pixels: Any, cfa: Any = None, **facts: Any) -> RawFrame:
    return RawFrame(np.clip(pixels, 0, 65535).astype(np.uint16), cfa, FrameInfo(saturation_adu=FULL, **facts))


def noise(level: float, sigma: float, seed: int = 1) -> Any:
    return np.random.default_rng(seed).normal(level, sigma, (HEIGHT, WIDTH))


def hot_pixels(pixels: Any) -> Any:
    """A hundred hot pixels that leak a little, a hot column and a double row."""
    rng = np.random.default_rng(5)
    hot = np.zeros((HEIGHT, WIDTH))
    hot[rng.integers(2, HEIGHT - 2, 100), rng.integers(2, WIDTH - 2, 100)] = rng.exponential(20000, 100)
    hot[:, 77] += 800
    hot[120:122] += 500
    return pixels + cv2.filter2D(hot, -1, np.array([[0, 0.02, 0], [0.02, 1, 0.02], [0, 0.02, 0]]))


def stars(fwhm_px: float, count: int = 40) -> Any:
    rng = np.random.default_rng(8)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    picture = np.zeros((HEIGHT, WIDTH))
    for cx, cy in zip(rng.uniform(10, WIDTH - 10, count), rng.uniform(10, HEIGHT - 10, count), strict=True):
        picture += rng.uniform(1500, 9000) * np.exp(-2.773 * ((x - cx) ** 2 + (y - cy) ** 2) / fwhm_px**2)
    return picture


def vignetting(depth: float) -> Any:
    y, x = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j]
    return 1 - depth * (x**2 + y**2) / 2


def glow() -> Any:
    """An amplifier's glow: bright, in one corner."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return 3000 * np.exp(-np.hypot(x, y) / 40)


def reason_of(kind: Kind, raw: RawFrame) -> str:
    with pytest.raises(CalibrationError) as caught:
        require_plausible(kind, raw)
    return str(caught.value)


class TestDarks:
    @pytest.mark.parametrize("cfa", [None, "RGGB"])
    @pytest.mark.parametrize("kind", ["dark", "darkflat", "bias"])
    def test_a_dark_with_hot_pixels_and_a_glow_passes(self, kind: Kind, cfa: Any) -> None:
        require_plausible(kind, frame(hot_pixels(noise(500, 10)) + glow(), cfa))

    @pytest.mark.parametrize("cfa", [None, "GBRG"])
    @pytest.mark.parametrize("fwhm_px", [2.2, 4.0, 9.0])
    def test_stars_are_seen(self, fwhm_px: float, cfa: Any) -> None:
        raw = frame(hot_pixels(noise(500, 10)) + stars(fwhm_px), cfa)
        assert reason_of("dark", raw).startswith("not_a_dark: this is no dark: it shows")
        assert reason_of("bias", raw).startswith("not_a_bias: ")

    def test_a_gradient_is_seen(self) -> None:
        ramp = np.linspace(0, 100, WIDTH)[np.newaxis, :]
        assert "light: the field differs by" in reason_of("dark", frame(noise(500, 10) + ramp))

    def test_a_lit_frame_is_seen(self) -> None:
        assert "lit to 46 % of the full scale" in reason_of("dark", frame(noise(30000, 10)))

    def test_a_long_exposure_is_no_bias_and_may_show_cosmic_rays(self) -> None:
        raw = frame(noise(500, 10) + stars(3.0, 18), exposure_s=1200.0)
        require_plausible("dark", raw)
        assert "exposed for 1200 s" in reason_of("bias", raw)
        assert "stars" in reason_of("dark", frame(raw.pixels, exposure_s=1.0))

    def test_a_failed_download_is_seen(self) -> None:
        assert "every pixel has one value" in reason_of("dark", frame(np.zeros((HEIGHT, WIDTH))))

    def test_a_tiny_frame_is_not_judged(self) -> None:
        require_plausible("dark", frame(np.zeros((20, 20))))


class TestFlats:
    @pytest.mark.parametrize("depth", [0.0, 0.3, 0.8])
    @pytest.mark.parametrize("cfa", [None, "RGGB"])
    def test_a_flat_with_vignetting_dust_and_hot_pixels_passes(self, depth: float, cfa: Any) -> None:
        y, x = np.mgrid[:HEIGHT, :WIDTH]
        mote = 1 - 0.1 * (abs(np.hypot(x - 150, y - 90) - 18) < 5)
        light = 20000 * vignetting(depth) * mote
        require_plausible("flat", frame(hot_pixels(light + noise(0, 100)), cfa))

    def test_a_twilight_flat_with_its_brightest_stars_passes(self) -> None:
        require_plausible("flat", frame(noise(20000, 100) + 3 * stars(4.0, 18)))

    @pytest.mark.parametrize(
        ("pixels", "words"),
        [
            (noise(65600, 400), "clipped: its level is 100 %"),
            (noise(70000, 100), "clipped: its level is 100 %"),
            (np.minimum(noise(56000, 100) * vignetting(-0.2), 60000), "clipped"),
            (np.minimum(noise(16000, 100) * vignetting(0.2), 16383 - 512), "clipped: its level is 2"),
            (np.zeros((HEIGHT, WIDTH)), "no light"),
            (noise(62000, 100), "clipped: its level is 95 %"),
            (noise(500, 10), "no light: its level is 0.8 %"),
            (noise(20000, 100) + 3 * stars(4.0), "it shows"),
        ],
    )
    def test_a_useless_flat_is_seen(self, pixels: Any, words: str) -> None:
        assert words in reason_of("flat", frame(pixels))

    def test_a_flat_of_twelve_bits_passes(self) -> None:
        require_plausible("flat", frame(900 * vignetting(0.3) + noise(0, 12)))

    def test_a_picture_is_no_flat(self) -> None:
        scene = noise(20000, 100)
        scene[100:, :150] *= 0.3
        assert "a picture: it differs by" in reason_of("flat", frame(scene))

    def test_the_known_black_level_is_no_light(self) -> None:
        assert "no light" in reason_of("flat", frame(noise(2100, 10), black_adu=2048.0))


def test_a_frame_of_colours_is_judged_too() -> None:
    pixels = np.repeat((hot_pixels(noise(500, 10)) + stars(4.0))[..., np.newaxis], 3, axis=2)
    assert "stars" in reason_of("dark", frame(pixels))
    require_plausible("flat", frame(np.repeat((20000 + noise(0, 100))[..., np.newaxis], 3, axis=2)))


def test_a_pixel_that_is_no_number_harms_nothing() -> None:
    pixels = noise(500, 10).astype(np.float32)
    pixels[10:14, 20:30] = np.nan
    require_plausible("dark", RawFrame(pixels, None, FrameInfo()))
    assert count_spots(RawFrame(pixels, None, FrameInfo())) == 0


@pytest.mark.parametrize(
    ("folder", "kind", "passes"), [("dark", "dark", True), ("bias", "bias", True), ("light", "dark", False)]
)
def test_a_real_ccd(shared_data: Path, folder: str, kind: Kind, passes: bool) -> None:
    for path in sorted((shared_data / "sbig_2713_20181017" / folder).iterdir()):
        raw = decode(read_blob(path, "test"), DecodeSettings())
        if passes:
            require_plausible(kind, raw)
        else:
            assert reason_of(kind, raw).startswith("not_a_dark")
