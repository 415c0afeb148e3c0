"""What the lines of a ledger say: made of what became of a blob, read back, and told in words."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from indistack.values.blob import Blob
from indistack.values.frame import CalibratedFrame, RawFrame
from indistack.values.outcome import Accepted, Outcome, Restarted
from indistack.values.star_list import PhotometricMatch
from indistack.values.transform import Bend, Transform

Line = Mapping[str, Any]

MEASURED = (
    "stars", "fwhm_px", "hfr_px", "eccentricity", "trailing", "background_adu", "noise_adu", "saturated", "snr",
    "transform", "quadratic", "align_method", "align_reason", "score", "matched", "rms_px", "error_px",
    "corner_error_px", "shift_px", "shift_arcsec", "rotation_deg", "transparency", "scale", "background_match",
    "gradient_sigma", "weight", "weights", "rejected", "stack_noise_adu", "snr_gain", "snr_gain_ideal", "stage_ms",
)  # fmt: skip
"""Fields that every line has; null where the sub did not come that far."""


def record(number: int, blob: Blob, outcome: Outcome, now: datetime) -> dict[str, Any]:
    """Return the ledger's line of one blob.

    Parameters
    ----------
    number : int
        Count of blobs since the agent began, or since the session did that it goes on with; from 1.
    blob : Blob
        What arrived.
    outcome : Outcome
        What became of it; its numbers are taken over.
    now : datetime
        Time of the decision (UTC).
    """
    detail = "" if isinstance(outcome, Accepted | Restarted) else outcome.detail
    spooled = blob.spooled
    line = {
        "number": number,
        "time": now.isoformat(timespec="milliseconds"),
        "received": blob.received.isoformat(timespec="milliseconds"),
        "path": str(blob.path) if blob.path is not None else "",
        "origin": blob.origin,
        "device": blob.device,
        "format": blob.suffix,
        "bytes": blob.size_bytes,
        "spooled": spooled.name if spooled else "",
        "modified_ns": spooled.modified_ns if spooled else None,
        "outcome": outcome.word,
        "reason": outcome.reason,
        "detail": detail,
        **dict.fromkeys(MEASURED),
        **outcome.numbers,
    }
    if spooled:
        line["stage_ms"] = {"spool": round(spooled.took_ms, 2), **(line["stage_ms"] or {})}
    return line


def event(word: str, now: datetime, **facts: Any) -> dict[str, Any]:
    """Return the ledger's line of what befell the stack beside its subs; `outcome` is none of a blob's."""
    return {"outcome": word, "time": now.isoformat(timespec="milliseconds"), **facts}


def raw_numbers(raw: RawFrame) -> dict[str, Any]:
    """Return what a frame itself says."""
    info = raw.info
    return {
        "fingerprint": raw.fingerprint,
        "width": raw.width,
        "height": raw.height,
        "cfa": raw.cfa or "",
        "date_obs": info.date_obs.isoformat() if info.date_obs else None,
        "exposure_s": info.exposure_s,
        "gain_setting": info.gain_setting,
        "temperature_c": info.temperature_c,
        "target": info.target,
        "filter": info.filter_name,
        "ra_deg": info.ra_deg,
        "dec_deg": info.dec_deg,
        "scale_arcsec_px": info.scale_arcsec_px,
    }


def transform_numbers(transform: Transform, frame: CalibratedFrame, scale: float | None) -> dict[str, Any]:
    """Return where a sub lies on the reference, at a plate scale (arcsec/px) where that is known."""
    dx, dy = transform.centre_shift_px(frame.width, frame.height)
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
    }


def match_numbers(match: PhotometricMatch) -> dict[str, Any]:
    """Return what brings a sub's light to the reference's."""
    return {
        "transparency": match.transparency,
        "scale": match.scale,
        "background_match": list(match.offset_adu),
        "background": match.background,
        "brightness": match.brightness,
        "compared": match.compared,
        "gradient_sigma": match.gradient_sigma,
    }


@dataclasses.dataclass(frozen=True, slots=True)
class Written:
    """Where a sub lies in the stacks, as its line says.

    Attributes
    ----------
    number : int
        Of the line.
    transform : Transform
        Sub -> reference.
    match : PhotometricMatch
        What brings its light to the reference's.
    weights : dict
        What it counts in each stack that took it.
    masters : tuple of str
        What calibrated it.
    mended : int
        Number of the sub with which the list of its bad pixels was written.
    """

    number: int
    transform: Transform
    match: PhotometricMatch
    weights: Mapping[str, float]
    masters: tuple[str, ...]
    mended: int

    @staticmethod
    def of(line: Mapping[str, Any]) -> Written:
        """Read a line of a sub that is in the stack; raise KeyError, TypeError or ValueError where it is not."""
        return Written(
            line["number"], _transform(line), _match(line), line["weights"], tuple(line["masters"]), line["mended"]
        )

    def without(self, stacks: Collection[str]) -> Written:
        """Return the same for fewer stacks."""
        weights = {name: weight for name, weight in self.weights.items() if name not in stacks}
        return dataclasses.replace(self, weights=weights)


def _transform(line: Mapping[str, Any]) -> Transform:
    bend = line["quadratic"]
    if bend is not None:
        x, y = bend["centre_px"]
        bend = Bend((x, y), bend["reach_px"], np.array(bend["coefficients"], np.float64))
    return Transform(np.array(line["transform"], np.float64), line["matched"], line["rms_px"], bend)


def _match(line: Mapping[str, Any]) -> PhotometricMatch:
    surfaces = tuple(tuple(surface) for surface in line["background"])
    compared, sigma = line["compared"], line["gradient_sigma"]
    return PhotometricMatch(line["scale"], surfaces, line["transparency"], line["brightness"], compared, sigma)


def describe(line: dict[str, Any]) -> str:
    """Return a ledger line in words: name, why, stars, FWHM, shift, rms, weight, milliseconds."""
    words = [f"{line['number']:4d} {Path(line['path'] or line['origin']).name}"]
    if line["reason"]:
        words.append(f"{line['reason']}: {line['detail']}" if line["detail"] else line["reason"])
    if line.get("stars") is not None:
        words.append(f"{line['stars']} stars")
    if line.get("fwhm_px") and math.isfinite(line["fwhm_px"]):
        words.append(f"FWHM {line['fwhm_px']:.2f} px")
    if line.get("shift_px"):
        dx, dy = line["shift_px"]
        words.append(f"shift {dx:+.1f} {dy:+.1f} px {line['rotation_deg']:+.2f} deg, rms {line['rms_px']:.2f} px")
    if line.get("transparency") is not None:
        words.append(f"transparency {line['transparency']:.2f}")
    if line.get("weight") is not None:
        words.append(f"weight {line['weight']:.2f}")
    words.append(f"{sum((line['stage_ms'] or {}).values()):.0f} ms")
    return "  ".join(words)
