"""What a start makes of sessions whose lines or facts are lost: no raw sub is, and each gets its line again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from indistack.cli import main
from indistack.store.folder_lock import only_one
from indistack.store.session_folders import SessionFolders
from indistack.store.session_reader import PastSession
from indistack.system.clock import utc_now
from indistack.values.blob import Blob
from tests.pipeline.night import blob_of, make_sky
from tests.pipeline.sessions import agent_of, cut_power, lines_of, pixels, run

Damage = Callable[[Path], object]


@pytest.fixture(scope="module")
def blobs() -> list[Blob]:
    sky = make_sky(width_px=160, height_px=120, n_stars=60, mag_max=11.0)
    return [blob_of(sky.expose(), f"{number}.fits") for number in range(6)]


def zero_a_block(ledger: Path) -> None:
    """Lines 2 and 3 become one that is no line."""
    data = ledger.read_bytes()
    ends = [place for place, byte in enumerate(data) if byte == ord("\n")]
    begin, end = ends[0] + 20, ends[2] - 20
    ledger.write_bytes(data[:begin] + bytes(end - begin) + data[end:])


def spoil_two_lines(ledger: Path) -> None:
    first, *rest = ledger.read_text().splitlines(keepends=True)
    ledger.write_text(first + "".join(rest).replace('"matched": ', '"matched_": ', 2))


def tear_the_last_line(ledger: Path) -> None:
    ledger.write_bytes(ledger.read_bytes()[:-100])


DAMAGES: list[Damage] = [
    Path.unlink, lambda ledger: ledger.write_bytes(b""), lambda ledger: ledger.write_bytes(bytes(4096)),
    zero_a_block, spoil_two_lines, tear_the_last_line,
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_raw_sub_gets_its_line_again(tmp_path: Path, blobs: list[Blob], damage: Damage) -> None:
    whole = run(tmp_path / "whole", blobs)
    session = run(tmp_path / "out", blobs[:4])
    before = {path.name: path.read_bytes() for path in (session / "subs").glob("*.fits")}
    damage(session / "ledger.jsonl")
    cut_power(tmp_path / "out", session)
    assert run(tmp_path / "out", blobs[4:], goes_on=SessionFolders(tmp_path / "out").past()) == session
    assert {report.number: report.word for report in PastSession(session).reports()} == dict.fromkeys(
        range(1, 7), "accepted"
    )
    after = {path.name: path.read_bytes() for path in (session / "subs").glob("*.fits")}
    assert {name: after[name] for name in before} == before
    assert len(after) == 6
    np.testing.assert_allclose(pixels(session), pixels(whole), rtol=1e-4)


def test_lines_that_were_lost_are_lost_once(tmp_path: Path, blobs: list[Blob]) -> None:
    session = run(tmp_path, blobs[:4])
    spoil_two_lines(session / "ledger.jsonl")
    for _ in range(2):
        run(tmp_path, [], goes_on=PastSession(session))
        assert len(lines_of(session)) == 6
        assert fits.getheader(session / "stack.fits")["NCOMBINE"] == 4
    assert main(["unstack", str(session), "2"]) == 0
    assert fits.getheader(session / "stack.fits")["NCOMBINE"] == 3


def test_a_sub_that_was_taken_out_stays_out_without_its_line(tmp_path: Path, blobs: list[Blob]) -> None:
    session = run(tmp_path, blobs[:4])
    assert main(["unstack", str(session), "2"]) == 0
    zero_a_block(session / "ledger.jsonl")
    run(tmp_path, [], goes_on=PastSession(session))
    assert fits.getheader(session / "stack.fits")["NCOMBINE"] == 3


def test_a_session_without_a_ledger_is_made_again(
    tmp_path: Path, blobs: list[Blob], caplog: pytest.LogCaptureFixture
) -> None:
    session = run(tmp_path, blobs[:3])
    (session / "ledger.jsonl").unlink()
    run(tmp_path, [])
    assert f"--continue {session.name}" in caplog.text
    assert len(list((session / "subs").glob("*.fits"))) == 3
    assert main(["replay", str(session), "-o", str(tmp_path / "replay.fits")]) == 0
    assert fits.getheader(tmp_path / "replay.fits")["NCOMBINE"] == 3


@pytest.mark.parametrize("facts", [None, b"", bytes(300), b"{}", b'{"file": 3}', b"[" * 100_000])
def test_a_waiting_sub_is_stacked_without_its_facts(tmp_path: Path, blobs: list[Blob], facts: bytes | None) -> None:
    for blob in blobs[:3]:
        agent_of(tmp_path, []).send(blob)
    (path,) = (tmp_path / "spool").glob("00000002.json")
    path.unlink()
    if facts is not None:
        path.write_bytes(facts)
    session = run(tmp_path, blobs[3:4])
    assert [line["number"] for line in lines_of(session)] == [1, 2, 3, 4]
    assert fits.getheader(session / "stack.fits")["NCOMBINE"] == 4


def test_who_is_refused_touches_nothing(tmp_path: Path) -> None:
    begun = SessionFolders(tmp_path).begin(utc_now(), "M31")
    with only_one(tmp_path):
        assert main(["watch", str(tmp_path), "--output-dir", str(tmp_path)]) == 1
    assert begun.is_dir()


def test_settings_that_are_lost_stop_no_start(tmp_path: Path, blobs: list[Blob]) -> None:
    frames = tmp_path / "frames"
    frames.mkdir()
    session = run(tmp_path / "out", blobs[:3])
    (session / "settings.toml").write_bytes(bytes(100))
    cut_power(tmp_path / "out", session)
    (frames / "4.fits").write_bytes(blobs[3].data)
    command = ["watch", str(frames), "--output-dir", str(tmp_path / "out"), "--max-subs", "1"]
    assert main([*command, "--set", "spool.min_free_gb=0"]) == 0
    assert fits.getheader(session / "stack.fits")["NCOMBINE"] == 4


def test_what_was_only_begun_is_not_gone_on_with(tmp_path: Path) -> None:
    begun = SessionFolders(tmp_path).begin(utc_now(), "M31")
    assert SessionFolders(tmp_path).past() is None
    assert begun.is_dir()
    agent_of(tmp_path, []).run(threading.Event())
    assert not begun.exists()
