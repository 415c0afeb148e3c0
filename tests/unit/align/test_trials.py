"""Hundreds of nights by chance: an aligner may say no, but must never be wrong."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.align import ALIGNERS, AlignSettings
from indistack.errors import RegistrationError
from indistack.values.transform import Transform
from tests.unit.align.trials import Trial, trial

pytestmark = pytest.mark.slow

WRONG_PX = 3.0
"""Three times the standard deviation at the worst corner that is accepted."""


def found_in(pair: Trial) -> Transform | None:
    aligner = ALIGNERS.get("asterism")(AlignSettings())
    try:
        return aligner.register(pair.sub, pair.reference, pair.guess)
    except RegistrationError:
        return None


@pytest.mark.parametrize("wide_hot", [False, True])
def test_no_transform_is_wrong_and_few_are_missing(wide_hot: bool) -> None:
    pairs = [trial(seed, wide_hot=wide_hot) for seed in range(100)]
    found = [found_in(pair) for pair in pairs]
    errors = [(pair, pair.error_px(one)) for pair, one in zip(pairs, found, strict=True) if one is not None]
    assert max(error for _, error in errors) < WRONG_PX
    enough = [one is not None for pair, one in zip(pairs, found, strict=True) if pair.shared >= 12]
    assert np.mean(enough) > 0.97
    assert np.percentile([error for pair, error in errors if pair.shared >= 50], 95) < 0.1


@pytest.mark.parametrize("wide_hot", [False, True])
def test_fields_that_have_nothing_in_common_are_refused(wide_hot: bool) -> None:
    assert all(found_in(trial(seed, related=False, wide_hot=wide_hot)) is None for seed in range(20))


def test_the_error_that_is_told_holds() -> None:
    """Of the sub's worst corner of four: its error is rarely more than three times the standard deviation told."""
    ratios = []
    for seed in range(200, 280):
        pair = trial(seed)
        one = found_in(pair)
        if one is not None and one.corner_error_px is not None:
            ratios.append(pair.error_px(one) / one.corner_error_px)
    assert len(ratios) > 60
    assert 0.7 < np.median(ratios) < 1.7
    assert np.mean(np.array(ratios) > 3) < 0.02
