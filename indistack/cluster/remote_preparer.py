"""Subs that the workers of a cluster prepare, and whose pixels stay with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from indistack.cluster.base import Cluster, SeenSub
from indistack.errors import FrameError
from indistack.photometry.sky import sky_levels
from indistack.session.filter_stack import MeasuredSub
from indistack.values.blob import Blob
from indistack.values.frame import CalibratedFrame, DoubleArray, RawFrame, hollow
from indistack.values.outcome import Refused

SkyLevelsAt = Callable[[DoubleArray], DoubleArray]
"""Asks a worker for what `sky_levels` gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteRaw(RawFrame):
    """A frame as recorded; its `pixels` have shape and type, and no memory.

    Attributes
    ----------
    path : Path
        Its file.
    seen : MeasuredSub, Refused or None
        What a worker has seen in it; None where it is no light.
    """

    path: Path
    seen: MeasuredSub | Refused | None

    @staticmethod
    def of(sub: SeenSub, path: Path) -> RemoteRaw:
        """Make one of what a worker tells."""
        known = _fields(RawFrame, sub.raw) | {"pixels": hollow(sub.shape, sub.raw.pixels.dtype)}
        return RemoteRaw(**known, path=path, seen=sub.seen)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFrame(CalibratedFrame):
    """A calibrated frame that a worker can make again; its `pixels` have shape and type, and no memory.

    Attributes
    ----------
    path : Path
        Its file.
    seen : MeasuredSub
        What a worker has seen in it.
    sky : callable
        Asks the worker for its sky.
    """

    path: Path
    seen: MeasuredSub
    sky: SkyLevelsAt

    @staticmethod
    def of(raw: RemoteRaw, seen: MeasuredSub, sky: SkyLevelsAt) -> RemoteFrame:
        """Make one of a light."""
        known = _fields(CalibratedFrame, seen.frame)
        known |= {"pixels": hollow(raw.pixels.shape, seen.frame.pixels.dtype)}
        return RemoteFrame(**known, path=raw.path, seen=seen, sky=sky)


class RemotePreparer:
    """The workers of a cluster prepare subs; see `Preparer`.

    Parameters
    ----------
    cluster : Cluster
        The workers.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def decode(self, blob: Blob) -> RawFrame:
        """See `Preparer.decode`: waits until the workers have done all steps."""
        path = Path(blob.origin)
        sub = self._cluster.seen(path)
        if isinstance(sub, Refused):
            raise _error(sub)
        return RemoteRaw.of(sub, path)

    def calibrate(self, raw: RawFrame) -> CalibratedFrame:
        """See `Preparer.calibrate`."""
        assert isinstance(raw, RemoteRaw)
        assert raw.seen is not None, "else it is no light"
        if isinstance(raw.seen, Refused):
            raise _error(raw.seen)
        return RemoteFrame.of(raw, raw.seen, partial(self._cluster.sky, raw.path))

    def find_stars(self, frame: CalibratedFrame) -> MeasuredSub:
        """See `Preparer.find_stars`."""
        assert isinstance(frame, RemoteFrame)
        return replace(frame.seen, frame=frame)


def _error(refused: Refused) -> FrameError:
    return FrameError(refused.reason, refused.detail, refused.report.figures)


def _fields(kind: type[RawFrame | CalibratedFrame], frame: Any) -> dict[str, Any]:
    return {field.name: getattr(frame, field.name) for field in fields(kind)}


@sky_levels.register
def _(frame: RemoteFrame, xy: DoubleArray) -> DoubleArray:
    return frame.sky(xy)
