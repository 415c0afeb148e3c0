"""Stars of one colour each."""

import numpy as np
import numpy.typing as npt

from indistack.enhance import operator_of

SIDE, MIDDLE = 160, 80
Picture = npt.NDArray[np.float32]


def spot(sigma_px: float) -> npt.NDArray[np.float64]:
    """A star of flux 1."""
    y, x = np.mgrid[:SIDE, :SIDE] - MIDDLE
    return np.exp(-(x**2 + y**2) / (2 * sigma_px**2)) / (2 * np.pi * sigma_px**2)


def on_sky(*colours: npt.NDArray[np.float64]) -> Picture:
    noise = np.random.default_rng(1).normal(0, 5, (SIDE, SIDE, 3))
    return (100 + np.stack(colours, axis=2) + noise).astype(np.float32)


def colour_of(picture: Picture, row: int, column: int) -> npt.NDArray[np.float64]:
    around = picture[row - 1 : row + 2, column - 1 : column + 2].mean(axis=(0, 1)) - 100
    return around / around.mean()


def test_rim_of_one_colour_becomes_that_of_all_the_star() -> None:
    sharp, blurred = 1e6 * spot(1.5), 1e6 * spot(3.5)
    before = on_sky(sharp, sharp, blurred)
    after = operator_of("star_colour")(before)
    rim = MIDDLE, MIDDLE + 6
    assert colour_of(before, *rim)[2] > 2.5
    assert colour_of(after, *rim)[2] < 1.4
    assert colour_of(after, MIDDLE, MIDDLE)[2] > 0.7  # and the core is no longer yellow
    np.testing.assert_allclose(after.mean(axis=2), before.mean(axis=2), rtol=1e-4)


def test_wings_have_the_colour_of_the_whole_star() -> None:
    core = np.minimum(3e6 * spot(2.0), 3e4)  # clipped
    before = on_sky(core, core, core + 2e5 * spot(5.0))
    after = operator_of("star_colour")(before)
    for off, most in ((9, 1.2), (12, 1.45)):
        assert colour_of(before, MIDDLE, MIDDLE + off)[2] > 2
        assert colour_of(after, MIDDLE, MIDDLE + off)[2] < most


def test_no_star_is_magenta_or_green() -> None:
    star = 1e6 * spot(1.5)
    magenta = colour_of(operator_of("star_colour")(on_sky(star, 0.4 * star, star)), MIDDLE, MIDDLE)
    green = colour_of(operator_of("star_colour")(on_sky(0.5 * star, star, 0.5 * star)), MIDDLE, MIDDLE)
    assert magenta[1] > 0.9
    assert green[1] < 1.1


def test_a_red_star_stays_red() -> None:
    star = 1e6 * spot(1.5)
    red = colour_of(operator_of("star_colour")(on_sky(star, 0.6 * star, 0.2 * star)), MIDDLE, MIDDLE)
    np.testing.assert_allclose(red, np.array([1, 0.6, 0.2]) / 0.6, atol=0.1)


def test_knots_of_a_bright_nebula_keep_their_red() -> None:
    cloud = 3e6 * spot(20) + 3e4 * spot(4)
    before = on_sky(cloud, 0.1 * cloud, 0.3 * cloud)
    np.testing.assert_array_equal(operator_of("star_colour")(before), before)


def test_nebula_beside_a_star_keeps_its_colour() -> None:
    cloud = np.full((SIDE, SIDE), 1500.0)
    cloud[:, :80] = 0  # sky
    star = 1e5 * np.roll(spot(1.5), 40, axis=1)
    before = on_sky(cloud + star, 0.2 * cloud + star, 0.3 * cloud + star)
    after = operator_of("star_colour")(before)
    for off in (6, 9, 12):
        beside = MIDDLE + off, MIDDLE + 40
        np.testing.assert_allclose(colour_of(after, *beside), colour_of(before, *beside), atol=0.12)


def test_filament_beside_a_star_keeps_its_colour_in_a_deep_stack() -> None:
    column = np.arange(SIDE) - MIDDLE
    filament = np.tile(800 * np.exp(-((column - 16) ** 2) / (2 * 5.0**2)), (SIDE, 1))
    star, noise = 3e5 * spot(1.5), np.random.default_rng(1).normal(0, 0.5, (SIDE, SIDE, 3))
    colours = np.stack([star + filament, star + 0.1 * filament, star + 0.2 * filament], axis=2)
    after = operator_of("star_colour")((100 + colours + noise).astype(np.float32))
    assert colour_of(after, MIDDLE, MIDDLE + 15)[0] > 2.0
