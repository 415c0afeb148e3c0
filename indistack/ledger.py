"""The append-only record of a session: one JSON line per blob, and a folder per stack."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from indistack.errors import StackError
from indistack.frame import Accepted, Blob, CalibratedFrame, Match, Outcome, RawFrame, Restarted, Transform

MAX_NAME = 40
"""Characters of a target's name that go into a folder's name."""

DIGITS = 12
"""Of a number: the last row of a projective transform is of the order of 1e-8 and acts on thousands of pixels."""

MEASURED = (
    "stars", "fwhm_px", "hfr_px", "eccentricity", "trailing", "background_adu", "noise_adu", "saturated", "snr",
    "transform", "quadratic", "align_method", "align_reason", "score", "matched", "rms_px", "error_px",
    "corner_error_px", "shift_px", "shift_arcsec", "rotation_deg", "transparency", "scale",
    "background_match", "gradient_sigma", "weight", "rejected", "stage_ms",
)  # fmt: skip
"""Fields that every line has; null where the sub did not come that far."""


def record(number: int, blob: Blob, outcome: Outcome, now: datetime) -> dict[str, Any]:
    """Return the ledger's line of one blob.

    Parameters
    ----------
    number : int
        Count of blobs since the agent began, from 1.
    blob : Blob
        What arrived.
    outcome : Outcome
        What became of it; its numbers are taken over.
    now : datetime
        Time of the decision (UTC).
    """
    detail = "" if isinstance(outcome, Accepted | Restarted) else outcome.detail
    return {
        "number": number,
        "time": now.isoformat(timespec="milliseconds"),
        "received": blob.received.isoformat(timespec="milliseconds"),
        "path": str(blob.path) if blob.path is not None else "",
        "origin": blob.origin,
        "device": blob.device,
        "format": blob.suffix,
        "bytes": blob.size_bytes,
        "outcome": outcome.word,
        "reason": outcome.reason,
        "detail": detail,
        **dict.fromkeys(MEASURED),
        **outcome.numbers,
    }


def dump(value: Mapping[str, Any], indent: int | None = None) -> str:
    """Return strict JSON; NumPy numbers become numbers, what is not finite becomes null."""
    return json.dumps(_plain(value), indent=indent, allow_nan=False)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    return value


def raw_numbers(raw: RawFrame) -> dict[str, Any]:
    """Return what a frame itself says."""
    info = raw.info
    return {
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


def transform_numbers(transform: Transform, frame: CalibratedFrame) -> dict[str, Any]:
    """Return where a sub lies on the reference."""
    dx, dy = transform.centre_shift_px(frame.width, frame.height)
    scale = frame.info.scale_arcsec_px
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
        "drift_px": math.hypot(dx, dy),
        "rotation_deg": transform.rotation_deg,
    }


def match_numbers(match: Match) -> dict[str, Any]:
    """Return what brings a sub's light to the reference's."""
    return {
        "transparency": match.transparency,
        "scale": match.scale,
        "background_match": list(match.offset_adu),
        "compared": match.compared,
        "gradient_sigma": match.gradient_sigma,
    }


class Ledger:
    """Appends lines to ``ledger.jsonl``; each survives a power cut once `append` has returned.

    Parameters
    ----------
    folder : Path
        The session's folder, made if missing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "ledger.jsonl"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a", encoding="utf-8")
        except OSError as error:
            raise StackError(f"{self.path}: {error.strerror}") from error

    def append(self, line: Mapping[str, Any]) -> None:
        """Write one line and wait until it is on the disk."""
        try:
            self._file.write(dump(line) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise StackError(f"{self.path}: {error.strerror}") from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def session_name(started: datetime, target: str, number: int) -> str:
    """Return a folder name with start time (UTC), target and number: ``20240106-213005_M42_001``."""
    ascii_name = unicodedata.normalize("NFKD", target).encode("ascii", "ignore").decode()
    words = re.sub(r"[^A-Za-z0-9+-]+", "-", ascii_name).strip("-")[:MAX_NAME] or "unnamed"
    return f"{started.astimezone(UTC):%Y%m%d-%H%M%S}_{words}_{number:03d}"


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
