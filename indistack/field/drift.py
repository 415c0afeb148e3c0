"""Is the field still the same: go on, refuse the sub, or start a new stack."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from indistack.field.drift_settings import DriftSettings, ScalableAction
from indistack.field.exposure_facts import differ, facts_again, facts_of, in_words, separation_deg
from indistack.field.mosaic import seen_pattern
from indistack.field.quantity import angle_arcsec, length_px
from indistack.values.frame import CalibratedFrame, CfaPattern, FrameInfo
from indistack.values.mosaic import MosaicLevels
from indistack.values.spelling import is_same
from indistack.values.transform import Transform

log = logging.getLogger(__name__)

SHARE_OF_WIDTH = 0.25
"""Holds where a limit is an angle and nobody tells the plate scale."""

OF_A_FILTER = ("exposure", "gain_setting")
"""What each filter has of its own."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with the sub; ``scale`` is to go on once it is in the reference's ADU."""

    action: Literal["go_on", "scale", "refuse", "restart"]
    reason: str = ""
    detail: str = ""


ODD_REFERENCE = "odd_reference"
"""Reason of a new stack that begins because the old one did with a sub unlike all others."""

LEAST_AGREEING = 2
"""Subs that must agree with each other against the first one."""

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
        self._facts_of = {reference.info.filter_name if self._splits else "": self._facts}
        self._width_px = reference.width
        self._scale_arcsec_px = reference.info.scale_arcsec_px
        self._limit_px = self._in_px()
        self._pointing = reference.info
        self._centre_px = (0.0, 0.0)
        self._beyond = 0
        self._steep = 0
        self._strangers = 0
        self._changed: dict[str, object] = {}
        self._changed_subs = 0
        self._accepted = 0
        self._mosaic: MosaicLevels | None = None

    def facts(self, frame: CalibratedFrame, slewed: Verdict, mosaic: MosaicLevels | None = None) -> Verdict:
        """Judge what the file says: size, tone curve, binning, exposure, gain, filter, target; see `slew`.

        And how its mosaic lies, which no file tells.
        """
        expected = self._expected(frame) | {"mosaic": frame.cfa}
        told = facts_of(frame) | {"mosaic": self._seen_pattern(frame, mosaic)}
        differing = {name: value for name, value in told.items() if differ(name, expected[name], value)}
        changed = {name: value for name, value in differing.items() if self._action(name) in ("restart", "refuse")}
        self._changed_subs = self._changed_subs + 1 if changed == self._changed else 1
        self._changed = changed
        if not changed:
            return SCALE if any(self._action(name) == "scale" for name in differing) else GO_ON
        name = next(iter(changed))
        detail = f"{name}: {in_words(expected[name])} in the stack, {in_words(changed[name])} in this sub"
        if changed.get("tone_curve") == "straight" and self._action("tone_curve") == "restart" and self.on_trial:
            return Verdict("restart", ODD_REFERENCE, "it began with a camera's picture, and here is the raw frame")
        if not self._settings.enabled or any(self._action(name) == "refuse" for name in changed):
            agreeing = self._changed_subs - (changed.get("tone_curve") == "curved")  # one may be the reference's own
            return self._alone_against(agreeing, detail) or Verdict("refuse", f"{name}_changed", detail)
        if set(changed) == {"target"} and slewed.action == "restart":
            return slewed
        patient = self._changed_subs < self._settings.change_patience
        return Verdict("refuse" if patient else "restart", f"{name}_changed", detail)

    @property
    def limit_px(self) -> float | None:
        """Drift at which another stack begins; None where none does."""
        return self._limit_px if self._settings.enabled else None

    def rescale(self, scale_arcsec_px: float) -> None:
        """Measure the limit by the true plate scale, now that it is known."""
        self._scale_arcsec_px = scale_arcsec_px
        self._limit_px = self._in_px()

    def use(self, settings: DriftSettings) -> None:
        """Have other limits from the next sub on."""
        self._settings = settings
        self._limit_px = self._in_px()

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
        if not self._settings.enabled and self._accepted > 1:
            return GO_ON
        self._strangers = self._strangers + 1 if self._strangers and fits_previous() else 1
        detail = f"{self._strangers} subs fit each other but not the reference"
        if not self._settings.enabled:
            return self._alone_against(self._strangers, detail) or GO_ON
        return Verdict("restart", "new_target", detail) if self._strangers >= self._settings.new_target_subs else GO_ON

    @property
    def on_trial(self) -> bool:
        """Whether so few subs are in the stack that the first may still lose its place."""
        return self._accepted <= LEAST_AGREEING and self._settings.on_odd_reference != "ignore"

    def odd_reference(self, detail: str) -> Verdict | None:
        """Return the verdict where the first subs of a stack contradict the one that it began with; None later on."""
        return Verdict("restart", ODD_REFERENCE, detail) if self.on_trial else None

    def _alone_against(self, agreeing: int, detail: str) -> Verdict | None:
        """Judge whether the first sub is alone with what it shows, as so many agree against it."""
        return self.odd_reference(detail) if self._accepted <= 1 and agreeing >= LEAST_AGREEING else None

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
        """Return the name under which the sub's filter has stacks of its own, "" where filters do not matter.

        It is spelled as at first. A sub that does not tell its filter has the one that all others have.
        """
        if not self._splits:
            return ""
        known = list(self._facts_of)
        if not info.filter_name and len(known) == 1:
            return known[0]
        return next((name for name in known if is_same(name, info.filter_name)), info.filter_name)

    def accept(self, frame: CalibratedFrame, mosaic: MosaicLevels | None = None) -> None:
        """The sub is in the stack: its filter's exposure and gain are known from now on."""
        self._mosaic = mosaic or self._mosaic
        self._accepted += 1
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
            "accepted": self._accepted,
            "mosaic": asdict(self._mosaic) if self._mosaic is not None else None,
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
        self._accepted = memory.get("accepted", LEAST_AGREEING)  # ledgers of before do not know it
        known = memory.get("mosaic")
        self._mosaic = MosaicLevels(**known | {"adu": tuple(known["adu"])}) if known else None

    def _seen_pattern(self, frame: CalibratedFrame, mosaic: MosaicLevels | None) -> CfaPattern | None:
        if frame.cfa is None or mosaic is None or self._mosaic is None:
            return None
        return seen_pattern(frame.cfa, mosaic, self._mosaic)

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

    def _in_px(self) -> float:
        limit_px = length_px(self._settings.limit, self._width_px, self._scale_arcsec_px)
        if limit_px is not None:
            return limit_px
        log.warning("drift.limit = %s: the plate scale is unknown; 25 %% of the width holds", self._settings.limit)
        return SHARE_OF_WIDTH * self._width_px

    def _action(self, name: str) -> ScalableAction:
        settings = self._settings
        if name == "filter" and settings.on_filter in ("auto", "split"):
            return "restart"
        action: ScalableAction = getattr(settings, f"on_{name}")
        return action
