from __future__ import annotations

import math

import numpy as np
import pytest

from indistack.align.models import PARAMETERS, Fitted, mirrored, place_errors, robust_fit, solve
from indistack.values.transform import Transform
from tests.unit.align.point_pairs import TRUE, field, noisy

SQUARE = np.array([[0.0, 0], [10, 0], [10, 10], [0, 10]])


def test_a_quarter_turn_with_twice_the_size() -> None:
    # (x, y) -> (-2 y + 3, 2 x + 4)
    target = np.column_stack([-2 * SQUARE[:, 1] + 3, 2 * SQUARE[:, 0] + 4])
    expected = [[0, -2, 3], [2, 0, 4], [0, 0, 1]]
    for model in ("similarity", "affine", "homography"):
        np.testing.assert_allclose(solve(SQUARE, target, np.ones(4), model).matrix, expected, atol=1e-9)


def test_a_similarity_shares_out_what_it_cannot_do() -> None:
    # stretched in x by 1.2: the best similarity scales by 1.1 about the middle
    target = SQUARE * [1.2, 1.0]
    matrix = solve(SQUARE, target, np.ones(4), "similarity").matrix
    np.testing.assert_allclose(matrix[:2, :2], 1.1 * np.eye(2), atol=1e-12)
    np.testing.assert_allclose(solve(SQUARE, target, np.ones(4), "affine").apply(SQUARE), target, atol=1e-12)


@pytest.mark.parametrize("model", PARAMETERS)
def test_each_model_finds_what_it_can_do(model: str) -> None:
    source, true = field(40), TRUE[model]
    corners = np.array([[0.0, 0], [2000, 0], [0, 1500], [2000, 1500]])
    found = solve(source, true.apply(source), np.ones(40), model)
    np.testing.assert_allclose(found.apply(corners), true.apply(corners), atol=1e-6)


def test_weights_count() -> None:
    source = np.array([[0.0, 0], [0, 10]])
    aside = np.array([4.0, 0])
    moved = np.concatenate([source, source]), np.concatenate([source, source + aside])
    matrix = solve(*moved, np.array([3.0, 3, 1, 1]), "similarity").matrix
    np.testing.assert_allclose(matrix[:2, 2], [1, 0], atol=1e-12)  # (3 * 0 + 1 * 4) / 4


def test_wrong_pairs_do_not_move_a_robust_fit() -> None:
    rng = np.random.default_rng(0)
    source = rng.random((60, 2)) * 1000
    shift = np.array([5.0, -3])
    target = source + shift + rng.normal(0, 0.05, source.shape)
    target[:15] += rng.uniform(-4, 4, (15, 2))
    fitted = robust_fit(source, target, np.full(60, 0.05), "similarity")
    np.testing.assert_allclose(fitted.transform.apply(source[15:]), source[15:] + shift, atol=0.06)
    assert (fitted.weight[:15] == 0).sum() >= 12


def test_the_error_of_a_place_follows_from_the_covariance() -> None:
    # four stars of 1 px^2 per axis around (5, 5), r^2 = 50: 4 pairs, 8 numbers less 4 parameters
    fitted = Fitted(Transform.identity(), "similarity", np.full(4, 1.0), np.ones(4))
    per_axis2 = 4 * 1.0 / 4
    expected = [math.sqrt(2 * per_axis2 * (1 / 4 + r2 / 200)) for r2 in (0, 95**2 + 95**2)]
    places = np.array([[5.0, 5.0], [100.0, 100.0]])
    np.testing.assert_allclose(place_errors(fitted, SQUARE, places), expected)


def test_pairs_that_leave_nothing_over_tell_nothing_of_the_error() -> None:
    fitted = Fitted(Transform.identity(), "similarity", np.zeros(2), np.ones(2))
    assert place_errors(fitted, SQUARE[:2], SQUARE).tolist() == [math.inf] * 4


@pytest.mark.parametrize("model", PARAMETERS)
def test_the_error_that_is_told_is_the_error_that_is_made(model: str) -> None:
    source, true = field(60), TRUE[model]
    places = np.array([[1000.0, 750.0], [0.0, 0.0]])
    made, told = [], []
    for seed in range(60):
        fitted = robust_fit(source, noisy(true, source, 0.1, seed), np.full(60, 0.1), model)
        made.append(((fitted.transform.apply(places) - true.apply(places)) ** 2).sum(axis=1))
        told.append(place_errors(fitted, source, places) ** 2)
    # 60 trials of 2 numbers each: their mean square is known to 13 %
    np.testing.assert_allclose(np.mean(made, axis=0) / np.mean(told, axis=0), 1, atol=0.4)


@pytest.mark.parametrize("model", PARAMETERS)
def test_a_mirrored_transform_takes_mirrored_places(model: str) -> None:
    source = field(10)
    turned_over = np.column_stack([1999 - source[:, 0], source[:, 1]])
    np.testing.assert_allclose(mirrored(TRUE[model], 2000).apply(turned_over), TRUE[model].apply(source), atol=1e-9)
