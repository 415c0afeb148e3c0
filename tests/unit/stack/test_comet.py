"""Stars that move through a picture that follows a comet."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.unit.stack.scenes import SIDE, SKY, live, noise_only, star, with_light

N = 24
COMET = star(64, 64, 2e4, 12.0)
STARS = [(x, y) for x in range(-60, SIDE, 30) for y in (20, 50, 80, 110)]


def night(shift_px: float, flux: float) -> list[np.ndarray]:
    return [
        with_light(sub, COMET + sum(star(x + shift_px * n, y, flux, 3.0) for x, y in STARS))
        for n, sub in enumerate(noise_only(N, 3))
    ]


def streaks(pixels: np.ndarray) -> float:
    """How uneven the sky is beside the comet."""
    smooth = cv2.GaussianBlur(pixels.mean(axis=2), (0, 0), 2.0)
    return float(smooth[COMET < 0.1].std())


@pytest.mark.parametrize(("shift_px", "flux"), [(1.5, 2e4), (3.0, 2e4), (3.0, 400.0)])
def test_passing_stars_are_gone_and_the_comet_stays(shift_px: float, flux: float) -> None:
    subs = night(shift_px, flux)
    pixels = live("comet", subs, opening=15).integration().pixels
    empty = streaks(np.mean(night(shift_px, 0.0), axis=0))
    assert streaks(pixels) < 1.5 * empty < 0.5 * streaks(np.mean(subs, axis=0))
    head = COMET.max() / 2 < COMET
    assert (pixels - SKY)[head].mean() == pytest.approx(COMET[head].mean(), rel=0.02)


def test_stars_that_fill_most_of_the_first_subs_leave_less_than_a_median_lets_them() -> None:
    subs = night(1.5, 2e4)[:5]
    assert streaks(live("comet", subs).integration().pixels) < 0.5 * streaks(
        live("sigma_clip", subs).integration().pixels
    )


def test_its_limit_above_is_lower_and_moves_with_kappa_high() -> None:
    subs = noise_only(9)
    counts = []
    for method, kappa_high in (("comet", 3.0), ("comet", 3.6), ("comet", 4.5)):
        rejected = live(method, subs, kappa_high=kappa_high).integration().rejected
        assert rejected is not None
        counts.append(int(rejected.sum()))
    assert counts[0] > counts[1] > counts[2]
    clipped = live("sigma_clip", subs, kappa_high=3.0).integration().rejected
    assert clipped is not None
    assert counts[0] > 1.2 * clipped.sum()
