"""The grid of a stack."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.values.grid import STEP_PX, StackGrid
from indistack.values.transform import Bend, Transform

XY = np.array([[0.0, 0.0], [10.0, 4.0], [99.0, 49.0]])


@pytest.mark.parametrize(("scale", "size"), [(0.5, (25, 50)), (1.0, (50, 100)), (2.0, (100, 200))])
def test_a_finer_or_coarser_grid_covers_the_same_area(scale: float, size: tuple[int, int]) -> None:
    grid = StackGrid.over(50, 100, scale)
    assert grid.size == size
    edges = np.array([[-0.5, -0.5], [99.5, 49.5]])  # of the reference, in its own pixels
    expected = [[-0.5, -0.5], [scale * 100 - 0.5, scale * 50 - 0.5]]
    np.testing.assert_allclose(grid.place(Transform.identity()).apply(edges), expected)


def test_placing_a_projective_and_bent_transform() -> None:
    matrix = np.array([[0.9, -0.1, 5.0], [0.2, 1.1, -3.0], [1e-5, -2e-5, 1.0]])
    transform = Transform(matrix, bend=Bend((50.0, 25.0), 60.0, np.array([[1.0, 0.5, -0.2], [0.1, 0.0, 0.3]])))
    placed = StackGrid.over(50, 100, 2.0).place(transform)
    np.testing.assert_allclose(placed.apply(XY), 2 * transform.apply(XY) + 0.5, atol=1e-9)


def shift(dx: float, dy: float) -> Transform:
    return Transform(np.array([[1, 0, dx], [0, 1, dy], [0, 0, 1.0]]))


def test_a_frame_inside_leaves_the_canvas_as_it_is() -> None:
    grid = StackGrid.over(50, 100)
    assert grid.reaching(Transform.identity(), 100, 50) is grid
    assert grid.reaching(shift(10, 5), 80, 40) is grid


@pytest.mark.parametrize(
    ("dx", "dy", "size", "moved"),
    [
        (30, 0, (50, 100 + STEP_PX), (0, 0)),
        (-30, 0, (50, 100 + STEP_PX), (STEP_PX, 0)),
        (0, -300, (50 + 2 * STEP_PX, 100), (0, 2 * STEP_PX)),
        (3, 4, (50 + STEP_PX, 100 + STEP_PX), (0, 0)),
    ],
)
def test_it_grows_by_whole_steps(dx: float, dy: float, size: tuple[int, int], moved: tuple[float, float]) -> None:
    grown = StackGrid.over(50, 100).reaching(shift(dx, dy), 100, 50)
    assert grown.size == size
    np.testing.assert_array_equal(grown.place(Transform.identity()).apply(np.zeros((1, 2)))[0], moved)
    assert grown.reaching(shift(dx, dy), 100, 50) is grown
