"""Several stacks from the same subs at once."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from indistack.agent.agent import Agent
from indistack.agent.status import StatusFile
from indistack.cli import main
from indistack.config import Config
from indistack.errors import SettingsError
from indistack.output.publisher import Publisher
from indistack.pipeline.calibrators import calibrator_factory
from indistack.pipeline.pipeline import Pipeline
from indistack.session.session import Session
from indistack.settings import load
from indistack.stack import BranchSettings
from indistack.store.line_writer import as_line
from indistack.values.blob import Blob
from indistack.values.outcome import Accepted
from tests.pipeline.conftest import MakePipeline
from tests.pipeline.night import FakeSource, blob_of, make_sky

BRANCHES: dict[str, dict[str, Any]] = {
    "brightest": {"method": "maximum"},
    "newest": {"method": "mean", "last": 3},
    "clean": {"method": "sigma_clip"},
    "landscape": {"method": "mean", "follow": "camera"},
    "some": {"method": "mean", "every": 3, "weight": "equal"},
    "ground": {"method": "trails", "follow": "camera"},
}


FREE = ("align.grow_reference=false", "calibrate.hot_pixels=false")
"""What a sub is to a stack does not depend on the subs and the stacks before it."""


@pytest.fixture(scope="module")
def night() -> list[Blob]:
    """Eight subs of a field that drifts and turns."""
    sky = make_sky(width_px=320, height_px=240, n_stars=60, drift_px_per_sub=(2.5, -1.5), rotation_deg_per_sub=0.3)
    return [blob_of(sky.expose()) for _ in range(8)]


def words(table: str, settings: dict[str, Any]) -> list[str]:
    return [f"{table}.{key}={json.dumps(value)}" for key, value in settings.items()]


def branch_words(*names: str) -> list[str]:
    return [word for name in names for word in words(f"branches.{name}", BRANCHES[name])]


def stacked(pipeline: Pipeline, blobs: list[Blob]) -> Session:
    for blob in blobs:
        outcome = pipeline.process(blob)
        assert isinstance(outcome, Accepted), outcome
    assert pipeline.session is not None
    return pipeline.session


def pixels_of(session: Session, name: str = "stack") -> np.ndarray:
    stack = session.stacks()[name][1].integration()
    weight = stack.weight[..., np.newaxis] if stack.weight.ndim < stack.pixels.ndim else stack.weight
    return np.where(weight > 0, stack.pixels, np.nan)


def test_stacks_made_at_once_are_those_made_alone(make_pipeline: MakePipeline, night: list[Blob]) -> None:
    together = stacked(make_pipeline(*FREE, *branch_words(*BRANCHES)), night)
    assert list(together.stacks()) == ["stack", *BRANCHES]
    for name, settings in BRANCHES.items():
        alone = stacked(make_pipeline(*FREE, *words("stack", settings)), night)
        np.testing.assert_array_equal(pixels_of(together, name), pixels_of(alone), err_msg=name)
    np.testing.assert_array_equal(pixels_of(together), pixels_of(stacked(make_pipeline(*FREE), night)))


def test_the_newest_subs_are_a_mean_of_their_own(make_pipeline: MakePipeline, night: list[Blob]) -> None:
    session = stacked(make_pipeline(*FREE, *branch_words("newest")), night)
    method = session.stacks()["newest"][1].method
    assert (method.tally.n_subs, method.tally.exposure_s) == (3, 30.0)
    last_three = make_pipeline(*FREE, "stack.method=mean")
    last_three.align_to(last_three.look(night[0]))
    expected = pixels_of(stacked(last_three, night[5:]))
    found = pixels_of(session, "newest")
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_every_third_sub(make_pipeline: MakePipeline, night: list[Blob]) -> None:
    session = stacked(make_pipeline(*FREE, *branch_words("some")), night)
    assert session.stacks()["some"][1].method.tally.n_subs == 3
    thirds = stacked(make_pipeline(*FREE, "stack.method=mean", "stack.weight=equal"), night[::3])
    np.testing.assert_array_equal(pixels_of(session, "some"), pixels_of(thirds))


def test_what_follows_the_camera_is_not_moved(make_pipeline: MakePipeline, night: list[Blob]) -> None:
    session = stacked(make_pipeline(*branch_words("landscape")), night)
    assert np.isfinite(pixels_of(session, "landscape")).all()
    assert np.isnan(pixels_of(session)).sum() == 0  # the reference covers its own canvas
    sharp, smeared = (pixels_of(session, name)[..., 1].max() for name in ("stack", "landscape"))
    assert sharp > 1.5 * smeared


def test_a_branch_that_comes_or_goes_leaves_the_others_alone(make_pipeline: MakePipeline, night: list[Blob]) -> None:
    pipeline = make_pipeline(*branch_words("brightest", "newest"))
    session = stacked(pipeline, night[:3])
    session.open_branch("late", BranchSettings(method="maximum"))
    session.drop_branch("brightest")
    stacked(pipeline, night[3:])
    assert list(session.stacks()) == ["stack", "newest", "late"]
    undisturbed = stacked(make_pipeline(*branch_words("newest")), night)
    for name in ("stack", "newest"):
        np.testing.assert_array_equal(pixels_of(session, name), pixels_of(undisturbed, name))
    assert session.stacks()["late"][1].method.tally.n_subs == 5


def test_the_main_stack_cannot_be_dropped(make_pipeline: MakePipeline, night: list[Blob]) -> None:
    session = stacked(make_pipeline(), night[:1])
    session.drop_branch("stack")
    assert list(session.stacks()) == ["stack"]


def test_ledger_tells_what_each_stack_costs(make_pipeline: MakePipeline, night: list[Blob]) -> None:
    pipeline = make_pipeline(*branch_words("brightest", "some"))
    first, second = (pipeline.process(blob).report.stack.branch_ms for blob in night[:2])
    assert list(first) == ["stack", "brightest", "some"]
    assert min(first.values()) > 0
    assert second["stack"] > 0
    assert second["some"] == first["some"], "a sub that a stack does not take costs it nothing"


def test_the_noise_falls_as_the_weights_say(make_pipeline: MakePipeline, night: list[Blob]) -> None:
    pipeline = make_pipeline("stack.weight=equal")
    gains = [as_line(pipeline.process(blob).report) for blob in night]
    ideal = [one["snr_gain_ideal"] for one in gains]
    np.testing.assert_allclose(ideal, np.sqrt(np.arange(1, 9)), rtol=0.01)
    assert gains[0]["snr_gain"] == 1
    for one in gains[1:]:
        assert 0.75 < one["snr_gain"] / one["snr_gain_ideal"] < 1.2  # in so small a field stars are everywhere
        assert one["stack_noise_adu"] == pytest.approx(gains[0]["stack_noise_adu"] / one["snr_gain"])


def published(folder: Path, pattern: str = "*.fits") -> dict[str, int]:
    """Subs in each FITS file of a folder."""
    return {path.stem: fits.getheader(path)["NCOMBINE"] for path in sorted(folder.glob(pattern))}


def test_the_agent_publishes_and_keeps_all_stacks(tmp_path: Path, night: list[Blob]) -> None:
    config = load(Config, None, [*branch_words("brightest", "newest"), 'branches.brightest.operators=["stf"]'])
    Agent(config, [FakeSource(night[:5])], tmp_path, calibrator_factory(config)).run(threading.Event())
    (kept,) = (tmp_path / "sessions").iterdir()
    for folder in (tmp_path, kept):
        assert published(folder) == {"brightest": 5, "newest": 3, "stack": 5}
        assert {path.stem for path in folder.glob("*.png")} == {"brightest", "newest", "stack"}


def test_status_tells_of_every_stack(tmp_path: Path, make_pipeline: MakePipeline, night: list[Blob]) -> None:
    session = stacked(make_pipeline(*branch_words("brightest", "newest")), night[:5])
    StatusFile(tmp_path / "status.json", lambda: datetime(2024, 8, 10, tzinfo=UTC)).write("running", session, {})
    status = json.loads((tmp_path / "status.json").read_text())["stacks"]
    assert {name: (one["method"], one["n_subs"]) for name, one in status.items()} == {
        "stack": ("sigma_clip", 5), "brightest": ("maximum", 5), "newest": ("mean", 3)
    }  # fmt: skip
    assert all(one["ms"] > 0 for one in status.values())
    assert status["stack"]["snr_gain"] > 1.5


def test_operators_of_a_branch_make_its_picture(tmp_path: Path, night: list[Blob], make_pipeline: MakePipeline) -> None:
    session = stacked(make_pipeline("branches.raw.method=mean", "branches.raw.operators=[]"), night[:1])
    publisher = Publisher(tmp_path, Config())
    (tmp_path / "kept").mkdir()
    publisher.finish(session, tmp_path / "kept")
    publisher.close()
    stretched, raw = ((tmp_path / f"{name}.png").stat().st_size for name in ("stack", "raw"))
    assert raw < stretched / 10, "without a stretch everything above 1 ADU is white"


def test_files_of_a_dropped_branch_stay_as_they_were(
    tmp_path: Path, make_pipeline: MakePipeline, night: list[Blob]
) -> None:
    pipeline, publisher = make_pipeline(*branch_words("brightest")), Publisher(tmp_path, Config())
    (tmp_path / "kept").mkdir()
    session = stacked(pipeline, night[:2])
    publisher.finish(session, tmp_path / "kept")
    session.drop_branch("brightest")
    stacked(pipeline, night[2:5])
    publisher.finish(session, tmp_path / "kept")
    publisher.close()
    assert published(tmp_path) == published(tmp_path / "kept") == {"brightest": 2, "stack": 5}


def test_batch_writes_further_stacks_beside_the_main_one(tmp_path: Path, night: list[Blob]) -> None:
    for number, blob in enumerate(night[:4]):
        (tmp_path / f"sub{number}.fits").write_bytes(blob.data)
    out = [str(tmp_path / name) for name in ("M31.fits", "M31.png", "M31.json")]
    options = ["-o", out[0], "--png", out[1], "--report", out[2], "--branch", "brightest=maximum", "--branch", "b=mean"]
    assert main(["stack", str(tmp_path / "sub*.fits"), *options, "--set", "branches.b.last=2"]) == 0
    assert {path.name for path in tmp_path.glob("M31*.png")} == {"M31.png", "M31-brightest.png", "M31-b.png"}
    assert published(tmp_path, "M31*.fits") == {"M31": 4, "M31-brightest": 4, "M31-b": 2}
    report = json.loads(Path(out[2]).read_text())
    assert report["stack"]["n_subs"] == 4
    assert {name: (one["method"], one["n_subs"], one["exposure_s"]) for name, one in report["stacks"].items()} == {
        "stack": ("sigma_clip", 4, 40.0), "brightest": ("maximum", 4, 40.0), "b": ("mean", 2, 20.0)
    }  # fmt: skip


@pytest.mark.parametrize(
    ("setting", "word"),
    [
        ("branches.stack.method=mean", "stack"),
        ("branches.Trails.method=mean", "Trails"),
        ('branches.a.operators=["sharpen"]', "sharpen"),
        ("branches.a.method=magic", "magic"),
    ],
)
def test_a_branch_that_cannot_be_is_named(setting: str, word: str) -> None:
    with pytest.raises(SettingsError, match=word):
        load(Config, None, [setting])


@pytest.mark.parametrize("maps", [False, True])
def test_maps_are_written_where_they_are_asked_for(tmp_path: Path, night: list[Blob], maps: bool) -> None:
    for number, blob in enumerate(night):
        (tmp_path / f"sub{number}.fits").write_bytes(blob.data)
    options = [
        "-o",
        str(tmp_path / "M31.fits"),
        "--method",
        "mean",
        "--branch",
        "clean=sigma_clip",
        *(["--maps"] if maps else []),
    ]
    assert main(["stack", str(tmp_path / "sub*.fits"), *options]) == 0
    names = {"M31": ["COVERAGE", "WEIGHT", "NOISE"], "M31-clean": ["COVERAGE", "WEIGHT", "NOISE", "REJECTED"]}
    for stem, expected in names.items():
        with fits.open(tmp_path / f"{stem}.fits") as hdus:
            assert [hdu.name for hdu in hdus[1:]] == [*(expected if maps else ["COVERAGE"]), "CLIPPED"]
            for hdu in hdus[1:-1]:
                assert hdu.data.shape == (240, 320)
            assert hdus["CLIPPED"].data.shape == (60, 80)
            assert 0 < hdus["CLIPPED"].data.max() <= 1
            assert hdus["COVERAGE"].data.max() == 8


def test_the_agent_writes_maps_too(tmp_path: Path, night: list[Blob]) -> None:
    config = load(Config, None, ["publish.maps=true"])
    Agent(config, [FakeSource(night[:3])], tmp_path, calibrator_factory(config)).run(threading.Event())
    with fits.open(tmp_path / "stack.fits") as hdus:
        assert [hdu.name for hdu in hdus] == ["PRIMARY", "COVERAGE", "WEIGHT", "NOISE", "REJECTED", "CLIPPED"]
