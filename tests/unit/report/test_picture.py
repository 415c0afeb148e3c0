"""The stack's picture in the report."""

from __future__ import annotations

import base64
from pathlib import Path

import cv2
import numpy as np
import pytest

from indistack.report import as_page, read_session, summarise
from indistack.report.picture import MAX_SIDE_PX, as_data, picture_file
from tests.unit.report.nights import line, write_ledger


def paint(path: Path, width: int, height: int, level: int = 90) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((height, width, 3), level, np.uint8))
    return path


def shape_of(data: str) -> tuple[int, ...]:
    kind, _, text = data.partition(",")
    assert kind == "data:image/jpeg;base64"
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(text), np.uint8), cv2.IMREAD_COLOR)
    return tuple(picture.shape)


def test_a_picture_is_no_larger_than_a_screen(tmp_path: Path) -> None:
    assert shape_of(as_data(paint(tmp_path / "small.png", 60, 40))) == (40, 60, 3)
    assert shape_of(as_data(paint(tmp_path / "large.png", 2 * MAX_SIDE_PX, 40))) == (20, MAX_SIDE_PX, 3)


@pytest.mark.parametrize("content", [b"", b"no picture"])
def test_what_is_no_picture_is_left_out(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "stack.png").write_bytes(content)
    assert as_data(tmp_path / "stack.png") == as_data(tmp_path / "none.png") == ""


def test_a_session_that_has_not_ended_has_its_picture_in_the_output_folder(tmp_path: Path) -> None:
    session = tmp_path / "sessions" / "20240810-235000_M31_001"
    session.mkdir(parents=True)
    live = paint(tmp_path / "stack.png", 60, 40)
    assert picture_file(session) is None  # it may be another one's
    (tmp_path / "sessions" / "open").write_text(session.name)
    assert picture_file(session) == live
    (tmp_path / "sessions" / "open").unlink()
    kept = paint(session / "stack.png", 60, 40)
    assert picture_file(session) == kept


def test_the_page_shows_the_picture_and_does_without(tmp_path: Path) -> None:
    summary = summarise(read_session(write_ledger(tmp_path, line(1), line(2))))
    assert "<img" not in as_page(summary)
    paint(tmp_path / "stack.png", 60, 40)
    assert '<img class="stack" src="data:image/jpeg;base64,' in as_page(summary)
