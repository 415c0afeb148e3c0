"""What files say of their exposures, and how two of them differ."""

from __future__ import annotations

import math
from collections.abc import Mapping

from indistack.values.frame import CalibratedFrame, FrameInfo
from indistack.values.spelling import is_same

EXPOSURE_TOLERANCE = 0.02
"""Relative; drivers report the exposure that was measured, not the one that was asked for."""


def facts_of(frame: CalibratedFrame) -> dict[str, object]:
    """Return what subs of one stack have in common, by names that settings have, too; None where nothing is said."""
    info = frame.info
    return {
        "size": (frame.width, frame.height, frame.channels),
        "tone_curve": "straight" if info.linear else "curved",
        "binning": info.binning,
        "exposure": info.exposure_s or None,  # 0 is what drivers write that do not know it
        "gain_setting": info.gain_setting,
        "filter": info.filter_name or None,
        "target": info.target or None,
    }


def facts_again(facts: Mapping[str, object]) -> dict[str, object]:
    """Return facts with tuples again where JSON knows lists only."""
    return {name: tuple(fact) if isinstance(fact, list) else fact for name, fact in facts.items()}


def in_words(fact: object) -> str:
    """Return a fact for people."""
    return " x ".join(map(str, fact)) if isinstance(fact, tuple) else str(fact)


def differ(name: str, ours: object, theirs: object) -> bool:
    """Tell whether a fact of that name differs between two exposures that both tell it."""
    if ours is None or theirs is None:
        return False
    if name == "exposure" and isinstance(ours, float) and isinstance(theirs, float):
        return abs(theirs - ours) > EXPOSURE_TOLERANCE * max(abs(ours), abs(theirs))
    if isinstance(ours, str) and isinstance(theirs, str):
        return not is_same(ours, theirs)
    return ours != theirs


def separation_deg(a: FrameInfo, b: FrameInfo) -> float | None:
    """Return the angle between two pointings (deg), by the haversine formula; None where a header does not say."""
    if a.ra_deg is None or a.dec_deg is None or b.ra_deg is None or b.dec_deg is None:
        return None
    dec_a, dec_b = math.radians(a.dec_deg), math.radians(b.dec_deg)
    half_dec, half_ra = (dec_b - dec_a) / 2, math.radians(b.ra_deg - a.ra_deg) / 2
    h = math.sin(half_dec) ** 2 + math.cos(dec_a) * math.cos(dec_b) * math.sin(half_ra) ** 2
    return math.degrees(2 * math.asin(min(1.0, math.sqrt(h))))
