"""Deciding about a frame, before any pixel is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from .conditions import Conditions, conditions_of
from .exposure import Kind
from .headers import CameraSettings
from .scenario import Scenario


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything decided about one frame before any pixel is made."""

    kind: Kind
    index: int
    conditions: Conditions
    settings: CameraSettings


@dataclass(frozen=True, slots=True)
class WantedSettings:
    """How somebody wants the camera to be set; None: as the scenario says. See `CameraSettings`."""

    exposure_s: float | None = None
    gain_setting: float | None = None
    offset_setting: float | None = None
    temperature_c: float | None = None
    binning: int = 1
    region_px: tuple[int, int, int, int] | None = None


def plan_frame(scenario: Scenario, kind: Kind, index: int, light: int, wanted: WantedSettings) -> Plan:
    """Decide about a frame, given its number among its kind and that of the light which the camera is set for."""
    _check_request(scenario, kind, wanted)
    conditions = conditions_of(scenario, light)
    usual_s = {"light": conditions.exposure_s, "dark": conditions.exposure_s, "flat": scenario.flat_exposure_s}
    settings = CameraSettings(
        exposure_s=0.0 if kind == "bias" else _or(wanted.exposure_s, usual_s.get(kind, 0.0)),
        gain_setting=_or(wanted.gain_setting, conditions.gain_setting),
        offset_setting=_or(wanted.offset_setting, scenario.offset_setting),
        temperature_c=_or(wanted.temperature_c, scenario.temperature_c),
        binning=wanted.binning,
        region_px=wanted.region_px or (0, 0, scenario.width_px, scenario.height_px),
    )
    return Plan(kind, index, conditions, settings)


def _check_request(scenario: Scenario, kind: str, wanted: WantedSettings) -> None:
    if kind not in get_args(Kind):
        raise ValueError(f"unknown kind of frame {kind!r}; known: {', '.join(get_args(Kind))}")
    if wanted.binning < 1:
        raise ValueError(f"binning must be 1 or more, not {wanted.binning}")
    wide, high = scenario.width_px, scenario.height_px
    x0, y0, width, height = wanted.region_px or (0, 0, wide, high)
    inside = min(x0, y0) >= 0 and x0 + width <= wide and y0 + height <= high
    if not inside or width < wanted.binning or height < wanted.binning:
        raise ValueError(f"region {wanted.region_px} is not on the {wide} x {high} px sensor")


def _or(value: float | None, default: float) -> float:
    return default if value is None else value
