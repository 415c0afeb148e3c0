from __future__ import annotations

import math

import pytest

from indistack.align.chance import log10_tail


@pytest.mark.parametrize(("count", "trials", "p"), [(3, 10, 0.01), (1, 5, 0.1), (8, 20, 0.2), (10, 10, 0.3)])
def test_the_bound_lies_above_the_binomial_tail_and_near_it(count: int, trials: int, p: float) -> None:
    exact = math.log10(sum(math.comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(count, trials + 1)))
    assert exact <= log10_tail(count, trials, p) <= exact + 1.1


def test_all_of_ten_at_one_in_ten() -> None:
    assert log10_tail(10, 10, 0.1) == pytest.approx(-10)


@pytest.mark.parametrize(("count", "trials", "p"), [(0, 10, 0.5), (5, 10, 0.5), (3, 0, 0.5), (-1, 5, 0.1)])
def test_what_is_to_be_expected_is_no_evidence(count: int, trials: int, p: float) -> None:
    assert log10_tail(count, trials, p) == 0
