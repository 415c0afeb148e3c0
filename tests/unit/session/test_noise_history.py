"""A stack's noise from its first sub on."""

from __future__ import annotations

import math

import numpy as np
import pytest

from indistack.picture.integration import Integration
from indistack.session.noise_history import NoiseHistory, typical_weight
from indistack.stack.base import Light

SHAPE = (64, 200)


def stack_of(n_subs: int, noise_adu: float = 10.0, weight: float = 1.0, reach_px: int = SHAPE[1]) -> Integration:
    """Return a stack of subs that reach so many of its columns."""
    pixels = np.random.default_rng(n_subs).normal(100.0, noise_adu, SHAPE).astype(np.float32)
    weights = np.full(SHAPE, weight, np.float32)
    weights[:, reach_px:] = 0
    return Integration(pixels, weights, (weights > 0).astype(np.uint16), n_subs, float(n_subs))


@pytest.mark.parametrize("reach_px", [SHAPE[1], 50, 1])
def test_only_pixels_that_are_covered_tell_the_weight(reach_px: int) -> None:
    assert typical_weight(stack_of(1, weight=4.0, reach_px=reach_px)) == 4.0
    assert math.isnan(typical_weight(stack_of(1, reach_px=0)))


def test_the_gain_is_over_the_first_sub() -> None:
    history = NoiseHistory()
    for n_subs, noise_adu in ((1, 10.0), (2, 8.0), (4, 5.0)):
        history.look(stack_of(n_subs, noise_adu, weight=n_subs))
    told = history.numbers()
    assert told["stack_noise_adu"] == pytest.approx(5.0, rel=0.05)
    assert told["snr_gain"] == pytest.approx(2.0, rel=0.05)
    assert told["snr_gain_ideal"] == pytest.approx(2.0)


def test_what_was_not_seen_from_the_first_sub_on_tells_no_gain() -> None:
    history = NoiseHistory()
    history.look(stack_of(2))
    assert history.first is None
    assert math.isnan(history.numbers()["snr_gain"])


@pytest.mark.parametrize(("light", "gain"), [("kept", 0.5), ("summed", 2.0), ("lost", math.nan)])
def test_a_sum_has_more_light_with_its_noise(light: Light, gain: float) -> None:
    history = NoiseHistory()
    for n_subs, noise_adu in ((1, 10.0), (4, 20.0)):
        history.look(stack_of(n_subs, noise_adu), light=light)
    assert history.numbers()["snr_gain"] == pytest.approx(gain, rel=0.05, nan_ok=True)
