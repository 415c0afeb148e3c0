"""Stars: how many, how bright, which colours."""

from __future__ import annotations

import numpy as np
import pytest

from simulators.scenario import Scenario
from simulators.starfield import CAMERA_RESPONSE, colour_ratios, stars_near

SCENARIO = Scenario(width_px=1000, height_px=1000, n_stars=1000, mag_min=8.0, mag_max=14.0, mag_slope=0.3)


def test_density_is_what_was_asked_for() -> None:
    stars = stars_near(SCENARIO, "One", 0, 0, 1500)
    inside = (np.abs(stars.x) < 1500) & (np.abs(stars.y) < 1500)
    assert inside.sum() == pytest.approx(9000, rel=0.05)


def test_counts_grow_with_magnitude_as_the_slope_says() -> None:
    stars = stars_near(SCENARIO, "One", 0, 0, 1500)
    magnitude = -2.5 * np.log10(stars.rate_e_per_s[:, 1] / SCENARIO.zero_point_e_per_s)
    fainter, brighter = np.sum(magnitude > 13), np.sum((magnitude > 12) & (magnitude < 13))
    assert fainter / brighter == pytest.approx(10**0.3, rel=0.1)
    assert 8 <= magnitude.min() < magnitude.max() <= 14


def test_the_same_place_has_the_same_stars_from_anywhere() -> None:
    here, there = stars_near(SCENARIO, "One", 100, 100, 100), stars_near(SCENARIO, "One", 400, 200, 400)
    assert set(here.x) <= set(there.x)


def test_targets_and_seeds_have_other_stars() -> None:
    one = stars_near(SCENARIO, "One", 0, 0, 100)
    assert not set(one.x) & set(stars_near(SCENARIO, "Two", 0, 0, 100).x)
    assert not set(one.x) & set(stars_near(SCENARIO.with_changes(seed=2), "One", 0, 0, 100).x)


def test_red_stars_are_red_and_blue_stars_blue() -> None:
    blue, white, red = colour_ratios(np.array([-0.2, 0.65, 1.6]))
    assert blue[2] / blue[0] > white[2] / white[0] > red[2] / red[0]
    # B-V of 0.65 is the sun's, 5780 K: white, so that only the camera's own response is left.
    assert white == pytest.approx(CAMERA_RESPONSE, rel=0.01)
