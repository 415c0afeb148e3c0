"""What every debayer promises."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from indistack.debayer import DEBAYERS
from indistack.raster.interpolation import Debayer
from indistack.values.frame import CfaPattern, PixelArray

PHASES: tuple[CfaPattern, ...] = ("RGGB", "BGGR", "GRBG", "GBRG")
COLOUR = {"R": 9000, "G": 500, "B": 3000}

each_debayer = pytest.mark.parametrize("name", list(DEBAYERS))
each_phase = pytest.mark.parametrize("cfa", PHASES)


def debayer(name: str) -> Debayer:
    return DEBAYERS.get(name)()


def mosaic(rgb: PixelArray, cfa: CfaPattern) -> PixelArray:
    """One plane, in which each photosite sees its own colour of a picture."""
    plane = np.empty(rgb.shape[:2], np.uint16)
    for index, colour in enumerate(cfa):
        cell = np.s_[index // 2 :: 2, index % 2 :: 2]
        plane[cell] = rgb[cell][..., "RGB".index(colour)]
    return plane


def scene(height: int = 120, width: int = 160) -> PixelArray:
    """Grey stars on a coloured, smoothly varying sky."""
    y, x = np.mgrid[:height, :width]
    sky = np.stack([2000 + 5 * x, 3000 + 4 * y, 2500 + 2 * x + 2 * y], axis=-1).astype(np.float64)
    rng = np.random.default_rng(5)
    for sx, sy, peak in rng.uniform((5, 5, 2e3), (width - 5, height - 5, 2e4), (25, 3)):
        sky += (peak * np.exp(-((x - sx) ** 2 + (y - sy) ** 2) / 3.5))[..., np.newaxis]
    return np.rint(sky).astype(np.uint16)


@each_debayer
@each_phase
def test_grey_stays_exactly_grey(name: str, cfa: CfaPattern) -> None:
    rgb = debayer(name)(np.full((20, 26), 1234, np.uint16), cfa)
    assert rgb.dtype == np.uint16
    assert (rgb == 1234).all()


@each_debayer
@each_phase
def test_a_field_of_one_colour_keeps_it_everywhere(name: str, cfa: CfaPattern) -> None:
    colour = np.array([COLOUR[channel] for channel in "RGB"], np.uint16)
    rgb = debayer(name)(mosaic(np.tile(colour, (20, 26, 1)), cfa), cfa)
    assert (rgb == colour).all()


@pytest.mark.parametrize("name", [name for name in DEBAYERS if debayer(name).shrink == 1])
@each_phase
@pytest.mark.parametrize("shape", [(6, 1), (1, 6), (1, 1), (6, 2), (2, 6), (2, 2), (3, 3)])
def test_a_strip_of_few_pixels_has_colours(name: str, cfa: CfaPattern, shape: tuple[int, int]) -> None:
    """As where a sub just reaches a tile; of two rows and columns on, each colour is its own."""
    one, whole = debayer(name), min(shape) > 1
    colour = np.array([COLOUR[channel] for channel in "RGB"] if whole else [1234] * 3, np.uint16)
    box = mosaic(np.tile(colour, (*shape, 1)), cfa)
    out = np.empty((*shape, 3), np.uint16)
    assert (one(box, cfa) == colour).all()
    assert (one(box, cfa, out) == colour).all()
    assert (out == colour).all()


@each_debayer
@each_phase
def test_light_of_one_colour_stays_in_its_channel(name: str, cfa: CfaPattern) -> None:
    """Where green is zero and red a smooth hill, no other channel may show more of the hill than noise would."""
    y, x = np.mgrid[:60, :80]
    hill = (8000 * np.exp(-((x - 40) ** 2 + (y - 30) ** 2) / 400)).astype(np.uint16)
    picture = np.stack([hill, np.zeros_like(hill), np.zeros_like(hill)], axis=-1)
    rgb = debayer(name)(mosaic(picture, cfa), cfa).astype(float)
    assert rgb[..., 0].max() > 7500
    assert rgb[..., 1:].max() < 0.05 * 8000


@each_debayer
@each_phase
def test_stars_and_sky_come_back(name: str, cfa: CfaPattern) -> None:
    picture, one = scene(), debayer(name)
    rgb = one(mosaic(picture, cfa), cfa).astype(float)
    size = picture.shape[1] // one.shrink, picture.shape[0] // one.shrink
    truth = cv2.resize(picture.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    inner = np.s_[4:-4, 4:-4]
    assert rgb.shape == truth.shape
    assert np.abs((rgb - truth)[inner].mean(axis=(0, 1))).max() < 15  # of 3000: no colour gains or loses
    assert np.sqrt(np.mean((rgb - truth)[inner] ** 2)) < 0.5 * truth[inner].std()


@each_debayer
@each_phase
def test_a_box_equals_the_whole_frame_inside_its_margin(name: str, cfa: CfaPattern) -> None:
    plane, one = mosaic(scene(), cfa), debayer(name)
    whole, margin, shrink = one(plane, cfa), one.margin_px, one.shrink
    box = one(plane[20:80, 32:100], cfa)
    expected = whole[20 // shrink : 80 // shrink, 32 // shrink : 100 // shrink]
    inner = np.s_[margin : box.shape[0] - margin, margin : box.shape[1] - margin]
    np.testing.assert_array_equal(box[inner], expected[inner])


@each_debayer
@pytest.mark.parametrize("size", [(40, 50), (41, 51), (40, 51), (41, 50)])
def test_the_result_goes_where_it_is_asked_to(name: str, size: tuple[int, int]) -> None:
    plane, one = mosaic(scene(*size), "RGGB"), debayer(name)
    before = plane.copy()
    out = np.zeros((size[0] // one.shrink, size[1] // one.shrink, 3), np.uint16)
    returned = one(plane, "RGGB", out)
    assert np.shares_memory(returned, out)
    np.testing.assert_array_equal(out, one(plane, "RGGB"))
    np.testing.assert_array_equal(plane, before)


@each_debayer
def test_values_at_the_ends_of_the_range_do_not_wrap(name: str) -> None:
    """A black photosite beside white ones, and the reverse, may give 0 and 65535 but nothing on the wrong side."""
    for ground, dot in ((65535, 0), (0, 65535)):
        plane = np.full((24, 24), ground, np.uint16)
        plane[12, 12] = dot
        rgb = debayer(name)(plane, "RGGB").astype(float)
        far = rgb[:2].mean()
        assert far == ground
        assert (np.abs(rgb - ground) <= 65535).all()
        assert np.count_nonzero(np.abs(rgb - ground) > 40000) <= 3


@pytest.mark.parametrize("name", [name for name in DEBAYERS if DEBAYERS.get(name).takes_floats])
@each_phase
def test_floats_become_what_whole_numbers_do_but_for_their_rounding(name: str, cfa: CfaPattern) -> None:
    plane, one = mosaic(scene(), cfa), debayer(name)
    floats = one(plane.astype(np.float32), cfa)
    assert floats.dtype == np.float32
    np.testing.assert_allclose(floats, one(plane, cfa), atol=0.501)


@pytest.mark.parametrize("name", [name for name in DEBAYERS if DEBAYERS.get(name).takes_floats])
def test_where_floats_are_taken_a_smooth_surface_goes_through_as_it_is(name: str) -> None:
    """Each colour has its own, as a sub's match does."""
    y, x = np.mgrid[:60, :80]
    surfaces = np.stack([3 * x - 2 * y - 500.0, 0.02 * (x - 40.0) ** 2, 7.0 + 5 * y], axis=-1)
    plane = np.empty(y.shape, np.float32)
    for index, colour in enumerate("GRBG"):
        cell = np.s_[index // 2 :: 2, index % 2 :: 2]
        plane[cell] = surfaces[cell][..., "RGB".index(colour)]
    found = debayer(name)(plane, "GRBG")
    np.testing.assert_allclose(found[4:-4, 4:-4], surfaces[4:-4, 4:-4], atol=0.1)


def test_the_default_is_between_bilinear_and_malvar() -> None:
    plane = mosaic(scene(), "RGGB").astype(np.float32)
    soft, half, sharp = (debayer(name)(plane.astype(np.uint16), "RGGB").astype(float)[4:-4, 4:-4] for name in
                         ("bilinear", "malvar_half", "malvar"))  # fmt: skip
    np.testing.assert_allclose(half, (soft + sharp) / 2, atol=1.01)
