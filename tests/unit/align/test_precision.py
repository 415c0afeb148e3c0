"""How well two pictures tell the map between them."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.align.planes import detail_of, to_binned
from indistack.align.precision import WORST_CORNER_PX, corner_error_px, require_known
from indistack.errors import RegistrationError
from tests.unit.align.pictures import Array, Sky, moved

CRATERS = Sky((0.0, 0.0, 0.0), spots=60)
SMOOTH_DISK = Sky(star=(0.0, 0.0, 0.0), spots=0)


def told_px(sky: Sky, matrix: Array, noise: float = 15.0) -> float:
    sub, reference = sky.look(matrix, noise=noise, seed=2), sky.look(noise=noise)
    return corner_error_px(detail_of(sub), detail_of(reference), to_binned(matrix))


def test_details_all_over_the_picture_tell_shift_and_turn() -> None:
    assert told_px(CRATERS, moved(14.0, -8.0)) < 0.1
    assert told_px(CRATERS, moved(14.0, -8.0, 1.0)) < 0.2


def test_a_round_thing_tells_its_shift_and_no_turn() -> None:
    assert told_px(SMOOTH_DISK, moved(14.0, -8.0)) < 0.1
    assert told_px(SMOOTH_DISK, moved(14.0, -8.0, 0.2)) > WORST_CORNER_PX


def test_more_noise_tells_less() -> None:
    quiet, noisy = (told_px(CRATERS, moved(14.0, -8.0), noise) for noise in (15.0, 150.0))
    assert noisy > 3 * quiet


def test_what_does_not_overlap_tells_nothing() -> None:
    assert told_px(CRATERS, moved(2000.0, 0.0)) == np.inf


def test_a_map_that_is_hardly_known_is_none() -> None:
    require_known(WORST_CORNER_PX)
    for error_px in (WORST_CORNER_PX + 0.01, np.nan, np.inf):
        with pytest.raises(RegistrationError, match="no_match"):
            require_known(error_px)
