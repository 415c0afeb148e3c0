"""Which of the fitted candidates are stars."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from indistack.stars.fit import Fits
from indistack.stars.selection import LONGEST, MISFIT, NARROWEST, WIDEST, brightest_first, first_of_its_place, is_star
from indistack.stars.stamps import Stamps
from indistack.values.frame import DoubleArray

FIELD = (3.0, 3.2)
"""FWHM and longer axis (px)."""
PLACE = np.array([20.0])


def fit_of(**numbers: float) -> Fits:
    """Return the fit of one star, which is one, with some numbers changed."""
    good = {
        "x": 20.0, "y": 20.0, "flux": 5000.0, "amplitude": 500.0, "sky": 0.0, "fwhm": 3.0, "major": 3.0,
        "eccentricity": 0.2, "angle": 0.0, "snr": 50.0, "misfit": 0.03,
    }  # fmt: skip
    return Fits(**{name: np.array([value]) for name, value in (good | numbers).items()})


def stamp(clipped: bool = False) -> Stamps:
    return Stamps(*(np.zeros((1, 1), np.float32),) * 2, *(np.zeros(1),) * 4, np.array([clipped]))


@pytest.mark.parametrize(
    ("numbers", "stays"),
    [
        ({}, True),
        ({"snr": 2.9}, False),
        ({"flux": np.nan}, False),
        ({"amplitude": -1.0}, False),
        ({"x": 22.1}, False),
        ({"y": 21.9}, True),
        ({"fwhm": 0.99 * NARROWEST * 3.0}, False),
        ({"fwhm": 1.01 * WIDEST * 3.0}, False),
        ({"major": 0.99 * LONGEST * 3.2}, True),
        ({"major": 1.01 * LONGEST * 3.2}, False),
        ({"misfit": 1.2 * MISFIT}, False),
        ({"misfit": 1.2 * MISFIT, "amplitude": 50.0}, True),  # noise explains it
    ],
)
def test_a_star_is_bright_where_it_was_seen_and_as_wide_as_the_others(numbers: dict[str, float], stays: bool) -> None:
    assert is_star(fit_of(**numbers), stamp(), PLACE, PLACE, FIELD, 5.0)[0] == stays


def test_a_clipped_star_may_be_wide_and_odd() -> None:
    wide = fit_of(fwhm=14.0, major=14.0, misfit=0.5)
    assert is_star(wide, stamp(clipped=True), PLACE, PLACE, FIELD, 5.0)[0]
    assert not is_star(replace(wide, misfit=np.array([0.03])), stamp(), PLACE, PLACE, FIELD, 5.0)[0]


def test_the_brightest_comes_first_and_equal_ones_by_their_place() -> None:
    def column(*values: float) -> DoubleArray:
        return np.array(values)

    one = fit_of()
    fits = replace(one, flux=column(5, 9, 5, 5), x=column(2, 0, 1, 1), y=column(1, 0, 1, 0))
    assert brightest_first(fits, np.arange(4)).tolist() == [1, 3, 2, 0]
    assert brightest_first(fits, np.array([0, 1])).tolist() == [1, 0]  # indices into the choice


def test_the_same_star_found_twice_is_kept_once() -> None:
    x, y = np.array([10.0, 11.0, 30.0]), np.array([10.0, 10.0, 10.0])
    assert first_of_its_place(x, y, 1.5).tolist() == [True, False, True]
    assert first_of_its_place(x, y, 0.9).all()
