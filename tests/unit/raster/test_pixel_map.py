"""The way back from the grid."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.raster.pixel_map import PixelMap, pixel_map_of
from indistack.system.workers import Scratch
from indistack.values.transform import Transform
from tests.unit.raster.transforms import WAYS


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
def test_the_spans_hold_all_sources(transform: Transform) -> None:
    box = slice(0, 256), slice(0, 256)
    places = pixel_map(transform).sources(box)
    for axis, (least, greatest) in zip((1, 0), pixel_map(transform).spans(box), strict=True):
        assert least - 0.02 <= places[..., axis].min()
        assert places[..., axis].max() <= greatest + 0.02


@WAYS
def test_places_are_those_of_the_sources(transform: Transform) -> None:
    ys, xs = (300, 310.0), (400, 401.0, 450)
    for places, sources in zip(pixel_map(transform).at(ys, xs), (0, 1), strict=True):
        exact = transform.back(np.array([[x, y] for y in ys for x in xs]))[:, sources]
        np.testing.assert_allclose(places, exact.reshape(2, 3), atol=1e-6)
