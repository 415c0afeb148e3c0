"""Follows the ledger of a session as it grows: the facts of each sub that the page tells."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from indistack.faces.web.plain import without_folders
from indistack.store.last_status import SESSIONS

LEDGER = "ledger.jsonl"
SESSION_NAME = re.compile(r"\d{8}-\d{6}_[^/\x00]{1,120}_\d{3,9}")

MOST_LINES = 5_000
"""Subs that are remembered; older ones are in the ledger."""
MOST_BYTES = 8_000_000
"""Read at once."""

MOST_STAGES = 12

FACTS = (
    "number", "time", "outcome", "reason", "detail", "stars", "fwhm_px", "hfr_px", "eccentricity", "background_adu",
    "noise_adu", "transparency", "weight", "shift_px", "rotation_deg", "rms_px", "drift_px", "exposure_s", "target",
    "filter", "temperature_c", "stack_noise_adu", "snr_gain", "n_subs", "align_method",
)  # fmt: skip
"""What is told of a sub."""

STACKED, REFUSED = ("accepted", "restarted"), "refused"
"""Words of outcomes; their own module loads array libraries, which a page does without."""
FATES = {"removed": "removed", "readmitted": "", "lost": "lost"}
"""What befell a sub after it was stacked."""


class LedgerTail:
    """The subs of the session that is followed.

    Parameters
    ----------
    output : Path
        The agent's output folder.

    Attributes
    ----------
    subs : list
        Facts of each, oldest first.
    changed : int
        Grows when something has befallen a sub that is told already.
    """

    def __init__(self, output: Path) -> None:
        self._output = output
        self._session = ""
        self._offset = 0
        self._file_number = 0
        self.subs: list[dict[str, Any]] = []
        self.changed = 0

    def follow(self, session: object) -> None:
        """Read what has been added to a session's ledger; a name that is no session's shows nothing."""
        name = session if isinstance(session, str) and SESSION_NAME.fullmatch(session) else ""
        if name != self._session:
            self._begin(name)
        if not name:
            return
        try:
            with (self._output / SESSIONS / name / LEDGER).open("rb") as file:
                found = os.fstat(file.fileno())
                if found.st_ino != self._file_number or found.st_size < self._offset:
                    self._begin(name)
                    self._file_number = found.st_ino
                file.seek(self._offset)
                data = file.read(MOST_BYTES)
        except OSError:
            return
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        for text in whole.splitlines():
            self._take(text)
        del self.subs[:-MOST_LINES]

    @property
    def refused_in_a_row(self) -> list[dict[str, Any]]:
        """The newest subs, where they were refused one after the other; newest first."""
        row: list[dict[str, Any]] = []
        for sub in reversed(self.subs):
            if sub["outcome"] != REFUSED:
                break
            row.append(sub)
        return row

    def _begin(self, name: str) -> None:
        self._session, self._offset, self._file_number, self.subs = name, 0, 0, []

    def _take(self, text: bytes) -> None:
        try:
            line = json.loads(text)
        except (ValueError, RecursionError):
            return
        if not isinstance(line, dict):
            return
        word = line.get("outcome")
        if word in (*STACKED, REFUSED):
            self.subs.append(facts_of(line))
        elif word in FATES:
            self.changed += 1
            for sub in self.subs:
                if sub["number"] == line.get("number"):
                    sub["fate"] = FATES[word]


def facts_of(line: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the page tells of a ledger's line; bounded in size, whatever the line holds."""
    facts = {name: line[name] for name in FACTS if _is_fact(line.get(name))}
    return {name: without_folders(value) if isinstance(value, str) else value for name, value in facts.items()} | {
        "number": line.get("number") if isinstance(line.get("number"), int) else 0,
        "outcome": line["outcome"],
        "fate": "",
        **_stages(line.get("stage_ms")),
    }


def _stages(told: object) -> dict[str, dict[str, float]]:
    """Return what the steps took (ms), where that is told."""
    found = list(told.items())[:MOST_STAGES] if isinstance(told, dict) else []
    took = {name[:20]: round(value, 1) for name, value in found if is_finite(value)}
    return {"stage_ms": took} if took else {}


def _is_fact(value: object) -> bool:
    if isinstance(value, list):
        return len(value) <= 4 and all(is_finite(one) for one in value)
    return isinstance(value, str) or is_finite(value)


def is_finite(value: object) -> bool:
    """Tell whether a value out of a file is a number that JSON knows."""
    return isinstance(value, int | float) and math.isfinite(value)
