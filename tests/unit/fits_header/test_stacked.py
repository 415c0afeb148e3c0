"""Which files are stacks already."""

from __future__ import annotations

import pytest

from indistack.fits_header import frames_within
from indistack.values.frame import CardValue


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"STACKCNT": 187, "EXPTIME": 10.0, "TOTALEXP": 1870.0}, 187),  # Seestar, Siril
        ({"NCOMBINE": 5, "EXPTIME": 50.0}, 5),  # PixInsight, this program
        ({"EXPTIME": 10.0, "LIVETIME": 300.0}, 30),  # a total alone tells it, too
        ({"LIGH_CNT": "12"}, 12),  # ASTAP
        ({"STACKCNT": 1, "EXPTIME": 10.0, "TOTALEXP": 10.0}, 1),
        ({"EXPTIME": 10.0, "TOTALEXP": 10.02}, 1),  # a driver's rounding
        ({"NCOMBINE": "many"}, 1),
        ({"EXPTIME": 0.0, "TOTALEXP": 5.0}, 1),
        ({}, 1),
    ],
)
def test_a_stack_is_known_by_its_header(table: dict[str, CardValue], expected: int) -> None:
    assert frames_within(table) == expected
