"""Measured noise."""

from __future__ import annotations

import math

import numpy as np
import pytest

from indistack.picture.integration import Integration
from indistack.stack import measure_noise, noise_map
from tests.unit.stack.scenes import NOISE, live, noise_only

SHAPE = (600, 800)


def integration(pixels: np.ndarray, weight: np.ndarray | None = None) -> Integration:
    plane = np.ones(pixels.shape[:2], np.float32) if weight is None else weight
    return Integration(pixels.astype(np.float32), plane, np.ones(pixels.shape[:2], np.uint16), 1, 1.0)


def noise(channels: int = 1) -> np.ndarray:
    shape = SHAPE if channels == 1 else (*SHAPE, channels)
    return np.random.default_rng(1).normal(1000, 7, shape)


def test_it_is_that_of_the_mean_of_the_colours() -> None:
    assert measure_noise(integration(noise())) == pytest.approx(7, rel=0.03)
    assert measure_noise(integration(noise(3))) == pytest.approx(7 / math.sqrt(3), rel=0.03)


def test_gradients_and_stars_are_no_noise() -> None:
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    picture = noise() + x * 2 + 0.001 * y**2
    picture[np.random.default_rng(2).random(SHAPE) < 0.01] += 30000
    assert measure_noise(integration(picture)) == pytest.approx(7, rel=0.06)


def test_uncovered_pixels_are_left_out() -> None:
    picture, weight = noise(), np.ones(SHAPE, np.float32)
    picture[:, ::2], weight[:, :300] = picture[:, ::2], 0
    picture[:, :300] = 0
    assert measure_noise(integration(picture, weight)) == pytest.approx(7, rel=0.04)
    colours = np.ones((*SHAPE, 3), np.float32)
    colours[:, :300, 1] = 0
    assert measure_noise(integration(np.dstack([picture] * 3), colours)) == pytest.approx(7, rel=0.04)


def test_a_stack_that_covers_nothing_has_none() -> None:
    assert math.isnan(measure_noise(integration(noise(), np.zeros(SHAPE, np.float32))))
    assert math.isnan(measure_noise(integration(np.zeros((1, 1)))))


def test_it_falls_with_the_root_of_the_number_of_subs() -> None:
    subs = noise_only(32)
    few, many = (measure_noise(live("mean", subs[:n]).integration()) for n in (8, 32))
    assert few / many == pytest.approx(2, rel=0.05)


def test_the_map_tells_the_noise_of_every_pixel() -> None:
    subs = noise_only(20, 3)
    stack = live("sigma_clip", subs, [4.0] * 20).integration()
    found = noise_map(stack)
    assert found is not None
    assert found.shape == stack.weight.shape
    assert np.sqrt(np.mean(found**2)) == pytest.approx(NOISE / math.sqrt(3 * 20), rel=0.03)
    assert noise_map(live("mean", subs).integration()) is None


def test_the_map_knows_nothing_where_nothing_is() -> None:
    weight = np.ones((128, 128), np.float32)
    weight[:10] = 0
    found = noise_map(live("sigma_clip", noise_only(6), [weight] * 6).integration())
    assert found is not None
    assert np.isnan(found[:10]).all()
    assert np.isfinite(found[10:]).all()
