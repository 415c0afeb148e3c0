"""Is a sub good enough."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.errors import FrameError
from indistack.frame import StarList
from indistack.quality import Judge, QualitySettings, median_fwhm_px


def stars(n: int, fwhm_px: float = 3.0, eccentricity: float = 0.2, noise_adu: float = 10.0) -> StarList:
    ones = np.ones(n)
    return StarList(
        ones, ones, ones, ones * fwhm_px, ones * eccentricity, np.zeros(n, bool), 100.0, noise_adu
    )  # fmt: skip


def reason(judge: Judge, sub: StarList) -> str:
    try:
        judge.weigh(sub)
    except FrameError as error:
        return error.reason
    return ""


@pytest.mark.parametrize(("n", "expected"), [(7, "too_few_stars"), (8, "")])
def test_min_stars(n: int, expected: str) -> None:
    assert reason(Judge(QualitySettings(min_stars=8)), stars(n)) == expected


@pytest.mark.parametrize(("fwhm_px", "expected"), [(4.1, "fwhm_too_large"), (3.9, "")])
def test_max_fwhm(fwhm_px: float, expected: str) -> None:
    assert reason(Judge(QualitySettings(max_fwhm_px=4.0)), stars(50, fwhm_px)) == expected


@pytest.mark.parametrize(("eccentricity", "expected"), [(0.8, "trailed"), (0.6, "")])
def test_max_eccentricity(eccentricity: float, expected: str) -> None:
    assert reason(Judge(QualitySettings(max_eccentricity=0.7)), stars(50, 3, eccentricity)) == expected


def test_limits_relative_to_the_running_median_need_a_history() -> None:
    judge = Judge(QualitySettings(max_fwhm_ratio=1.5, min_star_ratio=0.5))
    assert reason(judge, stars(100, 9.0)) == ""
    for _ in range(5):
        judge.remember(stars(100, 3.0))
    assert reason(judge, stars(100, 4.6)) == "fwhm_too_large"
    assert reason(judge, stars(100, 4.4)) == ""
    assert reason(judge, stars(49)) == "too_few_stars"
    assert reason(judge, stars(51)) == ""


def test_disabled_refuses_nothing() -> None:
    assert reason(Judge(QualitySettings(enabled=False)), stars(0)) == ""


def test_noise_weight_is_inverse_variance() -> None:
    judge = Judge(QualitySettings(weight="noise"))
    judge.remember(stars(50, noise_adu=10))
    assert judge.weigh(stars(50, noise_adu=20)) == pytest.approx(0.25)
    assert Judge(QualitySettings(weight="equal")).weigh(stars(50, noise_adu=20)) == 1.0


def test_median_fwhm_leaves_saturated_stars_out() -> None:
    sub = stars(3)
    sub.fwhm[:] = [9, 2, 4]
    sub.saturated[0] = True
    assert median_fwhm_px(sub) == 3
    assert np.isnan(median_fwhm_px(stars(0)))
