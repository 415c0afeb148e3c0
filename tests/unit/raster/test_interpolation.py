"""Superpixel sampling: a frame on a grid of half its size."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.debayer import DEBAYERS
from indistack.numerics.surface import terms
from indistack.raster.tiles import Sampling
from indistack.values.frame import CalibratedFrame, CfaPattern, FrameInfo
from indistack.values.star_list import PhotometricMatch
from indistack.values.transform import Bend, Transform
from tests.unit.raster.test_tiles import mono, similarity, warp
from tests.unit.raster.test_warp import centroid, star

HALF = Sampling(DEBAYERS.get("superpixel")())


def cells(plane: np.ndarray) -> np.ndarray:
    height, width = plane.shape[0] // 2, plane.shape[1] // 2
    return plane[: 2 * height, : 2 * width].reshape(height, 2, width, 2, *plane.shape[2:]).mean(axis=(1, 3))


@pytest.mark.parametrize("size", [(300, 534), (301, 533)])
def test_a_cfa_frame_becomes_its_cells(size: tuple[int, int]) -> None:
    raw = np.random.default_rng(1).integers(100, 60000, size).astype(np.uint16)
    grid = warp(CalibratedFrame(raw, "GRBG", 100.0, 0.5, None, FrameInfo()), Transform.identity(), *size, sampling=HALF)
    height, width = size[0] // 2, size[1] // 2
    assert grid.pixels.shape == (height, width, 3)
    g, r, b, g2 = (raw[y::2, x::2][:height, :width].astype(float) for y in (0, 1) for x in (0, 1))
    expected = 0.5 * (np.stack([r, (g + g2) / 2, b], axis=-1) - 100)
    np.testing.assert_allclose(grid.pixels, expected, atol=0.26)  # greens are rounded to whole stored units
    assert (grid.weight > 0).all()


@pytest.mark.parametrize("shape", [(300, 534), (301, 533), (300, 534, 3)])
def test_other_frames_are_averaged_2x2(shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(2).normal(100, 10, shape).astype(np.float32)
    grid = warp(mono(pixels), Transform.identity(), *shape[:2], sampling=HALF)
    np.testing.assert_allclose(grid.pixels, cells(pixels), rtol=1e-5)


@pytest.mark.parametrize("transform", [
    similarity(0, 7.0, -4.0), similarity(30, 30.0, -20.0), similarity(180, 180.3, 140.7),
    Transform(np.eye(3), bend=Bend((90.0, 70.0), 100.0, np.array([[0.3, -0.2, 0.1], [0.1, 0.2, -0.3]]))),
])  # fmt: skip
def test_a_star_lands_at_half_its_place_on_the_reference(transform: Transform) -> None:
    picture = np.zeros((140, 180))
    picture[40:81, 60:101] = star(20.3, 19.8, 5.0)
    grid = warp(mono(picture), transform, 140, 180, sampling=HALF)
    x, y = (transform.apply(np.array([[80.3, 59.8]]))[0] - 0.5) / 2
    found = centroid(np.nan_to_num(grid.pixels), (x, y), 2.8)
    np.testing.assert_allclose(found, (x, y), atol=0.05)


def test_the_light_of_a_match_lies_where_it_should() -> None:
    surface = (3.0, 50.0, -40.0, 20.0, 10.0, -60.0)
    grid = warp(
        mono(np.full((80, 120), 200.0)),
        Transform.identity(),
        80,
        120,
        match=PhotometricMatch(1.5, (surface,)),
        sampling=HALF,
    )
    y, x = np.mgrid[:80, :120]
    light = terms(np.stack([x.ravel(), y.ravel()], axis=1).astype(float), 120, 80) @ np.array(surface)
    np.testing.assert_allclose(grid.pixels, 300 + cells(light.reshape(80, 120)), atol=0.01)


def test_a_cell_with_a_bad_pixel_has_no_weight() -> None:
    bad = np.zeros((40, 40), bool)
    bad[11, 20] = True
    grid = warp(mono(np.ones((40, 40)), bad), Transform.identity(), 40, 40, sampling=HALF)
    assert np.argwhere(grid.weight == 0).tolist() == [[5, 10]]


@pytest.mark.parametrize("name", list(DEBAYERS))
@pytest.mark.parametrize("cfa", ["RGGB", "GBRG"])
def test_every_debayer_keeps_colours_apart_in_tiles_of_a_turned_frame(name: str, cfa: CfaPattern) -> None:
    """Source boxes begin anywhere in the frame, and are parts of it."""
    raw = np.empty((600, 700), np.uint16)
    for index, colour in enumerate(cfa):
        raw[index // 2 :: 2, index % 2 :: 2] = {"R": 9000, "G": 500, "B": 3000}[colour]
    sampling = Sampling(DEBAYERS.get(name)())
    grid = warp(
        CalibratedFrame(raw, cfa, 0.0, 1.0, None, FrameInfo()),
        similarity(20, 100.3, -60.7),
        600,
        700,
        sampling=sampling,
    )
    covered = grid.pixels[grid.weight > 0]
    assert len(covered) > grid.weight.size / 2
    np.testing.assert_allclose(covered, np.tile([9000, 500, 3000], (len(covered), 1)), rtol=1e-4)
