"""Frames of any size and mosaic come onto the grid whichever way they lie."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indistack.debayer import DEBAYERS
from indistack.raster.tiles import Sampling
from indistack.values.frame import CalibratedFrame, CfaPattern, FrameInfo
from indistack.values.transform import Transform
from tests.contract.test_debayers import PHASES
from tests.unit.raster.test_tiles import mono, warp

PEAK_ADU, SKY_ADU = 40000.0, 300.0
FULL_SIZE = [name for name in DEBAYERS if DEBAYERS.get(name).shrink == 1]
LINEAR = [name for name in DEBAYERS if DEBAYERS.get(name).takes_floats]
LEAST_MOSAIC_PX = 4  # of fewer OpenCV makes no colour
SIZES = st.tuples(st.integers(1, 40), st.integers(1, 40))
TURNS_DEG = st.sampled_from([0.0, 0.004, 180.0, 179.995, 1.5, 90.0, 37.0])
SHIFTS_PX = st.tuples(st.floats(-3, 3), st.floats(-3, 3))


def place(turn_deg: float, mirrored: bool, size: tuple[int, int], shift_px: tuple[float, float]) -> Transform:
    """Turned about the middle of the frame, and moved."""
    angle, middle = np.deg2rad(turn_deg), (np.array(size[::-1]) - 1) / 2
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = np.eye(3)
    matrix[:2, :2] = turn @ np.diag([-1.0, 1.0] if mirrored else [1.0, 1.0])
    matrix[:2, 2] = middle - matrix[:2, :2] @ middle + shift_px
    return Transform(matrix)


def stars(size: tuple[int, int], seed: int) -> np.ndarray:
    """Steep places: single bright pixels in a sky with noise."""
    rng = np.random.default_rng(seed)
    plane = rng.normal(SKY_ADU, 5, size)
    plane[rng.random(size) < 0.03] = PEAK_ADU
    return plane


@settings(max_examples=100, deadline=None)
@given(SIZES, TURNS_DEG, st.booleans(), SHIFTS_PX, st.integers(0, 9), st.sampled_from([None, *PHASES]), st.data())
def test_what_a_frame_of_any_size_gives_lies_within_what_it_holds(
    size: tuple[int, int],
    turn_deg: float,
    mirrored: bool,
    shift_px: tuple[float, float],
    seed: int,
    cfa: CfaPattern | None,
    data: st.DataObject,
) -> None:
    size = size if cfa is None else (max(LEAST_MOSAIC_PX, size[0]), max(LEAST_MOSAIC_PX, size[1]))
    plane = stars(size, seed)
    pixels = plane.astype(np.float32) if cfa is None else np.rint(plane).astype(np.uint16)
    frame = CalibratedFrame(pixels, cfa, 0.0, 1.0, None, FrameInfo())
    sampling = Sampling(DEBAYERS.get(data.draw(st.sampled_from(FULL_SIZE)))())
    grid = warp(frame, place(turn_deg, mirrored, size, shift_px), *size, jobs=1, sampling=sampling)
    seen = grid.pixels[grid.weight > 0]
    assert np.isfinite(seen).all()
    assert seen.min(initial=pixels.min()) >= pixels.min() - 1e-2
    assert seen.max(initial=pixels.max()) <= pixels.max() + 1e-2


@settings(max_examples=40, deadline=None)
@given(SIZES, st.sampled_from(PHASES), st.sampled_from(LINEAR))
def test_each_photosite_keeps_its_own_colour(size: tuple[int, int], cfa: CfaPattern, name: str) -> None:
    plane = stars(size, 3).astype(np.float32)
    rgb = DEBAYERS.get(name)()(plane, cfa)
    for index, colour in enumerate(cfa):
        cell = np.s_[index // 2 :: 2, index % 2 :: 2]
        np.testing.assert_array_equal(rgb[cell][..., "RGB".index(colour)], plane[cell])


@pytest.mark.parametrize("turn_deg", [0.004, 179.996])
@pytest.mark.parametrize("size", [(301, 517), (67, 1031), (1, 700), (700, 1)])
def test_a_frame_cut_into_tiles_is_moved_as_one_that_is_not(size: tuple[int, int], turn_deg: float) -> None:
    """A ramp lies where the transform puts it, over all tiles and blocks, at sizes that no tile divides."""
    y, x = np.mgrid[: size[0], : size[1]]
    transform = place(turn_deg, False, size, (0.3, -0.4))
    grid = warp(mono(100 + 0.5 * x + 0.25 * y), transform, *size, jobs=1)
    back = transform.back(np.stack([x.ravel(), y.ravel()], axis=1).astype(float))
    expected = (100 + back @ [0.5, 0.25]).reshape(size)
    inner = (slice(3, -3) if size[0] > 6 else slice(None), slice(3, -3) if size[1] > 6 else slice(None))
    covered = grid.weight[inner] > 0
    np.testing.assert_allclose(grid.pixels[inner][covered], expected[inner][covered], atol=0.03)
