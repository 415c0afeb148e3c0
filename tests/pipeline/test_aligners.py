"""Aligners in the whole way of a sub: what is chosen, told and judged."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from indistack.errors import FrameError
from indistack.pipeline.pipeline import Pipeline
from indistack.store.line_writer import as_line
from indistack.values.blob import Blob, Content
from indistack.values.outcome import Accepted, Outcome, Refused
from simulators.fits import fits_bytes
from tests.pipeline.conftest import MakePipeline
from tests.pipeline.night import blob_of, make_sky


def taken(pipeline: Pipeline, files: list[Path]) -> list[Outcome]:
    now = datetime(2024, 8, 10, 21, tzinfo=UTC)
    return [
        pipeline.process(Blob(Content(path.read_bytes()), path.suffix, "camera", path.name, now, path))
        for path in files
    ]


def test_subs_aligned_each_to_the_one_before_lie_where_they_belong(make_pipeline: MakePipeline) -> None:
    sky, pipeline = make_sky(drift_px_per_sub=(3.3, -2.2)), make_pipeline("align.against=previous")
    corners = np.array([[0, 0, 1], [639, 0, 1], [0, 479, 1], [639, 479, 1]]).T
    rms = []
    for _ in range(5):
        exposure = sky.expose()
        outcome = pipeline.process(blob_of(exposure))
        assert isinstance(outcome, Accepted), outcome
        found = np.array(outcome.report.place.transform.matrix) @ corners
        assert np.abs(found - exposure.truth.transform @ corners).max() < 0.5
        rms.append(outcome.report.place.transform.rms_px)
    assert rms == sorted(rms)  # the errors of the links add up
    assert rms[-1] > 1.5 * rms[1]


def test_auto_aligns_stars_by_stars_and_tells_why(make_pipeline: MakePipeline) -> None:
    sky, named, auto = make_sky(drift_px_per_sub=(3.3, -2.2)), make_pipeline("align.method=asterism"), make_pipeline()
    for _ in range(3):
        blob = blob_of(sky.expose())
        numbers = [as_line(one.process(blob).report) for one in (named, auto)]
        assert numbers[0]["transform"] == numbers[1]["transform"]
        assert [one["align_method"] for one in numbers] == ["asterism", "asterism"]
    assert "stars" in numbers[1]["align_reason"]
    assert auto.session.reference.scene.luminance is None  # what stars align by is all that is kept
    assert numbers[0]["align_reason"] == "chosen in the settings"


@pytest.mark.parametrize(
    ("folder", "method"),
    [("planetary/moon", "disk"), ("planetary/jupiter", "disk"), ("released/planetary/saturn", "centroid")],
)
def test_auto_aligns_the_moon_and_planets(
    make_pipeline: MakePipeline, shared_data: Path, folder: str, method: str
) -> None:
    pipeline = make_pipeline("drift.enabled=false")
    outcomes = taken(pipeline, sorted((shared_data / folder).glob("*.png")))
    assert [type(outcome) for outcome in outcomes] == [Accepted] * 10
    assert {outcome.report.aligner.method for outcome in outcomes} == {method}
    assert {outcome.report.stack.weight for outcome in outcomes} == {1.0}


def test_the_moon_by_its_limb_and_by_its_face_lies_in_the_same_place(
    make_pipeline: MakePipeline, shared_data: Path
) -> None:
    files = sorted((shared_data / "planetary" / "moon").glob("*.png"))
    by_limb, by_face = (
        np.array([one.report.place.shift_px for one in taken(make_pipeline(f"align.method={name}"), files)])
        for name in ("disk", "phase")
    )
    assert np.abs(by_limb[-1]).max() > 100
    assert np.abs(by_limb - by_face).max() < 0.15


def test_cloudy_skies_are_refused_by_auto(make_pipeline: MakePipeline, shared_data: Path) -> None:
    for path in sorted((shared_data / "allsky_negative").glob("*.jpg")):
        (outcome,) = taken(make_pipeline("align.method=auto"), [path])
        assert isinstance(outcome, Refused), path.name


def test_a_scene_without_stars_is_judged_by_its_light_alone(make_pipeline: MakePipeline) -> None:
    empty = make_sky(n_stars=0, targets=({"name": "Dark", "nebula_e_per_s": 0.0},)).expose()
    assert make_pipeline().process(blob_of(empty)).reason == "too_few_stars"
    assert isinstance(make_pipeline("align.method=none").process(blob_of(empty)), Accepted)
    bright = make_pipeline("align.method=none", "quality.max_background=0.001").process(blob_of(empty))
    assert bright.reason == "background_too_high"


def sun(x: float, y: float, radius: float, number: int) -> Blob:
    """A bright disk, or what is left of it in the frame."""
    rows, columns = np.mgrid[:240, :320]
    disk = 20000 * np.clip(radius + 0.5 - np.hypot(columns - x, rows - y), 0, 1)
    noisy = disk + np.random.default_rng(number).normal(100, 6, disk.shape)
    header = {"EXPTIME": 0.01, "DATE-OBS": f"2026-10-01T10:00:{number:02d}"}
    return blob_of(fits_bytes(np.rint(noisy).astype(np.uint16), header), f"S_{number}.fits")


@pytest.mark.parametrize(("method", "radius", "reason"), [("disk", 60.0, "no_limb"), ("centroid", 5.0, "no_star")])
def test_a_frame_that_shows_nothing_is_no_reference(
    make_pipeline: MakePipeline, method: str, radius: float, reason: str
) -> None:
    pipeline = make_pipeline(f"align.method={method}")
    blank = pipeline.process(sun(-900, -900, radius, 0))
    assert (blank.word, blank.reason) == ("refused", reason)
    with pytest.raises(FrameError, match=reason):
        pipeline.look(sun(-900, -900, radius, 1))
    outcomes = [pipeline.process(sun(120 + 3 * number, 110, radius, number)) for number in range(2, 5)]
    assert [outcome.word for outcome in outcomes] == ["accepted"] * 3


def test_a_planet_that_jumps_is_followed_by_auto_while_it_is_alone(make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline("align.method=auto", "drift.enabled=false")
    subs = [sun(60 + 70 * number, 110, 5.0, number) for number in range(4)]  # beyond the search box of the first
    outcomes = [pipeline.process(subs[number]) for number in (0, 3, 1, 2)]
    assert [outcome.word for outcome in outcomes] == ["accepted"] * 4
    assert {outcome.report.aligner.method for outcome in outcomes} == {"centroid"}
    shifts = [outcome.report.place.shift_px[0] for outcome in outcomes]
    assert shifts == pytest.approx([0, -210, -70, -140], abs=0.1)


def test_a_small_planet_has_no_limb_and_is_told_what_serves(make_pipeline: MakePipeline) -> None:
    refused = make_pipeline("align.method=disk").process(sun(160, 110, 9.0, 0))
    assert (refused.word, refused.reason) == ("refused", "no_limb")
    assert 'align.method = "auto"' in refused.detail


def test_rows_in_the_other_order_are_told_where_a_sub_does_not_fit(make_pipeline: MakePipeline) -> None:
    sky = make_sky(cfa="mono", width_px=320, height_px=240)
    plain, mirrored = sky.expose(), sky.expose()
    turned = blob_of(fits_bytes(mirrored.pixels[::-1].copy(), mirrored.header | {"ROWORDER": "BOTTOM-UP"}))
    told, tried = make_pipeline(), make_pipeline("align.mirrored=auto")
    for pipeline in (told, tried):
        assert pipeline.process(blob_of(plain)).word == "accepted"
    refused = told.process(turned)
    assert (refused.word, refused.reason) == ("refused", "no_match")
    assert 'align.mirrored = "auto"' in refused.detail
    assert tried.process(turned).word == "accepted"
