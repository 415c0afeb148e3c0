"""Where the mount pointed, sub by sub, and where it was moved in one step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indistack.report.reading import SubTable
from indistack.values.frame import BoolArray, DoubleArray

IntArray = npt.NDArray[np.intp]

STEP_SIGMA = 4.5
LEAST_STEP_PX = 1.0
"""A step is both: far beyond the usual movement from sub to sub, and more than a pixel."""

LEAST_BEATS = 5
IN_RHYTHM = 0.8
"""Share of at least five steps that make a rhythm."""

RAYLEIGH_QUARTILE = 0.7585
"""A quarter of the lengths of random vectors is below 0.7585 sigma per axis; holds with up to half of them dithers."""


@dataclass(frozen=True, slots=True)
class Track:
    """The subs that were registered.

    Attributes
    ----------
    index : array
        ``(n,)``, which of the session's subs.
    time_s : array
        ``(n,)``, seconds after the session's start.
    xy_px : array
        ``(n, 2)``, centre of the frame on the reference, less the reference's centre.
    rotation_deg : array
        ``(n,)``, of the frame on the reference, from x towards y; a meridian flip's half turn is taken off.
    side : array
        ``(n,)``, counts meridian flips.
    scale_arcsec_px : float
        Plate scale; NaN when nobody tells it.
    """

    index: IntArray
    time_s: DoubleArray
    xy_px: DoubleArray
    rotation_deg: DoubleArray
    side: IntArray
    scale_arcsec_px: float

    def __len__(self) -> int:
        return len(self.index)

    def take(self, chosen: BoolArray) -> Track:
        """Return some of the subs."""
        return Track(
            self.index[chosen], self.time_s[chosen], self.xy_px[chosen], self.rotation_deg[chosen], self.side[chosen],
            self.scale_arcsec_px,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """The field moved between two subs: dithered, nudged, or bumped into; or a meridian flip.

    `sub` counts from 1; it is the first one at the new place.
    """

    sub: int
    time_s: float
    length_px: float
    is_flip: bool


def track_of(subs: SubTable) -> Track:
    """Collect what was registered; may be empty."""
    xy_px = np.stack([subs.column("shift_px", 0), subs.column("shift_px", 1)], axis=1)
    turned_deg = subs.column("rotation_deg")
    placed = np.isfinite(xy_px).all(axis=1) & np.isfinite(turned_deg)
    flipped = np.abs(turned_deg[placed]) > 90
    side = np.concatenate([[0], np.cumsum(flipped[1:] != flipped[:-1])]) if placed.any() else np.empty(0)
    scale = subs.column("scale_arcsec_px")
    known = scale[np.isfinite(scale)]
    return Track(
        np.flatnonzero(placed),
        subs.time_s[placed],
        xy_px[placed],
        np.unwrap(turned_deg[placed], period=180.0),
        side.astype(np.intp),
        float(known[-1]) if len(known) else float("nan"),  # a solver may have found it meanwhile
    )


def steps_of(track: Track) -> tuple[Step, ...]:
    """Find sudden moves. Dithers at every sub are no steps but the usual movement."""
    if len(track) < 3:
        return ()
    moves = np.diff(track.xy_px, axis=0)
    length_px = np.hypot(*(moves - np.median(moves, axis=0)).T)
    usual_px = float(np.quantile(length_px, 0.25)) / RAYLEIGH_QUARTILE
    flips = np.diff(track.side) != 0
    found = flips | (length_px > max(STEP_SIGMA * usual_px, LEAST_STEP_PX))
    return tuple(
        Step(int(track.index[i + 1]) + 1, float(track.time_s[i + 1]), float(length_px[i]), bool(flips[i]))
        for i in np.flatnonzero(found)
    )


def stretches(track: Track, steps: tuple[Step, ...]) -> IntArray:
    """Number the stretches between steps, ``(n,)``.

    Where the steps have a rhythm, a dither every so many subs, those too small to be seen are counted as well.
    """
    begins = np.array([step.sub - 1 for step in steps], dtype=np.intp)
    begun = track.index[:, np.newaxis] >= np.union1d(begins, _beats(begins, track))
    numbers: IntArray = begun.sum(axis=1, dtype=np.intp)
    return numbers


def _beats(begins: IntArray, track: Track) -> IntArray:
    every = int(np.median(np.diff(begins))) if len(begins) >= LEAST_BEATS else 0
    if every < 2:
        return begins
    phase = int(np.bincount(begins % every).argmax())
    if (begins % every == phase).mean() < IN_RHYTHM:
        return begins
    return np.arange(phase, track.index[-1] + 1, every)
