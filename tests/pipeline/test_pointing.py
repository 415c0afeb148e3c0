"""What a person points at in a sub: a comet that is then followed, a box that the next stack is aligned by."""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from indistack.commands import AlignByBox, Command, MarkComet, Set
from indistack.output.sub_previews import glimpse_of, picture_of
from indistack.resume.pointing import Mark, _stored, motion_of
from indistack.resume.session_settings import settings_of
from indistack.store.session_folders import SessionFolders
from indistack.store.session_reader import PastSession
from indistack.values.blob import Blob
from indistack.values.frame import FrameInfo, RawFrame
from tests.pipeline.night import blob_of, make_sky
from tests.pipeline.sessions import agent_of, cut_power, lines_of, pixels, run
from tests.pipeline.test_comet import START_XY, peak_adu, with_comet

SUBS = 5


@pytest.fixture(scope="module")
def night() -> tuple[list[Blob], list[str]]:
    """Subs with a comet, and where it is in each, as a finger on the sub's picture says it."""
    sky = make_sky(cfa="mono", drift_px_per_sub=(2.4, 1.1), pause_s=170.0)
    blobs, places, since = [], [], None
    for _ in range(SUBS):
        exposure = sky.expose()
        since = since or datetime.fromisoformat(exposure.truth.date_obs)
        bare = exposure.pixels.astype(float)
        exposure = with_comet(exposure, since)
        lit = cv2.GaussianBlur(exposure.pixels - bare, (0, 0), 2)
        y, x = np.unravel_index(int(np.argmax(lit)), lit.shape)
        blobs.append(blob_of(exposure))
        places.append(f"{(x + 0.5) / lit.shape[1]:.6f},{(y + 0.5) / lit.shape[0]:.6f}")
    return blobs, places


@pytest.mark.slow
def test_two_marks_tell_how_a_comet_moves_and_the_stack_follows_it(
    tmp_path: Path, night: tuple[list[Blob], list[str]]
) -> None:
    blobs, places = night
    marks: list[Command] = [MarkComet(1, places[0]), MarkComet(4, places[3])]
    session = run(tmp_path, [*blobs, *marks, Set("stack.method", "comet")])
    assert peak_adu(pixels(session), START_XY) == pytest.approx(3000, rel=0.1)
    (set_line,) = [line for line in lines_of(session) if line.get("name") == "comet"]
    assert set_line["settings"]["value"]["first"] == pytest.approx(START_XY, abs=1.0)


def test_one_mark_or_marks_of_one_moment_tell_nothing(tmp_path: Path, night: tuple[list[Blob], list[str]]) -> None:
    blobs, places = night
    session = run(tmp_path, [*blobs[:2], MarkComet(1, places[0]), MarkComet(1, places[0]), MarkComet(9, "0.5,0.5")])
    assert not [line for line in lines_of(session) if line.get("name") == "comet"]


@pytest.mark.slow
def test_a_start_after_a_power_cut_follows_the_comet(tmp_path: Path, night: tuple[list[Blob], list[str]]) -> None:
    blobs, places = night
    first = agent_of(tmp_path, [])
    marks: list[Command] = [MarkComet(1, places[0]), MarkComet(3, places[2]), Set("stack.method", "comet")]
    for item in (*blobs[:3], *marks, blobs[3]):
        first.send(item)
    first.run(threading.Event(), max_subs=4)
    (session,) = SessionFolders(tmp_path).all()
    cut_power(tmp_path, session)
    agent_of(tmp_path, blobs[4:], goes_on=PastSession(session)).run(threading.Event())
    assert peak_adu(pixels(session), START_XY) == pytest.approx(3000, rel=0.1)


def test_many_marks_are_fitted_by_one_straight_way() -> None:
    def at(second: int, x: float, y: float) -> Mark:
        return Mark(datetime.fromisoformat(f"2026-10-14T17:30:{second:02}+00:00"), (x, y))

    told = motion_of({1: at(0, 10, 5), 2: at(10, 21, 4), 3: at(20, 30, 5)})
    assert told["first"] == pytest.approx([10 + 1 / 3, 4 + 2 / 3], abs=1e-3)
    assert told["second"] == pytest.approx([30 + 1 / 3, 4 + 2 / 3], abs=1e-3)


@pytest.mark.parametrize("bottom_up", [False, True])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_place_on_the_picture_is_that_in_the_frame(bottom_up: bool, orientation: int) -> None:
    pixels = np.full((60, 90), 500, np.uint16)
    pixels[40:44, 70:74] = 60_000
    raw = RawFrame(pixels, None, FrameInfo(bottom_up=bottom_up, orientation=orientation), "")
    shown = cv2.imdecode(np.frombuffer(picture_of(glimpse_of(raw)), np.uint8), cv2.IMREAD_GRAYSCALE)
    y, x = np.argwhere(shown > 200).mean(axis=0)
    ((found_x, found_y),) = _stored(np.array([[(x + 0.5) / shown.shape[1], (y + 0.5) / shown.shape[0]]]), raw)
    assert (found_x, found_y) == pytest.approx((71.5, 41.5), abs=1.0)


@pytest.mark.slow
def test_the_next_stack_is_aligned_by_what_is_in_a_box(tmp_path: Path, night: tuple[list[Blob], list[str]]) -> None:
    blobs, _ = night
    run(tmp_path, [*blobs[:2], AlignByBox(2, "0.1,0.1,0.8,0.8"), *blobs[2:4]])
    before, after = SessionFolders(tmp_path).all()
    assert [line["align_method"] for line in lines_of(before) if "stars" in line][-1] != "template"
    assert [line["align_method"] for line in lines_of(after) if "stars" in line][-1] == "template"


def test_a_box_that_was_drawn_amiss_is_drawn_again_before_the_next_sub(
    tmp_path: Path, night: tuple[list[Blob], list[str]]
) -> None:
    blobs, _ = night
    run(tmp_path, [*blobs[:2], AlignByBox(2, "0.1,0.1,0.2,0.2"), AlignByBox(1, "0.1,0.1,0.8,0.8"), *blobs[2:4]])
    _, after = SessionFolders(tmp_path).all()
    box = settings_of(PastSession(after)).align.model_dump()["template"]["box"]
    assert box[2] / box[0] == pytest.approx(8, abs=0.2)


def test_a_box_in_a_sub_that_is_none_is_told_as_such(
    tmp_path: Path, night: tuple[list[Blob], list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    blobs, _ = night
    run(tmp_path, [*blobs[:2], AlignByBox(9, "0.1,0.1,0.2,0.2")])
    assert "there is no sub 9 in" in caplog.text
    assert ".json" not in caplog.text
