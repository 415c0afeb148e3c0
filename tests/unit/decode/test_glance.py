"""The facts of a FITS file without its pixels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from indistack.config import Config
from indistack.decode import decode
from indistack.decode.glance import glance
from indistack.errors import FrameError
from indistack.fits_header import header_bytes
from indistack.sources import read_blob

CARDS = [("IMAGETYP", "Master Dark", ""), ("EXPTIME", 60.0, ""), ("GAIN", 100, ""), ("BAYERPAT", "GRBG", "")]


def test_it_tells_what_decoding_tells(tmp_path: Path) -> None:
    path = tmp_path / "d.fits"
    path.write_bytes(header_bytes(CARDS, -32, (6, 8)) + bytes(2880))
    seen, read = glance(path, Config().decode), decode(read_blob(path, "test"), Config().decode)
    assert seen is not None
    assert (seen.pixels.shape, seen.pixels.dtype, seen.cfa) == (read.pixels.shape, read.pixels.dtype, read.cfa)
    assert replace(seen.info, saturation_adu=0.0) == replace(read.info, saturation_adu=0.0)


@pytest.mark.parametrize("keyword", ["TRIMSEC", "BIASSEC"])
def test_a_frame_that_will_be_cut_must_be_decoded(tmp_path: Path, keyword: str) -> None:
    path = tmp_path / "d.fits"
    for name, seen in (("COMMENT", True), (keyword, False)):
        path.write_bytes(header_bytes([(name, "[1:4,1:4]", "")], 8, (6, 8)) + bytes(2880))
        assert (glance(path, Config().decode) is not None) == seen


def test_other_formats_must_be_decoded(tmp_path: Path) -> None:
    for name, content in (("a.png", b"\x89PNG"), ("a.fits.gz", b"\x1f\x8b"), ("empty.fits", b"")):
        (tmp_path / name).write_bytes(content)
        assert glance(tmp_path / name, Config().decode) is None


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FrameError, match="unreadable"):
        glance(tmp_path / "none.fits", Config().decode)
