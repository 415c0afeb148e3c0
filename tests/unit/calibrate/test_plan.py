"""What is added to each pixel, in 16 bits: exact enough, and only where that is so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from indistack.calibrate import CalibrateSettings, Master, Masters
from indistack.calibrate.plan import Plan, Stepped, make_plan
from indistack.calibrate.recipe import Recipe
from indistack.system.workers import Workers
from indistack.values.frame import CfaPattern, FrameInfo, Kind, RawFrame

SHAPE = (200, 300)
NOISE_ADU = 10.0
LEVEL_ADU = 500.0


@pytest.fixture
def workers() -> Iterator[Workers]:
    with Workers(2) as threads:
        yield threads


def noise(level: float, sigma: float, seed: int) -> Any:
    return np.random.default_rng(seed).normal(level, sigma, SHAPE).astype(np.float32)


def flat() -> Any:
    x = np.linspace(-1, 1, SHAPE[1])
    return noise(20000, 50, 3) * (1 - 0.6 * x**2)


def plan_of(workers: Workers, cfa: CfaPattern | None = "RGGB", black_adu: float = 0.0, **pixels: Any) -> Plan:
    kinds: list[Kind] = ["dark", "flat", "bias"]
    masters = {kind: Master(pixels[kind], kind, cfa, FrameInfo(), 20, kind) for kind in kinds if kind in pixels}
    info = FrameInfo(saturation_adu=65535.0, black_adu=black_adu)
    raw = RawFrame(noise(LEVEL_ADU + 300, NOISE_ADU, 1).round().astype(np.uint16), cfa, info)
    return make_plan(raw, Recipe(Masters(**masters)), CalibrateSettings(), None, workers)


def values(number: Stepped | float) -> Any:
    return number.plane * np.float64(number.step) if isinstance(number, Stepped) else number


def errors(plan: Plan, offset: Any) -> Any:
    """Return how far the shifts are from what they should be, in stored units."""
    assert plan.shift is not None
    return values(plan.shift) + plan.level - (plan.scale.zero - offset * values(plan.gain))


@pytest.mark.parametrize(("with_flat", "glow_adu"), [(True, 1200), (False, 3500)])
def test_shifts_of_colour_frames_take_16_bits_and_err_by_less_than_a_fiftieth_of_a_unit(
    workers: Workers, with_flat: bool, glow_adu: float
) -> None:
    dark = noise(LEVEL_ADU, 3, 2) + np.linspace(0, glow_adu, SHAPE[1], dtype=np.float32)  # an amplifier that glows
    plan = plan_of(workers, dark=dark, **({"flat": flat()} if with_flat else {}))
    assert plan.shift is not None
    assert plan.shift.plane.dtype == np.uint16
    assert plan.n_bytes == 2 * dark.size * (1 + with_flat)
    assert errors(plan, dark).std() < 0.02
    assert abs(errors(plan, dark)).max() < 0.52 * plan.shift.step < 1 / 30
    assert errors(plan, dark).std() * plan.scale.step_adu < 0.01 * NOISE_ADU


def test_pixels_that_are_repaired_make_the_steps_no_coarser(workers: Workers) -> None:
    dark = noise(LEVEL_ADU, 3, 2)
    bad = [5, 3000, 59_999]
    dark.reshape(-1)[bad] = 60_000, np.nan, np.inf
    plan = plan_of(workers, dark=dark)
    np.testing.assert_array_equal(plan.bad, bad)
    assert plan.shift is not None
    assert plan.shift.step < 0.01
    assert abs(np.delete(errors(plan, dark), bad)).max() < 0.01


def test_where_steps_would_be_coarse_the_shifts_stay_as_they_are(workers: Workers) -> None:
    dark = noise(LEVEL_ADU, 3, 2)
    dark[50:70] += np.linspace(0, 40_000, SHAPE[1], dtype=np.float32)
    settings = CalibrateSettings(dark_hot_sigma=10_000)  # takes all of it for sound
    raw = RawFrame(noise(800, NOISE_ADU, 1).round().astype(np.uint16), "RGGB", FrameInfo(saturation_adu=65535.0))
    masters = Masters(Master(dark, "dark", "RGGB", FrameInfo(), 20, "dark"))
    plan = make_plan(raw, Recipe(masters), settings, None, workers)
    assert plan.shift is not None
    assert plan.shift.plane.dtype == np.float32
    assert abs(errors(plan, dark)).max() < 0.01


def test_mono_frames_are_calibrated_in_real_numbers(workers: Workers) -> None:
    dark = noise(LEVEL_ADU, 3, 2)
    plan = plan_of(workers, None, dark=dark, flat=flat())
    assert plan.n_bytes == 8 * dark.size
    assert abs(errors(plan, dark)).max() < 1e-3


def test_a_dark_that_is_the_same_everywhere(workers: Workers) -> None:
    dark = np.full(SHAPE, LEVEL_ADU, np.float32)
    assert abs(errors(plan_of(workers, dark=dark), dark)).max() < 1e-3


@pytest.mark.parametrize("cfa", ["RGGB", None])
def test_one_level_for_all_pixels_takes_no_memory(workers: Workers, cfa: Any) -> None:
    plan = plan_of(workers, cfa, black_adu=LEVEL_ADU, flat=flat())
    assert plan.n_bytes == flat().size * (2 if cfa else 4)
    assert abs(errors(plan, LEVEL_ADU)).max() < 1e-3
    assert plan_of(workers, cfa, flat=flat()).shift is None
