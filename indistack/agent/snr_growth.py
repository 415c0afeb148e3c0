"""How a stack's signal to noise grows with the light in it, and when a wanted one will be reached."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from indistack.values.outcome import Accepted, Restarted
from indistack.values.sub_report import SubReport

LEAST_SUBS = 6
"""Fewer say nothing of a trend."""

SLOPES = 0.25, 0.75
"""Of log SNR over log exposure: the square root is 0.5. What grows otherwise is no noise that averages out."""

MOST_SCATTER = 0.05
"""Of the logarithm about the line, root mean square: 5 %."""

LOOKED_BACK = 20
"""Subs that tell how fast light comes."""

LONGEST_S = 10 * 86400.0
"""Beyond ten days nobody can tell."""


@dataclass(frozen=True, slots=True)
class Point:
    """A stack after a sub: the sub's number and arrival, exposure so far (s), SNR, and times that of the first sub."""

    sub: int
    received: datetime
    exposure_s: float
    snr: float
    gain: float


class SnrGrowth:
    """Follows the main stack of every filter; that with the most light is told of."""

    def __init__(self) -> None:
        self._points: dict[str, list[Point]] = defaultdict(list)
        self._first_snr: dict[str, float] = {}

    def add(self, report: SubReport) -> None:
        """Know one more sub; others than those of a stack change nothing."""
        stack, frame, arrival = report.stack, report.frame, report.arrival
        if report.word not in (Accepted.word, Restarted.word) or stack is None or frame is None or arrival is None:
            return
        if report.word == Restarted.word or stack.n_subs == 1:
            self._points.clear()
            self._first_snr.clear()
        points = self._points[frame.filter_name]
        if not points and report.stars is not None:
            self._first_snr[frame.filter_name] = report.stars.snr
        gain = stack.snr_gain if stack.snr_gain is not None else math.nan
        before_s = points[-1].exposure_s if points else 0.0
        snr = self._first_snr.get(frame.filter_name, math.nan) * gain
        points.append(Point(report.number, arrival.received, before_s + (frame.exposure_s or 0.0), snr, gain))

    def at(self, sub: int) -> dict[str, float | None]:
        """Return ``snr`` and ``snr_gain`` of the stack as it was after a sub."""
        point = next((one for points in self._points.values() for one in reversed(points) if one.sub == sub), None)
        return {"snr": _known(point.snr if point else None), "snr_gain": _known(point.gain if point else None)}

    def told(self, target: float | None) -> dict[str, Any]:
        """Return ``value``, ``gain``, ``target`` and ``seconds_to_target``, None where it is not known."""
        points = self._most_light()
        now = points[-1] if points else None
        value, gain = (_known(now.snr), _known(now.gain)) if now is not None else (None, None)
        wait_s = self.seconds_to(target) if target is not None else None
        return {"value": value, "gain": gain, "target": target, "seconds_to_target": wait_s}

    def seconds_to(self, target: float) -> float | None:
        """Return how long it will take until the SNR is reached; None where the growth does not tell."""
        points = [one for one in self._most_light() if one.snr > 0 and one.exposure_s > 0]
        if points and points[-1].snr >= target:
            return 0.0
        line = _line(points)
        if line is None:
            return None
        slope, at_one_s = line
        wanted_s = math.exp(min((math.log(target) - at_one_s) / slope, 50.0)) - points[-1].exposure_s
        last = points[-LOOKED_BACK:]
        light_s = last[-1].exposure_s - last[0].exposure_s
        wait_s = max(wanted_s, 0.0) * (last[-1].received - last[0].received).total_seconds() / light_s
        return round(wait_s) if wait_s < LONGEST_S else None

    def _most_light(self) -> list[Point]:
        return max(self._points.values(), key=lambda points: points[-1].exposure_s, default=[])


def _line(points: list[Point]) -> tuple[float, float] | None:
    """Fit log SNR by a line in log exposure: slope, and value at 1 s; None where it is none, or not that of noise.

    Points lie the closer the more light there is; each decade of it counts the same.
    """
    if len(points) < LEAST_SUBS or points[-LOOKED_BACK:][0].exposure_s == points[-1].exposure_s:
        return None
    light, snr = (np.log([getattr(one, name) for one in points]) for name in ("exposure_s", "snr"))
    weight = np.gradient(light)
    slope, at_one_s = np.polyfit(light, snr, 1, w=np.sqrt(np.maximum(weight, 0)))
    scatter = math.sqrt(np.average((snr - slope * light - at_one_s) ** 2, weights=np.maximum(weight, 1e-12)))
    fits = SLOPES[0] <= slope <= SLOPES[1] and scatter <= MOST_SCATTER
    return (float(slope), float(at_one_s)) if fits else None


def _known(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(f"{value:.4g}")
