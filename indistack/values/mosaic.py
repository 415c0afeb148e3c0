"""The 2x2 cell of a camera's colour filters: how it lies, and how bright the sky is in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from indistack.values.frame import CfaPattern

PATTERNS: tuple[CfaPattern, ...] = get_args(CfaPattern)


@dataclass(frozen=True, slots=True)
class MosaicLevels:
    """The sky in the four photosites of the cells, as the pattern that the frame is said to have names them.

    Attributes
    ----------
    adu : (float, float, float, float)
        Red, the green in red's row, the green in blue's row, blue; less their mean (ADU).
    error_adu : float
        Their standard error.
    mean_adu : float
        Their mean.
    """

    adu: tuple[float, float, float, float]
    error_adu: float
    mean_adu: float


def shifted(pattern: CfaPattern, x: int, y: int) -> CfaPattern:
    """Return the pattern seen from the pixel at column `x`, row `y`."""
    return next(
        candidate
        for candidate in PATTERNS
        if all(candidate[2 * j + i] == pattern[2 * ((j + y) % 2) + (i + x) % 2] for j in (0, 1) for i in (0, 1))
    )
