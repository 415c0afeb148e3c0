"""Operators that people choose: each does what its name says, on numbers that are known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from indistack.enhance import operator_of, shown_by
from indistack.values.frame import FloatArray

Y, X = np.mgrid[:81, :101].astype(np.float32)


def noise(sigma: float, seed: int = 0) -> FloatArray:
    return np.random.default_rng(seed).normal(0, sigma, X.shape).astype(np.float32)


def test_a_jet_stands_out_of_a_round_coma() -> None:
    radius, angle = np.hypot(X - 50, Y - 40), np.arctan2(Y - 40, X - 50)
    coma = 1000 / (1 + radius)
    jet = (np.abs(angle - 0.7) < 0.1) & (radius > 8) & (radius < 30)
    made = operator_of("radial:30")((coma * np.where(jet, 1.1, 1)).astype(np.float32))
    ring = (radius > 10) & (radius < 28)
    assert np.median(made[ring & jet] / coma[ring & jet]) == pytest.approx(0.2, abs=0.03)
    assert np.abs(np.median(made[ring & ~jet])) < 0.1
    told = operator_of("radial:angle_deg=30,x=50,y=40")((coma * np.where(jet, 1.1, 1)).astype(np.float32))
    np.testing.assert_array_equal(told, made)


def test_faint_contrast_grows_and_colours_stay() -> None:
    light = 0.5 + 0.02 * np.sin(X / 3) + 0.2 * X / 100
    picture = (light[..., np.newaxis] * np.array([1, 0.8, 0.6])).astype(np.float32)
    made = operator_of("clahe:3,4")(picture)
    assert np.std(np.diff(made[..., 0], axis=1)) > 1.3 * np.std(np.diff(picture[..., 0], axis=1))
    np.testing.assert_allclose(made[..., 2] / made[..., 0], 0.6, rtol=1e-4)


@pytest.mark.parametrize(("word", "factor"), [("wavelets:1,1,1,1", 1.0), ("wavelets:3,3,3,3", 3.0), ("wavelets:0", 0)])
def test_detail_is_multiplied_and_the_mean_stays(word: str, factor: float) -> None:
    picture = 0.4 + np.where((X + Y) % 2 > 0, 0.01, -0.01).astype(np.float32)
    made = operator_of(word if factor else "wavelets:0,1,1,1")(picture)
    inner = np.s_[20:-20, 20:-20]
    assert np.std(made[inner]) == pytest.approx(0.01 * factor, abs=2e-4)
    assert np.mean(made[inner]) == pytest.approx(0.4, abs=1e-4)


def test_stars_become_smaller_and_the_nebula_stays() -> None:
    nebula = 0.3 * np.exp(-(np.hypot(X - 50, Y - 40) ** 2) / 800) + 0.1
    star = 0.6 * np.exp(-(np.hypot(X - 20, Y - 20) ** 2) / 4)
    made = operator_of("star_reduction:1")((nebula + star + noise(0.002)).astype(np.float32))
    assert (made - nebula)[15:26, 15:26].sum() < 0.8 * star.sum()
    assert np.abs((made - nebula)[40:, 40:]).max() < 0.02


def test_green_above_the_mean_of_red_and_blue_goes() -> None:
    picture = np.array([[[0.2, 0.6, 0.4], [0.5, 0.1, 0.5]]], np.float32)
    np.testing.assert_allclose(operator_of("scnr")(picture)[0, :, 1], [0.3, 0.1], rtol=1e-6)
    np.testing.assert_allclose(operator_of("scnr:0.5")(picture)[0, :, 1], [0.45, 0.1], rtol=1e-6)


def test_a_curve_goes_through_its_points_and_never_down() -> None:
    ramp = np.linspace(0, 1, 401, dtype=np.float32)[np.newaxis]
    made = operator_of("curves:0.05,0.6,0.65")(ramp)[0]
    np.testing.assert_allclose(made[[0, 100, 200, 300, 400]], [0, 0.05, 0.6, 0.65, 1], atol=1e-3)
    assert (np.diff(made) >= 0).all()
    np.testing.assert_allclose(operator_of("curves:0.25,0.5,0.75")(ramp)[0], ramp[0], atol=1e-3)


@pytest.mark.parametrize(
    ("word", "half"),
    [
        ("percentile:0,100", 0.5),
        ("log:1000,0,100", np.log(501) / np.log(1001)),
        ("asinh:100,0,100", np.arcsinh(50) / np.arcsinh(100)),
    ],
)
def test_stretches_between_two_percentiles(word: str, half: float) -> None:
    ramp = np.linspace(200, 600, 401, dtype=np.float32)[np.newaxis]
    made = operator_of(word)(ramp)[0]
    np.testing.assert_allclose(made[[0, 200, 400]], [0, half, 1], atol=1e-5)


def test_half_a_percent_is_cut_off_each_end() -> None:
    made = operator_of("percentile:10,90")(np.arange(1001, dtype=np.float32)[np.newaxis])[0]
    assert (np.count_nonzero(made == 0), np.count_nonzero(made == 1)) == (101, 101)


def test_a_picture_is_turned_mirrored_and_cut() -> None:
    picture = np.arange(12, dtype=np.float32).reshape(3, 4)
    np.testing.assert_array_equal(operator_of("rotate:90")(picture), np.rot90(picture))
    np.testing.assert_array_equal(operator_of("rotate:-90")(picture), np.rot90(picture, 3))
    np.testing.assert_array_equal(operator_of("flip")(picture), picture[:, ::-1])
    np.testing.assert_array_equal(operator_of("flip:up_down")(picture), picture[::-1])
    np.testing.assert_array_equal(operator_of("crop:1,0,1,1")(picture), [[5, 6, 7]])
    assert operator_of("crop:9,9,9,9")(picture).shape == (1, 1)


def test_a_picture_that_is_turned_a_little_grows_and_keeps_its_middle() -> None:
    picture = cv2.GaussianBlur(np.eye(60, 80, dtype=np.float32), (0, 0), 2) + 1
    made = operator_of("rotate:30")(picture)
    assert made.shape == (92, 100)
    assert made[46, 50] == pytest.approx(picture[30, 40], abs=0.05)
    assert np.isnan(made[0, 0])
    assert 0.45 < np.isfinite(made).mean() < 0.56


def test_two_lines_become_a_palette() -> None:
    picture = np.array([[[0.8, 0.2, 0.4]]], np.float32)
    np.testing.assert_allclose(operator_of("hoo:0")(picture)[0, 0], [0.8, 0.3, 0.3], rtol=1e-6)
    np.testing.assert_allclose(operator_of("hoo:0.5")(picture)[0, 0], [0.8, 0.3, 0.55], rtol=1e-6)
    share = 0.24**0.76
    np.testing.assert_allclose(
        operator_of("sho")(picture)[0, 0], [0.8, share * 0.8 + (1 - share) * 0.3, 0.3], rtol=1e-5
    )


@pytest.mark.parametrize("words", [["usm:9,2", "stf"], ["auto"], ["planet", "wavelets"], ["gamma:0.4"]])
def test_what_makes_a_picture_is_taken_as_it_is(words: list[str]) -> None:
    assert shown_by(words) == words


def test_what_makes_none_is_shown_from_its_least_to_its_greatest_value() -> None:
    assert shown_by(["usm:9,2", "br"]) == ["usm:9,2", "br", "percentile:0,100"]
