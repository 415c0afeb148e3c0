"""A whole night through the agent, checked against its truth: which stacks, which subs in them, why not the others."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from indistack.agent.agent import Agent
from indistack.config import Config
from indistack.pipeline.calibrators import calibrator_factory
from indistack.report import Summary, as_text, read_session, summarise, write_report
from indistack.report.periodic import Periodic
from indistack.settings import load
from indistack.sources import Emit
from simulators.observatory import Observatory
from simulators.scenario import Scenario, load_scenario
from simulators.truth import Truth
from tests.pipeline.night import blob_of

pytestmark = pytest.mark.slow

N_SUBS = 500
WIDTH, HEIGHT = 400, 300
SIZE = {"width_px": WIDTH, "height_px": HEIGHT, "n_stars": 150}
LIMIT_PX = 60.0
PATIENCE = 3
CORNERS = np.array([[0, 0, 1], [WIDTH - 1, 0, 1], [0, HEIGHT - 1, 1], [WIDTH - 1, HEIGHT - 1, 1]]).T
CADENCE_S = 4.0

Line = dict[str, Any]


class Sky:
    """A source that makes its frames as it delivers them, and remembers their truth."""

    def __init__(self, scenario: Scenario) -> None:
        self._observatory = Observatory(scenario)
        self.truths: list[Truth] = []

    def status(self) -> dict[str, Any]:
        return {"source": "sky"}

    def run(self, emit: Emit, stop: threading.Event) -> None:
        for _ in range(N_SUBS):
            exposure = self._observatory.expose()
            self.truths.append(exposure.truth)
            emit(blob_of(exposure))


@dataclass
class Night:
    """What was seen and what became of it; `stacks` are the ledgers' lines, sub numbers from 0 in ``index``."""

    truths: Sequence[Truth]
    folders: Sequence[Path]
    stacks: Sequence[Sequence[Line]]

    @property
    def lines(self) -> list[Line]:
        return [line for stack in self.stacks for line in stack]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    folder = tmp_path_factory.mktemp("night")
    sky = Sky(load_scenario("all_night", **SIZE))
    words = [f'drift.limit="{LIMIT_PX} px"', f"drift.patience={PATIENCE}", "publish.interval_s=1000", "stack.jobs=2"]
    words.append('calibrate.library=""')
    config = load(Config, None, words)
    Agent(config, [sky], folder, calibrator_factory(config)).run(threading.Event())
    folders = sorted((folder / "sessions").iterdir())
    stacks = [[json.loads(line) for line in (one / "ledger.jsonl").read_text().splitlines()] for one in folders]
    seen: dict[str, int] = {}
    for line in (line for stack in stacks for line in stack):
        line["index"] = seen.setdefault(line["fingerprint"], len(seen))  # one that waited has a line in two stacks
    return Night(sky.truths, folders, stacks)


def expected_stacks(truths: Sequence[Truth]) -> list[tuple[int, str]]:
    """First sub of each stack and why it begins, from the truth alone."""
    found = [(0, "")]
    beyond = 0
    for sub in range(1, len(truths)):
        first = found[-1][0]
        beyond = beyond + 1 if centre_shift_px(truths[first], truths[sub]) > LIMIT_PX else 0
        if truths[sub].target != truths[sub - 1].target:
            found.append((sub, "pointing_jump"))
        elif sub >= PATIENCE and truths[sub - PATIENCE + 1].exposure_s != truths[first].exposure_s:
            found.append((sub, "exposure_changed"))
        elif sub >= PATIENCE and truths[sub - PATIENCE + 1].gain_setting != truths[first].gain_setting:
            found.append((sub, "gain_setting_changed"))
        elif beyond == PATIENCE:
            found.append((sub, "drift_limit"))
        beyond *= found[-1][0] != sub
    return found


def to_reference(reference: Truth, sub: Truth) -> np.ndarray:
    return np.asarray(np.linalg.inv(np.array(reference.transform)) @ np.array(sub.transform))


def centre_shift_px(reference: Truth, sub: Truth) -> float:
    if reference.target != sub.target:
        return 0.0
    centre = np.array([(WIDTH - 1) / 2, (HEIGHT - 1) / 2, 1.0])
    return float(np.hypot(*(to_reference(reference, sub) @ centre - centre)[:2]))


def allowed(sub: int, truths: Sequence[Truth]) -> set[str]:
    """Reasons for which a sub may be refused; "" where it may be used."""
    truth, events = truths[sub], truths[sub].events
    if "gust" in events:
        return {"trailed"}
    if truth.transparency < 0.5:
        return {"clouds", "too_few_stars"}
    if "satellite" in events:
        return {"", "trailed"}  # in so small a field the pieces of its trail outnumber the stars
    usual = float(np.median([one.fwhm_px for one in truths[:50]]))
    if truth.fwhm_px > 2.3 * usual:
        return {"fwhm_too_large"}
    return {"", "fwhm_too_large"} if truth.fwhm_px > 1.6 * usual else {""}


def test_every_sub_has_its_line_and_the_stacks_are_those_they_should_be(night: Night) -> None:
    assert list(dict.fromkeys(line["index"] for line in night.lines)) == list(range(N_SUBS))
    assert [line["number"] for line in night.lines] == list(range(1, len(night.lines) + 1))
    assert len(night.lines) == N_SUBS + 2 * (PATIENCE - 1)  # another exposure, and another gain
    begun = [(stack[0]["index"], stack[0]["reason"]) for stack in night.stacks]
    assert begun == expected_stacks(night.truths)
    reasons = ["", "drift_limit", "pointing_jump", "exposure_changed", "gain_setting_changed"]
    assert [reason for _, reason in begun] == reasons


def test_every_sub_is_used_or_refused_as_it_should_be(night: Night) -> None:
    became = {line["index"]: line["reason"] if line["outcome"] == "refused" else "" for line in night.lines}
    reasons = [became[sub] for sub in range(N_SUBS)]
    wrong = [(sub, why) for sub, why in enumerate(reasons) if why not in allowed(sub, night.truths)]
    assert wrong == []
    assert reasons.count("clouds") >= 8
    assert reasons.count("") > 0.93 * N_SUBS


def test_the_kept_stacks_hold_what_their_ledgers_say(night: Night) -> None:
    for folder, stack in zip(night.folders, night.stacks, strict=True):
        used = [line for line in stack if line["outcome"] != "refused"]
        header = fits.getheader(folder / "stack.fits")
        assert (header["NCOMBINE"], header["OBJECT"]) == (len(used), night.truths[stack[0]["index"]].target)
        assert header["LIVETIME"] == pytest.approx(sum(night.truths[line["index"]].exposure_s for line in used))


def test_the_transforms_are_true_before_and_after_the_flip(night: Night) -> None:
    errors_px = []
    for stack in night.stacks:
        reference = night.truths[stack[0]["index"]]
        for line in stack:
            if line["outcome"] != "refused":
                wrong = (
                    np.array(line["transform"]) @ CORNERS
                    - to_reference(reference, night.truths[line["index"]]) @ CORNERS
                )
                errors_px.append(float(np.hypot(*wrong[:2]).max()))
    assert np.median(errors_px) < 0.15
    assert max(errors_px) < 0.6
    assert any(line["rotation_deg"] and abs(line["rotation_deg"]) > 170 for line in night.stacks[0])


@pytest.fixture(scope="module")
def summary(night: Night) -> Summary:
    """The report of the first stack: 177 subs in twelve minutes, with clouds and a meridian flip."""
    return summarise(read_session(night.folders[0]))


def test_the_report_tells_drift_and_rotation_as_they_were(summary: Summary) -> None:
    drift, rotation = summary.drift_px_min, summary.rotation_deg_h
    assert drift is not None
    assert rotation is not None
    # the picture moves by (0.25, -0.15) px and turns by 0.01 deg in every sub; the frame moves and turns against it
    subs_min = 60 / CADENCE_S
    assert drift.value == pytest.approx([-0.25 * subs_min, 0.15 * subs_min], abs=0.7)
    assert (np.abs(drift.value - [-0.25 * subs_min, 0.15 * subs_min]) < 4 * drift.error).all()
    assert rotation.value[0] == pytest.approx(-0.01 * 60 * subs_min, abs=0.1)


def test_the_report_finds_the_periodic_error(summary: Summary) -> None:
    found = summary.periodic
    assert isinstance(found, Periodic)
    assert found.period_s == pytest.approx(24 * CADENCE_S, rel=0.01)
    assert found.peak_to_peak_px == pytest.approx(5.0, abs=0.6)
    assert abs(found.direction_deg) < 12
    assert found.false_alarm < 1e-6


def test_the_report_lists_dithers_flip_and_gusts(summary: Summary, night: Night) -> None:
    assert [step.sub - 1 for step in summary.steps if step.is_flip] == [160]
    gusts = {gust.sub - 1 for gust in summary.gusts}
    assert {37} <= gusts <= {3, 37, 130}  # satellites may be taken for gusts
    found = {step.sub - 1 for step in summary.steps}
    moved = [sub for sub in range(1, len(summary.subs)) if moved_px(night.truths, sub) > 4]
    used = np.flatnonzero(summary.subs.used)
    assert {int(used[used >= sub][0]) for sub in moved} <= found  # seen in the next sub that is used
    assert len(found) <= len(moved) + 5  # and some smaller ones


def moved_px(truths: Sequence[Truth], sub: int) -> float:
    return centre_shift_px(truths[sub - 1], truths[sub])


def test_the_report_is_written_in_all_its_forms(summary: Summary, tmp_path: Path) -> None:
    text = as_text(summary)
    for word in ("Anvil Nebula", "periodic error", "arcsec", "meridian flip", "clouds"):
        assert word in text
    plain, page = write_report(summary, tmp_path / "report")
    told = json.loads(plain.read_text())
    assert (told["subs"], told["target"]) == (len(summary.subs), "Anvil Nebula")
    assert told["scale_arcsec_px"] == pytest.approx(206.265 * 3.76 / 400, rel=1e-4)
    assert told["drift"]["speed_arcsec_min"] == pytest.approx(told["drift"]["speed_px_min"] * 1.9389, rel=1e-3)
    assert page.read_text().count("<svg") == 12
