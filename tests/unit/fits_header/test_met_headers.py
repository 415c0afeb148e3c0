"""Headers as programs and telescopes were met to write them."""

from __future__ import annotations

import pytest

from indistack.fits_header import frame_info, parse_cards
from indistack.values.frame import FrameInfo


def info(*lines: str) -> FrameInfo:
    return frame_info(parse_cards("".join(line.ljust(80) for line in (*lines, "END")).encode("latin-1")))


def test_a_telescope_that_tells_right_ascension_in_hours_and_binning_as_a_product() -> None:
    found = info(
        "EXP     = 15.0",
        "RA      = 5.6858 / [h] Observe object RA coordinate (J2000)",
        "DEC     = -2.492",
        "BINNING = '2*2'",
    )
    assert found.exposure_s == 15.0
    assert found.ra_deg == pytest.approx(85.287)
    assert found.dec_deg == pytest.approx(-2.492)
    assert found.binning == (2, 2)


def test_an_exposure_without_a_value_is_not_known() -> None:
    assert info("EXPTIME =  / Exposure time").exposure_s is None


@pytest.mark.parametrize("card", ["EXPTIME = 30,0", "EXPTIME = '30,0'"])
def test_a_comma_is_a_decimal_point(card: str) -> None:
    found = info(card, "RA      = '11,45'", "DEC     = '-5,5'")
    assert found.exposure_s == 30.0
    assert found.dec_deg == pytest.approx(-5.5)
