"""What brings a sub to the reference's ADU."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from indistack.errors import FrameError
from indistack.numerics.surface import factors
from indistack.photometry import MatchSettings, Photometer, measure_sky_levels
from indistack.values.frame import CalibratedFrame, FrameInfo
from indistack.values.star_list import PhotometricMatch, Scene
from indistack.values.transform import Transform
from tests.unit.align.fields import star_list

WIDTH, HEIGHT = 640, 480
STARS = star_list(np.random.default_rng(4).uniform(20, 460, (60, 2)))
SHIFT = Transform(np.array([[1, 0, 37.0], [0, 1, -21.0], [0, 0, 1.0]]))
Y, X = np.mgrid[:HEIGHT, :WIDTH].astype(float)


def nebula(transform: Transform = Transform.identity()) -> np.ndarray:  # noqa: B008
    """A sky with structure, as a sub sees it that lies so on the reference."""
    x, y = X + transform.matrix[0, 2], Y + transform.matrix[1, 2]
    return 300 + 80 * np.sin(x / 60) * np.cos(y / 45) + 150 * np.exp(-((x - 350) ** 2 + (y - 200) ** 2) / 9000)


def frame(pixels: np.ndarray, seed: int = 0, **facts: Any) -> CalibratedFrame:
    noisy = pixels + np.random.default_rng(seed).normal(0, 10, pixels.shape)
    return CalibratedFrame(noisy.astype(np.float32), None, 0.0, 1.0, None, FrameInfo(**facts))


def scene(share: float = 1.0, transform: Transform = SHIFT, n: int = 60) -> Scene:
    places = transform.back(STARS.xy)
    flux = share * STARS.flux * np.random.default_rng(2).normal(1, 0.01, len(STARS))
    stars = replace(STARS, x=places[:, 0], y=places[:, 1], flux=flux)
    return Scene(stars.take(slice(0, n)), WIDTH, HEIGHT)


def photometer(reference: CalibratedFrame | None = None, **settings: Any) -> Photometer:
    reference = reference or frame(nebula())
    whole = Scene(STARS, WIDTH, HEIGHT)
    return Photometer(MatchSettings(**settings), whole, measure_sky_levels(reference), reference.info)


def added(match: PhotometricMatch) -> np.ndarray:
    """The plane that is added."""
    down, across = factors(match.background, WIDTH, HEIGHT)
    return np.einsum("hk,kwc->hwc", down, across)[..., 0]


def test_offset_and_transparency_are_recovered_beside_a_nebula_that_moves() -> None:
    sub = frame(0.7 * nebula(SHIFT) - 37, seed=1)
    match = photometer().match(sub, scene(0.7), SHIFT)
    assert match.scale == pytest.approx(1 / 0.7, rel=0.01)
    assert match.transparency == pytest.approx(0.7, rel=0.01)
    assert match.brightness == 1
    matched = match.scale * (0.7 * nebula(SHIFT) - 37) + added(match)
    assert np.median(matched - nebula(SHIFT)) == pytest.approx(0, abs=0.5)


def test_an_offset_alone_leaves_the_scale_at_one() -> None:
    match = photometer().match(frame(nebula(SHIFT) - 37, seed=1), scene(), SHIFT)
    assert match.scale == 1
    assert match.background == ((pytest.approx(37, abs=0.5),),)


def test_a_gradient_is_followed_where_it_shows() -> None:
    ramp = 60 * X / WIDTH - 40 * (Y / HEIGHT) ** 2
    sub = frame(nebula(SHIFT) + ramp, seed=1)
    surface, level = (photometer(background=way).match(sub, scene(), SHIFT) for way in ("surface", "level"))
    assert np.abs(ramp + added(surface)).max() < 3
    assert len(level.background[0]) == 1
    assert np.median(ramp + added(level)) == pytest.approx(0, abs=2)


@pytest.mark.parametrize("way", ["off", "level", "surface"])
def test_a_gradient_is_told_in_units_of_the_noise_whether_it_is_undone_or_not(way: str) -> None:
    ramp = 60 * X / WIDTH
    (steep, even) = (
        photometer(background=way).match(frame(nebula(SHIFT) + extra, seed=1), scene(), SHIFT).gradient_sigma
        for extra in (ramp, 0)
    )
    noise_adu = STARS.noise_adu
    assert steep * noise_adu == pytest.approx(60, rel=0.2)  # over the part in common, between centres of blocks
    assert even * noise_adu < 6


def test_a_glow_that_is_no_gradient_is_told_in_units_of_the_noise() -> None:
    glow = 9000 * np.exp(-np.hypot(X - 20, Y - 30) / 60)
    lit, ramp, star = (
        photometer().match(frame(nebula(SHIFT) + extra, seed=1), scene(), SHIFT).uneven_sigma
        for extra in (glow, 60 * X / WIDTH, 5000.0 * ((X > 90) & (X < 105) & (Y > 60) & (Y < 75)))
    )
    assert lit > 5
    assert max(ramp, star) < 1


def test_off_leaves_the_pixels_alone() -> None:
    match = photometer(background="off", scale=False).match(frame(0.7 * nebula(SHIFT), seed=1), scene(0.7), SHIFT)
    assert (match.scale, match.background) == (1.0, ((0.0,),))
    assert match.transparency == pytest.approx(0.7, rel=0.01)
    assert match.brightness == pytest.approx(0.7, rel=0.01)


def test_the_reference_itself_is_left_as_it_is() -> None:
    own = Scene(STARS, WIDTH, HEIGHT)
    reference = frame(nebula())
    meter = Photometer(MatchSettings(), own, measure_sky_levels(reference), reference.info)
    match = meter.match(reference, own, Transform.identity())
    assert (match.scale, match.background, match.transparency) == (1.0, ((0.0,),), 1.0)


def test_another_exposure_is_no_cloud() -> None:
    meter = photometer(frame(nebula(), exposure_s=10.0))
    match = meter.match(frame(nebula(SHIFT), 1, exposure_s=5.0), scene(0.5 * 0.8), SHIFT)
    assert match.transparency == pytest.approx(0.8, rel=0.01)
    assert match.scale == pytest.approx(2.5, rel=0.01)


def test_without_enough_stars_exposure_and_gain_tell_the_scale() -> None:
    meter = photometer(frame(nebula(), exposure_s=10.0, gain_setting=0.0, e_per_adu=1.0))
    sub = frame(nebula(SHIFT), 1, exposure_s=5.0, gain_setting=60.0, e_per_adu=0.5)
    match = meter.match(sub, scene(n=3), SHIFT, must_scale=True)
    assert (match.scale, match.transparency) == (1.0, None)  # half the time, twice the gain
    unknown = frame(nebula(SHIFT), 1, exposure_s=5.0, gain_setting=60.0)
    with pytest.raises(FrameError, match="scale_unknown"):
        meter.match(unknown, scene(n=3), SHIFT, must_scale=True)
    assert meter.match(unknown, scene(n=3), SHIFT).scale == 1
    by_stars = meter.match(unknown, scene(0.9), SHIFT, must_scale=True)
    assert (by_stars.scale, by_stars.transparency) == (pytest.approx(1 / 0.9, rel=0.01), None)


def test_what_must_be_scaled_is_scaled_whatever_the_settings_say() -> None:
    meter = photometer(frame(nebula(), exposure_s=10.0), scale=False)
    sub = frame(nebula(SHIFT), 1, exposure_s=5.0)
    assert meter.match(sub, scene(0.5), SHIFT).scale == 1
    assert meter.match(sub, scene(0.5), SHIFT, must_scale=True).scale == pytest.approx(2, rel=0.01)


def test_a_picture_with_a_tone_curve_is_not_scaled() -> None:
    meter, picture = photometer(), frame(nebula(SHIFT), 1, linear=False)
    assert meter.match(picture, scene(0.5), SHIFT).scale == 1
    with pytest.raises(FrameError, match="scale_unknown"):
        meter.match(picture, scene(0.5), SHIFT, must_scale=True)


def test_no_common_sky_shifts_nothing() -> None:
    beside = Transform(np.array([[1, 0, 5000.0], [0, 1, 0.0], [0, 0, 1.0]]))
    assert photometer().match(frame(nebula()), scene(), beside).background == ((0.0,),)


def test_a_mono_reference_serves_a_colour_sub() -> None:
    rgb = np.stack([nebula(SHIFT) + colour for colour in (-30, 0, 30)], axis=-1)
    match = photometer().match(frame(rgb, 1), scene(), SHIFT)
    assert match.offset_adu == pytest.approx((30, 0, -30), abs=1)


@pytest.mark.parametrize("linear", [True, False])
@pytest.mark.parametrize("scale", [True, False])
def test_another_depth_of_the_file_is_no_other_brightness_of_the_sky(linear: bool, scale: bool) -> None:
    eight, sixteen = ({"full_scale_adu": full, "linear": linear} for full in (255.0, 65535.0))
    match = photometer(frame(nebula(), **eight), background="off", scale=scale).match(
        frame(257 * nebula(SHIFT), seed=1, **sixteen), scene(257.0), SHIFT
    )
    assert match.scale == pytest.approx(1 / 257, rel=0.01)
    assert match.transparency == pytest.approx(1.0, rel=0.01)


def test_another_depth_counts_also_where_nothing_tells_the_gain() -> None:
    reference = frame(nebula(), full_scale_adu=65535.0, gain_setting=100.0)
    sub = frame(nebula(SHIFT) / 257, full_scale_adu=255.0, gain_setting=200.0)
    assert photometer(reference).match(sub, scene(1.0, n=2), SHIFT).scale == 257
