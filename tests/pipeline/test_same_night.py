"""The same command again within a night goes on with its stack, and costs no picture."""

from __future__ import annotations

import json
import logging
import os
import shlex
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from indistack.agent.agent import Agent
from indistack.command_line.arguments import make_parser
from indistack.command_line.night_view import command_to_go_on
from indistack.commands import Command, NewStack, Set
from indistack.config import Config
from indistack.pipeline.calibrators import calibrator_factory
from indistack.resume.same_night import SAME_NIGHT, reports_of_the_night, session_to_go_on
from indistack.resume.session_settings import settings_of, settings_to_go_on
from indistack.settings import load
from indistack.sources import read_blob
from indistack.store.checkpoint import FOLDER as CHECKPOINTS
from indistack.store.session_folders import SessionFolders
from indistack.store.session_reader import PastSession
from indistack.store.sub_files import SUBS
from indistack.values.blob import Blob
from tests.pipeline.night import FakeSource, blob_of, make_sky

DUSK = datetime(2024, 8, 10, 21, tzinfo=UTC)
SETTINGS = ("spool.min_free_gb=0", "stack.keep_up=false")


@pytest.fixture(scope="module")
def blobs() -> list[Blob]:
    sky = make_sky(width_px=160, height_px=120, n_stars=60, mag_max=11.0)
    return [blob_of(sky.expose(), f"{number}.fits") for number in range(6)]


def start(out: Path, blobs: Sequence[Blob], now: datetime, *settings: str, told: Sequence[Command] = ()) -> Path:
    """Do what ``run`` does when it is typed at that time, and tell the agent something; return the newest session."""
    asked, sessions = load(Config, None, [*SETTINGS, *settings]), SessionFolders(out)
    past = session_to_go_on(sessions, asked, now)
    config = settings_to_go_on(past, asked) if past else asked
    agent = Agent(
        config, [FakeSource(blobs)], out, calibrator_factory(config), clock=lambda: now, goes_on=past, asked=asked
    )  # fmt: skip
    for command in told:
        agent.send(command)
    agent.run(threading.Event())
    return sessions.all()[-1]


@pytest.mark.parametrize(
    ("typed", "more"),
    [
        ([], ["--continue", "last"]),
        (["--set", "stack.method=median", "--new", "--set=web.code='1234'"], []),
        (["--continue", "last"], []),
    ],
)
def test_how_to_go_on_is_told_so_that_it_does(
    tmp_path: Path, blobs: list[Blob], typed: list[str], more: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    start(tmp_path, blobs[:3], DUSK, "stack.method=median")
    words = ["run", "--output-dir", str(tmp_path), *typed]
    monkeypatch.setattr("sys.argv", ["indistack", *words])
    options = make_parser().parse_args(words)
    told = shlex.split(command_to_go_on(options, load(Config, None, [*SETTINGS, *options.set])))
    expected = [{"--set=web.code='1234'": "--set=web.code=..."}.get(word, word) for word in words if word != "--new"]
    assert told == ["indistack", *expected, *more]


def n_subs(picture: Path) -> int:
    return int(fits.getheader(picture)["NCOMBINE"])


def test_within_the_night_it_adds_to_the_stack(tmp_path: Path, blobs: list[Blob]) -> None:
    first = start(tmp_path, blobs[:4], DUSK)
    second = start(tmp_path, blobs[4:], DUSK + SAME_NIGHT - timedelta(minutes=1))
    assert second == first
    assert n_subs(tmp_path / "stack.fits") == n_subs(first / "stack.fits") == 6


def test_a_start_without_a_sub_leaves_the_picture(tmp_path: Path, blobs: list[Blob]) -> None:
    start(tmp_path, blobs[:4], DUSK)
    before, told = fits.getdata(tmp_path / "stack.fits"), json.loads((tmp_path / "status.json").read_text())
    start(tmp_path, [], DUSK + timedelta(hours=1))
    np.testing.assert_array_equal(fits.getdata(tmp_path / "stack.fits"), before)
    again = json.loads((tmp_path / "status.json").read_text())
    assert again["n_subs"] == 4
    for name in ("snr_gain", "stack_noise_adu"):
        assert again["stacks"]["stack"][name] == pytest.approx(told["stacks"]["stack"][name], rel=1e-6)


@pytest.mark.parametrize("later", [SAME_NIGHT + timedelta(minutes=1), -SAME_NIGHT - timedelta(minutes=1)])
def test_another_night_has_a_stack_of_its_own(tmp_path: Path, blobs: list[Blob], later: timedelta) -> None:
    first = start(tmp_path, blobs[:4], DUSK)
    second = start(tmp_path, blobs[4:], DUSK + later)
    assert [n_subs(one / "stack.fits") for one in (first, second)] == [4, 2]


@pytest.mark.parametrize(
    ("settings", "said"),
    [(["stack.method=median"], "stack.method"), (["branches.trails.method=maximum"], "branches.trails")],
)
def test_who_asks_for_another_picture_gets_one_and_is_told(
    tmp_path: Path, blobs: list[Blob], settings: list[str], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    first = start(tmp_path, blobs[:4], DUSK)
    with caplog.at_level(logging.INFO):
        second = start(tmp_path, blobs[4:], DUSK, *settings)
    assert second != first
    assert any(f"({said})" in message for message in caplog.messages)


def test_what_no_pixel_depends_on_may_differ(tmp_path: Path, blobs: list[Blob]) -> None:
    first = start(tmp_path, blobs[:4], DUSK)
    assert start(tmp_path, blobs[4:], DUSK, "stack.jobs=1", "publish.interval_s=9", "indi.port=7000") == first


def test_what_a_person_changed_before_a_stack_began_is_no_other_command(tmp_path: Path, blobs: list[Blob]) -> None:
    begun = start(tmp_path, blobs[:2], DUSK, told=[Set("drift.limit", "77 px")])
    assert start(tmp_path, blobs[2:4], DUSK) == begun
    assert n_subs(tmp_path / "stack.fits") == 4
    another = start(tmp_path, blobs[4:5], DUSK, told=[NewStack()])
    assert another != begun
    assert settings_of(PastSession(another)).drift.limit == "77 px"
    assert start(tmp_path, blobs[5:], DUSK) == another
    assert start(tmp_path, blobs[:1], DUSK, "drift.limit=88 px") not in (begun, another)


def test_a_session_of_which_nothing_is_kept_stays_as_it_is(tmp_path: Path, blobs: list[Blob]) -> None:
    first = start(tmp_path, blobs[:4], DUSK, 'spool.keep="none"')
    second = start(tmp_path, blobs[4:], DUSK, 'spool.keep="none"')
    assert [n_subs(one / "stack.fits") for one in (first, second)] == [4, 2]


def test_a_stack_that_cannot_be_made_again_keeps_its_picture(
    tmp_path: Path, blobs: list[Blob], caplog: pytest.LogCaptureFixture
) -> None:
    first = start(tmp_path, blobs[:4], DUSK)
    for path in [*(first / CHECKPOINTS).iterdir(), *sorted((first / SUBS).glob("*.fits"))[:3]]:
        path.unlink()
    second = start(tmp_path, blobs[4:], DUSK)
    assert "a new stack begins" in caplog.text
    assert [n_subs(one / "stack.fits") for one in (first, second)] == [4, 2]


def test_the_files_of_the_night_s_earlier_stacks_are_known(tmp_path: Path) -> None:
    night = tmp_path / "night"
    night.mkdir()
    for target, seed in (("a", 3), ("b", 4)):
        sky = make_sky(width_px=160, height_px=120, n_stars=60, mag_max=11.0, seed=seed)
        for number in range(4):
            (night / f"{target}{number}.fits").write_bytes(sky.expose().to_fits())
    files = [read_blob(path, "camera") for path in sorted(night.iterdir())]
    out = tmp_path / "out"
    last = start(out, files, DUSK, "drift.new_target_subs=2")
    sessions = SessionFolders(out)
    past = session_to_go_on(sessions, load(Config, None, [*SETTINGS, "drift.new_target_subs=2"]), DUSK)
    assert past is not None
    assert past.folder == last
    known = {report.arrival.path for report in reports_of_the_night(sessions, past) if report.arrival is not None}
    assert known == {str(path) for path in night.iterdir()}
    start(out, files, DUSK, "drift.new_target_subs=2")
    assert len(sessions.all()) == 2


def test_a_session_that_was_cut_off_keeps_its_pictures_when_another_is_asked_for(
    tmp_path: Path, blobs: list[Blob]
) -> None:
    first = start(tmp_path, blobs[:4], DUSK)
    (first / "stack.fits").unlink()  # as a power cut leaves it: the pictures are in the output folder only
    (tmp_path / "sessions" / "open").write_text(first.name)
    config = load(Config, None, SETTINGS)
    Agent(config, [FakeSource(blobs[4:])], tmp_path, calibrator_factory(config)).run(threading.Event())  # --new
    assert [n_subs(one / "stack.fits") for one in SessionFolders(tmp_path).all()] == [4, 2]


def test_a_clock_that_is_set_back_within_the_night_makes_no_other_night_of_it(
    tmp_path: Path, blobs: list[Blob]
) -> None:
    config, times = load(Config, None, SETTINGS), iter([DUSK] * 8 + [DUSK - timedelta(days=1)] * 1000)
    Agent(config, [FakeSource(blobs[:4])], tmp_path, calibrator_factory(config), clock=lambda: next(times)).run(
        threading.Event()
    )
    (first,) = SessionFolders(tmp_path).all()
    told = [json.loads(line)["time"] for line in (first / "ledger.jsonl").read_text().splitlines()]
    assert told[0] > told[-1], "the clock was set back between the first and the last sub"
    assert start(tmp_path, blobs[4:], DUSK - timedelta(days=1)) == first
    assert n_subs(first / "stack.fits") == 6


@pytest.mark.parametrize("has_ended", [True, False])
def test_a_session_that_another_user_has_made_is_no_hindrance(
    tmp_path: Path,
    blobs: list[Blob],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    has_ended: bool,
) -> None:
    first, access = start(tmp_path, blobs[:4], DUSK), os.access
    if not has_ended:
        (tmp_path / "sessions" / "open").write_text(first.name)
    ledger = first / "ledger.jsonl"
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != ledger and access(path, mode))
    assert start(tmp_path, blobs[4:], DUSK + timedelta(hours=1)) != first
    assert "it belongs to another user" in caplog.text
    assert n_subs(first / "stack.fits") == 4
