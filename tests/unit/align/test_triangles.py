from __future__ import annotations

import numpy as np
import pytest

from indistack.align.triangles import all_triangles, local_triangles, match_shapes, similarities

RIGHT = np.array([[0.0, 0], [4, 0], [0, 3]])


def test_a_triangle_is_described_by_its_sides() -> None:
    shape = all_triangles(RIGHT)
    assert shape.corners.tolist() == [[0, 2, 1]]  # opposite 5, 4, 3
    assert (shape.longest[0], shape.middle[0], shape.shortest[0]) == (5, 0.8, 0.6)


def test_thin_triangles_are_left_out() -> None:
    assert len(all_triangles(np.array([[0.0, 0], [100, 0], [101, 0.1]])).longest) == 0


def test_a_turned_and_scaled_triangle_is_found_and_a_mirrored_one_not() -> None:
    turned = 1.02 * np.column_stack([-RIGHT[:, 1], RIGHT[:, 0]]) * 100 + [7, 9]
    mirrored = RIGHT * [-100, 100]
    ours = all_triangles(RIGHT * 100)
    assert len(match_shapes(ours, all_triangles(mirrored), 1.0, 0.05)[0]) == 0
    pairs = match_shapes(ours, all_triangles(turned), 1.0, 0.05)
    factor, shift = similarities(ours, RIGHT * 100, all_triangles(turned), turned, pairs)
    assert factor[0] == pytest.approx(1.02j)
    assert shift[0] == pytest.approx(7 + 9j)


def test_a_larger_triangle_is_another_one() -> None:
    ours, larger = all_triangles(RIGHT * 100), all_triangles(RIGHT * 110)
    assert len(match_shapes(ours, larger, 1.0, 0.05)[0]) == 0
    assert len(match_shapes(ours, larger, 1.0, 0.15)[0]) == 1


def test_local_triangles_join_near_neighbours_only() -> None:
    rng = np.random.default_rng(0)
    points = rng.random((60, 2)) * 1000
    shape = local_triangles(points, 5)
    assert 60 <= len(shape.longest) <= 600  # of 34,220
    assert np.median(shape.longest) < 350
    assert len(np.unique(np.sort(shape.corners, axis=1), axis=0)) == len(shape.corners)
    assert len(local_triangles(points[:2], 5).longest) == 0
