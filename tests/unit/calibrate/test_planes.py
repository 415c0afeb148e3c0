"""Memory is used again, and never while somebody looks at it."""

from __future__ import annotations

import numpy as np

from indistack.calibrate.planes import Planes


def test_a_plane_that_nobody_holds_is_used_again() -> None:
    planes = Planes()
    first = planes.take((4, 4), np.uint16)
    place = first.ctypes.data
    del first
    assert planes.take((4, 4), np.uint16).ctypes.data == place


def test_a_plane_in_use_is_left_alone() -> None:
    planes = Planes()
    first = planes.take((4, 4), np.uint16)
    corner = first[1:3, 1:3]
    first[:] = 7
    del first  # the view of it stays
    for _ in range(5):
        planes.take((4, 4), np.uint16)[:] = 9
    assert (corner == 7).all()


def test_other_shapes_and_types_get_planes_of_their_own() -> None:
    planes = Planes()
    assert planes.take((4, 4), np.uint16).dtype == np.uint16
    assert planes.take((4, 4), np.float32).dtype == np.float32
    assert planes.take((2, 8), np.float32).shape == (2, 8)
    np.testing.assert_array_equal(planes.copy_of(np.arange(6.0)), np.arange(6.0))
