"""Real fields, solved by the real program where it is installed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from indistack.align import ALIGNERS
from indistack.config import Config
from indistack.decode import decode
from indistack.pipeline.calibrators import calibrator_factory
from indistack.solve import FieldToSolve, SkyFinder, Solution, SolveSettings, background, find_program
from indistack.sources import read_blob
from indistack.stars import StarFinder
from indistack.system.workers import Workers
from indistack.values.frame import FrameInfo
from indistack.values.star_list import Scene

pytestmark = [
    pytest.mark.skipif(shutil.which("solve-field") is None, reason="needs astrometry.net"),
    pytest.mark.skipif(
        not list(Path("/usr/share/astrometry").glob("index-tycho2-0*")), reason="needs astrometry-data-tycho2"
    ),
]


@pytest.fixture(autouse=True)
def real_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "find_program", find_program)


@pytest.fixture
def workers() -> Iterator[Workers]:
    with Workers(1) as workers:
        yield workers


def seen(path: Path, workers: Workers) -> tuple[Scene, FrameInfo]:
    raw = decode(read_blob(path, "files"), Config().decode, workers)
    frame = calibrator_factory(Config())(workers).calibrate(raw)
    return StarFinder(Config().stars, workers).scene(frame), raw.info


def solved(scene: Scene, info: FrameInfo) -> Solution:
    centre = (info.ra_deg, info.dec_deg) if info.ra_deg is not None and info.dec_deg is not None else None
    finder = SkyFinder(SolveSettings())
    finder.begin(FieldToSolve(scene.stars, scene.width, scene.height, info.scale_arcsec_px, centre))
    found = finder.result(120)
    finder.stop()
    assert found is not None
    return found


def test_two_subs_of_m27_lie_as_their_stars_do(shared_data: Path, workers: Workers) -> None:
    (first, info), (last, _) = (
        seen(shared_data / "m27_asi224mc_osc" / name, workers) for name in ("Light_1069.fits", "Light_1283.fits")
    )
    one, other = solved(first, info), solved(last, info)
    assert one.wcs.scale_arcsec_px == pytest.approx(1.4813, abs=0.001)  # the header says 1.517
    assert one.rms_px is not None
    assert one.rms_px < 0.3
    transform = ALIGNERS.get("asterism")(Config().align).register(last, first, None)
    corners = np.array([[0.0, 0.0], [1303.0, 0.0], [0.0, 975.0], [1303.0, 975.0]])
    off_px = one.wcs.to_pixel(other.wcs.to_sky(corners)) - transform.apply(corners)
    assert np.hypot(*off_px.T).max() < 0.5


def test_m44_without_any_hint(shared_data: Path, workers: Workers) -> None:
    found = solved(*seen(shared_data / "m44_altaz_jpeg" / "frame_00000000.jpeg", workers))
    assert (found.wcs.ra_deg, found.wcs.dec_deg) == (
        pytest.approx(130.196, abs=0.002),
        pytest.approx(19.607, abs=0.002),
    )
    assert found.wcs.scale_arcsec_px == pytest.approx(1.909, abs=0.002)
