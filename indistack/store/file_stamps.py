"""Recognises files that have a line in a ledger."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from indistack.sources import stamp_of
from indistack.values.sub_report import SubReport


class FileStamps:
    """Recognises files that have been dealt with.

    Parameters
    ----------
    reports : iterable of SubReport
        Of a ledger.
    """

    def __init__(self, reports: Iterable[SubReport]) -> None:
        arrivals = (report.arrival for report in reports)
        self._modified_ns = {arrival.path: arrival.modified_ns for arrival in arrivals if arrival is not None}

    def has(self, path: Path) -> bool:
        """Tell whether the file that is there now has a line."""
        known, stamp = self._modified_ns.get(str(path)), stamp_of(path)
        return known is not None and stamp is not None and stamp.modified_ns == known
