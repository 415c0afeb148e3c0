"""Lengths on the sky or the sensor as people write them: a number and a unit."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from indistack.settings import Wanted

UNIT_ARCSEC = {"deg": 3600.0, "arcmin": 60.0, "arcsec": 1.0}
QUANTITY = re.compile(r"\s*([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*(deg|arcmin|arcsec|px|%)\s*")


def parse_quantity(text: str) -> tuple[float, str]:
    """``"0.2 deg"`` -> (0.2, "deg").

    Raises
    ------
    ValueError
        Not a number with one of the units deg, arcmin, arcsec, px, %.
    """
    match = QUANTITY.fullmatch(text)
    if match is None or float(match[1]) <= 0:
        raise ValueError("expected a number above 0 and a unit, one of deg, arcmin, arcsec, px, %")
    return float(match[1]), match[2]


def length_px(text: str, width_px: int, scale_arcsec_px: float | None) -> float | None:
    """Return a length in pixels; None when it is an angle and the plate scale is unknown."""
    value, unit = parse_quantity(text)
    if unit == "px":
        return value
    if unit == "%":
        return value / 100 * width_px
    return value * UNIT_ARCSEC[unit] / scale_arcsec_px if scale_arcsec_px else None


def angle_arcsec(text: str) -> float:
    """Return an angle in arcsec.

    Raises
    ------
    ValueError
        Not an angle.
    """
    value, unit = parse_quantity(text)
    if unit not in UNIT_ARCSEC:
        raise ValueError("expected an angle in deg, arcmin or arcsec")
    return value * UNIT_ARCSEC[unit]


def _checked(text: str) -> str:
    parse_quantity(text)
    return text


def _checked_angle(text: str) -> str:
    angle_arcsec(text)
    return text


Length = Annotated[
    str,
    AfterValidator(_checked),
    Wanted("a number above 0 with its unit, deg, arcmin, arcsec, px, or % of the width, in quotes", '"0.2 deg"'),
]
Angle = Annotated[
    str,
    AfterValidator(_checked_angle),
    Wanted("an angle above 0 with its unit, deg, arcmin or arcsec, in quotes", '"30 arcmin"'),
]
