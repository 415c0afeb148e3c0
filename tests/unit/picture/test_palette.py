"""Colour pictures from the stacks of several filters."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from indistack.picture.linear import StackPicture
from indistack.picture.palette import Channel, ColourPicture, Mix, band_of, choose
from indistack.stack import StackSettings

SHAPE = (120, 160)
NOISE_ADU = 4.0


@pytest.mark.parametrize(
    ("band", "names"),
    [
        ("L", ["L", "Lum", "LUMINANCE", "Clear", "UV/IR cut", "IR-cut", "None", "", "Chroma L"]),
        ("R", ["R", "Red", "red ", "Baader Red 36mm", "R_Astrodon"]),
        ("G", ["G", "Green", "Astrodon-G"]),
        ("B", ["B", "Blue", "BLUE"]),
        ("H", ["Ha", "H-alpha", "Halpha", "H_Alpha", "Hα", "Ha 7nm", "Ha7nm", "Antlia 3.5 nm Ha"]),
        ("O", ["OIII", "O3", "O-III 3nm", "[OIII]", "Astronomik OIII 6nm"]),
        ("S", ["SII", "S2", "S-II", "S2 6.5nm"]),
        ("", ["L-eXtreme", "L-Pro", "V", "IR Pass", "Hb", "Filter 1", "1", "36mm"]),
    ],
)
def test_filters_are_known_by_many_names(band: str, names: list[str]) -> None:
    assert [band_of(name) for name in names] == [band] * len(names)


@pytest.mark.parametrize(
    ("palette", "filters", "expected"),
    [
        ("auto", ["L", "R", "G", "B"], ("LRGB", ("L", "R", "G", "B"))),
        ("auto", ["Blue", "Green", "Ha", "Red"], ("RGB", ("Red", "Green", "Blue"))),
        ("auto", ["OIII", "Ha", "SII", "L"], ("SHO", ("SII", "Ha", "OIII"))),
        ("auto", ["OIII", "Ha"], ("HOO", ("Ha", "OIII", "OIII"))),
        ("RGB", ["L", "R", "G", "B"], ("RGB", ("R", "G", "B"))),
        ("LHOO", ["L", "Ha", "OIII"], ("LHOO", ("L", "Ha", "OIII", "OIII"))),
    ],
)
def test_the_palette_is_chosen_by_the_filters_there_are(
    palette: str, filters: list[str], expected: tuple[str, tuple[str, ...]]
) -> None:
    mix = choose(palette, dict.fromkeys(filters, 60.0))
    assert (mix.palette, mix.filters, mix.why) == (*expected, "")


@pytest.mark.parametrize(
    ("palette", "why"),
    [("auto", "LRGB lacks B, L; RGB lacks B"), ("SHO", "SHO lacks H, O, S"), ("none", "stack.palette is none")],
)
def test_without_all_colours_the_deepest_filter_stands_alone(palette: str, why: str) -> None:
    mix = choose(palette, {"R": 60.0, "G": 120.0, "V": 90.0})
    assert (mix.palette, mix.filters) == ("", ("G",))
    assert mix.why.startswith(why)


def test_of_two_filters_for_one_light_the_deeper_one_is_taken() -> None:
    assert choose("HOO", {"Ha 7nm": 60.0, "Ha 3nm": 600.0, "OIII": 60.0}).filters == ("Ha 3nm", "OIII", "OIII")


@pytest.mark.parametrize("palette", ["auto", "none", "RGB", "LRGB", "SHO", "HOO", "OHS", "LSHO"])
def test_a_palette_is_a_word_of_lights(palette: str) -> None:
    assert StackSettings(palette=palette).palette == palette


@pytest.mark.parametrize("palette", ["", "RG", "RGBL", "XYZ", "rgb", "LLRGB"])
def test_another_word_is_no_palette(palette: str) -> None:
    with pytest.raises(ValidationError):
        StackSettings(palette=palette)


def starlight() -> np.ndarray:
    """Stars of all brightnesses up to 5000 ADU, without sky and noise."""
    rng = np.random.default_rng(8)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    stars = zip(rng.uniform(0, 160, 40), rng.uniform(0, 120, 40), 10 ** rng.uniform(1.5, 3.7, 40), strict=True)
    return np.asarray(sum(peak * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 6) for cx, cy, peak in stars))


def channel(light: np.ndarray, sky_adu: float, scale: float = 1.0, noise_adu: float = NOISE_ADU) -> Channel:
    """A stack of that light in ADU of the reference, taken with 1 / scale of its exposure."""
    noise = np.random.default_rng(int(sky_adu)).normal(0, noise_adu, SHAPE)
    return Channel(StackPicture((light / scale + sky_adu + noise).astype(np.float32)), scale)


def colours_of(picture: ColourPicture, where: np.ndarray) -> np.ndarray:
    """Ratios of red and blue to green, above the sky."""
    pixels = picture.rows(slice(None))
    above = pixels - np.median(pixels, axis=(0, 1))
    return np.median(above[where][:, [0, 2]] / above[where][:, [1]], axis=0)


def test_another_exposure_and_another_sky_leave_the_stars_their_colours() -> None:
    light = starlight()
    colours = [channel(0.6 * light, 900, scale=2.0), channel(light, 300), channel(0.8 * light, 500, scale=0.5)]
    picture = ColourPicture(colours)
    np.testing.assert_allclose(colours_of(picture, light > 300), [0.6, 0.8], atol=0.02)
    sky = np.median(picture.rows(slice(None)), axis=(0, 1))
    np.testing.assert_allclose(sky, (2.0 * 900 + 300 + 0.5 * 500) / 3, atol=2)


def test_luminance_gives_its_noise_and_leaves_the_colours() -> None:
    light = starlight()
    shares = (0.6, 1.0, 0.8)
    colours = [channel(share * light, 300 + number) for number, share in enumerate(shares)]
    luminance = channel(3 * sum(shares) * light, 2000, noise_adu=NOISE_ADU)
    picture, plain = ColourPicture(colours, luminance), ColourPicture(colours)
    np.testing.assert_allclose(colours_of(picture, light > 300), [0.6, 0.8], atol=0.02)
    brightness, plain_brightness = (one.rows(slice(None)).mean(axis=2) for one in (picture, plain))
    np.testing.assert_allclose(brightness[light > 300], plain_brightness[light > 300], rtol=0.05)
    dark = light < 0.1
    # L is 9 times the mean of R, G, B, and as noisy as each of them: beside that mean its weight is 27 times as high
    assert np.std(plain_brightness[dark]) == pytest.approx(NOISE_ADU / np.sqrt(3), rel=0.1)
    assert np.std(brightness[dark]) == pytest.approx(NOISE_ADU / np.sqrt(81 + 3), rel=0.15)


def test_colours_of_faint_light_are_not_made_of_noise() -> None:
    """Near the noise the channels keep their differences: what they differ by is no more than without luminance."""
    glow = np.full(SHAPE, 2.0)
    glow[:, :80] = 0
    colours = [channel(glow * share, 300 + number) for number, share in enumerate((2.0, 0.5, 0.5))]
    picture, plain = ColourPicture(colours, channel(9 * glow, 2000)), ColourPicture(colours)

    def red_over_green(one: ColourPicture) -> np.ndarray:
        pixels = one.rows(slice(None))
        return np.asarray(pixels[..., 0] - pixels[..., 1])

    assert np.std(red_over_green(picture)[:, :80]) < 1.1 * np.std(red_over_green(plain)[:, :80])
    step = np.mean(red_over_green(picture)[:, 80:]) - np.mean(red_over_green(picture)[:, :80])
    assert step == pytest.approx(3.0, abs=0.5)


def test_a_pixel_that_one_filter_does_not_cover_is_nan_in_all_colours() -> None:
    colours = [channel(starlight(), 300 + number) for number in range(4)]
    colours[3].picture.pixels[:, :10] = np.nan  # type: ignore[attr-defined]
    colours[1].picture.pixels[5:8] = np.nan  # type: ignore[attr-defined]
    picture = ColourPicture(colours[:3], colours[3])
    holes = np.isnan(picture.rows(slice(None)))
    assert holes[:, :10].all()
    assert holes[5:8].all()
    assert holes.sum() == 3 * (120 * 10 + 3 * 150)


def test_strips_and_bins_are_parts_of_the_same_picture() -> None:
    light = starlight()
    picture = ColourPicture([channel(light, 300 + number) for number in range(3)], channel(9 * light, 2000))
    assert picture.shape == (*SHAPE, 3)
    np.testing.assert_array_equal(picture.rows(slice(40, 50)), picture.rows(slice(None))[40:50])
    blocks = picture.rows(slice(None)).reshape(60, 2, 80, 2, 3).mean(axis=(1, 3))
    faint = light.reshape(60, 2, 80, 2).max(axis=(1, 3)) < 1
    np.testing.assert_allclose(picture.binned(2)[faint], blocks[faint], atol=3)


def test_filters_that_share_no_pixel_make_an_empty_picture() -> None:
    empty = Channel(StackPicture(np.full(SHAPE, np.nan, np.float32)))
    assert np.isnan(ColourPicture([empty] * 3, empty).rows(slice(None))).all()


@pytest.mark.parametrize(("palette", "is_false"), [("SHO", True), ("LHOO", True), ("LRGB", False), ("", False)])
def test_colours_of_lines_are_false(palette: str, is_false: bool) -> None:
    assert Mix(palette, ()).is_false == is_false


def test_a_nebula_is_as_bright_in_faint_lines_as_in_strong_ones() -> None:
    nebula = np.zeros(SHAPE)
    nebula[:, 60:] = 400
    lines = [channel(share * nebula, 300 + number) for number, share in enumerate((0.2, 1.0, 0.5))]
    for luminance in (None, channel(nebula, 900)):
        picture = ColourPicture(lines, luminance, balance=True).rows(slice(None))
        above = np.median(picture[:, 80:], axis=(0, 1)) - np.median(picture[:, :40], axis=(0, 1))
        np.testing.assert_allclose(above, above.mean(), rtol=0.05)


def test_where_there_is_no_nebula_noise_is_not_amplified_without_limit() -> None:
    lines = [channel(share * starlight(), 300 + number) for number, share in enumerate((0.01, 1.0, 0.5))]
    picture = ColourPicture(lines, balance=True).rows(slice(None))
    assert np.std(picture[:20, :20, 0]) < 9 * NOISE_ADU


def test_where_luminance_is_brighter_than_the_colours_their_ratios_stay() -> None:
    """As in the core of a star, that is sharper through one filter than through the others."""
    light = starlight()
    colours = [channel(share * light, 300 + number) for number, share in enumerate((0.6, 1.0, 0.8))]
    sharper = np.zeros(SHAPE, bool)
    sharper[40:80] = True
    picture = ColourPicture(colours, channel(10 * light * np.where(sharper, 1.6, 1), 2000))
    np.testing.assert_allclose(colours_of(picture, (light > 300) & sharper), [0.6, 0.8], atol=0.03)
