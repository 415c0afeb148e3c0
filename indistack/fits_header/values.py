"""Values of header cards by keyword."""

from __future__ import annotations

import math
from collections.abc import Iterable

from indistack.values.frame import Card, CardValue


def index(cards: Iterable[Card]) -> dict[str, CardValue]:
    """Return keyword -> first value that is not undefined."""
    table: dict[str, CardValue] = {}
    for keyword, value, _ in cards:
        if value != "":
            table.setdefault(keyword.upper(), value)
    return table


def number(value: CardValue | None) -> float | None:
    """Return a card's value as a finite number, also from text, with a decimal comma too; None where it is none."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str) and value.count(",") == 1 and "." not in value:
        value = value.replace(",", ".")
    try:
        result = float(value)
    except ValueError:
        return None
    return result if math.isfinite(result) else None
