"""The way back from the canvas, and what is fetched along it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from indistack.frame import Bend, Transform
from indistack.warp import mapping_of
from tests.unit.test_tiles import mono, warp

MATRIX = np.array([[0.999, -0.03, 12.0], [0.03, 0.999, -8.0], [0.0, 0.0, 1.0]])
BENT = Transform(MATRIX, bend=Bend((300.0, 250.0), 400.0, np.array([[3.0, -2.0, 1.0], [1.0, 2.0, -3.0]])))


@pytest.mark.parametrize("transform", [Transform(MATRIX), BENT])
@pytest.mark.parametrize("size", [(1, 1), (1, 40), (256, 256), (33, 100)])
def test_sources_are_where_the_transform_leads_back_to(transform: Transform, size: tuple[int, int]) -> None:
    xs, ys = np.arange(50.0, 50 + size[1]), np.arange(80.0, 80 + size[0])
    x, y = mapping_of(transform).sources(xs, ys)
    grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    np.testing.assert_allclose(np.column_stack([x.ravel(), y.ravel()]), transform.back(grid), atol=0.01)


@pytest.mark.parametrize("transform", [Transform(MATRIX), BENT])
def test_the_outline_holds_all_sources(transform: Transform) -> None:
    xs = ys = np.arange(256.0)
    mapping = mapping_of(transform)
    for found, around in zip(mapping.sources(xs, ys), mapping.outline(xs, ys), strict=True):
        assert around.min() - 0.02 <= found.min()
        assert found.max() <= around.max() + 0.02


def test_a_bent_frame_lies_on_the_canvas_as_the_transform_says() -> None:
    height, width = 500, 600
    rows, cols = np.mgrid[:height, :width].astype(np.float64)
    canvas = warp(mono(3 * cols + 2 * rows), BENT, height, width)
    back = BENT.back(np.column_stack([cols.ravel(), rows.ravel()])).reshape(height, width, 2)
    inside = ((back >= 0) & (back <= [width - 1, height - 1])).all(axis=2)
    assert ((canvas.weight > 0) != inside).sum() < 10  # within the map's error of the frame's edge
    inner = cv2.erode(inside.astype(np.uint8), np.ones((5, 5), np.uint8), borderValue=0) > 0
    expected = 3 * back[..., 0] + 2 * back[..., 1]
    # as near as by a matrix, 0.25: OpenCV rounds positions to 1/32 px and its cubic does not quite give a ramp back
    np.testing.assert_allclose(canvas.pixels[inner], expected[inner], atol=0.27)


def test_bad_pixels_follow_the_bend() -> None:
    bad = np.zeros((500, 600), bool)
    bad[200:203, 300:303] = True
    canvas = warp(mono(np.ones((500, 600)), bad), BENT, 500, 600)
    x, y = np.rint(BENT.apply(np.array([[301.0, 201.0]])))[0].astype(int)
    hole = canvas.weight[y - 10 : y + 10, x - 10 : x + 10] == 0
    assert hole[9:12, 9:12].all()
    assert hole.sum() < 36
