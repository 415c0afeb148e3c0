"""The tile engine against whole-frame arithmetic."""

from __future__ import annotations

import threading

import cv2
import numpy as np
import pytest

from indistack.debayer import DEBAYERS
from indistack.numerics.surface import terms
from indistack.raster import boxes
from indistack.raster.tiles import Cube, Sampling, Tile, integrate, integrate_all
from indistack.raster.warp import KERNELS, KernelName
from indistack.system.workers import Workers
from indistack.values.frame import CalibratedFrame, CfaPattern, FrameInfo
from indistack.values.grid import PlacedSub, StackGrid
from indistack.values.star_list import PhotometricMatch
from indistack.values.transform import Transform

UNMATCHED = PhotometricMatch()
BILINEAR = DEBAYERS.get("bilinear")()
CUBIC = Sampling(BILINEAR)


def similarity(rotation_deg: float, dx: float, dy: float) -> Transform:
    angle = np.deg2rad(rotation_deg)
    matrix = np.array([[np.cos(angle), -np.sin(angle), dx], [np.sin(angle), np.cos(angle), dy], [0, 0, 1]])
    return Transform(matrix)


def mono(pixels: np.ndarray, bad: np.ndarray | None = None) -> CalibratedFrame:
    return CalibratedFrame(pixels.astype(np.float32), None, 0.0, 1.0, bad, FrameInfo())


class Collected:
    """Collects tiles; a box that comes twice fails."""

    def __init__(self, height: int, width: int, channels: int = 1) -> None:
        shape = (height, width) if channels == 1 else (height, width, channels)
        self.pixels = np.full(shape, np.nan, np.float32)
        self.weight = np.zeros((height, width), np.float32)
        self._lock = threading.Lock()

    def update(self, tile: Tile) -> None:
        with self._lock:
            assert not self.weight[tile.rows, tile.cols].any()
            self.weight[tile.rows, tile.cols] = tile.weight
            self.pixels[tile.rows, tile.cols] = tile.pixels


def warp(
    frame: CalibratedFrame,
    transform: Transform,
    height: int,
    width: int,
    jobs: int = 2,
    match: PhotometricMatch = UNMATCHED,
    sampling: Sampling = CUBIC,
) -> Collected:
    grid = StackGrid.over(height, width, sampling.scale)
    collected = Collected(*grid.size, frame.channels)
    with Workers(jobs) as workers:
        sub = PlacedSub(frame, transform, match, 2.5)
        integrate(sub, grid, sampling, collected.update, workers)
    return collected


def test_identity_gives_the_frame_back() -> None:
    pixels = np.random.default_rng(1).normal(100, 10, (300, 533)).astype(np.float32)
    grid = warp(mono(pixels), Transform.identity(), 300, 533)
    np.testing.assert_allclose(grid.pixels, pixels, rtol=1e-6)
    assert (grid.weight == np.float32(2.5)).all()


@pytest.mark.parametrize("way", ["mono", "RGGB", "rgb"])
@pytest.mark.parametrize("surface", [(3.0,), (3.0, 5.0, -4.0, 2.0, 1.0, -6.0)])
def test_a_match_scales_and_adds_a_surface_to_each_colour(way: str, surface: tuple[float, ...]) -> None:
    stored = np.full((300, 533, 3) if way == "rgb" else (300, 533), 1100, np.uint16 if way == "RGGB" else np.float32)
    frame = CalibratedFrame(stored, "RGGB" if way == "RGGB" else None, 100.0, 0.5, None, FrameInfo())
    background = tuple((channel + surface[0], *surface[1:]) for channel in range(frame.channels))
    grid = warp(frame, Transform.identity(), 300, 533, match=PhotometricMatch(scale=1.5, background=background))
    y, x = np.mgrid[:300, :533]
    design = terms(np.stack([x.ravel(), y.ravel()], axis=1).astype(float), 533, 300)[:, : len(surface)]
    for channel, coefficients in enumerate(background):
        expected = 1.5 * 0.5 * (1100 - 100) + design @ np.array(coefficients)
        np.testing.assert_allclose(np.atleast_3d(grid.pixels)[..., channel].ravel(), expected, atol=0.01)


@pytest.mark.parametrize("cfa", ["RGGB", "GBRG"])
def test_it_does_not_matter_whether_a_sub_is_matched_before_or_after_it_is_debayered(cfa: CfaPattern) -> None:
    raw = cv2.GaussianBlur(np.random.default_rng(5).integers(500, 60000, (300, 534)).astype(np.uint16), (0, 0), 1.0)
    raw[0, 0], raw[-1, -1] = 0, 65535  # so that the range of the frame holds nothing else
    malvar = DEBAYERS.get("malvar")()
    match = PhotometricMatch(1.5, ((3.0, 500.0, -400.0, 20.0, 10.0, -60.0), (70.0, -80.0), (900.0,)))
    frame = CalibratedFrame(raw, cfa, 100.0, 0.5, None, FrameInfo())
    grid = warp(frame, Transform.identity(), 300, 534, match=match, sampling=Sampling(malvar))
    debayered = mono((malvar(raw, cfa).astype(np.float32) - 100) * 0.5)
    after = warp(debayered, Transform.identity(), 300, 534, match=match)
    np.testing.assert_allclose(grid.pixels[8:-8, 8:-8], after.pixels[8:-8, 8:-8], atol=0.6)


def test_one_surface_serves_all_colours() -> None:
    frame = CalibratedFrame(np.full((64, 64), 200, np.uint16), "RGGB", 0.0, 1.0, None, FrameInfo())
    grid = warp(frame, Transform.identity(), 64, 64, match=PhotometricMatch(background=((5.0,),)))
    np.testing.assert_allclose(grid.pixels, 205)


def test_whole_pixel_shift_moves_pixels_and_leaves_the_rest_uncovered() -> None:
    pixels = np.arange(20 * 30, dtype=np.float32).reshape(20, 30)
    grid = warp(mono(pixels), similarity(0, 4, -3), 20, 30)
    np.testing.assert_allclose(grid.pixels[:17, 4:], pixels[3:, :26], rtol=1e-6)
    assert (grid.weight[:17, 4:] == 2.5).all()
    assert not grid.weight[17:].any()
    assert not grid.weight[:, :4].any()


@pytest.mark.parametrize(("rotation_deg", "dx", "dy"), [(1.5, 12.3, -7.7), (180.0, 699.0, 520.0), (37.0, 200.0, -50.0)])
@pytest.mark.parametrize("kernel", ["linear", "lanczos"])
def test_tiles_equal_one_whole_frame_warp(rotation_deg: float, dx: float, dy: float, kernel: KernelName) -> None:
    rng = np.random.default_rng(2)
    raw = cv2.GaussianBlur(rng.integers(500, 60000, (521, 700)).astype(np.uint16), (0, 0), 2.0)
    frame = CalibratedFrame(raw, "GRBG", 100.0, 0.5, None, FrameInfo())
    transform = similarity(rotation_deg, dx, dy)
    grid = warp(frame, transform, 521, 700, sampling=Sampling(BILINEAR, kernel))
    rgb = (BILINEAR(raw, "GRBG").astype(np.float32) - 100) * 0.5
    flag = KERNELS[kernel].flag
    whole = cv2.warpAffine(rgb, transform.matrix[:2], (700, 521), flags=flag, borderMode=cv2.BORDER_REPLICATE)
    inner = cv2.erode((grid.weight > 0).astype(np.uint8), np.ones((9, 9))) > 0
    assert inner.mean() > 0.2
    # OpenCV rounds positions to 1/32 px from each tile's own origin
    assert np.abs(grid.pixels - whole)[inner].max() < 0.06 * float(rgb.std())
    assert np.abs(grid.pixels - whole)[inner].mean() < 0.005 * float(rgb.std())


def test_a_projective_transform_is_followed() -> None:
    matrix = np.array([[1.01, 0.02, 5.0], [-0.015, 0.99, 3.0], [1e-5, -2e-5, 1.0]])
    y, x = np.mgrid[:300, :400].astype(np.float64)
    grid = warp(mono(3 * x + 2 * y), Transform(matrix), 300, 400)
    source = np.linalg.inv(matrix) @ np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    expected = (3 * source[0] + 2 * source[1]) / source[2]
    covered = grid.weight.ravel() > 0
    inner = cv2.erode((grid.weight > 0).astype(np.uint8), np.ones((9, 9))).ravel() > 0
    assert covered.mean() > 0.9
    # Keys' kernel with a = -0.75 does not reproduce a ramp exactly: up to 0.05 px in each direction
    np.testing.assert_allclose(grid.pixels.ravel()[inner], expected[inner], atol=0.35)


def test_a_pixel_marked_bad_has_no_weight_after_the_warp() -> None:
    bad = np.zeros((40, 40), bool)
    bad[10, 20] = True
    grid = warp(mono(np.ones((40, 40)), bad), similarity(0, 0.5, 0.0), 40, 40)
    assert grid.weight[10, 20] == 0
    assert grid.weight[10, 21] == 0
    assert grid.weight[10, 23] > 0


def test_a_frame_beside_the_canvas_gives_no_tile() -> None:
    grid = warp(mono(np.ones((50, 50))), similarity(0, 1000, 0), 50, 50)
    assert not grid.weight.any()


def test_a_sliver_of_overlap_is_used() -> None:
    raw = np.full((64, 64), 1000, np.uint16)
    frame = CalibratedFrame(raw, "RGGB", 0.0, 1.0, None, FrameInfo())
    grid = warp(frame, similarity(0, 62, 0), 64, 64)
    assert (grid.weight[:, 62:] > 0).all()
    np.testing.assert_allclose(grid.pixels[:, 62:], 1000)


def test_one_job_and_two_jobs_give_the_same_bits() -> None:
    pixels = np.random.default_rng(3).normal(100, 10, (600, 700))
    one, two = (warp(mono(pixels), similarity(3, 1.2, 3.4), 600, 700, jobs) for jobs in (1, 2))
    np.testing.assert_array_equal(one.pixels, two.pixels)


@pytest.mark.parametrize("size", [(257, 513), (256, 512), (1, 1025), (769, 1)])
def test_tiles_reach_the_last_row_and_column(size: tuple[int, int]) -> None:
    """Tiles have 256 x 512 px: one more row or column is a tile of its own."""
    whole = warp(mono(np.full(size, 7.0)), Transform.identity(), *size, sampling=Sampling(BILINEAR, "linear"))
    assert (whole.weight == np.float32(2.5)).all()
    assert (whole.pixels == 7).all()


@pytest.mark.parametrize("size", [(257, 513), (33, 65)])
def test_cubes_reach_the_last_row_and_column(size: tuple[int, int]) -> None:
    taken = np.zeros(size, int)
    subs = [PlacedSub(mono(np.full(size, 7.0)), Transform.identity())] * 2

    def take(cube: Cube) -> None:
        assert (cube.pixels == 7).all()
        assert (cube.weight == 1).all()
        taken[cube.rows, cube.cols] += 1

    with Workers(1) as workers:
        integrate_all(subs, StackGrid.over(*size), Sampling(BILINEAR, "linear"), take, workers)
    assert (taken == 1).all()


@pytest.mark.parametrize("by_px", [0.5, 0.999])
def test_what_lies_beyond_the_frame_by_less_than_a_pixel_is_not_covered(by_px: float) -> None:
    """Moved by half a pixel, the first canvas pixel would come from half a pixel beside the frame's first."""
    pixels = mono(np.full((40, 60), 7.0))
    there = warp(pixels, similarity(0, by_px, by_px), 40, 60).weight > 0
    assert there[1:, 1:].all()
    assert not there[0].any()
    assert not there[:, 0].any()
    back = warp(pixels, similarity(0, -by_px, -by_px), 40, 60).weight > 0
    assert back[:-1, :-1].all()
    assert not back[-1].any()
    assert not back[:, -1].any()


def test_a_tile_that_is_covered_in_part_weighs_what_the_sub_does() -> None:
    weight = np.array([[0, 1], [1, 1]], np.float32)
    tile = Tile(slice(0, 2), slice(0, 2), np.ones((2, 2), np.float32), weight)
    np.testing.assert_array_equal(tile.times(2.5).weight, [[0, 2.5], [2.5, 2.5]])
    assert Tile(tile.rows, tile.cols, tile.pixels, 2.0).times(2.5).weight == 5


def test_a_sub_that_does_not_reach_a_box_weighs_nothing_there() -> None:
    weights = np.full((2, 300, 600), np.nan, np.float32)
    pixels = mono(np.full((300, 600), 7.0))
    subs = [PlacedSub(pixels, Transform.identity(), UNMATCHED, 2.0), PlacedSub(pixels, similarity(0, 0, 280))]

    def take(cube: Cube) -> None:
        weights[:, cube.rows, cube.cols] = cube.weight

    with Workers(1) as workers:
        integrate_all(subs, StackGrid.over(300, 600), CUBIC, take, workers)
    assert (weights[0] == 2).all()
    assert (weights[1, :280] == 0).all()
    assert (weights[1, 280:] == 1).all()


def test_a_background_is_added_where_nothing_is_scaled() -> None:
    added = PhotometricMatch(background=((3.0,),))
    np.testing.assert_allclose(warp(mono(np.full((40, 60), 7.0)), Transform.identity(), 40, 60, match=added).pixels, 10)


@pytest.mark.parametrize("method", list(DEBAYERS))
def test_tiles_of_a_colour_frame_have_no_seams(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    raw = np.random.default_rng(3).integers(100, 60000, (200, 300)).astype(np.uint16)
    frame, sampling = CalibratedFrame(raw, "RGGB", 0.0, 1.0, None, FrameInfo()), Sampling(DEBAYERS.get(method)())
    pictures = []
    for side_px in (16, 384):
        monkeypatch.setattr(boxes, "SIDE_PX", side_px)
        pictures.append(warp(frame, similarity(0, 0.4, 0.7), 200, 300, sampling=sampling))
    covered = pictures[0].weight > 0
    np.testing.assert_array_equal(covered, pictures[1].weight > 0)
    np.testing.assert_allclose(pictures[0].pixels[covered], pictures[1].pixels[covered], rtol=1e-4, atol=1)
