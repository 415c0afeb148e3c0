"""The night that all stackers get."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits
from comparison.night import SATELLITE_PLACES, make_night, make_quiet_night, write_night


@pytest.mark.parametrize(("place", "sub"), list(zip(SATELLITE_PLACES, (0, 1, 5, 9), strict=True)))
def test_the_satellite_flies_where_it_was_ordered_and_never_through_the_cloud(place, sub):
    night = make_night(1, "mono", 10, place)
    assert night.satellite.sub == sub
    assert night.cloudy_sub != sub


@pytest.mark.parametrize("place", SATELLITE_PLACES)
def test_a_night_of_four_subs_has_room_for_both(place):
    night = make_night(1, "mono", 4, place)
    assert night.satellite.sub != night.cloudy_sub


def test_the_field_turns_by_one_and_a_half_degrees():
    last = make_night(1, "mono", 5).observatory.expose(index=4).truth
    assert np.degrees(np.arctan2(*last.matrix[[1, 0], 0])) == pytest.approx(-1.5, abs=1e-6)


def test_only_the_satellite_tells_the_two_nights_apart():
    night = make_night(1, "mono", 4)
    for index in range(4):
        same = np.array_equal(
            *(side.expose(index=index).pixels for side in (night.observatory, night.without_satellite))
        )
        assert same == (index != night.satellite.sub)


def test_masters_are_without_noise(tmp_path):
    files = write_night(make_night(1, "RGGB", 4).shortened(1), tmp_path)
    dark, flat = fits.getdata(files.dark), fits.getdata(files.flat)
    assert len(files.subs) == 1
    # But for its hot pixels and the pattern of its columns a dark is one number.
    assert np.std(np.median(dark, axis=1)) < 0.5
    assert np.median(flat) > 20_000
    assert np.std(flat[440:460:2, 600:620:2] / flat[440:460:2, 602:622:2]) < 0.02


def test_a_quiet_night_holds_its_field():
    night = make_quiet_night(1, "mono", 1000)
    last = night.observatory.expose(index=999).truth
    assert last.events == ()
    assert np.abs(last.matrix - np.eye(3)).max() < 10
