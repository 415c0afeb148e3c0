"""The judge of stacked pictures, on pictures that are right, and wrong by a known amount."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from comparison.ideal import Ideal, calibrated, sky_weight
from comparison.night import Night

from simulators.events import Satellite
from simulators.scenario import Scenario

pytestmark = pytest.mark.slow

N_SUBS = 5


def a_night(cfa="mono"):
    scenario = Scenario(
        width_px=720,
        height_px=540,
        cfa=cfa,
        n_stars=120,
        mag_max=13.0,
        drift_px_per_sub=(2.3, -1.1),
        rotation_deg_per_sub=0.2,
        seed=7,
    )
    return Night(scenario, N_SUBS, Satellite(sub=2, angle_deg=35.0, offset_px=40.0, peak_e=1200.0), cloudy_sub=3)


@pytest.fixture(scope="module")
def ideal():
    return Ideal(a_night())


def test_a_weight_is_an_inverse_variance(ideal):
    sub = replace(ideal.truths[0], transparency=0.5, background_adu=100.0, e_per_adu=0.5)
    # 100 ADU are 50 e, whose variance is 50 e^2 or 200 ADU^2; 2 e of noise are 4 ADU, or 16 ADU^2; brightening by 2
    # makes four times as much of the sum.
    assert sky_weight(sub, read_noise_e=2.0) == pytest.approx(1 / (4 * 216))


def test_the_ideal_picture_is_faultless(ideal):
    judgement = ideal.judge(ideal.picture)
    assert judgement.residual_px < 0.03
    assert judgement.noise_ratio == pytest.approx(1.0, abs=1e-3)
    assert judgement.trail_percent == pytest.approx(0.0, abs=0.01)
    assert judgement.hfr_ratio == pytest.approx(1.0, abs=0.03)


def test_so_is_that_of_a_colour_camera():
    ideal = Ideal(a_night("RGGB"))
    judgement = ideal.judge(ideal.picture)
    assert ideal.picture.shape == (3, 540, 720)
    assert judgement.residual_px < 0.03
    assert judgement.hfr_ratio == pytest.approx(1.0, abs=0.03)


def test_the_unit_of_a_picture_does_not_matter(ideal):
    plain, other = ideal.judge(ideal.picture), ideal.judge(ideal.picture * np.float32(3e-5) + np.float32(0.01))
    assert other.residual_px == pytest.approx(plain.residual_px, abs=1e-3)
    assert other.noise_ratio == pytest.approx(1.0, abs=1e-2)
    assert other.trail_percent == pytest.approx(0.0, abs=0.1)


def test_a_misplaced_picture_is_seen(ideal):
    shift = np.array([[1, 0, 0.3], [0, 1, 0.4]])
    moved = cv2.warpAffine(ideal.picture[0], shift, (720, 540), flags=cv2.INTER_CUBIC)
    assert ideal.judge(moved[None]).residual_px == pytest.approx(0.5, abs=0.03)


def test_noise_is_counted_beside_the_ideal(ideal):
    # The sky's photons and the readout, through clouds too; weights add up as inverse variances.
    variances = [
        (sub.background_adu / sub.e_per_adu + (1.6 / sub.e_per_adu) ** 2) / sub.transparency**2 for sub in ideal.truths
    ]
    own_adu = 1 / np.sqrt(np.sum(1 / np.array(variances)))
    added = np.random.default_rng(3).normal(0, own_adu, ideal.picture.shape).astype(np.float32)
    assert ideal.judge(ideal.picture + added).noise_ratio == pytest.approx(2**0.5, rel=0.06)


def test_a_picture_without_noise_is_known_by_it(ideal):
    signal = a_night().without_satellite.ideal(index=0, signal_only=True)
    assert ideal.judge(signal[None]).noise_ratio < 0.1


def test_a_blurred_picture_has_wider_stars(ideal):
    blurred = cv2.GaussianBlur(ideal.picture[0], (0, 0), 1.5)
    assert ideal.judge(blurred[None]).hfr_ratio > 1.2


def mean_of(observatory, share=1.0, satellite_in=2):
    """Return the plain mean of all subs, the one with the satellite counted by `share`."""
    total = np.zeros((540, 720), np.float32)
    for index in range(N_SUBS):
        exposure = observatory.expose(index=index)
        plane = calibrated(exposure, observatory)
        warped = cv2.warpAffine(plane, exposure.truth.matrix[:2], (720, 540), flags=cv2.INTER_CUBIC)
        total += warped * np.float32(share if index == satellite_in else 1.0)
    return (total / np.float32(N_SUBS - 1 + share))[None]


def test_a_plain_mean_leaves_the_whole_trail(ideal):
    assert ideal.judge(mean_of(a_night().observatory)).trail_percent == pytest.approx(100.0, abs=2.0)


def test_what_half_the_weight_leaves_of_the_trail(ideal):
    # Half of a fifth, in a sum of 4.5 subs instead of 5.
    picture = mean_of(a_night().observatory, share=0.5)
    assert ideal.judge(picture).trail_percent == pytest.approx(100 * 0.5 * 5 / 4.5, abs=4.0)


def test_a_mean_without_the_satellite_leaves_none(ideal):
    assert ideal.judge(mean_of(a_night().without_satellite)).trail_percent == pytest.approx(0.0, abs=1.0)


def test_a_picture_of_another_size_is_not_judged(ideal):
    with pytest.raises(ValueError, match="540"):
        ideal.judge(ideal.picture[:, 1:])
