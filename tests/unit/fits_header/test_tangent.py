"""What a tangent plane tells, and its projection."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.fits_header import Wcs, deproject, project


def test_orientation_and_parity() -> None:
    up_is_north = Wcs(10.0, 20.0, (0.0, 0.0), np.diag([-1e-3, 1e-3]))
    assert (up_is_north.rotation_deg, up_is_north.parity) == (0.0, -1)
    assert up_is_north.scale_arcsec_px == pytest.approx(3.6)
    up_is_east = Wcs(10.0, 20.0, (0.0, 0.0), np.array([[0.0, 1e-3], [1e-3, 0.0]]))
    assert (up_is_east.rotation_deg, up_is_east.parity) == (90.0, -1)
    rows_down = Wcs(10.0, 20.0, (0.0, 0.0), np.diag([-1e-3, -1e-3]))
    assert (abs(rows_down.rotation_deg), rows_down.parity) == (180.0, 1)


@pytest.mark.parametrize("dec_deg", [-89.9, -30.0, 0.0, 60.0, 90.0])
def test_projection_and_back(dec_deg: float) -> None:
    plane = np.array([[0.0, 0.0], [1.5, -0.3], [-0.2, 0.09], [0.0, 0.2]])
    np.testing.assert_allclose(project((359.9, dec_deg), deproject((359.9, dec_deg), plane)), plane, atol=1e-9)
