"""What the scenario makes of each light."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simulators.conditions import conditions_of, first_light_of_target
from simulators.scenario import Scenario, Target


def night(*events: dict[str, Any], **changes: Any) -> Scenario:
    values = {"seeing_jitter": 0.0, "targets": (Target(name="One"), Target(name="Two", ra_deg=10.0)), **changes}
    return Scenario(**values).with_changes(events=list(events))


def shift(scenario: Scenario, index: int) -> tuple[float, float]:
    """How far the star of the target's centre is from the middle of the frame."""
    middle = ((scenario.width_px - 1) / 2, (scenario.height_px - 1) / 2)
    point = conditions_of(scenario, index).sky_to_sensor @ [0.0, 0.0, 1.0]
    return float(point[0] - middle[0]), float(point[1] - middle[1])


def test_drift_adds_up() -> None:
    scenario = night(drift_px_per_sub=(1.5, -0.25))
    assert shift(scenario, 4) == pytest.approx((6.0, -1.0))


def test_periodic_error_returns_after_its_period() -> None:
    scenario = night(periodic_error_px=3.0, periodic_error_subs=8.0)
    assert [shift(scenario, index)[0] for index in (0, 2, 4, 6, 8)] == pytest.approx([0, 3, 0, -3, 0], abs=1e-9)


def test_rotation_grows_and_a_flip_adds_half_a_turn() -> None:
    scenario = night({"kind": "meridian_flip", "sub": 3}, rotation_deg_per_sub=0.5, rotation_deg=10.0)
    assert [conditions_of(scenario, index).rotation_deg for index in (0, 2, 3)] == pytest.approx([10, 11, 191.5])
    assert [conditions_of(scenario, index).flipped for index in (2, 3, 4)] == [False, True, True]


def test_dithers_stay_for_their_block_and_inside_their_radius() -> None:
    scenario = night(dither_px=10.0, dither_every=3)
    shifts = np.array([shift(scenario, index) for index in range(60)])
    assert np.allclose(shifts[:3], 0)
    assert np.allclose(shifts[3], shifts[5])
    assert not np.allclose(shifts[5], shifts[6])
    assert 5.0 < np.hypot(*shifts.T).max() <= 10.0
    assert "dither" in conditions_of(scenario, 3).events
    assert "dither" not in conditions_of(scenario, 4).events


def test_an_ordered_dither_stays() -> None:
    scenario = night({"kind": "dither", "sub": 2, "shift_px": [4.0, -5.0]})
    assert np.allclose([shift(scenario, index) for index in (1, 2, 3)], [(0, 0), (4, -5), (4, -5)])


def test_a_slew_changes_the_target_and_the_reference() -> None:
    scenario = night({"kind": "slew", "sub": 4, "target": "Two"}, {"kind": "slew", "sub": 7, "target": "One"})
    assert [conditions_of(scenario, index).target.name for index in (3, 4, 7)] == ["One", "Two", "One"]
    assert [first_light_of_target(scenario, index) for index in (3, 4, 6, 8)] == [0, 4, 4, 7]


def test_clouds_come_and_go_in_a_ramp() -> None:
    scenario = night({"kind": "clouds", "sub": 2, "until_sub": 4, "transparency": 0.4})
    # Half a width of 2 subs: 1, then 0.7, 0.4, 0.7, and 1 again.
    assert [conditions_of(scenario, index).transparency for index in range(1, 6)] == pytest.approx(
        [1, 0.7, 0.4, 0.7, 1]
    )


@pytest.mark.parametrize("until_sub", [3, 4, 5, 6])
def test_clouds_reach_their_depth_however_long_they_are(until_sub: int) -> None:
    scenario = night({"kind": "clouds", "sub": 3, "until_sub": until_sub, "transparency": 0.2})
    assert min(conditions_of(scenario, index).transparency for index in range(10)) == pytest.approx(0.2)


def test_dew_grows_until_it_is_wiped() -> None:
    scenario = night({"kind": "dew", "sub": 1, "until_sub": 4, "fwhm_factor": 3.0}, fwhm_px=2.0)
    # From factor 1 to 3 in four steps of 0.5.
    assert [conditions_of(scenario, index).fwhm_px for index in range(6)] == pytest.approx([2, 3, 4, 5, 6, 2])


def test_exposure_and_gain_stay_changed() -> None:
    scenario = night(
        {"kind": "exposure", "sub": 2, "exposure_s": 30.0}, {"kind": "gain", "sub": 3, "gain_setting": 0.0}
    )
    made = [conditions_of(scenario, index) for index in (1, 2, 3, 9)]
    assert [light.exposure_s for light in made] == [10, 30, 30, 30]
    assert [light.gain_setting for light in made] == [100, 100, 0, 0]


def test_a_gust_is_one_sub_long() -> None:
    scenario = night({"kind": "gust", "sub": 5, "length_px": 8.0, "angle_deg": 90.0})
    assert conditions_of(scenario, 5).trail_px == pytest.approx((0, 8))
    assert conditions_of(scenario, 6).trail_px == (0, 0)


def test_seeing_scatters_about_its_mean() -> None:
    scenario = Scenario(fwhm_px=3.0, seeing_jitter=0.1)
    widths = np.log([conditions_of(scenario, index).fwhm_px / 3.0 for index in range(200)])
    assert np.mean(widths) == pytest.approx(0, abs=0.02)
    assert np.std(widths) == pytest.approx(0.1, rel=0.15)
