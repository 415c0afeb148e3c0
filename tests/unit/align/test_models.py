from __future__ import annotations

import math

import numpy as np
import pytest

from indistack.align.models import Fitted, affine, apply, corner_error, robust_fit, similarity

SQUARE = np.array([[0.0, 0], [10, 0], [10, 10], [0, 10]])


def test_a_quarter_turn_with_twice_the_size() -> None:
    # (x, y) -> (-2 y + 3, 2 x + 4)
    target = np.column_stack([-2 * SQUARE[:, 1] + 3, 2 * SQUARE[:, 0] + 4])
    expected = [[0, -2, 3], [2, 0, 4], [0, 0, 1]]
    np.testing.assert_allclose(similarity(SQUARE, target, np.ones(4)), expected, atol=1e-12)
    np.testing.assert_allclose(affine(SQUARE, target, np.ones(4)), expected, atol=1e-12)


def test_a_similarity_shares_out_what_it_cannot_do() -> None:
    # stretched in x by 1.2: the best similarity scales by 1.1 about the middle
    target = SQUARE * [1.2, 1.0]
    matrix = similarity(SQUARE, target, np.ones(4))
    np.testing.assert_allclose(matrix[:2, :2], 1.1 * np.eye(2), atol=1e-12)
    np.testing.assert_allclose(apply(affine(SQUARE, target, np.ones(4)), SQUARE), target, atol=1e-12)


def test_weights_count() -> None:
    source = np.array([[0.0, 0], [0, 10]])
    aside = np.array([4.0, 0])
    moved = np.concatenate([source, source]), np.concatenate([source, source + aside])
    matrix = similarity(*moved, np.array([3.0, 3, 1, 1]))
    np.testing.assert_allclose(matrix[:2, 2], [1, 0], atol=1e-12)  # (3 * 0 + 1 * 4) / 4


def test_wrong_pairs_do_not_move_a_robust_fit() -> None:
    rng = np.random.default_rng(0)
    source = rng.random((60, 2)) * 1000
    shift = np.array([5.0, -3])
    target = source + shift + rng.normal(0, 0.05, source.shape)
    target[:15] += rng.uniform(-4, 4, (15, 2))
    fitted = robust_fit(source, target, np.full(60, 0.05), "similarity")
    np.testing.assert_allclose(apply(fitted.matrix, source[15:]), source[15:] + shift, atol=0.06)
    assert (fitted.weight[:15] == 0).sum() >= 12


def test_the_corner_error_follows_from_the_covariance() -> None:
    # four stars of 1 px^2 per axis around (5, 5), r^2 = 50: 4 pairs, 8 numbers less 4 parameters
    fitted = Fitted(np.eye(3), np.full(4, 1.0), np.ones(4))
    per_axis2 = 4 * 1.0 / 4
    expected = math.sqrt(2 * per_axis2 * (1 / 4 + (95**2 + 95**2) / 200))
    assert corner_error(fitted, SQUARE, 100, 100) == pytest.approx(expected)


def test_two_pairs_tell_nothing_of_the_error() -> None:
    assert corner_error(Fitted(np.eye(3), np.zeros(2), np.ones(2)), SQUARE[:2], 10, 10) == math.inf
