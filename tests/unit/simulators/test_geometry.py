"""Matrices between sky, sensor and delivered pixels, with points worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from simulators.geometry import inverse, map_points, readout_to_sensor, rotation, sky_to_sensor


def mapped(matrix: np.ndarray, x: float, y: float) -> tuple[float, float]:
    out_x, out_y = map_points(matrix, np.array([x]), np.array([y]))
    return float(out_x[0]), float(out_y[0])


def test_the_targets_centre_falls_on_the_middle_of_the_sensor() -> None:
    # Pixels 0 .. 99 and 0 .. 59: the middle is at 49.5 and 29.5.
    assert mapped(sky_to_sensor(100, 60, (0.0, 0.0), 37.0), 0, 0) == pytest.approx((49.5, 29.5))


def test_rotation_turns_x_towards_y() -> None:
    assert mapped(rotation(90), 1, 0) == pytest.approx((0, 1))


def test_after_a_flip_the_same_shift_moves_stars_the_other_way() -> None:
    east, west = (
        np.subtract(
            mapped(sky_to_sensor(100, 60, (3.0, 1.0), angle), 5, 5),
            mapped(sky_to_sensor(100, 60, (0.0, 0.0), angle), 5, 5),
        )
        for angle in (0.0, 180.0)
    )
    assert east == pytest.approx((3, 1))
    assert west == pytest.approx((-3, -1))


def test_binned_pixels_lie_between_the_ones_they_are_made_of() -> None:
    # Binned 3x3 from column 10: pixel 0 is made of 10, 11, 12 (centre 11), pixel 1 of 13, 14, 15 (centre 14).
    matrix = readout_to_sensor(10, 4, 3)
    assert mapped(matrix, 0, 0) == pytest.approx((11, 5))
    assert mapped(matrix, 1, 2) == pytest.approx((14, 11))
    assert mapped(inverse(matrix), 14, 11) == pytest.approx((1, 2))
