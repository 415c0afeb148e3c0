"""What the library chooses, what it says of the others, and how it bears bad files."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indistack.calibrate import (
    CalibrateSettings,
    Choice,
    Library,
    Master,
    Masters,
    NamedFirst,
    NamedMasters,
    write_master,
)
from indistack.calibrate.catalogue import INDEX, Catalogue, Reader
from indistack.calibrate.legal import Facts
from indistack.config import Config
from indistack.decode import decode
from indistack.decode.glance import glance
from indistack.errors import FrameError
from indistack.fits_header import frame_info, header_bytes
from indistack.frame import FrameInfo, Kind, RawFrame
from indistack.sources import read_blob
from indistack.sources.base import is_frame_name

DATE = datetime(2024, 8, 10, 21, tzinfo=UTC)
CARDS: dict[str, Any] = {
    "INSTRUME": "Cam", "EXPTIME": 60.0, "GAIN": 100, "OFFSET": 30, "CCD-TEMP": -10.0, "FILTER": "L",
    "DATE-OBS": DATE.isoformat(),
}  # fmt: skip


def info_of(kind: str, **changes: Any) -> FrameInfo:
    cards = {"IMAGETYP": kind, **CARDS, **{key.replace("_", "-"): value for key, value in changes.items()}}
    return frame_info(tuple((key, value, "") for key, value in cards.items() if value is not None))


def light(level: int = 1000, **changes: Any) -> RawFrame:
    return RawFrame(np.full((6, 8), level, np.uint16), "RGGB", info_of("Light", **changes))


class Place:
    """A library's folder, and how often its files were read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.looks: list[str] = []
        self.reads: list[str] = []

    def put(self, name: str, kind: Kind, level: float = 100.0, n_frames: int = 10, **changes: Any) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.full((6, 8), level, np.float32)
        with path.open("wb") as file:
            write_master(file, Master(pixels, kind, "RGGB", info_of(kind, **changes), n_frames, "test"))
        return path

    @property
    def reader(self) -> Reader:
        settings = Config().decode

        def read(path: Path) -> RawFrame:
            self.reads.append(path.name)
            return decode(read_blob(path, "test"), settings)

        def look(path: Path) -> RawFrame:
            self.looks.append(path.name)
            return glance(path, settings) or read(path)

        return Reader(read, look, is_frame_name, "1")

    def library(self, kinds: Any = ("dark", "flat", "bias"), has_bias: bool = False, **settings: Any) -> Library:
        return Library(self.folder, CalibrateSettings(**settings), self.reader, kinds, has_bias)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "library")


def names(choice: Choice) -> dict[str, str]:
    return {master.kind: master.source for master in choice.masters.present()}


class TestChoosing:
    def test_each_kind_by_its_facts(self, place: Place) -> None:
        place.put("d60.fits", "dark", 101.0)
        place.put("d30.fits", "dark", EXPTIME=30.0)
        place.put("deep/fL.fits", "flat", EXPTIME=1.0)
        place.put("deep/fR.fits", "flat", FILTER="R")
        place.put("b.fits", "bias", EXPTIME=0.0)
        choice = place.library().choose(light())
        assert names(choice) == {"dark": "d60.fits", "flat": "deep/fL.fits"}
        assert choice.masters.dark is not None
        np.testing.assert_array_equal(choice.masters.dark.pixels, 101.0)
        assert choice.masters.dark.describe() == "dark 10 x 60 s (d60.fits)"
        assert choice.warnings == ()
        assert choice.set_aside == (
            "dark d30.fits: exposure 30 s, the frame 60 s",
            "flat deep/fR.fits: filter R, the frame L",
        )

    def test_an_empty_library_is_silent(self, place: Place) -> None:
        assert place.library().choose(light()) == Choice(Masters(), "")

    def test_other_cameras_are_not_even_mentioned(self, place: Place) -> None:
        place.put("d.fits", "dark", INSTRUME="Other")
        assert place.library().choose(light()) == Choice(Masters(), "")

    def test_no_fitting_dark_is_a_warning(self, place: Place) -> None:
        place.put("d.fits", "dark", GAIN=200)
        choice = place.library().choose(light())
        assert choice.masters == Masters()
        assert choice.warnings == ("no dark of the library fits: dark d.fits: gain 200, the frame 100",)

    def test_the_bias_serves_where_no_dark_fits(self, place: Place) -> None:
        place.put("d.fits", "dark", CCD_TEMP=5.0)
        place.put("b.fits", "bias", EXPTIME=0.0)
        choice = place.library().choose(light())
        assert names(choice) == {"bias": "b.fits"}
        assert choice.warnings == ("no dark of the library fits: dark d.fits: temperature 5 C, the frame -10 C",)

    def test_a_dark_is_scaled_with_a_bias_only(self, place: Place) -> None:
        place.put("d.fits", "dark", EXPTIME=120.0)
        assert names(place.library().choose(light())) == {}
        assert names(place.library(has_bias=True).choose(light())) == {"dark": "d.fits"}
        place.put("b.fits", "bias", EXPTIME=0.0)
        choice = place.library().choose(light())
        assert names(choice) == {"dark": "d.fits", "bias": "b.fits"}
        assert names(place.library(scale_dark=False).choose(light())) == {"bias": "b.fits"}

    def test_how_far_a_dark_is_scaled_up_is_a_setting(self, place: Place) -> None:
        place.put("d.fits", "dark", EXPTIME=20.0)
        place.put("b.fits", "bias", EXPTIME=0.0)
        assert "dark" not in names(place.library().choose(light()))
        assert "dark" in names(place.library(dark_scale_max=3.0).choose(light()))

    def test_a_bias_of_another_gain_does_not_allow_scaling(self, place: Place) -> None:
        place.put("d.fits", "dark", EXPTIME=120.0)
        place.put("b.fits", "bias", EXPTIME=0.0, GAIN=200)
        assert names(place.library().choose(light())) == {}

    def test_more_frames_and_nearer_temperatures_win(self, place: Place) -> None:
        place.put("few.fits", "dark", n_frames=5)
        place.put("many.fits", "dark", n_frames=30)
        place.put("warm.fits", "dark", n_frames=90, CCD_TEMP=-8.5)
        choice = place.library().choose(light())
        assert names(choice) == {"dark": "many.fits"}
        assert set(choice.set_aside) == {"dark few.fits: another fits better", "dark warm.fits: another fits better"}

    def test_a_temperature_between_two_darks_does_not_flip(self, place: Place) -> None:
        place.put("a.fits", "dark", CCD_TEMP=-10.0)
        place.put("b.fits", "dark", CCD_TEMP=-12.0)
        library = place.library()
        chosen = [names(library.choose(light(CCD_TEMP=c)))["dark"] for c in (-10.9, -11.1, -10.9, -11.2, -11.8, -11.1)]
        assert chosen == ["a.fits"] * 4 + ["b.fits"] * 2

    def test_the_flat_nearest_in_time(self, place: Place) -> None:
        for days in (30, 2, 5):
            place.put(f"{days}.fits", "flat", DATE_OBS=(DATE - timedelta(days=days)).isoformat())
        assert names(place.library().choose(light())) == {"flat": "2.fits"}
        assert names(place.library().choose(light(DATE_OBS=None))) == {"flat": "2.fits"}

    def test_what_is_not_known_ranks_lower_and_is_told(self, place: Place) -> None:
        place.put("a.fits", "dark", GAIN=None, n_frames=50)
        library = place.library()
        choice = library.choose(light())
        assert names(choice) == {"dark": "a.fits"}
        assert choice.warnings == ("dark a.fits: whether gain fit is not known",)
        place.put("b.fits", "dark", n_frames=5)
        library.refresh()
        assert names(library.choose(light())) == {"dark": "b.fits"}

    def test_the_list_of_those_set_aside_is_short(self, place: Place) -> None:
        for exposure in range(1, 10):
            place.put(f"{exposure}.fits", "dark", EXPTIME=float(exposure), GAIN=100 if exposure == 7 else 200)
        set_aside = place.library().choose(light()).set_aside
        assert len(set_aside) == 5
        assert set_aside[0] == "dark 7.fits: exposure 7 s, the frame 60 s"  # the nearest first
        assert set_aside[-1] == "and 5 more"

    def test_named_masters_win_for_their_kind(self, place: Place) -> None:
        place.put("d.fits", "dark")
        place.put("f.fits", "flat")
        mine = Master(np.full((6, 8), 7, np.float32), "dark", "RGGB", info_of("dark"), 3, "mine")
        chooser = NamedFirst(NamedMasters(Masters(dark=mine)), place.library(kinds=("flat",)))
        choice = chooser.choose(light())
        assert names(choice) == {"dark": "mine", "flat": "f.fits"}
        assert choice.set_aside == ()
        assert (
            choice.key
            == NamedMasters(Masters(dark=mine)).choose(light()).key
            + " "
            + place.library(kinds=("flat",)).choose(light()).key
        )


class TestKey:
    def test_it_changes_with_the_files(self, place: Place) -> None:
        place.put("d.fits", "dark", 100.0)
        library = place.library()
        first = library.choose(light())
        assert library.choose(light(level=5)).key == first.key != ""
        place.put("d.fits", "dark", 200.0, n_frames=20)
        library.refresh()
        second = library.choose(light())
        assert second.key != first.key
        assert second.masters.dark is not None
        np.testing.assert_array_equal(second.masters.dark.pixels, 200.0)

    def test_a_master_is_decoded_once(self, place: Place) -> None:
        place.put("d.fits", "dark")
        place.put("other.fits", "dark", GAIN=3)
        library = place.library()
        for _ in range(3):
            library.choose(light())
        assert place.reads == ["d.fits"]


class TestFiles:
    def test_damaged_and_foreign_files_are_told_once(self, place: Place, caplog: pytest.LogCaptureFixture) -> None:
        whole = place.put("d.fits", "dark").read_bytes()
        (place.folder / "cut.fits").write_bytes(whole[:3000])
        (place.folder / "text.fits").write_text("no picture")
        (place.folder / "notes.txt").write_text("not looked at")
        library = place.library()
        with caplog.at_level(logging.WARNING):
            assert names(library.choose(light())) == {"dark": "d.fits"}
            library.refresh()
            library.choose(light())
        assert sorted(Path(record.args[0]).name for record in caplog.records) == ["cut.fits", "text.fits"]  # type: ignore[arg-type, index]

    def test_many_raw_frames_in_a_folder_are_one_line(self, place: Place, caplog: pytest.LogCaptureFixture) -> None:
        head = header_bytes([("IMAGETYP", "Dark Frame", "")], 8, (6, 8))
        (place.folder / "shots").mkdir(parents=True)
        for number in range(3):
            (place.folder / "shots" / f"{number}.fits").write_bytes(head + bytes(2880))
        with caplog.at_level(logging.WARNING):
            assert place.library().entries() == ()
        (line,) = caplog.messages
        assert "3 files" in line
        assert "'indistack master' builds one" in line

    def test_a_file_that_breaks_later_is_replaced_by_the_next_best(self, place: Place) -> None:
        place.put("best.fits", "dark", n_frames=50)
        place.put("next.fits", "dark", n_frames=5)
        library = place.library()
        library.entries()
        (place.folder / "best.fits").write_bytes(b"")
        assert names(library.choose(light())) == {"dark": "next.fits"}

    def test_the_facts_are_remembered_from_one_start_to_the_next(self, place: Place) -> None:
        place.put("d.fits", "dark")
        first = place.library().entries()
        place.looks.clear()
        assert place.library().entries() == first
        assert place.looks == []
        place.put("e.fits", "dark")
        assert len(place.library().entries()) == 2
        assert place.looks == ["e.fits"]

    @pytest.mark.parametrize(
        "content", ["", "{", "[]", '{"version": "1", "entries": [{"name": 3}]}', '{"version": "0"}']
    )
    def test_a_damaged_index_is_made_anew(self, place: Place, content: str) -> None:
        place.put("d.fits", "dark")
        (place.folder / INDEX).write_text(content)
        assert [entry.name for entry in place.library().entries()] == ["d.fits"]
        assert json.loads((place.folder / INDEX).read_text())["version"] == "1"

    def test_a_folder_that_cannot_be_written_is_read(self, place: Place) -> None:
        place.put("d.fits", "dark")
        (place.folder / INDEX).mkdir()
        assert len(place.library().entries()) == 1

    def test_the_folder_is_looked_through_now_and_then(self, place: Place) -> None:
        now_s = [0.0]
        catalogue = Catalogue(place.folder, place.reader, lambda: now_s[0])
        assert catalogue.entries() == ()
        path = place.put("d.fits", "dark")
        now_s[0] = 4.9
        assert catalogue.entries() == ()
        now_s[0] = 5.0
        assert len(catalogue.entries()) == 1
        path.unlink()
        now_s[0] = 10.0
        assert catalogue.entries() == ()

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("masterdark_60s.fits", "dark"),
            ("dark-flats/master.fits", "darkflat"),
            ("Master_FlatDark.fits", "darkflat"),
            ("flats/master_Ha.fits", "flat"),
            ("mBias.fits", "bias"),
        ],
    )
    def test_the_name_tells_the_kind_where_the_header_does_not(self, place: Place, name: str, kind: str) -> None:
        path = place.put(name, "light")
        path.write_bytes(path.read_bytes().replace(b"IMAGETYP", b"NOTHING "))
        assert [entry.facts.kind for entry in place.library().entries()] == [kind]

    def test_masters_of_fractions_serve_lights_in_adu(self, place: Place) -> None:
        path = place.put("d.fits", "dark", 655.35 / 65535)
        content = path.read_bytes()
        for ours in (b"BUNIT   ", b"SWCREATE", b"CREATOR "):
            content = content.replace(ours, b"COMMENT ")
        path.write_bytes(content)
        choice = place.library().choose(light())
        assert choice.masters.dark is not None
        np.testing.assert_allclose(choice.masters.dark.pixels, 655.35, rtol=1e-5)


class TestBaseOfFlats:
    def flat(self, exposure_s: float) -> Facts:
        return Facts("flat", (6, 8), "RGGB", info_of("flat", EXPTIME=exposure_s))

    def test_darkflats_before_darks_before_biases(self, place: Place) -> None:
        library = place.library(kinds=())
        assert library.base_for(self.flat(2.0)) is None
        for name, kind, exposure_s in (("b", "bias", 0.0), ("d", "dark", 2.5), ("df", "darkflat", 2.0)):
            place.put(f"{name}.fits", kind, EXPTIME=exposure_s)  # type: ignore[arg-type]
            library.refresh()
            base = library.base_for(self.flat(2.0))
            assert base is not None
            assert base.source == f"{name}.fits"

    @pytest.mark.parametrize(
        ("changes", "exposure_s", "found"),
        [
            ({"EXPTIME": 4.0}, 2.0, False),
            ({"EXPTIME": 2.9, "CCD_TEMP": 20.0}, 2.0, True),
            ({"EXPTIME": 20.0, "CCD_TEMP": 20.0}, 20.0, False),
            ({"EXPTIME": 2.0, "GAIN": 5}, 2.0, False),
        ],
    )
    def test_how_far_it_may_be_off(self, place: Place, changes: Any, exposure_s: float, found: bool) -> None:
        place.put("d.fits", "dark", **changes)
        assert (place.library(kinds=()).base_for(self.flat(exposure_s)) is not None) == found


class TestGlance:
    def test_it_tells_what_decoding_tells(self, place: Place) -> None:
        path = place.put("d.fits", "dark", BAYERPAT=None)
        seen, read = glance(path, Config().decode), decode(read_blob(path, "test"), Config().decode)
        assert seen is not None
        assert (seen.pixels.shape, seen.pixels.dtype, seen.cfa) == (read.pixels.shape, read.pixels.dtype, read.cfa)
        assert replace(seen.info, saturation_adu=0.0) == replace(read.info, saturation_adu=0.0)

    @pytest.mark.parametrize("keyword", ["TRIMSEC", "BIASSEC"])
    def test_a_frame_that_will_be_cut_must_be_decoded(self, tmp_path: Path, keyword: str) -> None:
        path = tmp_path / "d.fits"
        for name, seen in (("COMMENT", True), (keyword, False)):
            path.write_bytes(header_bytes([(name, "[1:4,1:4]", "")], 8, (6, 8)) + bytes(2880))
            assert (glance(path, Config().decode) is not None) == seen

    def test_other_formats_must_be_decoded(self, tmp_path: Path) -> None:
        for name, content in (("a.png", b"\x89PNG"), ("a.fits.gz", b"\x1f\x8b"), ("empty.fits", b"")):
            (tmp_path / name).write_bytes(content)
            assert glance(tmp_path / name, Config().decode) is None

    def test_a_missing_file_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(FrameError, match="unreadable"):
            glance(tmp_path / "none.fits", Config().decode)
