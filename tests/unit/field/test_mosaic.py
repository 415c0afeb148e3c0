"""A mosaic that moves is told by the colours of the sky."""

from __future__ import annotations

import json

import numpy as np
import pytest

from indistack.field.drift import Drift
from indistack.field.drift_settings import DriftSettings
from indistack.field.mosaic import seen_pattern
from indistack.values.frame import CalibratedFrame, CfaPattern, FrameInfo
from indistack.values.mosaic import MosaicLevels

BEFORE = MosaicLevels((175.0, -25.0, -25.0, -125.0), 1.0, 400.0)


def levels(*adu: float, mean: float = 400.0) -> MosaicLevels:
    red, beside_red, beside_blue, blue = adu
    return MosaicLevels((red, beside_red, beside_blue, blue), 1.0, mean)


@pytest.mark.parametrize(
    ("now", "seen"),
    [
        (levels(175, -25, -25, -125), "RGGB"),
        (levels(350, -50, -50, -250), "RGGB"),  # twice as bright
        (levels(-25, 175, -125, -25), "GRBG"),  # a column
        (levels(-25, -125, 175, -25), "GBRG"),  # a row
        (levels(-125, -25, -25, 175), "BGGR"),  # both
        (levels(-110, -25, -25, 160), "BGGR"),  # and a little less bright
        (levels(120, -20, -20, -80), "RGGB"),
        (levels(60, -100, -80, 120), "RGGB"),  # another sky, that is like none of them
        (levels(0, 0, 0, 0), "RGGB"),
    ],
)
def test_seen_pattern(now: MosaicLevels, seen: CfaPattern) -> None:
    assert seen_pattern("RGGB", now, BEFORE) == seen


def test_a_grey_sky_decides_nothing() -> None:
    grey = MosaicLevels((5.0, -1.0, -1.0, -3.0), 1.0, 400.0)
    assert seen_pattern("RGGB", levels(-3, -1, -1, 5), grey) == "RGGB"


def frame() -> CalibratedFrame:
    return CalibratedFrame(np.zeros((4, 4), np.float32), "RGGB", 0.0, 1.0, None, FrameInfo())


def reasons(drift: Drift, *subs: MosaicLevels) -> list[str]:
    return [drift.facts(frame(), drift.slew(frame().info), sub).reason for sub in subs]


def test_a_moved_mosaic_is_refused_until_it_stays() -> None:
    moved = levels(-25, 175, -125, -25)
    drift = Drift(DriftSettings(change_patience=3), frame())
    assert reasons(drift, moved) == [""]  # nothing is known yet
    drift.accept(frame(), BEFORE)
    again = Drift(DriftSettings(change_patience=3), frame())
    again.recall(json.loads(json.dumps(drift.memory())))
    for one in (drift, again):
        assert reasons(one, moved, BEFORE, moved) == ["mosaic_changed", "", "mosaic_changed"]
        verdicts = [one.facts(frame(), one.slew(frame().info), moved) for _ in range(2)]
        assert [verdict.action for verdict in verdicts] == ["refuse", "restart"]
        assert verdicts[0].detail == "mosaic: RGGB in the stack, GRBG in this sub"
    ignoring = Drift(DriftSettings(on_mosaic="ignore"), frame())
    ignoring.accept(frame(), BEFORE)
    assert reasons(ignoring, moved) == [""]


def test_light_that_comes_or_goes_changes_the_sky_more_than_its_colours() -> None:
    swapped = levels(-125, -25, -25, 175)
    assert seen_pattern("RGGB", swapped, BEFORE) == "BGGR"
    assert seen_pattern("RGGB", levels(-125, -25, -25, 175, mean=750), BEFORE) == "RGGB"
    assert (
        seen_pattern("RGGB", levels(-25, 175, -125, -25, mean=750), BEFORE) == "GRBG"
    )  # greens are alike in any light
