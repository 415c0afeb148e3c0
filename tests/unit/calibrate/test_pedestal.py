"""What the camera adds to the light, told from pixels and flat alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from indistack.calibrate.base import Masters
from indistack.calibrate.pedestal import pedestal_adu
from indistack.system.workers import Workers
from indistack.values.frame import CfaPattern
from tests.unit.calibrate.test_apply import calibrator_of, master, raw_of

HEIGHT, WIDTH = 240, 320
Y, X = np.mgrid[-0.75 : 0.75 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j]
VIGNETTE = 1 - 0.3 * (X**2 + Y**2)
FLAT = 20000 * VIGNETTE + 1000.0
NEBULA = np.exp(-(X**2 + Y**2) / 0.15)


@pytest.fixture
def workers() -> Iterator[Workers]:
    with Workers(2) as threads:
        yield threads


def light(pedestal: float = 1000.0, sky: Any = 600.0, seed: int = 1) -> Any:
    noise = np.random.default_rng(seed).normal(0, 25, VIGNETTE.shape)
    return np.clip(pedestal + sky * VIGNETTE + noise, 0, 65535).astype(np.uint16)


@pytest.mark.parametrize("pedestal", [0, 200, 1000])
@pytest.mark.parametrize("cfa", [None, "RGGB"])
def test_level_that_the_flat_does_not_shape(pedestal: float, cfa: CfaPattern | None) -> None:
    gradient = 600.0 + 60 * X - 40 * Y
    found = pedestal_adu(raw_of(light(pedestal, gradient), cfa), FLAT)
    assert found == pytest.approx(pedestal * (1 - 600 / 20000), abs=25)


@pytest.mark.parametrize(
    ("sky", "flat"),
    [
        (600.0, np.full_like(FLAT, 20000.0)),  # no shape
        (600.0, 20000 + 5000 * X),  # a shape that any gradient has
        (600.0, 20000 * (2 - VIGNETTE)),  # another camera's
        (600 + 900 * NEBULA, FLAT),  # as bright in the middle as the flat would have it
    ],
)
def test_nothing_is_said_where_the_pixels_do_not_tell(sky: Any, flat: Any) -> None:
    assert pedestal_adu(raw_of(light(sky=sky)), flat) is None


def test_small_frames_and_colours_say_nothing() -> None:
    assert pedestal_adu(raw_of(light()[:40, :40]), FLAT[:40, :40]) is None
    assert pedestal_adu(raw_of(np.dstack([light()] * 3)), np.dstack([FLAT] * 3)) is None


def test_a_light_with_nothing_but_a_flat_becomes_even_and_says_so(workers: Workers) -> None:
    calibrated = calibrator_of(Masters(flat=master("flat", FLAT)), workers).calibrate(raw_of(light()))
    parts = calibrated.pixels[:30, :30], calibrated.pixels[105:135, 145:175]
    corner, middle = (float(np.median(part)) for part in parts)
    assert corner == pytest.approx(middle, rel=0.02)
    assert any("a pedestal of" in warning for warning in calibrated.warnings)


def test_all_lights_have_the_pedestal_of_the_first_after_a_power_cut_too(workers: Workers) -> None:
    masters = Masters(flat=master("flat", FLAT))
    before, after = calibrator_of(masters, workers), calibrator_of(masters, workers)
    first = before.calibrate(raw_of(light(1000)))
    facts, arrays = before.memory()
    after.remember(json.loads(json.dumps(facts)), arrays)
    for calibrator in (before, after):
        later = calibrator.calibrate(raw_of(light(1100, seed=2)))
        assert later.warnings == first.warnings


def test_a_bias_or_a_level_that_is_told_decides(workers: Workers) -> None:
    flat, bias = master("flat", FLAT), master("bias", np.full(FLAT.shape, 900.0, np.float32))
    beside = calibrator_of(Masters(flat=flat, bias=bias), workers).calibrate(raw_of(light()))
    told = calibrator_of(Masters(flat=flat), workers).calibrate(raw_of(light(), black_adu=900.0))
    assert not any("pedestal" in warning for warning in (*beside.warnings, *told.warnings))
