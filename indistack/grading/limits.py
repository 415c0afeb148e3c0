"""A number of a sub against a limit, and what is said where it is beyond."""

from __future__ import annotations

from indistack.errors import FrameError

HARDLY_CLOUDS = 0.1
"""Share of the starlight; of a sub that shows so little of it hardly any star is found, where it is clouds."""


def at_most(reason: str, what: str, value: float, limit: float | None) -> None:
    """Raise `FrameError` where the value is beyond the limit; NaN is not."""
    if limit is not None and value > limit:
        raise FrameError(reason, f"{what}: {value:.4g}, at most {limit:.4g}", {"limit": limit})


def at_least(reason: str, what: str, value: float, limit: float) -> None:
    """Raise `FrameError` where the value is below the limit; NaN is not."""
    if value < limit:
        raise FrameError(reason, f"{what}: {value:.4g}, at least {limit:.4g}", {"limit": limit})


def not_clouds(transparency: float) -> str:
    """Say what else may have dimmed all stars of a sub that much, "" where clouds may."""
    return " (or another gain, exposure or depth than its header says)" if transparency < HARDLY_CLOUDS else ""
