"""A line through values in their order."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trend:
    """Where a line through values begins and ends, and their scatter (rms) about it, in their unit."""

    begin: float
    end: float
    scatter: float


def trend_of(values: Sequence[float]) -> Trend:
    """Fit a line by least squares through evenly spaced values.

    Parameters
    ----------
    values : sequence of float
        Two at least, finite.

    Raises
    ------
    statistics.StatisticsError
        There are fewer.
    """
    places = range(len(values))
    slope, level = statistics.linear_regression(places, values)
    off = ((value - level - slope * place) ** 2 for place, value in zip(places, values, strict=True))
    return Trend(level, level + slope * places[-1], math.sqrt(statistics.fmean(off)))
