"""A short file on a full disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from indistack.system.spare_file import SPARE_BYTES, SpareFile


@pytest.fixture
def spare(tmp_path: Path) -> SpareFile:
    found = SpareFile(tmp_path / "status.json")
    found.keep()
    return found


@pytest.mark.parametrize("is_there", [True, False])
def test_it_is_written_again_and_again_without_more_room(tmp_path: Path, spare: SpareFile, is_there: bool) -> None:
    path = tmp_path / "status.json"
    if is_there:
        path.write_text("{}")
    places = {file.stat().st_ino for file in tmp_path.glob(".*")}
    for number in range(5):
        spare.write(json.dumps({"number": number}).encode())
        assert json.loads(path.read_bytes()) == {"number": number}
        assert {file.stat().st_ino for file in (path, *tmp_path.glob(".*"))} == places
    assert not list(tmp_path.glob("*.tmp"))


def test_the_room_is_taken_once_and_given_back(tmp_path: Path, spare: SpareFile) -> None:
    before = {file: file.stat().st_ino for file in tmp_path.iterdir()}
    spare.keep()
    assert {file: file.stat().st_ino for file in tmp_path.iterdir()} == before
    assert all(file.stat().st_size == SPARE_BYTES for file in before)
    spare.give_up()
    assert not list(tmp_path.iterdir())


def test_what_it_cannot_take_leaves_all_as_it_is(tmp_path: Path, spare: SpareFile) -> None:
    path = tmp_path / "status.json"
    path.write_text("{}")
    with pytest.raises(OSError, match="longer than its spare"):
        spare.write(b"x" * (SPARE_BYTES + 1))
    spare.give_up()
    with pytest.raises(FileNotFoundError):
        spare.write(b"[]")
    assert path.read_text() == "{}"
