"""What a file that is no frame is called."""

from __future__ import annotations

import pytest

from indistack.decode.beginnings import KINDS, beginning
from tests.unit.decode.pictures import refusal


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"<!DOCTYPE html><html>", "it is a web page"),
        (b"LUCAM-RECORDER\x00", "it is a SER video"),
        (b"RIFF\x10\x00\x00\x00AVI LIST", "it is an AVI video"),
        (b"\x00\x00\x00\x18ftypheic", "it is a HEIC picture"),
        (b"BZh91AY&SY", "it is packed by bzip2: unpack it first"),
        (b"hello\nworld\n\x00", 'it begins with the text "hello"'),
        (b"\x00" * 32, "it begins with zeros"),
        (b"\x01\xab\xff", "it begins with the bytes 01 ab ff"),
        (b"", "it begins with zeros"),
    ],
)
def test_a_beginning_is_told_in_words(head: bytes, words: str) -> None:
    assert beginning(head) == words


def test_no_signature_hides_another() -> None:
    assert all(beginning(bytes(at) + mark + bytes(24)) == f"it is {kind}" for at, mark, kind in KINDS)


@pytest.mark.parametrize("suffix", [".fits", ".xisf", ".jpg", ".tif", ".png", ".nef", ".bin", ""])
@pytest.mark.parametrize("data", [b"%PDF-1.4 \x00\x01\xff" * 300, b"\x9a\xff\x01\x1b" * 2000, b"hello\n" * 900])
def test_no_refusal_speaks_of_bytes_as_python_does(suffix: str, data: bytes) -> None:
    detail = refusal(data, suffix).detail
    assert "b'" not in detail
    assert "\\x" not in detail
