"""Periodic error of the mount's worm gear.

A Lomb-Scargle periodogram whose model has, beside the sinusoid, a drift and an offset of its own for every stretch
between dithers (Zechmeister and Kuerster 2009, with more terms). The usual one, with an offset common to all, would
take every dither for noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from indistack.numerics.parabola import parabola_top
from indistack.report.rates import centred
from indistack.report.track import IntArray, Track
from indistack.values.frame import DoubleArray

LEAST_CYCLES = 3.0
LEAST_FREE = 20
OVERSAMPLING = 5
SHORTEST_S = 30.0
"""No worm turns faster; a night of short exposures would make the search long."""

BLOCK = 256
"""Frequencies at a time: 5000 subs would need a gigabyte for all."""

FALSE_ALARM = 1e-3

MOST_CHANGE = 0.6
"""Of the amplitude, from one half of the session to the other: a worm keeps its phase, wandering does not."""

HARMONICS = 2
CURVE_POINTS = 48


@dataclass(frozen=True, slots=True)
class Periodic:
    """A periodic error.

    Attributes
    ----------
    period_s, period_error_s : float
        Its period.
    peak_to_peak_px : float
        Of the curve, along its direction; as averaged over the exposures.
    direction_deg : float
        In which it moves the frame on the reference, from x towards y, -90 to 90: the direction of right ascension.
    false_alarm : float
        Probability that white noise shows as much anywhere in the range searched.
    cycles : float
        Periods that the session lasted.
    phase, curve_px : array
        The curve, ``(m,)``; phase from 0 to 1.
    sub_phase, sub_px : array
        The subs on it, ``(n,)``.
    """

    period_s: float
    period_error_s: float
    peak_to_peak_px: float
    direction_deg: float
    false_alarm: float
    cycles: float
    phase: DoubleArray
    curve_px: DoubleArray
    sub_phase: DoubleArray
    sub_px: DoubleArray


def periodic_error(track: Track, stretch: IntArray) -> Periodic | str:
    """Look for a periodic error between meridian flips, on the side with the most subs; or say why there is none.

    The longest period that is looked for is a third of the time, the shortest twice the time from sub to sub, and 30 s.
    """
    if len(track) == 0:
        return "no sub was registered"
    side = track.side == np.bincount(track.side).argmax()
    part, own = track.take(side), stretch[side]
    if _degrees(own) < LEAST_FREE:
        return f"too few subs between dithers: {len(part)}"
    frequency = _frequencies(part.time_s)
    if len(frequency) == 0:
        return "too short a time"
    power = power_spectrum(part.time_s, part.xy_px, own, frequency)
    best = int(power.argmax())
    span_s = float(np.ptp(part.time_s))
    searched = max(1.0, (frequency[-1] - frequency[0]) * span_s)
    alarm = false_alarm(float(power[best]), 2 * _degrees(own), searched)
    longest = f"{span_s / LEAST_CYCLES / 60:.1f} min"
    if alarm > FALSE_ALARM:
        return f"not significant: false alarm probability {alarm:.2g}; longest period looked for {longest}"
    if best == 0:
        return f"not significant: what moves the field takes longer; longest period looked for {longest}"
    peak_hz = _peak(frequency, power, best)
    if not _keeps_phase(part, own, peak_hz):
        return f"not significant: what moves the field keeps no phase; longest period looked for {longest}"
    return _folded(part, own, peak_hz, alarm)


def power_spectrum(
    time_s: DoubleArray, xy_px: DoubleArray, stretch: IntArray, frequency_hz: DoubleArray
) -> DoubleArray:
    """Return the share of the scatter, over both axes, that a sinusoid of each frequency explains, 0 to 1.

    Parameters
    ----------
    time_s : array
        ``(n,)``.
    xy_px : array
        ``(n, k)``.
    stretch : array
        ``(n,)``, never falling; what a drift and an offset of each stretch explain does not count.
    frequency_hz : array
        ``(f,)``.
    """
    rest = _free(xy_px, time_s, stretch)
    blocks = [frequency_hz[first : first + BLOCK] for first in range(0, len(frequency_hz), BLOCK)]
    explained = np.concatenate([_explained(time_s, rest, stretch, block) for block in blocks])
    return explained / max(float((rest**2).sum()), 1e-12)


def _explained(time_s: DoubleArray, rest: DoubleArray, stretch: IntArray, frequency_hz: DoubleArray) -> DoubleArray:
    angle = 2 * np.pi * time_s[:, np.newaxis] * frequency_hz
    c, s = (_free(wave, time_s, stretch) for wave in (np.cos(angle), np.sin(angle)))
    cc, ss, cs = ((a * b).sum(axis=0) for a, b in ((c, c), (s, s), (c, s)))
    cy, sy = c.T @ rest, s.T @ rest
    determinant = cc * ss - cs**2
    part = (ss[:, None] * cy**2 - 2 * cs[:, None] * cy * sy + cc[:, None] * sy**2).sum(axis=1)
    seen = determinant > 1e-4 * len(time_s) ** 2  # else the offsets of the stretches explain such a wave as well
    result: DoubleArray = np.where(seen, part / np.where(seen, determinant, 1), 0)
    return result


def _free(values: DoubleArray, time_s: DoubleArray, stretch: IntArray) -> DoubleArray:
    """Take off what a drift and an offset of each stretch explain, ``(n, k)``."""
    v, t = centred(values, stretch), centred(time_s[:, np.newaxis], stretch)
    return v - t * (t.T @ v) / max(float((t**2).sum()), 1e-12)


def _degrees(stretch: IntArray) -> int:
    """Degrees of freedom of each axis that offsets and drift leave."""
    return len(stretch) - len(np.unique(stretch)) - 1


def _frequencies(time_s: DoubleArray) -> DoubleArray:
    span_s, cadence_s = float(np.ptp(time_s)), float(np.median(np.diff(time_s)))
    if cadence_s <= 0:
        return np.empty(0)
    return np.arange(LEAST_CYCLES / span_s, 1 / max(2 * cadence_s, SHORTEST_S), 1 / (OVERSAMPLING * span_s))


def _peak(frequency_hz: DoubleArray, power: DoubleArray, best: int) -> float:
    """The top of the parabola through the best frequency and its neighbours."""
    if not 0 < best < len(power) - 1:
        return float(frequency_hz[best])
    return float(frequency_hz[best] + parabola_top(*power[best - 1 : best + 2]) * (frequency_hz[1] - frequency_hz[0]))


def false_alarm(power: float, free: int, searched: float) -> float:
    """Return the probability that white noise has so strong a peak.

    The four amplitudes of a wave explain a share of it that is distributed as Beta(2, free / 2 - 2).

    Parameters
    ----------
    power : float
        The peak's share of the scatter.
    free : int
        Degrees of freedom of the scatter, both axes together.
    searched : float
        Independent frequencies that were looked at.
    """
    b = free / 2 - 2
    single = (1 - power) ** b * (1 + b * power)
    return -math.expm1(searched * math.log1p(-min(single, 1 - 1e-12)))


def _waves(time_s: DoubleArray, frequency_hz: float, harmonics: int) -> DoubleArray:
    """``(n, 2 harmonics)``: cosine, sine, cosine of twice the frequency, ..."""
    angle = 2 * np.pi * frequency_hz * time_s
    return np.stack([f(k * angle) for k in range(1, harmonics + 1) for f in (np.cos, np.sin)], axis=1)


def _amplitudes(part: Track, stretch: IntArray, frequency_hz: float, harmonics: int) -> DoubleArray:
    """``(2 harmonics, 2)``, fitted together with offsets and drift."""
    waves = _free(_waves(part.time_s, frequency_hz, harmonics), part.time_s, stretch)
    return np.linalg.lstsq(waves, part.xy_px, rcond=None)[0].astype(np.float64)


def _keeps_phase(part: Track, stretch: IntArray, frequency_hz: float) -> bool:
    second = np.arange(len(part)) >= len(part) // 2
    halves = [_amplitudes(part.take(half), stretch[half], frequency_hz, 1) for half in (~second, second)]
    change = float(np.linalg.norm(halves[0] - halves[1]))
    return change < MOST_CHANGE * max(float(np.linalg.norm(one)) for one in halves)


def _folded(part: Track, stretch: IntArray, frequency_hz: float, alarm: float) -> Periodic:
    amplitude = _amplitudes(part, stretch, frequency_hz, HARMONICS)
    u, _, _ = np.linalg.svd(amplitude[:2].T)
    axis = u[:, 0] * (1 if u[0, 0] >= 0 else -1)
    phase = np.linspace(0, 1, CURVE_POINTS + 1)
    curve = _waves(phase, 1.0, HARMONICS) @ amplitude @ axis
    waves = _waves(part.time_s, frequency_hz, HARMONICS)
    noise = _free(part.xy_px - waves @ amplitude, part.time_s, stretch)
    sigma_px = float(np.sqrt((noise**2).sum() / (2 * _degrees(stretch))))
    return Periodic(
        period_s=1 / frequency_hz,
        period_error_s=sigma_px / _stiffness(part, stretch, frequency_hz, amplitude) / frequency_hz**2,
        peak_to_peak_px=float(np.ptp(curve)),
        direction_deg=math.degrees(math.atan2(axis[1], axis[0])),
        false_alarm=alarm,
        cycles=float(np.ptp(part.time_s)) * frequency_hz,
        phase=phase,
        curve_px=curve,
        sub_phase=(part.time_s * frequency_hz) % 1,
        sub_px=(waves @ amplitude + noise) @ axis,
    )


def _stiffness(part: Track, stretch: IntArray, frequency_hz: float, amplitude: DoubleArray) -> float:
    """How much another frequency would move the subs (px/Hz), beyond what amplitudes, offsets and drift make good."""
    step_hz = 1e-5 * frequency_hz
    waves, others = (_waves(part.time_s, frequency, HARMONICS) for frequency in (frequency_hz, frequency_hz + step_hz))
    moved = _free((others - waves) @ amplitude / step_hz, part.time_s, stretch)
    free = _free(waves, part.time_s, stretch)
    return float(np.linalg.norm(moved - free @ np.linalg.lstsq(free, moved, rcond=None)[0]))
