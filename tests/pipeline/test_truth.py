"""A stack against the truth of the sky that it shows: places, noise, sharpness, brightness."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from indistack.config import Config
from indistack.debayer import DEBAYERS
from indistack.decode import decode
from indistack.pipeline.calibrators import calibrator_factory
from indistack.pipeline.pipeline import Pipeline
from indistack.settings import load
from indistack.stars import StarFinder
from indistack.system.workers import Workers
from indistack.values.frame import CalibratedFrame, FrameInfo
from indistack.values.outcome import Accepted
from simulators.exposure import Exposure
from simulators.observatory import Observatory
from simulators.scenario import Scenario
from tests.pipeline.night import blob_of

N_SUBS = 16
WIDTH, HEIGHT = 1200, 900
CORNERS = np.array([[0, 0, 1], [WIDTH - 1, 0, 1], [0, HEIGHT - 1, 1], [WIDTH - 1, HEIGHT - 1, 1]]).T
BLOCK = 8


@dataclass
class Stacked:
    """A night that was stacked, plane by plane: the picture, the debayered first sub, errors, noise of the subs."""

    first: Exposure
    observatory: Observatory
    stack: np.ndarray
    first_sub: np.ndarray
    corner_errors_px: list[float]
    block_noise: np.ndarray


def block_noise(plane: np.ndarray) -> float:
    """Sigma of the means of 8 x 8 blocks, from the differences of neighbours, robust against stars."""
    rows, cols = plane.shape[0] // BLOCK, plane.shape[1] // BLOCK
    means = plane[: rows * BLOCK, : cols * BLOCK].reshape(rows, BLOCK, cols, BLOCK).mean(axis=(1, 3))[8:-8, 8:-8]
    return float(1.4826 * np.median(np.abs(np.diff(means, axis=1))) / np.sqrt(2))


def planes_of(frame: CalibratedFrame) -> np.ndarray:
    """``(h, w, c)`` float32 ADU."""
    pixels = DEBAYERS.get("bilinear")()(frame.pixels, frame.cfa) if frame.cfa else frame.pixels[..., np.newaxis]
    return (pixels.astype(np.float32) - frame.zero) * frame.step_adu


def write_masters(observatory: Observatory, folder: Path) -> list[str]:
    """Write ten raw frames of each kind; return the settings that name them."""
    words = []
    for setting, kind in (("dark", "dark"), ("flat", "flat"), ("darkflat", "bias")):
        (folder / setting).mkdir()
        for number in range(10):
            exposure = observatory.expose(kind, exposure_s=10.0) if kind == "dark" else observatory.expose(kind)
            (folder / setting / f"{number}.fits").write_bytes(exposure.to_fits())
        words.append(f'calibrate.{setting}=["{folder / setting}"]')
    return words


def stack_night(folder: Path, cfa: str) -> Stacked:
    observatory = Observatory(
        Scenario(
            width_px=WIDTH,
            height_px=HEIGHT,
            cfa=cfa,
            n_stars=110,
            mag_max=12.0,
            seed=4,
            psf="gaussian",
            seeing_jitter=0.0,
            gradient=0.0,
            drift_px_per_sub=(1.3, -0.7),
            rotation_deg_per_sub=0.1,
            targets=({"name": "no nebula", "nebula_e_per_s": 0.0},),
        )
    )
    config = load(Config, None, write_masters(observatory, folder))
    errors, noises, first, first_sub = [], [], None, None
    with Workers(2) as workers:
        calibrator = calibrator_factory(config)(workers)
        pipeline = Pipeline(config, workers, calibrator, lambda _: None)
        for _ in range(N_SUBS):
            exposure = observatory.expose()
            blob = blob_of(exposure)
            outcome = pipeline.process(blob)
            assert isinstance(outcome, Accepted), outcome
            difference = (
                np.array(outcome.report.place.transform.matrix) @ CORNERS - np.array(exposure.truth.transform) @ CORNERS
            )
            errors.append(float(np.hypot(*difference[:2]).max()))
            planes = planes_of(calibrator.calibrate(decode(blob, config.decode)))
            noises.append([block_noise(planes[..., channel]) for channel in range(planes.shape[2])])
            if first is None:
                first, first_sub = exposure, planes
    assert pipeline.session is not None
    assert first is not None
    assert first_sub is not None
    stack = np.atleast_3d(pipeline.session.stack.integration().pixels)
    return Stacked(first, observatory, stack, first_sub, errors, np.array(noises))


@pytest.fixture(scope="module", params=["mono", "RGGB"])
def night(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Stacked:
    return stack_night(tmp_path_factory.mktemp("night"), str(request.param))


def test_corners_of_every_sub_are_where_they_belong(night: Stacked) -> None:
    assert np.median(night.corner_errors_px) <= 0.10
    assert max(night.corner_errors_px) <= 0.25


def test_noise_falls_as_it_should(night: Stacked) -> None:
    ideal = night.block_noise.mean(axis=0) / np.sqrt(N_SUBS)
    found = np.array([block_noise(night.stack[..., channel]) for channel in range(night.stack.shape[2])])
    np.testing.assert_allclose(found / ideal, 1, atol=0.05)


def test_stars_stay_sharp(night: Stacked) -> None:
    with Workers(1) as workers:
        finder = StarFinder(Config().stars, workers)

        def fwhm_px(planes: np.ndarray) -> float:
            green = np.ascontiguousarray(planes[..., planes.shape[2] // 2])
            stars = finder.find(CalibratedFrame(green, None, 0.0, 1.0, None, FrameInfo()))
            return float(np.median(stars.fwhm[np.argsort(-stars.flux)[:50]]))

        assert fwhm_px(night.stack) <= 1.05 * fwhm_px(night.first_sub)


def aperture(planes: np.ndarray, x: float, y: float) -> np.ndarray:
    """Flux of a star in each plane within 9 px, less the sky around it."""
    column, row = round(x), round(y)
    cut = planes[row - 20 : row + 21, column - 20 : column + 21]
    v, u = np.mgrid[-20:21, -20:21]
    radius = np.hypot(u + column - x, v + row - y)
    sky = np.median(cut[(radius > 13) & (radius < 20)], axis=0)
    return np.asarray((cut - sky)[radius < 9].sum(axis=0))


def is_lonely(stars: object) -> Callable[[int], bool]:
    x, y = np.asarray(stars.x), np.asarray(stars.y)  # type: ignore[attr-defined]
    inside = (x > 120) & (x < WIDTH - 120) & (y > 100) & (y < HEIGHT - 100)
    return lambda i: bool(inside[i] and (np.hypot(x - x[i], y - y[i]) < 35).sum() == 1)


def test_fluxes_of_stars_are_true(night: Stacked) -> None:
    stars = night.first.stars
    clear = [i for i in range(len(stars.x)) if is_lonely(stars)(i)]
    clear = [i for i in clear if night.first_sub[round(stars.y[i]), round(stars.x[i])].max() < 30_000][:20]
    assert len(clear) >= 10
    found = np.array([aperture(night.stack, stars.x[i], stars.y[i]) for i in clear])
    true = np.array([np.atleast_1d(stars.flux_adu[i]) for i in clear])
    true = true if found.shape[1] == 3 else true[:, :1] if true.shape[1] == 1 else true[:, 1:2]
    level = float(np.mean(night.observatory.response))  # a flat is normalised to its mean
    assert np.median(found / (true * level)) == pytest.approx(1, abs=0.01)
