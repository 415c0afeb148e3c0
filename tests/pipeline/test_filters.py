"""A mono camera with a filter wheel: a stack for every filter, and a colour picture of them all."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from astropy.io import fits

from indistack.agent.agent import Agent
from indistack.cli import main
from indistack.config import Config
from indistack.output.snapshots import names, numbers, snapshot
from indistack.picture.linear import levels_of, sky_of
from indistack.pipeline.calibrators import calibrator_factory
from indistack.session.session import Session
from indistack.settings import load
from indistack.values.outcome import Accepted
from simulators.observatory import Observatory
from tests.pipeline.conftest import MakePipeline
from tests.pipeline.night import FakeSource, blob_of, make_sky

LUMINANCE = {"name": "L", "exposure_s": 5.0}
RED = {"name": "Red", "passes": (1.0, 0.0, 0.0), "exposure_s": 20.0}
GREEN = {"name": "Green", "passes": (0.0, 1.0, 0.0), "exposure_s": 15.0}
BLUE = {"name": "Blue", "passes": (0.0, 0.0, 1.0), "exposure_s": 25.0}
LRGB = (LUMINANCE, RED, GREEN, BLUE)


def wheel(*filters: dict[str, Any], **changes: Any) -> Observatory:
    return make_sky(cfa="mono", filters=filters, vignetting=0.0, dust_motes=0, **changes)


def session_of(make_pipeline: MakePipeline, sky: Observatory, subs: int, *overrides: str) -> Session:
    pipeline = make_pipeline(*overrides)
    for _ in range(subs):
        outcome = pipeline.process(blob_of(sky.expose()))
        assert isinstance(outcome, Accepted), outcome
    assert pipeline.session is not None
    return pipeline.session


def subs_of(session: Session) -> dict[str, int]:
    return {name: filter_stack.n_subs for name, filter_stack in session.filter_stacks.items()}


def star_colours(picture: np.ndarray) -> np.ndarray:
    """Red and blue over green of the bright pixels, above the sky."""
    above = picture - np.nanmedian(picture, axis=(0, 1))
    bright = (above > 300).all(axis=2) & (above < 8000).all(axis=2)
    assert bright.sum() > 50
    return np.asarray(np.median(above[bright][:, [0, 2]] / above[bright][:, [1]], axis=0))


def test_filters_in_turn_are_one_session_with_a_stack_for_each(make_pipeline: MakePipeline) -> None:
    sky = wheel(*LRGB, drift_px_per_sub=(1.5, -1.0))
    session = session_of(make_pipeline, sky, 8)
    assert subs_of(session) == {"L": 2, "Red": 2, "Green": 2, "Blue": 2}
    assert names(session) == ["stack", "stack-L", "stack-Red", "stack-Green", "stack-Blue"]
    exposures_s = {name: told["exposure_s"] for name, told in numbers(session).items() if name != "stack"}
    assert exposures_s == {"stack-L": 10.0, "stack-Red": 40.0, "stack-Green": 30.0, "stack-Blue": 50.0}
    assert numbers(session)["stack"] == {"palette": "LRGB", "filters": ["L", "Red", "Green", "Blue"], "why": ""}


def test_the_colours_are_those_of_a_colour_camera(make_pipeline: MakePipeline) -> None:
    """Different exposures and skies, a wheel against a Bayer matrix: the stars have the same colours."""
    mono = snapshot(session_of(make_pipeline, wheel(*LRGB), 4)).picture.rows(slice(None))
    colour_sky = make_sky(vignetting=0.0, dust_motes=0, zero_point_e_per_s=3e7)
    colour = snapshot(session_of(make_pipeline, colour_sky, 2)).picture.rows(slice(None))
    np.testing.assert_allclose(star_colours(mono), star_colours(colour), rtol=0.06)
    assert np.ptp(sky_of(levels_of(mono))) < 1


def test_a_filter_that_comes_back_goes_on_with_its_stack(make_pipeline: MakePipeline) -> None:
    hours_of_red = [RED] * 3 + [GREEN] * 6 + [RED] * 3
    sky = wheel(*hours_of_red, drift_px_per_sub=(2.0, 0.5), events=({"kind": "meridian_flip", "sub": 9},))
    session = session_of(make_pipeline, sky, 12)
    assert subs_of(session) == {"Red": 6, "Green": 6}
    before = session_of(make_pipeline, wheel(*hours_of_red, drift_px_per_sub=(2.0, 0.5)), 3)
    both, early = (one.filter_stacks["Red"].branch_set.main.integration().pixels for one in (session, before))
    inner = slice(60, -60), slice(60, -60)
    bright = early[inner] > np.median(early) + 500
    np.testing.assert_allclose(both[inner][bright], early[inner][bright], rtol=0.2)


def test_pixels_that_one_filter_lacks_are_not_in_the_colour_picture(make_pipeline: MakePipeline) -> None:
    sky = wheel(RED, GREEN, BLUE, drift_px_per_sub=(20.0, 0.0))
    picture = snapshot(session_of(make_pipeline, sky, 3)).picture.rows(slice(None))
    covered = np.isfinite(picture)
    assert (covered.all(axis=2) == covered.any(axis=2)).all()
    assert covered[:, :, 0].mean() == pytest.approx(600 / 640, abs=0.01)


@pytest.mark.parametrize(
    ("filters", "setting", "told"),
    [
        ((RED, GREEN), "auto", ("", ["Red"])),
        (LRGB, "none", ("", ["Blue"])),
        (LRGB, "RGB", ("RGB", ["Red", "Green", "Blue"])),
        (LRGB, "SHO", ("", ["Blue"])),
    ],
)
def test_the_palette_setting_acts(
    make_pipeline: MakePipeline, filters: tuple[dict[str, Any], ...], setting: str, told: tuple[str, list[str]]
) -> None:
    session = session_of(make_pipeline, wheel(*filters), len(filters), f"stack.palette={setting}")
    mix = numbers(session)["stack"]
    assert (mix["palette"], mix["filters"]) == told
    assert bool(mix["why"]) == (not mix["palette"])
    shown = snapshot(session)
    assert len(shown.picture.shape) == (3 if mix["palette"] else 2)
    (line,) = (value for keyword, value, _ in shown.cards if keyword == "HISTORY" and "palette" in str(value))
    assert all(name in str(line) for name in told[1])


def test_narrow_bands_make_a_palette_of_their_own(make_pipeline: MakePipeline) -> None:
    lines = [
        {"name": name, "passes": passes, "exposure_s": 60.0}
        for name, passes in (("H-alpha 7nm", (0.3, 0, 0)), ("OIII", (0, 0.3, 0.3)), ("S2", (0.2, 0, 0)))
    ]
    session = session_of(make_pipeline, wheel(*lines), 3)
    assert numbers(session)["stack"]["filters"] == ["S2", "H-alpha 7nm", "OIII"]
    assert list(session.stacks()) == ["stack-H-alpha-7nm", "stack-OIII", "stack-S2"]
    assert snapshot(session).false_colours, "stars are not made white at the nebula's expense"


def test_filters_whose_names_make_the_same_file_name_have_files_of_their_own(make_pipeline: MakePipeline) -> None:
    odd = [{**RED, "name": name} for name in ("#", "*", "../R")]
    assert list(session_of(make_pipeline, wheel(*odd), 3).stacks()) == ["stack-none", "stack-none-2", "stack-R"]


def test_the_agent_publishes_every_filter_and_the_colours(tmp_path: Path) -> None:
    sky, config = wheel(*LRGB), load(Config, None, ["branches.brightest.method=maximum"])
    blobs = [blob_of(sky.expose()) for _ in range(4)]
    Agent(config, [FakeSource(blobs)], tmp_path, calibrator_factory(config)).run(threading.Event())
    (kept,) = (tmp_path / "sessions").iterdir()
    for folder in (tmp_path, kept):
        for name in ("stack", "brightest"):
            assert fits.getdata(folder / f"{name}.fits").shape == (3, 480, 640)
            assert cv2.imread(str(folder / f"{name}.png")).shape == (480, 640, 3)
            for word in ("L", "Red", "Green", "Blue"):
                assert fits.getdata(folder / f"{name}-{word}.fits").shape == (480, 640)
                assert (folder / f"{name}-{word}.png").stat().st_size > 1000
    header, red = fits.getheader(tmp_path / "stack.fits"), fits.getheader(tmp_path / "stack-Red.fits")
    assert (header["FILTER"], header["NCOMBINE"], header["EXPTIME"]) == ("LRGB", 4, 65.0)
    assert (red["FILTER"], red["NCOMBINE"], red["SUBEXP"]) == ("Red", 1, 20.0)


def test_a_batch_names_its_files_after_the_filters(tmp_path: Path) -> None:
    sky = wheel(RED, GREEN, BLUE)
    for number in range(3):
        (tmp_path / f"sub{number}.fits").write_bytes(sky.expose().to_fits())
    words = ["-o", "M31.fits", "--png", "M31.png", "--report", "M31.json"]
    files = [word if word.startswith("-") else str(tmp_path / word) for word in words]
    assert main(["stack", str(tmp_path / "sub*.fits"), *files]) == 0
    written = {path.name for path in tmp_path.glob("M31*")}
    endings = ("", "-Red", "-Green", "-Blue")
    assert written == {"M31.json"} | {f"M31{ending}.{kind}" for ending in endings for kind in ("fits", "png")}
    assert fits.getdata(tmp_path / "M31.fits").shape == (3, 480, 640)
    report = json.loads((tmp_path / "M31.json").read_text())
    assert set(report["stacks"]) == {"stack", "stack-Red", "stack-Green", "stack-Blue"}


def test_a_batch_says_why_there_is_no_colour(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sky = wheel(RED, GREEN)
    for number in range(2):
        (tmp_path / f"sub{number}.fits").write_bytes(sky.expose().to_fits())
    assert main(["stack", str(tmp_path / "sub*.fits"), "-o", str(tmp_path / "M31.fits")]) == 0
    assert "stack shows filter Red alone: LRGB lacks B, L" in capsys.readouterr().err
