"""Subs of another sky level, gradient, transparency, exposure or gain in one stack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from indistack.pipeline.pipeline import Pipeline
from indistack.store.line_writer import as_line
from indistack.values.frame import CalibratedFrame, IndexArray, RawFrame
from indistack.values.outcome import Accepted, Outcome, Refused
from simulators.exposure import Exposure
from tests.pipeline.conftest import MakePipeline
from tests.pipeline.night import blob_of, make_sky

Change = Callable[[np.ndarray, int], np.ndarray]
DRIFT = {"drift_px_per_sub": (9.0, -6.0)}
PLAIN = {"gradient": 0.0, "vignetting": 0.0, "targets": ({"name": "no nebula", "nebula_e_per_s": 0.0},)}
NEBULA = {"targets": ({"name": "bright nebula", "nebula_e_per_s": 80.0},)}


def stack(pipeline: Pipeline, exposures: list[Exposure], change: Change | None = None) -> list[Outcome]:
    """Stack exposures, each with its pixels changed."""
    outcomes = []
    for number, exposure in enumerate(exposures):
        pixels = exposure.pixels if change is None else change(exposure.pixels.astype(float), number)
        outcomes.append(pipeline.process(blob_of(replace(exposure, pixels=np.rint(pixels).astype(np.uint16)))))
    assert [type(outcome) for outcome in outcomes] == [Accepted] * len(outcomes), outcomes
    return outcomes


def picture(pipeline: Pipeline) -> tuple[np.ndarray, np.ndarray]:
    """Pixels ``(h, w, c)`` and coverage of the stack."""
    assert pipeline.session is not None
    integration = pipeline.session.stack.integration()
    return np.atleast_3d(integration.pixels), np.asarray(integration.coverage)


def border_steps(pixels: np.ndarray, coverage: np.ndarray) -> np.ndarray:
    """Steps of the sky (ADU) where the coverage changes from one column to the next, away from the corners."""
    inner = slice(len(pixels) // 4, -len(pixels) // 4)
    edges = np.flatnonzero(np.diff(coverage[len(pixels) // 2].astype(int)))
    sides = [(pixels[inner, e - 5 : e - 1], pixels[inner, e + 3 : e + 7]) for e in edges if 8 < e < pixels.shape[1] - 8]
    return np.array([np.median(right, axis=(0, 1)) - np.median(left, axis=(0, 1)) for left, right in sides])


@pytest.mark.parametrize("cfa", ["mono", "RGGB"])
def test_a_known_offset_and_a_known_transparency_are_recovered(make_pipeline: MakePipeline, cfa: str) -> None:
    exposures = [*map(make_sky(cfa=cfa, seeing_jitter=0.0, **DRIFT).expose, ["light"] * 3)]
    pedestal = 500.0
    outcomes = stack(
        make_pipeline(), exposures, lambda adu, n: 0.7 * (adu - pedestal) + pedestal + 37 if n == 2 else adu
    )
    same, dim = (as_line(outcome.report) for outcome in outcomes[1:])
    assert (same["scale"], dim["scale"]) == (1.0, pytest.approx(1 / 0.7, rel=0.01))
    assert dim["transparency"] == pytest.approx(0.7, rel=0.01)
    # 0.7 (a - p) + p + 37 = b, so a = b / 0.7 - (0.3 p + 37) / 0.7 in raw ADU; what scale is off by lifts the sky, too
    sky = np.median(exposures[2].pixels)
    expected = -dim["scale"] * (0.3 * pedestal + 37) + sky * (1 - 0.7 * dim["scale"])
    for offset, before in zip(dim["background_match"], same["background_match"], strict=True):
        assert offset - before == pytest.approx(expected, abs=0.01 * sky)


def test_an_offset_of_37_adu_is_recovered_to_half_an_adu(make_pipeline: MakePipeline) -> None:
    exposures = [*map(make_sky(seeing_jitter=0.0, **DRIFT).expose, ["light"] * 3)]
    way = 'match.background="level"'
    plain = stack(make_pipeline(way), exposures)[2].report.photometry.offset_adu
    shifted = stack(make_pipeline(way), exposures, lambda adu, n: adu + 37 * (n == 2))[2].report.photometry.offset_adu
    np.testing.assert_allclose(np.subtract(plain, shifted), 37, atol=0.5)


def moonrise(adu: np.ndarray, number: int) -> np.ndarray:
    """More light with every sub, from one side, more in blue than in red."""
    y, x = np.mgrid[: adu.shape[0], : adu.shape[1]]
    colour = np.where((x % 2 == 0) & (y % 2 == 0), 0.6, np.where((x % 2 == 1) & (y % 2 == 1), 1.4, 1.0))
    return np.asarray(adu + colour * number * (40 + 60 * x / adu.shape[1] + 30 * y / adu.shape[0]))


def test_a_rising_moon_leaves_no_steps_at_the_borders(make_pipeline: MakePipeline) -> None:
    exposures = [*map(make_sky(**PLAIN, **DRIFT).expose, ["light"] * 6)]
    plain = "stack.method=mean"  # what does not match is an outlier
    dark, off, on = make_pipeline(plain), make_pipeline('match.background="off"', plain), make_pipeline(plain)
    stack(dark, exposures)
    for pipeline in (off, on):
        stack(pipeline, exposures, moonrise)
    steps = [border_steps(*picture(pipeline)) for pipeline in (dark, off, on)]
    assert len(steps[0]) == 5
    assert (steps[1] < -25).all()
    np.testing.assert_allclose(steps[2], steps[0], atol=0.7)  # as if there had been no moon
    first = make_pipeline()
    stack(first, exposures[:1])
    inner = (slice(120, 360), slice(160, 480))
    difference = picture(on)[0][inner] - picture(first)[0][inner]  # the stack has the reference's sky
    assert np.abs(np.median(difference, axis=(0, 1))).max() < 1.0


def test_without_a_difference_matching_changes_next_to_nothing(make_pipeline: MakePipeline) -> None:
    exposures = [*map(make_sky(**PLAIN | NEBULA, **DRIFT).expose, ["light"] * 5)]
    settings = 'quality.weight="equal"', "stack.method=mean"  # a value is an outlier or it is none
    on, off = make_pipeline(*settings), make_pipeline(*settings, 'match.background="off"')
    for pipeline in (on, off):
        stack(pipeline, exposures)
    difference = picture(on)[0] - picture(off)[0]
    noise = 20.0
    assert np.abs(difference[picture(on)[1] > 0]).max() < 0.2 * noise


def other(sky: Any, index: int, **settings: float) -> Exposure:
    exposure: Exposure = sky.expose(index=index, **settings)
    return exposure


@pytest.mark.parametrize("settings", [{"exposure_s": 4.0}, {"gain_setting": 160.0}])
@pytest.mark.parametrize("scale", ["true", "false"])
def test_another_exposure_or_gain_is_stacked_when_asked_for(
    make_pipeline: MakePipeline, settings: dict[str, float], scale: str
) -> None:
    sky = make_sky(**DRIFT)
    pipeline = make_pipeline('drift.on_exposure="scale"', 'drift.on_gain_setting="scale"', f"match.scale={scale}")
    exposures = [sky.expose(index=0), other(sky, 1, **settings), sky.expose(index=2)]
    usual, odd = (exposure.truth for exposure in exposures[:2])
    outcomes = stack(pipeline, exposures)
    expected = usual.exposure_s / odd.exposure_s * odd.e_per_adu / usual.e_per_adu
    assert outcomes[1].report.photometry.scale == pytest.approx(expected, rel=0.015)
    assert outcomes[1].report.photometry.transparency == pytest.approx(1, abs=0.015)
    assert pipeline.session is not None
    assert pipeline.session.stack.integration().exposure_s == pytest.approx(sum(e.truth.exposure_s for e in exposures))
    noise = [outcome.report.stars.noise_adu * outcome.report.photometry.scale for outcome in outcomes]
    assert outcomes[1].report.stack.weight == pytest.approx((noise[0] / noise[1]) ** 2, rel=0.03)
    before = make_pipeline()
    stack(before, [exposures[0]])
    inner = (slice(120, 360), slice(160, 480))
    np.testing.assert_allclose(
        np.median(picture(pipeline)[0][inner], axis=(0, 1)), np.median(picture(before)[0][inner], axis=(0, 1)), atol=2
    )


@pytest.mark.parametrize("action", ["restart", "refuse"])
def test_another_exposure_is_refused_or_begins_a_stack_otherwise(make_pipeline: MakePipeline, action: str) -> None:
    sky, pipeline = make_sky(), make_pipeline(f'drift.on_exposure="{action}"', "drift.change_patience=1")
    pipeline.process(blob_of(sky.expose(index=0)))
    outcome = pipeline.process(blob_of(sky.expose(index=1, exposure_s=4.0)))
    assert (outcome.word, outcome.reason) == (f"{action}ed".replace("ee", "e"), "exposure_changed")


def test_subs_are_matched_to_the_reference_that_is_asked_for(make_pipeline: MakePipeline) -> None:
    events = ({"kind": "clouds", "sub": 1, "until_sub": 1, "transparency": 0.8},)
    exposures = [*map(make_sky(events=events, **DRIFT).expose, ["light"] * 3)]
    pipeline = make_pipeline(skip_repeats=False)
    pipeline.align_to(pipeline.look(blob_of(exposures[1])))
    scales = [outcome.report.photometry.scale for outcome in stack(pipeline, exposures)]
    assert scales == pytest.approx([0.8, 1.0, 0.8], rel=0.015)


class Doubtful:
    """A calibrator with something to say of every frame."""

    def calibrate(
        self, raw: RawFrame, mended: IndexArray | None, *, in_place: bool, with_masters: bool | None
    ) -> CalibratedFrame:
        info = replace(raw.info, black_adu=0.0)
        return CalibratedFrame(
            raw.pixels, raw.cfa, 0.0, 1.0, None, info, ("dark 5",), ("the dark is 7 C warmer",), ("flat: other filter",)
        )


def test_masters_and_doubts_are_in_the_numbers_and_told_once(
    make_pipeline: MakePipeline, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pipeline, sky = make_pipeline(), make_sky()
    monkeypatch.setattr(pipeline.intake.calibrator, "calibrate", Doubtful().calibrate)
    outcomes = [pipeline.process(blob_of(sky.expose())) for _ in range(3)]
    assert not any(isinstance(outcome, Refused) for outcome in outcomes)
    for outcome in outcomes:
        assert outcome.report.masters.masters == ("dark 5",)
        assert outcome.report.masters.warnings == ("the dark is 7 C warmer",)
        assert outcome.report.masters.set_aside == ("flat: other filter",)
    told = [record for record in caplog.records if record.levelname == "WARNING" and "warmer" in record.getMessage()]
    assert len(told) == 1
