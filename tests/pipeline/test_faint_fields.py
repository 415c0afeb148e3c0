"""Fields that single subs hardly show: the reference learns from the stack, and subs are tried together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from indistack.values.outcome import Accepted, Outcome, Refused
from simulators.exposure import Exposure
from tests.pipeline.conftest import MakePipeline
from tests.pipeline.night import blob_of, make_sky

DARK: dict[str, Any] = {"targets": ({"name": "no nebula", "nebula_e_per_s": 0.0},), "drift_px_per_sub": (0.7, -0.5)}
FAINT: dict[str, Any] = DARK | {"n_stars": 300, "mag_min": 14.0, "mag_max": 15.6, "seed": 3}
"""About 25 of the stars show in a sub, not always the same."""
FAINTER: dict[str, Any] = DARK | {"n_stars": 120, "mag_min": 15.0, "mag_max": 15.8, "seed": 3}
"""None shows in a sub."""
ANY = "quality.enabled=false"
CORNERS = np.array([[0, 0, 1], [639, 0, 1], [0, 479, 1], [639, 479, 1]]).T

Night = list[tuple[Exposure, Outcome]]


def night(make_pipeline: MakePipeline, subs: int, *overrides: str, **sky: Any) -> Night:
    pipeline, observatory = make_pipeline(*overrides), make_sky(**sky)
    exposures = [observatory.expose() for _ in range(subs)]
    return [(exposure, pipeline.process(blob_of(exposure))) for exposure in exposures]


def accepted(outcomes: Night) -> Night:
    return [(exposure, outcome) for exposure, outcome in outcomes if isinstance(outcome, Accepted)]


def scatter_px(outcomes: Night) -> float:
    """Of the corners' errors around their mean: the reference's own error is the same in all."""
    wrong = [
        (np.array(outcome.report.place.transform.matrix) @ CORNERS - np.array(exposure.truth.transform) @ CORNERS)[:2]
        for exposure, outcome in outcomes
    ]
    return float(np.std(wrong, axis=0).max())


def test_more_stars_match_as_the_stack_deepens(make_pipeline: MakePipeline) -> None:
    alone = accepted(night(make_pipeline, 14, ANY, "align.grow_reference=false", **FAINT))[5:]
    growing = accepted(night(make_pipeline, 14, ANY, **FAINT))[5:]
    matched = [np.median([one.report.place.transform.matched for _, one in outcomes]) for outcomes in (alone, growing)]
    assert matched[1] > 1.3 * matched[0]
    assert scatter_px(growing) < 0.9 * scatter_px(alone)


@pytest.mark.slow
def test_the_grid_stays_where_it_was(make_pipeline: MakePipeline) -> None:
    """The middle of the last subs lies where that of the first ones lay."""
    sky = DARK | {"n_stars": 200, "mag_min": 10.5, "mag_max": 13.5, "seed": 5}
    outcomes = accepted(night(make_pipeline, 64, ANY, **sky))
    centre = np.array([319.5, 239.5, 1])
    off = np.array(
        [
            (np.array(outcome.report.place.transform.matrix) @ centre - np.array(exposure.truth.transform) @ centre)[:2]
            for exposure, outcome in outcomes
        ]
    )
    assert np.abs(off[-20:].mean(axis=0) - off[1:5].mean(axis=0)).max() < 0.02


def test_subs_without_stars_are_stacked_together(make_pipeline: MakePipeline) -> None:
    outcomes = night(make_pipeline, 9, **FAINTER)
    for number, (_, waiting) in enumerate(outcomes[:4], 1):
        assert isinstance(waiting, Refused)
        assert waiting.reason == "too_few_stars"
        assert f"{number} of 5" in waiting.detail
    stacked = accepted(outcomes)
    assert len(stacked) == 5
    assert all(outcome.report.faint_subs == 5 for _, outcome in stacked)
    assert scatter_px(stacked) < 0.4


@pytest.mark.parametrize("count", [0, 3])
def test_how_many_are_tried_together(make_pipeline: MakePipeline, count: int) -> None:
    outcomes = [outcome for _, outcome in night(make_pipeline, 4, f"align.faint_subs={count}", **FAINTER)]
    reached = [isinstance(outcome, Accepted) for outcome in outcomes]
    assert reached == ([False] * 4 if count == 0 else [False, False, True, True])


def test_a_dark_sky_without_stars_is_refused(make_pipeline: MakePipeline) -> None:
    outcomes = night(make_pipeline, 7, **DARK | {"n_stars": 0, "hot_pixel_fraction": 0.002})
    assert {outcome.reason for _, outcome in outcomes if isinstance(outcome, Refused)} <= {
        "too_few_stars", "fixed_pattern",
    }  # fmt: skip
    assert not accepted(outcomes)


def test_a_scene_that_needs_no_stars_does_not_wait(make_pipeline: MakePipeline) -> None:
    _, outcome = night(make_pipeline, 1, "align.method=none", **FAINTER)[0]
    assert isinstance(outcome, Accepted), outcome
