"""What a solved reference changes: header, status, ledger, the limit of drift, and corrections of the mount."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from indistack import batch
from indistack.agent.agent import Agent
from indistack.centre import CentreSettings, Correction, Keeper
from indistack.config import Config
from indistack.fits_header import Wcs
from indistack.pipeline.calibrators import calibrator_factory
from indistack.pipeline.processing import LocalProcessing
from indistack.settings import load
from indistack.solve import FieldToSolve, Solution, SolveSettings
from indistack.sources import Emit
from indistack.values.blob import Blob
from tests.pipeline.night import FakeSource, blob_of, make_sky

pytestmark = pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning")  # it tells of dates in another form

TRUE = Wcs(150.0, 20.0, (319.5, 239.5), 3.0 / 3600 * np.diag([-1.0, -1.0]))
"""3 arcsec/px, which the simulated camera's header does not say."""

NOW = datetime(2024, 8, 10, 21, tzinfo=UTC)
"""When all subs come, and all corrections are sent."""

CORNERS = np.array([[0.0, 0.0], [639.0, 479.0]])


class Finder:
    """Knows at once where every field is."""

    fields: tuple[FieldToSolve, ...] = ()

    def __init__(self, settings: SolveSettings) -> None:
        type(self).fields = ()

    def begin(self, field: FieldToSolve) -> None:
        type(self).fields += (field,)

    def result(self, timeout_s: float = 0.0) -> Solution | None:
        return Solution(TRUE, "finder", 40, 0.2)

    def stop(self) -> None:
        pass


@pytest.fixture
def solved(monkeypatch: pytest.MonkeyPatch) -> type[Finder]:
    monkeypatch.setattr("indistack.session.solve_watch.SkyFinder", Finder)
    return Finder


def night(folder: Path, blobs: list[Blob], *overrides: str, keeper: Keeper | None = None) -> list[dict[str, Any]]:
    """Run an agent over blobs that come one after the other; return the ledger."""
    config = load(Config, None, overrides)
    Agent(config, [OneByOne(blobs, folder)], folder, calibrator_factory(config), keeper=keeper).run(threading.Event())
    paths = sorted((folder / "sessions").glob("*/ledger.jsonl"))
    return [json.loads(line) for path in paths for line in path.read_text().splitlines()]


class OneByOne(FakeSource):
    """Delivers the next blob when the one before is in the ledger, as a camera that takes its time."""

    def __init__(self, blobs: list[Blob], folder: Path) -> None:
        super().__init__(blobs)
        self._folder = folder

    def run(self, emit: Emit, stop: threading.Event) -> None:
        for count, blob in enumerate(self._blobs, 1):
            emit(blob)
            while not stop.wait(0.01) and self._lines() < count:
                pass

    def _lines(self) -> int:
        return sum(path.read_text().count("\n") for path in self._folder.glob("sessions/*/ledger.jsonl"))


def subs(count: int, **changes: Any) -> list[Blob]:
    sky = make_sky(**changes)
    return [blob_of(sky.expose()) for _ in range(count)]


def test_the_published_file_has_the_true_wcs(tmp_path: Path, solved: type[Finder]) -> None:
    lines = night(tmp_path, subs(3))
    found = WCS(fits.getheader(tmp_path / "stack.fits")).celestial
    np.testing.assert_allclose(found.all_pix2world(CORNERS, 0), TRUE.to_sky(CORNERS), atol=1e-9)
    assert fits.getval(tmp_path / "stack.fits", "SCALE") == pytest.approx(3.0)
    sky = lines[-1]["sky"]
    assert (sky["program"], sky["scale_arcsec_px"], sky["parity"]) == ("finder", pytest.approx(3.0), 1)
    assert abs(sky["rotation_deg"]) == pytest.approx(180.0)
    assert lines[-1]["scale_arcsec_px"] == pytest.approx(3.0)
    assert len(solved.fields) == 1


def test_on_a_canvas_of_another_grid(tmp_path: Path, solved: type[Finder]) -> None:
    night(tmp_path, subs(2), "debayer.method=superpixel")
    found = WCS(fits.getheader(tmp_path / "stack.fits")).celestial
    halved = (CORNERS + 0.5) / 2 - 0.5
    np.testing.assert_allclose(found.all_pix2world(halved, 0), TRUE.to_sky(CORNERS), atol=1e-9)


def test_the_limit_of_drift_is_measured_by_the_true_scale(tmp_path: Path, solved: type[Finder]) -> None:
    blobs = subs(6, drift_px_per_sub=(5.0, 0.0))
    rules = ('drift.limit="40 arcsec"', "drift.patience=1")  # 13 px: the fourth sub is beyond
    assert [line["outcome"] for line in night(tmp_path, blobs, *rules)][3] == "restarted"


def test_every_stack_is_solved_anew(tmp_path: Path, solved: type[Finder]) -> None:
    night(tmp_path, subs(4, drift_px_per_sub=(30.0, 0.0)), 'drift.limit="50 px"', "drift.patience=1")
    assert len(solved.fields) == 2


def test_files_are_solved_too(tmp_path: Path, solved: type[Finder]) -> None:
    for number, blob in enumerate(subs(2)):
        (tmp_path / f"{number}.fits").write_bytes(blob.data)
    job = batch.Batch(sorted(tmp_path.glob("*.fits")), tmp_path / "out.fit", report=tmp_path / "out.json")
    batch.run(job, Config(), LocalProcessing(calibrator_factory(Config())), lambda line: None)
    assert json.loads((tmp_path / "out.json").read_text())["stack"]["sky"]["program"] == "finder"
    assert fits.getval(tmp_path / "out.fit", "CRVAL1") == pytest.approx(150.0)


class Scope:
    """Remembers where it was sent."""

    def __init__(self) -> None:
        self.sent: list[Correction] = []

    def move(self, correction: Correction) -> None:
        self.sent.append(correction)


def centred(folder: Path, blobs: list[Blob], *overrides: str) -> tuple[list[dict[str, Any]], Scope]:
    scope = Scope()
    return night(folder, blobs, *overrides, keeper=Keeper(CentreSettings(limit="8 px"), scope, lambda: NOW)), scope


def test_a_drifting_telescope_is_sent_back(tmp_path: Path, solved: type[Finder]) -> None:
    lines, scope = centred(tmp_path, subs(4, drift_px_per_sub=(0.0, 5.0)))
    corrections = [(line["number"], line["centre"]) for line in lines if line["centre"]]
    assert [number for number, _ in corrections] == [3]  # 10 px; the sub after it is not judged
    dx, dy = lines[2]["shift_px"]
    sent = scope.sent[0]
    np.testing.assert_allclose([3600 * sent.east_deg, 3600 * sent.north_deg], [3 * dx, 3 * dy], atol=0.01)
    assert corrections[0][1]["north_arcsec"] == pytest.approx(3600 * sent.north_deg)
    status = json.loads((tmp_path / "status.json").read_text())["centre"]
    assert (status["corrections"], status["problem"]) == (1, "")


def test_without_orientation_it_is_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    lines, scope = centred(tmp_path, subs(4, drift_px_per_sub=(0.0, 5.0)))
    assert (scope.sent, [line["centre"] for line in lines]) == ([], [None] * 4)
    assert caplog.text.count("orientation on the sky is unknown") == 1


def test_a_new_stack_has_a_new_target(tmp_path: Path, solved: type[Finder]) -> None:
    rules = ('drift.limit="12 px"', "drift.patience=1")
    _, scope = centred(tmp_path, subs(8, drift_px_per_sub=(0.0, 5.0)), *rules)
    assert len(scope.sent) == 2  # once for each of the stacks of three subs, as the count begins anew
