"""A damaged file is no bug of ours, and a bug is no damaged file."""

from __future__ import annotations

import json
import struct

import pytest

from indistack.decode import DECODERS, DecodeSettings, decode
from indistack.errors import DecodeError
from tests.pipeline.night import blob_of, make_sky


def of_a_library() -> None:
    json.dumps({1: object()})  # TypeError, raised in the library's own lines


def of_our_own() -> None:
    _: int = None.width  # type: ignore[attr-defined]


def of_a_value() -> None:
    struct.unpack(">I", b"12")


@pytest.mark.parametrize("fault", [of_a_library, of_a_value])
def test_what_bytes_make_a_library_raise_is_damage(fault: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DECODERS.get("fits"), "decode", lambda *_: fault())  # type: ignore[operator]
    with pytest.raises(DecodeError, match=r"(?i)error") as caught:
        decode(blob_of(make_sky(width_px=64, height_px=48).expose()), DecodeSettings())
    assert caught.value.reason == "damaged"


def test_a_wrong_line_of_ours_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DECODERS.get("fits"), "decode", lambda *_: of_our_own())
    with pytest.raises(AttributeError):
        decode(blob_of(make_sky(width_px=64, height_px=48).expose()), DecodeSettings())
