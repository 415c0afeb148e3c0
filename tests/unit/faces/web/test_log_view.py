"""The agent's log as the console shows it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from indistack.faces.web.log_view import TAIL_BYTES, lines_of


def write(path: Path, *records: tuple[str, str]) -> None:
    lines = [json.dumps({"time": "2026-01-01T22:00:00", "level": level, "text": text}) for level, text in records]
    path.write_text("\n".join(lines) + "\n")


def texts(folder: Path, level: str = "info", limit: int = 100) -> list[str]:
    return [line["text"] for line in lines_of(folder, level, limit)]


def test_the_newest_lines_of_a_level_or_above_come_oldest_first(tmp_path: Path) -> None:
    write(tmp_path / "log.1.jsonl", ("info", "a"), ("error", "b"))
    write(tmp_path / "log.jsonl", ("info", "c"), ("warning", "d"), ("critical", "e"), ("debug", "f"))
    assert texts(tmp_path) == ["a", "b", "c", "d", "e"]
    assert texts(tmp_path, "warning") == ["b", "d", "e"]
    assert texts(tmp_path, "info", 2) == ["d", "e"]
    assert texts(tmp_path / "nowhere") == []


@pytest.mark.parametrize("line", ["torn {", "[]", "7", '{"level": 3}', '{"level": "info", "text": []}', "\x00" * 9])
def test_nonsense_harms_nobody(tmp_path: Path, line: str) -> None:
    (tmp_path / "log.jsonl").write_text(line + "\n")
    assert "".join(texts(tmp_path)) == ""


def test_a_large_log_is_read_from_its_end(tmp_path: Path) -> None:
    many = [("info", f"line {at} " + "x" * 100) for at in range(TAIL_BYTES // 100)]
    write(tmp_path / "log.jsonl", *many)
    found = texts(tmp_path, limit=500)
    assert len(found) == 500
    assert found[-1] == many[-1][1]


def test_what_a_terminal_would_obey_is_taken_out(tmp_path: Path) -> None:
    write(tmp_path / "log.jsonl", ("info", "a\x1b[2Jb\u202ec"))
    assert "\x1b" not in texts(tmp_path)[0]
    assert "\u202e" not in texts(tmp_path)[0]
