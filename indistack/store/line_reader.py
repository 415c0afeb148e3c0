"""Reads the lines of a ledger, of this format and of before it had a number."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from indistack.store.entries import Damaged, Entry, Event
from indistack.store.ledger import read_lines
from indistack.store.line_writer import FORMAT, FRAME, MEASURED, METHOD, STACK, THIS_FORMAT
from indistack.values.outcome import Accepted, Filed, Refused, Restarted
from indistack.values.star_list import Measures, PhotometricMatch
from indistack.values.sub_parts import (
    Arrival,
    Centring,
    Decision,
    FiledFrame,
    FrameFacts,
    StackShare,
    SubPlace,
    UsedAligner,
    UsedMasters,
)
from indistack.values.sub_report import SubReport
from indistack.values.transform import Bend, Transform

OUTCOMES = (Accepted.word, Refused.word, Restarted.word, Filed.word)


_TEXT, _WHOLE, _NONE = (str,), (int, type(None)), type(None)

KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("time", "outcome", "received", "path", "origin", "device", "format", "spooled"), _TEXT),
    **dict.fromkeys(("number", "modified_ns", "mended", "matched", "stars", "faint_subs"), _WHOLE),
    **dict.fromkeys(("reason", "detail", "name"), (str, _NONE)),
    **dict.fromkeys(("settings", "weights", "drift", "stage_ms"), (dict, _NONE)),
    **dict.fromkeys(("masters", "warnings", "set_aside", "shift_px"), (list, _NONE)),
}
"""How fields are written that everybody relies on."""


def read_entries(folder: Path) -> list[Entry]:
    """Return what the ledger of a session holds, line by line; raises as `read_lines`."""
    return [read_line(line) for line in read_lines(folder)]


def read_line(line: Mapping[str, Any]) -> Entry:
    """Return what a line says; what nobody knows by name is kept among the figures."""
    try:
        if line.get(FORMAT, THIS_FORMAT) != THIS_FORMAT:
            raise ValueError(f"the line is of format {line[FORMAT]}")
        _require_kinds(line)
        return _report(dict(line)) if line["outcome"] in OUTCOMES else _event(line)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        number, word = line.get("number"), line.get("outcome")
        why = f"a damaged line: {type(error).__name__}: {error}"
        return Damaged(number if type(number) is int and number > 0 else 0, word if isinstance(word, str) else "", why)


def _require_kinds(line: Mapping[str, Any]) -> None:
    """Raise ValueError where a field is of another kind than it is written as, so that nobody later stumbles."""
    for name, kinds in KINDS.items():
        if name in line and type(line[name]) not in kinds:
            raise ValueError(f"{name} is {line[name]!r:.60}")
    for name in ("time", "received"):
        if name in line and datetime.fromisoformat(line[name]).tzinfo is None:
            raise ValueError(f"{name} is without a time zone")
    numbers = [*(line.get("weights") or {}).values(), *(line.get("shift_px") or ())]
    if any(type(number) not in (int, float, type(None)) for number in numbers):
        raise ValueError("weights and shifts are numbers")


def _event(line: Mapping[str, Any]) -> Event:
    told = (line.get(name) for name in ("number", "name", "settings", "detail"))
    return Event(line["outcome"], datetime.fromisoformat(line["time"]), *told)


def _report(left: dict[str, Any]) -> SubReport:
    """Read the parts that are there; each takes its fields out of what is left."""
    left.pop(FORMAT, None)
    decision = Decision(
        left.pop("number"), datetime.fromisoformat(left.pop("time")), left.pop("outcome"), left.pop("reason"),
        left.pop("detail"),
    )  # fmt: skip
    times = dict(left.pop("stage_ms", None) or {})
    report = SubReport(
        decision=decision,
        arrival=_arrival(left, times.pop("spool", None)),
        frame=_frame(left),
        masters=_masters(left),
        stars=_stars(left),
        faint_subs=left.pop("faint_subs", 0),
        aligner=_aligner(left),
        photometry=_match(left),
        stack=_stack(left),
        times=times,
        stranger=left.pop("stranger", False),
        filed=FiledFrame(left.pop("group"), left.pop("group_frames")) if "group" in left else None,
        drift=left.pop("drift", None),
        centring=Centring(left.pop("centre")) if "centre" in left else None,
        mended=left.pop("mended", None),
    )
    place = _place(left, report.frame)
    figures = {name: value for name, value in left.items() if value is not None or name not in MEASURED}
    return dataclasses.replace(report, place=place, figures=figures)


def _arrival(left: dict[str, Any], spool_ms: float | None) -> Arrival:
    received = datetime.fromisoformat(left.pop("received"))
    path, origin, device, suffix, n_bytes = (left.pop(name) for name in ("path", "origin", "device", "format", "bytes"))
    return Arrival(
        received, path, origin, device, suffix, n_bytes, left.pop("spooled"), left.pop("modified_ns"), spool_ms
    )


def _frame(left: dict[str, Any]) -> FrameFacts | None:
    if "fingerprint" not in left:
        return None
    facts = {name: left.pop("filter" if name == "filter_name" else name) for name in FRAME}
    date_obs = facts["date_obs"]
    return FrameFacts(**facts | {"date_obs": datetime.fromisoformat(date_obs) if date_obs else None})


def _masters(left: dict[str, Any]) -> UsedMasters | None:
    if left.get("masters") is None:
        return None
    return UsedMasters(*(tuple(left.pop(field.name)) for field in dataclasses.fields(UsedMasters)))


def _stars(left: dict[str, Any]) -> Measures | None:
    if left.get("stars") is None or "trail_deg" not in left:
        return None
    stars, known = left.pop("stars"), dataclasses.fields(Measures)[1:]
    told = [field.name for field in known if field.name in left or field.default is dataclasses.MISSING]
    return Measures(stars, **{name: _number(left.pop(name)) for name in told})


def _aligner(left: dict[str, Any]) -> UsedAligner | None:
    if left.get("align_method") is None:
        return None
    return UsedAligner(left.pop("align_method"), left.pop("align_reason"))


def _place(left: dict[str, Any], frame: FrameFacts | None) -> SubPlace | None:
    if left.get("transform") is None:
        return None
    bend = left.pop("quadratic")
    if bend is not None:
        x, y = bend["centre_px"]
        bend = Bend((x, y), bend["reach_px"], np.array(bend["coefficients"], np.float64))
    transform = Transform(
        np.array(left.pop("transform"), np.float64).reshape(3, 3), left.pop("matched"), left.pop("rms_px"), bend,
        left.pop("error_px"), left.pop("corner_error_px"), left.pop("score"),
    )  # fmt: skip
    dx, dy = left.pop("shift_px")
    for derived in ("shift_arcsec", "drift_px", "rotation_deg"):
        left.pop(derived, None)
    return SubPlace(transform, (dx, dy), frame.scale_arcsec_px if frame is not None else None, left.pop("sky", None))


def _match(left: dict[str, Any]) -> PhotometricMatch | None:
    if left.get("scale") is None:
        return None
    surfaces = tuple(tuple(surface) for surface in left.pop("background"))
    left.pop("background_match", None)
    scale, transparency, brightness = (left.pop(name) for name in ("scale", "transparency", "brightness"))
    compared, gradient_sigma = left.pop("compared"), _number(left.pop("gradient_sigma"))
    later = (_number(left.pop(name, 0.0)) for name in ("uneven_sigma", "hidden", "bare"))  # not in old ledgers
    return PhotometricMatch(scale, surfaces, transparency, brightness, compared, gradient_sigma, *later)


def _stack(left: dict[str, Any]) -> StackShare | None:
    if left.get("weights") is None:
        return None
    told = {name: left.pop(name) for name in STACK} | {name: left.pop(name, "") for name in METHOD}
    return StackShare(
        **told, branch_ms=left.pop("branch_ms", None), rung=left.pop("rung", ""), slowed=left.pop("slowed", 1)
    )


def _number(value: float | None) -> float:
    """Return a number; NaN is written as null."""
    return math.nan if value is None else value
