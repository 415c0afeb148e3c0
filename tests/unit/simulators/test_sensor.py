"""The sensor: conversions, noise and faults against worked-out numbers."""

from __future__ import annotations

import numpy as np
import pytest

from simulators.randomness import POOL_SIZE, generator, normal_pool, pool_offsets
from simulators.scenario import Scenario
from simulators.sensor import (
    Readout,
    cfa_channels,
    dark_factor,
    e_per_adu,
    make_dark_pattern,
    make_defects,
    make_response,
    offset_adu,
    read_out,
)


def test_sixty_tenths_of_a_decibel_double_the_signal() -> None:
    scenario = Scenario(gain_setting=100.0, e_per_adu=0.8)
    # 6.02 dB is a factor of two: 60.2 steps.
    assert e_per_adu(scenario, 160.206) == pytest.approx(0.4, rel=1e-5)
    assert e_per_adu(scenario, 100) == 0.8


def test_iso_is_proportional() -> None:
    scenario = Scenario(personality="dslr", gain_setting=800.0, e_per_adu=0.8)
    assert e_per_adu(scenario, 1600) == pytest.approx(0.4)


def test_offset_and_temperature() -> None:
    scenario = Scenario(offset_setting=50.0, offset_adu=500.0, temperature_c=-10.0)
    assert offset_adu(scenario, 30) == 300
    assert dark_factor(scenario, -4.0) == pytest.approx(2)
    assert dark_factor(scenario, -22.0) == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("cfa", "channels"),
    [("RGGB", [[0, 1], [1, 2]]), ("BGGR", [[2, 1], [1, 0]]), ("GRBG", [[1, 0], [2, 1]]), ("mono", [[0, 0], [0, 0]])],
)
def test_bayer_patterns(cfa: str, channels: list[list[int]]) -> None:
    assert cfa_channels(cfa).tolist() == channels


def flat_readout(width: int, **changes: float) -> Readout:
    values = {"e_per_adu": 0.5, "read_noise_e": 2.0, "full_well_e": 20000.0, "max_adu": 65535, **changes}
    return Readout(column_offset_adu=np.full(width, 100, np.float32), **values)  # type: ignore[arg-type]


def test_conversion_without_noise() -> None:
    # 50.2 e / 0.5 + 100 = 200.4 -> 200; 50.3 -> 200.6 -> 201; full well 20 000 e -> 40 100; below zero -> 0.
    electrons = np.array([[50.2, 50.3, 30000.0, -60.0]], np.float32)
    assert read_out(electrons, flat_readout(4), None).tolist() == [[200, 201, 40100, 0]]


def test_the_converter_ends_at_its_largest_number() -> None:
    electrons = np.array([[19000.0]], np.float32)
    assert read_out(electrons, flat_readout(1, e_per_adu=0.1, max_adu=4095), None).tolist() == [[4095]]


@pytest.mark.parametrize("signal_e", [0.0, 30.0, 1000.0])
def test_noise_is_shot_and_read_noise(signal_e: float) -> None:
    electrons = np.full((500, 1000), signal_e, np.float32)
    offsets = pool_offsets(generator(3, "test"), 500, 1000)
    adu = read_out(electrons, flat_readout(1000), offsets).astype(np.float64)
    # Variance (signal + read noise^2) / (e/ADU)^2, and 1/12 for rounding.
    variance = (signal_e + 2.0**2) / 0.5**2 + 1 / 12
    assert adu.mean() == pytest.approx(100 + signal_e / 0.5, abs=5 * np.sqrt(variance / adu.size))
    assert adu.var() == pytest.approx(variance, rel=0.01)


def test_rows_may_be_offset() -> None:
    electrons = np.full((2, 3), 50.0, np.float32)
    offsets = np.array([[7.0], [-7.0]], np.float32)
    assert read_out(electrons, flat_readout(3), None, offsets).tolist() == [[207] * 3, [193] * 3]


def test_dark_currents_differ_from_pixel_to_pixel_and_never_change() -> None:
    scenario = Scenario(width_px=400, height_px=300, dark_spread=0.2)
    pattern = make_dark_pattern(scenario)
    assert pattern.mean() == pytest.approx(1, abs=0.005)
    assert pattern.std() == pytest.approx(0.2, rel=0.02)
    assert np.array_equal(pattern, make_dark_pattern(scenario))
    assert (make_dark_pattern(scenario.with_changes(dark_spread=3.0)) >= 0).all()


def test_noise_has_no_structure() -> None:
    adu = read_out(
        np.full((512, 512), 500, np.float32), flat_readout(512), pool_offsets(generator(4, "test"), 512, 512)
    ).astype(np.float64)
    blocks = adu.reshape(64, 8, 64, 8).mean(axis=(1, 3))
    assert blocks.std() == pytest.approx(adu.std() / 8, rel=0.05)


def test_the_pool_is_normal_and_cannot_be_spoilt() -> None:
    pool = normal_pool()
    assert pool.shape == (POOL_SIZE,)
    assert pool.mean(dtype=np.float64) == pytest.approx(0, abs=1e-6)
    assert np.mean(np.abs(pool) < 1) == pytest.approx(0.6827, abs=1e-3)
    with pytest.raises(ValueError, match="read-only"):
        pool[0] = 1


def test_vignetting_reaches_the_corners_and_spares_the_centre() -> None:
    scenario = Scenario(
        width_px=401, height_px=301, vignetting=0.4, dust_motes=0, pixel_response_spread=0.0, dead_pixel_fraction=0.0
    )
    response = make_response(scenario)
    assert response[150, 200] == pytest.approx(1)
    assert response[0, 0] == pytest.approx(0.6, abs=1e-6)


def test_dust_takes_light_away() -> None:
    scenario = Scenario(width_px=400, height_px=300, vignetting=0.0, pixel_response_spread=0.0, dead_pixel_fraction=0.0)
    clean, dusty = make_response(scenario.with_changes(dust_motes=0)), make_response(scenario)
    assert dusty.min() < 0.99
    assert (dusty <= clean + 1e-6).all()


def test_defects_are_as_many_as_asked_for_and_always_the_same() -> None:
    scenario = Scenario(width_px=1000, height_px=1000, hot_pixel_fraction=0.001, dead_pixel_fraction=0.0001)
    defects = make_defects(scenario)
    assert len(defects.hot_index) == pytest.approx(1000, rel=0.15)
    assert np.array_equal(defects.hot_index, make_defects(scenario).hot_index)
    assert (make_response(scenario).reshape(-1)[defects.dead_index] == 0).all()
