"""A damaged file is no bug of ours, and a bug is no damaged file."""

from __future__ import annotations

import gzip
import io
import json
import os
import struct
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from indistack.decode import DECODERS, DecodeSettings, decode
from indistack.errors import DecodeError
from indistack.libraw import worker
from indistack.system import helper_loop
from indistack.system.blame import blames_bytes, library
from tests.pipeline.night import blob_of, make_sky
from tests.unit.decode.files import fits_file, read, xisf_file
from tests.unit.decode.pictures import encoded
from tests.unit.decode.tiffs import deflate, dng, picture


def tiled(pixels: Any) -> bytes:
    file = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(pixels, compression_type="RICE_1")]).writeto(file)
    return file.getvalue()


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


@pytest.mark.parametrize("raised", [TypeError("odd"), KeyError(3), RuntimeError(), SystemError("C")])
def test_whatever_a_compiled_library_raises_over_bytes_is_damage(raised: Exception) -> None:
    with pytest.raises(DecodeError) as caught, library("lz4", 7):
        raise raised
    assert caught.value.reason == "damaged"
    assert caught.value.numbers == {"bytes": 7}
    assert caught.value.detail.removeprefix("lz4: ")


@pytest.mark.parametrize("raised", [DecodeError("truncated", "", {}), MemoryError()])
def test_what_is_told_already_passes_the_border_of_a_library(raised: Exception) -> None:
    with pytest.raises(type(raised)) as caught, library("lz4", 7):
        raise raised
    assert caught.value is raised


def test_lines_of_cython_are_a_librarys() -> None:
    with pytest.raises(AttributeError) as caught:
        exec(compile("None.width", "rawpy/_rawpy.pyx", "exec"))
    assert blames_bytes(caught.value)


def of_a_compiled_library(*_: object, **__: object) -> None:
    raise TypeError("odd")  # no line of a library stands in the traceback


class Inflate:
    def __init__(self, *_: int) -> None:
        self.eof, self.unconsumed_tail, self.decompress = False, b"", of_a_compiled_library


PIXELS = np.arange(64 * 48, dtype=np.uint16).reshape(48, 64)
FILES: dict[str, tuple[str, Any, bytes]] = {
    ".png": ("cv2.imdecode", of_a_compiled_library, encoded(".png", PIXELS)),
    ".tif": ("zlib.decompressobj", Inflate, picture(PIXELS, pack=deflate)),
    ".xisf": ("lz4.block.decompress", of_a_compiled_library, xisf_file(PIXELS, codec="lz4")),
    ".fits.gz": ("zlib.decompressobj", Inflate, gzip.compress(fits_file(PIXELS))),
    ".fits.fz": ("astropy.io.fits.open", of_a_compiled_library, tiled(PIXELS)),
}


@pytest.mark.parametrize("suffix", FILES)
def test_every_decoder_has_its_libraries_behind_such_a_border(suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    call, odd, data = FILES[suffix]
    read(data, suffix)
    monkeypatch.setattr(call, odd)
    with pytest.raises(DecodeError, match="odd"):
        read(data, suffix)


TASK = {"max_megapixels": 200.0, "spare_bytes": 1 << 30}


def test_a_bug_of_ours_in_the_process_of_libraw_is_told_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indistack.libraw.reader._levelled", None)
    file = os.memfd_create("raw")
    try:
        os.write(file, dng(PIXELS, "RGGB"))
        answer = helper_loop._answer(worker.load(), TASK, file, helper_loop.Pixels())
    finally:
        os.close(file)
    assert "'NoneType' object is not callable" in answer["bug"]
    assert "reader.py" in answer["bug"]
