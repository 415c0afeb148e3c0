from __future__ import annotations

import numpy as np

from indistack.align.neighbours import Neighbours, one_to_one, ranges


def test_ranges_are_written_out() -> None:
    owner, member = ranges(np.array([3, 7, 9]), np.array([5, 7, 10]))
    assert owner.tolist() == [0, 0, 2]
    assert member.tolist() == [3, 4, 9]


def test_pairs_are_those_of_brute_force_sorted_by_distance() -> None:
    rng = np.random.default_rng(0)
    stored, asked = rng.random((300, 2)) * 500, rng.random((200, 2)) * 560 - 30
    i, j, distance = Neighbours(stored, 20.0).within(asked, 15.0)
    full = np.hypot(asked[:, None, 0] - stored[:, 0], asked[:, None, 1] - stored[:, 1])
    assert sorted(zip(i.tolist(), j.tolist(), strict=True)) == [tuple(p) for p in np.argwhere(full < 15).tolist()]
    np.testing.assert_allclose(distance, full[i, j])
    assert (np.diff(distance) >= 0).all()


def test_nothing_stored_or_nothing_asked_gives_no_pairs() -> None:
    some, none = np.ones((3, 2)), np.zeros((0, 2))
    assert len(Neighbours(none, 5.0).within(some, 5.0)[0]) == 0
    assert len(Neighbours(some, 5.0).within(none, 5.0)[0]) == 0


def test_only_mutual_nearest_pairs_stay() -> None:
    # sorted by distance: 0-5, 1-5 (5 is taken), 1-6, 2-7
    index, neighbour = np.array([0, 1, 1, 2]), np.array([5, 5, 6, 7])
    assert one_to_one(index, neighbour).tolist() == [0, 3]
