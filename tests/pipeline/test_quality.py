"""Nights with clouds, wind, dew and moonlight: which subs enter the stack, with what weight, and what comes of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from indistack.store.line_writer import as_line
from indistack.values.outcome import Outcome, Refused
from simulators.exposure import Exposure
from tests.pipeline.conftest import MakePipeline
from tests.pipeline.night import SMALL, blob_of, make_sky

NO_NEBULA = ({"name": "no nebula", "nebula_e_per_s": 0.0},)
NOTHING_BUT_NOISE: dict[str, Any] = {
    "targets": NO_NEBULA, "gradient": 0.0, "vignetting": 0.0, "column_pattern_adu": 0.0, "hot_pixel_fraction": 0.0,
    "pixel_response_spread": 0.0, "dust_motes": 0,
}  # fmt: skip


def night(make_pipeline: MakePipeline, n: int, *overrides: str, **sky: Any) -> tuple[list[Outcome], list[Exposure]]:
    exposures = [*map(make_sky(**sky).expose, ["light"] * n)]
    pipeline = make_pipeline(*overrides)
    return [pipeline.process(blob_of(exposure)) for exposure in exposures], exposures


def words(outcomes: list[Outcome]) -> list[str]:
    return [outcome.reason or outcome.word for outcome in outcomes]


def clouds(transparency: float, sub: int = 6, until_sub: int = 6) -> dict[str, Any]:
    return {"events": ({"kind": "clouds", "sub": sub, "until_sub": until_sub, "transparency": transparency},)}


@pytest.mark.parametrize("cfa", ["mono", "RGGB"])
def test_clear_subs_of_a_turning_drifting_field_are_kept(make_pipeline: MakePipeline, cfa: str) -> None:
    outcomes, _ = night(
        make_pipeline, 10, cfa=cfa, drift_px_per_sub=(4.0, -3.0), rotation_deg_per_sub=0.5, seeing_jitter=0.1,
        events=({"kind": "meridian_flip", "sub": 5},),
    )  # fmt: skip
    assert words(outcomes) == ["accepted"] * 10
    assert [outcome.report.photometry.transparency for outcome in outcomes] == pytest.approx([1] * 10, abs=0.03)


@pytest.mark.parametrize("transparency", [0.3, 0.15, 0.05, 0.0])
def test_thick_clouds_are_refused(make_pipeline: MakePipeline, transparency: float) -> None:
    outcomes, _ = night(make_pipeline, 8, **clouds(transparency))
    refused = words(outcomes)[6]
    assert words(outcomes) == ["accepted"] * 6 + [refused, "accepted"]
    assert refused in {"clouds", "too_few_stars"}


def test_thick_clouds_are_refused_from_the_second_sub_on(make_pipeline: MakePipeline) -> None:
    outcomes, _ = night(make_pipeline, 3, **clouds(0.3, 1, 1))
    assert words(outcomes) == ["accepted", "clouds", "accepted"]


def test_thin_clouds_weigh_less_and_are_scaled(make_pipeline: MakePipeline) -> None:
    outcomes, exposures = night(make_pipeline, 8, **clouds(0.7))
    thin = as_line(outcomes[6].report)
    true = exposures[6].truth.transparency
    assert true == pytest.approx(0.7)
    assert thin["transparency"] == pytest.approx(true, rel=0.02)
    assert thin["scale"] == pytest.approx(1 / true, rel=0.02)
    assert thin["background_match"][1] < 0  # the lights of the ground came back from the cloud
    clear = np.median([outcome.report.stack.weight for outcome in outcomes[:6]])
    assert 0.3 < thin["weight"] / clear < 0.55  # 0.7^2, and a brighter sky


def test_when_the_first_subs_are_the_clouded_ones_the_clear_ones_take_over(make_pipeline: MakePipeline) -> None:
    outcomes, _ = night(
        make_pipeline, 9,
        events=tuple({"kind": "clouds", "sub": n, "until_sub": n, "transparency": 0.25} for n in (0, 1, 7)),
    )  # fmt: skip
    assert words(outcomes) == ["accepted"] * 7 + ["clouds", "accepted"]
    assert outcomes[4].report.photometry.transparency == pytest.approx(4, rel=0.03)
    assert outcomes[4].report.stack.weight > 10


@pytest.mark.parametrize("length_px", [7.0, 9.0, 14.0, 25.0])
@pytest.mark.parametrize("sub", [0, 1, 7])
def test_gusts_of_wind_are_refused(make_pipeline: MakePipeline, sub: int, length_px: float) -> None:
    gust = {"kind": "gust", "sub": sub, "length_px": length_px, "angle_deg": 20.0 + 40 * sub}
    outcomes, _ = night(make_pipeline, 8, events=(gust,))
    assert words(outcomes)[sub] == "trailed"
    assert words(outcomes[:sub] + outcomes[sub + 1 :]) == ["accepted"] * 7


def test_a_short_gust_shows_beside_the_subs_before(make_pipeline: MakePipeline) -> None:
    outcomes, _ = night(make_pipeline, 8, events=({"kind": "gust", "sub": 6, "length_px": 5.0},))
    assert words(outcomes)[6] == "trailed"


def test_a_mount_that_always_trails_a_little_is_taken_as_it_is(make_pipeline: MakePipeline) -> None:
    gusts = tuple({"kind": "gust", "sub": n, "length_px": 5.0} for n in range(9))
    outcomes, _ = night(make_pipeline, 9, events=gusts)
    assert words(outcomes) == ["accepted"] * 9


def test_dew_is_refused_when_the_stars_have_doubled(make_pipeline: MakePipeline) -> None:
    outcomes, exposures = night(
        make_pipeline, 14, events=({"kind": "dew", "sub": 6, "until_sub": 11, "fwhm_factor": 3.0},)
    )
    for outcome, exposure in zip(outcomes, exposures, strict=True):
        assert isinstance(outcome, Refused) == (exposure.truth.fwhm_px > 2 * 3.05), exposure.truth.fwhm_px
    assert {outcome.reason for outcome in outcomes} == {"", "fwhm_too_large"}


def test_satellites_and_cosmic_rays_are_no_reason(make_pipeline: MakePipeline) -> None:
    satellites = tuple({"kind": "satellite", "sub": n, "angle_deg": 30.0 * n} for n in range(1, 5))
    outcomes, _ = night(make_pipeline, 5, events=satellites, cosmic_rays=20.0)
    assert words(outcomes) == ["accepted"] * 5


def test_a_sky_near_saturation_is_refused(make_pipeline: MakePipeline) -> None:
    for sky_e_per_s, expected in ((2000.0, "accepted"), (2900.0, "background_too_high")):
        outcomes, _ = night(make_pipeline, 1, sky_e_per_s=sky_e_per_s, targets=NO_NEBULA)
        assert words(outcomes) == [expected]


@pytest.mark.parametrize("weight", ["equal", "noise", "quality"])
def test_the_snr_of_a_stack_with_thin_clouds(make_pipeline: MakePipeline, weight: str) -> None:
    """Noise of the sky over brightness of the stars, against the best that these subs allow."""
    exposures = [*map(_cloudy_sky().expose, ["light"] * 12)]
    pipeline = make_pipeline(f'quality.weight="{weight}"')
    outcomes = [pipeline.process(blob_of(exposure)) for exposure in exposures]
    assert words(outcomes) == ["accepted"] * 12
    assert pipeline.session is not None
    scaled = np.array([outcome.report.stars.noise_adu * outcome.report.photometry.scale for outcome in outcomes])
    best = (1 / scaled**2).sum() ** -0.5
    noise = _block_noise(np.asarray(pipeline.session.stack.integration().pixels))
    first = make_pipeline()
    first.process(blob_of(exposures[0]))
    assert first.session is not None
    one = _block_noise(np.asarray(first.session.stack.integration().pixels))
    loss = noise / one * scaled[0] / best
    assert loss == pytest.approx(1, abs=0.06) if weight != "equal" else loss > 1.1


def _cloudy_sky() -> Any:
    events = tuple(
        {"kind": "clouds", "sub": n, "until_sub": n, "transparency": 0.55} for n in range(12) if n % 3 and n != 1
    )
    return make_sky(cfa="mono", drift_px_per_sub=(3.1, 1.7), events=events, **NOTHING_BUT_NOISE)


def _block_noise(plane: np.ndarray) -> float:
    """Sigma of the means of 8 x 8 blocks, which the warp does not smooth, from differences of neighbours."""
    rows, columns = (size // 8 for size in plane.shape)
    blocks = plane[: 8 * rows, : 8 * columns].reshape(rows, 8, columns, 8).mean(axis=(1, 3))[5:-5, 5:-5]
    return float(1.4826 * np.median(np.abs(np.diff(blocks, axis=1))) / 2**0.5)


def test_every_measure_is_in_the_numbers(make_pipeline: MakePipeline) -> None:
    outcomes, _ = night(make_pipeline, 2, **SMALL)
    for name in (
        "stars", "fwhm_px", "hfr_px", "eccentricity", "trailing", "background_adu", "noise_adu", "saturated", "snr",
        "transparency", "scale", "background_match", "weight",
    ):  # fmt: skip
        assert as_line(outcomes[1].report)[name] is not None, name
    assert len(outcomes[1].report.photometry.offset_adu) == 3
    assert "match" in outcomes[1].report.times


STRICT = "quality.max_shape_scatter=0.001"
"""No field's stars are shaped as alike as that: every sub may show clouds, or the knots of a nebula."""


def test_odd_shapes_that_stay_where_they_are_on_the_sky_are_no_clouds(make_pipeline: MakePipeline) -> None:
    outcomes, _ = night(make_pipeline, 5, STRICT, drift_px_per_sub=(4.0, -3.0))
    assert words(outcomes) == ["clouds"] + ["accepted"] * 4


def test_odd_shapes_that_fit_nowhere_are_clouds(make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline(STRICT)
    fields = [make_sky(seed=seed) for seed in range(4)]
    assert words([pipeline.process(blob_of(sky.expose())) for sky in fields]) == ["clouds"] * 4
    here = make_sky(seed=9)
    assert words([pipeline.process(blob_of(here.expose())) for _ in range(3)]) == ["clouds", "accepted", "accepted"]
    assert words([pipeline.process(blob_of(sky.expose())) for sky in fields]) == ["clouds"] * 4
