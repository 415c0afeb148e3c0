"""From a stack to a picture."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.enhance import OPERATORS, PictureFacts, PictureSettings, operator_of, render
from indistack.enhance.stf import midtones
from indistack.errors import SettingsError
from indistack.picture.clipped import enlarged
from indistack.picture.linear import StackPicture
from indistack.settings import validate

NEUTRAL, STF = OPERATORS.get("neutral")(), OPERATORS.get("stf")()


def stack(pixels: np.ndarray, weight: np.ndarray | None = None) -> StackPicture:
    weight = np.ones(pixels.shape[:2], np.float32) if weight is None else weight
    return StackPicture(pixels.astype(np.float32), weight)


def starfield(channel_gains: tuple[float, float, float], sky: tuple[float, float, float]) -> np.ndarray:
    rng = np.random.default_rng(4)
    picture = rng.normal(0, 3, (200, 300, 3))
    y, x = np.mgrid[:200, :300]
    for cx, cy, flux in zip(rng.uniform(5, 295, 60), rng.uniform(5, 195, 60), rng.uniform(500, 5000, 60), strict=True):
        picture += flux * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 8)[..., np.newaxis]
    return (picture * channel_gains + sky).astype(np.float32)


@pytest.mark.parametrize(("x", "expected"), [(0.0, 0.0), (0.2, 0.5), (1.0, 1.0)])
def test_midtones_passes_its_three_points(x: float, expected: float) -> None:
    assert midtones(np.array(x, np.float32), 0.2) == pytest.approx(expected)


def test_stf_puts_the_median_at_a_quarter() -> None:
    picture = np.random.default_rng(0).normal(500, 10, (300, 300)).astype(np.float32)
    picture[::10, ::10] = 20000
    assert np.median(STF(picture)) == pytest.approx(0.25, abs=0.01)


def test_stf_of_a_flat_field_is_grey() -> None:
    assert STF(np.full((20, 20), 7, np.float32)) == pytest.approx(0.25)


def test_neutral_makes_sky_and_stars_grey() -> None:
    picture = NEUTRAL(starfield((0.5, 1.0, 0.7), (300, 900, 600)))
    sky = np.median(picture, axis=(0, 1))
    assert np.ptp(sky) < 1
    stars = (picture - sky)[(picture - sky).min(axis=2) > 300]
    ratio = np.median(stars / stars[:, 1:2], axis=0)
    np.testing.assert_allclose(ratio, 1, atol=0.03)


def test_neutral_leaves_grey_pictures_alone() -> None:
    picture = np.random.default_rng(0).normal(500, 10, (50, 50)).astype(np.float32)
    np.testing.assert_array_equal(NEUTRAL(picture), picture)


def test_uncovered_pixels_are_black_and_do_not_change_the_rest() -> None:
    picture = starfield((1, 1, 1), (300, 300, 300))
    weight = np.ones(picture.shape[:2], np.float32)
    weight[:, :100] = 0
    spoilt = picture.copy()
    spoilt[:, :100] = 0
    shown = render(stack(spoilt, weight), PictureSettings()).pixels
    assert not shown[:, :100].any()
    assert 0.1 < np.median(shown[:, 100:]) / 255 < 0.16


def test_large_stacks_are_binned_and_uncovered_pixels_do_not_darken_blocks() -> None:
    pixels = np.full((40, 60), 8.0)
    weight = np.ones((40, 60), np.float32)
    pixels[:, 31:], weight[:, 31:] = 0, 0
    shown = render(stack(pixels, weight), PictureSettings(operators=["stf"], max_side_px=30)).pixels
    assert shown.shape == (20, 30)
    assert len(set(shown[:, :16].ravel())) == 1
    assert not shown[:, 16:].any()


def test_a_bottom_up_stack_is_turned() -> None:
    pixels = np.random.default_rng(0).normal(100, 5, (30, 30))
    pixels[:5] += 500
    shown = render(stack(pixels), PictureSettings(operators=["stf"]), PictureFacts(bottom_up=True)).pixels
    assert shown[-5:].mean() > shown[:5].mean()


LETTER_L = np.array([[9, 1, 1], [9, 1, 1], [9, 9, 5], [9, 5, 5]]) / 10
"""What the stored rows would show if they were the picture."""


@pytest.mark.parametrize(
    ("orientation", "upright"),
    [
        (1, LETTER_L),
        (2, LETTER_L[:, ::-1]),
        (3, LETTER_L[::-1, ::-1]),
        (4, LETTER_L[::-1]),
        (5, LETTER_L.T),
        (6, np.rot90(LETTER_L, -1)),
        (7, LETTER_L[::-1, ::-1].T),
        (8, np.rot90(LETTER_L)),
    ],
)
@pytest.mark.parametrize("bottom_up", [False, True])
def test_a_picture_is_turned_as_the_camera_was_held(orientation: int, upright: np.ndarray, bottom_up: bool) -> None:
    stored = LETTER_L[::-1] if bottom_up else LETTER_L
    as_stored, facts = PictureSettings(operators=[]), PictureFacts(bottom_up, orientation)
    shown = render(stack(stored), as_stored, facts).pixels
    plain = render(stack(upright), as_stored).pixels
    np.testing.assert_array_equal(shown, plain)
    colour = render(stack(np.dstack([stored] * 3)), as_stored, facts).pixels
    np.testing.assert_array_equal(colour[..., 1], plain)


def test_an_unknown_operator_is_named() -> None:
    with pytest.raises(SettingsError, match=r"operators.*sharpen.*stf"):
        validate(PictureSettings, {"operators": ["sharpen"]})


def test_arguments_follow_the_name_of_an_operator() -> None:
    picture = np.random.default_rng(0).normal(500, 10, (300, 300)).astype(np.float32)
    picture[::10, ::10] = 20000
    for word in ("stf:0.1", "stf: target = 0.1"):
        assert np.median(operator_of(word)(picture)) == pytest.approx(0.1, abs=0.01)
    shown = render(stack(picture), PictureSettings(operators=["stf:0.1"])).pixels
    assert np.median(shown) == pytest.approx(25, abs=3)


def test_an_operator_may_be_applied_more_than_once() -> None:
    settings = validate(PictureSettings, {"operators": ["stf:0.1", "stf:0.4"]})
    shown = render(stack(np.random.default_rng(0).normal(500, 10, (300, 300))), settings).pixels
    assert np.median(shown) == pytest.approx(0.4 * 255, abs=8)


@pytest.mark.parametrize(
    ("word", "fault"),
    [
        ("neutral:3", "stars"),
        ("stf:0.1,0.2", "at most 1"),
        ("stf:2", "target"),
        ("stf:black=0.1", "black"),
        ("stf:much", "target"),
    ],
)
def test_arguments_that_are_none_of_an_operators_are_told(word: str, fault: str) -> None:
    with pytest.raises(SettingsError, match=f"operators.*{fault}"):
        validate(PictureSettings, {"operators": [word]})


@pytest.mark.parametrize("bottom_up", [False, True])
def test_where_subs_were_clipped_the_picture_is_white(bottom_up: bool) -> None:
    rng = np.random.default_rng(3)
    pixels = rng.normal(1000, 5, (240, 320, 3)).astype(np.float32)
    for row in range(20, 240, 40):
        pixels[row - 2 : row + 3, 16:21] += row * np.array([2, 20, 12], np.float32)
    cells = np.zeros((60, 80), np.float32)
    cells[4:7, 3:7] = 1
    settings = PictureSettings(operators=["neutral:stars=false", "percentile:0,100"])
    plain, shown = (
        render(StackPicture(pixels), settings, PictureFacts(bottom_up, clipped=clipped)).pixels.astype(int)
        for clipped in (None, cells)
    )
    stars = [
        np.ptp(picture[::-1][20:200:40, 18] if bottom_up else picture[20:200:40, 18], axis=1)
        for picture in (plain, shown)
    ]
    assert stars[0].min() > 15
    assert stars[1][0] <= 2
    np.testing.assert_array_equal(stars[1][1:], stars[0][1:])


def test_what_was_clipped_moves_with_the_picture() -> None:
    pixels = np.full((240, 320, 3), 1000, np.float32)
    pixels[100:106, 200:206] += np.array([300, 3000, 2000], np.float32)
    cells = np.zeros((60, 80), np.float32)
    cells[25:27, 50:52] = 1
    settings = PictureSettings(
        operators=["crop:80,0,40,0", "flip:left_right", "neutral:stars=false", "percentile:0,100"]
    )
    shown = render(StackPicture(pixels), settings, PictureFacts(clipped=cells)).pixels.astype(int)
    star = shown[60:66, 320 - 206 : 320 - 200]
    assert star.max() == 255
    assert np.ptp(star, axis=2).max() <= 2


@pytest.mark.parametrize("binning", [1, 2, 3, 5])
def test_cells_lie_where_their_pixels_are_however_a_stack_is_binned(binning: int) -> None:
    cells = np.zeros((60, 80), np.float32)
    cells[40, 70] = 1
    plane = enlarged(cells, (238 // binning, 317 // binning))
    row, column = np.unravel_index(np.argmax(plane), plane.shape)
    assert abs(binning * (row + 0.5) - 162) <= binning
    assert abs(binning * (column + 0.5) - 282) <= binning
