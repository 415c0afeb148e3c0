"""Writes which settings change while an agent runs: `python scripts/live_settings.py`.

The file tells faces, which load no settings model, what the models know of them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from indistack.config import Config
from indistack.enhance.looks import AUTO, LOOKS
from indistack.settings import facts_of

FILE = Path(__file__).parents[1] / "indistack" / "commands" / "live_settings.json"

LOOK = "picture.operators"
"""A list of words, of which some are looks."""

LABELS: dict[str, tuple[str, str]] = {
    "stack.method": ("Method", "again"),
    "stack.kappa_low": ("Rejection below", "again"),
    "stack.kappa_high": ("Rejection above", "again"),
    "stack.winsorize": ("Pull outliers in", "again"),
    "picture.operators": ("Look", "picture"),
    "picture.sky": ("Sky's brightness", "picture"),
    "picture.black": ("Black below the sky", "picture"),
    "picture.white": ("Pixels below white", "picture"),
    "picture.saturation": ("Saturation", "picture"),
    "picture.crop_coverage": ("Crop to coverage", "picture"),
    "picture.max_side_px": ("Picture's side", "picture"),
    "publish.interval_s": ("Publish every", "picture"),
    "publish.duty": ("Share of time for files", "picture"),
    "drift.enabled": ("New stack by itself", "next sub"),
    "drift.limit": ("Drift limit", "next sub"),
    "quality.enabled": ("Refuse bad subs", "next sub"),
    "quality.min_stars": ("Least stars", "next sub"),
    "quality.min_transparency": ("Least transparency", "next sub"),
    "quality.max_fwhm_ratio": ("Greatest FWHM ratio", "next sub"),
    "quality.max_eccentricity": ("Greatest eccentricity", "next sub"),
    "quality.weight": ("Weights", "next sub"),
    "calibrate.enabled": ("Calibration", "next sub"),
    "calibrate.learn": ("Learn calibration frames", "next sub"),
    "goal.snr": ("Target SNR", "picture"),
}
"""Setting -> what stands beside its control, and from when on it acts."""


def table() -> str:
    """Return the file's text."""
    told = {name: {"label": label, "acts": acts, **_facts(name)} for name, (label, acts) in LABELS.items()}
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


def _facts(name: str) -> dict[str, Any]:
    facts = facts_of(Config, name)
    return facts | {"choices": [AUTO, *LOOKS]} if name == LOOK else facts


if __name__ == "__main__":
    FILE.write_text(table(), encoding="utf-8")
