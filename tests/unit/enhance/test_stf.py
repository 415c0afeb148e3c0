"""The screen transfer function, on a starry and on a moonlit picture."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.enhance.stf import TARGET, Stf, midtones
from indistack.values.frame import FloatArray


def sky(bright_share: float) -> FloatArray:
    """A sky of 100 +- 5 ADU, of whose lower rows a share shines with 20,000 to 40,000 ADU."""
    rng = np.random.default_rng(1)
    picture = rng.normal(100, 5, (200, 200)).astype(np.float32)
    rows = round(200 * bright_share)
    picture[200 - rows :] = rng.uniform(20_000, 40_000, (rows, 200))
    return picture


def test_midtones_is_the_curve_of_its_definition() -> None:
    assert midtones(np.array([0.0, 0.2, 1.0], np.float32), 0.2) == pytest.approx([0.0, 0.5, 1.0])


def test_the_median_of_a_starry_sky_lands_on_the_target() -> None:
    assert float(np.median(Stf()(sky(0.005)))) == pytest.approx(TARGET, abs=1e-3)


def test_a_moon_is_not_burnt_out_for_its_dark_sky() -> None:
    shown = Stf()(sky(0.2))
    assert np.quantile(shown, 0.99) == pytest.approx(0.975, abs=0.005), "as bright as it is"
    moon = shown[160:]
    assert np.ptp(moon) > 0.4, "the Moon has lost its features"


def test_a_field_of_one_value_is_grey() -> None:
    assert (Stf()(np.full((20, 20), 7, np.float32)) == np.float32(TARGET)).all()
