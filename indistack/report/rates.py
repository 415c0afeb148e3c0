"""Rates of drift and of field rotation, with their errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from indistack.report.track import IntArray, Track
from indistack.values.frame import DoubleArray

LEAST_FREE = 3
LEAST_STRETCHES = 5
SIGNIFICANT = 3.0


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast something changes, and the standard error of that; vectors have an element per axis."""

    value: DoubleArray
    error: DoubleArray

    @property
    def is_significant(self) -> bool:
        """Whether any of it is beyond three standard errors."""
        return bool((np.abs(self.value) > SIGNIFICANT * self.error).any())


def drift_px_min(track: Track, stretch: IntArray) -> Rate | None:
    """Rate at which the frame's centre moves over the field (px/min); None where too few subs tell.

    Within the stretches between steps, and from stretch to stretch, where a dither is a random error of the place:
    both are estimates, combined by their variances.
    """
    minutes = track.time_s / 60
    within = slope(minutes, track.xy_px, stretch)
    numbers = np.unique(stretch)
    means = [(minutes[stretch == n].mean(), *track.xy_px[stretch == n].mean(axis=0)) for n in numbers]
    sides = np.array([track.side[stretch == n][0] for n in numbers])
    table = np.array(means).reshape(-1, 3)
    between = slope(table[:, 0], table[:, 1:], sides) if len(table) >= LEAST_STRETCHES else None
    return _combined(within, between)


def rotation_deg_h(track: Track) -> Rate | None:
    """Rate at which the frame turns on the field, from x towards y (deg/h); None where too few subs tell."""
    return slope(track.time_s / 3600, track.rotation_deg[:, np.newaxis], track.side)


def slope(time: DoubleArray, values: DoubleArray, group: IntArray) -> Rate | None:
    """Fit a slope that all groups share, each with an offset of its own.

    Parameters
    ----------
    time : array
        ``(n,)``.
    values : array
        ``(n, k)``.
    group : array
        ``(n,)``, which group each belongs to.

    Returns
    -------
    Rate or None
        ``(k,)``; None with fewer than three degrees of freedom.
    """
    free = len(time) - len(np.unique(group)) - 1
    if free < LEAST_FREE:
        return None
    t, v = centred(time[:, np.newaxis], group), centred(values, group)
    lever = float((t**2).sum())
    if lever <= 0:
        return None
    value = (t * v).sum(axis=0) / lever
    variance = ((v - t * value) ** 2).sum(axis=0) / free
    return Rate(value, np.sqrt(variance / lever))


def centred(values: DoubleArray, group: IntArray) -> DoubleArray:
    """Take each group's mean off, ``(n, k)``; the members of a group follow each other."""
    first = np.flatnonzero(np.diff(group, prepend=group[0] - 1))
    counts = np.diff(first, append=len(group))
    means = np.add.reduceat(values, first, axis=0) / counts[:, np.newaxis]
    result: DoubleArray = values - np.repeat(means, counts, axis=0)
    return result


def _combined(a: Rate | None, b: Rate | None) -> Rate | None:
    if a is None or b is None:
        return a or b
    weights = [1 / np.maximum(rate.error, 1e-12) ** 2 for rate in (a, b)]
    total = weights[0] + weights[1]
    return Rate((weights[0] * a.value + weights[1] * b.value) / total, 1 / np.sqrt(total))
