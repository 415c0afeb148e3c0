"""Is the field still the same: go on, refuse the sub, or start a new stack."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from indistack.frame import CalibratedFrame, FrameInfo, Transform
from indistack.settings import Settings

UNIT_ARCSEC = {"deg": 3600.0, "arcmin": 60.0, "arcsec": 1.0}
QUANTITY = re.compile(r"\s*([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*(deg|arcmin|arcsec|px|%)\s*")

EXPOSURE_TOLERANCE = 0.02
"""Relative; drivers report the exposure that was measured, not the one that was asked for."""


def parse_quantity(text: str) -> tuple[float, str]:
    """``"0.2 deg"`` -> (0.2, "deg").

    Raises
    ------
    ValueError
        Not a number with one of the units deg, arcmin, arcsec, px, %.
    """
    match = QUANTITY.fullmatch(text)
    if match is None or float(match[1]) <= 0:
        raise ValueError("expected a number above 0 and a unit, one of deg, arcmin, arcsec, px, %")
    return float(match[1]), match[2]


def limit_px(text: str, width_px: int, scale_arcsec_px: float | None) -> float | None:
    """Return a limit in pixels; None when it is an angle and the plate scale is unknown."""
    value, unit = parse_quantity(text)
    if unit == "px":
        return value
    if unit == "%":
        return value / 100 * width_px
    return value * UNIT_ARCSEC[unit] / scale_arcsec_px if scale_arcsec_px else None


def _checked(text: str) -> str:
    parse_quantity(text)
    return text


def _checked_angle(text: str) -> str:
    if parse_quantity(text)[1] not in UNIT_ARCSEC:
        raise ValueError("expected an angle in deg, arcmin or arcsec")
    return text


Action = Literal["restart", "refuse", "ignore"]
ScalableAction = Literal["restart", "refuse", "ignore", "scale"]


class DriftSettings(Settings):
    """When a new stack begins."""

    enabled: bool = True
    """False: subs that belong to another stack are refused, and the stack is never restarted."""
    limit: Annotated[str, AfterValidator(_checked)] = "25 %"
    """Drift of the frame's centre from the reference: ``"0.2 deg"``, ``"15 arcmin"``, ``"300 px"``, ``"10 %"`` of the
    width. An angle needs the plate scale; without it 25 % of the width holds."""
    patience: int = Field(default=3, ge=1)
    """Consecutive subs beyond the limit that it takes."""
    new_target_subs: int = Field(default=3, ge=2)
    """Consecutive subs that do not fit the reference but fit each other: the telescope points elsewhere."""
    pointing_jump: Annotated[str, AfterValidator(_checked_angle)] = "0.5 deg"
    """A sub that does not fit the reference, and whose header points that far away, restarts at once."""
    change_patience: int = Field(default=3, ge=1)
    """Consecutive subs with the same changed setting that it takes: focus and alignment frames pass by."""
    on_exposure: ScalableAction = "restart"
    """``scale``: the sub is stacked in the reference's ADU, by its stars, else by exposure and e-/ADU in the headers;
    refused as ``scale_unknown`` where neither tells."""
    on_gain_setting: ScalableAction = "restart"
    on_binning: Action = "restart"
    on_size: Action = "restart"
    on_filter: Action = "restart"
    on_target: Action = "restart"
    on_tone_curve: Action = "restart"
    """A JPEG in a stack of raw frames, or the other way round, as cameras write both of one exposure."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with the sub; ``scale`` is to go on once it is in the reference's ADU."""

    action: Literal["go_on", "scale", "refuse", "restart"]
    reason: str = ""
    detail: str = ""


GO_ON = Verdict("go_on")
SCALE = Verdict("scale")


class Drift:
    """Compares every sub with the reference and with the sub before it.

    Parameters
    ----------
    settings : DriftSettings
        The limits.
    reference : CalibratedFrame
        First sub of the stack.
    """

    def __init__(self, settings: DriftSettings, reference: CalibratedFrame) -> None:
        self._settings = settings
        self._facts = _facts(reference)
        self._info = reference.info
        self._beyond = 0
        self._strangers = 0
        self._changed: dict[str, object] = {}
        self._changed_subs = 0

    def facts(self, frame: CalibratedFrame) -> Verdict:
        """Judge what the file says: size, tone curve, binning, exposure, gain, filter, target."""
        differing = {name: value for name, value in _facts(frame).items() if _differs(name, self._facts[name], value)}
        changed = {name: value for name, value in differing.items() if self._action(name) in ("restart", "refuse")}
        self._changed_subs = self._changed_subs + 1 if changed == self._changed else 1
        self._changed = changed
        if not changed:
            return SCALE if any(self._action(name) == "scale" for name in differing) else GO_ON
        name = next(iter(changed))
        detail = f"{name}: {_words(self._facts[name])} in the stack, {_words(changed[name])} in this sub"
        patient = self._changed_subs < self._settings.change_patience
        if patient or not self._settings.enabled or any(self._action(name) == "refuse" for name in changed):
            return Verdict("refuse", f"{name}_changed", detail)
        return Verdict("restart", f"{name}_changed", detail)

    def shift(self, transform: Transform, frame: CalibratedFrame) -> Verdict:
        """Judge how far a registered sub's centre lies from the reference's."""
        self._strangers = 0
        limit = self.limit_px(frame)
        drift_px = math.hypot(*transform.centre_shift_px(frame.width, frame.height))
        self._beyond = self._beyond + 1 if drift_px > limit else 0
        if self._beyond < self._settings.patience or not self._settings.enabled:
            return GO_ON
        return Verdict("restart", "drift_limit", f"drift {drift_px:.1f} px, limit {limit:.1f} px")

    def limit_px(self, frame: CalibratedFrame) -> float:
        """Return the drift limit in pixels of this frame."""
        scale = self._info.scale_arcsec_px
        limit = limit_px(self._settings.limit, frame.width, scale)
        return limit if limit is not None else 0.25 * frame.width

    def stranger(self, info: FrameInfo, fits_previous: Callable[[], bool]) -> Verdict:
        """Judge a sub that does not fit the reference; `fits_previous` tells whether it fits the stranger before it."""
        if not self._settings.enabled:
            return GO_ON
        jump_deg = separation_deg(self._info, info)
        value, unit = parse_quantity(self._settings.pointing_jump)
        if jump_deg is not None and jump_deg * 3600 > value * UNIT_ARCSEC[unit]:
            return Verdict("restart", "pointing_jump", f"the header points {jump_deg:.2f} deg from the reference")
        self._strangers = self._strangers + 1 if self._strangers and fits_previous() else 1
        if self._strangers < self._settings.new_target_subs:
            return GO_ON
        return Verdict("restart", "new_target", f"{self._strangers} subs fit each other but not the reference")

    def _action(self, name: str) -> ScalableAction:
        action: ScalableAction = getattr(self._settings, f"on_{name}")
        return action


def _facts(frame: CalibratedFrame) -> dict[str, object]:
    info = frame.info
    return {
        "size": (frame.width, frame.height, frame.channels),
        "tone_curve": "straight" if info.linear else "curved",
        "binning": info.binning,
        "exposure": info.exposure_s,
        "gain_setting": info.gain_setting,
        "filter": info.filter_name or None,
        "target": info.target or None,
    }


def _words(fact: object) -> str:
    return " x ".join(map(str, fact)) if isinstance(fact, tuple) else str(fact)


def _differs(name: str, ours: object, theirs: object) -> bool:
    if ours is None or theirs is None:
        return False
    if name == "exposure" and isinstance(ours, float) and isinstance(theirs, float):
        return abs(theirs - ours) > EXPOSURE_TOLERANCE * max(abs(ours), abs(theirs))
    return ours != theirs


def separation_deg(a: FrameInfo, b: FrameInfo) -> float | None:
    """Angle between two pointings (deg), by the haversine formula; None where a header does not say."""
    if a.ra_deg is None or a.dec_deg is None or b.ra_deg is None or b.dec_deg is None:
        return None
    dec_a, dec_b = math.radians(a.dec_deg), math.radians(b.dec_deg)
    half_dec, half_ra = (dec_b - dec_a) / 2, math.radians(b.ra_deg - a.ra_deg) / 2
    h = math.sin(half_dec) ** 2 + math.cos(dec_a) * math.cos(dec_b) * math.sin(half_ra) ** 2
    return math.degrees(2 * math.asin(min(1.0, math.sqrt(h))))
