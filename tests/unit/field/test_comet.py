"""How a comet moves against the stars."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import cv2
import numpy as np
import pytest

from indistack.errors import FrameError, SettingsError
from indistack.field.comet import CometSettings, Motion
from indistack.settings import validate
from indistack.values.frame import FrameInfo
from indistack.values.transform import Bend, Transform

START = datetime(2024, 10, 14, 17, 30, tzinfo=UTC)
PLACES = {
    "first": [100.0, 50.0], "first_time": "2024-10-14T17:00:00",
    "second": [160.0, 20.0], "second_time": "2024-10-14T17:10:00",
}  # fmt: skip
"""60 px in x and -30 px in y within 600 s."""
NORTH_UP = {
    "CTYPE1": "RA---TAN",
    "CTYPE2": "DEC--TAN",
    "CD1_1": -1 / 1800,
    "CD1_2": 0.0,
    "CD2_1": 0.0,
    "CD2_2": 1 / 1800,
}
"""2 arcsec/px, east at small x, north at large y."""


def info(minutes: float = 0.0, **facts: Any) -> FrameInfo:
    return FrameInfo(date_obs=START + timedelta(minutes=minutes), exposure_s=facts.pop("exposure_s", 30.0), **facts)


def cards(table: dict[str, Any]) -> tuple[Any, ...]:
    return tuple((key, value, "") for key, value in table.items())


def motion(reference: FrameInfo | None = None, **settings: Any) -> Motion:
    return Motion.over(reference or info(), validate(CometSettings, settings))


def test_two_places_tell_the_speed() -> None:
    assert motion(**PLACES).px_per_s == pytest.approx((0.1, -0.05))


def test_the_shift_counts_from_the_middle_of_the_reference_to_the_middle_of_the_sub() -> None:
    """5 minutes later, and the middle of 90 s lies 30 s later than that of 30 s: 330 s."""
    assert motion(**PLACES).shift_px(info(5, exposure_s=90.0)) == pytest.approx((33.0, -16.5))
    assert motion(**PLACES).shift_px(info()) == (0.0, 0.0)


def test_before_the_reference_the_comet_was_where_it_came_from() -> None:
    assert motion(**PLACES).shift_px(info(-1)) == pytest.approx((-6.0, 3.0))


def test_a_rate_in_the_picture() -> None:
    assert motion(rate_px_min=6.0, angle_deg=90.0).px_per_s == pytest.approx((0.0, 0.1))


@pytest.mark.parametrize(("direction_deg", "px_per_s"), [(0, (0, 0.05)), (90, (-0.05, 0)), (180, (0, -0.05))])
def test_a_rate_on_the_sky_goes_where_the_wcs_says(direction_deg: float, px_per_s: tuple[float, float]) -> None:
    """6 arcsec/min with 2 arcsec/px are 3 px/min."""
    found = motion(info(header=cards(NORTH_UP)), rate_arcsec_min=6.0, direction_deg=float(direction_deg))
    assert found.px_per_s == pytest.approx(px_per_s, abs=1e-6)


@pytest.mark.parametrize(
    ("orientation_deg", "facts", "px_per_s"),
    [
        (0.0, {}, (0.0, -0.05)),  # north up, the first row is the upper one: y falls
        (0.0, {"bottom_up": True}, (0.0, 0.05)),
        (90.0, {}, (0.05, 0.0)),  # east up, so that north lies to the right
        (180.0, {}, (0.0, 0.05)),
    ],
)
def test_without_a_wcs_the_orientation_tells_where_north_is(
    orientation_deg: float, facts: dict[str, Any], px_per_s: tuple[float, float]
) -> None:
    reference = info(scale_arcsec_px=2.0, **facts)
    found = motion(reference, rate_arcsec_min=6.0, direction_deg=0.0, orientation_deg=orientation_deg)
    assert found.px_per_s == pytest.approx(px_per_s, abs=1e-9)


@pytest.mark.parametrize(("mirrored", "dx"), [(False, -0.05), (True, 0.05)])
def test_east_is_left_of_north_unless_mirrored(mirrored: bool, dx: float) -> None:
    given = {"rate_arcsec_min": 6.0, "direction_deg": 90.0, "orientation_deg": 0.0, "mirrored": mirrored}
    assert motion(info(scale_arcsec_px=2.0), **given).px_per_s == pytest.approx((dx, 0.0), abs=1e-9)


def test_wcs_and_orientation_agree() -> None:
    """A bottom-up picture turned by 30 degrees: its upper edge has position angle 30."""
    cos, sin = np.cos(np.radians(30)) / 1800, np.sin(np.radians(30)) / 1800
    solved = NORTH_UP | {"CD1_1": -cos, "CD1_2": sin, "CD2_1": sin, "CD2_2": cos}
    rate = {"rate_arcsec_min": 6.0, "direction_deg": 70.0}
    by_wcs = motion(info(header=cards(solved)), **rate)
    by_angle = motion(info(scale_arcsec_px=2.0, bottom_up=True), **rate, orientation_deg=30.0)
    assert by_wcs.px_per_s == pytest.approx(by_angle.px_per_s)


def test_a_distorted_field_and_both_ways_at_once_are_no_trouble() -> None:
    both = NORTH_UP | {"CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP", "CDELT1": 1.0, "CROTA2": 30.0, "PC1_1": 1.0}
    found = motion(info(header=cards(both)), rate_arcsec_min=6.0, direction_deg=90.0)
    assert found.px_per_s == pytest.approx((-0.05, 0.0))


def test_the_old_way_to_write_a_wcs() -> None:
    old = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CDELT1": -1 / 1800, "CDELT2": 1 / 1800, "CROTA2": 0.0}
    found = motion(info(header=cards(old)), rate_arcsec_min=6.0, direction_deg=90.0)
    assert found.px_per_s == pytest.approx((-0.05, 0.0))


@pytest.mark.parametrize(
    ("reference", "settings", "reason"),
    [
        (FrameInfo(), PLACES, "no_time"),
        (info(), {}, "no_motion"),
        (info(), {"rate_arcsec_min": 6.0, "direction_deg": 0.0, "orientation_deg": 0.0}, "no_scale"),
        (info(scale_arcsec_px=2.0), {"rate_arcsec_min": 6.0, "direction_deg": 0.0}, "no_orientation"),
        (info(header=cards(NORTH_UP | {"CD1_1": 0.0})), {"rate_arcsec_min": 6.0, "direction_deg": 0.0}, "no_scale"),
    ],
)
def test_what_is_not_known_is_told(reference: FrameInfo, settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(FrameError) as caught:
        motion(reference, **settings)
    assert caught.value.reason == reason
    assert caught.value.detail


def test_a_sub_without_a_time_cannot_follow() -> None:
    with pytest.raises(FrameError) as caught:
        motion(**PLACES).follow(Transform.identity(), FrameInfo())
    assert caught.value.reason == "no_time"


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        validate(CometSettings, {"first": [1.0, 2.0], "rate_px_min": 3.0, "orientation_deg": 5.0})
    for word in ("exclude", "first_time is", "second is", "second_time is", "angle_deg is", "orientation_deg needs"):
        assert word in str(caught.value)


@pytest.mark.parametrize(
    "change", [{"first_time": "yesterday"}, {"second_time": PLACES["first_time"]}, {"first": [1.0]}]
)
def test_places_and_times_must_make_sense(change: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=r"first"):
        validate(CometSettings, PLACES | change)


def test_a_time_is_utc_and_survives_being_written_down() -> None:
    settings = validate(CometSettings, PLACES | {"first_time": "2024-10-14T19:00:00+02:00"})
    assert settings.first_time == datetime(2024, 10, 14, 17, tzinfo=UTC)
    assert validate(CometSettings, settings.model_dump(mode="json")) == settings


def test_the_comet_stays_where_it_was_however_the_sub_lies() -> None:
    """The comet's place in a turned and bent sub is mapped to its place in the reference."""
    cos, sin = np.cos(0.3), np.sin(0.3)
    bend = Bend((100.0, 80.0), 120.0, np.array([[0.5, 0.1, 0.2], [0.0, -0.4, 0.3]]))
    by_stars = Transform(np.array([[cos, -sin, 20.0], [sin, cos, -7.0], [0, 0, 1.0]]), bend=bend)
    comet = motion(**PLACES)
    there, sub = np.array([[130.0, 90.0]]), info(7)
    in_sub = by_stars.back(there + comet.shift_px(sub))
    assert comet.follow(by_stars, sub).apply(in_sub) == pytest.approx(there, abs=1e-5)


def test_a_moving_blob_is_sharp_in_a_stack_that_follows_it() -> None:
    """Twenty drifting subs: the mean that follows has the blob's height, the one on the stars has a streak."""
    comet, y_x = motion(rate_px_min=4.0, angle_deg=30.0), np.mgrid[:200, :240]
    by_stars, following = np.zeros((200, 240)), np.zeros((200, 240))
    for minute in range(20):
        drift = Transform(np.array([[1, 0, -1.3 * minute], [0, 1, 0.7 * minute], [0, 0, 1.0]]))
        x, y = drift.back(np.array([[60.0, 70.0]]) + comet.shift_px(info(minute)))[0]
        sub = 100 * np.exp(-((y_x[1] - x) ** 2 + (y_x[0] - y) ** 2) / 8)
        for stack, transform in ((by_stars, drift), (following, comet.follow(drift, info(minute)))):
            stack += cv2.warpAffine(sub, transform.matrix[:2], (240, 200), flags=cv2.INTER_CUBIC) / 20
    assert following.max() > 97
    assert np.unravel_index(following.argmax(), following.shape) == (70, 60)
    assert by_stars.max() < 20


def test_a_wcs_that_is_not_of_ra_and_dec_does_not_tell_where_north_is() -> None:
    galactic = NORTH_UP | {"CTYPE1": "GLON-TAN", "CTYPE2": "GLAT-TAN"}
    with pytest.raises(FrameError, match="orientation_deg"):
        motion(info(header=cards(galactic), scale_arcsec_px=2.0), rate_arcsec_min=6.0, direction_deg=0.0)
