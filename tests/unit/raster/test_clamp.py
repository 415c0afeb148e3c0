"""Interpolated pixels against the range of what they were made from."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from indistack.debayer import DEBAYERS
from indistack.raster import clamp
from indistack.raster.tiles import Sampling
from indistack.raster.warp import KERNELS, KernelName
from indistack.values.frame import CalibratedFrame, FrameInfo
from indistack.values.star_list import PhotometricMatch
from indistack.values.transform import Transform
from tests.unit.raster.test_tiles import mono, similarity, warp

SIZE = (300, 420)
SKY, NOISE, FULL = 368.0, 8.0, 65535.0
MOVES = [
    similarity(0, 0.5, 0.5),
    similarity(0.7, 3.3, -2.6),
    similarity(180, 419.4, 299.3),
    similarity(31, 60.2, -40.7),
]


def frame_of(plane: np.ndarray, way: str) -> CalibratedFrame:
    if way == "rgb":
        return mono(np.stack([plane, plane, plane], axis=-1))
    return (
        CalibratedFrame(np.rint(plane).astype(np.uint16), "RGGB", 0.0, 1.0, None, FrameInfo()) if way else mono(plane)
    )


def night_with_saturated_stars() -> np.ndarray:
    """Saturated blocks and bled columns on a noisy sky, not smoothed by anything."""
    rng = np.random.default_rng(4)
    plane = rng.normal(SKY, NOISE, SIZE)
    for y, x in rng.integers(30, 260, (25, 2)):
        plane[y : y + rng.integers(1, 9), x : x + rng.integers(1, 5)] = FULL
    return plane


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("way", ["", "rgb", "RGGB"])
@pytest.mark.parametrize("kernel", list(KERNELS))
@pytest.mark.parametrize("debayer", ["bilinear", "superpixel", "malvar"])
def test_no_hole_is_left_beside_a_saturated_star(debayer: str, kernel: KernelName, way: str, move: Transform) -> None:
    plane = night_with_saturated_stars()
    grid = warp(frame_of(plane, way), move, *SIZE, sampling=Sampling(DEBAYERS.get(debayer)(), kernel))
    covered = grid.pixels[grid.weight > 0]
    assert covered.min() >= plane.min() - 0.5
    assert covered.max() <= FULL
    assert covered.max() > FULL / 2


@pytest.mark.parametrize("method", list(DEBAYERS))
def test_a_debayer_leaves_no_hole_of_one_colour(method: str) -> None:
    """Red and blue skies are darker than green: a hole in green may be as dark as they are, and still is one."""
    sky = {"R": 1000.0, "G": 3000.0, "B": 1500.0}
    plane = np.empty((120, 160), np.float32)
    for index, colour in enumerate("RGGB"):
        plane[index // 2 :: 2, index % 2 :: 2] = sky[colour]
    plane += np.random.default_rng(3).normal(0, 10, plane.shape).astype(np.float32)
    plane[60:64, 80:85] = FULL
    sampling = Sampling(DEBAYERS.get(method)())
    pixels = warp(frame_of(plane, "RGGB"), Transform.identity(), 120, 160, sampling=sampling).pixels
    for channel, colour in enumerate("RGB"):
        assert pixels[..., channel].min() > sky[colour] - 60
        assert pixels[..., channel].max() <= FULL


@pytest.mark.parametrize("kernel", ["cubic", "lanczos"])
def test_beside_an_edge_a_pixel_stays_within_its_neighbours(kernel: KernelName) -> None:
    """In the halo of a star a hole need not be darker than the sky to be one."""
    plane = night_with_saturated_stars()
    plane[:, 200:] += 5000
    plane[150, 300:310] = FULL
    move = similarity(0, 0.45, 0.3)
    grid = warp(mono(plane), move, *SIZE, sampling=Sampling(DEBAYERS.get("bilinear")(), kernel))
    wide = np.ones((5, 5))
    low, high = cv2.erode(plane, wide), cv2.dilate(plane, wide)
    near = cv2.dilate((plane == FULL).astype(np.uint8), wide).astype(bool) & (grid.weight > 0)
    assert (grid.pixels >= low - 0.01)[near].all()
    assert (grid.pixels <= high + 0.01)[near].all()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kernel", list(KERNELS))
def test_no_value_leaves_the_range_of_the_frame(kernel: KernelName, seed: int) -> None:
    """Noise alone is nowhere steep; its crests are left as the kernel makes them, but for the frame's own extremes."""
    rng = np.random.default_rng(seed)
    plane = rng.uniform(100, 200, (90, 110))
    angle, dx, dy = rng.uniform(-180, 180), *rng.uniform(-20, 20, 2)
    middle = np.array([[1, 0, 55], [0, 1, 45], [0, 0, 1.0]])
    move = Transform(middle @ similarity(angle, dx, dy).matrix @ np.linalg.inv(middle))
    grid = warp(mono(plane), move, 90, 110, sampling=Sampling(DEBAYERS.get("bilinear")(), kernel))
    covered = grid.pixels[grid.weight > 0]
    assert len(covered) > 2000
    assert covered.min() >= np.float32(plane.min())
    assert covered.max() <= np.float32(plane.max())


def test_the_range_follows_the_match() -> None:
    """Twice as bright and on a slope, a saturated block is still the brightest thing, and the sky is not touched."""
    plane = night_with_saturated_stars()
    match = PhotometricMatch(2.0, ((50.0, 400.0, -300.0),))
    moved, still = (warp(mono(plane), move, *SIZE, match=match) for move in (MOVES[0], Transform.identity()))
    covered = moved.weight > 0
    assert moved.pixels[covered].max() <= still.pixels.max() + 20
    calm = covered & (cv2.dilate((plane == FULL).astype(np.uint8), np.ones((9, 9))) == 0)
    assert np.corrcoef(moved.pixels[calm], still.pixels[calm])[0, 1] > 0.95


def test_what_is_not_steep_is_as_the_kernel_gives_it() -> None:
    plane = np.random.default_rng(6).normal(SKY, NOISE, SIZE).astype(np.float32)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    plane += (15 * NOISE * np.exp(-((x - 200.2) ** 2 + (y - 150.4) ** 2) / (2 * 1.3**2))).astype(np.float32)
    plane[10, 10], plane[12, 10] = 0, 1000  # so that the range of the frame limits nothing else
    grid = warp(mono(plane), similarity(0, 0.5, 0.25), *SIZE, sampling=Sampling(DEBAYERS.get("bilinear")(), "lanczos"))
    matrix = np.float32([[1, 0, 0.5], [0, 1, 0.25]])
    plain = cv2.warpAffine(plane, matrix, SIZE[::-1], flags=cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)
    np.testing.assert_allclose(grid.pixels[20:-20, 20:-20], plain[20:-20, 20:-20], atol=0.01)


def test_the_pixels_of_a_block_lie_as_the_map_leads() -> None:
    """Places are known of every second pixel only."""
    turn = np.array([[0.9, -0.4], [0.3, 1.1]])
    every_second = 2 * np.stack(np.meshgrid(np.arange(5.0), np.arange(4.0)), axis=-1)
    places = (every_second @ turn.T + [3.0, 7.0]).astype(np.float32)
    offsets = np.array([[0, 0], [1, 0], [0, 1], [1, 1]])
    np.testing.assert_allclose(clamp._slopes(places), offsets @ turn.T, atol=1e-5)
    np.testing.assert_allclose(clamp._slopes(places[:1])[1:], [turn[:, 0], [0, 0], turn[:, 0]], atol=1e-5)


def test_the_noise_of_a_low_frame_is_not_that_of_its_black_rim() -> None:
    plane = np.random.default_rng(6).normal(SKY, NOISE, (120, 420)).astype(np.float32)
    plane[:4] = 0
    plane[60, 60] = 1000  # so that the range of the frame limits nothing else
    grid = warp(
        mono(plane), similarity(0, 0.5, 0.25), 120, 420, sampling=Sampling(DEBAYERS.get("bilinear")(), "lanczos")
    )
    matrix = np.float32([[1, 0, 0.5], [0, 1, 0.25]])
    plain = cv2.warpAffine(plane, matrix, (420, 120), flags=cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)
    np.testing.assert_allclose(grid.pixels[20:-20, 100:-20], plain[20:-20, 100:-20], atol=0.01)
