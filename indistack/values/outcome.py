"""What became of a blob: exactly one of these, always."""

from __future__ import annotations

from dataclasses import dataclass

from indistack.values.sub_report import SubReport

EMPTY = SubReport()


@dataclass(frozen=True, slots=True)
class Accepted:
    """The sub was added to the stack."""

    report: SubReport = EMPTY
    reason: str = ""
    word = "accepted"


@dataclass(frozen=True, slots=True)
class Refused:
    """The sub was not used, and why."""

    reason: str
    report: SubReport = EMPTY
    detail: str = ""
    word = "refused"


@dataclass(frozen=True, slots=True)
class Restarted:
    """The old stack was kept, and the sub is the first of a new one."""

    reason: str
    report: SubReport = EMPTY
    detail: str = ""
    word = "restarted"


@dataclass(frozen=True, slots=True)
class Filed:
    """A calibration frame was taken into the library; `reason` is its kind."""

    reason: str
    report: SubReport = EMPTY
    detail: str = ""
    word = "filed"


Outcome = Accepted | Refused | Restarted | Filed
