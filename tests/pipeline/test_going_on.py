"""A session gone on with, made again, and without some of its subs."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from indistack.agent.mailbox import ENDS, Mailbox, Request, reply
from indistack.cli import main
from indistack.commands import (
    AddBranch,
    Answer,
    DropBranch,
    Pause,
    Readmit,
    Remove,
    Resume,
    Save,
    tell,
)
from indistack.commands.client import TAKEN_S
from indistack.errors import IndistackError
from indistack.pipeline.calibrators import calibrator_factory
from indistack.resume.amend import amend
from indistack.resume.session_settings import settings_of
from indistack.sources import read_blob
from indistack.store.folder_lock import only_one
from indistack.store.session_folders import SessionFolders
from indistack.store.session_reader import PastSession
from indistack.system.clock import utc_now
from indistack.values.blob import Blob
from tests.pipeline.night import blob_of, make_sky
from tests.pipeline.sessions import agent_of, cut_power, lines_of, pixels, run

SAID = {
    "pause": "paused",
    "resume": "stacking again, 7 subs in the stack",
    "save": "published, 7 subs in the stack",
    "reset": "7 subs in the stack, kept as ",
}


@pytest.fixture(scope="module")
def blobs() -> list[Blob]:
    sky = make_sky(width_px=160, height_px=120, n_stars=60, mag_max=11.0)
    return [blob_of(sky.expose(), f"{number}.fits") for number in range(8)]


def test_a_session_goes_on_next_night_as_if_it_had_been_one(tmp_path: Path, blobs: list[Blob]) -> None:
    whole = run(tmp_path / "whole", blobs)
    session = run(tmp_path / "two", blobs[:5])
    run(tmp_path / "two", blobs[5:], goes_on=SessionFolders(tmp_path / "two").past("last"))
    np.testing.assert_allclose(pixels(session), pixels(whole), rtol=1e-6)
    assert [line["number"] for line in lines_of(session)] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert len(SessionFolders(tmp_path / "two").all()) == 1


def test_what_has_a_line_is_not_stacked_again(tmp_path: Path, blobs: list[Blob]) -> None:
    session = run(tmp_path, blobs)
    run(tmp_path, blobs, goes_on=PastSession(session))
    assert len(lines_of(session)) == len(blobs)


@pytest.mark.parametrize("damage", ["newest", "all"])
def test_a_damaged_checkpoint_costs_time_only(
    tmp_path: Path, blobs: list[Blob], damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    session = run(tmp_path / "out", blobs)
    before = pixels(session)
    files = sorted((session / "checkpoints").glob("*.npz" if damage == "all" else "?.npz"))
    for file in files:
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 0xFF
        file.write_bytes(data)
    run(tmp_path / "out", [], goes_on=PastSession(session))
    assert "is of no use" in caplog.text
    np.testing.assert_allclose(pixels(session), before, rtol=1e-6)


def test_a_checkpoint_of_another_version_is_passed_by(
    tmp_path: Path, blobs: list[Blob], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = run(tmp_path / "out", blobs)
    before = pixels(session)
    monkeypatch.setattr("indistack.store.checkpoint.FORMAT", 2)
    run(tmp_path / "out", [], goes_on=PastSession(session))
    assert "of another version" in caplog.text
    np.testing.assert_allclose(pixels(session), before, rtol=1e-6)


def test_a_sub_that_was_being_moved_from_the_spool_is_not_lost(tmp_path: Path, blobs: list[Blob]) -> None:
    session = run(tmp_path, blobs)
    before = pixels(session)
    cut_power(tmp_path, session)
    last = lines_of(session)[-1]
    (facts,) = (session / "subs").glob(f"{last['number']:06d}.*json")
    facts.rename(tmp_path / "spool" / facts.name.replace(f"{last['number']:06d}", last["spooled"]))
    for checkpoint in (session / "checkpoints").glob("?.npz"):
        checkpoint.unlink()
    run(tmp_path, [], goes_on=SessionFolders(tmp_path).past())
    np.testing.assert_allclose(pixels(session), before, rtol=1e-6)
    assert len(lines_of(session)) == len(blobs)
    assert not list((tmp_path / "spool").iterdir())


def test_a_torn_last_line_is_dropped_and_its_sub_stacked(tmp_path: Path, blobs: list[Blob]) -> None:
    whole = run(tmp_path / "whole", blobs)
    session = run(tmp_path / "out", blobs[:-1])
    with (session / "ledger.jsonl").open("a") as file:
        file.write('{"number": 8, "outc')
    run(tmp_path / "out", blobs[-1:], goes_on=PastSession(session))
    assert [line["number"] for line in lines_of(session)] == [1, 2, 3, 4, 5, 6, 7, 8]
    np.testing.assert_allclose(pixels(session), pixels(whole), rtol=1e-6)


def test_a_lost_sub_is_told_of_and_costs_nothing_else(
    tmp_path: Path, blobs: list[Blob], caplog: pytest.LogCaptureFixture
) -> None:
    session = run(tmp_path / "out", blobs)
    (session / "subs" / "000003.fits").unlink()
    for file in (session / "checkpoints").glob("?.npz"):
        file.unlink()
    run(tmp_path / "out", [], goes_on=PastSession(session))
    assert "sub 3 is lost" in caplog.text
    assert fits.getheader(session / "stack.fits")["NCOMBINE"] == len(blobs) - 1
    assert [(line["outcome"], line["number"]) for line in lines_of(session)][-1] == ("lost", 3)


def test_without_its_first_sub_the_stack_keeps_its_place(tmp_path: Path) -> None:
    sky = make_sky(width_px=160, height_px=120, n_stars=60, mag_max=11.0, drift_px_per_sub=(3.0, 1.0))
    blobs = [blob_of(sky.expose(), f"{number}.fits") for number in range(6)]
    session = run(tmp_path, blobs[:4])
    for file in (*(session / "checkpoints").glob("?.npz"), session / "subs/000001.fits"):
        file.unlink()
    run(tmp_path, blobs[4:], goes_on=PastSession(session))
    shifts = [line["shift_px"] for line in lines_of(session) if line["outcome"] == "accepted"]
    steps = np.diff(np.array(shifts), axis=0)
    np.testing.assert_allclose(steps, np.broadcast_to(steps[0], steps.shape), atol=0.2)
    assert fits.getheader(session / "stack.fits")["NCOMBINE"] == 5


def test_the_open_session_is_found_and_waiting_subs_are_stacked(tmp_path: Path, blobs: list[Blob]) -> None:
    whole = run(tmp_path / "whole", blobs)
    session = run(tmp_path / "out", blobs[:5])
    cut_power(tmp_path / "out", session)
    late = agent_of(tmp_path / "out", [])  # one that knows nothing of the open session gives the same names again
    for blob in blobs[5:]:
        late.send(blob)  # received, and then the power goes
    past = SessionFolders(tmp_path / "out").past()
    assert past is not None
    run(tmp_path / "out", [], goes_on=past)
    np.testing.assert_allclose(pixels(session), pixels(whole), rtol=1e-6)
    assert not list((tmp_path / "out" / "spool").iterdir())


def test_a_session_that_ended_is_not_gone_on_with(tmp_path: Path, blobs: list[Blob]) -> None:
    run(tmp_path, blobs[:2])
    assert SessionFolders(tmp_path).past() is None


@pytest.mark.parametrize("gone", [[3], [2, 5, 8]])
def test_a_removed_sub_leaves_nothing_behind(tmp_path: Path, blobs: list[Blob], gone: list[int]) -> None:
    """Compared with the stack that a start from the first sub makes without it."""
    no_learning = "calibrate.hot_pixels=false"
    removed = run(tmp_path / "removed", [*blobs, *map(Remove, gone)], no_learning)
    without = run(tmp_path / "without", blobs, no_learning)
    for file in [*(without / "checkpoints").glob("?.npz"), *(without / f"subs/{n:06d}.fits" for n in gone)]:
        file.unlink()
    run(tmp_path / "without", [], goes_on=PastSession(without))
    np.testing.assert_allclose(pixels(removed), pixels(without), rtol=1e-5)
    assert fits.getheader(removed / "stack.fits")["NCOMBINE"] == len(blobs) - len(gone)


def test_a_sub_that_is_put_back_is_in_again(tmp_path: Path, blobs: list[Blob]) -> None:
    whole = run(tmp_path / "whole", blobs)
    session = run(tmp_path / "out", [*blobs, Remove(4), Readmit(4)])
    np.testing.assert_allclose(pixels(session), pixels(whole), rtol=1e-5)


def test_a_sub_that_is_taken_out_again_stays_out(tmp_path: Path, blobs: list[Blob]) -> None:
    """Also after a start, in a replay, and when it is asked for once more."""
    removed = run(tmp_path / "removed", [*blobs[:4], Remove(2)])
    items = [*blobs[:4], Remove(2), Readmit(2), Remove(2), Remove(2)]
    session = run(tmp_path / "out", items)
    assert [line["outcome"] for line in lines_of(session)[4:]] == ["removed", "readmitted", "removed"]
    np.testing.assert_allclose(pixels(session), pixels(removed), rtol=1e-5)
    for file in (session / "checkpoints").glob("?.npz"):
        file.unlink()
    run(tmp_path / "out", [], goes_on=PastSession(session))
    np.testing.assert_allclose(pixels(session), pixels(removed), rtol=1e-5)
    assert main(["replay", str(session), "-o", str(tmp_path / "replay.fits")]) == 0
    assert fits.getheader(tmp_path / "replay.fits")["NCOMBINE"] == 3


def test_a_sub_is_taken_out_after_a_branch_has_gone(tmp_path: Path, blobs: list[Blob]) -> None:
    removed = run(tmp_path / "removed", [*blobs[:4], Remove(2)])
    items = [AddBranch("more", {"method": "mean"}), *blobs[:4], DropBranch("more"), Remove(2)]
    session = run(tmp_path / "out", items)
    assert lines_of(session)[-1]["outcome"] == "removed"
    np.testing.assert_allclose(pixels(session), pixels(removed), rtol=1e-5)


def test_a_sub_is_not_taken_out_of_a_branch_that_was_begun_after_it(tmp_path: Path, blobs: list[Blob]) -> None:
    begin = AddBranch("more", {"method": "mean", "weight": "equal"})
    session = run(tmp_path / "out", [blobs[0], begin, *blobs[1:3], begin, *blobs[3:5], Remove(2)])
    only = run(tmp_path / "only", [*blobs[:3], begin, *blobs[3:5]])
    assert [fits.getheader(session / f"{name}.fits")["NCOMBINE"] for name in ("stack", "more")] == [4, 2]
    np.testing.assert_allclose(pixels(session, "more"), pixels(only, "more"), rtol=1e-5)


def test_a_file_that_has_a_line_is_not_looked_at_again(tmp_path: Path, blobs: list[Blob]) -> None:
    """Nor is one that was refused, unless it was written anew."""
    file = tmp_path / "broken.fits"
    file.write_bytes(b"SIMPLE  = no frame")
    subs = [*blobs[:2], read_blob(file, "camera")]
    session = run(tmp_path / "out", subs)
    assert [line["outcome"] for line in lines_of(session)] == ["accepted", "accepted", "refused"]
    received(tmp_path / "out", [read_blob(file, "camera")], PastSession(session))
    assert len(lines_of(session)) == 3
    file.write_bytes(b"SIMPLE  = no frame either")
    received(tmp_path / "out", [read_blob(file, "camera")], PastSession(session))
    assert [line["number"] for line in lines_of(session)] == [1, 2, 3, 4]


def received(out: Path, blobs: Sequence[Blob], goes_on: PastSession) -> None:
    """Go on with a session whose sources deliver these."""
    agent_of(out, blobs, goes_on=goes_on).run(threading.Event())


def test_a_session_goes_on_from_its_last_checkpoint_alone(tmp_path: Path, blobs: list[Blob]) -> None:
    method = "stack.method=mean"  # which holds no early subs to combine them with later ones
    whole = run(tmp_path / "whole", blobs[:5], method)
    session = run(tmp_path / "out", blobs[:3], method)
    for file in (session / "subs").glob("*.fits"):
        file.unlink()
    run(tmp_path / "out", blobs[3:5], method, goes_on=PastSession(session))
    np.testing.assert_allclose(pixels(session), pixels(whole), rtol=1e-6)


@pytest.mark.parametrize("checkpoints", [True, False])
def test_what_is_paused_stays_paused(tmp_path: Path, blobs: list[Blob], checkpoints: bool) -> None:
    """Also where the only sign of it is the line of a sub that came meanwhile."""
    session = run(tmp_path / "out", [*blobs[:2], Pause(), blobs[2]])
    if not checkpoints:
        for file in (session / "checkpoints").glob("?.npz"):
            file.unlink()
    run(tmp_path / "out", [blobs[3], Resume(), blobs[4]], goes_on=PastSession(session))
    assert [line["reason"] for line in lines_of(session)] == ["", "", "paused", "paused", ""]
    assert main(["replay", str(session), "-o", str(tmp_path / "replay.fits")]) == 0
    assert fits.getheader(tmp_path / "replay.fits")["NCOMBINE"] == 3


def test_of_a_sub_that_was_taken_out_nobody_is_told_when_it_is_lost(tmp_path: Path, blobs: list[Blob]) -> None:
    session = run(tmp_path / "out", [*blobs[:4], Remove(2)])
    for file in (*(session / "checkpoints").glob("?.npz"), session / "subs" / "000002.fits"):
        file.unlink()
    run(tmp_path / "out", [], goes_on=PastSession(session))
    assert fits.getheader(session / "stack.fits")["NCOMBINE"] == 3
    assert [line["outcome"] for line in lines_of(session)][4:] == ["removed"]


def test_an_ended_session_is_amended(tmp_path: Path, blobs: list[Blob]) -> None:
    removed = run(tmp_path / "live", [*blobs, Remove(4)])
    session = run(tmp_path / "out", blobs)
    assert main(["unstack", str(session), "4"]) == 0
    np.testing.assert_allclose(pixels(session), pixels(removed), rtol=1e-5)
    np.testing.assert_array_equal(pixels(tmp_path / "out"), pixels(session))
    assert main(["unstack", str(tmp_path / "out"), "4"]) == 1
    assert main(["unstack", str(tmp_path / "out"), "4", "--put-back"]) == 0
    assert fits.getheader(session / "stack.fits")["NCOMBINE"] == len(blobs)


def test_an_older_session_that_is_amended_leaves_the_pictures_of_the_newest(tmp_path: Path, blobs: list[Blob]) -> None:
    first = run(tmp_path, blobs[:4])
    newest = run(tmp_path, blobs[4:])
    assert main(["unstack", str(first), "2"]) == 0
    np.testing.assert_array_equal(pixels(tmp_path), pixels(newest))


def test_a_replay_is_the_live_stack_and_the_same_twice(tmp_path: Path, blobs: list[Blob]) -> None:
    session = run(tmp_path / "out", blobs)
    for name in ("a.fits", "b.fits"):
        assert main(["replay", str(session), "-o", str(tmp_path / name)]) == 0
    assert (tmp_path / "a.fits").read_bytes() == (tmp_path / "b.fits").read_bytes()
    np.testing.assert_allclose(fits.getdata(tmp_path / "a.fits"), pixels(session), rtol=1e-6)


def test_a_replay_of_the_newest_session_has_the_ledger_s_numbers(
    tmp_path: Path, blobs: list[Blob], capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path, [*blobs[:4], Remove(2)])
    report = tmp_path / "again.json"
    assert main(["replay", str(tmp_path), "--report", str(report)]) == 0
    assert [sub["number"] for sub in json.loads(report.read_text())["subs"]] == [1, 3, 4]
    assert [int(line.split()[1]) for line in capsys.readouterr().out.splitlines()[:3]] == [1, 3, 4]


def test_a_replay_takes_other_settings_and_combines_exactly(tmp_path: Path, blobs: list[Blob]) -> None:
    session = run(tmp_path / "out", blobs)
    ways = {"mean": [], "median": ["--method", "median", "--exact"], "equal": ["--set", "quality.weight=equal"]}
    pictures = {}
    for name, options in ways.items():
        assert main(["replay", str(session), "-o", str(tmp_path / f"{name}.fits"), *options]) == 0
        pictures[name] = fits.getdata(tmp_path / f"{name}.fits")
    assert not np.allclose(pictures["mean"], pictures["median"], rtol=1e-6)
    assert not np.allclose(pictures["mean"], pictures["equal"], rtol=1e-6)


def test_branches_that_were_begun_meanwhile_go_on(tmp_path: Path, blobs: list[Blob]) -> None:
    items = [*blobs[:2], AddBranch("trails", {"method": "maximum"}), *blobs[2:5]]
    whole = run(tmp_path / "whole", [*items, *blobs[5:]])
    session = run(tmp_path / "out", items)
    for file in (session / "checkpoints").glob("?.npz"):
        file.unlink()
    run(tmp_path / "out", blobs[5:], goes_on=PastSession(session))
    np.testing.assert_array_equal(pixels(session, "trails"), pixels(whole, "trails"))
    dropped = run(tmp_path / "dropped", [*items, DropBranch("trails"), *blobs[5:]])
    assert lines_of(dropped)[-1]["weights"].keys() == {"stack"}


def test_a_full_disk_leaves_the_agent_stacking(
    tmp_path: Path, blobs: list[Blob], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("indistack.store.spool.Spool._write", full)
    monkeypatch.setattr("indistack.store.checkpoint._save", full)
    session = run(tmp_path, blobs)
    assert fits.getheader(session / "stack.fits")["NCOMBINE"] == len(blobs)
    assert caplog.text.count("a power cut would cost them") == 1


@pytest.mark.parametrize(("keep", "subs"), [("all", 8), ("stacked", 7), ("none", 0)])
def test_what_stays_of_the_subs(tmp_path: Path, blobs: list[Blob], keep: str, subs: int) -> None:
    items = [*blobs[:7], blob_of(b"no picture")]
    session = run(tmp_path, items, f'spool.keep="{keep}"')
    assert len(list((session / "subs").glob("*.fits"))) == subs


def test_only_one_agent_works_in_a_folder(tmp_path: Path, blobs: list[Blob]) -> None:
    with only_one(tmp_path), pytest.raises(IndistackError, match="another agent"):
        run(tmp_path, blobs[:1])


def test_a_running_agent_is_told_and_answers(
    tmp_path: Path, blobs: list[Blob], capsys: pytest.CaptureFixture[str]
) -> None:
    agent = agent_of(tmp_path, [], "stack.method=mean", endless=True)
    for blob in blobs:
        agent.send(blob)
    stop = threading.Event()
    thread = threading.Thread(target=agent.run, args=(stop,))
    thread.start()
    try:
        assert main(["tell", str(tmp_path), "remove", "4", "5"]) == 0
        assert main(["tell", str(tmp_path), "readmit", "5"]) == 0
        assert capsys.readouterr().out.splitlines() == [
            "sub 4 is out, 7 subs in the stack", "sub 5 is out, 6 subs in the stack",
            "sub 5 is in again, 7 subs in the stack",
        ]  # fmt: skip
        assert main(["tell", str(tmp_path), "remove", "4"]) == 1
        assert main(["unstack", str(tmp_path), "4"]) == 1
        assert f"indistack tell {tmp_path} remove 4" in capsys.readouterr().err
        assert main(["tell", str(tmp_path), "branch", "newest", "method=mean", "last=2"]) == 0
        assert main(["tell", str(tmp_path), "branch", "newest", "method=nonsense"]) == 1
        assert main(["tell", str(tmp_path), "remove", "four"]) == 2
        assert "the number of a sub is expected after it, not 'four'" in capsys.readouterr().err
        for word, said in SAID.items():
            assert main(["tell", str(tmp_path), word]) == 0
            assert said in capsys.readouterr().out
    finally:
        stop.set()
        thread.join()
    (session,) = SessionFolders(tmp_path).all()
    assert [line["outcome"] for line in lines_of(session)][-4:] == ["removed", "removed", "readmitted", "branch"]


def test_nobody_is_told_where_no_agent_runs(tmp_path: Path) -> None:
    begin_s = time.monotonic()
    assert main(["tell", str(tmp_path), "reset"]) == 1
    assert time.monotonic() - begin_s < TAKEN_S / 2
    assert not (tmp_path / "commands").exists()


def test_an_agent_that_ends_answers_who_is_still_waiting(tmp_path: Path, blobs: list[Blob]) -> None:
    agent, answer = agent_of(tmp_path, []), tmp_path / "commands" / "1.answer"
    answer.parent.mkdir()
    for blob in blobs[:2]:
        agent.send(blob)
    agent._queue.put(Request(Save(), answer))
    agent.run(threading.Event(), max_subs=1)
    assert json.loads(answer.read_text()) == {"said": "", "fault": ENDS}


def test_nobody_waits_for_an_agent_that_has_died(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def take(*_: Path) -> bool:
        holding.close()
        return True

    holding = contextlib.ExitStack()
    holding.enter_context(only_one(tmp_path))
    monkeypatch.setattr("indistack.commands.client._is_taken", take)
    with pytest.raises(IndistackError, match="ended before it answered"):
        tell(tmp_path, Save())


def test_nobody_waits_for_an_agent_that_dies_before_it_takes_a_command(tmp_path: Path) -> None:
    def die() -> None:
        time.sleep(0.3)
        holding.close()

    holding = contextlib.ExitStack()
    holding.enter_context(only_one(tmp_path))
    dying, begin_s = threading.Thread(target=die), time.monotonic()
    dying.start()
    with pytest.raises(IndistackError, match="no agent is running there"):
        tell(tmp_path, Save())
    assert time.monotonic() - begin_s < TAKEN_S / 2
    dying.join()
    assert not list((tmp_path / "commands").iterdir())


def test_an_agent_on_another_machine_is_told_through_a_shared_folder(tmp_path: Path) -> None:
    def answer() -> None:
        deadline_s = time.monotonic() + TAKEN_S
        while not (requests := list(Mailbox(tmp_path).collect())) and time.monotonic() < deadline_s:
            time.sleep(0.01)
        reply(requests[0].answer, Answer("heard"))

    (tmp_path / "status.json").write_text(json.dumps({"host": "the-one-at-the-telescope", "state": "running"}))
    agent = threading.Thread(target=answer)
    agent.start()
    assert tell(tmp_path, Save()) == "heard"
    agent.join()
    (tmp_path / "status.json").write_text(json.dumps({"host": "the-one-at-the-telescope", "state": "stopped"}))
    with pytest.raises(IndistackError, match="no agent is running there"):
        tell(tmp_path, Save())


@pytest.mark.parametrize("still_told", [True, False])
def test_a_stack_that_is_written_anew_keeps_its_maps(tmp_path: Path, blobs: list[Blob], still_told: bool) -> None:
    session = run(tmp_path, blobs, "publish.maps=true")
    past = PastSession(session)
    config = settings_of(past, [f"publish.maps={str(still_told).lower()}"])
    with fits.open(session / "stack.fits") as hdus:
        before = [hdu.name for hdu in hdus]
    amend(past, [2], False, config, calibrator_factory(config), utc_now())
    with fits.open(session / "stack.fits") as hdus:
        assert [hdu.name for hdu in hdus] == before
        assert "COVERAGE" in before


def test_an_agent_that_watches_its_output_folder_stacks_none_of_its_pictures(tmp_path: Path) -> None:
    sky = make_sky(width_px=160, height_px=120, n_stars=60, mag_max=11.0)
    words = ["--set", "folder.settle_s=0.05", "--set", "publish.interval_s=0", "--set", "publish.duty=1", "--no-learn"]
    words += ["--branch", "newest=mean", "--library", "", "--max-subs", "6"]
    (tmp_path / "Light_0.fits").write_bytes(sky.expose().to_fits())

    def camera() -> None:
        for number in range(1, 6):
            time.sleep(0.4)  # time for the pictures to appear and to settle
            (tmp_path / f"Light_{number}.fits").write_bytes(sky.expose().to_fits())

    shooting = threading.Thread(target=camera)
    shooting.start()
    assert main(["watch", str(tmp_path), "--output-dir", str(tmp_path), *words]) == 0
    shooting.join()
    (session,) = SessionFolders(tmp_path).all()
    assert [Path(line["path"]).name for line in lines_of(session)] == [f"Light_{number}.fits" for number in range(6)]
    assert (tmp_path / "newest.fits").exists()
