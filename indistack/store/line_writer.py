"""Writes the lines of a ledger: what a sub's report says, as plain values."""

from __future__ import annotations

import dataclasses
import math
from datetime import datetime
from typing import Any

from indistack.store.entries import Event
from indistack.values.sub_parts import Arrival, FrameFacts, StackShare, SubPlace
from indistack.values.sub_report import SubReport

FORMAT = "ledger_format"
"""Key of the format's number: ``format`` is the file's."""

THIS_FORMAT = 1
"""Lines without a number are older; they say the same."""

MEASURED = (
    "stars", "fwhm_px", "hfr_px", "eccentricity", "trailing", "background_adu", "noise_adu", "saturated", "snr",
    "transform", "quadratic", "align_method", "align_reason", "score", "matched", "rms_px", "error_px",
    "corner_error_px", "shift_px", "shift_arcsec", "rotation_deg", "transparency", "scale", "background_match",
    "gradient_sigma", "weight", "weights", "rejected", "stack_noise_adu", "snr_gain", "snr_gain_ideal", "stage_ms",
)  # fmt: skip
"""Fields that every line has; null where the sub did not come that far."""

FRAME = tuple(field.name for field in dataclasses.fields(FrameFacts))

METHOD = ("method", "why_plain")

STACK = ("weight", "weights", "n_subs", "rejected", "stack_noise_adu", "snr_gain", "snr_gain_ideal")


def as_line(entry: SubReport | Event) -> dict[str, Any]:
    """Return what the ledger says of a sub, or of what befell the stack: plain values, to be written as JSON."""
    if isinstance(entry, Event):
        told = {name: value for name in ("number", "name", "settings", "detail")
                if (value := getattr(entry, name)) is not None}  # fmt: skip
        return {"outcome": entry.word, "time": _stamp(entry.time), FORMAT: THIS_FORMAT, **told}
    return {
        **_decision_line(entry),
        **dict.fromkeys(MEASURED),
        **_seen_line(entry),
        **_place_line(entry.place),
        **_match_line(entry),
        **_stack_line(entry.stack),
        **_rest_line(entry),
        **entry.figures,
        **({"mended": entry.mended} if entry.mended is not None else {}),
    }


def _stamp(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds")


def _decision_line(report: SubReport) -> dict[str, Any]:
    """Say how the sub came, and what became of it."""
    decision, line = report.decision, dict[str, Any]()
    if decision is not None:
        line |= {"number": decision.number, "time": _stamp(decision.time)}
    if report.arrival is not None:
        line |= _arrival_line(report.arrival)
    if decision is not None:
        line |= {"outcome": decision.word, "reason": decision.reason, "detail": decision.detail}
    return line | {FORMAT: THIS_FORMAT}


def _arrival_line(arrival: Arrival) -> dict[str, Any]:
    return {
        "received": _stamp(arrival.received),
        "path": arrival.path,
        "origin": arrival.origin,
        "device": arrival.device,
        "format": arrival.suffix,
        "bytes": arrival.size_bytes,
        "spooled": arrival.spooled,
        "modified_ns": arrival.modified_ns,
    }


def _seen_line(report: SubReport) -> dict[str, Any]:
    """Say what file, masters and stars tell, and what the steps took."""
    spool_ms = report.arrival.spool_ms if report.arrival is not None else None
    line: dict[str, Any] = {"stage_ms": {**({"spool": spool_ms} if spool_ms is not None else {}), **report.times}}
    if report.frame is not None:
        line |= _frame_line(report.frame)
    if report.masters is not None:
        line |= {field.name: list(getattr(report.masters, field.name)) for field in dataclasses.fields(report.masters)}
    if report.stars is not None:
        line |= dataclasses.asdict(report.stars)
    if report.faint_subs:
        line["faint_subs"] = report.faint_subs
    if report.aligner is not None:
        line |= {"align_method": report.aligner.method, "align_reason": report.aligner.reason}
    return line


def _frame_line(frame: FrameFacts) -> dict[str, Any]:
    line = {("filter" if name == "filter_name" else name): getattr(frame, name) for name in FRAME}
    return line | {"date_obs": frame.date_obs.isoformat() if frame.date_obs else None}


def _place_line(place: SubPlace | None) -> dict[str, Any]:
    """Say where the sub lies on the reference."""
    if place is None:
        return {}
    transform, scale, (dx, dy) = place.transform, place.scale_arcsec_px, place.shift_px
    return {
        "transform": transform.matrix.tolist(),
        "quadratic": transform.bend,
        "matched": transform.matched,
        "rms_px": transform.rms_px,
        "error_px": transform.error_px,
        "corner_error_px": transform.corner_error_px,
        "score": transform.score,
        "shift_px": [dx, dy],
        "shift_arcsec": [dx * scale, dy * scale] if scale else None,
        "scale_arcsec_px": scale,
        "drift_px": math.hypot(dx, dy),
        "rotation_deg": transform.rotation_deg,
        "sky": place.sky,
    }


def _match_line(report: SubReport) -> dict[str, Any]:
    """Say what brings the sub's light to the reference's."""
    match = report.photometry
    if match is None:
        return {}
    return {
        "transparency": match.transparency,
        "scale": match.scale,
        "background_match": list(match.offset_adu),
        "background": match.background,
        "brightness": match.brightness,
        "compared": match.compared,
        "gradient_sigma": match.gradient_sigma,
        "uneven_sigma": match.uneven_sigma,
        "hidden": match.hidden,
        "bare": match.bare,
    }


def _stack_line(stack: StackShare | None) -> dict[str, Any]:
    """Say what the sub is to the stacks."""
    if stack is None:
        return {}
    line = {name: getattr(stack, name) for name in STACK}
    line |= {"rung": stack.rung, "slowed": stack.slowed} if stack.rung else {}
    line |= {name: told for name in METHOD if (told := getattr(stack, name))}
    return line | ({"branch_ms": stack.branch_ms} if stack.branch_ms is not None else {})


def _rest_line(report: SubReport) -> dict[str, Any]:
    """Say what is remembered after the sub, and what was done besides."""
    line: dict[str, Any] = {"stranger": True} if report.stranger else {}
    line |= dataclasses.asdict(report.filed) if report.filed is not None else {}
    line |= {"drift": report.drift} if report.drift is not None else {}
    return line | ({"centre": report.centring.correction} if report.centring is not None else {})
