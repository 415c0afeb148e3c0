"""One odd sub among good ones: the stack is that of the others, and the ledger tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from indistack.grading.noise_weights import MOST_WEIGHT, STEADY_SIGMA
from indistack.pipeline.one_picture import OnePicture
from indistack.pipeline.pipeline import Pipeline
from indistack.session.session import Session
from indistack.values.blob import Blob
from indistack.values.outcome import Outcome, Restarted
from simulators.fits import fits_bytes
from simulators.observatory import Exposure
from tests.pipeline.conftest import MakePipeline
from tests.pipeline.night import blob_of, make_sky
from tests.pipeline.spoilers import HARMLESS, MOVED, REPEATED, SPOILERS, Pixels, Spoiler, halves_exchanged

N_SUBS = 8
LOST = 2
"""Subs that a live stack may lose beside the odd one, where that was its first."""


BEGIN_ANEW = {"odd_reference", "mosaic_changed", "new_target", "drift_limit"}
"""Reasons of a live stack that begins anew as its first sub is none."""


@dataclass
class Night:
    """Blobs of which one is odd."""

    blobs: list[Blob]
    odd: int

    @property
    def good(self) -> list[Blob]:
        return [blob for number, blob in enumerate(self.blobs) if number != self.odd]


def spoilt(exposure: Exposure, spoil: Spoiler) -> bytes:
    pixels = spoil(exposure.pixels.astype(float), float(exposure.truth.pedestal_adu))
    return fits_bytes(np.rint(pixels).astype(np.uint16), exposure.header)


@cache
def exposures_of(cfa: str) -> list[Exposure]:
    sky = make_sky(cfa=cfa, width_px=320, height_px=240, drift_px_per_sub=(1.3, -0.7))
    return [sky.expose() for _ in range(N_SUBS)]


def night(cfa: str, odd: int, spoiler: str) -> Night:
    exposures = exposures_of(cfa)
    blobs = [blob_of(exposure, f"L_{number}.fits") for number, exposure in enumerate(exposures)]
    if spoiler == REPEATED:
        blobs[odd] = blob_of(exposures[odd - 1 if odd else 1], f"L_{odd}.fits")
    else:
        blobs[odd] = blob_of(spoilt(exposures[odd], (SPOILERS | MOVED)[spoiler]), f"L_{odd}.fits")
    return Night(blobs, odd)


def batch(pipeline: Pipeline, blobs: Sequence[Blob]) -> list[Outcome]:
    one_picture, outcomes = OnePicture(pipeline), dict[int, Outcome]()
    for blob in blobs:
        outcomes |= one_picture.process(blob)
    return [outcomes[number] for number in sorted(outcomes)]


def live(pipeline: Pipeline, blobs: Sequence[Blob]) -> list[Outcome]:
    return [pipeline.process(blob) for blob in blobs]


def picture_of(pipeline: Pipeline) -> Pixels:
    """Planes first, float64."""
    assert pipeline.session is not None
    pipeline.session.complete()
    pixels = np.asarray(pipeline.session.stack.integration().pixels, np.float64)
    return pixels.reshape(*pixels.shape[:2], -1).transpose(2, 0, 1)


def the_others(make_pipeline: MakePipeline, of: Night, session: Session, method: str, **options: bool) -> Pixels:
    """The stack of the good subs alone, on the same reference."""
    pipeline = make_pipeline(f'stack.method="{method}"', "drift.enabled=false", **options)
    pipeline.align_to(next(pipeline.look(blob) for blob in of.blobs if blob.origin == session.reference.name))
    batch(pipeline, of.good)
    return picture_of(pipeline)


def require_the_others(found: Pixels, expected: Pixels) -> None:
    """The two differ by less than the noise, and nowhere by a step."""
    difference = found - expected
    bends = np.diff(expected, 2, axis=-1)
    noise_adu = 1.4826 * np.nanmedian(np.abs(bends)) / 6**0.5
    assert np.nanmedian(np.abs(difference)) < noise_adu
    for plane in difference:
        for part in np.array_split(plane, 4, axis=0):
            assert abs(np.nanmedian(part)) < 0.5 * noise_adu


METHODS = ("mean", "auto", "median")
EACH = [(spoiler, odd, cfa) for spoiler in (*SPOILERS, REPEATED) for odd in (0, 4) for cfa in ("mono", "RGGB")]
EACH += [(spoiler, odd, "RGGB") for spoiler in MOVED for odd in (0, 4)]
EACH = [
    case for case in EACH if case[:2] != (halves_exchanged.__name__, 0)
]  # half the field is beside such a reference
CASES = [
    pytest.param(*case, METHODS[number % len(METHODS)], marks=[pytest.mark.slow][: number % 3])
    for number, case in enumerate(EACH)
]


@pytest.mark.parametrize(("spoiler", "odd", "cfa", "method"), CASES)
def test_whatever_one_sub_is_a_picture_is_that_of_the_others(
    make_pipeline: MakePipeline, spoiler: str, odd: int, cfa: str, method: str
) -> None:
    of = night(cfa, odd, spoiler)
    pipeline = make_pipeline(f'stack.method="{method}"', "drift.enabled=false", exact=True)
    outcomes = batch(pipeline, of.blobs)
    assert pipeline.session is not None
    refused = [number for number, outcome in enumerate(outcomes) if outcome.word != "accepted"]
    assert refused in ([], [odd]) or (spoiler == REPEATED and refused == [1])
    others = [one for place, one in enumerate(outcomes) if place != odd]
    require_told(outcomes[refused[0] if refused else odd], others, SPOILERS.get(spoiler) in HARMLESS)
    expected = the_others(make_pipeline, of, pipeline.session, method, exact=True)
    require_the_others(picture_of(pipeline), expected)


def require_told(odd: Outcome, others: Sequence[Outcome], is_harmless: bool) -> None:
    """It is refused with a reason, or counts hardly more than others, and what is odd about it can be read."""
    if odd.word == "refused":
        assert odd.reason in (
            "clouds",
            "duplicate",
            "torn",
            "mosaic_changed",
            "no_match",
            "too_few_stars",
            "obstructed",
        )
        return
    report = odd.report
    assert report.stack is not None
    assert report.photometry is not None
    assert report.masters is not None
    weights = [one.report.stack.weight or 0 for one in others if one.report.stack is not None]
    assert 0 < (report.stack.weight or 0) < (MOST_WEIGHT if is_harmless else 2) * np.median(weights)
    assert (
        is_harmless
        or report.masters.warnings
        or not 0.6 < (report.photometry.transparency or 1) < 1.7
        or report.photometry.uneven_sigma > STEADY_SIGMA
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spoiler", "cfa"), [(one, cfa) for one in SPOILERS for cfa in ("mono", "RGGB")] + [(one, "RGGB") for one in MOVED]
)
def test_a_live_stack_recovers_from_an_odd_first_sub(make_pipeline: MakePipeline, spoiler: str, cfa: str) -> None:
    of, finished = night(cfa, 0, spoiler), list[Session]()
    pipeline = make_pipeline("stack.method=mean", finished=finished)
    outcomes = live(pipeline, of.blobs)
    assert pipeline.session is not None
    begun = [number for number, outcome in enumerate(outcomes) if isinstance(outcome, Restarted)]
    assert begun in ([], [2], [3])
    assert {outcomes[number].reason for number in begun} <= {
        "odd_reference",
        "mosaic_changed",
        "new_target",
        "drift_limit",
    }
    assert {outcome.word for outcome in outcomes[4:]} == {"accepted"}
    assert pipeline.session.n_subs >= N_SUBS - 1 - LOST
    of.blobs[1 : begun[0] if begun else 1] = []
    require_the_others(picture_of(pipeline), the_others(make_pipeline, of, pipeline.session, "mean"))


def under_a_coloured_sky(exposure: Exposure, moved: bool, seed: int) -> Blob:
    """So that the pixels alone tell where green lies."""
    sky = np.array([[3000, 2000], [2000, 1000]])
    cells = np.tile(sky, np.array(exposure.pixels.shape) // 2)
    pixels = exposure.pixels + np.random.default_rng(seed).poisson(cells)
    return blob_of(fits_bytes(np.roll(pixels, int(moved), 1).astype(np.uint16), exposure.header))


@pytest.mark.parametrize(("moved", "advised"), [(2, False), (0, True)])
def test_a_mosaic_that_moves_for_a_sub_is_no_reason_for_advice(
    make_pipeline: MakePipeline, caplog: pytest.LogCaptureFixture, moved: int, advised: bool
) -> None:
    sky = make_sky(cfa="RGGB")
    subs = [under_a_coloured_sky(sky.expose(), number == moved, number) for number in range(moved + 2)]
    outcomes = live(make_pipeline(), subs)
    assert [number for number, outcome in enumerate(outcomes) if outcome.reason == "mosaic_changed"] == [moved or 1]
    assert outcomes[moved].report.masters is not None
    assert "decode.bayer_of" in "".join(outcomes[moved].report.masters.warnings)
    assert ("where all frames say so" in caplog.text) is advised  # where nothing is known yet, it is told


def test_what_the_settings_do_not_want_does_not_begin_anew(make_pipeline: MakePipeline) -> None:
    outcomes = live(make_pipeline('drift.on_odd_reference="ignore"'), night("mono", 0, "smoothed").blobs[:4])
    assert [outcome.word for outcome in outcomes] == ["accepted"] * 4
    weights = [outcome.report.stack.weight for outcome in outcomes if outcome.report.stack is not None]
    assert weights[2:] == pytest.approx([weights[0]] * 2, rel=0.2)  # relative to the others, no more to the first


def test_a_first_sub_of_another_field_is_left_out_of_a_picture(make_pipeline: MakePipeline) -> None:
    other = blob_of(make_sky(cfa="mono", width_px=320, height_px=240, seed=5).expose(), "other.fits")
    blobs = [other, *night("mono", 0, REPEATED).good[:4]]
    outcomes = batch(make_pipeline("drift.enabled=false"), blobs)
    assert [outcome.word for outcome in outcomes] == ["refused", *["accepted"] * 4]
    assert outcomes[0].reason == "no_match"


def test_a_first_sub_of_another_exposure_is_left_out_of_a_picture(make_pipeline: MakePipeline) -> None:
    sky = make_sky(width_px=320, height_px=240, events=({"kind": "exposure", "sub": 1, "exposure_s": 20.0},))
    outcomes = batch(make_pipeline("drift.enabled=false"), [blob_of(sky.expose()) for _ in range(4)])
    assert [outcome.word for outcome in outcomes] == ["refused", *["accepted"] * 3]
    assert outcomes[0].reason == "exposure_changed"
