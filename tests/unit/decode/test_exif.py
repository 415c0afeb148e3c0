"""What cameras note about an exposure."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from indistack.decode.exif import exif_facts
from tests.unit.decode.pictures import encoded, jpeg_with, png_with
from tests.unit.decode.tiffs import ASCII, LONG, RATIONAL, SHORT, SRATIONAL, UNDEFINED, Tags, directory, file_of

GENERAL: dict[int, tuple[int, Any]] = {
    271: (ASCII, "Canon"),
    272: (ASCII, "Canon EOS 6D"),
    274: (SHORT, [6]),
    306: (ASCII, "2030:01:01 00:00:00"),
}
SHOT: dict[int, tuple[int, Any]] = {
    33434: (RATIONAL, [30.0]),
    34855: (SHORT, [1600]),
    36867: (ASCII, "2024:08:10 22:30:05"),
}
PLAIN = encoded(".jpg", np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8))


def facts(general: Tags = GENERAL, shot: Tags = SHOT, order: str = "<") -> dict[str, Any]:
    return exif_facts(memoryview(file_of(b"", general, shot, order)))


@pytest.mark.parametrize("order", "<>")
def test_a_cameras_facts(order: str) -> None:
    assert facts(order=order) == {
        "exposure_s": 30.0,
        "gain_setting": 1600.0,
        "date_obs": datetime(2024, 8, 10, 22, 30, 5, tzinfo=UTC),
        "camera": "Canon EOS 6D",
        "orientation": 6,
    }


def box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), name) + body


def in_raf(block: bytes) -> bytes:
    jpeg = jpeg_with(PLAIN, block)
    return b"FUJIFILMCCD-RAW".ljust(84, b" ") + struct.pack(">II", 100, len(jpeg)) + bytes(8) + jpeg


def in_mrw(block: bytes) -> bytes:
    parts = struct.pack(">4sI", b"\0PRD", 4) + bytes(4) + struct.pack(">4sI", b"\0TTW", len(block)) + block
    return b"\0MRM" + struct.pack(">I", len(parts)) + parts


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda block: jpeg_with(PLAIN, block),
        lambda block: jpeg_with(jpeg_with(PLAIN, block), b"a comment", 0xFE),
        lambda block: png_with(encoded(".png", np.eye(9, dtype=np.uint8)), b"eXIf", block),
        in_raf,
        in_mrw,
        lambda block: b"IIRO" + block[4:],
        lambda block: b"IIU\0" + block[4:],
    ],
    ids=["jpeg", "comment", "png", "raf", "mrw", "orf", "rw2"],
)
def test_it_is_found_in_every_kind_of_file(wrapped: Any) -> None:
    assert exif_facts(memoryview(wrapped(file_of(b"", GENERAL, SHOT)))) == facts()


def test_a_cr3_has_its_directories_in_boxes() -> None:
    note = directory({4: (SHORT, [0] * 12 + [128 + 31])}, 16)
    blocks = {b"CMT1": file_of(b"", GENERAL), b"CMT2": file_of(b"", SHOT), b"CMT3": file_of(b"", {})[:16] + note}
    private = bytes(16) + b"".join(box(name, block) for name, block in blocks.items())
    data = box(b"ftyp", b"crx \0\0\0\1") + box(b"moov", box(b"uuid", private))
    assert exif_facts(memoryview(data)) == facts() | {"temperature_c": 31.0}


def test_canons_maker_note_tells_the_cameras_temperature() -> None:
    general_at = 16
    shot: dict[int, tuple[int, Any]] = SHOT | {37500: (UNDEFINED, bytes(50))}
    exif_at = general_at + len(directory(GENERAL | {34665: (LONG, [0])}, general_at))
    note_at = exif_at + len(directory(shot, exif_at)) - 50  # the largest tag's value comes last
    note = directory({4: (SHORT, [0] * 12 + [128 + 23])}, note_at)
    assert facts(shot=shot | {37500: (UNDEFINED, note)})["temperature_c"] == 23.0
    cold = directory({4: (SHORT, [0] * 13)}, note_at)
    assert "temperature_c" not in facts(shot=shot | {37500: (UNDEFINED, cold)})


def test_temperature_of_the_surroundings() -> None:
    assert facts(shot=SHOT | {37888: (SRATIONAL, [-12.5])})["temperature_c"] == -12.5
    assert "temperature_c" not in facts(shot=SHOT | {37888: (SRATIONAL, [30_000.0])})


@pytest.mark.parametrize(
    ("more", "utc"),
    [
        ({36881: (ASCII, "+02:00")}, datetime(2024, 8, 10, 20, 30, 5, tzinfo=UTC)),
        ({36881: (ASCII, "-09:30")}, datetime(2024, 8, 11, 8, 0, 5, tzinfo=UTC)),
        ({36881: (ASCII, "   :  ")}, datetime(2024, 8, 10, 22, 30, 5, tzinfo=UTC)),
        ({37521: (ASCII, "25")}, datetime(2024, 8, 10, 22, 30, 5, 250_000, tzinfo=UTC)),
        ({37521: (ASCII, "²")}, datetime(2024, 8, 10, 22, 30, 5, tzinfo=UTC)),
        ({36867: (ASCII, "0000:00:00 00:00:00"), 36868: (ASCII, "2024:08:10 01:02:03")},
         datetime(2024, 8, 10, 1, 2, 3, tzinfo=UTC)),
        ({36867: (ASCII, "2024:02:30 22:30:05")}, datetime(2030, 1, 1, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_times(more: Tags, utc: datetime) -> None:
    assert facts(shot=SHOT | more)["date_obs"] == utc


def test_a_program_that_saves_a_picture_is_no_camera() -> None:
    assert facts({306: GENERAL[306]}, {}) == {}
    assert facts({306: GENERAL[306], 272: (ASCII, "X-1")}, {})["date_obs"].year == 2030


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("NIKON CORPORATION", "NIKON D810", "NIKON D810"),
        ("SONY", "ILCE-7M3", "SONY ILCE-7M3"),
        ("", "X-1", "X-1"),
    ],
)
def test_names(make: str, model: str, camera: str) -> None:
    assert facts(GENERAL | {271: (ASCII, make), 272: (ASCII, model)})["camera"] == camera


def test_high_iso_stands_in_another_tag() -> None:
    assert facts(shot=SHOT | {34855: (SHORT, [65535]), 34866: (LONG, [102_400])})["gain_setting"] == 102_400


def test_nonsense_is_missing() -> None:
    shot = {33434: (RATIONAL, [0.0]), 34855: (SHORT, [0]), 36867: (ASCII, "today")}
    assert facts({274: (SHORT, [9])}, shot) == {}


def test_a_broken_block_is_as_good_as_none() -> None:
    block = file_of(b"", GENERAL, SHOT)
    for length in range(len(block)):
        known = exif_facts(memoryview(jpeg_with(PLAIN, block[:length])))
        assert known.keys() <= facts().keys()
        assert known.get("orientation", 6) == 6
        assert known.get("exposure_s", 30) == 30


def test_boxes_in_boxes_without_end() -> None:
    """Neither many nor deep ones take long."""
    deep = b""
    for _ in range(3000):
        deep = box(b"moov", deep)
    many = box(b"free", b"") * 100_000
    for inner in (deep, many):
        assert exif_facts(memoryview(box(b"ftyp", b"crx \0\0\0\1") + inner)) == {}
