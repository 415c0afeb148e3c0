"""What sessions hold, and what a rule removes."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from indistack.cli import main
from indistack.store.folder_lock import only_one
from indistack.values.file_names import session_name

DAY_S = 86400

NAMES = {number: session_name(datetime(2030, 1, number, tzinfo=UTC), "M31", number) for number in (1, 2, 3)}


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Three sessions, 40, 20 and 0 days old; the last one has not ended."""
    for number, days in ((1, 40), (2, 20), (3, 0)):
        folder = tmp_path / "sessions" / NAMES[number]
        (folder / "subs").mkdir(parents=True)
        (folder / "subs" / "000001.fits").write_bytes(bytes(5_000_000))
        (folder / "stack.fits").write_bytes(bytes(2_000_000))
        (folder / "ledger.jsonl").write_text("{}\n")
        then = time.time() - days * DAY_S
        for path in [*folder.rglob("*"), folder]:
            os.utime(path, (then, then))
    (tmp_path / "sessions" / "open").write_text(NAMES[3])
    return tmp_path


def left(output: Path, pattern: str) -> list[int]:
    """Return the numbers of the sessions that hold such a file."""
    return [number for number, name in NAMES.items() if list((output / "sessions" / name).glob(pattern))]


def sessions(output: Path, *words: str) -> int:
    return main(["sessions", "--output-dir", str(output), *words])


def test_they_are_listed_with_their_sizes(output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sessions(output) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert "raw       5 MB  other       2 MB" in lines[0]
    assert "has not ended" in lines[2]
    assert lines[3] == "3 sessions, 21 MB"
    assert left(output, "subs/*") == [1, 2, 3]
    assert main(["sessions", str(output)]) == 0  # named as to the other commands
    assert capsys.readouterr().out.splitlines() == lines


@pytest.mark.parametrize("words", [[], ["--prune", "raw", "--keep", "1"]])
def test_a_folder_that_is_not_there_is_named(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert sessions(tmp_path / "missing", *words) == 1
    assert f"{tmp_path / 'missing'}: no such folder" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert sessions(tmp_path / "empty") == 0


@pytest.mark.parametrize(
    ("words", "subs", "stacks"),
    [
        (["--prune", "raw", "--older-than", "30"], [2, 3], [1, 2, 3]),
        (["--prune", "raw", "--keep", "1"], [3], [1, 2, 3]),
        (["--prune", "raw", "--keep", "0"], [3], [1, 2, 3]),  # what has not ended stays
        (["--prune", "all", "--older-than", "10", "--keep", "2"], [2, 3], [2, 3]),
        (["--prune", "all", "--older-than", "10", "--dry-run"], [1, 2, 3], [1, 2, 3]),
    ],
)
def test_what_the_rule_names_goes(output: Path, words: list[str], subs: list[int], stacks: list[int]) -> None:
    assert sessions(output, *words) == 0
    assert left(output, "subs/*.fits") == subs
    assert left(output, "stack.fits") == stacks


@pytest.mark.parametrize("words", [["--prune", "all"], ["--keep", "1"], ["--dry-run"]])
def test_nothing_goes_without_a_whole_rule(output: Path, words: list[str]) -> None:
    assert sessions(output, *words) == 2
    assert left(output, "subs/*") == [1, 2, 3]


def test_nothing_goes_while_an_agent_is_at_work(output: Path) -> None:
    with only_one(output):
        assert sessions(output, "--prune", "all", "--keep", "0") == 1
    assert left(output, "stack.fits") == [1, 2, 3]
