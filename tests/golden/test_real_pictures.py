"""Every real picture and camera raw file beside the checkout opens as what it is, or is refused for the right reason.

What is expected of the JPEG and PNG files is in the folder's own table, which was made with OpenCV; what is expected of
the raw files was read off rawpy 0.28 and the files' own tags with a dump of their directories.
"""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from indistack.decode import DecodeSettings, decode
from indistack.errors import DecodeError
from indistack.values.blob import Blob, Content
from indistack.values.frame import RawFrame


class Expected(NamedTuple):
    """Facts of a raw file."""

    name: str
    shape: tuple[int, ...]
    cfa: str | None
    black_adu: float
    saturation_adu: float
    lowest: int
    iso: float | None
    exposure_s: float | None
    date_obs: datetime | None
    camera: str


RAW_FILES = (
    Expected(
        "*.KDC", (512, 768), "GRBG", 0, 16383, 23, 84, 0.00435,
        datetime(1997, 4, 23, 8, 0, 47, tzinfo=UTC), "Eastman Kodak Digital Science DC50 Zoom Camera",
    ),
    Expected("colorchart.dng", (1156, 1734), "RGGB", 2056, 15000, 1958, None, None, None, "Canon EOS Kiss X4"),
    Expected(
        "canon_eos_6d.dng", (816, 1224, 3), None, 0, 65535, 0, 1000, 1 / 60,
        datetime(2019, 6, 6, 7, 29, 51, tzinfo=UTC), "Canon EOS 6D",
    ),
)  # fmt: skip


def opened(path: Path, suffix: str = "") -> RawFrame:
    blob = Blob(
        Content(path.read_bytes()), suffix or path.suffix.lower(), "", str(path), datetime(2026, 1, 1, tzinfo=UTC)
    )
    return decode(blob, DecodeSettings())


@pytest.mark.parametrize("expected", RAW_FILES, ids=lambda expected: expected.name)
def test_raw_files(shared_data: Path, expected: Expected) -> None:
    (path,) = (shared_data / "raw").glob(expected.name)
    frame = opened(path)
    info = frame.info
    assert (frame.pixels.shape, frame.pixels.dtype, frame.cfa) == (expected.shape, np.uint16, expected.cfa)
    assert (info.black_adu, info.saturation_adu, info.linear) == (expected.black_adu, expected.saturation_adu, True)
    assert (int(frame.pixels.min()), info.gain_setting) == (expected.lowest, expected.iso)
    assert info.exposure_s == (expected.exposure_s and pytest.approx(expected.exposure_s))
    assert info.camera == expected.camera
    assert info.date_obs == expected.date_obs


def test_a_dng_is_told_by_its_tags(shared_data: Path) -> None:
    assert opened(shared_data / "raw" / "canon_eos_6d.dng", ".tif").pixels.shape == (816, 1224, 3)


def test_pictures(shared_data: Path) -> None:
    with (shared_data / "MANIFEST.csv").open() as table:
        rows = [row for row in csv.DictReader(table) if Path(row["file"]).suffix in (".jpg", ".jpeg", ".png")]
    assert len(rows) >= 40
    for row in rows:
        check(opened(shared_data / row["file"]), row)


def check(frame: RawFrame, row: dict[str, Any]) -> None:
    width, height, channels = map(int, row["dims"].split("x"))
    assert frame.pixels.shape == (height, width, min(channels, 3)), row["file"]
    assert (frame.pixels.dtype, frame.cfa, frame.info.saturation_adu) == (row["bits"], None, 255), row["file"]
    assert frame.info.linear == row["file"].endswith(".png"), row["file"]


@pytest.mark.parametrize("part", [0.001, 0.01, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("name", [expected.name for expected in RAW_FILES])
def test_truncated_raw_files_are_refused(shared_data: Path, tmp_path: Path, name: str, part: float) -> None:
    (path,) = (shared_data / "raw").glob(name)
    data = path.read_bytes()
    short = tmp_path / f"short{path.suffix}"
    short.write_bytes(data[: int(part * len(data))])
    with pytest.raises(DecodeError) as caught:
        opened(short)
    assert caught.value.reason in ("truncated", "damaged")
