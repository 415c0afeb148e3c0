"""Pairs of fields, and the counting of what matchers make of them."""

from __future__ import annotations

import numpy as np
import pytest
from comparison.alignment import Try, compare_matchers, format_scores, score, try_pair
from comparison.pairs import UNRELATED_EVERY, make_pair

pytestmark = pytest.mark.slow


class Fake:
    """Gives the answer it was given."""

    name = "fake"

    def __init__(self, answer, reason=""):
        self.answer = answer
        self.reason = reason

    def missing(self):
        return self.reason

    def set_reference(self, picture):
        assert picture.dtype == np.float32

    def match(self, picture):
        return self.answer


@pytest.fixture(scope="module")
def pair():
    return make_pair(0)


@pytest.fixture(scope="module")
def strangers():
    return make_pair(UNRELATED_EVERY - 1)


def test_a_pairs_number_decides_everything(pair):
    again = make_pair(0)
    assert np.array_equal(pair.sub.pixels, again.sub.pixels)
    assert not np.array_equal(pair.sub.pixels, make_pair(1).sub.pixels)


def test_the_stars_of_the_sub_lie_in_the_reference_where_the_truth_says(pair):
    x, y = pair.sub.stars.x, pair.sub.stars.y
    mapped = (pair.truth @ [x, y, np.ones(len(x))])[:2].T
    there = np.column_stack([pair.reference.stars.x, pair.reference.stars.y])
    nearest = np.array([np.hypot(*(there - place).T).min() for place in mapped])
    assert np.count_nonzero(nearest < 1e-6) >= pair.shared > 0


def test_strangers_share_no_stars(strangers):
    assert strangers.truth is None
    assert strangers.shared == 0


def test_the_truth_is_right(pair):
    assert try_pair(Fake(pair.truth), pair).error_px == 0


def test_an_answer_is_judged_at_the_worst_corner(pair):
    wrong = pair.truth.copy()
    wrong[:2, 2] += (3.0, 4.0)
    assert try_pair(Fake(wrong), pair).error_px == pytest.approx(5.0)


def test_no_answer_has_no_error(pair):
    assert try_pair(Fake(None), pair).error_px is None


def test_any_answer_to_strangers_is_wrong(strangers):
    tried = try_pair(Fake(np.eye(3)), strangers)
    assert tried.shared is None
    assert tried.error_px == float("inf")


def test_every_try_is_counted_once():
    tries = [Try(9, 0.2, 1.0), Try(9, 0.4, 1.0), Try(9, None, 1.0), Try(9, 1.5, 7.0)]
    tries += [Try(2, 0.1, 1.0), Try(2, 80.0, 1.0), Try(None, None, 1.0), Try(None, float("inf"), 1.0)]
    found = score("x", tries)
    assert (found.pairs, found.right, found.none, found.wrong) == (4, 2, 1, 1)
    assert (found.hard, found.hard_right, found.hard_wrong) == (2, 1, 1)
    assert (found.unrelated, found.unrelated_wrong) == (2, 1)
    assert found.error_median_px == pytest.approx(0.3)
    assert found.ms_median == 1.0


def test_who_is_missing_says_so_in_the_table():
    (only,) = compare_matchers([Fake(None, "not installed")], 0)
    assert "skipped: not installed" in format_scores([only])
