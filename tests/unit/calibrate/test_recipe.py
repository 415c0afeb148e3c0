"""What a recipe cannot do is told."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.calibrate import CalibrateSettings, Master, Masters
from indistack.calibrate.recipe import PEDESTAL_DIVIDED, recipe_for
from indistack.values.frame import FrameInfo, Kind


@pytest.mark.parametrize(
    ("kinds", "black_adu", "told"),
    [(["flat"], 0.0, True), (["flat"], 500.0, False), (["flat", "bias"], 0.0, False), (["bias"], 0.0, False)],
)
def test_a_flat_alone_divides_the_pedestal(kinds: list[Kind], black_adu: float, told: bool) -> None:
    pixels = np.ones((4, 4), np.float32)
    masters = {kind: Master(pixels, kind, None, FrameInfo(), 20, kind) for kind in kinds}
    recipe = recipe_for(Masters(**masters), FrameInfo(black_adu=black_adu), CalibrateSettings())
    assert recipe.warnings == ((PEDESTAL_DIVIDED,) if told else ())
