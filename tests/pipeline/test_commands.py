"""What a person changes in the middle of a stack: it acts, a start after a power cut follows it."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from indistack.commands import Command, NewStack, Remove, Set, Undo, read_state
from indistack.store.session_folders import SessionFolders
from indistack.store.session_reader import PastSession
from indistack.values.blob import Blob
from tests.pipeline.night import blob_of, make_sky
from tests.pipeline.sessions import agent_of, cut_power, lines_of, pixels, run


@pytest.fixture(scope="module")
def blobs() -> list[Blob]:
    sky = make_sky(drift_px_per_sub=(10.0, 0.0))
    return [blob_of(sky.expose()) for _ in range(5)]


def outcomes(out: Path) -> list[str]:
    return [line["outcome"] for session in SessionFolders(out).all() for line in lines_of(session)]


def test_undo_takes_the_last_sub_out_and_once_more_the_one_before(tmp_path: Path, blobs: list[Blob]) -> None:
    undone = run(tmp_path / "undone", [*blobs[:4], Undo(), Undo()])
    never = run(tmp_path / "never", blobs[:2])
    np.testing.assert_allclose(pixels(undone), pixels(never), rtol=1e-5, equal_nan=True)
    assert [line["number"] for line in lines_of(undone) if line["outcome"] == "removed"] == [4, 3]
    assert read_state(tmp_path / "undone").n_subs == 2


def test_there_is_nothing_to_undo_in_an_empty_stack(tmp_path: Path, blobs: list[Blob]) -> None:
    run(tmp_path, [Undo(), blobs[0], Undo(), Undo(), blobs[1]])
    assert outcomes(tmp_path) == ["accepted", "removed", "accepted"]


def test_a_drift_limit_acts_with_the_next_sub(tmp_path: Path, blobs: list[Blob]) -> None:
    close: list[Blob | Command] = [Set("drift.limit", "15 px")]
    run(tmp_path, [*blobs[:3], *close, *blobs[3:]], "drift.patience=1")
    assert outcomes(tmp_path) == ["accepted"] * 3 + ["set", "restarted", "accepted"]
    assert read_state(tmp_path).settings["drift.limit"] == "15 px"


def test_a_quality_limit_acts_with_the_next_sub(tmp_path: Path, blobs: list[Blob]) -> None:
    items: list[Blob | Command] = [blobs[0], Set("quality.min_stars", 10_000), blobs[1], Set("quality.min_stars", 6)]
    run(tmp_path, [*items, blobs[2]])
    assert outcomes(tmp_path) == ["accepted", "set", "refused", "set", "accepted"]


@pytest.mark.parametrize("settings", [(), ("checkpoint.interval_s=3600",)])
def test_a_start_after_a_power_cut_follows_what_was_set(
    tmp_path: Path, blobs: list[Blob], settings: tuple[str, ...]
) -> None:
    first = agent_of(tmp_path, [], "drift.patience=1", *settings)
    for item in (*blobs[:2], Set("drift.limit", "15 px"), blobs[1]):
        first.send(item)
    first.run(threading.Event(), max_subs=3)
    (session,) = SessionFolders(tmp_path).all()
    cut_power(tmp_path, session)
    again = agent_of(tmp_path, blobs[3:4], goes_on=PastSession(session))
    again.run(threading.Event())
    assert outcomes(tmp_path)[-1] == "restarted"
    assert read_state(tmp_path).settings["drift.limit"] == "15 px"


def test_a_setting_that_cannot_be_is_refused_and_nothing_changes(tmp_path: Path, blobs: list[Blob]) -> None:
    agent = agent_of(tmp_path, blobs[:2])
    answer = agent._orders.answer(Set("drift.limit", "far"))
    assert "drift.limit" in answer.fault
    agent.run(threading.Event())
    assert outcomes(tmp_path) == ["accepted", "accepted"]
    assert read_state(tmp_path).settings["drift.limit"] == "25 %"


def test_what_was_set_holds_for_the_next_stack(tmp_path: Path, blobs: list[Blob]) -> None:
    session = run(tmp_path, [blobs[0], Set("quality.min_stars", 9), NewStack(), blobs[1]])
    assert "min_stars = 9" in (session / "settings.toml").read_text()


def test_the_state_tells_of_the_last_sub(tmp_path: Path, blobs: list[Blob]) -> None:
    run(tmp_path, [*blobs[:2], Remove(1)])
    state = read_state(tmp_path)
    assert (state.state, state.accepted, state.n_subs) == ("stopped", 2, 1)
    assert state.last.drift_px == pytest.approx(10.0, abs=0.3)
    assert state.sentence == "Sub 2 is in the stack."
    assert state.ms_a_sub is not None
    assert json.loads((tmp_path / "status.json").read_text())["method"] == "mean"


def test_a_picture_its_file_and_its_numbers_agree(tmp_path: Path, blobs: list[Blob]) -> None:
    run(tmp_path, blobs[:3], "publish.interval_s=0", "publish.duty=1")
    main = read_state(tmp_path).main
    assert main is not None
    header = fits.getheader(main.files[".fits"])
    assert (main.n_subs, main.sub, main.exposure_s, main.method) == (3, 3, 30.0, "mean")
    assert header["STATENUM"] == main.numbers[".fits"] == main.number
    assert b"Publication\0%d" % main.number in main.files[".png"].read_bytes()
    assert main.files[".jpg"].read_bytes() == (tmp_path / "stack.jpg").read_bytes()
    assert main.view is not None
    assert main.view.exists()
