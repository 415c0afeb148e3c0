"""Which subs are meant, in which order, and when they were taken."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from indistack.command_line.arguments import make_parser
from indistack.command_line.inputs import Inputs, inputs_of
from indistack.decode import DecodeSettings
from indistack.errors import SettingsError
from tests.pipeline.night import make_sky


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for number in (1, 2, 3, 10):
        cv2.imwrite(f"s{number}.png", np.zeros((4, 4), np.uint8))
        os.utime(f"s{number}.png", (1000 - number, 1000 - number))
    return tmp_path


def inputs(*words: str) -> Inputs:
    return inputs_of(make_parser().parse_args(["stack", *words]), DecodeSettings())


def names(*words: str) -> list[str]:
    return [path.name for path in inputs(*words).files]


@pytest.mark.usefixtures("folder")
def test_order_and_stride() -> None:
    given = ["s10.png", "s3.png", "s1.png", "s2.png"]
    assert names(*given) == given
    assert names(*given, "--order", "name") == ["s1.png", "s2.png", "s3.png", "s10.png"]
    assert names(*given, "--order", "time") == ["s10.png", "s3.png", "s2.png", "s1.png"]  # by their files' times
    assert names("*.png", "--every", "2") == ["s1.png", "s3.png"]


def test_a_list_names_what_lies_beside_it(folder: Path) -> None:
    (folder / "lists").mkdir()
    (folder / "lists" / "night.txt").write_text("# tonight\n../s3.png\n\n../s1*.png\n")
    assert names("--list", "lists/night.txt") == ["s3.png", "s1.png", "s10.png"]


def test_what_is_listed_and_not_there_is_kept_to_be_told_of(folder: Path) -> None:
    (folder / "circle.png").symlink_to("circle.png")
    (folder / "night.txt").write_text("s3.png\ngone.png\ncircle.png\ns1.png\n")
    listed = ["s3.png", "gone.png", "circle.png", "s1.png"]
    assert names("--list", "night.txt") == listed
    assert names(*listed) == listed
    assert names(*listed, "--order", "time")[:2] == ["s3.png", "s1.png"]
    with pytest.raises(SettingsError, match=r"gone.png: no such file.*circle.png"):
        inputs("gone.png", "circle.png")


def test_a_pipe_that_nobody_writes_to_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe.fits")
    assert names("s3.png", "pipe.fits", "--order", "time") == ["s3.png", "pipe.fits"]


def test_a_table_tells_the_times(folder: Path) -> None:
    (folder / "t.csv").write_text(
        "name,time\ns1.png,2026-10-14T20:00:00\ns2.png,2026-10-14T18:00:00Z\ns3.png,2026-10-14T21:00:00+02:00\n"
    )
    found = inputs("*.png", "--times", "t.csv", "--order", "time")
    assert [path.name for path in found.files] == ["s10.png", "s2.png", "s3.png", "s1.png"]  # s10 by its file
    assert found.times[Path("s3.png")] == datetime(2026, 10, 14, 19, tzinfo=UTC)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_list_as_windows_writes_it(folder: Path, encoding: str) -> None:
    (folder / "s2.png").rename(folder / "Büld 2.png")
    (folder / "s3.png").rename(folder / '"s3.png"')
    text = 'Büld 2.png\r\n"Büld 2.png"\r\n"s3.png"\r\n"s1.png"\r\n'
    (folder / "list.txt").write_bytes(text.encode(encoding))
    assert names("--list", "list.txt") == ["Büld 2.png", '"s3.png"', "s1.png"]


@pytest.mark.parametrize("separator", [",", ";", "\t", ", "])
def test_columns_as_a_spreadsheet_parts_them(folder: Path, separator: str) -> None:
    rows = ("Datei", "Zeit"), ("s1.png", "2026-10-14 20:00:00"), ("s2.png", "2026-10-14T18:00:00")
    (folder / "t.csv").write_bytes("\r\n".join(map(separator.join, rows)).encode())
    assert names("s1.png", "s2.png", "--times", "t.csv", "--order", "time") == ["s2.png", "s1.png"]


def test_fits_headers_tell_the_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sky = make_sky(pause_s=60.0)
    for name in "cba":
        (tmp_path / f"{name}.fits").write_bytes(sky.expose().to_fits())
    assert names("*.fits", "--order", "time") == ["c.fits", "b.fits", "a.fits"]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "no subs"),
        (["--list", "none.txt"], "--list none.txt"),
        (["s1.png", "--times", "none.csv"], "--times none.csv"),
        (["s1.png", "--times", "bad.csv"], "row 2: s2.png,noon"),
    ],
)
def test_what_is_wrong_is_named(folder: Path, words: list[str], said: str) -> None:
    (folder / "bad.csv").write_text("s1.png,2026-10-14T20:00:00\ns2.png,noon\n")
    with pytest.raises(SettingsError, match=said):
        inputs(*words)
