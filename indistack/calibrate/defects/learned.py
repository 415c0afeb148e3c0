"""Bad pixels learned from the lights: what stands out at the same place in most subs, and does not look like a star."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from indistack.calibrate.colour import Levels
from indistack.calibrate.defects.evidence import NONE, Evidence, IndexArray, evidence_of, outstanding
from indistack.calibrate.defects.search import (
    FAR_CFA,
    FAR_NOISE,
    NARROW_BAND,
    SPILL_CFA,
    SPILL_NOISE,
    STAR_SPILL_CFA,
    are_defects,
)
from indistack.system.workers import Workers
from indistack.values.frame import BoolArray, DoubleArray, FloatArray, PixelArray

LOOKS = 8
"""Looks that count: the bits of the history."""
RECORD = np.dtype(
    [("pixel", np.uint32), ("looks", np.uint8), ("history", np.uint8), ("excess", np.float32, LOOKS),
     ("spill", np.float32, LOOKS), ("far", np.float32, LOOKS), ("bad", np.bool_)]
)  # fmt: skip
"""One pixel that stood out: its flat index, how often it was looked at (at most `LOOKS`), one bit for each of the last
looks in which it stood out, the evidence of these looks in sigmas (NaN: none yet), and whether it is taken for bad."""
Records = npt.NDArray[np.void]

ENOUGH = 5
MOST, SELDOM = 0.7, 0.4
"""Share of the looks in which a pixel must stand out to become bad, and below which it is good again."""
WORTH_KEEPING = 0.5
"""Share below which a pixel is not followed any longer."""
ENTRY_SIGMA, STANDS_OUT_SIGMA, LEAST_SIGMA = 3.5, 4.5, 5.0
"""What is written down at first, what counts in one look, and the mean excess of a bad pixel."""
STAR_SPILL_MONO = 1.0
"""Light that any star's neighbours hold, over its peak's excess: down to a FWHM of 1.4 px."""
STAR_FAR = 2 * FAR_CFA
MEDIAN_BLUR = 1.2
"""Noise of the median of a few values over that of their mean."""
CERTAIN = 3.0
"""Sigmas by which the mean evidence must miss that of a star."""
SHARPER = 0.5
"""What stays while the stars move may not be a tracked comet either: it must spill less than half as much as they."""
BRIGHT_SIGMA, FEW = 12.0, 10
"""The stars that tell whether the sky moves, and how many it takes."""
STANDING = 0.1
"""Share of them that stay at their pixel above which the sky does not move for certain: seeing alone moves many."""
MOST_CANDIDATES = 300_000
"""Looked at closely in one sub; it takes about 0.3 s."""

_BITS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, np.newaxis], axis=1).sum(axis=1)


class DefectMap:
    """What the lights of one sensor have shown.

    Parameters
    ----------
    pitch : int
        2 on a CFA, 1 on mono.
    known : array
        Flat indices of pixels that were bad on an earlier night, sorted; they stay so until they look sound.

    Attributes
    ----------
    pixels : array
        Flat indices of the bad pixels, sorted; another array whenever they change.
    looks : int
        Subs that were looked at.
    """

    def __init__(self, pitch: int, known: IndexArray = NONE) -> None:
        self._pitch = pitch
        self._records = _blank(known)
        self._records["looks"], self._records["history"], self._records["bad"] = LOOKS, 2**LOOKS - 1, True
        self._star_spill = STAR_SPILL_MONO if pitch == 1 else STAR_SPILL_CFA
        self._broad_band = pitch == 1
        self.pixels = self._bad()
        self.looks = 0

    def memory(self) -> tuple[dict[str, Any], Records]:
        """Return what was learned: plain values, and the records, which are not changed any more."""
        return {"pitch": self._pitch, "broad_band": self._broad_band, "looks": self.looks}, self._records

    @classmethod
    def remembered(cls, facts: Mapping[str, Any], records: Records) -> DefectMap:
        """Return the map whose memory this is."""
        one = cls(facts["pitch"])
        one._records, one._broad_band, one.looks = records, facts["broad_band"], facts["looks"]
        one.pixels = one._bad()
        return one

    def look(
        self, plane: PixelArray, noise: Levels, originals: PixelArray, sigma: float, workers: Workers
    ) -> IndexArray:
        """Learn from one sub; return the defects that it shows by itself, sorted.

        Parameters
        ----------
        plane : array
            ``(h, w)``, repaired at `pixels`: so the neighbours of bad pixels get a fair judgement.
        noise : array
            ``(2, 2)`` sigma of the cell positions.
        originals : array
            What the plane held at `pixels` before.
        sigma : float
            How far a defect that is only seen once must stand out.

        Returns
        -------
        array
            ``(n,)`` intp, flat indices, rising, new.
        """
        found, margin = _strongest(*outstanding(plane, self._pitch, noise, ENTRY_SIGMA, workers))
        index = np.union1d(found, self._records["pixel"].astype(np.intp))
        evidence = evidence_of(plane, index, self._pitch, noise, workers)
        at_once = are_defects(evidence, self._pitch, float(noise.max()), sigma)
        at_once &= np.isin(index, found[margin > sigma], assume_unique=True)
        above = np.zeros(len(index))
        above[np.searchsorted(index, self.pixels)] = originals.astype(np.float64) - plane.reshape(-1)[self.pixels]
        self._learn(index, evidence.with_centres(above), float(noise.max()))
        return index[at_once]

    def _learn(self, index: IndexArray, evidence: Evidence, loud: float) -> None:
        records = self._entered(index)
        _record(records, evidence, self.looks % LOOKS)
        self.looks += 1
        means = _medians(records)
        self._broad_band |= _stars_have_colours(means)
        votes = _BITS[records["history"]] / records["looks"]
        stays = (records["looks"] >= ENOUGH) & (votes >= MOST)
        bright = (evidence.excess > BRIGHT_SIGMA * loud) & (records["history"] & 1 == 1) & ~records["bad"]
        records["bad"] |= stays & (self._is_no_star(means) | self._stays_alone(means, stays, bright))
        records["bad"] &= (records["looks"] < ENOUGH) | (votes >= SELDOM)
        self._records = records[records["bad"] | (votes >= WORTH_KEEPING)]
        bad = self._bad()
        if not np.array_equal(bad, self.pixels):  # else the same array stays: repairs are planned for it
            self.pixels = bad

    def _bad(self) -> IndexArray:
        return np.asarray(self._records["pixel"][self._records["bad"]], np.intp)

    def _entered(self, index: IndexArray) -> Records:
        """Return the records for all of `index`, those of new pixels blank."""
        records = _blank(index)
        records[np.searchsorted(index, self._records["pixel"])] = self._records
        return records

    def _is_no_star(self, means: Means) -> BoolArray:
        """Compare the evidence with what any star would show, even one that stands still."""
        hot = means.excess >= LEAST_SIGMA
        hot &= means.spill + CERTAIN * SPILL_NOISE * means.blur < self._star_spill * means.excess
        if not self._broad_band:
            hot &= means.far + CERTAIN * FAR_NOISE * means.blur < STAR_FAR * means.excess
        return np.asarray(hot | (means.excess <= -LEAST_SIGMA))

    def _stays_alone(self, means: Means, stays: BoolArray, bright: BoolArray) -> BoolArray:
        """Return what would have moved with the stars if it were one, and is sharper than they are.

        Parameters
        ----------
        stays : array
            What stood out at the same place in most looks.
        bright : array
            What clearly stood out in the last one and is not known to be bad.
        """
        excess = np.maximum(means.excess, 1e-6)
        spill, far = means.spill / excess, means.far / excess
        stars = bright & ((spill > self._star_spill) | (far > STAR_FAR))
        moving = stars & ~stays
        if moving.sum() < FEW or stays[stars].mean() > STANDING or self.looks < ENOUGH:
            return np.zeros(len(excess), bool)
        doubt = 2 * means.blur / excess
        sharper = spill + SPILL_NOISE * doubt < SHARPER * np.median(spill[moving])
        sharper |= far + FAR_NOISE * doubt < SHARPER * np.median(far[moving])
        return np.asarray((excess >= LEAST_SIGMA) & sharper)


@dataclass(frozen=True, slots=True)
class Means:
    """Medians of the evidence over the looks, in sigmas, and their noise over that of one look."""

    excess: FloatArray
    spill: FloatArray
    far: FloatArray
    blur: FloatArray


def _blank(index: IndexArray) -> Records:
    records = np.zeros(len(index), RECORD)
    records["pixel"] = index
    for name in ("excess", "spill", "far"):
        records[name] = np.nan
    return records


def _strongest(index: IndexArray, margin: DoubleArray) -> tuple[IndexArray, DoubleArray]:
    """Return the candidates, or the strongest ones where a scene full of detail has too many."""
    if len(index) <= MOST_CANDIDATES:
        return index, margin
    strong = margin > np.partition(margin, -MOST_CANDIDATES)[-MOST_CANDIDATES]
    return index[strong], margin[strong]


def _record(records: Records, evidence: Evidence, turn: int) -> None:
    """Write one look down, over the oldest one."""
    records["looks"] = np.minimum(records["looks"] + 1, LOOKS)
    stands_out = np.maximum(evidence.excess, evidence.dip) > STANDS_OUT_SIGMA * evidence.sigma
    records["history"] = (records["history"] << 1) | stands_out
    for name, seen in (("excess", evidence.excess), ("spill", evidence.spill), ("far", evidence.far)):
        records[name][:, turn] = seen / evidence.sigma


def _medians(records: Records) -> Means:
    """A star that wanders over a hot pixel spoils some looks, and so must not spoil the mean."""
    seen = np.isfinite(records["excess"]).sum(axis=1)
    rows, upper, lower = np.arange(len(records)), seen // 2, np.maximum(seen - 1, 0) // 2

    def median(name: str) -> FloatArray:
        ordered = np.sort(records[name], axis=1)  # NaN last
        return np.asarray((ordered[rows, np.minimum(upper, LOOKS - 1)] + ordered[rows, lower]) / 2)

    blur = MEDIAN_BLUR / np.sqrt(np.maximum(seen, 1))
    return Means(median("excess"), median("spill"), median("far"), np.asarray(blur, np.float32))


def _stars_have_colours(means: Means) -> bool:
    """Return whether what is certainly a star mostly shines on its neighbours of other colours, too."""
    stars = means.excess > LEAST_SIGMA
    stars &= means.far - CERTAIN * FAR_NOISE * means.blur > FAR_CFA * means.excess
    alone = (means.spill < SPILL_CFA[1] * means.excess)[stars]
    return bool(len(alone) >= FEW and alone.mean() <= NARROW_BAND)
