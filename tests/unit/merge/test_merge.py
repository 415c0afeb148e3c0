"""Stacks of one sky through several telescopes become one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from indistack.errors import FrameError
from indistack.merge import merge, read_picture
from indistack.sinks import SINKS, Snapshot
from indistack.stars import StarFinder, StarsSettings
from indistack.system.workers import Workers
from indistack.values.frame import CalibratedFrame, FloatArray, FrameInfo
from indistack.values.star_list import StarList
from tests.unit.merge.telescopes import Telescope

BASE = Telescope()


@pytest.fixture
def workers() -> Iterator[Workers]:
    with Workers(2) as threads:
        yield threads


def merged(workers: Workers, *paths: Path, grid: int = 0) -> Snapshot:
    return merge([read_picture(path) for path in paths], workers, grid)


def pixels_of(snapshot: Snapshot) -> FloatArray:
    return snapshot.picture.rows(slice(None))


def stars_of(pixels: FloatArray, workers: Workers) -> StarList:
    lost = ~np.isfinite(pixels)
    frame = CalibratedFrame(np.where(lost, np.float32(100), pixels), None, 0.0, 1.0, lost, FrameInfo())
    return StarFinder(StarsSettings(), workers).find(frame)


def card(snapshot: Snapshot, keyword: str) -> object:
    return next(value for name, value, _ in snapshot.cards if name == keyword)


def off_px(stars: StarList, telescope: Telescope) -> float:
    """Median distance of the 40 brightest stars from where they truly are."""
    places = telescope.places_px()
    apart = np.hypot(*(stars.xy[:40, np.newaxis] - places).transpose(2, 0, 1))
    return float(np.median(apart.min(axis=1)))


def test_two_stacks_of_one_telescope_have_the_noise_of_all_subs(tmp_path: Path, workers: Workers) -> None:
    shallow = BASE.write(tmp_path / "a.fits", seed=1)
    deep = Telescope(noise_adu=2.0, shift_px=(7.3, -4.6)).write(
        tmp_path / "b.fits", seed=2, NCOMBINE=40, EXPTIME=2400.0
    )
    result = merged(workers, shallow, deep)
    stars = stars_of(pixels_of(result), workers)
    ideal = (4.0**-2 + 2.0**-2) ** -0.5
    assert stars.noise_adu == pytest.approx(ideal, rel=0.15)  # interpolation has smoothed one of the two
    assert off_px(stars, BASE) < 0.05
    assert (card(result, "NCOMBINE"), card(result, "EXPTIME")) == (50, 3000.0)


@pytest.mark.slow
@pytest.mark.parametrize("told", [True, False], ids=["scale in the header", "scale unknown"])
@pytest.mark.parametrize(
    "other",
    [
        Telescope(rotation_deg=123.0),
        Telescope(rotation_deg=40.0, mirrored=True),
        Telescope(scale_arcsec_px=2.6, rotation_deg=70.0, fwhm_arcsec=6.0),
        Telescope(scale_arcsec_px=0.7, side_px=900, mirrored=True, rotation_deg=-95.0, adu=6000.0),
        Telescope(scale_arcsec_px=0.55, side_px=900, fwhm_arcsec=3.5, adu=20000.0),
    ],
    ids=["turned", "mirrored", "coarser", "finer", "much finer"],
)
def test_another_telescope_adds_its_light(tmp_path: Path, workers: Workers, other: Telescope, told: bool) -> None:
    paths = BASE.write(tmp_path / "a.fits", 1, told=told), other.write(tmp_path / "b.fits", 2, told=told)
    alone = stars_of(BASE.picture(1), workers)
    result = merged(workers, *paths)
    stars = stars_of(pixels_of(result), workers)
    assert off_px(stars, BASE) < 0.06
    assert np.median(stars.flux[:20]) == pytest.approx(np.median(alone.flux[:20]), rel=0.03)
    assert np.nanmedian(pixels_of(result)) == pytest.approx(BASE.sky_adu, abs=1.0)
    assert stars.noise_adu < 0.97 * alone.noise_adu


def test_the_grid_is_that_of_the_one_that_is_asked_for(tmp_path: Path, workers: Workers) -> None:
    turned = Telescope(rotation_deg=30.0, side_px=500)
    result = merged(workers, BASE.write(tmp_path / "a.fits", 1), turned.write(tmp_path / "b.fits", 2), grid=1)
    assert result.picture.shape == (500, 500)
    assert off_px(stars_of(pixels_of(result), workers), turned) < 0.05


def test_what_is_no_number_in_one_comes_from_the_other_and_nothing_from_none(tmp_path: Path, workers: Workers) -> None:
    first, second = BASE.write(tmp_path / "a.fits", 1), BASE.write(tmp_path / "b.fits", 2)
    with fits.open(first, mode="update") as file:
        file[0].data[:60] = np.nan
    with fits.open(second, mode="update") as file:
        file[0].data[:, :40] = np.nan
    pixels = pixels_of(merged(workers, first, second))
    assert np.isnan(pixels[:58, :38]).all()
    assert np.isfinite(pixels[62:, 42:]).all()
    one, both = (np.median(np.abs(np.diff(box, axis=1))) for box in (pixels[5:50, 200:400], pixels[200:250, 200:400]))
    assert one == pytest.approx(2**0.5 * both, rel=0.1)


def test_the_map_of_weights_is_honoured(tmp_path: Path, workers: Workers) -> None:
    first, second = BASE.write(tmp_path / "a.fits", 1), BASE.write(tmp_path / "b.fits", 2)
    weight = np.ones((480, 480), np.float32)
    weight[:, :100], weight[:, 380:] = 0.0, 1e-3
    with fits.open(second, mode="append") as file:
        file.append(fits.ImageHDU(weight, name="WEIGHT"))
    pixels, alone = pixels_of(merged(workers, first, second)), BASE.picture(1)
    np.testing.assert_array_equal(pixels[:, :98], alone[:, :98])
    np.testing.assert_allclose(pixels[:, 384:], alone[:, 384:], atol=1.0)
    assert np.abs(pixels[:, 110:370] - alone[:, 110:370]).std() > 1.0


@pytest.mark.parametrize("side", [480, 160, 68])
def test_a_small_map_of_coverage_does_too(tmp_path: Path, workers: Workers, side: int) -> None:
    """The second one's right half is of one sub, the rest of 100."""
    first, second = BASE.write(tmp_path / "a.fits", 1), BASE.write(tmp_path / "b.fits", 2)
    factor = 480 // side
    coverage = np.full((side, side), 100.0, np.float32)
    coverage[:, side // 2 :] = 1.0
    with fits.open(second, mode="append") as file:
        file.append(fits.ImageHDU(coverage, name="COVERAGE"))
    weight = read_picture(second).weight
    assert weight is not None
    assert weight.shape == (480, 480)
    edge = factor * (side // 2)
    inner, outer = weight[:, : edge - factor], weight[:, edge + factor :]
    np.testing.assert_allclose(inner / outer[0, 0], 100, rtol=1e-4)
    np.testing.assert_allclose(outer / outer[0, 0], 1, rtol=1e-4)
    pixels, alone = pixels_of(merged(workers, first, second)), BASE.picture(1)
    left, right = (np.abs(pixels - alone)[:, box].std() for box in (np.s_[10:200], np.s_[280:470]))
    assert right < 0.2 * left


def test_a_map_of_another_picture_is_none(tmp_path: Path) -> None:
    path = BASE.write(tmp_path / "a.fits", 1)
    with fits.open(path, mode="append") as file:
        file.append(fits.ImageHDU(np.ones((100, 160), np.float32), name="COVERAGE"))
    assert read_picture(path).weight is None


def test_merging_what_was_merged_counts_every_sub_once(tmp_path: Path, workers: Workers) -> None:
    paths = [BASE.write(tmp_path / f"{seed}.fits", seed) for seed in (1, 2, 3)]
    pair = tmp_path / "pair.fits"
    SINKS.get("fits")().write(pair, merged(workers, *paths[:2]))
    result = merged(workers, pair, paths[2])
    assert (card(result, "NCOMBINE"), card(result, "EXPTIME")) == (30, 1800.0)
    together = np.mean([BASE.picture(seed) for seed in (1, 2, 3)], axis=0)
    np.testing.assert_allclose(pixels_of(result)[20:-20, 20:-20], together[20:-20, 20:-20], atol=2.0)


def test_a_session_is_its_folder(tmp_path: Path) -> None:
    (tmp_path / "night").mkdir()
    BASE.write(tmp_path / "night" / "stack-R.fits", 1)
    assert read_picture(tmp_path / "night").path.name == "stack-R.fits"
    BASE.write(tmp_path / "night" / "stack-G.fits", 2)
    with pytest.raises(FrameError, match=r"several_stacks.*night.*stack-G\.fits, stack-R\.fits"):
        read_picture(tmp_path / "night")


def test_colours_are_merged_with_colours_only(tmp_path: Path, workers: Workers) -> None:
    mono, colour = BASE.write(tmp_path / "mono.fits", 1), BASE.write(tmp_path / "colour.fits", 2, colours=3)
    with pytest.raises(FrameError, match=r"channels_differ.*colour\.fits is colour, .*mono\.fits is mono"):
        merged(workers, mono, colour)
    assert merged(workers, colour, BASE.write(tmp_path / "c.fits", 3, colours=3)).picture.shape == (480, 480, 3)


def test_refusals_name_the_file(tmp_path: Path, workers: Workers) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "words.fits").write_text("no picture")
    mosaic = BASE.write(tmp_path / "mosaic.fits", BAYERPAT="RGGB")
    for path, reason in (("empty", "no_stack"), ("words.fits", "not_a_frame"), (mosaic.name, "mosaic")):
        with pytest.raises(FrameError, match=f"{reason}: .*{path}"):
            read_picture(tmp_path / path)
    noise = np.random.default_rng(0).normal(100, 4, (480, 480)).astype(np.float32)
    fits.writeto(tmp_path / "elsewhere.fits", noise)
    with pytest.raises(FrameError, match=r"elsewhere\.fits on .*a\.fits"):
        merged(workers, BASE.write(tmp_path / "a.fits"), tmp_path / "elsewhere.fits")


@pytest.mark.parametrize("cards", [{"IMAGETYP": "Light Frame"}, {"EXPTIME": 30.0}])
def test_a_raw_sub_is_no_stack(tmp_path: Path, cards: dict[str, str | float]) -> None:
    pixels = np.random.default_rng(1).integers(300, 900, (40, 50)).astype(np.uint16)
    fits.PrimaryHDU(pixels, fits.Header(cards)).writeto(tmp_path / "one.fits")
    with pytest.raises(FrameError, match="a_sub"):
        read_picture(tmp_path / "one.fits")
    fits.PrimaryHDU(pixels, fits.Header(cards | {"STACKCNT": 12})).writeto(tmp_path / "twelve.fits")
    assert read_picture(tmp_path / "twelve.fits").n_subs == 12


def test_the_same_stack_twice_is_refused(tmp_path: Path, workers: Workers) -> None:
    one, other = BASE.write(tmp_path / "a.fits", 1), BASE.write(tmp_path / "b.fits", 2)
    copy = tmp_path / "copy.fits"
    copy.write_bytes(one.read_bytes())
    with pytest.raises(FrameError, match=r"duplicate: .*copy\.fits holds the same pixels as .*a\.fits"):
        merged(workers, one, other, copy)


def test_where_subs_of_either_were_clipped_is_told(tmp_path: Path, workers: Workers) -> None:
    turned = Telescope(rotation_deg=180.0)
    first, second = BASE.write(tmp_path / "a.fits", 1), turned.write(tmp_path / "b.fits", 2)
    for path, place in ((first, (20, 30)), (second, (40, 50))):
        cells = np.zeros((120, 120), np.float32)
        cells[place[0] - 1 : place[0] + 2, place[1] - 1 : place[1] + 2] = 1
        with fits.open(path, mode="append") as file:
            file.append(fits.ImageHDU(cells, name="CLIPPED"))
    clipped = merged(workers, first, second).clipped
    assert clipped is not None
    assert clipped.shape == (120, 120)
    counts = [read_picture(path).n_subs for path in (first, second)]
    assert clipped[20, 30] == pytest.approx(counts[0] / sum(counts), abs=0.05)
    assert clipped[119 - 40, 119 - 50] == pytest.approx(counts[1] / sum(counts), abs=0.05)
    assert np.count_nonzero(clipped > 0.01) < 60
