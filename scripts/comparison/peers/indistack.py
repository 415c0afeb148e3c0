"""indistack, run as a user would."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from comparison.night import Files
from comparison.peers.base import Answer, read_picture
from indistack.stack import METHODS


@dataclass(frozen=True)
class Indistack:
    """`indistack stack` with one of its methods."""

    method: str
    jobs: int = 2

    @property
    def name(self) -> str:
        """Of the row."""
        return f"indistack {self.method}"

    def missing(self) -> str:
        """A method may be newer than the checkout."""
        return "" if self.method in METHODS else f"there is no method {self.method} yet"

    def command(self, files: Files, folder: Path) -> Sequence[str | Path]:
        """The subs as arguments, the masters by their options."""
        command: list[str | Path] = [sys.executable, "-m", "indistack", "stack", *files.subs, "--method", self.method]
        command += ["--dark", files.dark, "--flat", files.flat, "--jobs", str(self.jobs)]
        return [*command, "-o", folder / "stack.fits", "--report", folder / "report.json"]

    def answer(self, folder: Path) -> Answer:
        """The picture, and the weights from the report."""
        subs = json.loads((folder / "report.json").read_text())["subs"]
        refused = [f"refused {Path(sub['path']).name}: {sub['reason']}" for sub in subs if sub["outcome"] != "accepted"]
        weights = [sub.get("weight") or 0.0 for sub in subs]
        return Answer(read_picture(folder / "stack.fits"), weights, "; ".join(refused))
