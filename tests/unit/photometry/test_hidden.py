"""How much of a frame shows no stars where another one has them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from indistack.photometry.hidden import hidden_share, holds
from indistack.values.frame import BoolArray
from indistack.values.star_list import Scene, StarList
from tests.unit.align.fields import star_list

WIDTH, HEIGHT = 640, 480
STARS = star_list(np.random.default_rng(4).uniform((5, 5), (WIDTH - 5, HEIGHT - 5), (100, 2)))
"""The flux falls from 1e5 to 1e3: what is above 3 times the 20th percentile is 0.56 of them."""


def share(shown: StarList, ratio: float = 1.0, bad: BoolArray | None = None, expected: StarList = STARS) -> float:
    return hidden_share(expected, expected.xy, ratio, shown, holds(Scene(shown, WIDTH, HEIGHT), expected.xy, bad))


def test_what_lies_in_the_shadow_is_hidden() -> None:
    assert share(STARS) == 0
    assert share(STARS.take(STARS.x > 0.4 * WIDTH)) == pytest.approx(
        0.35, abs=0.1
    )  # the edge is blurred by a few stars


def test_single_stars_that_are_missing_hide_nothing() -> None:
    assert share(STARS.take(np.arange(100) % 5 > 0)) == 0


def test_stars_that_are_too_faint_to_be_seen_hide_nothing() -> None:
    assert share(STARS.take((STARS.flux > 5e4) | (STARS.x > 0.4 * WIDTH))) > 0.2
    dimmed = replace(STARS.take(STARS.flux > 2e4), flux=STARS.flux[STARS.flux > 2e4] / 20)
    assert share(dimmed, 20.0) == 0


def test_a_part_without_data_and_what_is_beyond_the_frame_hide_nothing() -> None:
    right = STARS.take(STARS.x > 0.4 * WIDTH)
    bad = np.zeros((HEIGHT, WIDTH), bool)
    bad[:, : int(0.4 * WIDTH) + 1] = True
    assert share(right, bad=bad) == 0
    moved = STARS.xy - (0.4 * WIDTH, 0)
    assert (
        hidden_share(
            STARS, moved, 1.0, replace(right, x=right.x - 0.4 * WIDTH), holds(Scene(right, WIDTH, HEIGHT), moved)
        )
        == 0
    )


def test_few_stars_tell_nothing() -> None:
    few = STARS.take(slice(0, 11))
    assert share(few.take(few.x > WIDTH / 2), expected=few) == 0
    assert share(few.take(slice(0, 0))) == 0
