"""What the doctor says of one thing."""

from __future__ import annotations

from dataclasses import dataclass

GOOD, WARN, BAD = "ok", "warn", "BAD"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    mark: str
    subject: str
    text: str
