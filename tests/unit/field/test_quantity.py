"""Quantities as people write them."""

from __future__ import annotations

import pytest

from indistack.field.quantity import angle_arcsec, length_px, parse_quantity


@pytest.mark.parametrize(
    ("text", "scale", "expected"),
    [
        ("300 px", None, 300),
        (" 10% ", None, 40),
        (".2 deg", 2.0, 360),
        ("15 arcmin", 3.0, 300),
        ("90 arcsec", 2.0, 45),
        ("0.2 deg", None, None),
    ],
)
def test_lengths_in_every_unit(text: str, scale: float | None, expected: float | None) -> None:
    assert length_px(text, 400, scale) == (pytest.approx(expected) if expected else None)


@pytest.mark.parametrize("text", ["", "3", "px", "-3 px", "0 px", "3 m", "nan px"])
def test_what_is_no_quantity_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="unit"):
        parse_quantity(text)


def test_angles() -> None:
    assert angle_arcsec("0.2 deg") == pytest.approx(720)
    with pytest.raises(ValueError, match="angle"):
        angle_arcsec("10 %")
