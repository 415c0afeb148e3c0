"""The stars of a target: fixed places, brightnesses and colours on an endless plane, made cell by cell."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .randomness import generator
from .scenario import Scenario

Floats = NDArray[np.float64]

CELL_PX = 512
# Effective wavelengths (m) of a camera's red, green and blue filters, and what its raw values of a white star are
# relative to green: the reason why an unbalanced colour picture looks green.
BANDS_M = (610e-9, 530e-9, 465e-9)
CAMERA_RESPONSE = (0.62, 1.0, 0.74)
# Temperature of a star that counts as white.
WHITE_K = 5800.0


@dataclass(frozen=True, slots=True)
class Stars:
    """Stars as columns: place (px), electrons per second in red, green and blue, and colour index B-V (mag)."""

    x: Floats
    y: Floats
    rate_e_per_s: Floats
    b_minus_v: Floats

    def __len__(self) -> int:
        return len(self.x)

    def select(self, mask: NDArray[np.bool_]) -> Stars:
        """Return the stars where the mask is true."""
        return Stars(self.x[mask], self.y[mask], self.rate_e_per_s[mask], self.b_minus_v[mask])


def stars_near(scenario: Scenario, target: str, x: float, y: float, radius_px: float) -> Stars:
    """Return the stars of the target's sky plane in all cells that a circle around (x, y) touches."""
    columns = range(math.floor((x - radius_px) / CELL_PX), math.floor((x + radius_px) / CELL_PX) + 1)
    rows = range(math.floor((y - radius_px) / CELL_PX), math.floor((y + radius_px) / CELL_PX) + 1)
    cells = [_cell(scenario, target, column, row) for row in rows for column in columns]
    table = np.concatenate(cells, axis=0)
    rates = table[:, 2:3] * colour_ratios(table[:, 3])
    return Stars(table[:, 0], table[:, 1], rates, table[:, 3])


def _cell(scenario: Scenario, target: str, column: int, row: int) -> Floats:
    """Return one cell's stars, shape (n, 4): x, y, green electrons per second, B-V."""
    rng = generator(scenario.seed, "stars", target, column, row)
    mean = scenario.n_stars * CELL_PX**2 / (scenario.width_px * scenario.height_px)
    count = int(rng.poisson(mean))
    x = (column + rng.random(count)) * CELL_PX
    y = (row + rng.random(count)) * CELL_PX
    magnitude = _magnitudes(scenario, rng.random(count))
    rate = scenario.zero_point_e_per_s * 10 ** (-0.4 * magnitude)
    return np.column_stack([x, y, rate, _colour_indices(rng, count)])


def _magnitudes(scenario: Scenario, uniform: Floats) -> Floats:
    """Draw magnitudes whose counts grow as 10^(slope * m), by inverting the cumulative counts."""
    low = 10 ** (scenario.mag_slope * scenario.mag_min)
    high = 10 ** (scenario.mag_slope * scenario.mag_max)
    return np.log10(low + uniform * (high - low)) / scenario.mag_slope


def _colour_indices(rng: np.random.Generator, count: int) -> Floats:
    """Draw B-V: mostly sun-like dwarfs, some orange giants, some blue-white stars, as in a Milky Way field."""
    family = rng.random(count)
    mean = np.select([family < 0.22, family < 0.78], [0.02, 0.62], default=1.22)
    spread = np.select([family < 0.22, family < 0.78], [0.12, 0.17], default=0.22)
    return np.clip(rng.normal(mean, spread), -0.3, 2.0)


def colour_ratios(b_minus_v: Floats) -> Floats:
    """Return raw red, green and blue of stars relative to green, shape (n, 3).

    B-V gives the temperature (Ballesteros 2012, EPL 97, 34008), Planck's law the ratios, the camera its response.
    """
    temperature_k = 4600 * (1 / (0.92 * b_minus_v + 1.7) + 1 / (0.92 * b_minus_v + 0.62))
    ratios = [
        response * _planck_ratio(band, BANDS_M[1], temperature_k) / _planck_ratio(band, BANDS_M[1], np.array(WHITE_K))
        for band, response in zip(BANDS_M, CAMERA_RESPONSE, strict=True)
    ]
    return np.stack(ratios, axis=-1)


def _planck_ratio(band_m: float, reference_m: float, temperature_k: Floats) -> Floats:
    """Return the photon rate of a black body in one band over that in another."""
    second_radiation_constant = 1.438777e-2
    hot = np.expm1(second_radiation_constant / (reference_m * temperature_k))
    cold = np.expm1(second_radiation_constant / (band_m * temperature_k))
    return np.asarray((reference_m / band_m) ** 4 * hot / cold)
