"""The median: exact at once, nearly so live."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.raster.tiles import Tile
from indistack.stack import METHODS, Extent, MethodSettings
from tests.unit.stack.scenes import NOISE, SKY, WHOLE, combined, line, live, noise_only, with_light

N = 40


@pytest.mark.parametrize("channels", [1, 3])
def test_live_it_is_as_quiet_as_the_exact_one(channels: int) -> None:
    subs = noise_only(N, channels)
    exact = combined("median", subs, opening=25).integration().pixels
    running = live("median", subs).integration().pixels
    np.testing.assert_allclose(exact, np.median(subs, axis=0), rtol=1e-6)
    assert running.std() < 1.06 * exact.std()
    assert running.mean() == pytest.approx(SKY, abs=0.05)


def test_each_colour_moves_by_its_own_scatter() -> None:
    subs = [SKY + (sub - SKY) * np.array([0.2, 1, 4], np.float32) for sub in noise_only(N, 3)]
    exact, running = combined("median", subs), live("median", subs)
    ratio = running.integration().pixels.std(axis=(0, 1)) / exact.integration().pixels.std(axis=(0, 1))
    assert (ratio < 1.06).all()


@pytest.mark.parametrize("where", [0, 4, 20])
def test_a_trail_moves_it_no_further_than_a_value_above_it(where: int) -> None:
    subs = noise_only(N)
    clean = live("median", subs).integration().pixels
    subs[where] = with_light(subs[where], line(2000.0))
    trail = line(1.0) > 0.5
    shift = (live("median", subs).integration().pixels - clean)[trail].mean()
    assert shift < 2 * NOISE / N


def test_weights_do_not_count() -> None:
    subs = noise_only(9)
    alike, weighted = combined("median", subs), combined("median", subs, [9.0] + [0.1] * 8)
    np.testing.assert_array_equal(alike.integration().pixels, weighted.integration().pixels)


def test_where_the_first_subs_did_not_reach_it_begins_with_the_first_that_does() -> None:
    stack = METHODS.get("median")(Extent(128, 128), MethodSettings())
    subs = noise_only(60)
    for sub in subs:
        stack.update(Tile(*WHOLE, sub, 1.0))
    exact = np.median(subs, axis=0)
    assert np.std(stack.integration().pixels - exact) < NOISE / 2
