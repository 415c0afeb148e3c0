"""The way back from the grid, and what is fetched along it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from indistack.raster.tiles import Sampling
from indistack.raster.warp import KERNELS, KernelName, PixelMap, pixel_map_of, regridded
from indistack.system.workers import Scratch
from indistack.values.transform import Bend, Transform
from tests.unit.raster.test_tiles import BILINEAR, mono, similarity, warp

MATRIX = np.array([[0.999, -0.03, 12.0], [0.03, 0.999, -8.0], [0.0, 0.0, 1.0]])
AFFINE = Transform(MATRIX)
PROJECTIVE = Transform(MATRIX + np.array([[0, 0, 0], [0, 0, 0], [1e-5, -2e-5, 0]]))
BENT = Transform(MATRIX, bend=Bend((300.0, 250.0), 400.0, np.array([[3.0, -2.0, 1.0], [1.0, 2.0, -3.0]])))
WAYS = pytest.mark.parametrize("transform", [AFFINE, PROJECTIVE, BENT], ids=["affine", "projective", "bent"])


def pixel_map(transform: Transform, ripple_px: float = 0.0) -> PixelMap:
    return pixel_map_of(transform, (500, 600), ripple_px, Scratch())


@WAYS
@pytest.mark.parametrize("size", [(1, 1), (1, 40), (256, 256), (33, 100)])
def test_sources_are_where_the_transform_leads_back_to(transform: Transform, size: tuple[int, int]) -> None:
    box = slice(80, 80 + size[0]), slice(50, 50 + size[1])
    places = pixel_map(transform).sources(box, origin=(7, 9))
    grid = np.stack(np.meshgrid(np.arange(50.0, 50 + size[1]), np.arange(80.0, 80 + size[0])), axis=-1)
    expected = transform.back(grid.reshape(-1, 2)).reshape(grid.shape)
    np.testing.assert_allclose(places + np.array([7, 9]), expected, atol=0.01)


@WAYS
def test_a_ripple_is_added_where_it_is_wanted(transform: Transform) -> None:
    box = slice(300, 500), slice(400, 600)
    rippled = pixel_map(transform, -0.03)
    plain = rippled.sources(box, origin=(3, 5)).astype(float)  # a copy: the next call takes the same scratch
    found = rippled.sources(box, origin=(3, 5), ripple=True) - plain
    np.testing.assert_allclose(found, -0.03 * np.sin(2 * np.pi * plain), atol=2e-4)


@WAYS
def test_the_outline_holds_all_sources(transform: Transform) -> None:
    box = slice(0, 256), slice(0, 256)
    places = pixel_map(transform).sources(box)
    for axis, around in enumerate(pixel_map(transform).outline(box)):
        assert around.min() - 0.02 <= places[..., axis].min()
        assert places[..., axis].max() <= around.max() + 0.02


@WAYS
@pytest.mark.parametrize(("step_px", "origin_px"), [(2.0, 0.5), (0.5, 0.0)])
def test_a_frame_of_other_pixels_lies_in_the_same_place(transform: Transform, step_px: float, origin_px: float) -> None:
    index = np.array([[0.0, 0.0], [10.0, 3.0], [200.0, 100.0]])
    found = regridded(transform, step_px, origin_px).apply(index)
    np.testing.assert_allclose(found, transform.apply(step_px * index + origin_px), atol=1e-9)


def test_a_bent_frame_lies_on_the_canvas_as_the_transform_says() -> None:
    height, width = 500, 600
    rows, cols = np.mgrid[:height, :width].astype(np.float64)
    grid = warp(mono(3 * cols + 2 * rows), BENT, height, width)
    back = BENT.back(np.column_stack([cols.ravel(), rows.ravel()])).reshape(height, width, 2)
    inside = ((back >= 0) & (back <= [width - 1, height - 1])).all(axis=2)
    assert ((grid.weight > 0) != inside).sum() < 10  # within the map's error of the frame's edge
    inner = cv2.erode(inside.astype(np.uint8), np.ones((5, 5), np.uint8), borderValue=0) > 0
    expected = 3 * back[..., 0] + 2 * back[..., 1]
    # OpenCV rounds positions to 1/32 px, and the cubic does not quite give a ramp back
    np.testing.assert_allclose(grid.pixels[inner], expected[inner], atol=0.2)


def test_bad_pixels_follow_the_bend() -> None:
    bad = np.zeros((500, 600), bool)
    bad[200:203, 300:303] = True
    grid = warp(mono(np.ones((500, 600)), bad), BENT, 500, 600)
    x, y = np.rint(BENT.apply(np.array([[301.0, 201.0]])))[0].astype(int)
    hole = grid.weight[y - 10 : y + 10, x - 10 : x + 10] == 0
    assert hole[9:12, 9:12].all()
    assert hole.sum() < 36


def star(x: float, y: float, fwhm_px: float, side: int = 41) -> np.ndarray:
    """A Gaussian star of flux 1e5, averaged over each pixel."""
    fine = (np.arange(side * 5) - 2) / 5
    profiles = [np.exp(-4 * np.log(2) * ((fine - c) / fwhm_px) ** 2).reshape(side, 5).mean(axis=1) for c in (y, x)]
    picture = np.outer(*profiles)
    return 1e5 * picture / picture.sum()


def centroid(picture: np.ndarray, near: tuple[float, float], fwhm_px: float) -> np.ndarray:
    """Position (x, y) under a Gaussian window of the star's own size."""
    rows, cols = np.mgrid[: picture.shape[0], : picture.shape[1]]
    place = np.array(near)
    for _ in range(20):
        weight = picture * np.exp(-4 * np.log(2) * ((cols - place[0]) ** 2 + (rows - place[1]) ** 2) / fwhm_px**2)
        seen = np.array([(weight * cols).sum(), (weight * rows).sum()]) / weight.sum()
        place = place + 2 * (seen - place)
    return place


def centroid_errors(kernel: KernelName, fwhm_px: float) -> np.ndarray:
    """Distance (px) between where shifted stars should be and are, over all sub-pixel phases."""
    errors = []
    for step in range(16):
        dx, dy = step / 16, (7 * step % 16) / 16  # whole 32ths, to which OpenCV rounds
        picture = star(20.3, 19.8, fwhm_px)
        begin = centroid(picture, (20.3, 19.8), fwhm_px)
        moved = warp(mono(picture), similarity(0, dx, dy), 41, 41, sampling=Sampling(BILINEAR, kernel)).pixels
        target = begin + np.array([dx, dy])
        errors.append(np.hypot(*(centroid(np.nan_to_num(moved), tuple(target), fwhm_px) - target)))
    return np.array(errors)


@pytest.mark.parametrize(("kernel", "fwhm_px", "limit_px"), [
    ("cubic", 2.0, 0.035), ("cubic", 2.5, 0.02), ("cubic", 3.0, 0.02), ("cubic", 4.0, 0.02),
    ("lanczos", 2.0, 0.015), ("lanczos", 3.0, 0.015), ("lanczos", 4.0, 0.015),
])  # fmt: skip
def test_a_moved_star_is_where_it_should_be(kernel: KernelName, fwhm_px: float, limit_px: float) -> None:
    errors = centroid_errors(kernel, fwhm_px)
    assert np.median(errors) < limit_px


def test_each_kernel_reads_as_far_as_it_says() -> None:
    picture = np.zeros((41, 41))
    picture[20, 20] = 1.0
    for name, kernel in KERNELS.items():
        touched = np.argwhere(
            warp(mono(picture), similarity(0, 0.4, 0.3), 41, 41, sampling=Sampling(BILINEAR, name)).pixels != 0
        )
        reach = max(20.4 - touched[:, 1].min(), touched[:, 1].max() - 20.4)
        assert kernel.reach_px - 1 < reach <= kernel.reach_px
