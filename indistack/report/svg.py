"""Small charts as inline SVG: no script, nothing to fetch, colours from the page's style."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

import numpy as np

from indistack.report.markup import markup
from indistack.values.frame import DoubleArray

WIDTH, HEIGHT = 420, 220
"""Of a chart in units of its text's size: narrow enough to be read on a phone."""

STRIP_WIDTH, LEAST_BAR = 1000, 3
"""Of a strip, and of the shortest bar on it."""

LEFT, RIGHT, TOP, BOTTOM = 52, 18, 10, 36
TICKS = 6
MARGIN = 0.02
"""Of a time axis, on both sides: a point at the end is a whole one."""

MINUTE_S, DAY_S = 60, 86400
NICE_S = (
    1, 2, 5, 10, 15, 30, 60, 120, 180, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 14400, 21600, 43200,
    *(days * DAY_S for days in (1, 2, 5, 10, 30, 90)),
)  # fmt: skip

DOTS = ((60, "many few"), (400, "many"))
"""Up to so many points, how they are drawn: few are large."""


@dataclass(frozen=True, slots=True)
class Series:
    """Points ``(n,)`` in one colour, a CSS class; NaN is a gap in a line."""

    x: DoubleArray
    y: DoubleArray
    colour: str = "a"
    kind: Literal["dots", "line"] = "dots"


@dataclass(frozen=True, slots=True)
class Axis:
    """Range, ticks and their labels, and what is told along it."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...] = field(default=())
    name: str = ""

    def place(self, values: DoubleArray, first: float, last: float) -> DoubleArray:
        """Map values to the drawing."""
        return first + (values - self.low) / (self.high - self.low) * (last - first)


def number_axis(values: DoubleArray, share: float = 0.06) -> Axis:
    """Return an axis that holds all finite values, with a margin and round ticks."""
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    margin = share * (high - low) if high > low else max(abs(high) * share, 1e-3)
    low, high = low - margin, high + margin
    step = _nice((high - low) / TICKS)
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    ticks = np.arange(math.ceil(low / step), math.floor(high / step) + 1) * step
    return Axis(low, high, tuple((float(tick), f"{tick + 0.0:.{digits}f}") for tick in ticks))


def time_axis(start: datetime, time_s: DoubleArray) -> Axis:
    """Return an axis of seconds after `start` with clock times (UTC) as labels, days where they are many."""
    last_s = max(float(time_s.max()), 1.0)
    step_s = next((step for step in NICE_S if last_s / step <= TICKS), NICE_S[-1])
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    first = math.ceil((start - midnight).total_seconds() / step_s)
    form = "%H:%M:%S" if step_s < MINUTE_S else "%H:%M" if step_s < DAY_S else "%d %b"
    ticks = []
    for number in range(first, first + TICKS + 1):
        moment = midnight + timedelta(seconds=number * step_s)
        ticks.append(((moment - start).total_seconds(), moment.strftime(form)))
    margin_s = MARGIN * last_s
    return Axis(-margin_s, last_s + margin_s, tuple(tick for tick in ticks if tick[0] <= last_s), "UTC")


def same_scale(x: Axis, y: Axis) -> tuple[Axis, Axis]:
    """Widen the range of one axis until a unit is as long on both."""
    wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    unit = max((x.high - x.low) / wide, (y.high - y.low) / high)
    grown = []
    for axis, length in ((x, wide), (y, high)):
        middle, half = (axis.low + axis.high) / 2, unit * length / 2
        grown.append(number_axis(np.array([middle - half, middle + half]), 0.0))
    return grown[0], grown[1]


def chart(title: str, x: Axis, y: Axis, series: Sequence[Series], unit: str = "", y_down: bool = False) -> str:
    """Draw a chart; what lies outside of its ranges is left out.

    Parameters
    ----------
    title : str
        Above it.
    x, y : Axis
        Their ranges.
    series : sequence of Series
        Later ones lie on top; NaN is outside.
    unit : str
        Of the numbers on the y axis.
    y_down : bool
        As in a picture.
    """
    floor, ceiling = (TOP, HEIGHT - BOTTOM) if y_down else (HEIGHT - BOTTOM, TOP)
    parts = [_grid(x, y, floor, ceiling)]
    size = _size(series)
    for one in series:
        inside = (one.x >= x.low) & (one.x <= x.high) & (one.y >= y.low) & (one.y <= y.high)
        px = x.place(np.where(inside, one.x, np.nan), LEFT, WIDTH - RIGHT)
        py = y.place(one.y, floor, ceiling)
        classes = " ".join(filter(None, (one.kind, size if one.kind == "dots" else "", one.colour)))
        parts.append(f'<path class="{classes}" d="{_path(px, py, one.kind)}"/>')
    caption = f"{markup(title)} <small>{markup(unit)}</small>" if unit else markup(title)
    drawing = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{markup(title)}">{"".join(parts)}</svg>'
    return f"<figure><figcaption>{caption}</figcaption>{drawing}</figure>"


def _size(series: Sequence[Series]) -> str:
    """Return how large a chart's dots are, in CSS classes."""
    most = max((int(np.isfinite(one.y).sum()) for one in series if one.kind == "dots"), default=0)
    return next((word for n, word in DOTS if most <= n), "")


def span(numbers: Sequence[int], first: int, last: int) -> str:
    """Return the numbers of some subs in words, given the places, from 1, of the first and the last one."""
    return f"{numbers[first - 1]}" if first == last else f"{numbers[first - 1]} to {numbers[last - 1]}"


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a strip, from one place of its axis to another; a CSS class, and what is told by it."""

    begin: float
    end: float
    colour: str
    text: str


def strip(axis: Axis, bars: Sequence[Bar]) -> str:
    """Draw bars along an axis, those that come later on top; the shortest is wide enough to be seen."""
    drawn = []
    for bar in bars:
        left, right = axis.place(np.array([bar.begin, bar.end]), 0, STRIP_WIDTH).tolist()
        width = max(right - left, LEAST_BAR)
        drawn.append(
            f'<rect class="{bar.colour}" x="{(left + right - width) / 2:.1f}" y="0" width="{width:.1f}" height="10">'
            f"<title>{markup(bar.text)}</title></rect>"
        )
    places = ((axis.place(np.array([tick]), 0, 100)[0], label) for tick, label in axis.ticks)
    ticks = "".join(f'<span style="left:{place:.2f}%">{markup(label)}</span>' for place, label in places)
    box = f'viewBox="0 0 {STRIP_WIDTH} 10" preserveAspectRatio="none" role="img"'
    return (
        f'<svg class="strip" {box}>{"".join(drawn)}</svg><div class="ticks">{ticks}<em>{markup(axis.name)}</em></div>'
    )


def _grid(x: Axis, y: Axis, floor: float, ceiling: float) -> str:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = []
    for value, label in x.ticks:
        at = _one(x, value, LEFT, right)
        parts.append(f'<path class="grid" d="M{at} {TOP}V{bottom}"/><text x="{at}" y="{bottom + 18}">{label}</text>')
    for value, label in y.ticks:
        at = _one(y, value, floor, ceiling)
        parts.append(f'<path class="grid" d="M{LEFT} {at}H{right}"/>')
        parts.append(f'<text class="y" x="{LEFT - 6}" y="{at + 4}">{label}</text>')
    if x.name:
        parts.append(f'<text class="y" x="{right}" y="{HEIGHT - 3}">{markup(x.name)}</text>')
    return "".join(parts)


def _one(axis: Axis, value: float, first: float, last: float) -> float:
    return round(float(axis.place(np.array([value]), first, last)[0]), 1)


def _path(x: DoubleArray, y: DoubleArray, kind: str) -> str:
    """Dots are lines of no length with round ends; a gap lifts the pen."""
    words, down = [], False
    for px, py in zip(x.tolist(), y.tolist(), strict=True):
        if not math.isfinite(px):
            down = False
            continue
        words.append(f"{'L' if down else 'M'}{px:.1f} {py:.1f}" + ("h0" if kind == "dots" else ""))
        down = kind == "line"
    return "".join(words)


def _nice(step: float) -> float:
    """Return the next larger of 1, 2, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step * 0.999)
