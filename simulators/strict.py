"""The base of all scenario tables, and the numbers in them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
NotNegative = Annotated[float, Field(ge=0.0)]
Sub = Annotated[int, Field(ge=0)]
# TOML and JSON have lists only, so pairs and triples may be given as lists; their numbers stay strict.
Triple = Annotated[tuple[Fraction, Fraction, Fraction], Field(strict=False)]
Pair = Annotated[tuple[float, float], Field(strict=False)]


class Strict(BaseModel):
    """Base of all scenario tables: unknown keys, wrong types and NaN are faults."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)
