"""Lights for people: how camera, calibration, alignment, drift, sky and disk are; and what happened, in a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from indistack.commands.state import LIGHTS, Light
from indistack.values.outcome import Accepted, Filed, Restarted
from indistack.values.sub_report import SubReport

NEAR_LIMIT = 0.7
"""Share of the drift limit beyond which it is nearly reached."""

CLEAR = 0.8
"""Share of the starlight of a clear sky below which there are thin clouds."""

CLOUDED = ("clouds", "too_few_stars", "background_too_high", "obstructed")

LOST = ("no_match", "fixed_pattern", "no_limb", "no_star", "no_contrast", "too_few_stars")
"""Reasons of subs that found no place."""

MOVED = ("drift_limit", "pointing_jump", "new_target")


def lights_of(
    state: str,
    sources: Iterable[object],
    disk_fault: str,
    n_waiting: int,
    last: SubReport | None,
    limit_px: float | None,
    disk_is_short: bool = False,
) -> dict[str, Light]:
    """Return the lights.

    Parameters
    ----------
    state : str
        The agent's: ``running``, ``paused`` or ``stopped``.
    sources : iterable
        Their status, see `Source`.
    disk_fault : str
        Why lines cannot be written, "" while they can.
    n_waiting : int
        Frames that have come.
    last : SubReport or None
        Of the newest light.
    limit_px : float or None
        Drift at which another stack begins; None where none does.
    disk_is_short : bool
        It is slow, or will soon be full.
    """
    if state == "stopped":
        return dict.fromkeys(LIGHTS, "idle")
    return {
        "camera": "busy" if n_waiting else _camera(sources),
        "calibrated": _calibrated(last),
        "aligned": _aligned(last),
        "drift": _drift(last, limit_px),
        "clouds": _clouds(last),
        "disk": "alert" if disk_fault else "busy" if disk_is_short else "ok",
    }


def _camera(sources: Iterable[object]) -> Light:
    told = [(_told(each, "connected"), _told(each, "last_error")) for each in sources]
    if any(connected is False or error for connected, error in told):
        return "alert"
    return "ok" if any(connected for connected, _ in told) else "idle"


def _told(status: object, name: str) -> object:
    return status.get(name) if isinstance(status, Mapping) else getattr(status, name, None)


def _calibrated(last: SubReport | None) -> Light:
    masters = last.masters if last is not None else None
    if masters is None or not (masters.masters or masters.warnings):
        return "idle"
    return "alert" if masters.warnings else "ok"


def _aligned(last: SubReport | None) -> Light:
    if last is None:
        return "idle"
    if last.place is not None:
        return "ok"
    return "alert" if last.reason in LOST else "idle"


def _drift(last: SubReport | None, limit_px: float | None) -> Light:
    if last is None or last.place is None:
        return "alert" if last is not None and last.reason in MOVED else "idle"
    x, y = last.place.shift_px
    share = (x * x + y * y) ** 0.5 / limit_px if limit_px else 0.0
    return "alert" if share > 1 else "busy" if share > NEAR_LIMIT else "ok"


def _clouds(last: SubReport | None) -> Light:
    if last is None:
        return "idle"
    if last.reason in CLOUDED:
        return "alert"
    clear = last.photometry.transparency if last.photometry is not None else None
    return "idle" if clear is None else "ok" if clear >= CLEAR else "busy"


def sentence_of(last: SubReport | None, disk_fault: str, waits_for: str) -> str:
    """Return for people what happened last, or what is waited for, in a sentence."""
    if disk_fault:
        return f"The disk does not take what is written: {disk_fault}."
    if last is None or last.decision is None:
        return f"Waiting for {waits_for}." if waits_for else ""
    decision = last.decision
    why = (decision.detail or decision.reason.replace("_", " ")).rstrip(".")
    match decision.word:
        case Accepted.word:
            return f"Sub {decision.number} is in the stack."
        case Restarted.word:
            return f"A new stack began with sub {decision.number}: {why}."
        case Filed.word:
            return f"Frame {decision.number} went into the calibration library."
    return f"Sub {decision.number} was left out: {why}."
