"""What every decoder owes to whatever bytes: a frame, or a refusal with a known reason."""

from __future__ import annotations

from indistack.errors import DecodeError
from indistack.values.frame import Card
from tests.unit.decode.files import read

REASONS = {"empty", "not_a_frame", "truncated", "too_large", "unsupported", "no_image", "constant", "damaged"}


def survives(data: bytes, suffix: str, cards: tuple[Card, ...] = ()) -> None:
    """Fail on any other exception, an unknown reason, or a refusal without words and numbers."""
    refusal: DecodeError | None = None
    try:
        read(data, suffix, cards)
    except DecodeError as error:
        refusal = error
    assert refusal is None or (refusal.reason in REASONS and refusal.detail and refusal.numbers)
