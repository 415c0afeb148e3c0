from __future__ import annotations

import numpy as np
import pytest

from indistack.align import ALIGNERS, AlignSettings
from indistack.errors import RegistrationError
from tests.unit.align.fields import motion, pair_of, scene_of


def test_every_sub_is_taken_as_it_lies() -> None:
    pair = pair_of(motion(5, 10, 20))
    transform = ALIGNERS.get("none")(AlignSettings()).register(pair.sub, pair.reference, None)
    np.testing.assert_array_equal(transform.matrix, np.eye(3))
    assert transform.matched == 0


def test_a_sub_of_another_size_is_refused() -> None:
    pair = pair_of(motion(0, 0, 0))
    smaller = scene_of(pair.sub.stars, 1000, 750)
    with pytest.raises(RegistrationError) as caught:
        ALIGNERS.get("none")(AlignSettings()).register(smaller, pair.reference, None)
    assert caught.value.reason == "shape_differs"
