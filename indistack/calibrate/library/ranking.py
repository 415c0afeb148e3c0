"""Which of several masters that may be used is the best one: the lowest rank."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from indistack.calibrate.fit import HARMLESS_TO_FLATS, Comparison, FrameFacts, in_words
from indistack.calibrate.library.catalogue import CatalogueEntry

ALIKE_C = 0.5
"""Temperatures this close count as equal; the dark in use keeps its place twice as far."""

BASE_RATIO = 1.5
"""A flat is short: what is subtracted from it may be off by this factor of exposure."""

SHORT_S = 10.0
"""Below this exposure the dark current of a flat, and so its temperature, does not matter."""

Rank = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A master of the library beside a frame."""

    entry: CatalogueEntry
    comparison: Comparison

    def why_not(self) -> str:
        """Return what forbids it, or that another is better."""
        return f"{self.entry.describe()}: {in_words(self.comparison.misfits) or 'another fits better'}"


def rank(each: Candidate) -> Rank:
    """Order by unknown facts, then the number of frames, then the date."""
    date = each.entry.facts.info.date_obs
    return len(each.comparison.unknown), -each.entry.n_frames, -date.timestamp() if date else 0.0


def flat_rank(each: Candidate, light: FrameFacts) -> Rank:
    """Order flats by unknown facts, then gain and offset, then the time between flat and frame."""
    mine, other = each.entry.facts.info, light.info
    now = other.date_obs or datetime.max.replace(tzinfo=UTC)
    age_s = abs((now - mine.date_obs).total_seconds()) if mine.date_obs else 0.0
    unknown, *rest = rank(each)
    free = sum(fact in HARMLESS_TO_FLATS for fact in each.comparison.unknown)
    return unknown - free, len(each.comparison.doubts), free, age_s, *rest


def dark_rank(each: Candidate, frame: FrameFacts, in_use: str) -> Rank:
    """Order darks by unknown facts, exposure, then temperature; `in_use` names the dark of the frame before."""
    mine, other = each.entry.facts.info, frame.info
    off = abs(math.log((mine.exposure_s or 1.0) / (other.exposure_s or mine.exposure_s or 1.0)))
    apart_c = 0.0
    if mine.temperature_c is not None and other.temperature_c is not None:
        apart_c = abs(mine.temperature_c - other.temperature_c)
    room_c = ALIKE_C * (2 if each.entry.name == in_use else 1)
    unknown, *rest = rank(each)
    return unknown, round(off, 3), max(0.0, apart_c - room_c), *rest


def may_scale(dark: Candidate, light: FrameFacts, scale_max: float) -> bool:
    """Return whether nothing but the exposure forbids a dark, and it need not be scaled up further than `scale_max`."""
    mine, other = dark.entry.facts.info.exposure_s, light.info.exposure_s
    return dark.comparison.scalable and bool(mine and other and other / mine <= scale_max)


def is_base(each: Candidate, flat: FrameFacts) -> bool:
    """Return whether a master without light may be subtracted from a flat."""
    misfits = set(each.comparison.misfits)
    mine, other = each.entry.facts.info.exposure_s, flat.info.exposure_s
    if mine and other and max(mine, other) <= BASE_RATIO * min(mine, other):
        misfits.discard("exposure")
    if (other or 0.0) <= SHORT_S:
        misfits.discard("temperature")
    return not misfits
