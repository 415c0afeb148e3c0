"""A comet and the stars, stacked from the same subs."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from indistack.cli import main
from indistack.errors import SettingsError
from indistack.picture.integration import Integration
from indistack.session.session import Session
from indistack.values.outcome import Accepted
from simulators.exposure import Exposure
from tests.pipeline.conftest import MakePipeline
from tests.pipeline.night import blob_of, make_sky

RATE_PX_MIN, ANGLE_DEG = 6.0, 30.0
START_XY = np.array([200.0, 300.0])
SUBS = 8
MOTION = (f"comet.rate_px_min={RATE_PX_MIN}", f"comet.angle_deg={ANGLE_DEG}")


def with_comet(exposure: Exposure, since: datetime) -> Exposure:
    """Return the sub with a comet, FWHM 7 px, where it is at that time."""
    passed_min = (datetime.fromisoformat(exposure.truth.date_obs) - since).total_seconds() / 60
    angle = np.radians(ANGLE_DEG)
    place = START_XY + RATE_PX_MIN * passed_min * np.array([np.cos(angle), np.sin(angle)])
    x, y = (np.linalg.inv(exposure.truth.transform) @ [*place, 1])[:2]
    rows, cols = np.mgrid[: exposure.pixels.shape[0], : exposure.pixels.shape[1]]
    light = 3000 * np.exp(-((cols - x) ** 2 + (rows - y) ** 2) / (2 * 3.0**2))
    return replace(exposure, pixels=np.clip(exposure.pixels + light, 0, 65535).astype(np.uint16))


def stacked(make_pipeline: MakePipeline, *settings: str) -> Session:
    sky, pipeline = make_sky(cfa="mono", drift_px_per_sub=(2.4, 1.1), pause_s=170.0), make_pipeline(*settings)
    since = None
    for _ in range(SUBS):
        exposure = sky.expose()
        since = since or datetime.fromisoformat(exposure.truth.date_obs)
        outcome = pipeline.process(blob_of(with_comet(exposure, since)))
        assert isinstance(outcome, Accepted), outcome
    assert pipeline.session is not None
    return pipeline.session


def peak_adu(stack: Integration | np.ndarray, xy: np.ndarray) -> float:
    x, y = np.round(xy).astype(int)
    pixels = stack.pixels if isinstance(stack, Integration) else stack
    return float(pixels[y - 1 : y + 2, x - 1 : x + 2].max() - np.median(pixels))


def test_stars_and_comet_are_stacked_from_the_same_subs(make_pipeline: MakePipeline) -> None:
    session = stacked(make_pipeline, "branches.comet.method=mean", "branches.comet.follow=comet", *MOTION)
    stars, comet = (branch.integration() for _, branch in session.stacks().values())
    assert peak_adu(comet, START_XY) == pytest.approx(3000, rel=0.05)
    assert peak_adu(stars, START_XY) < 3000 / 3
    brightest = session.reference.scene.stars.xy[0]
    assert peak_adu(comet, brightest) < 0.4 * peak_adu(stars, brightest)


def test_the_method_comet_follows_it_and_leaves_the_stars_out(make_pipeline: MakePipeline) -> None:
    mean = stacked(make_pipeline, "stack.method=mean", "stack.follow=comet", *MOTION).stack.integration()
    session = stacked(make_pipeline, "stack.method=comet", *MOTION)
    comet = session.stack.integration()
    assert peak_adu(comet, START_XY) == pytest.approx(3000, rel=0.05)
    brightest = session.reference.scene.stars.xy[0]
    assert peak_adu(comet, brightest) < 0.2 * peak_adu(mean, brightest)


def test_without_a_motion_nothing_starts(make_pipeline: MakePipeline) -> None:
    with pytest.raises(SettingsError, match="stack: the comet is to be followed, and nothing tells how it moves"):
        make_pipeline("stack.follow=comet")


@pytest.mark.slow
def test_the_command_follows_the_comet_as_documented(tmp_path: Path) -> None:
    sky, since = make_sky(cfa="mono", drift_px_per_sub=(2.4, 1.1), pause_s=170.0), None
    for number in range(SUBS):
        exposure = sky.expose()
        since = since or datetime.fromisoformat(exposure.truth.date_obs)
        (tmp_path / f"L{number}.fits").write_bytes(with_comet(exposure, since).to_fits())
    (tmp_path / "mine.toml").write_text(f"[comet]\nrate_px_min = {RATE_PX_MIN}\nangle_deg = {ANGLE_DEG}\n")
    made = {}
    for method in ("comet", "sigma_clip"):
        words = ["--config", str(tmp_path / "mine.toml"), "--method", method, "-o", str(tmp_path / f"{method}.fits")]
        assert main(["stack", str(tmp_path / "L*.fits"), *words]) == 0
        made[method] = fits.getdata(tmp_path / f"{method}.fits")
    assert peak_adu(made["comet"], START_XY) == pytest.approx(3000, rel=0.05)
    assert peak_adu(made["sigma_clip"], START_XY) < 3000 / 3
