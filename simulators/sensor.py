"""The sensor: its fixed faults, and the way from expected electrons to the numbers that are read out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .randomness import generator, normal_pool
from .scenario import Scenario

Plane = NDArray[np.float32]
Pixels = NDArray[np.uint16]

# Dark current doubles with this many degrees, as in the data sheets of cooled CMOS cameras.
DARK_DOUBLING_C = 6.0


@dataclass(frozen=True, slots=True)
class Defects:
    """Pixels that are always wrong, by index into the flattened frame; dark current at the nominal temperature."""

    hot_index: NDArray[np.int64]
    hot_e_per_s: NDArray[np.float32]
    dead_index: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Readout:
    """How one frame is turned into numbers."""

    e_per_adu: float
    read_noise_e: float
    full_well_e: float
    max_adu: int
    column_offset_adu: NDArray[np.float32]


def e_per_adu(scenario: Scenario, gain_setting: float) -> float:
    """Return electrons per ADU: a CMOS gain setting counts tenths of a decibel, an ISO number is proportional."""
    if scenario.personality == "dslr":
        return scenario.e_per_adu * scenario.gain_setting / gain_setting
    return scenario.e_per_adu * 10 ** (-(gain_setting - scenario.gain_setting) / 200)


def offset_adu(scenario: Scenario, offset_setting: float) -> float:
    """Return the level of a bias frame: proportional to the camera's offset setting."""
    return scenario.offset_adu * offset_setting / scenario.offset_setting if scenario.offset_setting else 0.0


def dark_factor(scenario: Scenario, temperature_c: float) -> float:
    """Return how much stronger the dark current is than at the scenario's temperature."""
    return float(2 ** ((temperature_c - scenario.temperature_c) / DARK_DOUBLING_C))


def cfa_channels(cfa: str) -> NDArray[np.int64]:
    """Return the 2x2 channel numbers (0 red, 1 green, 2 blue) of a Bayer pattern's name; mono gives zeros."""
    return np.array([max("RGB".find(letter), 0) for letter in (cfa if cfa != "mono" else "RRRR")]).reshape(2, 2)


def make_defects(scenario: Scenario) -> Defects:
    """Return the sensor's hot and dead pixels; hot pixels have a long tail of dark currents."""
    rng = generator(scenario.seed, "defects")
    size = scenario.width_px * scenario.height_px
    hot = np.unique(rng.integers(0, size, rng.binomial(size, scenario.hot_pixel_fraction)))
    strength = scenario.hot_pixel_e_per_s * rng.lognormal(0.0, 1.0, len(hot))
    dead = np.unique(rng.integers(0, size, rng.binomial(size, scenario.dead_pixel_fraction)))
    return Defects(hot, strength.astype(np.float32), dead)


def make_readout(scenario: Scenario, gain_setting: float, offset_setting: float) -> Readout:
    """Return the converter for one frame; the column pattern is part of the bias and never changes."""
    pattern = generator(scenario.seed, "columns").standard_normal(scenario.width_px) * scenario.column_pattern_adu
    return Readout(
        e_per_adu=e_per_adu(scenario, gain_setting),
        read_noise_e=scenario.read_noise_e,
        full_well_e=scenario.full_well_e,
        max_adu=scenario.max_adu,
        column_offset_adu=(pattern + offset_adu(scenario, offset_setting)).astype(np.float32),
    )


def make_dark_pattern(scenario: Scenario) -> Plane:
    """Return the pixels' dark currents relative to their mean: float32, shape (height, width), never negative."""
    pattern = np.ones((scenario.height_px, scenario.width_px), np.float32)
    _add_spread(pattern, scenario.dark_spread, generator(scenario.seed, "dark currents"))
    return np.maximum(pattern, 0, out=pattern)


def _add_spread(plane: Plane, spread: float, rng: np.random.Generator) -> None:
    """Multiply every pixel, in place, with its own factor around 1."""
    pool = normal_pool()
    height, width = plane.shape
    for row, offset in enumerate(rng.integers(0, pool.size - width, height)):
        plane[row] *= 1 + np.float32(spread) * pool[offset : offset + width]


def make_response(scenario: Scenario) -> Plane:
    """Return what a perfect master flat would show, 1 at the centre: vignetting, dust, pixel response, dead pixels.

    float32, shape (height, width).
    """
    rng = generator(scenario.seed, "response")
    response = _vignetting(scenario)
    for _ in range(scenario.dust_motes):
        _add_mote(response, rng)
    _add_spread(response, scenario.pixel_response_spread, rng)
    response.reshape(-1)[make_defects(scenario).dead_index] = 0.0
    return response


def _vignetting(scenario: Scenario) -> Plane:
    """Return a fall-off that reaches 1 - vignetting in the corners."""
    u = np.linspace(-1, 1, scenario.width_px, dtype=np.float32) * scenario.width_px
    v = np.linspace(-1, 1, scenario.height_px, dtype=np.float32) * scenario.height_px
    corner = scenario.width_px**2 + scenario.height_px**2
    return np.asarray(1 - scenario.vignetting * (u[None, :] ** 2 + v[:, None] ** 2) / corner, dtype=np.float32)


def _add_mote(response: Plane, rng: np.random.Generator) -> None:
    """Multiply a dust grain's shadow into the response: a ring, since the grain lies out of focus."""
    height, width = response.shape
    outer = float(rng.uniform(0.012, 0.035)) * width
    depth = float(rng.uniform(0.02, 0.07))
    centre_x, centre_y = float(rng.uniform(0, width)), float(rng.uniform(0, height))
    reach = math.ceil(outer * 1.5)
    x0, x1 = max(0, int(centre_x) - reach), min(width, int(centre_x) + reach)
    y0, y1 = max(0, int(centre_y) - reach), min(height, int(centre_y) + reach)
    y, x = np.mgrid[y0:y1, x0:x1].astype(np.float32)
    radius = np.hypot(x - centre_x, y - centre_y) / outer
    # Two soft steps, down at the outer rim and up again at the inner one.
    edge = 0.5 * (1 - np.tanh((radius - 1) * 12.5)) - 0.35 * (1 - np.tanh((radius - 0.4) * 12.5))
    response[y0:y1, x0:x1] *= (1 - depth * edge).astype(np.float32)


def read_out(
    electrons: Plane, readout: Readout, pool_offsets: NDArray[np.int64] | None, row_offset_adu: Plane | float = 0.0
) -> Pixels:
    """Turn expected electrons into raw numbers: shot and read noise, full well, conversion, offset, rounding.

    Parameters
    ----------
    electrons : ndarray of float32, shape (rows, width)
        Expected electrons; used as scratch space.
    pool_offsets : ndarray of int64, shape (rows,), or None
        Where each row's noise begins in the pool of normal deviates; None: no noise.
    row_offset_adu : ndarray of float32, shape (rows, 1), or float
        What the readout adds to whole rows of this frame.

    Notes
    -----
    The Poisson distribution is taken as normal with the same mean and variance. Below some ten electrons the shape
    differs, its mean and its variance do not.
    """
    if pool_offsets is not None:
        _add_noise(electrons, readout.read_noise_e, pool_offsets)
    np.minimum(electrons, np.float32(readout.full_well_e), out=electrons)
    electrons *= np.float32(1 / readout.e_per_adu)
    electrons += readout.column_offset_adu[None, :]
    electrons += row_offset_adu
    np.clip(electrons, 0, readout.max_adu, out=electrons)
    electrons += np.float32(0.5)
    return electrons.astype(np.uint16)


def _add_noise(electrons: Plane, read_noise_e: float, pool_offsets: NDArray[np.int64]) -> None:
    pool = normal_pool()
    width = electrons.shape[1]
    sigma = np.maximum(electrons, 0)
    sigma += np.float32(read_noise_e**2)
    cv2.sqrt(sigma, sigma)
    for row, offset in enumerate(pool_offsets):
        sigma[row] *= pool[offset : offset + width]
    electrons += sigma
