"""The ledger of a session, followed as it grows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from indistack.faces.web.ledger_tail import REFUSED, STACKED, LedgerTail, facts_of
from indistack.values.outcome import Accepted, Refused, Restarted

SESSION = "20260101-220000_M27_001"


def line(number: int, outcome: str = "accepted", **more: Any) -> str:
    return json.dumps({"number": number, "outcome": outcome, "time": "2026-01-01T22:00:00+00:00", **more}) + "\n"


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    folder = tmp_path / "sessions" / SESSION
    folder.mkdir(parents=True)
    return folder / "ledger.jsonl"


def test_outcomes_are_called_as_they_are() -> None:
    assert ((Accepted.word, Restarted.word), Refused.word) == (STACKED, REFUSED)


def numbers(tail: LedgerTail) -> list[int]:
    return [sub["number"] for sub in tail.subs]


def test_lines_are_taken_as_they_come_and_a_torn_one_when_it_is_whole(tmp_path: Path, ledger: Path) -> None:
    tail = LedgerTail(tmp_path)
    whole = line(2)
    ledger.write_text(line(1) + whole[:20])
    tail.follow(SESSION)
    assert numbers(tail) == [1]
    with ledger.open("a") as file:
        file.write(whole[20:] + line(3))
    tail.follow(SESSION)
    assert numbers(tail) == [1, 2, 3]


def test_what_is_no_line_or_no_sub_is_left_out(tmp_path: Path, ledger: Path) -> None:
    ledger.write_text("no json\n[1]\n" + line(1, "filed") + line(2, "refused", reason="clouds") + "[" * 5000 + "\n")
    tail = LedgerTail(tmp_path)
    tail.follow(SESSION)
    assert numbers(tail) == [2]


def test_what_befell_a_sub_is_told(tmp_path: Path, ledger: Path) -> None:
    tail = LedgerTail(tmp_path)
    ledger.write_text(line(1) + line(2) + line(1, "removed"))
    tail.follow(SESSION)
    assert [sub["fate"] for sub in tail.subs] == ["removed", ""]
    with ledger.open("a") as file:
        file.write(line(1, "readmitted"))
    tail.follow(SESSION)
    assert [sub["fate"] for sub in tail.subs] == ["", ""]


def test_refusals_in_a_row_end_with_a_sub_that_is_stacked(tmp_path: Path, ledger: Path) -> None:
    ledger.write_text(
        line(1, "refused", reason="a") + line(2) + line(3, "refused", reason="b") + line(4, "refused", reason="c")
    )
    tail = LedgerTail(tmp_path)
    tail.follow(SESSION)
    assert [sub["reason"] for sub in tail.refused_in_a_row] == ["c", "b"]


@pytest.mark.parametrize(
    "name", ["../elsewhere", "elsewhere", "..", "", None, 3, "20260101-220000_M27_001/../../elsewhere"]
)
def test_a_name_that_is_no_sessions_is_followed_nowhere(tmp_path: Path, ledger: Path, name: object) -> None:
    ledger.write_text(line(1))
    for other in (tmp_path, tmp_path / "sessions"):
        (other / "elsewhere").mkdir()
        (other / "elsewhere" / "ledger.jsonl").write_text(line(2))
    tail = LedgerTail(tmp_path)
    tail.follow(SESSION)
    tail.follow(name)
    assert tail.subs == []


def test_a_ledger_that_was_written_anew_is_read_anew(tmp_path: Path, ledger: Path) -> None:
    tail = LedgerTail(tmp_path)
    ledger.write_text(line(1) + line(2))
    tail.follow(SESSION)
    ledger.write_text(line(7))
    tail.follow(SESSION)
    assert numbers(tail) == [7]


def test_facts_are_bounded_finite_and_name_no_folder() -> None:
    facts = facts_of(
        {
            "outcome": "refused", "number": "x", "detail": "/home/ann/lights/sub\u202e1.fits: torn" + "x" * 1000,
            "shift_px": [1.0, float("inf")], "fwhm_px": 2.5, "stars": float("nan"), "path": "/home/ann",
            "target": {"a": 1}, "weight": [0] * 1000,
        }
    )  # fmt: skip
    assert facts == {"outcome": "refused", "number": 0, "fate": "", "fwhm_px": 2.5, "detail": facts["detail"]}
    assert facts["detail"].startswith("sub?1.fits: torn")
    assert len(facts["detail"]) < 301
    json.dumps(facts, allow_nan=False)
