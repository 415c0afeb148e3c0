"""Detail: what moving air takes away, whatever the brightness, and no noise."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from indistack.grading.picture_detail import detail_share
from indistack.values.frame import FloatArray

RNG = np.random.default_rng(3)
SURFACE = cv2.GaussianBlur(RNG.normal(0, 1, (120, 160)), (0, 0), 1.5)


def moon(blur_px: float, light: float = 1000.0, noise: float = 0.0) -> FloatArray:
    picture = np.zeros((120, 160))
    cv2.circle(picture, (80, 60), 40, 1.0, -1)
    picture *= 1 + 2 * SURFACE
    if blur_px:
        picture = cv2.GaussianBlur(picture, (0, 0), blur_px)
    return (100 + light * picture + noise * RNG.normal(0, 1, picture.shape)).astype(np.float32)


def test_the_steadier_the_air_the_more() -> None:
    shares = [detail_share(moon(blur)) for blur in (0.0, 0.7, 1.0, 1.5, 2.5)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 3 * shares[-1]


def test_neither_brightness_nor_noise_counts() -> None:
    plain = detail_share(moon(1.0))
    assert detail_share(moon(1.0, light=200.0)) == pytest.approx(plain, rel=1e-3)
    assert detail_share(moon(1.0, noise=150.0)) == pytest.approx(plain, rel=0.1)
    assert detail_share(np.full((20, 20), 7, np.float32)) == 0
