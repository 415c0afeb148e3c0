"""One line per blob."""

from __future__ import annotations

import errno
import json
import os
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from indistack.errors import StackError
from indistack.store.ledger import LEDGER, Ledger, dump, read_lines


def test_lines_are_strict_json_one_per_blob(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "session")
    for number in (1, 2):
        line = {"number": number, "fwhm_px": float("nan"), "transform": np.eye(3), "stars": np.int64(3)}
        ledger.append(line)
    ledger.close()
    lines = [json.loads(text) for text in (tmp_path / "session" / LEDGER).read_text().splitlines()]
    assert [line["number"] for line in lines] == [1, 2]
    assert lines[0]["fwhm_px"] is None
    assert lines[0]["transform"] == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert lines[0]["stars"] == 3


def test_a_torn_last_line_is_left_out_and_written_over(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path)) as ledger:
        ledger.append({"number": 1})
    with (tmp_path / LEDGER).open("a") as file:
        file.write('{"number": 2, "ou')
    assert read_lines(tmp_path) == [{"number": 1}]
    with closing(Ledger(tmp_path)) as ledger:
        ledger.append({"number": 3})
        assert ledger.lines == 2
    assert read_lines(tmp_path) == [{"number": 1}, {"number": 3}]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "session").write_text("in the way")
    with pytest.raises(StackError, match="session"):
        Ledger(tmp_path / "session")


def test_infinity_becomes_null() -> None:
    assert json.loads(dump({"limit": float("inf")})) == {"limit": None}


def test_a_line_is_on_the_disk_when_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(Ledger(tmp_path)) as ledger:
        synced: list[tuple[int, int]] = []

        def fsync(handle: int) -> None:
            synced.append((os.fstat(handle).st_ino, os.fstat(handle).st_size))

        monkeypatch.setattr(os, "fsync", fsync)
        ledger.append({"number": 1})
        ledger.append({"number": 2})
    assert synced == [((tmp_path / LEDGER).stat().st_ino, n * len('{"number": 1}\n')) for n in (1, 2)]


def test_lines_that_a_full_disk_did_not_take_come_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with closing(Ledger(tmp_path)) as ledger:
        ledger.append({"number": 1})
        with monkeypatch.context() as disk:
            disk.setattr(os, "fsync", full)
            for number in (2, 3):
                with pytest.raises(StackError, match="No space left"):
                    ledger.append({"number": number})
            assert read_lines(tmp_path) == [{"number": 1}]
            assert (len(ledger.late), ledger.lines) == (2, 1)
        ledger.append({"number": 4})
        assert (len(ledger.late), ledger.lines) == (0, 4)
    assert read_lines(tmp_path) == [{"number": number} for number in (1, 2, 3, 4)]


def test_a_perspective_is_not_rounded_away() -> None:
    assert json.loads(dump({"per_px": 1.23456789012e-8})) == {"per_px": 1.23456789012e-8}


def test_a_ledger_that_never_ends_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "ledger.jsonl")
    with pytest.raises(StackError, match="ordinary"):
        read_lines(tmp_path)
