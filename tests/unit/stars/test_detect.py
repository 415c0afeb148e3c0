from __future__ import annotations

import numpy as np
import pytest

from indistack.stars.background import Mesh
from indistack.stars.detect import Candidates, close_pairs, find_candidates, spread
from indistack.system.workers import Workers
from indistack.values.frame import FloatArray


def candidates(plane: FloatArray, sigma: float) -> Candidates:
    flat = Mesh(np.full((1, 1), 10, np.float32), np.full((1, 1), 2, np.float32), *plane.shape)
    with Workers(1) as workers:
        return find_candidates(plane, flat, sigma, workers)


@pytest.mark.parametrize(("sigma", "count"), [(4.9, 1), (5.1, 0)])
def test_a_peak_counts_above_the_threshold_only(sigma: float, count: int) -> None:
    plane = np.full((9, 9), 10, np.float32)
    plane[4, 5] = 20  # 5 sigma above the sky of 10 with its noise of 2
    found = candidates(plane, sigma)
    assert len(found) == count
    if count:
        assert (found.x[0], found.y[0], found.height[0], found.snr[0]) == (5, 4, 10, 5)


def test_the_place_is_the_vertex_of_the_parabola() -> None:
    plane = np.full((9, 9), 10, np.float32)
    plane[4, 3:6] = [20, 40, 30]
    # (after - before) / (2 (2 centre - before - after)) = (30 - 20) / (2 * 30) = 1/6
    assert candidates(plane, 5).x[0] == pytest.approx(4 + 1 / 6)


def test_peaks_at_the_rim_are_left_out_and_the_highest_come_first() -> None:
    plane = np.full((130, 9), 10, np.float32)
    plane[0, 4] = plane[129, 4] = plane[60, 0] = plane[60, 8] = 90
    plane[63, 4], plane[65, 4], plane[127, 4] = 50, 70, 60
    assert candidates(plane, 5).y.tolist() == [65, 127, 63]


def test_close_pairs_names_each_pair_once() -> None:
    x, y = np.array([0.0, 3, 3, 50]), np.array([0.0, 0, 4, 0])
    i, j = close_pairs(x, y, 4.5)  # distances: 3, 5, 4
    assert sorted(zip(i.tolist(), j.tolist(), strict=True)) == [(0, 1), (1, 2)]
    assert len(close_pairs(np.zeros(0), np.zeros(0), 4.5)[0]) == 0


def test_spread_takes_the_best_of_every_part_in_turn() -> None:
    # eight in one corner are the best, one lies in each of two other corners
    x = np.array([1.0] * 8 + [99, 99])
    y = np.array([1.0] * 8 + [1, 99])
    assert spread(x, y, 100, 100, 4, cells=4).tolist() == [0, 1, 8, 9]
    assert spread(x, y, 100, 100, 10, cells=4).tolist() == list(range(10))


def test_a_flat_top_is_found_once_in_its_middle_and_its_neighbours_stay() -> None:
    plane = np.full((200, 300), 10, np.float32)
    rows, cols = np.mgrid[:200, :300]
    plane[(rows - 90) ** 2 + (cols - 120) ** 2 <= 15**2] = 90
    plane[90, 138] = plane[40, 50] = 60
    plane[150, 200] = plane[151, 201] = plane[152, 200] = 50  # joined by their corners
    found = candidates(plane, 5)
    assert list(zip(found.x.round(), found.y.round(), strict=True)) == [(120, 90), (50, 40), (138, 90), (201, 151)]
