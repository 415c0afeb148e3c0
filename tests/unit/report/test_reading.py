"""Ledgers read back, whole and damaged."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from indistack.errors import IndistackError
from indistack.report import read_session
from tests.unit.report.nights import START, line, refused, write_ledger


def test_folder_and_file_mean_the_same(tmp_path: Path) -> None:
    write_ledger(tmp_path, line(1), line(2))
    assert read_session(tmp_path).lines == read_session(tmp_path / "ledger.jsonl").lines


def test_numbers_come_as_columns_and_gaps_are_nan(tmp_path: Path) -> None:
    odd = line(3, stars="many", shift_px=[7.0], noise_adu=True)
    subs = read_session(write_ledger(tmp_path, line(1, x=1.5), refused(2, "clouds"), odd))
    np.testing.assert_equal(subs.column("stars"), [101, 102, np.nan])
    np.testing.assert_equal(subs.column("shift_px", 0), [1.5, np.nan, 7.0])
    np.testing.assert_equal(subs.column("shift_px", 1), [0.0, np.nan, np.nan])
    np.testing.assert_equal(subs.column("noise_adu"), [10.0, 10.0, np.nan])
    np.testing.assert_equal(subs.column("a field of later days"), [np.nan] * 3)
    assert subs.used.tolist() == [True, False, True]


def test_what_a_power_cut_left_is_skipped_and_told(tmp_path: Path) -> None:
    cut = json.dumps(line(4))[:70]
    subs = read_session(write_ledger(tmp_path, line(1), "\x00\x00\x00", "[1, 2]", line(2), '{"number": 3}', cut))
    assert [one["number"] for one in subs.lines] == [1, 2]
    assert subs.damaged == (2, 3, 5, 6)


def test_every_length_of_the_last_line_is_survived(tmp_path: Path) -> None:
    first, last = json.dumps(line(1)) + "\n", json.dumps(line(2))
    for length in range(len(last) + 1):
        (tmp_path / "ledger.jsonl").write_text(first + last[:length])
        subs = read_session(tmp_path)
        assert (len(subs), subs.damaged) == (1, ())  # a line that is being written is none yet


def test_calibration_frames_are_no_subs(tmp_path: Path) -> None:
    assert len(read_session(write_ledger(tmp_path, line(1), line(2, outcome="filed", reason="dark")))) == 1


@pytest.mark.parametrize("content", ["", "nonsense\n"])
def test_a_ledger_without_subs_is_an_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "ledger.jsonl").write_text(content)
    with pytest.raises(IndistackError, match="no sub"):
        read_session(tmp_path)


def test_no_ledger_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(IndistackError, match=r"nowhere.*No such file"):
        read_session(tmp_path / "nowhere")


def test_times_are_the_middles_of_the_exposures(tmp_path: Path) -> None:
    subs = read_session(write_ledger(tmp_path, line(1), line(2, exposure_s=4.0), line(3, date_obs=None), line(4)))
    assert subs.start == START + timedelta(seconds=4)
    np.testing.assert_allclose(subs.time_s, [0, 8, 19, 30])  # the third lies between its neighbours


def test_without_a_clock_in_the_camera_the_arrival_counts(tmp_path: Path) -> None:
    lines = [line(n, date_obs=None, received=line(2 * n)["received"]) for n in (1, 2, 3)]
    np.testing.assert_allclose(read_session(write_ledger(tmp_path, *lines)).time_s, [0, 20, 40])
    timeless = [line(n, date_obs="", received=line(1)["received"]) for n in (1, 2)]
    assert not read_session(write_ledger(tmp_path, *timeless)).is_timed
    np.testing.assert_allclose(read_session(write_ledger(tmp_path, *timeless)).time_s, [0, 1])


@pytest.mark.parametrize(("apart_s", "exposure_s", "is_timed"), [(8, 8.0, True), (7, 8.0, False), (8, None, False)])
def test_arrivals_tell_the_time_only_if_the_camera_could_expose_between_them(
    tmp_path: Path, apart_s: int, exposure_s: float | None, is_timed: bool
) -> None:
    came = [(START + timedelta(seconds=apart_s * n)).isoformat() for n in range(5)]
    lines = [line(n + 1, date_obs=None, received=at, exposure_s=exposure_s) for n, at in enumerate(came)]
    assert read_session(write_ledger(tmp_path, *lines)).is_timed == is_timed
    dated = [line(n + 1, received=came[0], exposure_s=exposure_s) for n in range(5)]
    assert read_session(write_ledger(tmp_path, *dated)).is_timed
