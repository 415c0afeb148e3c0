"""One line per blob."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from indistack.errors import StackError
from indistack.frame import Blob, Match
from indistack.ledger import Ledger, describe, dump, match_numbers, record, session_name
from indistack.outcome import Accepted, Refused

NOW = datetime(2024, 1, 6, 21, 30, 5, tzinfo=UTC)
BLOB = Blob(b"1234", ".fits", "camera", "camera.CCD1", NOW)


def test_a_refused_blob_says_why() -> None:
    line = record(7, BLOB, Refused("truncated", {"bytes_missing": 3}, "3 bytes are missing"), NOW)
    assert (line["number"], line["outcome"], line["reason"]) == (7, "refused", "truncated")
    assert line["transform"] is None
    assert (line["detail"], line["bytes_missing"], line["bytes"]) == ("3 bytes are missing", 3, 4)


def test_lines_are_strict_json_one_per_blob(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "session")
    numbers = {"fwhm_px": float("nan"), "transform": np.eye(3), "stars": np.int64(3)}
    for number in (1, 2):
        ledger.append(record(number, BLOB, Accepted(numbers), NOW))
    ledger.close()
    lines = [json.loads(text) for text in (tmp_path / "session" / "ledger.jsonl").read_text().splitlines()]
    assert [line["number"] for line in lines] == [1, 2]
    assert lines[0]["fwhm_px"] is None
    assert lines[0]["transform"] == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert lines[0]["stars"] == 3


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "session").write_text("in the way")
    with pytest.raises(StackError, match="session"):
        Ledger(tmp_path / "session")


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("M 42", "20240106-213005_M-42_001"),
        ("", "20240106-213005_unnamed_001"),
        ("../../etc/ä b", "20240106-213005_etc-a-b_001"),
    ],
)
def test_session_names_are_safe_file_names(target: str, expected: str) -> None:
    assert session_name(NOW, target, 1) == expected


def test_infinity_becomes_null() -> None:
    assert json.loads(dump({"limit": float("inf")})) == {"limit": None}


def test_a_line_for_people_names_what_matters() -> None:
    numbers = {
        "stars": 120, "fwhm_px": 3.21, "shift_px": [1.5, -2.0], "rotation_deg": 0.1, "rms_px": 0.2, "weight": 1.0,
        "stage_ms": {"decode": 10.0, "stack": 90.0},
    }  # fmt: skip
    text = describe(record(3, BLOB, Accepted(numbers), NOW))
    for word in ("camera.CCD1", "120 stars", "FWHM 3.21 px", "+1.5 -2.0 px", "weight 1.00", "100 ms"):
        assert word in text
    assert "transparency" not in text
    cloudy = Refused("clouds", numbers | {"transparency": 0.34, "weight": None}, "too thick")
    assert "transparency 0.34" in describe(record(4, BLOB, cloudy, NOW))


def test_numbers_of_a_match() -> None:
    match = Match(scale=1.5, background=((1.0,), (2.0, 9.0, 9.0)), transparency=0.6, compared=40, gradient_sigma=7.0)
    expected = {"transparency": 0.6, "scale": 1.5, "background_match": [1.0, 2.0], "compared": 40}
    expected |= {"gradient_sigma": 7.0, "brightness": 1.0, "background": match.background}
    assert match_numbers(match) == expected
