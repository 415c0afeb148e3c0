"""Where the reference of a session lies on the sky."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.fits_header import Wcs
from indistack.session.sky_position import SkyPosition
from indistack.solve import Solution
from indistack.values.frame import FrameInfo

HEADER = {
    "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 10.0, "CRVAL2": 20.0, "CRPIX1": 50.0, "CRPIX2": 40.0,
    "CD1_1": -0.001, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": 0.001,
}  # fmt: skip
CARDS = tuple((key, value, "") for key, value in HEADER.items())


def test_before_it_is_solved_the_headers_tell() -> None:
    sky = SkyPosition(FrameInfo(header=CARDS))
    assert sky.wcs is not None
    assert (sky.wcs.ra_deg, sky.wcs.dec_deg) == (10.0, 20.0)
    assert sky.scale_arcsec_px(FrameInfo(scale_arcsec_px=1.5)) == 1.5
    assert sky.numbers() is None
    assert SkyPosition(FrameInfo()).wcs is None


def test_what_a_solver_finds_is_believed_more() -> None:
    sky = SkyPosition(FrameInfo(header=CARDS))
    sky.solution = Solution(Wcs(11.0, 21.0, (0.0, 0.0), np.eye(2) * 0.001), "solver")
    assert sky.wcs is sky.solution.wcs
    assert sky.scale_arcsec_px(FrameInfo(scale_arcsec_px=1.5)) == pytest.approx(3.6)
    assert sky.numbers() == sky.solution.numbers()
