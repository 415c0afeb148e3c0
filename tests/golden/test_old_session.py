"""A session that an earlier version wrote: read, told of, replayed, gone on with, and without a sub of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from indistack.cli import main
from indistack.store.entries import Event
from indistack.store.ledger import dump, read_lines
from indistack.store.line_reader import read_line
from indistack.store.line_writer import as_line
from indistack.store.session_reader import PastSession
from indistack.values.sub_report import SubReport
from tests.pipeline.night import blob_of, make_sky
from tests.pipeline.test_going_on import cut_power, run

OLD = Path(__file__).parent / "old_session"
WORDS = [
    "restarted", "accepted", "refused", "filed", "branch", "accepted", "removed", "accepted", "readmitted", "dropped",
]  # fmt: skip

SAME = 2e-3
"""Relative: since then, pixels are interpolated by another kernel, within what their neighbours hold, and colours are
made another way."""


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """A copy of it, in an agent's output folder."""
    folder = tmp_path / "out" / "sessions" / "20240810-210000_Simulated-Nebula_002"
    shutil.copytree(OLD, folder)
    return folder


def blocks(file: Path) -> Any:
    return fits.getdata(file).reshape(3, 12, 8, 16, 8).mean(axis=(2, 4))


def test_its_lines_have_no_format() -> None:
    assert not any("ledger_format" in line for line in read_lines(OLD))


def test_every_line_is_understood(session: Path) -> None:
    past = PastSession(session)
    assert [entry.word for entry in past.entries] == WORDS
    assert all(isinstance(entry, SubReport | Event) for entry in past.entries)
    assert [entry.number for entry in past.entries] == [3, 4, 5, 6, None, 7, 4, 8, 4, None]
    assert [report.number for report in past.lights() if report.place is not None] == [3, 4, 7, 8]
    assert past.is_in(4)
    assert past.last_number == 8


def test_it_would_be_written_again_as_it_is_but_for_the_format() -> None:
    for line in read_lines(OLD):
        again = json.loads(dump(as_line(read_line(line))))
        assert line.keys() <= again.keys() <= line.keys() | {"ledger_format", *LATER}
        for name in line:
            assert again[name] == pytest.approx(line[name]) if name in DERIVED else again[name] == line[name], name


LATER = ("uneven_sigma", "hidden", "bare", "doubled", "apart_px")
"""Not measured yet when it was written."""

DERIVED = ("rotation_deg", "drift_px", "shift_arcsec")
"""Worked out again of numbers that have been rounded."""


def test_it_is_told_of_as_it_was(session: Path, tmp_path: Path) -> None:
    assert main(["report", str(session), "--output-dir", str(tmp_path)]) == 0
    told, expected = (json.loads(file.read_text()) for file in (tmp_path / "report.json", OLD / "expected-report.json"))
    assert told.pop("ledger") == str(session / "ledger.jsonl")
    assert told == expected


def test_it_is_gone_on_with(session: Path) -> None:
    out = session.parent.parent
    cut_power(out, session)
    run(out, [], goes_on=PastSession(session))
    assert fits.getheader(session / "stack.fits")["NCOMBINE"] == 4
    np.testing.assert_allclose(blocks(session / "stack.fits"), np.load(OLD / "expected-stack.npy"), rtol=SAME)
    sky = make_sky(width_px=128, height_px=96, n_stars=60, mag_max=11.0, exposure_s=2.0)
    new = [blob_of(sky.expose(), f"{number}.fits") for number in range(6)][-1]
    cut_power(out, session)
    run(out, [new], goes_on=PastSession(session))
    last = read_lines(session)[-1]
    assert (last["number"], last["outcome"], last["ledger_format"]) == (9, "accepted", 1)
    assert fits.getheader(session / "stack.fits")["NCOMBINE"] == 5


def test_it_is_replayed(session: Path, tmp_path: Path) -> None:
    assert main(["replay", str(session), "-o", str(tmp_path / "again.fits")]) == 0
    np.testing.assert_allclose(blocks(tmp_path / "again.fits"), np.load(OLD / "expected-stack.npy"), rtol=SAME)


def test_a_sub_is_taken_out_and_put_back(session: Path) -> None:
    assert main(["unstack", str(session), "7"]) == 0
    assert fits.getheader(session / "stack.fits")["NCOMBINE"] == 3
    assert main(["unstack", str(session), "7", "--put-back"]) == 0
    np.testing.assert_allclose(blocks(session / "stack.fits"), np.load(OLD / "expected-stack.npy"), rtol=SAME)
