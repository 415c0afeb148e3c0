import math

import numpy as np
import pytest

from indistack.numerics.statistics import (
    FWHM_PER_SIGMA,
    LOWER_SIGMA,
    MAD_TO_SIGMA,
    MEDIAN_TO_MEAN_ERROR,
    robust_sigma,
    robust_sigmas,
    sigma_of_deviations,
)


def test_the_constants_are_those_of_a_normal_distribution() -> None:
    share_below = lambda sigmas: (1 + math.erf(sigmas / 2**0.5)) / 2  # noqa: E731
    assert share_below(1 / MAD_TO_SIGMA) == pytest.approx(0.75, abs=1e-5)
    assert share_below(-1) == pytest.approx(LOWER_SIGMA, abs=1e-6)
    assert math.exp(-((FWHM_PER_SIGMA / 2) ** 2) / 2) == pytest.approx(0.5, abs=1e-15)
    assert pytest.approx(math.pi / 2, abs=1e-3) == MEDIAN_TO_MEAN_ERROR**2


def test_an_outlier_does_not_matter() -> None:
    values = np.array([[10.0, 12.0], [13.0, 1e6], [9.0, np.inf]])  # median 12.5, sizes 0.5 0.5 2.5 3.5 1e6 inf
    assert robust_sigma(values) == pytest.approx(1.4826 * 3)
    assert robust_sigma(values, 12.0) == pytest.approx(1.4826 * 2.5)  # sizes 0 1 2 3 1e6 inf


def test_deviations_count_from_zero() -> None:
    assert sigma_of_deviations(np.array([3, -1, 2])) == pytest.approx(1.4826 * 2)


def test_of_nothing_there_is_no_spread_and_nan_is_not_hidden() -> None:
    nothing = np.empty(0, np.float32)
    assert robust_sigma(nothing) == robust_sigma(nothing, 5.0) == sigma_of_deviations(nothing) == 0.0
    assert math.isnan(robust_sigma(np.array([1.0, np.nan])))
    assert math.isnan(sigma_of_deviations(np.array([1.0, np.nan])))


def test_columns_keep_their_type_and_their_own_middle() -> None:
    values = np.array([[1, 10], [2, 30], [4, 50]], np.float32)
    found = robust_sigmas(values, np.median(values, axis=0))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [1.4826, 1.4826 * 20], rtol=1e-6)
    assert np.isnan(robust_sigmas(np.array([[np.nan, 1.0], [1.0, 3.0]]), np.array([0.0, 2.0]))).tolist() == [
        True,
        False,
    ]


def test_what_is_measured_is_left_as_it_is() -> None:
    values = np.array([3.0, 1.0, 2.0])
    before = values.copy()
    robust_sigma(values), sigma_of_deviations(values), robust_sigmas(values, 2.0)
    np.testing.assert_array_equal(values, before)
