"""What is asked of a cluster, and what passes between its workers and the process that judges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from indistack.raster.tiles import Sampling
from indistack.session.filter_stack import MeasuredSub
from indistack.stack import BranchSettings, Extent, Tally
from indistack.values.frame import CalibratedFrame, DoubleArray, IndexArray, PixelArray, RawFrame
from indistack.values.grid import StackGrid
from indistack.values.outcome import Refused
from indistack.values.star_list import PhotometricMatch
from indistack.values.transform import Transform

Memory = tuple[dict[str, Any], dict[str, PixelArray]]
"""What a calibrator has learned; see `Calibrator.memory`."""


@dataclass(frozen=True, slots=True)
class CalibratedSub:
    """A sub as a worker has calibrated it.

    Attributes
    ----------
    raw : RawFrame
        As recorded; without its pixels.
    shape : tuple of int
        Of these.
    frame : CalibratedFrame, Refused or None
        None where it is no light.
    memory : tuple
        What the calibrator knows after it.
    """

    raw: RawFrame
    shape: tuple[int, ...]
    frame: CalibratedFrame | Refused | None
    memory: Memory


@dataclass(frozen=True, slots=True)
class SeenSub:
    """A sub as a worker has seen it.

    Attributes
    ----------
    raw, shape
        As of `CalibratedSub`.
    seen : MeasuredSub, Refused or None
        None where it is no light.
    """

    raw: RawFrame
    shape: tuple[int, ...]
    seen: MeasuredSub | Refused | None

    def outline(self) -> SeenSub:
        """Return it without any pixels of the sub."""
        if not isinstance(self.seen, MeasuredSub):
            return self
        frame = replace(self.seen.frame, pixels=np.empty(0, self.seen.frame.pixels.dtype), bad=None)
        return replace(self, seen=replace(self.seen, frame=frame))


@dataclass(frozen=True, slots=True)
class SubToStack:
    """A sub that is to be stacked.

    Attributes
    ----------
    path : Path
        Its file.
    mended : array
        Flat indices of its bad pixels, as they were found when it was seen.
    places : mapping
        Its place, light and weight in each stack that takes it.
    """

    path: Path
    mended: IndexArray
    places: Mapping[str, tuple[Transform, PhotometricMatch, float]]


@dataclass(frozen=True, slots=True)
class StackTask:
    """A part of the work on some stacks: some subs, or a band of the canvas.

    Attributes
    ----------
    branches : mapping
        Name -> settings of the stacks.
    grid, sampling, extent, exact
        As in `StackSetup`.
    subs : sequence of SubToStack
        What is stacked, in order.
    """

    branches: Mapping[str, BranchSettings]
    grid: StackGrid
    sampling: Sampling
    extent: Extent
    subs: Sequence[SubToStack]
    exact: bool


@dataclass(frozen=True, slots=True)
class PartialStack:
    """The state of one stack that came of a task."""

    planes: Mapping[str, PixelArray]
    tally: Tally


class Cluster(Protocol):
    """Machines that work for this process."""

    def seen(self, path: Path) -> SeenSub | Refused:
        """Return what has been seen of a sub, without its pixels."""

    def sky(self, path: Path, xy: DoubleArray) -> DoubleArray:
        """Return the sky of a sub at some places; see `sky_levels`."""

    def stack(self, tasks: Sequence[StackTask]) -> Iterator[dict[str, PartialStack]]:
        """Return what came of some tasks, by the stacks' names, in order."""

    def n_workers(self) -> int:
        """Return how many workers there are."""
