"""Whole frames against the truth that comes with them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from numpy.typing import NDArray

from simulators.geometry import map_points
from simulators.observatory import Observatory
from simulators.scenario import Scenario, Target

DARK_SKY: dict[str, Any] = {
    "sky_e_per_s": 0.0,
    "gradient": 0.0,
    "targets": (Target(name="Empty", nebula_e_per_s=0.0),),
}
SMALL: dict[str, Any] = {"width_px": 320, "height_px": 240, "n_stars": 60}


def small(**changes: Any) -> Scenario:
    return Scenario(**{**SMALL, **changes})


def events(scenario: Scenario, *tables: dict[str, Any]) -> Scenario:
    return scenario.with_changes(events=list(tables))


def lonely(stars: Any, width: int, height: int, distance_px: float, margin_px: float) -> list[int]:
    """Numbers of the stars far from all others and from the border."""
    apart = np.hypot(stars.x[:, None] - stars.x, stars.y[:, None] - stars.y) + 1e9 * np.eye(len(stars))
    x_inside = (stars.x > margin_px) & (stars.x < width - 1 - margin_px)
    y_inside = (stars.y > margin_px) & (stars.y < height - 1 - margin_px)
    return np.flatnonzero((apart.min(axis=1) > distance_px) & x_inside & y_inside).tolist()


def box(image: NDArray[Any], x: float, y: float, radius: int) -> tuple[NDArray[np.float64], int, int]:
    left, top = round(x) - radius, round(y) - radius
    return image[top : top + 2 * radius + 1, left : left + 2 * radius + 1].astype(np.float64), left, top


@pytest.mark.parametrize("psf", ["gaussian", "moffat"])
def test_mono_stars_have_their_flux_and_their_place(psf: str) -> None:
    observatory = Observatory(Scenario(width_px=800, height_px=600, n_stars=25, cfa="mono", psf=psf, **DARK_SKY))
    image = observatory.ideal(signal_only=True)
    stars = observatory.expose().stars
    chosen = lonely(stars, 800, 600, 70, 35)
    assert len(chosen) >= 3
    for i in chosen:
        cut, left, top = box(image, stars.x[i], stars.y[i], 32)
        rows, columns = np.indices(cut.shape)
        assert cut.sum() == pytest.approx(stars.flux_adu[i, 0], rel=0.003)
        assert (cut * columns).sum() / cut.sum() + left == pytest.approx(stars.x[i], abs=0.01)
        assert (cut * rows).sum() / cut.sum() + top == pytest.approx(stars.y[i], abs=0.01)


@pytest.mark.parametrize("cfa", ["RGGB", "BGGR", "GRBG", "GBRG"])
def test_colour_stars_have_their_flux_in_each_colour(cfa: str) -> None:
    observatory = Observatory(Scenario(width_px=800, height_px=600, n_stars=25, cfa=cfa, fwhm_px=4.0, **DARK_SKY))
    image = observatory.ideal(signal_only=True)
    stars = observatory.expose().stars
    chosen = lonely(stars, 800, 600, 70, 40)
    assert len(chosen) >= 3
    for i in chosen:
        cut, left, top = box(image, stars.x[i], stars.y[i], 34)
        for y in range(2):
            for x in range(2):
                phase = cut[(y - top) % 2 :: 2, (x - left) % 2 :: 2]
                channel = "RGB".index(cfa[2 * y + x])
                # One pixel in four has this filter, at this place.
                assert 4 * phase.sum() == pytest.approx(stars.flux_adu[i, channel], rel=0.003)


def test_the_transform_maps_the_stars_of_a_sub_onto_those_of_the_first() -> None:
    scenario = small(drift_px_per_sub=(2.0, -1.0), rotation_deg_per_sub=1.0, dither_px=6.0, guide_jitter_px=0.5)
    observatory = Observatory(events(scenario, {"kind": "meridian_flip", "sub": 5}))
    first = observatory.expose(index=0)
    for index in (1, 4, 7):
        sub = observatory.expose(index=index)
        x, y = map_points(sub.truth.matrix, sub.stars.x, sub.stars.y)
        inside = (x > 0) & (x < 319) & (y > 0) & (y < 239)
        distance = np.hypot(x[inside, None] - first.stars.x, y[inside, None] - first.stars.y)
        assert inside.sum() > 20
        assert distance.min(axis=1).max() < 1e-6


def test_the_picture_moves_as_the_transform_says() -> None:
    scenario = small(cfa="mono", drift_px_per_sub=(7.0, 3.0), vignetting=0.0, dust_motes=0, **DARK_SKY)
    observatory = Observatory(scenario.with_changes(seeing_jitter=0.0))
    first, second = observatory.ideal(index=0, signal_only=True), observatory.ideal(index=1, signal_only=True)
    np.testing.assert_allclose(second[3:, 7:], first[:-3, :-7], rtol=1e-3, atol=0.05)
    assert observatory.expose(index=1).truth.matrix[:2, 2].tolist() == pytest.approx([-7, -3])


def test_the_transform_of_binned_and_cropped_subs() -> None:
    observatory = Observatory(small(drift_px_per_sub=(4.0, 2.0), rotation_deg_per_sub=3.0))
    sub = observatory.expose(index=2, binning=2, region_px=(40, 20, 200, 160))
    first = observatory.expose(index=0, binning=2, region_px=(40, 20, 200, 160))
    assert sub.pixels.shape == (80, 100)
    x, y = map_points(sub.truth.matrix, sub.stars.x, sub.stars.y)
    inside = (x > 0) & (x < 99) & (y > 0) & (y < 79)
    distance = np.hypot(x[inside, None] - first.stars.x, y[inside, None] - first.stars.y)
    assert distance.min(axis=1).max() < 1e-6


def test_any_light_can_be_made_alone_and_is_always_the_same() -> None:
    one = Observatory(small(cosmic_rays=5.0))
    for _ in range(3):
        last = one.expose()
    other = Observatory(small(cosmic_rays=5.0)).expose(index=2)
    np.testing.assert_array_equal(last.pixels, other.pixels)
    assert last.truth == other.truth
    assert last.header == other.header


def test_lights_and_seeds_differ() -> None:
    observatory = Observatory(small())
    first, second = observatory.expose(), observatory.expose()
    assert (first.pixels != second.pixels).mean() > 0.5
    assert (Observatory(small(seed=2)).expose().pixels != first.pixels).mean() > 0.5


def test_background_and_noise_are_what_the_truth_says() -> None:
    scenario = small(n_stars=0, cfa="mono", vignetting=0.0, dust_motes=0, pixel_response_spread=0.0)
    scenario = scenario.with_changes(column_pattern_adu=0.0, hot_pixel_fraction=0.0, dead_pixel_fraction=0.0)
    empty = scenario.with_changes(gradient=0.0, targets=DARK_SKY["targets"])
    light = Observatory(empty).expose()
    expected = light.truth.background_adu + light.truth.pedestal_adu
    assert light.pixels.mean() == pytest.approx(expected, rel=0.002)
    signal_e = (expected - 500) * light.truth.e_per_adu
    variance = (signal_e + empty.read_noise_e**2) / light.truth.e_per_adu**2 + 1 / 12
    assert light.pixels.astype(float).var() == pytest.approx(variance, rel=0.02)


def test_calibration_frames_have_their_own_signal() -> None:
    observatory = Observatory(small(dark_e_per_s=20.0, hot_pixel_fraction=0.001))
    bias = observatory.expose("bias")
    dark = observatory.expose("dark", exposure_s=10)
    flat = observatory.expose("flat")
    assert np.median(bias.pixels) == pytest.approx(500, abs=1)
    # 20 e/s for 10 s at 0.5 e/ADU: 400 ADU.
    assert np.median(dark.pixels) == pytest.approx(900, abs=2)
    hot = observatory.defects.hot_index
    assert np.median(dark.pixels.reshape(-1)[hot]) > 1500
    # 45 % of 65535 * 0.5 e, seen through the green filter.
    assert np.percentile(flat.pixels, 99) == pytest.approx(500 + 0.45 * 65535, rel=0.05)
    assert [frame.header["FRAME"] for frame in (bias, dark, flat)] == ["Bias", "Dark", "Flat"]
    assert "RA" not in dark.header


def test_a_flat_panel_has_its_colour() -> None:
    flat = Observatory(small(vignetting=0.0, dust_motes=0, pixel_response_spread=0.0)).expose("flat").pixels
    signal = [float(np.median(flat[y::2, x::2])) - 500 for y in range(2) for x in range(2)]
    # RGGB; a panel that is 0.8, 1 and 0.75 in raw red, green and blue; 45 % of 65535 in green.
    assert signal == pytest.approx([0.8 * 29491, 29491, 29491, 0.75 * 29491], rel=0.002)


@pytest.mark.parametrize("flipped", [False, True])
def test_the_gradient_hangs_on_the_horizon(flipped: bool) -> None:
    scenario = small(n_stars=0, cfa="mono", gradient=0.4, gradient_angle_deg=90.0, targets=DARK_SKY["targets"])
    turned = events(scenario, *([{"kind": "meridian_flip", "sub": 0}] if flipped else []))
    image = Observatory(turned).ideal(signal_only=True)
    # 0.4 over a width of 320 px: over the 239 px from first to last row 0.4 * 239 / 320 of the middle, downwards;
    # with the camera upside down, upwards. Along the rows nothing.
    across = float(image[-1].mean() - image[0].mean()) / float(image.mean())
    assert across == pytest.approx(-0.29875 if flipped else 0.29875, rel=1e-3)
    assert image[:, -1].mean() == pytest.approx(image[:, 0].mean(), rel=1e-5)


def test_perfect_calibration_gives_the_sky_back() -> None:
    observatory = Observatory(small(hot_pixel_fraction=0.0, dead_pixel_fraction=0.0, cosmic_rays=0.0))
    raw, dark, signal = observatory.ideal(), observatory.ideal("dark"), observatory.ideal(signal_only=True)
    np.testing.assert_allclose((raw - dark) / observatory.response, signal, rtol=1e-3, atol=0.01)


def test_warm_sensors_have_more_dark_current() -> None:
    observatory = Observatory(small(dark_e_per_s=20.0, temperature_c=-10.0))
    warm = observatory.expose("dark", exposure_s=10, temperature_c=-4.0)
    assert np.median(warm.pixels) == pytest.approx(1300, abs=3)


def test_clouds_take_stars_and_bring_sky() -> None:
    scenario = small(cfa="mono", seeing_jitter=0.0)
    cloudy = Observatory(events(scenario, {"kind": "clouds", "sub": 0, "until_sub": 0, "transparency": 0.25})).expose()
    clear = Observatory(scenario).expose()
    assert cloudy.stars.flux_adu == pytest.approx(0.25 * clear.stars.flux_adu)
    # 60 % more sky under full cloud: 1 + 0.6 * 0.75 = 1.45.
    assert cloudy.truth.background_adu == pytest.approx(1.45 * clear.truth.background_adu)
    assert cloudy.truth.events == ("clouds",)


def test_dew_and_gusts_spread_the_light() -> None:
    scenario = small(cfa="mono", **DARK_SKY)
    sharp = Observatory(scenario).ideal(signal_only=True)
    for event in ({"kind": "dew", "until_sub": 0, "fwhm_factor": 3.0}, {"kind": "gust", "length_px": 12.0}):
        spread = Observatory(events(scenario, {"sub": 0, **event})).ideal(signal_only=True)
        assert spread.max() < 0.5 * sharp.max()
        assert spread.sum() == pytest.approx(sharp.sum(), rel=0.03)


@pytest.mark.parametrize("angle_deg", [0.0, 30.0, 90.0, 135.0])
def test_a_satellite_crosses_the_frame_where_it_should(angle_deg: float) -> None:
    scenario = small(cfa="mono", n_stars=0, **DARK_SKY)
    event = {"kind": "satellite", "sub": 0, "angle_deg": angle_deg, "offset_px": 20.0, "peak_e": 500.0}
    image = Observatory(events(scenario, event)).ideal(signal_only=True)
    rows, columns = np.nonzero(image > 700)
    angle = np.radians(angle_deg)
    distance = (columns - 159.5) * np.sin(angle) - (rows - 119.5) * np.cos(angle)
    assert distance.mean() == pytest.approx(20, abs=0.5)
    assert np.ptp(distance) < 6
    assert max(np.ptp(rows), np.ptp(columns)) > 200


def test_exposure_and_gain_changes_show() -> None:
    changed = events(
        small(), {"kind": "exposure", "sub": 1, "exposure_s": 20.0}, {"kind": "gain", "sub": 2, "gain_setting": 160.206}
    )
    observatory = Observatory(changed)
    background = [observatory.expose().truth.background_adu for _ in range(3)]
    assert background == pytest.approx([background[0], 2 * background[0], 4 * background[0]], rel=1e-4)
    assert [observatory.expose(index=i).header["EXPTIME"] for i in (0, 1)] == [10, 20]


def test_a_slew_shows_other_stars_and_its_own_reference() -> None:
    targets = (Target(name="One"), Target(name="Two", ra_deg=10.0, dec_deg=-5.0))
    scenario = events(small(targets=targets, drift_px_per_sub=(1.0, 0.0)), {"kind": "slew", "sub": 2, "target": "Two"})
    observatory = Observatory(scenario)
    lights = [observatory.expose() for _ in range(4)]
    assert [light.header["RA"] for light in lights] == [299.9, 299.9, 10.0, 10.0]
    assert lights[2].truth.matrix.tolist() == np.eye(3).tolist()
    assert lights[3].truth.matrix[0, 2] == pytest.approx(-1)
    assert lights[3].truth.target == lights[3].header["OBJECT"] == "Two"


def test_the_header_says_where_the_mount_believes_to_point() -> None:
    scenario = small(drift_px_per_sub=(5.0, 5.0), targets=(Target(ra_deg=150.0, dec_deg=60.0),))
    header = (
        Observatory(events(scenario, {"kind": "dither", "sub": 1, "shift_px": [100.0, 50.0]})).expose(index=1).header
    )
    # 1.93889 arcsec/px: 100 px are 0.053858 deg of sky, twice that in RA at this declination (1 / cos 60 = 2).
    assert header["DEC"] == pytest.approx(60 + 0.026929, abs=1e-5)
    assert header["RA"] == pytest.approx(150 + 0.1078, abs=2e-4)


def test_fits_files_are_read_back_exactly() -> None:
    exposure = Observatory(small(header_extra={"FILTER": "L"}, header_drop=("EGAIN",))).expose()
    with fits.open(io.BytesIO(exposure.to_fits())) as hdus:
        hdus.verify("exception")
        np.testing.assert_array_equal(hdus[0].data, exposure.pixels)
        header = hdus[0].header
    assert header["FILTER"] == "L"
    assert "EGAIN" not in header
    assert (header["BZERO"], header["BITPIX"], header["IMAGETYP"]) == (32768, 16, "Light Frame")
    assert header["DATE-OBS"] == "2024-08-10T21:00:00.000"


def test_binned_frames_have_no_bayer_keywords() -> None:
    header = Observatory(small()).expose(binning=2).header
    assert not {"BAYERPAT", "XBAYROFF", "YBAYROFF"} & set(header)
    assert header["XPIXSZ"] == pytest.approx(7.52)


def test_requests_that_make_no_sense_are_refused() -> None:
    observatory = Observatory(small())
    with pytest.raises(ValueError, match="not on the 320 x 240 px sensor"):
        observatory.expose(region_px=(300, 0, 100, 100))
    with pytest.raises(ValueError, match="binning"):
        observatory.expose(binning=0)
    with pytest.raises(ValueError, match="unknown kind"):
        observatory.expose("skyflat")  # type: ignore[arg-type]


def test_the_dark_pattern_is_in_darks_and_grows_with_the_exposure() -> None:
    scenario = small(dark_e_per_s=5.0, dark_spread=0.5, column_pattern_adu=0.0, hot_pixel_fraction=0.0)
    sky = Observatory(scenario)
    short, long = (sky.ideal("dark", exposure_s=exposure_s).std() for exposure_s in (10.0, 20.0))
    assert short == pytest.approx(0.5 * 50 / scenario.e_per_adu, rel=0.05)
    assert long == pytest.approx(2 * short, rel=0.01)
