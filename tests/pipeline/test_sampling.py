"""How a stack is sampled: every choice acts, and stars stay where they are and as sharp as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from indistack.output.snapshots import snapshot
from indistack.picture.integration import Integration
from indistack.stars import StarFinder, StarsSettings
from indistack.system.workers import Workers
from indistack.values.frame import CalibratedFrame, FrameInfo
from indistack.values.outcome import Accepted
from indistack.values.star_list import StarList
from simulators.exposure import Exposure
from simulators.observatory import Observatory
from simulators.scenario import Scenario
from tests.pipeline.conftest import MakePipeline
from tests.pipeline.night import blob_of

N_SUBS = 8
BRIGHTEST = 30


@dataclass
class Sampled:
    """A stack and what its subs were like."""

    stack: Integration
    hfr_px: float
    fwhm_px: float


@pytest.fixture(scope="module")
def nights() -> Callable[[str], list[Exposure]]:
    """Give a function: colours -> the same dithered, slowly turning night in them."""
    kept: dict[str, list[Exposure]] = {}

    def night(cfa: str) -> list[Exposure]:
        if cfa not in kept:
            observatory = Observatory(
                Scenario(
                    width_px=640, height_px=480, cfa=cfa, n_stars=90, mag_max=10.5, seed=4, psf="gaussian",
                    hot_pixel_fraction=0.0, seeing_jitter=0.0, gradient=0.0, drift_px_per_sub=(1.37, -0.61),
                    rotation_deg_per_sub=0.05, targets=({"name": "no nebula", "nebula_e_per_s": 0.0},),
                )
            )  # fmt: skip
            kept[cfa] = [observatory.expose() for _ in range(N_SUBS)]
        return kept[cfa]

    return night


@pytest.fixture
def sample(nights: Callable[[str], list[Exposure]], make_pipeline: MakePipeline) -> Callable[..., Sampled]:
    """Give a function: colours and settings -> their stack."""

    def run(cfa: str, *settings: str) -> Sampled:
        pipeline = make_pipeline("calibrate.hot_pixels=false", *settings)
        outcomes = [pipeline.process(blob_of(exposure)) for exposure in nights(cfa)]
        assert all(isinstance(outcome, Accepted) for outcome in outcomes), outcomes
        assert pipeline.session is not None
        hfr_px, fwhm_px = (
            float(np.median([getattr(o.report.stars, name) for o in outcomes])) for name in ("hfr_px", "fwhm_px")
        )
        return Sampled(pipeline.session.stack.integration(), hfr_px, fwhm_px)

    return run


def stars_of(sampled: Sampled, channel: int = 1) -> StarList:
    """The brightest stars of one colour of a stack that are not clipped, by position."""
    pixels = np.atleast_3d(sampled.stack.pixels)
    plane = np.ascontiguousarray(pixels[..., min(channel, pixels.shape[2] - 1)])
    holes = np.atleast_3d(sampled.stack.weight).min(axis=2) <= 0
    with Workers(1) as workers:
        frame = CalibratedFrame(plane, None, 0.0, 1.0, holes, FrameInfo())
        found = StarFinder(StarsSettings(), workers).find(frame)
    return found.take(np.argsort(-found.flux)[:BRIGHTEST])


def offsets_px(found: StarList, exposure: Exposure, scale: float) -> np.ndarray:
    """Distances (px of the sub) of a stack's stars from where the sky has them; those without a partner left out."""
    true = np.column_stack([exposure.stars.x, exposure.stars.y])
    places = (found.xy - (scale - 1) / 2) / scale
    apart = np.hypot(*(places[:, np.newaxis] - true).transpose(2, 0, 1)).min(axis=1)
    assert (apart < 1).mean() > 0.8
    return apart[apart < 1]


@pytest.mark.parametrize("cfa", ["mono", "RGGB"])
@pytest.mark.parametrize("kernel", ["cubic", "lanczos"])
def test_stars_stay_in_place_and_sharp(
    sample: Callable[..., Sampled], nights: Callable[[str], list[Exposure]], cfa: str, kernel: str
) -> None:
    """Bilinear debayering, which widens stars by 6 %, is left out: this is about the kernels."""
    sampled = sample(cfa, f"stack.kernel={kernel}", "debayer.method=malvar")
    stars = stars_of(sampled)
    assert np.median(offsets_px(stars, nights(cfa)[0], 1.0)) < 0.02
    assert np.median(stars.hfr) / sampled.hfr_px == pytest.approx(1, abs=0.03)


def test_linear_interpolation_softens(sample: Callable[..., Sampled]) -> None:
    soft, sharp = (np.median(stars_of(sample("mono", f"stack.kernel={name}")).hfr) for name in ("linear", "cubic"))
    assert soft > 1.02 * sharp


@pytest.mark.parametrize(("setting", "scale"), [
    ("debayer.method=malvar", 1.0), ("debayer.method=edge_aware", 1.0), ("debayer.method=superpixel", 0.5),
    ("stack.drizzle=1", 1.0), ("stack.drizzle=2", 2.0),
])  # fmt: skip
def test_every_way_to_colour_puts_stars_in_their_place(
    sample: Callable[..., Sampled], nights: Callable[[str], list[Exposure]], setting: str, scale: float
) -> None:
    sampled = sample("RGGB", setting)
    assert sampled.stack.pixels.shape == (480 * scale, 640 * scale, 3)
    offsets = offsets_px(stars_of(sampled), nights("RGGB")[0], scale)
    assert np.median(offsets) < 0.06


@pytest.mark.parametrize("scale", [1, 2])
def test_a_picture_of_few_drizzled_subs_has_all_its_colours(
    nights: Callable[[str], list[Exposure]], make_pipeline: MakePipeline, scale: int
) -> None:
    pipeline = make_pipeline("calibrate.hot_pixels=false", f"stack.drizzle={scale}")
    for exposure in nights("RGGB")[:2]:
        pipeline.process(blob_of(exposure))
    assert pipeline.session is not None
    pixels = snapshot(pipeline.session).picture.rows(slice(None))
    assert np.isfinite(pixels).all()
    plain = make_pipeline("calibrate.hot_pixels=false")
    plain.process(blob_of(nights("RGGB")[0]))
    assert plain.session is not None
    usual = plain.session.stack.integration().pixels
    np.testing.assert_allclose(np.median(pixels, axis=(0, 1)), np.median(usual, axis=(0, 1)), rtol=0.03)


def test_malvar_and_drizzle_are_sharper_in_red_than_bilinear(sample: Callable[..., Sampled]) -> None:
    words = ("debayer.method=bilinear", "debayer.method=malvar", "stack.drizzle=1")
    bilinear, malvar, drizzled = (np.median(stars_of(sample("RGGB", word), channel=0).hfr) for word in words)
    assert malvar < 0.97 * bilinear
    assert drizzled < 0.97 * bilinear
