"""When a new stack begins, through the whole pipeline: the old one is whole, and the sub that ends it is not lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from indistack.pipeline.pipeline import Pipeline
from indistack.session.session import Session
from indistack.values.blob import Blob
from indistack.values.outcome import Accepted, Outcome, Refused, Restarted
from simulators.exposure import Exposure
from tests.pipeline.conftest import MakePipeline
from tests.pipeline.night import blob_of, make_sky

TWO_TARGETS = {
    "targets": (
        {"name": "first", "ra_deg": 80.0, "dec_deg": 20.0},
        {"name": "second", "ra_deg": 84.0, "dec_deg": 20.0},
    ),
    "events": ({"kind": "slew", "sub": 4, "target": "second"},),
}


def words(outcomes: Sequence[Outcome]) -> str:
    """A letter per sub: a for accepted, x for refused, R for restarted."""
    return "".join({Accepted: "a", Refused: "x", Restarted: "R"}[type(outcome)] for outcome in outcomes)


def stacks_of(pipeline: Pipeline, finished: list[Session]) -> list[int]:
    """Subs in each stack, the one being made last."""
    assert pipeline.session is not None
    return [session.n_subs for session in (*finished, pipeline.session)]


def take(make_pipeline: MakePipeline, blobs: Sequence[Blob], *overrides: str) -> tuple[list[Outcome], list[int]]:
    finished: list[Session] = []
    pipeline = make_pipeline(*overrides, finished=finished)
    outcomes = [pipeline.process(blob) for blob in blobs]
    return outcomes, stacks_of(pipeline, finished)


def night(n: int, **changes: Any) -> list[Blob]:
    sky = make_sky(**changes)
    return [blob_of(sky.expose()) for _ in range(n)]


@pytest.mark.parametrize(
    ("limit", "found", "stacks"),
    [
        ("65 px", "aaaaaR", [5, 1]),  # 23.5 px a sub: beyond it with the fourth (70.5 px) and the two that follow
        ("10 %", "aaaaaR", [5, 1]),  # 64 px
        ("0.0350 deg", "aaaaaR", [5, 1]),  # 65 px at 1.94 arcsec per px
        ("2.10 arcmin", "aaaaaR", [5, 1]),
        ("75 px", "aaaaaaR", [6, 1]),
        ("12 %", "aaaaaaR", [6, 1]),
        ("0.0405 deg", "aaaaaaR", [6, 1]),
        ("2.43 arcmin", "aaaaaaR", [6, 1]),
    ],
)
def test_slow_drift_ends_a_stack_at_its_limit(
    make_pipeline: MakePipeline, limit: str, found: str, stacks: list[int]
) -> None:
    blobs = night(len(found), drift_px_per_sub=(23.5, 0.0))
    outcomes, counts = take(make_pipeline, blobs, f'drift.limit="{limit}"')
    assert (words(outcomes), counts) == (found, stacks)
    assert outcomes[-1].reason == "drift_limit"
    assert outcomes[-1].report.place.shift_px == (0, 0)


def test_astaps_rule_lets_slow_drift_pass_and_ends_at_a_step(make_pipeline: MakePipeline) -> None:
    step = ({"kind": "dither", "sub": 5, "shift_px": (140.0, 0.0)},)
    blobs = night(7, drift_px_per_sub=(25.0, 0.0), events=step, focal_length_mm=150.0)  # 0.2 deg are 139 px
    outcomes, counts = take(make_pipeline, blobs, "drift.preset=astap")
    assert (words(outcomes), counts) == ("aaaaaRa", [5, 2])
    smaller = ({"kind": "dither", "sub": 5, "shift_px": (105.0, 0.0)},)
    blobs = night(7, drift_px_per_sub=(25.0, 0.0), events=smaller, focal_length_mm=150.0)
    outcomes, counts = take(make_pipeline, blobs, "drift.preset=astap")
    assert (words(outcomes), counts) == ("aaaaaaa", [7])


def test_a_slew_by_the_header_restarts_at_once(make_pipeline: MakePipeline) -> None:
    outcomes, counts = take(make_pipeline, night(7, **TWO_TARGETS))
    assert (words(outcomes), counts) == ("aaaaRaa", [4, 3])
    assert outcomes[4].reason == "pointing_jump"


def test_a_slew_told_by_the_mount_alone_restarts_at_once(make_pipeline: MakePipeline) -> None:
    blobs = night(7, **TWO_TARGETS, header_drop=("RA", "DEC", "OBJCTRA", "OBJCTDEC", "OBJECT"))
    told = [replace(blob, cards=(("RA", 80.0 + 4 * (n >= 4), ""), ("DEC", 20.0, ""))) for n, blob in enumerate(blobs)]
    outcomes, counts = take(make_pipeline, told)
    assert (words(outcomes), counts, outcomes[4].reason) == ("aaaaRaa", [4, 3], "pointing_jump")


def test_a_new_target_that_nobody_tells_of_is_seen_in_its_stars(make_pipeline: MakePipeline) -> None:
    blobs = night(8, **TWO_TARGETS, header_drop=("RA", "DEC", "OBJCTRA", "OBJCTDEC", "OBJECT"))
    outcomes, counts = take(make_pipeline, blobs)
    assert (words(outcomes), counts, outcomes[6].reason) == ("aaaaxxRa", [4, 2], "new_target")


def test_a_field_with_few_stars_after_a_rich_one_is_a_slew_not_a_cloud(make_pipeline: MakePipeline) -> None:
    rich = make_sky(n_stars=600, mag_max=13.5, targets=({"name": "rich", "ra_deg": 80.0, "dec_deg": 20.0},))
    poor = make_sky(n_stars=60, targets=({"name": "rich", "ra_deg": 95.0, "dec_deg": 20.0},), seed=5)
    blobs = [blob_of(rich.expose()) for _ in range(6)] + [blob_of(poor.expose()) for _ in range(3)]
    settings = ("quality.min_star_ratio=0.5",)
    outcomes, counts = take(make_pipeline, blobs, *settings)
    assert (words(outcomes), counts, outcomes[6].reason) == ("aaaaaaRaa", [6, 3], "pointing_jump")
    outcomes, counts = take(make_pipeline, blobs, *settings, "drift.enabled=false")
    assert (words(outcomes)[6:], outcomes[6].reason) == ("xxx", "too_few_stars")


def with_card(exposure: Exposure, **cards: Any) -> Exposure:
    return replace(exposure, header=exposure.header | cards)


@pytest.mark.parametrize(
    ("cards", "reason"),
    [
        ({"EXPTIME": 20.0}, "exposure_changed"),
        ({"GAIN": 200.0}, "gain_setting_changed"),
        ({"FILTER": "Ha"}, "filter_changed"),
        ({"OBJECT": "another"}, "target_changed"),
        ({"XBINNING": 2, "YBINNING": 2}, "binning_changed"),
    ],
)
def test_a_changed_setting_restarts_when_it_stays(
    make_pipeline: MakePipeline, cards: dict[str, Any], reason: str
) -> None:
    sky = make_sky()
    plain = {"FILTER": "L"}
    blobs = [blob_of(with_card(sky.expose(), **(plain if n in (0, 1, 3) else plain | cards))) for n in range(8)]
    outcomes, counts = take(make_pipeline, blobs, "drift.on_target=restart")  # one sub alone with it, then three
    assert (words(outcomes), counts) == ("aaxaxxRa", [3, 2])
    assert {outcomes[n].reason for n in (2, 4, 5, 6)} == {reason}


def test_a_meridian_flip_goes_on(make_pipeline: MakePipeline) -> None:
    flip = ({"kind": "meridian_flip", "sub": 2},)
    outcomes, counts = take(make_pipeline, night(4, events=flip), 'drift.limit="20 px"', "drift.patience=1")
    assert (words(outcomes), counts) == ("aaaa", [4])
    assert abs(outcomes[2].report.place.transform.rotation_deg) == pytest.approx(180, abs=0.1)


def lit(exposure: Exposure, adu: float) -> Exposure:
    """Light from one side, as when the Moon rises."""
    ramp = np.linspace(0, adu, exposure.pixels.shape[1])
    return replace(exposure, pixels=np.rint(exposure.pixels + ramp).astype(np.uint16))


@pytest.mark.parametrize(
    ("action", "found", "stacks"), [("restart", "aaaaRa", [4, 2]), ("refuse", "aaxxxx", [2]), ("ignore", "aaaaaa", [6])]
)
@pytest.mark.parametrize("background", ["surface", "off"])
def test_too_strong_a_gradient(
    make_pipeline: MakePipeline, action: str, found: str, stacks: list[int], background: str
) -> None:
    sky = make_sky(gradient=0.0, n_stars=120)
    noise_adu = float(make_pipeline().process(blob_of(sky.expose())).report.stars.noise_adu)
    settings = (f"drift.on_gradient={action}", "drift.gradient_limit=5", f"match.background={background}")
    weak = [blob_of(lit(sky.expose(), (n > 1) * 3 * noise_adu)) for n in range(6)]
    assert words(take(make_pipeline, weak, *settings)[0]) == "aaaaaa"
    strong = [blob_of(lit(sky.expose(), (n > 1) * 9 * noise_adu)) for n in range(6)]
    outcomes, counts = take(make_pipeline, strong, *settings)
    assert (words(outcomes), counts) == (found, stacks)
    if action != "ignore":
        assert outcomes[found.find("R" if "R" in found else "x")].reason == "gradient_limit"


def test_a_reset_by_hand_keeps_the_stack_and_loses_no_sub(make_pipeline: MakePipeline) -> None:
    finished: list[Session] = []
    pipeline = make_pipeline(finished=finished)
    blobs = night(5)
    outcomes = [pipeline.process(blob) for blob in blobs[:3]]
    pipeline.reset()
    outcomes += [pipeline.process(blob) for blob in blobs[3:]]
    assert (words(outcomes), stacks_of(pipeline, finished)) == ("aaaaa", [3, 2])


def test_a_new_stack_is_told_once_when_it_begins(make_pipeline: MakePipeline, caplog: pytest.LogCaptureFixture) -> None:
    empty, other = night(3, n_stars=0, exposure_s=4.0), night(1, exposure_s=4.0)
    with caplog.at_level("INFO", "indistack.pipeline"):
        outcomes, stacks = take(make_pipeline, [*night(2), *empty, *other], "drift.change_patience=1")
    assert (words(outcomes), stacks) == ("aaxxxR", [2, 1])
    assert [line.split(":")[0] for line in caplog.messages] == ["new stack"]
    restarted = outcomes[-1]
    assert isinstance(restarted, Restarted)
    assert restarted.detail.startswith("exposure: ")
