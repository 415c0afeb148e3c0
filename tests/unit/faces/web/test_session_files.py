"""Files of sessions: which may be had, and what is told of each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from indistack.faces.web.session_files import folder_of, sessions_of

NAME = "20260101-220000_M-27_001"


def session(output: Path, name: str = NAME, *lines: dict[str, Any] | str) -> Path:
    folder = output / "sessions" / name
    folder.mkdir(parents=True)
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    (folder / "ledger.jsonl").write_text(text)
    return folder


@pytest.mark.parametrize(
    "name", ["..", ".", "", "x", "../../etc", f"{NAME}/..", f"{NAME}/subs", "20260101-220000_../../x_001"]
)
def test_what_is_no_session_has_no_folder(tmp_path: Path, name: str) -> None:
    session(tmp_path)
    assert folder_of(tmp_path, name) is None


def test_a_link_to_somewhere_else_is_no_session(tmp_path: Path) -> None:
    folder = session(tmp_path)
    assert folder_of(tmp_path, NAME) == folder
    other = NAME.replace("001", "002")
    (tmp_path / "sessions" / other).symlink_to("/etc")
    assert folder_of(tmp_path, other) is None


def test_the_newest_session_comes_first_with_what_its_last_stacked_sub_tells(tmp_path: Path) -> None:
    stacked = {
        "outcome": "accepted",
        "target": "M 27",
        "time": "2026-01-01T23:00:00+00:00",
        "n_subs": 7,
        "snr_gain": 2.5,
    }
    refused = {"outcome": "refused", "reason": "clouds"}
    folder = session(tmp_path, NAME, {**stacked, "n_subs": 6}, stacked, refused, "no line")
    (folder / "stack.jpg").write_bytes(b"JPEG")
    (folder / "settings.toml").write_text("")
    session(tmp_path, "20260102-220000_M-31_001")
    newest, older = sessions_of(tmp_path)
    assert (newest["name"], newest["n_subs"], newest["target"]) == ("20260102-220000_M-31_001", 0, "")
    assert (older["target"], older["n_subs"], older["snr_gain"]) == ("M 27", 7, 2.5)
    assert older["files"].keys() == {"stack.jpg", "ledger.jsonl"}
    assert older["files"]["stack.jpg"] == 4


def test_a_ledger_that_has_grown_is_read_again(tmp_path: Path) -> None:
    folder = session(tmp_path, NAME, {"outcome": "accepted", "n_subs": 1})
    assert sessions_of(tmp_path)[0]["n_subs"] == 1
    with (folder / "ledger.jsonl").open("a") as file:
        file.write(json.dumps({"outcome": "accepted", "n_subs": 2}) + "\n")
    assert sessions_of(tmp_path)[0]["n_subs"] == 2


def test_without_sessions_there_are_none(tmp_path: Path) -> None:
    assert sessions_of(tmp_path / "nowhere") == []
