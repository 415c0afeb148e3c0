"""What became of a blob: exactly one of these, always."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Accepted:
    """The sub was added to the stack."""

    numbers: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    word = "accepted"


@dataclass(frozen=True, slots=True)
class Refused:
    """The sub was not used, and why."""

    reason: str
    numbers: Mapping[str, Any] = field(default_factory=dict)
    detail: str = ""
    word = "refused"


@dataclass(frozen=True, slots=True)
class Restarted:
    """The old stack was kept, and the sub is the first of a new one."""

    reason: str
    numbers: Mapping[str, Any] = field(default_factory=dict)
    word = "restarted"


@dataclass(frozen=True, slots=True)
class Filed:
    """A calibration frame was taken into the library; `reason` is its kind."""

    reason: str
    numbers: Mapping[str, Any] = field(default_factory=dict)
    detail: str = ""
    word = "filed"


Outcome = Accepted | Refused | Restarted | Filed
