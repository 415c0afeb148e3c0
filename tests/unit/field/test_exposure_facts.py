"""What files say of their exposures."""

from __future__ import annotations

import json

import numpy as np
import pytest

from indistack.field.exposure_facts import differ, facts_again, facts_of, in_words, separation_deg
from indistack.values.frame import CalibratedFrame, FrameInfo


def test_facts_pass_through_json() -> None:
    info = FrameInfo(exposure_s=30.0, binning=(2, 2), filter_name="Ha", linear=False)
    facts = facts_of(CalibratedFrame(np.zeros((40, 60), np.float32), None, 0.0, 1.0, None, info))
    assert (facts["size"], facts["binning"], facts["tone_curve"], facts["target"]) == (
        (60, 40, 1),
        (2, 2),
        "curved",
        None,
    )
    assert facts_again(json.loads(json.dumps(facts))) == facts
    assert (in_words(facts["size"]), in_words(facts["filter"])) == ("60 x 40 x 1", "Ha")


@pytest.mark.parametrize(
    ("name", "ours", "theirs", "expected"),
    [
        ("exposure", 30.0, 30.5, False),  # 1.6 % of 30.5
        ("exposure", 30.0, 31.0, True),
        ("gain_setting", 100.0, 100.5, True),
        ("filter", "Ha", "OIII", True),
        ("filter", None, "OIII", False),
        ("filter", "Ha", None, False),
    ],
)
def test_exposures_differ_as_far_as_both_tell(name: str, ours: object, theirs: object, expected: bool) -> None:
    assert differ(name, ours, theirs) is expected


def test_separation_follows_the_sphere() -> None:
    a, b = FrameInfo(ra_deg=0.0, dec_deg=60.0), FrameInfo(ra_deg=2.0, dec_deg=60.0)
    assert separation_deg(a, b) == pytest.approx(1.0, abs=1e-3)
    assert separation_deg(a, FrameInfo()) is None
