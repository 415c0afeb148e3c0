"""Where subs were clipped is counted beside the stack."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.picture.clipped import CELL_PX
from indistack.session.clipped_map import ClippedMap
from indistack.system.workers import Workers
from indistack.values.frame import CalibratedFrame, FrameInfo
from indistack.values.grid import PlacedSub, StackGrid
from indistack.values.transform import Transform

HEIGHT, WIDTH, LIMIT = 60, 80, 60_000.0
ALL = slice(0, HEIGHT), slice(0, WIDTH)
WORKERS = Workers(1)


def sub(x: int, y: int, shift: tuple[float, float] = (0, 0), saturation_adu: float = LIMIT) -> PlacedSub:
    """A sub with one clipped photosite."""
    pixels = np.full((HEIGHT, WIDTH), 1000, np.uint16)
    pixels[y, x] = 61_000
    frame = CalibratedFrame(pixels, "RGGB", 100.0, 1.0, None, FrameInfo(saturation_adu=saturation_adu))
    return PlacedSub(frame, Transform(np.array([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1]], float)))


def clipped_map(*subs: PlacedSub) -> ClippedMap:
    made = ClippedMap(StackGrid.over(HEIGHT, WIDTH))
    for one in subs:
        made.note(one, WORKERS)
    return made


def coverage(n_subs: int) -> np.ndarray:
    return np.full((HEIGHT, WIDTH), n_subs, np.uint16)


def test_the_share_of_clipped_subs_stands_where_these_lie_on_the_grid() -> None:
    share = clipped_map(sub(21, 33), sub(11, 23, (10, 10)), sub(2, 2)).share(coverage(4), ALL)
    assert share is not None
    assert share.shape == (HEIGHT // CELL_PX, WIDTH // CELL_PX)
    assert share[33 // CELL_PX, 21 // CELL_PX] == 0.5
    assert share[0, 0] == 0.25
    assert np.count_nonzero(share) == 2


def test_where_nothing_is_clipped_or_nobody_knows_there_is_no_map() -> None:
    unknown, unclipped = sub(21, 33, saturation_adu=np.inf), sub(21, 33, saturation_adu=62_000)
    assert clipped_map(unknown, unclipped).share(coverage(2), ALL) is None


def test_what_lies_beside_the_grid_or_is_bad_does_not_count() -> None:
    beside, bad = sub(21, 33, (-60, 0)), sub(21, 33)
    hot = np.zeros((HEIGHT, WIDTH), bool)
    hot[33, 21] = True
    bad = PlacedSub(CalibratedFrame(bad.frame.pixels, None, 100.0, 1.0, hot, bad.frame.info), bad.transform)
    assert clipped_map(beside, bad).share(coverage(2), ALL) is None


def test_a_sub_that_is_taken_out_is_forgotten() -> None:
    made = clipped_map(sub(21, 33), sub(41, 13))
    made.forget(sub(21, 33), WORKERS)
    np.testing.assert_array_equal(made.counts, clipped_map(sub(41, 13)).counts)


@pytest.mark.parametrize("box", [(slice(8, 40), slice(16, 60)), (slice(9, 42), slice(18, 61))])
def test_a_part_of_it_begins_where_the_part_does(box: tuple[slice, slice]) -> None:
    share = clipped_map(sub(41, 33)).share(coverage(1)[box], box)
    assert share is not None
    ((row, column),) = np.argwhere(share)
    assert abs(box[0].start + CELL_PX * row + 1.5 - 33) <= CELL_PX
    assert abs(box[1].start + CELL_PX * column + 1.5 - 41) <= CELL_PX


def test_a_grid_that_grows_keeps_it() -> None:
    grid = StackGrid.over(HEIGHT, WIDTH)
    larger = grid.reaching(Transform(np.array([[1, 0, -20], [0, 1, -30], [0, 0, 1]], float)), WIDTH, HEIGHT)
    made = clipped_map(sub(41, 33)).moved_to(larger)
    moved = ClippedMap(larger)
    moved.note(sub(41, 33), WORKERS)
    np.testing.assert_array_equal(made.counts, moved.counts)
    assert made.counts.any()


def test_the_share_is_the_same_by_a_binned_coverage() -> None:
    made = clipped_map(sub(21, 33), sub(41, 13))
    np.testing.assert_array_equal(made.share(coverage(4), ALL), made.share(coverage(4)[::3, ::3], ALL))
    np.testing.assert_array_equal(made.share(coverage(4), ALL), made.share(coverage(4)[:7, :10], ALL))
