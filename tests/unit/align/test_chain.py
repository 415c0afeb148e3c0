"""One transform after another."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.align import chained
from indistack.values.transform import Bend, Transform
from tests.unit.align.fields import motion

POINTS = np.array([[0.0, 0.0], [799.0, 0.0], [0.0, 599.0], [799.0, 599.0], [400.0, 300.0]])


def test_a_chain_maps_as_its_links_do_one_after_the_other() -> None:
    step = Transform(motion(1.0, 5.0, 3.0), 20, 0.3, error_px=0.03, corner_error_px=0.06)
    before = Transform(motion(2.0, -8.0, 1.0), 40, 0.4, error_px=0.04, corner_error_px=0.08)
    whole = chained(step, before, 800, 600)
    np.testing.assert_allclose(whole.apply(POINTS), before.apply(step.apply(POINTS)), atol=1e-9)
    assert whole.matched == 20
    assert (whole.rms_px, whole.error_px, whole.corner_error_px) == pytest.approx((0.5, 0.05, 0.1))


def test_a_bent_link_bends_the_chain() -> None:
    bend = Bend((400.0, 300.0), 500.0, np.array([[1.5, -0.4, 0.3], [0.2, 0.8, -1.1]]))
    for bends in ((bend, None), (None, bend), (bend, bend)):
        step, before = (Transform(motion(3.0, 5.0, 3.0), bend=one) for one in bends)
        whole = chained(step, before, 800, 600)
        np.testing.assert_allclose(whole.apply(POINTS), before.apply(step.apply(POINTS)), atol=0.02)


def test_an_error_that_one_link_does_not_tell_is_not_told() -> None:
    assert chained(Transform(np.eye(3), error_px=0.1), Transform(np.eye(3)), 800, 600).error_px is None
