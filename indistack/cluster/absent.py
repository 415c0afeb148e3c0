"""Frames whose pixels are on another machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from indistack.cluster.bench import Sight
from indistack.photometry.sky import sky_levels
from indistack.session.filter_stack import MeasuredSub
from indistack.values.frame import CalibratedFrame, DoubleArray, RawFrame, hollow

Levels = Callable[[DoubleArray], DoubleArray]
"""Asks a worker for what `sky_levels` gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsentRaw(RawFrame):
    """A frame as recorded; its `pixels` have shape and type, and no memory.

    Attributes
    ----------
    path : Path
        Its file.
    seen : MeasuredSub or None
        What a worker has seen in it; None where it is no light.
    """

    path: Path
    seen: MeasuredSub | None

    @staticmethod
    def of(sight: Sight, path: Path) -> AbsentRaw:
        """Make one of what a worker tells."""
        known = _fields(RawFrame, sight.raw) | {"pixels": hollow(sight.shape, sight.raw.pixels.dtype)}
        return AbsentRaw(**known, path=path, seen=sight.seen)


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsentFrame(CalibratedFrame):
    """A calibrated frame that a worker can make again; its `pixels` have shape and type, and no memory.

    Attributes
    ----------
    path : Path
        Its file.
    seen : MeasuredSub
        What a worker has seen in it.
    levels : callable
        Asks the worker for its sky.
    """

    path: Path
    seen: MeasuredSub
    levels: Levels

    @staticmethod
    def of(raw: AbsentRaw, levels: Levels) -> AbsentFrame:
        """Make one of a light."""
        assert raw.seen is not None
        frame = raw.seen.frame
        known = _fields(CalibratedFrame, frame) | {"pixels": hollow(raw.pixels.shape, frame.pixels.dtype)}
        return AbsentFrame(**known, path=raw.path, seen=raw.seen, levels=levels)


def _fields(kind: type[RawFrame | CalibratedFrame], frame: Any) -> dict[str, Any]:
    return {field.name: getattr(frame, field.name) for field in fields(kind)}


@sky_levels.register
def _(frame: AbsentFrame, xy: DoubleArray) -> DoubleArray:
    return frame.levels(xy)
