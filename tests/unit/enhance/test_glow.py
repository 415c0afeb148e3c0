"""The glow of a sensor in a corner."""

import numpy as np
import numpy.typing as npt
import pytest

from indistack.enhance import operator_of
from indistack.enhance.glow import corner_glow

ROWS, COLUMNS = 26, 40
Levels = npt.NDArray[np.float32]


def levels(colour: tuple[float, float, float], corner: tuple[int, int] = (0, COLUMNS), scale: float = 4.0) -> Levels:
    rows, columns = np.mgrid[:ROWS, :COLUMNS] + 0.5
    light = 60 * np.exp(-np.hypot(rows - corner[0], columns - corner[1]) / scale)
    noise = np.random.default_rng(4).normal(0, 1, (ROWS, COLUMNS, 3))
    return (light[..., np.newaxis] * colour + noise).astype(np.float32)


@pytest.mark.parametrize("corner", [(0, 0), (0, COLUMNS), (ROWS, 0), (ROWS, COLUMNS)])
@pytest.mark.parametrize("colour", [(1.0, 1.0, 0.95), (1.4, 1.0, 2.4)], ids=["raw", "balanced"])
def test_a_glow_is_found_in_each_corner(corner: tuple[int, int], colour: tuple[float, float, float]) -> None:
    rest = levels(colour, corner)
    left = rest - corner_glow(rest, 0.6)
    assert rest.max() > 40
    assert np.abs(left).max() < 0.1 * rest.max()


@pytest.mark.parametrize(
    "colour",
    [(1.6, 0.6, 0.8), (0.9, 0.6, 0.56), (0.55, 1.0, 0.7), (1.1, 1.0, 0.8), (0.7, 0.9, 1.4)],
    ids=["red nebula", "the same, raw", "raw galaxy", "galaxy", "blue nebula"],
)
def test_what_has_the_colours_of_the_sky_is_no_glow(colour: tuple[float, float, float]) -> None:
    assert not corner_glow(levels(colour), 0.6).any()


def test_what_lies_beside_the_corner_is_no_glow() -> None:
    assert not corner_glow(levels((1.0, 1.0, 1.0), (8, COLUMNS - 8)), 0.6).any()


def test_noise_and_grey_pictures_have_none() -> None:
    assert not corner_glow(levels((0.0, 0.0, 0.0)), 0.6).any()
    assert not corner_glow(levels((1.0, 1.0, 1.0))[..., :1], 0.6).any()
    assert not corner_glow(np.full((ROWS, COLUMNS, 3), np.nan, np.float32), 0.6).any()


def test_a_glowing_corner_of_a_picture_becomes_sky() -> None:
    y, x = np.mgrid[:400, :600].astype(np.float32)
    sky = np.random.default_rng(5).normal((220, 230, 90), 8, (400, 600, 3))
    glow = 90 * np.exp(-np.hypot(x - 600, y) / 80)
    left = operator_of("background")((sky + glow[..., np.newaxis]).astype(np.float32))
    middle = np.median(left[200:, :300], axis=(0, 1))
    np.testing.assert_allclose(np.median(left[:40, -40:], axis=(0, 1)), middle, atol=4)


def test_a_bright_glow_whose_corner_was_cut_off_leaves_no_grid() -> None:
    y, x = np.mgrid[:400, :600].astype(np.float32)
    sky = np.random.default_rng(5).normal((220, 230, 210), 4, (400, 600, 3))
    glow = 1500 * np.exp(-np.hypot(x - 610, y) / 60)
    left = operator_of("background")((sky + glow[..., np.newaxis]).astype(np.float32)).mean(axis=2)
    blocks = left[:160, -160:].reshape(32, 5, 32, 5).swapaxes(1, 2).reshape(32, 32, 25)
    off = np.median(blocks, axis=2) - np.median(left[200:, :300])
    assert off.std() < 9
    assert off[3:, :-3].std() < 6
