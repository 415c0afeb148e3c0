"""The report in words."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from indistack.report.periodic import Periodic
from indistack.report.polar import Polar
from indistack.report.summary import TIMELESS, Summary, corrections_of, reasons, sky_of
from indistack.report.track import Step
from indistack.system.harmless import harmless

MARGIN = 16


def as_text(summary: Summary) -> str:
    """Return the report as lines of text."""
    return "\n".join(f"{name:{MARGIN}s}{harmless(text)}" for name, text in statements(summary)) + "\n"


def statements(summary: Summary) -> Iterator[tuple[str, str]]:
    """Yield what is to be said, each with its subject."""
    subs, scale = summary.subs, summary.track.scale_arcsec_px
    target = next(filter(None, subs.words("target")), "unnamed")
    lasted = _duration(float(subs.time_s.max())) if subs.is_timed else TIMELESS
    yield "session", f"{target}, {subs.start:%Y-%m-%d %H:%M} UTC, {lasted}"
    if subs.damaged:
        yield "ledger", f"{len(subs.damaged)} damaged lines left out: {', '.join(map(str, subs.damaged[:10]))}"
    yield "subs", _subs(summary)
    yield "stars", _stars(summary)
    yield "drift", _drift(summary)
    yield "periodic error", periodic_words(summary.periodic, scale)
    yield "rotation", _rotation(summary)
    yield "polar error", _polar(summary.polar)
    if sky := sky_of(subs):
        yield "sky", _sky(sky)
    if corrections := corrections_of(subs):
        yield "kept centred", ", ".join(_correction(each) for each in corrections)
    yield "steps", _steps([step for step in summary.steps if not step.is_flip], scale)
    flips = [step.sub for step in summary.steps if step.is_flip]
    if flips:
        yield "meridian flip", f"at sub {', '.join(map(str, flips))}"
    yield "gusts", ", ".join(f"sub {gust.sub}" for gust in summary.gusts) + " trailed" if summary.gusts else "none"


def _sky(sky: dict[str, Any]) -> str:
    place = f"RA {sky['ra_deg']:.4f}, Dec {sky['dec_deg']:+.4f} deg (by {sky['program']})"
    return f"{place}, {sky['scale_arcsec_px']:.3f} arcsec/px, turned by {sky['rotation_deg']:.1f} deg"


def _correction(correction: dict[str, Any]) -> str:
    east, north = correction["east_arcsec"], correction["north_arcsec"]
    return f"sub {correction['sub']}: {correction['problem'] or f'{east:+.0f} arcsec east, {north:+.0f} arcsec north'}"


def periodic_words(found: Periodic | str, scale_arcsec_px: float) -> str:
    """Say what the periodic error is, or why none is told."""
    if isinstance(found, str):
        return found
    return (
        f"{length_words(found.peak_to_peak_px, scale_arcsec_px)} peak to peak, period {found.period_s:.1f} "
        f"+- {found.period_error_s:.1f} s, over {found.cycles:.1f} periods, at {found.direction_deg:+.0f} deg"
    )


def length_words(length_px: float, scale_arcsec_px: float) -> str:
    """Write a length in px, and in arcsec where the plate scale is known."""
    sky = f" ({length_px * scale_arcsec_px:.3g} arcsec)" if math.isfinite(scale_arcsec_px) else ""
    return f"{length_px:.3g} px{sky}"


def _subs(summary: Summary) -> str:
    subs = summary.subs
    used, refused = int(subs.used.sum()), reasons(subs)
    exposure_s = float(np.nansum(subs.column("exposure_s")[subs.used]))
    why = ", ".join(f"{count} {reason}" for reason, count in refused.most_common())
    exposed = f"{_duration(exposure_s)} exposed, " if exposure_s > 0 else ""
    gain = f"signal to noise {summary.snr.max():.1f} times that of the first sub"
    return f"{used} of {len(subs)} used, {exposed}{gain}" + (f"; refused: {why}" if why else "")


def _stars(summary: Summary) -> str:
    subs = summary.subs
    names = (("stars", "", ".0f"), ("fwhm_px", "FWHM px", ".2f"), ("transparency", "transparency", ".2f"))
    parts = []
    for name, label, form in names:
        values = subs.column(name)[subs.used]
        values = values[np.isfinite(values)]
        if len(values):
            parts.append(f"{label or name} {np.median(values):{form}} ({values.min():{form}} to {values.max():{form}})")
    return ", ".join(parts) or "none"


def _drift(summary: Summary) -> str:
    drift, scale = summary.drift_px_min, summary.track.scale_arcsec_px
    if drift is None:
        return _why(summary)
    x, y = drift.value
    error = float(np.hypot(*drift.error))
    if not drift.is_significant:
        return f"none beyond its error of {length_words(error, scale)} per minute"
    return f"{length_words(float(np.hypot(x, y)), scale)} per minute, +- {error:.2g} px; x {x:+.3g}, y {y:+.3g} px/min"


def _rotation(summary: Summary) -> str:
    rotation = summary.rotation_deg_h
    if rotation is None:
        return _why(summary)
    return f"{rotation.value[0]:+.3f} +- {rotation.error[0]:.3f} deg/h"


def _why(summary: Summary) -> str:
    return "too few subs were registered" if summary.subs.is_timed else TIMELESS


def _polar(polar: Polar | str) -> str:
    if isinstance(polar, str):
        return f"not told: {polar}"
    if polar.is_altazimuth:
        return "none: the field turns as on an alt-azimuth mount"
    return f"at least {polar.guided_arcmin:.1f} arcmin if guided, {polar.unguided_arcmin:.1f} arcmin if not"


def _steps(steps: list[Step], scale: float) -> str:
    if not steps:
        return "none"
    lengths_px = [step.length_px for step in steps]
    return f"{len(steps)} (dithers or nudges), median {length_words(float(np.median(lengths_px)), scale)}"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.3g} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"
