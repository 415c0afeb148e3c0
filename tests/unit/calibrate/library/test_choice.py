"""What the library chooses, and what it says of the others."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from indistack.calibrate import CalibrateSettings, Master, MasterChoice, Masters, NamedFirst, NamedMasters
from indistack.calibrate.fit import FrameFacts
from tests.unit.calibrate.library.place import DATE, Place, info_of, light, names


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
        assert place.library().choose(light()) == MasterChoice(Masters(), "")

    def test_other_cameras_are_not_even_mentioned(self, place: Place) -> None:
        place.put("d.fits", "dark", INSTRUME="Other")
        assert place.library().choose(light()) == MasterChoice(Masters(), "")

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

    def test_a_flat_of_another_gain_is_better_than_none(self, place: Place) -> None:
        place.put("iso.fits", "flat", GAIN=800, OFFSET=0)
        library = place.library()
        choice = library.choose(light())
        assert names(choice) == {"flat": "iso.fits"}
        assert choice.warnings == ("flat iso.fits is used in spite of gain 800, the frame 100; offset 0, the frame 30",)
        place.put("old.fits", "flat", DATE_OBS=(DATE - timedelta(days=50)).isoformat())
        library.refresh()
        choice = library.choose(light())
        assert (names(choice), choice.warnings) == ({"flat": "old.fits"}, ())
        assert choice.set_aside == ("flat iso.fits: another fits better",)

    def test_a_flat_of_another_readout_mode_is_set_aside(self, place: Place) -> None:
        place.put("fast.fits", "flat", READOUTM="Fast")
        assert names(place.library().choose(light(READOUTM="Slow"))) == {}

    def test_a_gain_that_nobody_knows_comes_before_another_gain(self, place: Place) -> None:
        place.put("unknown.fits", "flat", GAIN=None)
        place.put("other.fits", "flat", GAIN=800)
        assert names(place.library().choose(light())) == {"flat": "unknown.fits"}

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
        chooser = NamedFirst(NamedMasters(Masters(dark=mine), CalibrateSettings()), place.library(kinds=("flat",)))
        choice = chooser.choose(light())
        assert names(choice) == {"dark": "mine", "flat": "f.fits"}
        assert choice.set_aside == ()
        assert (
            choice.key
            == NamedMasters(Masters(dark=mine), CalibrateSettings()).choose(light()).key
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

    def test_a_master_of_damaged_numbers_is_left_out(self, place: Place) -> None:
        place.put("d.fits", "dark", np.nan)
        place.put("worse.fits", "dark", n_frames=5)
        assert names(place.library().choose(light())) == {"dark": "worse.fits"}


class TestBaseOfFlats:
    def flat(self, exposure_s: float) -> FrameFacts:
        return FrameFacts("flat", (6, 8), "RGGB", info_of("flat", EXPTIME=exposure_s))

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
