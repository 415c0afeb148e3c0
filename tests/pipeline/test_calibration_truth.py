"""Calibrated lights against the truth of the sky that they show: what masters and repairs leave, and what they spare.

The mount stands still, so that every fault of the sensor stays on its pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest

from indistack.config import Config
from indistack.decode import decode
from indistack.pipeline.calibrators import calibrator_factory
from indistack.settings import load
from indistack.system.workers import Workers
from indistack.values.frame import CalibratedFrame
from simulators.observatory import Observatory
from simulators.scenario import Scenario
from tests.pipeline.night import blob_of

WIDTH, HEIGHT = 800, 600
N_SUBS, N_MASTERS, N_LEARN = 30, 20, 12
KINDS = {"dark": "dark", "flat": "flat", "darkflat": "bias"}
"""Setting and the frames that it names."""
BLOCK = 20


def sky_of(cfa: str, **changes: object) -> Observatory:
    values: dict[str, object] = {
        "width_px": WIDTH, "height_px": HEIGHT, "cfa": cfa, "seed": 4, "n_stars": 0, "gradient": 0.0,
        "hot_pixel_fraction": 0.006, "dead_pixel_fraction": 0.0002, "dark_e_per_s": 1.0, "dark_spread": 0.5,
        "column_pattern_adu": 6.0, "pixel_response_spread": 0.02, "sky_e_per_s": 40.0,
        "targets": ({"name": "no nebula", "nebula_e_per_s": 0.0},),
    }  # fmt: skip
    return Observatory(Scenario(**values | changes))  # type: ignore[arg-type]


def adu(frame: CalibratedFrame) -> np.ndarray:
    return (frame.pixels.astype(np.float64) - frame.zero) * frame.step_adu


@dataclass
class Night:
    """Thirty calibrated lights of one place, summed up pixel by pixel."""

    observatory: Observatory
    raw_masters: dict[str, np.ndarray]
    mean: np.ndarray
    variance: np.ndarray
    last: np.ndarray

    @cached_property
    def truth(self) -> np.ndarray:
        """What perfect calibration would leave, at the level that a normalised flat gives."""
        signal = self.observatory.ideal(signal_only=True).astype(np.float64)
        response = self.observatory.response
        if self.observatory.scenario.cfa == "mono":
            return signal * np.median(response)
        return signal * _spread(_cells(self._levels, np.median))

    @cached_property
    def _levels(self) -> np.ndarray:
        """The response, with the two greens of each cell mixed: a flat has one level per colour."""
        levels = np.array(self.observatory.response)
        levels[0::2, 1::2] = levels[1::2, 0::2] = (levels[0::2, 1::2] + levels[1::2, 0::2]) / 2
        return levels

    @cached_property
    def sound(self) -> np.ndarray:
        """True for pixels that are neither hot nor dead."""
        sound = np.ones(WIDTH * HEIGHT, bool)
        sound[self.observatory.defects.hot_index] = False
        sound[self.observatory.defects.dead_index] = False
        return sound.reshape(HEIGHT, WIDTH)


def _cells(plane: np.ndarray, statistic: object) -> np.ndarray:
    return np.array([[statistic(plane[j::2, i::2]) for i in (0, 1)] for j in (0, 1)])  # type: ignore[operator]


def _spread(cells: np.ndarray) -> np.ndarray:
    return np.tile(cells, (HEIGHT // 2, WIDTH // 2))


def write_masters(observatory: Observatory, folder: Path) -> tuple[list[str], dict[str, np.ndarray]]:
    """Write raw calibration frames; return the settings that name them, and the frames."""
    words, frames = [], {}
    for setting, kind in KINDS.items():
        (folder / setting).mkdir()
        exposures = [observatory.expose(kind) for _ in range(N_MASTERS)]  # type: ignore[arg-type]
        for number, exposure in enumerate(exposures):
            (folder / setting / f"{number}.fits").write_bytes(exposure.to_fits())
        frames[setting] = np.array([exposure.pixels for exposure in exposures])
        words.append(f'calibrate.{setting}=["{folder / setting}"]')
    return words, frames


def calibrated(observatory: Observatory, words: list[str], n_subs: int) -> list[np.ndarray]:
    config = load(Config, None, ['calibrate.library=""', *words])
    with Workers(2) as workers:
        calibrator = calibrator_factory(config)(workers)
        frames = (calibrator.calibrate(decode(blob_of(observatory.expose()), config.decode)) for _ in range(n_subs))
        return [adu(frame) for frame in frames]


def a_night(observatory: Observatory, folder: Path) -> Night:
    words, frames = write_masters(observatory, folder)
    subs = np.array(calibrated(observatory, words, N_SUBS))
    return Night(observatory, frames, subs.mean(axis=0), subs.var(axis=0, ddof=1), subs[-1])


@pytest.fixture(scope="module", params=["mono", "RGGB"])
def night(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Night:
    return a_night(sky_of(str(request.param)), tmp_path_factory.mktemp("masters"))


@pytest.fixture(scope="module", params=["mono", "RGGB"])
def starry(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Night:
    sky = sky_of(
        str(request.param), n_stars=120, mag_max=12.0, hot_pixel_fraction=0.0005, fwhm_px=2.5, psf="gaussian",
        seeing_jitter=0.0,
    )  # fmt: skip
    return a_night(sky, tmp_path_factory.mktemp("masters"))


def test_residual_fixed_pattern_is_the_noise_of_the_masters(night: Night) -> None:
    """Per pixel, over all lights: not more than 1.2 times what the masters' own noise must leave."""
    left = (night.mean - night.truth)[night.sound]
    fixed = left.var() - night.variance[night.sound].mean() / N_SUBS
    noise = {kind: frames.var(axis=0, ddof=1) / N_MASTERS for kind, frames in night.raw_masters.items()}
    level = night.raw_masters["flat"].mean(axis=0) - night.raw_masters["darkflat"].mean(axis=0)
    flat_noise = (noise["flat"] + noise["darkflat"]) * (night.truth / level) ** 2
    response = np.maximum(night.observatory.response, 0.1)
    explained = (noise["dark"] / response**2 + flat_noise)[night.sound].mean()
    assert np.sqrt(fixed / explained) <= 1.2
    assert np.sqrt(fixed / explained) >= 0.8  # or the measurement is wrong


def test_the_sky_is_flat(night: Night) -> None:
    step = 1 if night.observatory.scenario.cfa == "mono" else 2
    for j in range(step):
        for i in range(step):
            plane = np.where(night.sound, night.mean, np.nan)[j::step, i::step]
            rows, cols = plane.shape[0] // BLOCK, plane.shape[1] // BLOCK
            blocks = plane[: rows * BLOCK, : cols * BLOCK].reshape(rows, BLOCK, cols, BLOCK)
            means = np.nanmean(blocks, axis=(1, 3))
            assert np.abs(means / means.mean() - 1).max() <= 0.005


def test_the_sky_has_its_colour(night: Night) -> None:
    if night.observatory.scenario.cfa == "mono":
        pytest.skip("a mono camera has no colours")
    found, true = _cells(night.mean, np.median), _cells(night.truth, np.median)
    np.testing.assert_allclose(found / found[0, 1], true / true[0, 1], rtol=0.005)


def test_hot_pixels_are_gone(night: Night) -> None:
    """In a single light, below 5 sigma of its noise for 99.9 % of them."""
    hot = night.observatory.defects.hot_index
    assert len(hot) > 2000
    sigma = np.sqrt(np.median(night.variance))
    residue = np.abs(night.last - night.truth).reshape(-1)[hot]
    assert (residue < 5 * sigma).mean() >= 0.999


def test_dead_pixels_are_gone(night: Night) -> None:
    dead = np.setdiff1d(night.observatory.defects.dead_index, night.observatory.defects.hot_index)
    residue = np.abs(night.mean - night.truth).reshape(-1)[dead]
    assert (residue < 5 * np.sqrt(np.median(night.variance))).all()


@pytest.mark.parametrize("cfa", ["mono", "RGGB"])
def test_without_a_dark_hot_pixels_are_learned(cfa: str) -> None:
    """After a dozen dithered lights, nearly all of them are repaired; nine tenths stood out by 5 sigma."""
    sky = sky_of(cfa, n_stars=120, mag_max=12.0, dead_pixel_fraction=0.0, dark_spread=0.0, dither_px=6.0)
    last = calibrated(sky, [], N_LEARN)[-1]
    exposure = sky.expose(index=N_LEARN - 1)
    truth = sky.ideal(index=N_LEARN - 1, signal_only=True) * sky.response + exposure.truth.pedestal_adu
    residue = np.abs(last - truth)
    sigma = 1.4826 * np.median(residue)
    hot = sky.defects.hot_index
    assert (np.abs(exposure.pixels - truth).reshape(-1)[hot] > 5 * sigma).mean() > 0.9
    assert (residue.reshape(-1)[hot] < 5 * sigma).mean() >= 0.92
    assert (residue.reshape(-1)[hot] < 10 * sigma).mean() >= 0.97


@pytest.mark.parametrize("cfa", ["mono", "RGGB"])
def test_banding_goes_and_the_field_stays(cfa: str) -> None:
    sky = sky_of(
        cfa, n_stars=120, mag_max=12.0, hot_pixel_fraction=0.0, dark_spread=0.0, sky_e_per_s=4.0, row_noise_adu=8.0
    )
    truth = sky.ideal(index=0, signal_only=True) * sky.response
    off, on = (
        np.median(calibrated(sky, [f'calibrate.banding="{word}"'], 1)[0] - truth, axis=1) for word in ("off", "rows")
    )
    assert off.std() > 7.5
    assert on.std() < 2.5
    sky = Observatory(sky.scenario.with_changes(row_noise_adu=0.0))
    clean = calibrated(sky, ['calibrate.banding="rows"'], 1)[0]
    assert np.median(clean - truth, axis=1).std() < 2.5  # stars and motes leave no stripes


def is_clear(night: Night, x: float, y: float) -> bool:
    """Return whether no other star, no hot or dead pixel and no border is near."""
    stars = night.observatory.expose(index=0).stars
    column, row = round(x), round(y)
    if not (20 < column < WIDTH - 20 and 20 < row < HEIGHT - 20):
        return False
    alone = (np.hypot(stars.x - x, stars.y - y) < 24).sum() == 1
    return bool(alone and night.sound[row - 9 : row + 10, column - 9 : column + 10].all())


def test_no_star_core_is_damaged(starry: Night) -> None:
    """Every pixel near every star agrees with the truth, within its noise."""
    stars = starry.observatory.expose(index=0).stars
    signal = starry.truth - np.median(starry.truth)
    sigma = np.sqrt(starry.variance / N_SUBS + (0.003 * starry.truth) ** 2)
    cores = [(round(y), round(x)) for x, y in zip(stars.x, stars.y, strict=True) if is_clear(starry, x, y)]
    cores = [core for core in cores if 500 < signal[core] < 40_000]
    assert len(cores) >= 20
    off = [abs(starry.mean[core] - starry.truth[core]) / sigma[core] for core in cores]
    assert max(off) < 5


def test_stars_have_their_colours(starry: Night) -> None:
    if starry.observatory.scenario.cfa == "mono":
        pytest.skip("a mono camera has no colours")
    stars = starry.observatory.expose(index=0).stars
    clear = [i for i in range(len(stars)) if is_clear(starry, stars.x[i], stars.y[i])]
    clear = [i for i in clear if 30_000 < stars.flux_adu[i, 1] < 200_000][:25]
    assert len(clear) >= 10
    found = np.array([colours(starry.mean, stars.x[i], stars.y[i]) for i in clear])
    true = stars.flux_adu[clear]
    for channel in (0, 2):
        ratio = (found[:, channel] / found[:, 1]) / (true[:, channel] / true[:, 1])
        assert np.median(ratio) == pytest.approx(1, abs=0.01)


def colours(plane: np.ndarray, x: float, y: float) -> np.ndarray:
    """Flux of a star through R, G and B of an RGGB mosaic, less the sky around it."""
    top, left = round(y) // 2 * 2 - 20, round(x) // 2 * 2 - 20
    cut = plane[top : top + 42, left : left + 42]
    v, u = np.mgrid[:42, :42]
    radius = np.hypot(u + left - x, v + top - y)
    fluxes = []
    for cells in (((0, 0),), ((0, 1), (1, 0)), ((1, 1),)):
        colour = np.zeros(cut.shape, bool)
        for j, i in cells:
            colour[j::2, i::2] = True
        sky = np.median(cut[colour & (radius > 13)])
        fluxes.append((cut - sky)[colour & (radius < 9)].sum() * 4 / len(cells))
    return np.array(fluxes)
