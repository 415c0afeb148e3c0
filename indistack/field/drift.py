"""Is the field still the same: go on, refuse the sub, or start a new stack."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import Field, model_validator

from indistack.field.exposure_facts import differ, facts_again, facts_of, in_words, separation_deg
from indistack.field.quantity import Angle, Length, angle_arcsec, length_px
from indistack.settings import Settings
from indistack.values.frame import CalibratedFrame, FrameInfo
from indistack.values.transform import Transform

log = logging.getLogger(__name__)

SHARE_OF_WIDTH = 0.25
"""Holds where a limit is an angle and nobody tells the plate scale."""

OF_A_FILTER = ("exposure", "gain_setting")
"""What each filter has of its own."""

PRESETS: dict[object, dict[str, str]] = {
    "astap": {"against": "previous", "limit": "0.2 deg", "pointing_jump": "0.2 deg"},
}
"""What a preset sets, where the settings do not say otherwise."""

Action = Literal["restart", "refuse", "ignore"]
FilterAction = Literal["auto", "split", "restart", "refuse", "ignore"]
ScalableAction = Literal["restart", "refuse", "ignore", "scale"]


class DriftSettings(Settings):
    """When a new stack begins."""

    enabled: bool = True
    """False: the stack is never restarted. Subs whose settings changed, or that do not fit, are refused; a drift that
    fits has no limit."""
    preset: Literal["indistack", "astap"] = "indistack"
    """``astap``: the rule of ASTAP's live stacking, a step of 0.2 deg from the sub before. Single settings given
    beside it hold."""
    against: Literal["reference", "previous"] = "reference"
    """``previous``: only the step from the sub before counts, at once; slow drift may go as far as it will."""
    limit: Length = "25 %"
    """Drift of the frame's centre: ``"0.2 deg"``, ``"15 arcmin"``, ``"30 arcsec"``, ``"300 px"`` or ``"10 %"`` of the
    width. An angle needs the plate scale; without it 25 % of the width holds."""
    patience: int = Field(default=3, ge=1)
    """Consecutive subs beyond the limit that it takes; one, where the header tells of the move as well."""
    new_target_subs: int = Field(default=3, ge=2)
    """Consecutive subs that do not fit the reference but fit each other: the telescope points elsewhere."""
    pointing_jump: Angle = "0.5 deg"
    """A sub that does not fit the reference, or has another target's name, restarts at once where header or mount
    point that far away from where the last fitting sub was taken."""
    change_patience: int = Field(default=3, ge=1)
    """Consecutive subs with the same changed setting that it takes: focus and alignment frames pass by."""
    on_exposure: ScalableAction = "restart"
    """``scale``: the sub is stacked in the reference's ADU, by its stars, else by exposure and e-/ADU in the headers;
    refused as ``scale_unknown`` where neither tells."""
    on_gain_setting: ScalableAction = "restart"
    on_binning: Action = "restart"
    on_size: Action = "restart"
    on_filter: FilterAction = "auto"
    """``split``: every filter has stacks of its own on the same reference, with exposure and gain of its own.
    ``auto``: that for a mono camera, a new stack for a colour camera."""
    on_target: Action = "restart"
    on_tone_curve: Action = "restart"
    """A JPEG in a stack of raw frames, or the other way round, as cameras write both of one exposure."""
    on_gradient: Action = "ignore"
    """What a gradient beyond `gradient_limit` does: moonrise, dawn, a street lamp. ``match.background`` takes gradients
    off, but not their noise."""
    gradient_limit: float = Field(default=20.0, gt=0)
    """How much the sky's gradient may differ from the reference's, peak to peak over the frame, in units of the
    reference's noise per pixel; restarts after `patience` consecutive subs."""

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, values: Any) -> Any:
        if not isinstance(values, dict) or not isinstance(values.get("preset"), str):
            return values
        return PRESETS.get(values["preset"], {}) | values


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
        self._facts = facts_of(reference)
        self._splits = settings.on_filter == "split" or (settings.on_filter == "auto" and reference.channels == 1)
        self._facts_of = {self.filter_of(reference.info): self._facts}
        self._width_px = reference.width
        self._limit_px = self._in_px(reference)
        self._pointing = reference.info
        self._centre_px = (0.0, 0.0)
        self._beyond = 0
        self._steep = 0
        self._strangers = 0
        self._changed: dict[str, object] = {}
        self._changed_subs = 0

    def facts(self, frame: CalibratedFrame, slewed: Verdict) -> Verdict:
        """Judge what the file says: size, tone curve, binning, exposure, gain, filter, target; see `slew`."""
        expected = self._expected(frame)
        differing = {name: value for name, value in facts_of(frame).items() if differ(name, expected[name], value)}
        changed = {name: value for name, value in differing.items() if self._action(name) in ("restart", "refuse")}
        self._changed_subs = self._changed_subs + 1 if changed == self._changed else 1
        self._changed = changed
        if not changed:
            return SCALE if any(self._action(name) == "scale" for name in differing) else GO_ON
        name = next(iter(changed))
        detail = f"{name}: {in_words(expected[name])} in the stack, {in_words(changed[name])} in this sub"
        if not self._settings.enabled or any(self._action(name) == "refuse" for name in changed):
            return Verdict("refuse", f"{name}_changed", detail)
        if set(changed) == {"target"} and slewed.action == "restart":
            return slewed
        patient = self._changed_subs < self._settings.change_patience
        return Verdict("refuse" if patient else "restart", f"{name}_changed", detail)

    def rescale(self, scale_arcsec_px: float) -> None:
        """Measure the limit by the true plate scale, now that it is known."""
        self._limit_px = length_px(self._settings.limit, self._width_px, scale_arcsec_px) or self._limit_px

    def shift(self, transform: Transform, frame: CalibratedFrame, slewed: Verdict) -> Verdict:
        """Judge how far a registered sub's centre lies from the reference's, or from the previous sub's; see `slew`."""
        settings, centre_px = self._settings, transform.centre_shift_px(frame.width, frame.height)
        only_step = settings.against == "previous"
        drift_px = math.dist(centre_px, self._centre_px if only_step else (0.0, 0.0))
        at_once = only_step or slewed.action == "restart"
        self._remember(centre_px, frame.info)
        self._beyond = self._beyond + 1 if drift_px > self._limit_px else 0
        if self._beyond < (1 if at_once else settings.patience) or not settings.enabled:
            return GO_ON
        what = "step" if only_step else "drift"
        return Verdict("restart", "drift_limit", f"{what} {drift_px:.1f} px, limit {self._limit_px:.1f} px")

    def slew(self, info: FrameInfo) -> Verdict:
        """Judge by the header alone whether the telescope has been sent elsewhere since the last sub that fitted."""
        jump_deg = separation_deg(self._pointing, info)
        far = jump_deg is not None and jump_deg * 3600 > angle_arcsec(self._settings.pointing_jump)
        if not far or not self._settings.enabled:
            return GO_ON
        return Verdict("restart", "pointing_jump", f"the telescope points {jump_deg:.2f} deg from where it did")

    def stranger(self, fits_previous: Callable[[], bool]) -> Verdict:
        """Judge a sub that does not fit the reference; `fits_previous` tells whether it fits the stranger before it."""
        if not self._settings.enabled:
            return GO_ON
        self._strangers = self._strangers + 1 if self._strangers and fits_previous() else 1
        if self._strangers < self._settings.new_target_subs:
            return GO_ON
        return Verdict("restart", "new_target", f"{self._strangers} subs fit each other but not the reference")

    def gradient(self, gradient_sigma: float) -> Verdict:
        """Judge how much the sky's gradient differs from the reference's, in units of the reference's noise."""
        settings = self._settings
        self._steep = self._steep + 1 if gradient_sigma > settings.gradient_limit else 0
        if not self._steep or settings.on_gradient == "ignore":
            return GO_ON
        detail = f"gradient differs by {gradient_sigma:.1f} sigma, limit {settings.gradient_limit:.1f}"
        if settings.on_gradient == "refuse" or not settings.enabled:
            return Verdict("refuse", "gradient_limit", detail)
        return Verdict("restart", "gradient_limit", detail) if self._steep >= settings.patience else GO_ON

    def filter_of(self, info: FrameInfo) -> str:
        """Return the name under which the sub's filter has stacks of its own, "" where filters do not matter."""
        return info.filter_name if self._splits else ""

    def accept(self, frame: CalibratedFrame) -> None:
        """The sub is in the stack: its filter's exposure and gain are known from now on."""
        self._facts_of.setdefault(self.filter_of(frame.info), facts_of(frame))

    def memory(self) -> dict[str, Any]:
        """Return what is remembered as plain values, which may pass through JSON."""
        return {
            "facts_of": self._facts_of,
            "pointing_deg": [self._pointing.ra_deg, self._pointing.dec_deg],
            "centre_px": self._centre_px,
            "limit_px": self._limit_px,
            "patience": [self._beyond, self._steep, self._strangers, self._changed_subs],
            "changed": self._changed,
        }

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Go on as the one would whose memory this is."""
        self._facts_of = {name: facts_again(facts) for name, facts in memory["facts_of"].items()}
        ra_deg, dec_deg = memory["pointing_deg"]
        self._pointing = replace(self._pointing, ra_deg=ra_deg, dec_deg=dec_deg)
        x, y = memory["centre_px"]
        self._centre_px = x, y
        self._limit_px = memory["limit_px"]
        self._beyond, self._steep, self._strangers, self._changed_subs = memory["patience"]
        self._changed = facts_again(memory["changed"])

    def _expected(self, frame: CalibratedFrame) -> dict[str, object]:
        """What the sub must be like; of a filter that is new, exposure and gain are free."""
        if not self._splits:
            return self._facts
        of_filter = self._facts_of.get(self.filter_of(frame.info), dict.fromkeys(OF_A_FILTER))
        return self._facts | {name: of_filter[name] for name in OF_A_FILTER} | {"filter": None}

    def _remember(self, centre_px: tuple[float, float], info: FrameInfo) -> None:
        """Compare later subs with this one, which fits. A mount that was synchronised points elsewhere by name only."""
        self._strangers = 0
        self._centre_px = centre_px
        if info.ra_deg is not None:
            self._pointing = info

    def _in_px(self, frame: CalibratedFrame) -> float:
        limit_px = length_px(self._settings.limit, frame.width, frame.info.scale_arcsec_px)
        if limit_px is not None:
            return limit_px
        log.warning("drift.limit = %s: the plate scale is unknown; 25 %% of the width holds", self._settings.limit)
        return SHARE_OF_WIDTH * frame.width

    def _action(self, name: str) -> ScalableAction:
        settings = self._settings
        if name == "filter" and settings.on_filter in ("auto", "split"):
            return "restart"
        action: ScalableAction = getattr(settings, f"on_{name}")
        return action
