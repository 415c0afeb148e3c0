"""Tells of refocusing, dew and clouds while the night goes on: what the subs' reports say, as hints."""

from __future__ import annotations

import logging
import math
from typing import Any

from indistack.grading.night_hints import NightHints, Reading
from indistack.values.outcome import Filed, Restarted
from indistack.values.sub_report import SubReport

log = logging.getLogger(__name__)

HALF_TURN_DEG = 90.0
"""A frame that is turned by more was taken on the other side of the pier."""


class NightWatch:
    """Follows the reports of a night; each hint is logged once."""

    def __init__(self) -> None:
        self._hints = NightHints()
        self._logged: set[tuple[str, int]] = set()
        self._side = ""

    def add(self, report: SubReport, quiet: bool = False) -> None:
        """Know one more sub; `quiet` where another run has told of it."""
        if report.decision is None or report.word == Filed.word:
            return
        if report.word == Restarted.word:
            self._hints.begin_anew()
        if report.place is not None:
            self._side = "other" if abs(report.place.transform.rotation_deg) > HALF_TURN_DEG else ""
        self._hints.add(self._reading(report))
        for hint in self._hints.told():
            if (hint.kind, hint.since) not in self._logged:
                self._logged.add((hint.kind, hint.since))
                log.log(logging.DEBUG if quiet else logging.WARNING, "%s", hint.text)

    def told(self) -> list[dict[str, Any]]:
        """Return the hints that hold, for the status: ``kind``, ``since``, ``text``."""
        return [{"kind": hint.kind, "since": hint.since, "text": hint.text} for hint in self._hints.told()]

    def _reading(self, report: SubReport) -> Reading:
        assert report.decision is not None, "it is asked before"
        stars, match = report.stars, report.photometry
        clear = match.transparency if match is not None else None
        return Reading(
            report.number,
            report.decision.time.timestamp(),
            (report.frame.filter_name if report.frame is not None else "", self._side),
            stars.fwhm_px if stars is not None else math.nan,
            clear if clear is not None else math.nan,
            stars.background_adu if stars is not None else math.nan,
            report.reason if report.word != Restarted.word else "",
        )
