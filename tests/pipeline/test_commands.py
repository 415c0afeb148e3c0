"""What a person changes in the middle of a stack: it acts, a start after a power cut follows it."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
from astropy.io import fits

from indistack.cli import main
from indistack.commands import Command, Finish, NewStack, Remove, Save, Set, Undo, read_state
from indistack.store.session_folders import SessionFolders
from indistack.store.session_reader import PastSession
from indistack.values.blob import Blob
from indistack.values.frame import FloatArray
from tests.pipeline.night import blob_of, make_sky
from tests.pipeline.sessions import agent_of, cut_power, lines_of, pixels, run


@pytest.fixture(scope="module")
def blobs() -> list[Blob]:
    sky = make_sky(drift_px_per_sub=(10.0, 0.0))
    return [blob_of(sky.expose()) for _ in range(5)]


def outcomes(out: Path) -> list[str]:
    return [line["outcome"] for session in SessionFolders(out).all() for line in lines_of(session)]


def assert_same(pixels: FloatArray, others: FloatArray) -> None:
    """The ledger's digits, not those of the first time, say where a sub lies that is stacked again."""
    np.testing.assert_allclose(pixels, others, rtol=1e-5)


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
    assert json.loads((tmp_path / "status.json").read_text())["method"] == "sigma_clip"


def test_a_picture_its_file_and_its_numbers_agree(tmp_path: Path, blobs: list[Blob]) -> None:
    run(tmp_path, blobs[:3], "publish.interval_s=0", "publish.duty=1")
    main = read_state(tmp_path).main
    assert main is not None
    header = fits.getheader(main.files[".fits"])
    assert (main.n_subs, main.sub, main.exposure_s, main.method) == (3, 3, 30.0, "sigma_clip")
    assert header["STATENUM"] == main.numbers[".fits"] == main.number
    assert b"Publication\0%d" % main.number in main.files[".png"].read_bytes()
    assert main.files[".jpg"].read_bytes() == (tmp_path / "stack.jpg").read_bytes()
    assert main.view is not None
    assert main.view.exists()


def test_another_method_makes_the_stack_again_from_its_subs(tmp_path: Path, blobs: list[Blob]) -> None:
    items: list[Blob | Command] = [*blobs[:3], Remove(2), Set("stack.method", "sigma_clip"), *blobs[3:]]
    changed = run(tmp_path / "changed", items, "stack.method=mean")
    began = run(tmp_path / "began", blobs, "stack.method=maximum")
    again = run(tmp_path / "again", [*blobs, Set("stack.method", "maximum")])
    assert read_state(tmp_path / "changed").method == "sigma_clip"
    assert fits.getheader(changed / "stack.fits")["NCOMBINE"] == 4
    assert fits.getheader(changed / "stack.fits")["STACKMTD"] == "sigma_clip"
    assert_same(pixels(again), pixels(began))


def test_kappa_makes_the_stack_again(tmp_path: Path, blobs: list[Blob]) -> None:
    strict = [*blobs, Set("stack.kappa_high", 1.0), Set("stack.kappa_low", 1.0)]
    again = run(tmp_path / "again", strict, "stack.method=sigma_clip")
    began = run(tmp_path / "began", blobs, "stack.method=sigma_clip", "stack.kappa_low=1", "stack.kappa_high=1")
    usual = run(tmp_path / "usual", blobs, "stack.method=sigma_clip")
    assert_same(pixels(again), pixels(began))
    assert not np.array_equal(pixels(again), pixels(usual), equal_nan=True)


def test_a_method_waits_for_the_next_stack_where_the_subs_are_not_kept(tmp_path: Path, blobs: list[Blob]) -> None:
    agent = agent_of(tmp_path, [], "spool.enabled=false")
    said = []
    agent._orders.answer, answer = lambda command: said.append(answer(command)) or said[-1], agent._orders.answer  # type: ignore
    for item in (*blobs[:2], Set("stack.method", "maximum"), NewStack(), blobs[2]):
        agent.send(item)
    agent.run(threading.Event())
    assert "from the next stack on, as this one cannot be made again" in said[0].said
    first, second = SessionFolders(tmp_path).all()
    assert [fits.getheader(one / "stack.fits")["STACKMTD"] for one in (first, second)] == ["sigma_clip", "maximum"]


@pytest.mark.parametrize("interval_s", [0, 3600])
@pytest.mark.parametrize("kept", [True, False])
def test_a_start_after_a_power_cut_follows_another_method(
    tmp_path: Path, blobs: list[Blob], interval_s: int, kept: bool
) -> None:
    agent = agent_of(tmp_path, [], f"checkpoint.interval_s={interval_s}")
    for item in (*blobs[:3], Set("stack.method", "maximum"), *blobs[3:4]):
        agent.send(item)
    if not kept:
        agent._pipeline.session = None
    agent.run(threading.Event())
    (session,) = SessionFolders(tmp_path).all()
    before = pixels(session)
    if not kept:  # the state at the end is lost, too
        for path in (session / "checkpoints").glob("[ab].npz"):
            path.unlink()
    cut_power(tmp_path, session)
    agent_of(tmp_path, [], goes_on=PastSession(session)).run(threading.Event())
    assert_same(pixels(tmp_path), before)
    assert read_state(tmp_path).method == "maximum"


def test_replay_follows_what_was_set(tmp_path: Path, blobs: list[Blob]) -> None:
    changes: list[Blob | Command] = [Set("quality.min_stars", 10_000), blobs[3], Set("quality.min_stars", 6), blobs[4]]
    session = run(tmp_path / "out", [*blobs[:3], *changes, Set("stack.method", "maximum")])
    assert main(["replay", str(session), "-o", str(tmp_path / "again.fits")]) == 0
    assert_same(fits.getdata(tmp_path / "again.fits"), pixels(session))
    assert main(["replay", str(session), "-o", str(tmp_path / "all.fits"), "--set", "quality.min_stars=6"]) == 0
    assert fits.getheader(tmp_path / "all.fits")["NCOMBINE"] == 5
    assert main(["replay", str(session), "-o", str(tmp_path / "mean.fits"), "--method", "mean"]) == 0
    assert fits.getheader(tmp_path / "mean.fits")["STACKMTD"] == "mean"


def test_a_person_names_the_target_of_the_next_stack(tmp_path: Path, blobs: list[Blob]) -> None:
    session = run(tmp_path, [blobs[0], NewStack("M 27/x"), *blobs[1:3]])
    assert "27" in session.name
    assert fits.getheader(session / "stack.fits")["OBJECT"] == "M 27/x"
    assert read_state(tmp_path).target == "M 27/x"
    cut_power(tmp_path, session)
    agent_of(tmp_path, blobs[3:], goes_on=PastSession(session)).run(threading.Event())
    assert fits.getheader(session / "stack.fits")["OBJECT"] == "M 27/x"
    assert fits.getheader(session / "stack.fits")["NCOMBINE"] == 4


def test_a_stack_that_begins_by_itself_has_not_that_name(tmp_path: Path, blobs: list[Blob]) -> None:
    session = run(tmp_path, [NewStack("M 27"), *blobs], 'drift.limit="15 px"', "drift.patience=1")
    assert fits.getheader(session / "stack.fits")["OBJECT"] == "Simulated Nebula"


def test_finish_leaves_a_report(tmp_path: Path, blobs: list[Blob]) -> None:
    run(tmp_path, [*blobs[:3], Finish(), Finish()])
    (session,) = SessionFolders(tmp_path).all()
    assert (session / "report.html").exists()
    assert (session / "stack.fits").exists()


def test_calibration_can_be_left_out_and_subs_of_both_kinds_taken_out(tmp_path: Path, blobs: list[Blob]) -> None:
    dark = tmp_path / "dark.fits"
    pixels = np.random.default_rng(1).normal(100, 3, (480, 640)).astype(np.uint16)
    fits.writeto(dark, pixels, fits.Header({"IMAGETYP": "Dark Frame", "EXPTIME": 10.0}))
    items: list[Blob | Command] = [*blobs[:2], Set("calibrate.enabled", False), *blobs[2:4], Undo(), Remove(1)]
    session = run(tmp_path / "out", items, f'calibrate.dark=["{dark}"]')
    lines = lines_of(session)
    assert [len(line["masters"]) for line in lines if line["outcome"] == "accepted"] == [1, 1, 0, 0]
    assert [line["number"] for line in lines if line["outcome"] == "removed"] == [4, 1]


def test_sky_and_colours_of_the_picture_are_as_wished(tmp_path: Path, blobs: list[Blob]) -> None:
    wished: list[Blob | Command] = [*blobs[:2], Set("picture.sky", 0.4), Set("picture.saturation", 0), Save()]
    run(tmp_path, [*wished, blobs[2]], 'picture.operators=["deepsky"]')
    picture = cv2.imread(str(tmp_path / "stack.png"))
    darkest = np.quantile(np.median(picture[:480, :600].reshape(12, 40, 15, 40, 3), axis=(1, 3)), 0.1)
    assert darkest / 255 == pytest.approx(0.4, abs=0.03)
    assert np.abs(picture.astype(int) - picture[..., :1]).max() <= 1


def test_a_target_is_told_of(tmp_path: Path, blobs: list[Blob]) -> None:
    run(tmp_path, [*blobs, Set("goal.snr", 3.0)])
    state = read_state(tmp_path)
    assert state.snr.value is not None
    assert state.snr.value > 3.0
    assert (state.snr.target, state.snr.seconds_to_target) == (3.0, 0.0)
    assert state.main is not None
    assert (state.main.snr, state.main.snr_gain) == (state.snr.value, state.snr.gain)
