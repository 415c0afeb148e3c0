"""Aligned columns of plain text."""

from __future__ import annotations

import math
from collections.abc import Sequence

MISSING = "-"


def format_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return lines of text: the first column to the left, the others to the right, the last one (notes) as it is."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    return "\n".join(_format_line(line, widths) for line in [heads, *rows])


def number(value: float | None, digits: int) -> str:
    """Return a number with this many digits behind the point; what stands for none if it is None or NaN."""
    return MISSING if value is None or math.isnan(value) else f"{value:.{digits}f}"


def _format_line(line: Sequence[str], widths: Sequence[int]) -> str:
    middle = [cell.rjust(width) for cell, width in zip(line[1:-1], widths[1:-1], strict=True)]
    return "  ".join([line[0].ljust(widths[0]), *middle, line[-1]]).rstrip()
