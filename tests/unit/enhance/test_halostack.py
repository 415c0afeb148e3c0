"""The operators of halostack: against its own results, and by numbers worked out by hand."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from indistack.enhance import operator_of

REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "data" / "halostack_ref.npz"

RESULTS = {
    "op_br": "br",
    "op_br_1p7": "br:1.7",
    "op_gr": "gr",
    "op_bg": "bg",
    "op_rgb_sub": "rgb_sub",
    "op_rgb_mix": "rgb_mix",
    "op_rgb_mix_0p5": "rgb_mix:0.5",
    "op_gamma_0p5": "gamma:0.5",
    "op_stretch": "stretch_halostack",
    "op_stretch_0p05": "stretch_halostack:0.05",
    "op_stretch_0p02_0p9": "stretch_halostack:0.02,0.9",
    "op_blur": "blur_halostack",
    "op_blur_6": "blur_halostack:6",
    "op_blur_6_1p5": "blur_halostack:6,1.5",
    "op_gradient": "gradient_halostack",
    "op_gradient_6": "gradient_halostack:6",
    "op_gradient_6_1p5": "gradient_halostack:6,1.5",
    "op2_br": "br",
    "op2_gr": "gr",
    "op2_bg": "bg",
    "op2_stretch": "stretch_halostack",
    "mono_stretch": "stretch_halostack",
}


@pytest.mark.skipif(not REFERENCE.exists(), reason="halostack's own results are not here")
@pytest.mark.parametrize("name", RESULTS)
def test_the_original_gives_the_same(name: str) -> None:
    with np.load(REFERENCE) as reference:
        source, expected = reference[name.partition("_")[0] + "_input"], reference[name]
    made = operator_of(RESULTS[name])(source.astype(np.float32))
    np.testing.assert_allclose(made, expected, rtol=1e-6, atol=1e-6 * np.abs(source).max())


def test_an_inner_part_is_blurred_alike_by_both() -> None:
    pixels = np.random.default_rng(0).normal(100, 10, (60, 80)).astype(np.float32)
    ours, theirs = (operator_of(word)(pixels) for word in ("blur:4", "blur_halostack:4"))
    inner = np.s_[8:-8, 8:-8]
    difference = (ours - theirs)[inner]
    assert np.ptp(difference) < 1e-4
    assert np.abs(ours - theirs)[:, -3:].max() > 1


def test_a_blur_sees_the_mean_of_the_border_beyond_it() -> None:
    row = np.array([[0, 6, 0, 0, 0, 0, 12, 0]], np.float32).repeat(8, axis=0)
    k = np.exp(-0.5 * np.array([1, 0, 1]) ** 2)
    k /= k.sum()
    made = operator_of("blur:1,1")(row)[4]
    expected = np.array([k[0] * 0 + k[2] * 6, k[1] * 6, k[0] * 6])
    np.testing.assert_allclose(made[:3], expected, rtol=1e-6)


def test_unsharp_masking_adds_what_a_blur_takes_away() -> None:
    pixels = np.random.default_rng(0).random((40, 50), np.float32)
    smooth = cv2.GaussianBlur(pixels, (19, 19), 3, borderType=cv2.BORDER_REPLICATE)
    np.testing.assert_allclose(operator_of("usm:9,2")(pixels), pixels + 2 * (pixels - smooth), atol=1e-6)
    kept = operator_of("usm:9,2,3,0.2")(pixels)
    small = np.abs(pixels - smooth) < 0.2
    np.testing.assert_array_equal(kept[small], pixels[small])
    assert (kept[~small] != pixels[~small]).all()


def test_shading_by_hand() -> None:
    pixels = np.array([[0, 0, 0], [0, 0.5, 1], [0, 0, 0]], np.float32)
    # at the centre: left column 0, right column 1; both rows 0; the normal is (-1, 0, 2)
    elevation = np.radians(30)
    shade = (-1 * np.cos(elevation) + 2 * np.sin(elevation)) / 5**0.5
    assert operator_of("emboss:0,30")(pixels)[1, 1] == pytest.approx(0.5 * shade, rel=1e-5)
    assert operator_of("emboss:180,30")(pixels)[1, 1] > operator_of("emboss:0,30")(pixels)[1, 1]
    turned = operator_of("emboss:90,30")(pixels.T)[1, 1]  # lower row 1, upper row 0: (0, 1, 2)
    assert turned == pytest.approx(0.5 * (np.cos(elevation) + 2 * np.sin(elevation)) / 5**0.5, rel=1e-5)


def test_numbers_of_unsharp_masking_in_the_originals_order() -> None:
    pixels = np.random.default_rng(0).random((40, 50), np.float32)
    theirs, ours = operator_of("usm_halostack:9,2")(pixels), operator_of("usm:9,3,2")(pixels)
    np.testing.assert_array_equal(theirs, ours)


def test_a_polynomial_sky_goes() -> None:
    y, x = np.mgrid[:60, :80] / 40
    sky = 100 + 20 * x - 5 * y + 3 * x * x - 2 * x * y
    made = operator_of("polygrad:2,400")(sky.astype(np.float32))
    assert np.abs(made).max() < 0.2


def test_a_factor_that_is_not_found_is_two() -> None:
    picture = np.ones((4, 4, 3), np.float32) * np.array([3.9, 1, 10], np.float32)
    assert operator_of("br")(picture) == pytest.approx(2 * 10 - 3.9)
    doubled = np.ones((4, 4, 3), np.float32) * np.array([4, 2.2, 2], np.float32)
    assert operator_of("br")(doubled) == pytest.approx(0, abs=1e-6)
