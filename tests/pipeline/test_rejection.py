"""A satellite on its way through the whole pipeline: gone wherever it comes, without harm to noise and stars."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from indistack.stack import measure_noise
from indistack.values.outcome import Accepted
from tests.pipeline.conftest import MakePipeline
from tests.pipeline.night import blob_of, make_sky

N = 10
SKY: dict[str, Any] = {
    "drift_px_per_sub": (2.3, -1.1), "rotation_deg_per_sub": 0.1, "gradient": 0.0, "vignetting": 0.0, "dust_motes": 0,
    "targets": ({"name": "no nebula", "nebula_e_per_s": 0.0},),
}  # fmt: skip


Night = tuple[np.ndarray, float, list[float]]
CLEAN: dict[str, Night] = {}
"""The nights without a satellite, which all tests share."""

TRAILS: dict[int, np.ndarray] = {}
"""Where the satellite of each sub flies."""

BRIGHT_E = 1200.0
"""A hundred times the noise; 36 is three times the noise."""


def stacked(make_pipeline: MakePipeline, method: str, *events: dict[str, Any]) -> Night:
    """Return a night's picture where all subs reach, its noise and the share of pixels that each sub lost."""
    sky = make_sky(events=events, **SKY)
    pipeline = make_pipeline(f"stack.method={method}", "align.grow_reference=false")
    outcomes = [pipeline.process(blob_of(sky.expose())) for _ in range(N)]
    assert [type(outcome) for outcome in outcomes] == [Accepted] * N, outcomes
    assert pipeline.session is not None
    stack = pipeline.session.stacks()["stack"][1].integration()
    everywhere = np.where(stack.coverage[..., np.newaxis] == N, stack.pixels, np.float32(0))
    return everywhere, measure_noise(stack), [float(outcome.report.stack.rejected) for outcome in outcomes]


def clean(make_pipeline: MakePipeline, method: str) -> Night:
    """Return the night without a satellite."""
    if method not in CLEAN:
        CLEAN[method] = stacked(make_pipeline, method)
    return CLEAN[method]


def satellite(where: int, peak_e: float) -> dict[str, Any]:
    return {"kind": "satellite", "sub": where, "peak_e": peak_e, "offset_px": 30.0}


def trail_of(make_pipeline: MakePipeline, where: int) -> np.ndarray:
    """Return the pixels that a satellite in that sub lights, as a bright one shows them."""
    if where not in TRAILS:
        light = stacked(make_pipeline, "mean", satellite(where, BRIGHT_E))[0] - clean(make_pipeline, "mean")[0]
        TRAILS[where] = light.mean(axis=2) > light.max() / 20
    return TRAILS[where]


def above_surroundings(light: np.ndarray, trail: np.ndarray) -> float:
    """Return the mean light of the trail, without the level that the whole picture is matched to."""
    grey = light.mean(axis=2)
    return float(grey[trail].mean() - np.median(grey[~trail]))


@pytest.mark.parametrize("where", [0, 1, N // 2, N - 1])
@pytest.mark.parametrize("peak_e", [BRIGHT_E, 60.0, 36.0])
def test_a_satellite_leaves_a_twentieth_of_what_it_leaves_in_a_mean(
    make_pipeline: MakePipeline, peak_e: float, where: int
) -> None:
    trail = trail_of(make_pipeline, where)
    plain = stacked(make_pipeline, "mean", satellite(where, peak_e))[0] - clean(make_pipeline, "mean")[0]
    lit, _, lost = stacked(make_pipeline, "sigma_clip", satellite(where, peak_e))
    dark, _, usual = clean(make_pipeline, "sigma_clip")
    assert abs(above_surroundings(lit - dark, trail)) < 0.05 * above_surroundings(plain, trail)
    if where > 0:  # the first sub has nothing yet to be compared with
        assert lost[where] > usual[where] + 0.5 * trail.mean()


def test_noise_is_that_of_the_mean(make_pipeline: MakePipeline) -> None:
    _, mean_noise, _ = clean(make_pipeline, "mean")
    _, noise, lost = clean(make_pipeline, "sigma_clip")
    assert noise < 1.05 * mean_noise
    assert max(lost) < 0.03
