"""The log beside the pictures: a JSON line a record, bounded, and never in the way."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from indistack.system import night_log as module
from indistack.system.night_log import LOG, OLDER_LOG, night_log

log = logging.getLogger("indistack.test")


def lines(folder: Path, name: str = LOG) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


@pytest.fixture(autouse=True)
def level() -> Iterator[None]:
    before = logging.root.level
    logging.root.setLevel(logging.INFO)
    yield
    logging.root.setLevel(before)


def test_each_record_and_sub_is_a_line(tmp_path: Path) -> None:
    with night_log(tmp_path) as night:
        log.warning("the disk is\nslow: %d", 7)
        night.sub(12, "accepted", "a.fits  30 stars")
        log.debug("not this")
    log.warning("nor this")
    first, second = lines(tmp_path)
    assert (first["level"], first["where"], first["text"]) == ("warning", "indistack.test", "the disk is slow: 7")
    assert (second["sub"], second["outcome"], second["text"]) == (12, "accepted", "a.fits  30 stars")
    assert first["time"].endswith("+00:00")


def test_a_bug_that_ends_it_is_the_last_line(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), night_log(tmp_path):
        _ = 1 // 0
    (last,) = lines(tmp_path)
    assert last["level"] == "critical"
    assert "ZeroDivisionError" in last["trace"]


def test_it_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 1000)
    with night_log(tmp_path):
        for number in range(103):
            log.warning("%d", number)
    kept = [int(line["text"]) for line in [*lines(tmp_path, OLDER_LOG), *lines(tmp_path)]]
    assert kept == list(range(kept[0], 103))
    assert 1000 < sum(path.stat().st_size for path in tmp_path.iterdir()) < 2500


def test_a_disk_that_takes_nothing_is_not_in_the_way(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    with night_log(folder) as night:
        log.warning("one")
        assert not folder.exists()  # perhaps a mount that will come back
        folder.mkdir()
        log.warning("two")
        night.sub(1, "accepted", "")
    assert [line["text"] for line in lines(folder)] == ["two", ""]


def test_neither_a_pipe_nor_a_link_in_its_place_is_written(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / LOG)
    with night_log(tmp_path):
        log.warning("one")
    (tmp_path / LOG).unlink()
    (tmp_path / "mine").touch()
    (tmp_path / LOG).symlink_to(tmp_path / "mine")
    with night_log(tmp_path):
        log.warning("two")
    assert not (tmp_path / "mine").read_text()
