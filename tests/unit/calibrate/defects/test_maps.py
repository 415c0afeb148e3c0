"""What was learned of a sensor outlives the night."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indistack.calibrate.defects.maps import DefectMaps
from indistack.values.frame import FrameInfo, RawFrame


def frame(cfa: Any = "RGGB", **facts: Any) -> RawFrame:
    return RawFrame(np.zeros((20, 30), np.uint16), cfa, FrameInfo(**{"camera": "ZWO ASI294MC Pro"} | facts))


def kept(folder: Path, *pixels: int, raw: RawFrame | None = None) -> Path:
    """Write a map as an earlier night would have."""
    maps = DefectMaps(folder)
    maps.of(raw or frame()).pixels = np.array(pixels)
    maps.keep(raw or frame())
    return next(folder.glob("*.npy"))


def test_a_map_is_kept_for_the_next_night(tmp_path: Path) -> None:
    path = kept(tmp_path / "new" / "folder", 7, 33)
    assert path.name == "defects_zwo-asi294mc-pro_30x20_1x1_RGGB.npy"
    np.testing.assert_array_equal(DefectMaps(path.parent).of(frame()).pixels, [7, 33])


@pytest.mark.parametrize("other", [{"camera": "another"}, {"binning": (2, 2)}, {"cfa": None}])
def test_each_sensor_has_its_own(tmp_path: Path, other: dict[str, Any]) -> None:
    kept(tmp_path, 7, 33)
    assert DefectMaps(tmp_path).of(frame(**other)).pixels.size == 0


@pytest.mark.parametrize("damage", ["empty", "short", "noise", "pickle", "order", "outside"])
def test_a_damaged_map_is_begun_anew(tmp_path: Path, damage: str, caplog: Any) -> None:
    path = kept(tmp_path, *((33, 7) if damage == "order" else (7, 600) if damage == "outside" else (7, 33)))
    whole = path.read_bytes()
    if damage == "pickle":
        np.save(path, np.array([{}], object), allow_pickle=True)
    else:
        cut = {"empty": b"", "short": whole[:-5], "noise": b"\x93NUMPY" + bytes(range(256))}
        path.write_bytes(cut.get(damage, whole))
    with caplog.at_level(logging.WARNING):
        assert DefectMaps(tmp_path).of(frame()).pixels.size == 0
    assert "learned anew" in caplog.text


def test_without_a_folder_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    DefectMaps(None).keep(frame())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_only_told(tmp_path: Path, caplog: Any) -> None:
    (tmp_path / "file").write_text("")
    with caplog.at_level(logging.WARNING):
        DefectMaps(tmp_path / "file" / "below").keep(frame())
    assert "not kept" in caplog.text
