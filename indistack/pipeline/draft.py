"""The report of a sub that is still on its way."""

from __future__ import annotations

import dataclasses
from contextlib import AbstractContextManager
from typing import Any

from indistack.system.stage_times import StageTimes, timed
from indistack.values.blob import Blob
from indistack.values.sub_parts import Arrival, UsedMasters
from indistack.values.sub_report import SubReport


class Draft:
    """Gets a part from every step, so that what was found stays known where a later step refuses the sub.

    Parameters
    ----------
    blob : Blob
        What has arrived.

    Attributes
    ----------
    times : dict
        Milliseconds by step.
    """

    def __init__(self, blob: Blob) -> None:
        self.times: StageTimes = {}
        self._report = SubReport(Arrival.of(blob), times=self.times)

    @property
    def report(self) -> SubReport:
        """What is known by now; its times are a copy."""
        return dataclasses.replace(self._report, times=dict(self.times))

    def note(self, **parts: Any) -> None:
        """Fill in parts of the report, by the names that they have there."""
        self._report = dataclasses.replace(self._report, **parts)

    def warn(self, warning: str) -> None:
        """Note a doubt about the sub beside those that there are."""
        masters = self._report.masters or UsedMasters()
        self.note(masters=dataclasses.replace(masters, warnings=(*masters.warnings, warning)))

    def timed(self, step: str) -> AbstractContextManager[None]:
        """Note how long a step takes, also where it fails."""
        return timed(self.times, step)
