"""The append-only record of a session: one JSON line per blob, and a folder per stack."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import json
import math
import os
import re
import unicodedata
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from indistack.errors import StackError
from indistack.frame import Blob, CalibratedFrame, Match, RawFrame
from indistack.geometry import Bend, Transform
from indistack.outcome import Accepted, Outcome, Restarted

LEDGER = "ledger.jsonl"

MAX_NAME = 40
"""Characters of a target's name that go into a folder's name."""

DIGITS = 12
"""Of a number: the last row of a projective transform is of the order of 1e-8 and acts on thousands of pixels."""

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


def match_numbers(match: Match) -> dict[str, Any]:
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
    match : Match
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
    match: Match
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


def _match(line: Mapping[str, Any]) -> Match:
    surfaces = tuple(tuple(surface) for surface in line["background"])
    compared, sigma = line["compared"], line["gradient_sigma"]
    return Match(line["scale"], surfaces, line["transparency"], line["brightness"], compared, sigma)


class Ledger:
    """Appends lines to ``ledger.jsonl``; each survives a power cut once `append` has returned.

    Parameters
    ----------
    folder : Path
        The session's folder, made if missing. A ledger that is there goes on after its last whole line.

    Attributes
    ----------
    lines : int
        How many there are.
    late : list
        Lines that the disk has not taken; they are written before the next one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / LEDGER
        self.late: list[Mapping[str, Any]] = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("ab+", buffering=0)
            self._end = self._whole_bytes()
            self._file.truncate(self._end)
        except OSError as error:
            raise StackError(f"{self.path}: {error.strerror}") from error

    def append(self, line: Mapping[str, Any]) -> None:
        """Write one line and wait until it is on the disk.

        Raises
        ------
        StackError
            The disk does not take it, now; the line is kept for the next time.
        """
        self.late.append(line)
        data = "".join(dump(each) + "\n" for each in self.late).encode()
        try:
            self._write(data)
        except OSError as error:
            with contextlib.suppress(OSError):
                self._file.truncate(self._end)
            raise StackError(f"{self.path}: {error.strerror}") from error
        self._end += len(data)
        self.lines += len(self.late)
        self.late.clear()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, data: bytes) -> None:
        written = self._file.write(data)
        if written != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(self._file.fileno())

    def _whole_bytes(self) -> int:
        """Return where the last whole line ends, and count them."""
        self._file.seek(0)
        data = self._file.read()
        self.lines = data.count(b"\n")
        return data.rfind(b"\n") + 1


def read_lines(folder: Path) -> list[dict[str, Any]]:
    """Return a ledger's lines; {} for a damaged one. A last line that a power cut has torn is left out.

    Raises
    ------
    StackError
        There is none, or it cannot be read.
    """
    try:
        data = (folder / LEDGER).read_bytes()
    except OSError as error:
        raise StackError(f"{folder / LEDGER}: {error.strerror}") from error
    return [_parsed(text) for text in data[: data.rfind(b"\n") + 1].split(b"\n")[:-1]]


def _parsed(text: bytes) -> dict[str, Any]:
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return line if isinstance(line, dict) else {}


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
