"""The way back, as an observer at the eyepiece would check it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from indistack.centre import Correction, IndiMover
from indistack.centre.base import correction
from indistack.fits_header import Wcs, deproject

SIZE = (1304, 976)
CENTRE = (651.5, 487.5)
STEP = 2.0 / 3600


def wcs(cd: list[list[float]], dec_deg: float = 20.0) -> Wcs:
    return Wcs(150.0, dec_deg, CENTRE, STEP * np.array(cd))


NORTH_UP = [[-1.0, 0.0], [0.0, 1.0]]
"""As in a file whose rows run upwards: east is left."""


@pytest.mark.parametrize(
    ("cd", "shift_px", "east_arcsec", "north_arcsec"),
    [
        (NORTH_UP, (30.0, 0.0), 60.0, 0.0),  # the telescope points west of the target: back to the east
        (NORTH_UP, (0.0, 30.0), 0.0, -60.0),
        ([[1.0, 0.0], [0.0, 1.0]], (30.0, 0.0), -60.0, 0.0),  # mirrored, as in a star diagonal
        ([[-1.0, 0.0], [0.0, -1.0]], (0.0, 30.0), 0.0, 60.0),  # rows run downwards
        ([[0.0, 1.0], [1.0, 0.0]], (30.0, 0.0), 0.0, -60.0),  # turned by 90 degrees
    ],
)
def test_east_and_north(
    cd: list[list[float]], shift_px: tuple[float, float], east_arcsec: float, north_arcsec: float
) -> None:
    way = correction(wcs(cd), shift_px, SIZE)
    assert 3600 * way.east_deg == pytest.approx(east_arcsec, abs=0.01)
    assert 3600 * way.north_deg == pytest.approx(north_arcsec, abs=0.01)
    assert way.size_arcsec == pytest.approx(60.0, abs=0.01)


@pytest.mark.parametrize("dec_deg", [-85.0, 0.0, 45.0, 89.5])
@pytest.mark.parametrize("angle_deg", [0.0, 33.0, 180.0, 300.0])
def test_following_it_leads_to_the_target(dec_deg: float, angle_deg: float) -> None:
    a = math.radians(angle_deg)
    field = wcs([[-math.cos(a), math.sin(a)], [math.sin(a), math.cos(a)]], dec_deg)
    way = correction(field, (200.0, -150.0), SIZE)
    pointed = field.to_sky(np.array([CENTRE]) + np.array([200.0, -150.0]))[0]
    reached = deproject((pointed[0], pointed[1]), np.array([[way.east_deg, way.north_deg]]))
    np.testing.assert_allclose(field.to_pixel(reached), [CENTRE], atol=1e-6)
    assert way.target_deg == (pytest.approx(150.0), pytest.approx(dec_deg))


class TestOfTheMountsOwnCoordinates:
    @staticmethod
    def reached(monkeypatch: pytest.MonkeyPatch, place: tuple[float, float], way: Correction) -> tuple[float, float]:
        found: list[tuple[float, float]] = []
        mover = IndiMover("host", 7624)
        monkeypatch.setattr(mover._mount, "goto", lambda aim: found.append(aim(*place)))
        mover.move(way)
        return found[0]

    @pytest.mark.parametrize("dec_deg", [0.0, 60.0, -60.0])
    def test_an_hour_is_shorter_near_the_pole(self, monkeypatch: pytest.MonkeyPatch, dec_deg: float) -> None:
        ra_h, dec = self.reached(monkeypatch, (10.0, dec_deg), Correction(0.15, 0.0, (0.0, 0.0)))
        assert ra_h - 10.0 == pytest.approx(0.01 / math.cos(math.radians(dec_deg)), rel=1e-4)
        assert dec == pytest.approx(dec_deg, abs=1e-3)

    def test_north(self, monkeypatch: pytest.MonkeyPatch) -> None:
        reached = self.reached(monkeypatch, (10.0, 30.0), Correction(0.0, 0.5, (0.0, 0.0)))
        assert reached == (pytest.approx(10.0), pytest.approx(30.5, abs=1e-4))

    def test_across_midnight(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.reached(monkeypatch, (23.999, 0.0), Correction(0.03, 0.0, (0.0, 0.0)))[0] == pytest.approx(0.001)
