"""Stars that move through a picture that follows a comet."""

from __future__ import annotations

import numpy as np

from tests.unit.stack.scenes import SIDE, SKY, combined, live, noise_only, star, with_light

N = 24
COMET = star(64, 64, 2e4, 12.0)
STARS = [(x, y) for x in range(-60, SIDE, 30) for y in (20, 50, 80, 110)]


def night(shift_px: float) -> list[np.ndarray]:
    return [
        with_light(sub, COMET + sum(star(x + shift_px * n, y, 2e4, 3.0) for x, y in STARS))
        for n, sub in enumerate(noise_only(N, 3))
    ]


def light_left(subs: list[np.ndarray], pixels: np.ndarray) -> float:
    """What the stars leave, as a share of what they leave in a mean."""
    away = COMET < 0.1
    floor, plain = SKY, np.mean(subs, axis=0)[away].mean() - SKY
    return float((pixels[away].mean() - floor) / plain)


def test_passing_stars_are_gone_and_the_comet_stays() -> None:
    subs = night(3.0)
    comet, clipped = (live(method, subs).integration().pixels for method in ("comet", "sigma_clip"))
    assert light_left(subs, comet) < 0.1
    assert light_left(subs, comet) < 0.6 * light_left(subs, clipped)
    head = COMET > COMET.max() / 2
    assert abs((comet - SKY)[head].mean() / COMET[head].mean() - 1) < 0.02


def test_slower_stars_are_gone_when_all_subs_are_there_at_once() -> None:
    subs = night(1.5)
    assert light_left(subs, combined("comet", subs).integration().pixels) < 0.1


def test_kappa_high_moves_its_limit_too() -> None:
    subs = night(3.0)
    gentle = live("comet", subs, kappa_high=30.0).integration().pixels
    assert light_left(subs, gentle) > 3 * light_left(subs, live("comet", subs).integration().pixels)
