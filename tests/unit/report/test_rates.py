"""Drift and rotation with their errors."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.report.rates import Rate, drift_px_min, rotation_deg_h, slope
from indistack.report.track import steps_of, stretches
from tests.unit.report.nights import track


def drift_of(**night: object) -> Rate | None:
    made = track(**night)  # type: ignore[arg-type]
    return drift_px_min(made, stretches(made, steps_of(made)))


def test_a_slope_by_hand() -> None:
    """Two groups of slope 2, with offsets 0 and 100 and residuals of 1 up and down."""
    time = np.array([0.0, 1, 2, 3, 10, 11, 12, 13])
    residual = np.array([1.0, -1, -1, 1, 1, -1, -1, 1])
    values = (2 * time + residual + np.repeat([0.0, 100.0], 4))[:, None]
    found = slope(time, values, np.repeat([0, 1], 4))
    assert found is not None
    assert found.value == pytest.approx([2.0])
    assert found.error == pytest.approx([np.sqrt(8 / 5 / 10)])  # 8 values less 2 offsets and 1 slope; lever 2 * 5


def test_too_few_subs_tell_no_slope() -> None:
    assert slope(np.arange(4.0), np.zeros((4, 1)), np.zeros(4, np.intp)) is None
    assert slope(np.arange(5.0), np.zeros((5, 1)), np.zeros(5, np.intp)) is not None
    assert slope(np.zeros(9), np.zeros((9, 1)), np.zeros(9, np.intp)) is None


@pytest.mark.parametrize("every", [0, 1, 3, 10])
@pytest.mark.parametrize("flip_at", [None, 90])
def test_drift_is_found_between_dithers_and_over_a_flip(every: int, flip_at: int | None) -> None:
    found = [drift_of(dither_every=every, flip_at=flip_at, seed=seed) for seed in range(20)]
    pulls = np.array([(one.value - (0.6, -0.3)) / one.error for one in found if one is not None])
    assert len(pulls) == 20
    assert np.abs(pulls.mean(axis=0)).max() < 1.0
    assert 0.6 < pulls.std() < 1.6


def test_what_does_not_move_is_not_said_to_drift() -> None:
    still = drift_of(drift_px_min=(0.0, 0.0), seed=3)
    assert still is not None
    assert not still.is_significant
    moving = drift_of(drift_px_min=(0.05, 0.0), seed=3)
    assert moving is not None
    assert moving.is_significant


def test_rotation_is_found_over_a_flip() -> None:
    found = rotation_deg_h(track(flip_at=100))
    assert found is not None
    assert found.value == pytest.approx([0.5], abs=4 * found.error[0])
    assert found.error[0] < 0.01
