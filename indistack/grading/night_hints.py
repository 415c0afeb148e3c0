"""Hints to the observer out of what the subs of a night have in common: refocus, dew, clouds.

Each is judged against a baseline of its own filter and side of the pier, after a warm-up. Seeing that comes and goes,
a target that sinks, a sky that brightens are no reason for a hint.
"""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from indistack.grading.trend import trend_of

Kind = Literal["refocus", "dew", "clouds"]

WARM_UP = 8
"""Subs that make a baseline."""

LOOKED_BACK, LONGEST_S = 60, 3600.0
"""Subs, and time, of which a baseline is made: a target that rises or sinks changes less in an hour."""

WIDE, WIDE_AGAIN = 1.25, 1.12
"""Times the usual width from which stars are wide, and below which they are not any more. Seeing changes by less from
one ten minutes to the next, or comes back."""

WIDENED = 1.4
"""Times the width at the beginning of an even, slow rise at its end: a setting target's widen by less in an hour."""

RECENT, MOST_OF_RECENT = 5, 4
"""So many of the newest subs must agree."""

FOCUSED_QUANTILE = 0.35
"""Of the widths looked back on: the usual one, also where the last third of them has got wider."""

CLEAR_QUANTILE = 0.75
DIM, CLEAR_AGAIN = 0.8, 0.88
"""Share of the starlight of a clear sky from which on it is dim, and clear again."""

SUDDEN, BEFORE = 0.9, 5
"""So many subs before the first dim one were above that share: dew takes longer."""

DIM_SUBS, OF_SUBS = 3, 4
"""Dim ones of the newest: single subs behind a wire or a roof are none."""

FADE = 0.82
"""Share that is left at the end of a slow fade."""

WINDOWS = 20, 40, 60
LEAST_WINDOW = 16
"""Subs over which a slow change is looked for: dew may take a quarter of an hour or a whole one."""

SMOOTH = 0.3
"""A slow change is even: the scatter about its line is at most that share of it."""

BRIGHTER = 1.15
"""A sky that has brightened by more is lit by clouds, the Moon or dawn."""

CLOUDED = ("clouds", "too_few_stars")
"""Reasons of subs that were refused because little light came."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one sub says.

    Attributes
    ----------
    number : int
        Of the sub.
    time_s : float
        When it came; grows.
    key : tuple of str
        Filter and side of the pier: only subs that have both in common are compared.
    fwhm_px, transparency, background_adu : float
        NaN where it is not known.
    reason : str
        Why it was refused; "" where it was not.
    """

    number: int
    time_s: float
    key: tuple[str, str] = ("", "")
    fwhm_px: float = math.nan
    transparency: float = math.nan
    background_adu: float = math.nan
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Hint:
    """What an observer should look after, since which sub, in words."""

    kind: Kind
    since: int
    text: str


TEXTS: dict[Kind, str] = {
    "refocus": "stars have become wider since sub {since}: refocus?",
    "dew": "stars fade slowly since sub {since} while the sky stays as it is: dew on the optics?",
    "clouds": "clouds since sub {since}: stars have faded all at once",
}


@dataclass(slots=True)
class _Series:
    """Subs of one key, and what is the matter with them: the first sub of it, and the level that is compared with."""

    subs: deque[Reading] = field(default_factory=lambda: deque(maxlen=LOOKED_BACK + RECENT))
    found: dict[Kind, tuple[int, float]] = field(default_factory=dict)


class NightHints:
    """Follows the subs of a night."""

    def __init__(self) -> None:
        self._series: dict[tuple[str, str], _Series] = {}
        self._now: _Series = _Series()

    def add(self, sub: Reading) -> None:
        """Take a sub in."""
        self._now = series = self._series.setdefault(sub.key, _Series())
        series.subs.append(sub)
        while series.subs and series.subs[0].time_s < sub.time_s - 2 * LONGEST_S:
            series.subs.popleft()
        _look(series, "clouds", _clouds, _is_clear)
        _look(series, "dew", _dew, _is_clear)
        _look(series, "refocus", _refocus, _is_focused)
        if "clouds" in series.found:
            series.found.pop("dew", None)

    def begin_anew(self) -> None:
        """Other stars are seen from now on: what was measured of those of before says nothing of them."""
        self._series.clear()
        self._now = _Series()

    def told(self) -> list[Hint]:
        """Return what holds now."""
        return [Hint(kind, since, TEXTS[kind].format(since=since)) for kind, (since, _) in self._now.found.items()]


Found = tuple[int, float]
"""Number of the first sub of it; the level of before."""


def _look(
    series: _Series, kind: Kind, find: Callable[[Sequence[Reading]], Found | None], is_over: Callable[..., bool]
) -> None:
    subs = tuple(series.subs)
    if kind in series.found:
        if is_over(subs[-OF_SUBS:], series.found[kind][1]):
            del series.found[kind]
            series.subs = deque(subs[-RECENT:], series.subs.maxlen)  # what was before is no baseline any more
    elif (found := find(subs)) is not None:
        series.found[kind] = found


def _refocus(subs: Sequence[Reading]) -> Found | None:
    """Find stars that have become wider and stay so."""
    known = [sub for sub in subs if sub.fwhm_px > 0 and not sub.reason]
    before, newest = _earlier(known, RECENT), known[-RECENT:]
    if len(before) < WARM_UP:
        return None
    usual = _quantile([sub.fwhm_px for sub in before], FOCUSED_QUANTILE)
    wide = [sub for sub in newest if sub.fwhm_px > WIDE * usual]
    if len(wide) >= MOST_OF_RECENT and newest[-1] in wide:
        return wide[0].number, usual
    for window in _windows(known):
        trend = trend_of([sub.fwhm_px for sub in window])
        if trend.end > WIDENED * trend.begin > 0 and trend.scatter < SMOOTH * (trend.end - trend.begin):
            return window[0].number, trend.begin
    return None


def _is_focused(subs: Sequence[Reading], usual: float) -> bool:
    known = [sub.fwhm_px for sub in subs if sub.fwhm_px > 0]
    return len(known) == OF_SUBS and max(known) < WIDE_AGAIN * usual


def _light(sub: Reading) -> float:
    """Return the share of a clear sky's starlight; 0 where so little came that the sub was refused."""
    return sub.transparency if sub.transparency >= 0 else 0.0 if sub.reason in CLOUDED else math.nan


def _clouds(subs: Sequence[Reading]) -> Found | None:
    """Find a fall of the light from one sub to the next ones."""
    known = [sub for sub in subs if not math.isnan(_light(sub))]
    before = _earlier(known, OF_SUBS)
    if len(before) < WARM_UP:
        return None
    clear = _quantile([_light(sub) for sub in before], CLEAR_QUANTILE)
    dim = [place for place in range(len(known) - OF_SUBS, len(known)) if _light(known[place]) < DIM * clear]
    if len(dim) < DIM_SUBS:
        return None
    just_before = [_light(sub) for sub in known[max(0, dim[0] - BEFORE) : dim[0]]]
    is_sudden = statistics.median(just_before) > SUDDEN * clear
    return (known[dim[0]].number, clear) if is_sudden else None


def _is_clear(subs: Sequence[Reading], clear: float) -> bool:
    lights = [_light(sub) for sub in subs]
    return len(lights) == OF_SUBS and all(light > CLEAR_AGAIN * clear for light in lights)


def _dew(subs: Sequence[Reading]) -> Found | None:
    """Find a slow and even fade of the light under a sky that does not brighten."""
    known = [sub for sub in subs if sub.transparency > 0 and not sub.reason]
    for window in _windows(known):
        if _is_fade(window):
            return window[0].number, max(_light(sub) for sub in window[: len(window) // 4 + 1])
    return None


def _is_fade(window: Sequence[Reading]) -> bool:
    trend = trend_of([sub.transparency for sub in window])
    is_even = trend.scatter < SMOOTH * (trend.begin - trend.end)
    quarter = max(3, len(window) // 4)
    sky = [statistics.median(sub.background_adu for sub in part) for part in (window[:quarter], window[-quarter:])]
    return is_even and trend.end < FADE * trend.begin and not sky[1] > BRIGHTER * abs(sky[0])


def _windows(subs: Sequence[Reading]) -> Iterator[Sequence[Reading]]:
    """Yield the newest subs, more and more of them."""
    for length in WINDOWS:
        window = _within(subs[-length:], least=LEAST_WINDOW)
        if len(window) >= LEAST_WINDOW:
            yield window


def _earlier(subs: Sequence[Reading], n_newest: int) -> Sequence[Reading]:
    """Return the subs before the newest ones that a baseline is made of."""
    return _within(subs[:-n_newest][-LOOKED_BACK:], subs[-1].time_s) if len(subs) > n_newest else ()


def _within(subs: Sequence[Reading], now_s: float | None = None, least: int = WARM_UP) -> Sequence[Reading]:
    """Return those of the last hour; more where subs are so long that an hour holds few."""
    if not subs:
        return ()
    begin_s = (subs[-1].time_s if now_s is None else now_s) - LONGEST_S
    recent = [sub for sub in subs if sub.time_s >= begin_s]
    return recent if len(recent) >= least else subs[-least:]


def _quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[round(share * (len(ordered) - 1))]
