import numpy as np
import pytest

from indistack.numerics.parabola import parabola_top


@pytest.mark.parametrize("top", [-0.5, -0.2, 0.0, 0.35, 0.5])
def test_the_top_of_a_parabola_is_found(top: float) -> None:
    before, at, after = (7 - 3 * (place - top) ** 2 for place in (-1, 0, 1))
    assert parabola_top(before, at, after) == pytest.approx(top)


@pytest.mark.parametrize(
    ("values", "top"),
    [
        ((4, 4, 4), 0),  # flat
        ((1, 2, 3), 0.5),  # rises
        ((5, 1, 2), -0.5),  # a valley
        ((9, 8, 1), -0.5),  # its vertex lies farther off
    ],
)
def test_it_stays_within_half_a_step_and_never_goes_down(values: tuple[float, float, float], top: float) -> None:
    assert parabola_top(*values) == top


def test_arrays_are_taken_value_by_value() -> None:
    values = np.array([[20, 30], [40, 40], [30, 30]], np.float32)
    kept = values.copy()
    # 0.5 (20 - 30) / (20 - 80 + 30) = 1/6
    np.testing.assert_allclose(parabola_top(*values), [1 / 6, 0], rtol=1e-6)
    np.testing.assert_array_equal(values, kept)


def test_nan_gives_nan() -> None:
    assert np.isnan(parabola_top(np.array([np.nan, 1.0]), np.array([2.0, np.nan]), np.array([1.0, 1.0]))).all()
