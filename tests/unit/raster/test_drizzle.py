"""Drizzle: drops fall where they lie, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.raster.tiles import Sampling, Tile, integrate
from indistack.system.workers import Workers
from indistack.values.frame import CalibratedFrame, CfaPattern, FrameInfo
from indistack.values.grid import PlacedSub, StackGrid
from indistack.values.star_list import PhotometricMatch
from indistack.values.transform import Transform
from tests.unit.raster.test_tiles import BILINEAR, UNMATCHED, mono, similarity
from tests.unit.raster.test_warp import centroid, star


class Heap:
    """Weighted sums of what falls on a grid."""

    def __init__(self, height: int, width: int, scale: int, channels: int = 3) -> None:
        self.grid = StackGrid.over(height, width, scale)
        self.sampling = Sampling(BILINEAR, drizzle=scale)
        self.total = np.zeros((*self.grid.size, channels))
        self.weight = np.zeros((*self.grid.size, channels))

    def add(
        self, frame: CalibratedFrame, transform: Transform, match: PhotometricMatch = UNMATCHED, weight: float = 1.0
    ) -> None:
        def take(tile: Tile) -> None:
            each = np.atleast_3d(tile.weight)
            self.total[tile.rows, tile.cols] += each * np.where(each > 0, np.atleast_3d(tile.pixels), 0)
            self.weight[tile.rows, tile.cols] += each

        with Workers(2) as workers:
            integrate(PlacedSub(frame, transform, match, weight), self.grid, self.sampling, take, workers)

    @property
    def mean(self) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            return self.total / self.weight


def cfa_frame(plane: np.ndarray, cfa: CfaPattern = "RGGB", bad: np.ndarray | None = None) -> CalibratedFrame:
    return CalibratedFrame(np.rint(plane).astype(np.uint16), cfa, 0.0, 1.0, bad, FrameInfo())


@pytest.mark.parametrize("cfa", ["RGGB", "BGGR", "GRBG", "GBRG"])
def test_each_photosite_falls_on_its_own_pixel_and_colour_only(cfa: CfaPattern) -> None:
    raw = np.random.default_rng(1).integers(100, 60000, (300, 533))
    heap = Heap(300, 533, 1)
    heap.add(cfa_frame(raw, cfa), Transform.identity(), weight=2.5)
    for index, colour in enumerate(cfa):
        cell = np.s_[index // 2 :: 2, index % 2 :: 2]
        channel = "RGB".index(colour)
        np.testing.assert_allclose(heap.mean[cell][..., channel], raw[cell])
        np.testing.assert_allclose(heap.weight[cell][..., channel], 2.5)
        assert not np.delete(heap.weight[cell], channel, axis=2).any()


def test_a_shift_shares_a_drop_by_area() -> None:
    picture = np.zeros((9, 9))
    picture[4, 4] = 100.0
    heap = Heap(9, 9, 1, 1)
    heap.add(mono(picture), similarity(0, 0.25, 0.5))
    np.testing.assert_allclose(heap.total[4:6, 4:6, 0], [[37.5, 12.5], [37.5, 12.5]], atol=1e-3)
    assert heap.total.sum() == pytest.approx(100.0)


def test_at_scale_2_a_drop_is_one_pixel_of_the_canvas() -> None:
    picture = np.zeros((9, 9))
    picture[4, 4] = 100.0
    heap = Heap(9, 9, 2, 1)
    heap.add(mono(picture), similarity(0, 0.25, 0.25))  # centre (4.25, 4.25) -> grid (9, 9)
    assert np.argwhere(heap.total[..., 0]).tolist() == [[9, 9]]
    assert heap.total[9, 9, 0] == pytest.approx(100.0)
    assert heap.mean[9, 9, 0] == pytest.approx(100.0)  # brightness of the surface, not its share


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("way", ["mono", "rgb", "RGGB"])
def test_a_flat_field_keeps_its_brightness_and_a_match_its_surface(scale: int, way: str) -> None:
    plane = np.full((120, 160, 3) if way == "rgb" else (120, 160), 500.0)
    frame = cfa_frame(plane) if way == "RGGB" else mono(plane)
    heap = Heap(120, 160, scale, 1 if way == "mono" else 3)
    rng = np.random.default_rng(3)
    for turn_deg in (0.0, 2.0, 180.0):
        for dx, dy in rng.uniform(-3, 3, (6, 2)):
            base = (159.0 + dx, 119.0 + dy) if turn_deg == 180 else (dx, dy)
            heap.add(frame, similarity(turn_deg, *base), PhotometricMatch(2.0, ((7.0,),)))
    inner = np.s_[20 * scale : -20 * scale, 20 * scale : -20 * scale]
    filled = heap.weight[inner] > 0
    assert filled.mean() > 0.9  # at scale 2 a red drop falls on one pixel of 16
    np.testing.assert_allclose(heap.mean[inner][filled], 1007.0, rtol=1e-4)


@pytest.mark.parametrize("scale", [1, 2])
def test_where_nothing_falls_there_is_no_weight(scale: int) -> None:
    heap = Heap(60, 80, scale)
    heap.add(cfa_frame(np.full((60, 80), 100.0)), similarity(0, 30.0, 0.0))
    assert not heap.weight[:, : 29 * scale].any()
    assert heap.weight[:, 31 * scale :].any()


def test_a_bad_photosite_does_not_fall() -> None:
    plane, bad = np.full((40, 40), 100.0), np.zeros((40, 40), bool)
    plane[10, 20], bad[10, 20] = np.nan, True
    heap = Heap(40, 40, 1, 1)
    heap.add(mono(plane, bad), Transform.identity())
    assert np.argwhere(heap.weight[..., 0] == 0).tolist() == [[10, 20]]
    heap.add(mono(plane, bad), similarity(0, 0.5, 0.0))
    np.testing.assert_allclose(heap.mean, 100.0)


def field(x: float, y: float, fwhm_px: float, ratio: tuple[float, float, float]) -> CalibratedFrame:
    """A star on a grey sky, as an RGGB camera sees it, its colours in that ratio."""
    light = star(x, y, fwhm_px, 61) / star(30, 30, fwhm_px, 61).max()
    plane = np.full((61, 61), 1000.0)
    for index, colour in enumerate("RGGB"):
        cell = np.s_[index // 2 :: 2, index % 2 :: 2]
        plane[cell] += 20000 * ratio["RGB".index(colour)] * light[cell]
    return cfa_frame(plane)


def width(picture: np.ndarray) -> float:
    """FWHM (px) of a star near the middle, from its second moment under a window of fixed size."""
    rows, cols = np.mgrid[: picture.shape[0], : picture.shape[1]]
    x, y = centroid(picture, (30.0, 30.0), 5.0)
    r2 = (cols - x) ** 2 + (rows - y) ** 2
    weight = picture * np.exp(-r2 / (2 * 2.5**2))
    windowed = (weight * r2).sum() / weight.sum() / 2
    return 2.3548 * float(np.sqrt(1 / (1 / windowed - 1 / 2.5**2)))


def test_dithered_drizzle_is_sharper_than_debayering_and_as_true_in_colour() -> None:
    """30 dithered RGGB subs of one star: FWHM, flux and colours beside a stack of interpolated ones."""
    rng = np.random.default_rng(8)
    ratio, fwhm_px = (0.9, 0.5, 0.7), 2.2
    drizzled = Heap(61, 61, 1)
    usual = Heap(61, 61, 1)
    usual.sampling = Sampling(BILINEAR)
    for dx, dy in rng.uniform(-4, 4, (30, 2)):
        frame = field(30.0 - dx, 30.0 - dy, fwhm_px, ratio)
        for heap in (drizzled, usual):
            heap.add(frame, similarity(0, dx, dy))
    truth = 20000 * np.array(ratio) * 1e5 / star(30, 30, fwhm_px, 61).max()
    flux = (drizzled.mean - 1000)[15:46, 15:46].sum(axis=(0, 1))
    np.testing.assert_allclose(flux, truth, rtol=0.02)
    for channel in range(3):
        sharp, soft = (width(heap.mean[..., channel] - 1000) for heap in (drizzled, usual))
        assert sharp < 0.98 * soft
