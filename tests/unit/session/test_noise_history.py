"""How much less noise a stack has than a single sub."""

from __future__ import annotations

import math

import numpy as np
import pytest

from indistack.raster.tiles import Tile
from indistack.session.noise_history import NoiseHistory
from indistack.stack import METHODS, Extent, MethodSettings


def test_the_first_sub_is_what_later_stacks_are_compared_with() -> None:
    rng, history = np.random.default_rng(1), NoiseHistory()
    stack = METHODS.get("mean")(Extent(200, 300), MethodSettings())
    gains = []
    for _ in range(9):
        pixels = rng.normal(500, 6, (200, 300)).astype(np.float32)
        stack.update(Tile(slice(0, 200), slice(0, 300), pixels, 2.0))
        stack.count(1.0)
        history.look(stack.integration())
        gains.append(history.numbers())
    assert history.first == (pytest.approx(6, rel=0.03), 2)
    for n, numbers in enumerate(gains, 1):
        assert numbers["snr_gain_ideal"] == pytest.approx(math.sqrt(n))
        assert numbers["snr_gain"] == pytest.approx(math.sqrt(n), rel=0.05)
