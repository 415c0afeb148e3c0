"""What is fetched from a frame along the way back from the grid."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from indistack.raster.tiles import Sampling
from indistack.raster.warp import KERNELS, KernelName, regridded
from indistack.values.transform import Transform
from tests.unit.raster.test_tiles import BILINEAR, mono, similarity, warp
from tests.unit.raster.transforms import BENT, WAYS


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


def centroid_errors(kernel: KernelName, fwhm_px: float, turn_deg: float = 0.0) -> np.ndarray:
    """Distance (px) between where moved stars should be and are, over all sub-pixel phases."""
    errors = []
    for step in range(16):
        dx, dy = step / 16, (7 * step % 16) / 16  # whole 32ths, to which OpenCV rounds
        picture = star(20.3, 19.8, fwhm_px)
        begin = centroid(picture, (20.3, 19.8), fwhm_px)
        move = similarity(turn_deg, dx, dy)
        moved = warp(mono(picture), move, 41, 41, sampling=Sampling(BILINEAR, kernel)).pixels
        target = move.apply(begin[np.newaxis])[0]
        errors.append(np.hypot(*(centroid(np.nan_to_num(moved), tuple(target), fwhm_px) - target)))
    return np.array(errors)


@pytest.mark.parametrize(("kernel", "fwhm_px", "limit_px"), [
    ("cubic", 2.0, 0.024), ("cubic", 2.5, 0.012), ("cubic", 3.0, 0.007), ("cubic", 4.0, 0.004),
    ("lanczos", 2.0, 0.015), ("lanczos", 3.0, 0.015), ("lanczos", 4.0, 0.015),
])  # fmt: skip
def test_a_moved_star_is_where_it_should_be(kernel: KernelName, fwhm_px: float, limit_px: float) -> None:
    errors = centroid_errors(kernel, fwhm_px)
    assert np.median(errors) < limit_px


@pytest.mark.parametrize(("fwhm_px", "limit_px"), [(2.0, 0.035), (2.5, 0.02), (3.0, 0.02), (4.0, 0.02)])
def test_a_turned_star_is_where_it_should_be(fwhm_px: float, limit_px: float) -> None:
    """By so much that OpenCV's cubic is used, not one filter."""
    assert np.median(centroid_errors("cubic", fwhm_px, 0.7)) < limit_px


def test_each_kernel_reads_as_far_as_it_says() -> None:
    picture = np.zeros((41, 41))
    picture[20, 20] = 1.0
    for name, kernel in KERNELS.items():
        touched = np.argwhere(
            warp(mono(picture), similarity(0, 0.4, 0.3), 41, 41, sampling=Sampling(BILINEAR, name)).pixels != 0
        )
        reach = max(20.4 - touched[:, 1].min(), touched[:, 1].max() - 20.4)
        assert kernel.reach_px - 1 < reach <= kernel.reach_px
