"""seiza's live stacker (PyPI), fed sub by sub."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from comparison.night import Files
from comparison.peers.base import Answer, read_picture

PROGRAM = Path(__file__).with_name("seiza_program.py")


@dataclass(frozen=True)
class Seiza:
    """One choice of its options; those not named are its own."""

    name: str
    options: dict[str, str] = field(default_factory=dict)

    def missing(self) -> str:
        """It comes with the benchmark's requirements where it has a wheel."""
        return "" if find_spec("seiza") else "not installed: pip install seiza"

    def command(self, files: Files, folder: Path) -> Sequence[str | Path]:
        """A program of its own; isolated, or its folder's seiza.py would hide the package."""
        return [sys.executable, "-I", PROGRAM, json.dumps(self.options), files.dark, files.flat, folder, *files.subs]

    def answer(self, folder: Path) -> Answer:
        """The picture, and the subs' weights relative to the first one's if it gave weights."""
        weights = json.loads((folder / "weights.json").read_text())
        refused = [f"refused sub {number}" for number, weight in enumerate(weights) if weight is None]
        known = [weight or 0.0 for weight in weights] if "weighting" in self.options else None
        return Answer(read_picture(folder / "stack.fits"), known, "; ".join(refused))
