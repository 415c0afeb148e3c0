"""Transforms: projective, and bent."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.values.transform import Bend, Transform

BEND = Bend((1000.0, 800.0), 1000.0, np.array([[4.0, -3.0, 2.0], [1.0, 6.0, -5.0]]))
TURNED = np.array([[0.8, -0.6, 900.0], [0.6, 0.8, -500.0], [0.0, 0.0, 1.0]])
TILTED = np.array([[0.8, -0.6, 900.0], [0.6, 0.8, -500.0], [2e-6, -1e-6, 1.0]])


def test_a_bend_adds_terms_of_second_degree() -> None:
    # u = 1, v = 0.5: (4 - 1.5 + 0.5, 1 + 3 - 1.25)
    at = Transform(np.eye(3), bend=BEND).apply(np.array([[2000.0, 1300.0], [1000.0, 800.0]]))
    np.testing.assert_allclose(at, [[2003.0, 1302.75], [1000.0, 800.0]])


@pytest.mark.parametrize("bend", [None, BEND])
@pytest.mark.parametrize("matrix", [TURNED, TILTED])
def test_back_undoes_apply(matrix: np.ndarray, bend: Bend | None) -> None:
    places = np.random.default_rng(0).random((50, 2)) * [2000, 1600]
    transform = Transform(matrix, bend=bend)
    np.testing.assert_allclose(transform.back(transform.apply(places)), places, atol=1e-6)


def test_the_centre_shift_knows_of_the_bend() -> None:
    # the centre of 4001 x 1601 is (2000, 800): u = 1, v = 0
    assert Transform(np.eye(3), bend=BEND).centre_shift_px(4001, 1601) == (4.0, 1.0)
