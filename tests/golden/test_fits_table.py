"""Every FITS file beside the checkout opens with the size, mosaic and type of its manifest, or says why not.

The files are no part of the project: odd ones from astropy's tests (BSD-3-Clause), M27 and SBIG as in
`test_real_frames`. The manifest's sizes were read with astropy.
"""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from indistack.decode import DecodeSettings, decode
from indistack.errors import DecodeError
from indistack.sources.base import FRAME_SUFFIXES, suffix_of
from indistack.values.blob import Blob, Content

DATA = Path(__file__).parents[3] / "shared" / "data"
REFUSED = {
    "odd_fits/arange.fits": "unsupported",  # a cube of 11 x 10 x 7
    "odd_fits/lzw.fits.Z": "unsupported",  # compress(1)
    "odd_fits/blank.fits": "constant",  # one pixel, undefined
    "odd_fits/double_ext.fits": "constant",  # all zero
    "odd_fits/fixed-1890.fits": "constant",  # all 1890
    "odd_fits/header_newlines.fits": "constant",  # one pixel
}
"""All others of the odd files that the manifest gives no size have no picture: tables, groups, headers."""


def rows() -> list[dict[str, str]]:
    if not (DATA / "MANIFEST.csv").is_file():
        return []
    with (DATA / "MANIFEST.csv").open(newline="") as file:
        return [row for row in csv.DictReader(file) if suffix_of(row["file"]).startswith((".fit", ".fts"))]


@pytest.mark.parametrize("row", [pytest.param(row, id=row["file"]) for row in rows()])
def test_it_opens_as_the_manifest_says(row: dict[str, str]) -> None:
    path = DATA / row["file"]
    assert suffix_of(path.name) in FRAME_SUFFIXES
    blob = Blob(Content(path.read_bytes()), suffix_of(path.name), "files", str(path), datetime(2026, 1, 1, tzinfo=UTC))
    expected = REFUSED.get(row["file"], "" if row["dims"] else "no_image")
    if expected:
        with pytest.raises(DecodeError) as caught:
            decode(blob, DecodeSettings())
        assert caught.value.reason == expected
        assert caught.value.detail
        return
    frame = decode(blob, DecodeSettings())
    assert f"{frame.width}x{frame.height}" == row["dims"]
    assert (frame.cfa or "") == row["bayer"]
    assert frame.info.kind == (row["imagetyp"].split() or ["light"])[0].lower()
    assert not row["exposure"] or frame.info.exposure_s == float(row["exposure"])
    assert frame.warnings == ()
