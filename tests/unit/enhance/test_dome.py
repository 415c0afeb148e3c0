"""The light of a town beyond one side of a field."""

import numpy as np
import pytest

from indistack.enhance.dome import dome_of
from indistack.enhance.gradient import gradient_of

ROWS, COLUMNS, NOISE = 26, 40, 0.4
V, U = np.meshgrid(np.linspace(-0.65, 0.65, ROWS), np.linspace(-1, 1, COLUMNS), indexing="ij")
LAMPS = np.array([0.8, 1.0, 0.4])


@pytest.mark.parametrize("width", [0.5, 1.0])
@pytest.mark.parametrize("height", [240, 800])
def test_a_light_in_a_corner_goes_and_a_galaxy_stays(height: float, width: float) -> None:
    light = height * np.exp(-((U + 1) ** 2 + (V - 0.67) ** 2) / width)[..., np.newaxis] * LAMPS
    galaxy = 300 * np.exp(-np.hypot(U, V) / 0.1)[..., np.newaxis]
    levels = 1000 + light + galaxy + np.random.default_rng(3).normal(0, NOISE, light.shape)
    left = (light - gradient_of(levels.astype(np.float32), NOISE)).mean(axis=2)
    assert np.ptp(left) < 0.2 * np.ptp(light.mean(axis=2))


@pytest.mark.parametrize("middle", [0.0, 0.4])
def test_a_smooth_object_within_the_field_is_no_dome(middle: float) -> None:
    levels = 1000 + 300 * np.exp(-((U - middle) ** 2 + V**2) / 0.3)[..., np.newaxis] * LAMPS
    cells = (levels + np.random.default_rng(3).normal(0, NOISE, levels.shape)).reshape(-1, 3)
    assert dome_of(cells, ROWS, COLUMNS) is None


@pytest.mark.parametrize("shape", [(1, 600), (600, 1), (2, 300)])
def test_a_strip_of_few_rows_is_looked_at_like_any_field(shape: tuple[int, int]) -> None:
    slope = np.outer(np.arange(600.0), LAMPS)
    found = dome_of(slope, *shape)
    assert found is None or np.isfinite(found[0]).all()
    assert np.isfinite(gradient_of(slope.reshape(*shape, 3).astype(np.float32), NOISE)).all()
