"""Polar error from field rotation."""

from __future__ import annotations

import pytest

from indistack.report.polar import polar_error


def test_by_hand() -> None:
    """One degree off at the equator turns the field by at most 15.0411 / 57.296 = 0.26252 deg/h."""
    found = polar_error(0.262516, 0.0)
    assert found.guided_arcmin == pytest.approx(60, rel=1e-4)
    assert found.unguided_arcmin == pytest.approx(60, rel=1e-4)


def test_guiding_at_60_degrees_turns_the_field_twice_as_fast() -> None:
    found = polar_error(-0.262516, 60.0)
    assert (found.guided_arcmin, found.unguided_arcmin) == (pytest.approx(30, rel=1e-4), pytest.approx(120, rel=1e-4))


@pytest.mark.parametrize(("rotation_deg_h", "is_altazimuth"), [(1.3, False), (1.4, True), (-12.0, True)])
def test_nobody_misses_the_pole_by_five_degrees(rotation_deg_h: float, is_altazimuth: bool) -> None:
    assert polar_error(rotation_deg_h, 0.0).is_altazimuth == is_altazimuth
