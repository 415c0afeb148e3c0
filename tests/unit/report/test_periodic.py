"""The periodic error of made-up mounts, and of those that have none."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.timeseries import LombScargle

from indistack.report.periodic import Periodic, false_alarm, periodic_error, power_spectrum
from indistack.report.track import Track, steps_of, stretches
from tests.unit.report.nights import CADENCE_S, track


def look(night: Track) -> Periodic | str:
    return periodic_error(night, stretches(night, steps_of(night)))


@pytest.mark.parametrize("every", [0, 5, 20])
@pytest.mark.parametrize("period_s", [150.0, 240.0, 480.0])
def test_a_worm_is_found_between_dithers(every: int, period_s: float) -> None:
    found = look(track(n=300, worm_px=2.0, period_s=period_s, dither_every=every, seed=2))
    assert isinstance(found, Periodic)
    assert found.period_s == pytest.approx(period_s, abs=max(4 * found.period_error_s, 0.1))
    assert found.period_error_s < 0.02 * period_s
    assert found.peak_to_peak_px == pytest.approx(4.0, abs=0.5)
    assert found.direction_deg == pytest.approx(30, abs=6)
    assert found.cycles == pytest.approx(299 * CADENCE_S / period_s, rel=0.02)
    expected = 2 * np.sin(2 * np.pi * found.phase + 0.4)
    np.testing.assert_allclose(found.curve_px, expected, atol=0.6)


def test_without_a_worm_none_is_found() -> None:
    for seed in range(10):
        found = look(track(worm_px=0.0, seed=seed, dither_every=7))
        assert isinstance(found, str)
        assert "not significant" in found


def test_a_wandering_mount_is_no_worm() -> None:
    for seed in range(10):
        night = track(noise_px=0.1, seed=seed)
        night.xy_px[:] += np.random.default_rng(seed).normal(0, 0.4, (200, 2)).cumsum(axis=0)
        found = look(night)
        assert isinstance(found, str), found


@pytest.mark.parametrize(("subs", "is_found"), [(70, False), (100, True)])
def test_three_periods_are_needed(subs: int, is_found: bool) -> None:
    found = look(track(n=subs, worm_px=2.0, period_s=240.0))  # three periods are 72 subs
    assert isinstance(found, Periodic) == is_found


def test_few_subs_and_dithers_at_every_sub_say_so() -> None:
    assert look(track(n=15, worm_px=3.0, period_s=40.0)) == "too few subs between dithers: 15"
    night = track(n=60, worm_px=3.0)
    assert "too few" in str(periodic_error(night, np.arange(60)))
    assert look(track(n=0)) == "no sub was registered"


def test_subs_that_all_came_at_once_tell_nothing() -> None:
    night = track(n=60, worm_px=3.0)
    night.time_s[:] = 0
    assert look(night) == "too short a time"


def test_without_dithers_it_is_the_usual_periodogram() -> None:
    night = track(drift_px_min=(0.0, 0.0), worm_px=0.5, seed=5)
    frequency = np.linspace(0.001, 0.04, 300)
    power = power_spectrum(night.time_s, night.xy_px[:, :1], np.zeros(200, np.intp), frequency)
    usual = LombScargle(night.time_s, night.xy_px[:, 0], fit_mean=True, center_data=True).power(
        frequency, method="cython"
    )
    np.testing.assert_allclose(power, usual, atol=1e-3)  # the usual one has no drift


def test_the_false_alarm_probability_is_what_it_says() -> None:
    """In white noise, a probability of 0.1 or less comes in about one of ten nights."""
    alarms = []
    for seed in range(300):
        night = track(n=100, drift_px_min=(0.0, 0.0), seed=seed)
        frequency = np.arange(3 / 990, 1 / 30, 1 / 9900)
        power = power_spectrum(night.time_s, night.xy_px, np.zeros(100, np.intp), frequency)
        alarms.append(false_alarm(float(power.max()), 198, (frequency[-1] - frequency[0]) * 990))
    assert 0.03 < np.mean(np.array(alarms) < 0.1) < 0.25
