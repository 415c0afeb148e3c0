"""Everything that a session's ledger tells of the mount, the sky and the stack, in one value."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from indistack.report.periodic import Periodic, periodic_error
from indistack.report.polar import Polar, polar_error
from indistack.report.rates import Rate, drift_px_min, rotation_deg_h
from indistack.report.reading import SubTable
from indistack.report.track import IntArray, Step, Track, steps_of, stretches, track_of
from indistack.store.ledger import Line
from indistack.values.frame import DoubleArray

MEDIANS = (
    "stars", "fwhm_px", "hfr_px", "eccentricity", "transparency", "background_adu", "noise_adu", "gradient_sigma",
    "rms_px", "weight",
)  # fmt: skip

TELLING_APART_ROUNDS = 3

Run = tuple[int, int, str, str]
"""Consecutive subs of one outcome: places of first and last (from 1), outcome or reason, detail."""

TIMELESS = "not known when the subs were taken"


@dataclass(frozen=True, slots=True)
class Gust:
    """A sub whose stars are trails; `sub` is its number in the ledger."""

    sub: int
    time_s: float
    eccentricity: float


@dataclass(frozen=True)
class Summary:
    """What a session was like.

    Attributes
    ----------
    subs : SubTable
        The ledger.
    track : Track
        The registered subs.
    drift_px_min, rotation_deg_h : Rate or None
        How the frame moves and turns on the field; None where too few subs tell, or nobody knows their times.
    periodic : Periodic or str
        The periodic error, or why none is told.
    polar : Polar or str
        The polar error that the rotation implies, or what is missing.
    steps, gusts : tuple
        Sudden moves, with the subs' numbers in the ledger; trailed subs.
    snr : array
        ``(n,)``, signal to noise of the growing stack, that of its first sub being 1.
    """

    subs: SubTable
    track: Track
    drift_px_min: Rate | None
    rotation_deg_h: Rate | None
    periodic: Periodic | str
    polar: Polar | str
    steps: tuple[Step, ...]
    gusts: tuple[Gust, ...]
    snr: DoubleArray


def summarise(subs: SubTable) -> Summary:
    """Work out what a ledger tells."""
    track = track_of(subs)
    smooth, steps, stretch, periodic = _taken_apart(track)
    rotation = rotation_deg_h(track) if subs.is_timed else None
    if not subs.is_timed:
        periodic = TIMELESS
    return Summary(
        subs,
        track,
        drift_px_min(smooth, stretch) if len(track) and subs.is_timed else None,
        rotation,
        periodic,
        _polar(subs, rotation),
        tuple(replace(step, sub=subs.numbers[step.sub - 1]) for step in steps),
        tuple(_gust(subs, place) for place, reason in enumerate(subs.words("reason")) if reason == "trailed"),
        snr_growth(subs),
    )


def _taken_apart(track: Track) -> tuple[Track, tuple[Step, ...], IntArray, Periodic | str]:
    """Tell steps from periodic error: small steps show only once that is taken off."""
    smooth, steps = track, steps_of(track)
    for _ in range(TELLING_APART_ROUNDS):
        stretch = stretches(track, steps)
        periodic = periodic_error(track, stretch)
        smooth = _without(track, periodic)
        before, steps = steps, steps_of(smooth)
        if [step.sub for step in before] == [step.sub for step in steps]:
            break
    return smooth, steps, stretch, periodic


def snr_growth(subs: SubTable) -> DoubleArray:
    """Signal to noise of a weighted mean of subs, from their weights and their sky noise; ``(n,)``, the first 1.

    Subs brought to one signal, with noise sigma and weight w, make a mean of noise ``sqrt(sum w^2 sigma^2) / sum w``.
    """
    weight = np.where(subs.used, np.nan_to_num(subs.column("weight")), 0)
    sigma = np.nan_to_num(subs.column("noise_adu") * subs.column("scale"))
    noise = np.sqrt(np.cumsum((weight * sigma) ** 2))
    snr = np.cumsum(weight) / np.where(noise > 0, noise, math.inf)
    first = snr[snr > 0]
    result: DoubleArray = snr / first[0] if len(first) else snr
    return result


def reasons(subs: SubTable) -> Counter[str]:
    """Count the refusals by their reason."""
    words = zip(subs.words("reason"), subs.used, strict=True)
    return Counter(reason for reason, used in words if not used)


def runs(subs: SubTable) -> list[Run]:
    """Return consecutive subs of one outcome: places of first and last (from 1), outcome or reason, first's detail."""
    found: list[Run] = []
    for sub, line in enumerate(subs.lines, 1):
        word = kind_of(line)
        if found and found[-1][2] == word:
            found[-1] = (found[-1][0], sub, word, found[-1][3])
        else:
            found.append((sub, sub, word, str(line.get("detail") or line.get("reason") or "")))
    return found


def kind_of(line: Line) -> str:
    """Return the outcome, of a refused sub its reason."""
    return str(line.get("reason") or "refused") if line["outcome"] == "refused" else str(line["outcome"])


def as_json(summary: Summary) -> dict[str, Any]:
    """Return the report as plain values; lengths on the sky are null without a plate scale."""
    subs, track = summary.subs, summary.track
    scale = track.scale_arcsec_px
    drift, rotation = summary.drift_px_min, summary.rotation_deg_h
    periodic, polar = summary.periodic, summary.polar
    return {
        "ledger": str(subs.path),
        "damaged_lines": list(subs.damaged),
        "target": next(filter(None, subs.words("target")), ""),
        "start": subs.start,
        "duration_s": float(subs.time_s.max()) if subs.is_timed else None,
        "subs": len(subs),
        "used": int(subs.used.sum()),
        "refused": dict(reasons(subs)),
        "exposure_s": float(np.nansum(subs.column("exposure_s")[subs.used])),
        "scale_arcsec_px": scale,
        "sky": sky_of(subs),
        "corrections": corrections_of(subs),
        "medians": {name: _median(subs.column(name)[subs.used]) for name in MEDIANS},
        "snr_gain": float(summary.snr.max()),
        "drift": drift and _drift(drift, scale),
        "rotation": rotation and {"deg_h": rotation.value[0], "error_deg_h": rotation.error[0]},
        "periodic_error": {"missing": periodic} if isinstance(periodic, str) else _periodic(periodic, scale),
        "polar_error": {"missing": polar} if isinstance(polar, str) else polar,
        "steps": summary.steps,
        "gusts": summary.gusts,
    }


def sky_of(subs: SubTable) -> dict[str, Any] | None:
    """Return where a solver has found the stack's reference, None where there was none."""
    return next((dict(line["sky"]) for line in reversed(subs.lines) if line.get("sky")), None)


def corrections_of(subs: SubTable) -> list[dict[str, Any]]:
    """Return the corrections of the mount that were asked for, each with its sub."""
    told = zip(subs.numbers, subs.lines, strict=True)
    return [{"sub": number, **line["centre"]} for number, line in told if line.get("centre")]


def _drift(drift: Rate, scale: float) -> dict[str, Any]:
    speed = float(np.hypot(*drift.value))
    return {
        "px_min": drift.value,
        "error_px_min": drift.error,
        "speed_px_min": speed,
        "speed_arcsec_min": speed * scale,
        "direction_deg": math.degrees(math.atan2(drift.value[1], drift.value[0])),
    }


def _periodic(found: Periodic, scale: float) -> dict[str, Any]:
    return {
        "period_s": found.period_s,
        "period_error_s": found.period_error_s,
        "peak_to_peak_px": found.peak_to_peak_px,
        "peak_to_peak_arcsec": found.peak_to_peak_px * scale,
        "direction_deg": found.direction_deg,
        "false_alarm": found.false_alarm,
        "cycles": found.cycles,
        "curve": {"phase": found.phase, "px": found.curve_px},
    }


def _polar(subs: SubTable, rotation: Rate | None) -> Polar | str:
    dec_deg = _median(subs.column("dec_deg"))
    if rotation is None:
        return TIMELESS if not subs.is_timed else "too few subs were registered to tell a field rotation"
    if not rotation.is_significant:
        return "no field rotation beyond its error"
    if not math.isfinite(dec_deg):
        return "no header tells the declination"
    return polar_error(float(rotation.value[0]), dec_deg)


def _without(track: Track, periodic: Periodic | str) -> Track:
    """Take the periodic error off, which else would bend the drift of a short session."""
    if isinstance(periodic, str):
        return track
    angle = math.radians(periodic.direction_deg)
    curve = np.interp((track.time_s / periodic.period_s) % 1, periodic.phase, periodic.curve_px)
    moved = curve[:, np.newaxis] * (math.cos(angle), math.sin(angle))
    return Track(track.index, track.time_s, track.xy_px - moved, track.rotation_deg, track.side, track.scale_arcsec_px)


def _gust(subs: SubTable, place: int) -> Gust:
    return Gust(subs.numbers[place], float(subs.time_s[place]), float(subs.column("trailing")[place]))


def _median(values: DoubleArray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else math.nan
