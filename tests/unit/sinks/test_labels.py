"""The facts in the files of pictures, as other programs read them."""

from __future__ import annotations

import struct
import zlib
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from indistack.decode.exif import exif_facts
from indistack.picture.integration import Preview
from indistack.picture.linear import StackPicture
from indistack.sinks import SINKS, Snapshot, sink_for
from indistack.sinks.labels import Labels, exif, labels_of
from indistack.values.frame import Card

CARDS: tuple[Card, ...] = (
    ("OBJECT", "M 27", ""),
    ("STACKCNT", 6, ""),
    ("LIVETIME", 36.5, ""),
    ("DATE-OBS", "2026-10-14T17:30:00.250", ""),
    ("CREATOR", "indistack 0.1.0", ""),
)
LINE = "M 27, 6 subs, 36.5 s, 2026-10-14T17:30:00.250"


def written(path: Path, cards: tuple[Card, ...] = CARDS) -> bytes:
    pixels = np.zeros((9, 7, 3), np.uint8)
    sink_for(path).write(path, Snapshot(StackPicture(pixels.astype(np.float32)), cards, False, Preview(pixels)))
    return path.read_bytes()


def directory(tiff: bytes, at: int) -> dict[int, bytes]:
    sizes = {2: 1, 3: 2, 4: 4, 5: 8}
    found = {}
    (count,) = struct.unpack_from("<H", tiff, at)
    for entry in range(count):
        tag, kind, number, field = struct.unpack_from("<HHI4s", tiff, at + 2 + 12 * entry)
        size = sizes[kind] * number
        (offset,) = struct.unpack("<I", field)
        found[tag] = field[:size] if size <= 4 else tiff[offset : offset + size]
    assert list(found) == sorted(found), "Exif wants tags in order"
    return found


def test_a_jpeg_tells_its_facts_as_exif(tmp_path: Path) -> None:
    data = written(tmp_path / "stack.jpg")
    (length,) = struct.unpack_from(">H", data, 4)
    assert data[:4] == b"\xff\xd8\xff\xe1"
    assert data[4 + length : 6 + length] == b"\xff\xe1", "the next segment, XMP, follows"
    tiff = data[12 : 4 + length]
    outer = directory(tiff, 8)
    assert outer[0x010E] == LINE.encode() + b"\0"
    assert outer[0x0131] == b"indistack 0.1.0\0"
    inner = directory(tiff, struct.unpack("<I", outer[0x8769])[0])
    assert struct.unpack("<H", inner[0xA001]) == (1,), "sRGB"
    assert inner[0x9003] == b"2026:10:14 17:30:00\0"
    assert struct.unpack("<II", inner[0x829A]) == (36_500, 1000)


def test_a_png_tells_its_facts_as_text(tmp_path: Path) -> None:
    data = written(tmp_path / "stack.png")
    chunks, at = [], 8
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        assert struct.unpack_from(">I", data, at + 8 + size) == (zlib.crc32(name + body),)
        chunks.append((name, body))
        at += 12 + size
    assert [name for name, _ in chunks[:2]] == [b"IHDR", b"sRGB"]
    texts = dict(body.split(b"\0") for name, body in chunks if name == b"tEXt")
    assert texts[b"Title"] == b"M 27"
    assert texts[b"Description"] == LINE.encode()


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_nothing_known_and_other_letters_do_no_harm(tmp_path: Path, suffix: str) -> None:
    assert written(tmp_path / f"a{suffix}", ())
    assert written(tmp_path / f"b{suffix}", (("OBJECT", "Äquator ☄", ""), ("LIVETIME", "much", "")))


def test_what_is_not_known_is_left_out() -> None:
    assert labels_of(()) == Labels("", "", "", 0, 0.0)
    assert labels_of(()).description == ""
    assert labels_of(CARDS).description == LINE
    assert b"Exif" in exif(labels_of(()))


@pytest.mark.parametrize("name", ["tiff", "webp"])
def test_other_pictures_tell_what_they_show(tmp_path: Path, name: str) -> None:
    pixels = np.zeros((20, 30, 3), np.uint8)
    snapshot = Snapshot(
        StackPicture(pixels.astype(np.float32)), CARDS, False, Preview(pixels, pixels.astype(np.uint16))
    )
    sink = SINKS.get(name)()
    path = tmp_path / f"m27{sink.suffix}"
    sink.write(path, snapshot)
    data = path.read_bytes()
    assert LINE.encode() in data
    assert b"2026:10:14 17:30:00" in data
    if name == "webp":
        block = memoryview(data[data.index(b"EXIF") + 8 :])
        assert exif_facts(block)["date_obs"].replace(tzinfo=None) == datetime(2026, 10, 14, 17, 30)
