"""Made-up tracks and ledgers with known drift, periodic error, dithers and noise."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from indistack.report.track import Track

START = datetime(2024, 8, 10, 23, 50, tzinfo=UTC)
CADENCE_S = 10.0


def track(
    n: int = 200,
    drift_px_min: tuple[float, float] = (0.6, -0.3),
    worm_px: float = 0.0,
    period_s: float = 240.0,
    dither_every: int = 0,
    noise_px: float = 0.2,
    flip_at: int | None = None,
    seed: int = 1,
) -> Track:
    """A mount's night: the worm moves it along 30 degrees."""
    rng = np.random.default_rng(seed)
    sub = np.arange(n)
    time_s = CADENCE_S * sub
    xy = time_s[:, None] / 60 * np.array(drift_px_min) + rng.normal(0, noise_px, (n, 2))
    along = np.array([np.cos(np.radians(30)), np.sin(np.radians(30))])
    xy += worm_px * np.sin(2 * np.pi * time_s / period_s + 0.4)[:, None] * along
    if dither_every:
        xy += rng.uniform(-12, 12, (n // dither_every + 1, 2))[sub // dither_every]
    side = np.zeros(n, np.intp) if flip_at is None else (sub >= flip_at).astype(np.intp)
    xy += side[:, None] * (40.0, -25.0)
    return Track(sub, time_s, xy, 0.5 * time_s / 3600 + rng.normal(0, 0.002, n), side, 2.0)


def line(number: int, x: float = 0.0, y: float = 0.0, **changes: Any) -> dict[str, Any]:
    """A ledger line of a sub in the stack."""
    begin = START + timedelta(seconds=CADENCE_S * (number - 1))
    return {
        "number": number, "received": begin.isoformat(), "date_obs": begin.isoformat(), "outcome": "accepted",
        "reason": "", "detail": "", "exposure_s": 8.0, "target": "M 31", "shift_px": [x, y], "rotation_deg": 0.0,
        "scale_arcsec_px": 2.0, "dec_deg": 41.0, "stars": 100 + number % 3, "fwhm_px": 3.0, "hfr_px": 1.8,
        "transparency": 1.0, "background_adu": 500.0, "noise_adu": 10.0, "scale": 1.0, "weight": 1.0, "trailing": 0.1,
    } | changes  # fmt: skip


def refused(number: int, reason: str, **changes: Any) -> dict[str, Any]:
    """A ledger line of a sub that came to nothing."""
    nothing = {
        "detail": f"{reason} <&>",
        "shift_px": None,
        "rotation_deg": None,
        "weight": None,
        "transparency": None,
        "scale": None,
    }
    return line(number, outcome="refused", reason=reason, **nothing | changes)


def write_ledger(folder: Path, *lines: dict[str, Any] | str) -> Path:
    """Write a session's ledger; text goes in as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = [one if isinstance(one, str) else json.dumps(one) for one in lines]
    (folder / "ledger.jsonl").write_text("\n".join(texts) + "\n")
    return folder
