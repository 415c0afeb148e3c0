"""The whole way of a sub in one process; each refusal reason once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indistack.output.snapshots import snapshot
from indistack.session.session import Session
from indistack.store.line_writer import as_line
from indistack.values.blob import Content
from indistack.values.outcome import Accepted, Refused, Restarted
from tests.pipeline.conftest import MakePipeline
from tests.pipeline.night import blob_of, make_sky


def test_good_subs_are_stacked_where_they_belong(make_pipeline: MakePipeline) -> None:
    sky, pipeline = make_sky(drift_px_per_sub=(3.3, -2.2), rotation_deg_per_sub=0.2), make_pipeline()
    for number in range(1, 6):
        exposure = sky.expose()
        outcome = pipeline.process(blob_of(exposure))
        assert isinstance(outcome, Accepted), outcome
        assert outcome.report.stack.n_subs == number
        corners = np.array([[0, 0, 1], [639, 0, 1], [0, 479, 1], [639, 479, 1]]).T
        found, true = (
            np.array(matrix) @ corners for matrix in (outcome.report.place.transform.matrix, exposure.truth.transform)
        )
        assert np.abs(found - true).max() < 0.25
    assert pipeline.session is not None
    assert pipeline.session.stack.integration().exposure_s == 50.0


def test_every_outcome_tells_its_numbers(make_pipeline: MakePipeline) -> None:
    numbers = as_line(make_pipeline().process(blob_of(make_sky().expose())).report)
    for name in (
        "transform", "matched", "rms_px", "stars", "fwhm_px", "eccentricity", "background_adu", "weight", "shift_px",
        "shift_arcsec", "rotation_deg", "stage_ms", "exposure_s", "date_obs", "masters",
    ):  # fmt: skip
        assert name in numbers, name
    assert set(numbers["stage_ms"]) >= {"decode", "calibrate", "stars", "stack"}


def test_a_meridian_flip_goes_on(make_pipeline: MakePipeline) -> None:
    sky = make_sky(events=({"kind": "meridian_flip", "sub": 2},))
    pipeline = make_pipeline()
    outcomes = [pipeline.process(blob_of(sky.expose())) for _ in range(4)]
    assert [type(outcome) for outcome in outcomes] == [Accepted] * 4
    assert abs(outcomes[3].report.place.transform.rotation_deg) == pytest.approx(180, abs=0.1)


def refusal(pipeline: Any, data: Any, name: str = "sub.fits") -> str:
    outcome = pipeline.process(blob_of(data, name))
    assert isinstance(outcome, Refused), outcome
    assert outcome.detail
    return outcome.reason


def huge_header() -> bytes:
    cards = ["SIMPLE  =                    T", "BITPIX  =                   16", "NAXIS   =                    2"]
    cards += ["NAXIS1  =               100000", "NAXIS2  =               100000", "END"]
    return "".join(card.ljust(80) for card in cards).ljust(2880).encode()


def test_bad_bytes_are_refused_with_their_reason_and_the_run_goes_on(make_pipeline: MakePipeline) -> None:
    sky, pipeline = make_sky(), make_pipeline()
    good = sky.expose().to_fits()
    assert isinstance(pipeline.process(blob_of(good)), Accepted)
    assert refusal(pipeline, sky.expose().to_fits()[:100_000]) == "truncated"
    assert refusal(pipeline, b"Dear observer,\nthis is no picture.\n" * 300) == "not_a_frame"
    assert refusal(pipeline, huge_header()) == "too_large"
    assert refusal(pipeline, b"") == "empty"
    assert refusal(pipeline, make_sky(width_px=512).expose()) == "size_changed"
    assert isinstance(pipeline.process(blob_of(sky.expose())), Accepted)


def test_frames_that_are_no_lights_are_refused(make_pipeline: MakePipeline) -> None:
    sky, pipeline = make_sky(), make_pipeline()
    for kind in ("dark", "flat", "bias"):
        assert refusal(pipeline, sky.expose(kind)) == "not_a_light"


def test_a_sub_without_stars_is_refused(make_pipeline: MakePipeline) -> None:
    no_nebula = ({"name": "Dark", "nebula_e_per_s": 0.0},)
    assert refusal(make_pipeline(), make_sky(n_stars=0, targets=no_nebula).expose()) == "too_few_stars"


def test_knots_of_a_nebula_are_no_stars(make_pipeline: MakePipeline) -> None:
    assert refusal(make_pipeline(), make_sky(n_stars=0).expose()) == "clouds"


def test_another_field_is_refused(make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline()
    pipeline.process(blob_of(make_sky().expose()))
    assert refusal(pipeline, make_sky(seed=99).expose(index=1)) == "no_match"


def test_the_same_frame_again_is_recognised_by_its_pixels(make_pipeline: MakePipeline) -> None:
    sky, pipeline = make_sky(), make_pipeline()
    exposure = sky.expose()
    pipeline.process(blob_of(exposure))
    exposure.header["OBSERVER"] = "added by the program that saved the file"
    assert refusal(pipeline, exposure) == "duplicate"
    again = make_pipeline(skip_repeats=False)
    assert [type(again.process(blob_of(exposure))) for _ in range(2)] == [Accepted, Accepted]


def test_only_the_bytes_of_a_decoded_light_are_read_from_the_disk_again(
    make_pipeline: MakePipeline, tmp_path: Path
) -> None:
    sky, pipeline = make_sky(), make_pipeline()
    light, dark = sky.expose().to_fits(), sky.expose("dark").to_fits()
    (tmp_path / "file").write_bytes(b"what is there now")
    for sent, found in ((light, b"what is there now"), (dark, dark), (light[:100_000], light[:100_000])):
        blob = replace(blob_of(sent), content=Content(sent, tmp_path / "file"))
        assert pipeline.process(blob).report.times["decode"] > 0
        assert blob.data == found


@pytest.mark.parametrize(
    ("method", "place"), [("mean", "stacker.integrate"), ("sigma_clip", "stack_branch.integrate_all")]
)
def test_a_bug_costs_one_sub(
    make_pipeline: MakePipeline, monkeypatch: pytest.MonkeyPatch, method: str, place: str
) -> None:
    sky, pipeline = make_sky(), make_pipeline(f"stack.method={method}")
    pipeline.process(blob_of(sky.expose()))
    with monkeypatch.context() as patch:
        patch.setattr(f"indistack.session.{place}", lambda *_: 1 / 0)
        assert refusal(pipeline, sky.expose()) == "internal_error"
    assert isinstance(pipeline.process(blob_of(sky.expose())), Accepted)
    assert pipeline.session is not None
    assert pipeline.session.stack.integration().coverage.max() == pipeline.session.n_subs == 2


def test_memory_that_runs_out_costs_one_sub_and_is_called_so(
    make_pipeline: MakePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    sky, pipeline = make_sky(), make_pipeline()
    pipeline.process(blob_of(sky.expose()))
    with monkeypatch.context() as patch:
        patch.setattr("indistack.session.stack_branch.integrate_all", full)
        patch.setattr("indistack.session.stacker.integrate", full)
        assert refusal(pipeline, sky.expose()) == "no_memory"
    assert isinstance(pipeline.process(blob_of(sky.expose())), Accepted)


def test_drift_beyond_the_limit_starts_a_new_stack_with_the_sub_that_triggers_it(make_pipeline: MakePipeline) -> None:
    finished: list[Session] = []
    sky = make_sky(drift_px_per_sub=(20.0, 0.0))
    pipeline = make_pipeline('drift.limit="50 px"', "drift.patience=2", finished=finished)
    outcomes = [pipeline.process(blob_of(sky.expose())) for _ in range(6)]
    words = [outcome.word for outcome in outcomes]
    assert words == ["accepted"] * 4 + ["restarted", "accepted"]
    assert outcomes[4].reason == "drift_limit"
    assert [session.n_subs for session in finished] == [4]
    assert pipeline.session is not None
    assert pipeline.session.n_subs == 2


def test_a_new_stack_is_not_aligned_to_the_reference_that_was_asked_for(make_pipeline: MakePipeline) -> None:
    sky = make_sky(drift_px_per_sub=(20.0, 0.0))
    pipeline = make_pipeline('drift.limit="50 px"', "drift.patience=1", skip_repeats=False)
    pipeline.align_to(pipeline.look(blob_of(sky.expose(index=0))))
    outcomes = [pipeline.process(blob_of(sky.expose(index=number))) for number in range(5)]
    assert [outcome.word for outcome in outcomes] == ["accepted"] * 3 + ["restarted", "accepted"]
    assert np.allclose(outcomes[3].report.place.shift_px, 0)
    assert np.hypot(*outcomes[4].report.place.shift_px) == pytest.approx(20, abs=0.5)


def test_a_slew_starts_a_new_stack_when_the_new_field_is_seen(make_pipeline: MakePipeline) -> None:
    targets = ({"name": "A"}, {"name": "B", "ra_deg": 10.0, "dec_deg": 41.0})
    sky = make_sky(targets=targets, events=({"kind": "slew", "sub": 3, "target": "B"},))
    finished: list[Session] = []
    pipeline = make_pipeline("drift.change_patience=2", finished=finished)
    outcomes = [pipeline.process(blob_of(sky.expose())) for _ in range(6)]
    restarts = [outcome for outcome in outcomes if isinstance(outcome, Restarted)]
    assert len(restarts) == 1
    assert [session.n_subs for session in finished] == [3]


def test_a_stack_is_restarted_by_hand(make_pipeline: MakePipeline) -> None:
    finished: list[Session] = []
    sky, pipeline = make_sky(), make_pipeline(finished=finished)
    pipeline.process(blob_of(sky.expose()))
    pipeline.reset()
    pipeline.process(blob_of(sky.expose()))
    assert [session.n_subs for session in finished] == [1]
    assert pipeline.session is not None
    assert pipeline.session.n_subs == 1


def test_the_snapshot_carries_the_references_header_with_what_changed_made_true(make_pipeline: MakePipeline) -> None:
    sky, pipeline = make_sky(), make_pipeline()
    for _ in range(3):
        pipeline.process(blob_of(sky.expose()))
    assert pipeline.session is not None
    cards = {keyword: value for keyword, value, _ in snapshot(pipeline.session).cards}
    assert (cards["NCOMBINE"], cards["EXPTIME"], cards["OBJECT"]) == (3, 30.0, "Simulated Nebula")
    assert "BAYERPAT" not in cards
    assert cards["DATE-OBS"] < cards["DATE-END"]
