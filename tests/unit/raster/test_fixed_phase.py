"""One small filter for a block of pixels, where the frame lies on the grid by a shift."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from indistack.raster import fixed_phase
from indistack.raster.fixed_phase import PHASES, REACH, STEP_PX, Block, blocks_of, is_turned
from indistack.raster.pixel_map import PixelMap, pixel_map_of
from indistack.raster.tiles import Sampling
from indistack.system.workers import Scratch
from indistack.values.transform import Bend, Transform
from tests.unit.raster.test_tiles import BILINEAR, mono, similarity, warp

BOX = slice(256, 512), slice(512, 1024)
WEIGHTS = np.array([fixed_phase._weights(steps) for steps in range(PHASES)])
GENTLY_BENT = Transform(np.eye(3), bend=Bend((700.0, 400.0), 2000.0, np.array([[1.0, -0.6, 0.4], [0.3, 0.8, -1.0]])))
TRACKED = [
    similarity(0, 3.3, -7.8),
    similarity(0.008, 12.1, 5.4),
    Transform(np.array([[1.0001, 0, 2.5], [0, 0.9999, 1.5], [0, 0, 1]])),
    Transform(np.array([[1, 0, 2.5], [0, 1, 1.5], [1e-8, 2e-8, 1]])),
    GENTLY_BENT,
]


def pixel_map(transform: Transform) -> PixelMap:
    return pixel_map_of(transform, (1000, 1200), 0.0, Scratch())


def places(block: Block, box: tuple[slice, slice] = BOX) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the grid that a block holds."""
    ys, xs = box[0].start + block.top + np.arange(block.height), box[1].start + block.left + np.arange(block.width)
    return ys.astype(float), xs.astype(float)


@pytest.mark.parametrize("transform", TRACKED)
def test_in_a_block_no_pixel_lies_far_from_the_block_s_shift(transform: Transform) -> None:
    taken = np.zeros((256, 512), int)
    blocks = blocks_of(pixel_map(transform), BOX)
    for block in blocks:
        taken[block.top : block.top + block.height, block.left : block.left + block.width] += 1
        ys, xs = places(block)
        grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
        off = transform.back(grid) - grid - np.array(block.shift[::-1]) / PHASES
        assert np.abs(off).max() <= STEP_PX + 0.5 / PHASES
    assert blocks
    assert (taken == 1).all()


def test_blocks_come_from_top_to_bottom_and_from_left_to_right() -> None:
    """Each one's last rows and columns hold nothing of use, until the next is written over them."""
    corners = [(block.top, block.left) for block in blocks_of(pixel_map(TRACKED[1]), BOX)]
    assert len(corners) > 2
    assert corners == sorted(corners)


@pytest.mark.parametrize(
    "transform", [similarity(1.5, 3.0, 4.0), similarity(90, 800.0, 0.0), similarity(180, 900, 700)]
)
def test_no_blocks_are_made_where_the_shift_changes_fast(transform: Transform) -> None:
    assert blocks_of(pixel_map(transform), BOX) == []


def test_a_frame_that_lies_upside_down_is_turned_first() -> None:
    turned, upright, on_its_side = similarity(179.995, 900.2, 700.6), TRACKED[1], similarity(90, 800.0, 0.0)
    assert is_turned(pixel_map(turned), BOX)
    assert not any(is_turned(pixel_map(transform), BOX) for transform in (upright, on_its_side))
    assert blocks_of(pixel_map(turned), BOX, (slice(100, 400), slice(0, 600)))


def test_weights_keep_level_and_place() -> None:
    distance = REACH - np.arange(PHASES)[:, np.newaxis] / PHASES
    for power, moment in ((0, 1), (1, 0), (3, 0)):
        np.testing.assert_allclose((WEIGHTS * distance**power).sum(axis=1), moment, atol=1e-12)
    np.testing.assert_allclose(WEIGHTS[0], [0, 1, 0, 0], atol=1e-12)


def test_weights_leave_no_more_of_the_noise_than_the_usual_cubic() -> None:
    share = (WEIGHTS**2).sum(axis=1).mean() ** 2
    assert share < 0.765  # Keys' cubic with a = -0.75 at positions that are corrected as `warp.Kernel` says: 0.757


def field() -> np.ndarray:
    """A smooth sky with stars, of which some lie where blocks and tiles meet."""
    rng = np.random.default_rng(7)
    picture = np.zeros((560, 1100), np.float32)
    for y, x in [(256, 512), (257, 90), (100, 511), *rng.uniform((5, 5), (555, 1095), (200, 2))]:
        picture[round(y) % 560, round(x) % 1100] += rng.uniform(1e4, 1e5)
    return cv2.GaussianBlur(picture, (0, 0), 1.6) + 300


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("transform", [*TRACKED, similarity(179.994, 1099.3, 559.8)])
def test_blocks_give_what_an_exact_warp_does(transform: Transform, channels: int) -> None:
    picture = field() if channels == 1 else np.stack([field(), 2 * field(), 3 * field()], axis=-1)
    size = picture.shape[:2]
    found = warp(mono(picture), transform, *size)
    fine = warp(mono(picture), transform, *size, sampling=Sampling(BILINEAR, "lanczos"))
    np.testing.assert_array_equal(found.weight, fine.weight)
    inner = cv2.erode((found.weight > 0).astype(np.uint8), np.ones((9, 9))) > 0
    assert inner.mean() > 0.9
    off = np.abs(found.pixels - fine.pixels)[inner]
    assert off.max() < 0.04 * float(picture.max())  # 1/32 px on the slope of a star
    assert np.sqrt((off**2).mean()) < 0.04 * float(picture.std())


def test_what_lies_beyond_the_frame_is_as_its_rim() -> None:
    frame = mono(np.tile(np.arange(100, dtype=np.float32), (80, 1)))
    moved = warp(frame, similarity(0, 30.5, 20.25), 80, 100)
    np.testing.assert_allclose(moved.pixels[20:, :28], 0, atol=1e-4)
    assert (moved.weight[:20] == 0).all()
    assert (moved.weight[21:, 31:] > 0).all()
