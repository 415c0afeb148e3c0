"""Raw calibration frames on the disk: groups, links, room."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indistack.calibrate.library import raw_store
from indistack.calibrate.library.raw_store import Made, RawStore, cards_of, group_of
from indistack.errors import CalibrationError
from indistack.values.blob import Blob, Content
from indistack.values.frame import FrameInfo, RawFrame

DATE = datetime(2024, 8, 10, 21, tzinfo=UTC)


def frame(number: int = 0, kind: Any = "dark", **facts: Any) -> RawFrame:
    same = {"exposure_s": 60.0, "camera": "ZWO CCD ASI294MC", "date_obs": DATE + timedelta(minutes=number)}
    return RawFrame(np.zeros((4, 6), np.uint16), "RGGB", FrameInfo(kind=kind, **same | facts), f"print{number}")


def blob(size: int = 100, path: Path | None = None, cards: Any = ()) -> Blob:
    return Blob(Content(bytes(size)), ".fits", "camera", "origin", DATE, path, cards=cards)


@pytest.fixture
def store(tmp_path: Path) -> RawStore:
    return RawStore(tmp_path / "raw", max_frames=4, max_bytes=1000)


class TestGroups:
    def test_its_name_can_be_read(self) -> None:
        facts = {"gain_setting": 100.0, "offset_setting": 30.0, "temperature_c": -9.8, "readout_mode": "Low / Noise"}
        assert group_of(frame(**facts)).startswith("dark_asi294mc_6x4_RGGB_bin1x1_gain100_offset30_low-noise_60s_-10C_")
        flat = frame(kind="flat", filter_name="H-alpha", rotator_deg=89.6)
        assert group_of(flat).startswith("flat_asi294mc_6x4_RGGB_bin1x1_h-alpha_rot90_20240810_")

    @pytest.mark.parametrize(
        ("kind", "changes", "same"),
        [
            ("dark", {"temperature_c": -10.3}, True),
            ("dark", {"temperature_c": -14.0}, False),
            ("dark", {"exposure_s": 30.0}, False),
            ("dark", {"gain_setting": 5.0}, False),
            ("dark", {"readout_mode": "fast"}, False),
            ("dark", {"filter_name": "Ha"}, True),
            ("dark", {"date_obs": DATE + timedelta(days=9)}, True),
            ("flat", {"temperature_c": 3.0, "exposure_s": 2.5}, True),
            ("flat", {"filter_name": "Ha"}, False),
            ("flat", {"rotator_deg": 90.0}, False),
            ("flat", {"date_obs": DATE + timedelta(hours=9)}, True),
            ("flat", {"date_obs": DATE + timedelta(days=1)}, False),
            ("bias", {"temperature_c": 3.0}, True),
            ("bias", {"binning": (2, 2)}, False),
        ],
    )
    def test_what_belongs_together(self, kind: str, changes: dict[str, Any], same: bool) -> None:
        facts = {"temperature_c": -10.0, "gain_setting": 1.0, "readout_mode": "slow"}
        one, other = frame(kind=kind, **facts), frame(kind=kind, **facts | changes)
        assert (group_of(one) == group_of(other)) == same

    def test_names_from_outside_make_no_paths(self) -> None:
        name = group_of(frame(kind="flat", camera="../../etc", filter_name="../x", readout_mode="/"))
        assert "/" not in name
        assert ".." not in name


class TestFiling:
    def test_a_frame_is_kept_once_as_it_came(self, store: RawStore) -> None:
        group, count = store.file(frame(), blob())
        assert count == 1
        assert store.file(frame(), blob()) == (group, 1)
        assert store.file(frame(1), blob()) == (group, 2)
        assert store.frames(group)[0].read_bytes() == bytes(100)
        assert store.groups() == [group]

    def test_what_the_device_told_is_kept_beside_it(self, store: RawStore) -> None:
        cards = (("EXPTIME", 5.0, "s"), ("FRAME", "Dark", ""), ("FLAG", True, ""))
        group, _ = store.file(frame(), blob(cards=cards))
        (path,) = store.frames(group)
        assert cards_of(path) == cards
        group, _ = store.file(frame(1), blob())
        assert cards_of(store.frames(group)[1]) == ()

    def test_a_file_on_this_disk_takes_no_room(self, store: RawStore, tmp_path: Path) -> None:
        path = tmp_path / "shot.fits"
        path.write_bytes(bytes(100))
        group, _ = store.file(frame(), blob(path=path))
        assert store.frames(group)[0].samefile(path)

    def test_a_file_that_is_gone_is_written(self, store: RawStore, tmp_path: Path) -> None:
        group, _ = store.file(frame(), blob(path=tmp_path / "gone.fits"))
        assert store.frames(group)[0].read_bytes() == bytes(100)

    def test_the_latest_of_a_group_count_and_all_stay(self, store: RawStore) -> None:
        for number in range(6):
            group, count = store.file(frame(number), blob())
            os.utime(store.frames(group)[-1], (number, number))
        assert count == 4
        assert [path.name.split("_")[1] for path in store.frames(group)] == [f"print{n}.fits" for n in (2, 3, 4, 5)]
        assert len([path for path in (store.folder / group).iterdir() if path.suffix == ".fits"]) == 6

    def test_none_goes_where_no_bound_is_set(self, tmp_path: Path) -> None:
        store = RawStore(tmp_path / "raw", max_frames=4, max_bytes=0)
        for number in range(6):
            store.file(frame(number), blob(900_000))
        assert len(list(store.folder.glob("*/*.fits"))) == 6

    def test_the_oldest_of_other_groups_make_room_where_a_bound_is_set(
        self, store: RawStore, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO")
        bias, _ = store.file(frame(7, kind="bias"), blob(300, cards=(("A", 1, ""),)))
        dark, _ = store.file(frame(0), blob(400))
        os.utime(store.frames(dark)[0], (1, 1))
        store.file(frame(1), blob(400))
        assert "learn_max_gb" in caplog.text
        assert store.frames(bias) == []
        assert list((store.folder / bias).iterdir()) == []
        assert len(store.frames(dark)) == 2

    def test_a_full_disk_is_told(self, store: RawStore, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(raw_store, "MIN_FREE_BYTES", 10**18)
        with pytest.raises(CalibrationError, match="library_full"):
            store.file(frame(), blob())

    def test_a_frame_larger_than_all_room_is_refused(self, store: RawStore) -> None:
        with pytest.raises(CalibrationError, match="library_full"):
            store.file(frame(), blob(1001))

    def test_a_folder_that_cannot_be_made_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "raw").write_text("in the way")
        with pytest.raises(CalibrationError, match="not_filed"):
            RawStore(tmp_path / "raw", 4, 1000).file(frame(), blob())


def test_what_a_master_was_made_of_comes_back(store: RawStore) -> None:
    group, _ = store.file(frame(), blob())
    assert store.made_of(group) == Made((), "")
    store.note_made(group, Made(("a", "b"), "bias 5 x"))
    assert store.made_of(group) == Made(("a", "b"), "bias 5 x")
    assert len(store.frames(group)) == 1
    (store.folder / group / raw_store.MADE).write_text("[]")
    assert store.made_of(group) == Made((), "")
