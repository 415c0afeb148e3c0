"""Directories of a TIFF."""

from __future__ import annotations

import struct

import pytest

from indistack.decode.tiff import Directory
from tests.unit.decode.tiffs import ASCII, LONG, RATIONAL, SHORT, file_of

TAGS = {
    256: (SHORT, [7]),
    270: (ASCII, "a long description"),
    271: (ASCII, "ab"),
    273: (LONG, [1, 2, 70_000]),
    33434: (RATIONAL, [0.25]),
}


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("big", [False, True])
def test_values_come_back_wherever_they_stand(order: str, big: bool) -> None:
    tags = Directory(memoryview(file_of(b"", TAGS, order=order, big=big)))
    assert (tags.numbers(256), tags.numbers(273), tags.numbers(33434)) == ((7,), (1, 2, 70_000), (0.25,))
    assert (tags.text(270), tags.text(271), tags.text(999)) == ("a long description", "ab", "")
    assert (tags.whole(256), tags.whole(999), tags.whole(999, 5), tags.numbers(999)) == (7, 0, 5, ())
    assert 256 in tags
    assert 999 not in tags


def test_another_directory_is_read_where_it_is_said_to_be() -> None:
    data = memoryview(file_of(b"pixels", {256: (SHORT, [1])}, exif={256: (SHORT, [2])}))
    assert Directory(data, Directory(data).whole(34665)).whole(256) == 2


def test_no_ratio_of_zero() -> None:
    data = file_of(b"", {33434: (RATIONAL, b"\1\0\0\0\0\0\0\0")})
    assert Directory(memoryview(data)).whole(33434, 9) == 9


def test_every_truncation_is_told() -> None:
    data = memoryview(file_of(b"", TAGS))
    for length in range(len(data)):
        with pytest.raises(struct.error):
            tags = Directory(data[:length])
            _ = tags.numbers(273), tags.numbers(33434), tags.numbers(270)


def test_offsets_beyond_any_file() -> None:
    with pytest.raises(struct.error):
        Directory(memoryview(b"II+\0\x08\0\0\0" + b"\xff" * 8))
