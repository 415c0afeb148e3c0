"""The agent with a fake source: ledger, status, publication, restart, end."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import pytest
from astropy.io import fits

from indistack.agent.agent import Agent
from indistack.commands import NewStack, Pause, Resume
from indistack.config import Config, to_toml
from indistack.errors import IndistackError
from indistack.output.publisher import Publisher
from indistack.pipeline.calibrators import calibrator_factory
from indistack.session.session import Session
from indistack.settings import load
from indistack.store.journal import Journal
from indistack.values.blob import Blob
from tests.pipeline.night import FakeSource, blob_of, make_sky


def make_agent(folder: Path, blobs: Sequence[Blob], *overrides: str, endless: bool = False) -> Agent:
    config = load(Config, None, overrides)
    return Agent(config, [FakeSource(blobs, endless=endless)], folder, calibrator_factory(config))


def ledger_lines(folder: Path) -> list[list[dict[str, Any]]]:
    """Lines of each session, in order."""
    paths = sorted((folder / "sessions").glob("*/ledger.jsonl"))
    return [[json.loads(line) for line in path.read_text().splitlines()] for path in paths]


def test_every_blob_has_one_line_and_the_stack_is_published(tmp_path: Path) -> None:
    sky = make_sky()
    blobs = [blob_of(sky.expose()) for _ in range(4)]
    blobs.insert(2, blob_of(b"no picture", "notes.fits"))
    make_agent(tmp_path, blobs).run(threading.Event())
    (lines,) = ledger_lines(tmp_path)
    assert [line["outcome"] for line in lines] == ["accepted", "accepted", "refused", "accepted", "accepted"]
    assert [line["number"] for line in lines] == [1, 2, 3, 4, 5]
    with fits.open(tmp_path / "stack.fits") as hdus:
        assert hdus[0].header["NCOMBINE"] == 4
        assert hdus[0].data.shape == (3, 480, 640)
    assert cv2.imread(str(tmp_path / "stack.png")).shape == (480, 640, 3)
    status = json.loads((tmp_path / "status.json").read_text())
    assert (status["state"], status["outcomes"]) == ("stopped", {"accepted": 4, "refused": 1})
    assert status["refusals"] == {"not_a_frame": 1}
    assert (status["n_subs"], status["exposure_s"], status["waits_for"]) == (4, 40.0, "")
    assert status["stacks"]["stack"]["n_subs"] == 4
    (session,) = (tmp_path / "sessions").iterdir()
    assert status["session"] == session.name
    expected = {
        "ledger.jsonl",
        "stack.fits",
        "stack.jpg",
        "stack.png",
        "settings.toml",
        "subs",
        "checkpoints",
        "previews",
        "growth",
    }
    assert {path.name for path in session.iterdir()} == expected
    assert (session / "growth" / "000004.jpg").is_file()  # the whole stack
    previews = sorted(path.name for path in (session / "previews").iterdir())
    assert previews == [f"{number:06d}.jpg" for number in (1, 2, 4, 5)]  # of what is no picture there is none


def test_who_waits_for_a_picture_does_not_wait_for_the_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    look, add = Publisher.look, Journal.add

    def looking(publisher: Publisher, session: Session | None) -> None:
        if session is not None:
            steps.append("picture")
        look(publisher, session)

    def adding(journal: Journal, *facts: Any) -> None:
        steps.append("line")
        add(journal, *facts)

    monkeypatch.setattr(Publisher, "look", looking)
    monkeypatch.setattr(Journal, "add", adding)
    make_agent(tmp_path, [blob_of(make_sky().expose())]).run(threading.Event())
    assert steps[:2] == ["picture", "line"]


def test_the_kept_settings_read_back(tmp_path: Path) -> None:
    make_agent(tmp_path, [blob_of(make_sky().expose())], "quality.min_stars=4").run(threading.Event())
    (path,) = tmp_path.glob("sessions/*/settings.toml")
    assert load(Config, path) == load(Config, None, ["quality.min_stars=4"])
    assert to_toml(load(Config, path)) == path.read_text()


def test_a_restart_keeps_the_old_stack_under_its_own_name(tmp_path: Path) -> None:
    sky = make_sky(drift_px_per_sub=(30.0, 0.0))
    blobs = [blob_of(sky.expose()) for _ in range(5)]
    make_agent(tmp_path, blobs, 'drift.limit="50 px"', "drift.patience=1").run(threading.Event())
    lines = ledger_lines(tmp_path)
    assert [len(session) for session in lines] == [2, 2, 1]
    assert [session[0]["outcome"] for session in lines] == ["accepted", "restarted", "restarted"]
    kept = [fits.getheader(path)["NCOMBINE"] for path in sorted(tmp_path.glob("sessions/*/stack.fits"))]
    assert kept == [2, 2, 1]
    assert "limit 50.0 px" in lines[1][0]["detail"]


UNTOLD = ("RA", "DEC", "OBJCTRA", "OBJCTDEC", "OBJECT")


@pytest.mark.parametrize(
    ("next_sky", "reason"),
    [({"width_px": 512, "height_px": 384}, "size_changed"), ({"seed": 5}, "new_target")],
)
def test_no_sub_is_lost_where_another_stack_begins(tmp_path: Path, next_sky: dict[str, Any], reason: str) -> None:
    skies = make_sky(header_drop=UNTOLD), make_sky(**next_sky, header_drop=UNTOLD)
    blobs = [blob_of(sky.expose()) for sky in skies for _ in range(4)]
    make_agent(tmp_path, blobs).run(threading.Event())
    first, second = ledger_lines(tmp_path)
    assert [line["outcome"] for line in first] == ["accepted"] * 4 + ["refused"] * 2
    assert [line["outcome"] for line in second] == ["restarted"] + ["accepted"] * 3
    assert second[0]["reason"] == reason
    assert [line["number"] for line in second] == [7, 8, 9, 10]
    refused, again = ([line["fingerprint"] for line in lines] for lines in (first[4:], second[1:3]))
    assert refused == again
    assert fits.getheader(tmp_path / "stack.fits")["NCOMBINE"] == 4
    status = json.loads((tmp_path / "status.json").read_text())
    assert status["outcomes"] == {"accepted": 7, "restarted": 1}
    assert status["refusals"] == {}


def test_what_only_passed_by_stays_left_out(tmp_path: Path) -> None:
    sky, focus = make_sky(), make_sky(width_px=512, height_px=384)
    blobs = [blob_of(each.expose()) for each in (sky, focus, focus, sky, focus, sky)]
    make_agent(tmp_path, blobs).run(threading.Event())
    (lines,) = ledger_lines(tmp_path)
    assert [line["reason"] for line in lines] == ["", "size_changed", "size_changed", "", "size_changed", ""]
    assert json.loads((tmp_path / "status.json").read_text())["refusals"] == {"size_changed": 3}


def test_the_same_frame_twice_has_one_line(tmp_path: Path) -> None:
    blob = blob_of(make_sky().expose())
    make_agent(tmp_path, [blob, blob]).run(threading.Event())
    assert [len(session) for session in ledger_lines(tmp_path)] == [1]
    assert fits.getheader(tmp_path / "stack.fits")["NCOMBINE"] == 1


def test_max_subs_ends_the_run(tmp_path: Path) -> None:
    sky = make_sky()
    agent = make_agent(tmp_path, [blob_of(sky.expose()) for _ in range(5)], endless=True)
    agent.run(threading.Event(), max_subs=3)
    assert sum(map(len, ledger_lines(tmp_path))) == 3


def test_stop_takes_in_what_has_arrived(tmp_path: Path) -> None:
    sky = make_sky()
    stop = threading.Event()
    stop.set()
    make_agent(tmp_path, [blob_of(sky.expose()) for _ in range(3)], endless=True).run(stop)
    assert sum(map(len, ledger_lines(tmp_path))) == 3


def test_commands_act_in_their_place(tmp_path: Path) -> None:
    sky = make_sky()
    agent = make_agent(tmp_path, [])
    for item in (sky.expose(), NewStack(), sky.expose(), Pause(), sky.expose(), Resume(), sky.expose()):
        agent.send(blob_of(item) if not isinstance(item, NewStack | Pause | Resume) else item)
    agent.run(threading.Event())
    assert [[line["reason"] for line in session] for session in ledger_lines(tmp_path)] == [[""], ["", "paused", ""]]


@pytest.mark.parametrize("place", ["indistack.session.stack_branch.integrate_all", "indistack.decode.to_zero"])
def test_a_bug_keeps_the_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(place, lambda *_: 1 / 0)
    blob = blob_of(make_sky().expose())
    make_agent(tmp_path, [blob]).run(threading.Event())
    assert [[line["reason"] for line in lines] for lines in ledger_lines(tmp_path)] == [["internal_error"]]
    assert "ZeroDivisionError" in caplog.text
    (kept,) = tmp_path.glob("sessions/*/kept/*.fits")
    assert kept.read_bytes() == blob.data


def test_an_output_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("in the way")
    with pytest.raises(IndistackError, match="out"):
        make_agent(tmp_path / "out", [])


def test_publishing_that_fails_does_not_stop_the_stack(tmp_path: Path) -> None:
    (tmp_path / "stack.png").mkdir()
    sky = make_sky()
    make_agent(tmp_path, [blob_of(sky.expose()) for _ in range(2)]).run(threading.Event())
    assert sum(map(len, ledger_lines(tmp_path))) == 2
    assert fits.getheader(tmp_path / "stack.fits")["NCOMBINE"] == 2
