"""Whether a stack has reached what it is to reach, as its status tells, and what is done then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def has_snr(status: Mapping[str, Any]) -> bool:
    """Tell whether the stars' signal to noise is what is wanted."""
    snr = status.get("snr") or {}
    value, target = snr.get("value"), snr.get("target")
    return value is not None and target is not None and value >= target


class GoalWatch:
    """Sees every status, and does something once when a stack has reached its goal.

    Parameters
    ----------
    exposure_s : float or None
        All its subs' exposure that is wanted.
    reached : callable
        What is done; must not wait.
    """

    def __init__(self, exposure_s: float | None, reached: Callable[[], None]) -> None:
        self._exposure_s = exposure_s
        self._reached = reached
        self._was_reached = False

    def look(self, status: Mapping[str, Any]) -> None:
        """See a status."""
        has_light = self._exposure_s is not None and status.get("exposure_s", 0.0) >= self._exposure_s
        is_reached = has_snr(status) or has_light
        if is_reached and not self._was_reached:
            self._reached()
        self._was_reached = is_reached
