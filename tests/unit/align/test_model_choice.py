"""Which model the pairs of points support."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.align.model_choice import fit, supported
from indistack.align.models import PARAMETERS
from indistack.values.transform import Bend, Transform
from tests.unit.align.point_pairs import TRUE, TURNED, field, noisy


def test_a_rich_model_needs_many_pairs() -> None:
    # two pairs for each of 4, 6, 8 and 12 numbers
    assert [supported("quadratic", n) for n in (3, 11, 12, 23, 24)] == [
        "similarity", "similarity", "affine", "homography", "quadratic",
    ]  # fmt: skip
    assert [supported(model, 100) for model in PARAMETERS] == list(PARAMETERS)
    assert supported("homography", 15) == "affine"


@pytest.mark.parametrize("true", PARAMETERS)
def test_auto_takes_the_model_that_the_residuals_demand(true: str) -> None:
    source = field(120)
    for seed in range(10):
        fitted = fit(source, noisy(TRUE[true], source, 0.08, seed), np.full(120, 0.08), "auto")
        assert fitted.model == true
        apart = fitted.transform.apply(source) - TRUE[true].apply(source)
        assert np.hypot(*apart.T).max() < 0.15


def test_auto_stays_simple_where_the_stars_are_few_or_the_gain_is_small() -> None:
    few, source = field(23), field(120)
    assert fit(few, noisy(TRUE["affine"], few, 0.08), np.full(23, 0.08), "auto").model == "similarity"
    assert fit(few, noisy(TRUE["affine"], few, 0.08), np.full(23, 0.08), "affine").model == "affine"
    bend = Bend((1000.0, 750.0), 1250.0, np.full((2, 3), 0.03))
    slight = noisy(Transform(TURNED, bend=bend), source, 0.001)
    assert fit(source, slight, np.full(120, 0.001), "auto").model == "similarity"
    assert fit(source, slight, np.full(120, 0.001), "quadratic").model == "quadratic"
