"""A place on the sky that is known roughly."""

from __future__ import annotations

import math

import numpy as np
import pytest

from indistack.catalogue import Catalogue, SkyField, Stars, refined
from indistack.fits_header import Wcs
from indistack.values.frame import DoubleArray

SHAPE = (900, 1300)
TRUE = Wcs(300.0, 22.0, (640.0, 455.0), np.array([[-0.0004, 0.0001], [-0.0001, -0.0004]]))
RNG = np.random.default_rng(11)
XY = RNG.uniform(5, (SHAPE[1] - 5, SHAPE[0] - 5), (14, 2))
OTHERS = RNG.uniform(5, (SHAPE[1] - 5, SHAPE[0] - 5), (60, 2))
SEEN = np.concatenate([XY + RNG.normal(0, 0.2, XY.shape), OTHERS])[RNG.permutation(74)]


def told(matrix: DoubleArray) -> SkyField:
    """Return a place that is off by that matrix, with the stars that are there."""
    ra_deg, dec_deg = TRUE.to_sky(XY).T
    return SkyField(TRUE.moved(matrix), Catalogue(Stars(ra_deg, dec_deg, np.linspace(7, 10, 14), np.full(14, 0.6))))


def off(x: float, y: float, turned_deg: float = 0.0, scale: float = 1.0) -> DoubleArray:
    angle = math.radians(turned_deg)
    c, s = scale * math.cos(angle), scale * math.sin(angle)
    return np.array([[c, -s, x], [s, c, y], [0, 0, 1]])


OFF = {
    "not": off(0, 0),
    "the mount has drifted": off(40, -70),
    "the focal length was another": off(-20, 10, scale=1.03),
    "the camera was turned": off(25, -30, turned_deg=2.0),
}


@pytest.mark.parametrize("how", OFF)
def test_stars_make_a_place_true(how: str) -> None:
    found = refined(told(OFF[how]), SEEN, SHAPE)
    np.testing.assert_allclose(found.wcs.to_pixel(TRUE.to_sky(XY)), XY, atol=0.5)


@pytest.mark.parametrize("seen", [OTHERS, SEEN[:4], np.zeros((0, 2))])
def test_other_stars_change_nothing(seen: DoubleArray) -> None:
    sky = told(off(40, -70))
    assert refined(sky, seen, SHAPE) is sky


def test_what_is_too_far_off_is_left() -> None:
    sky = told(off(0, 0, turned_deg=30))
    assert refined(sky, SEEN, SHAPE) is sky
