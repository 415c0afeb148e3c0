"""What all stacks of a session share, and how fine their grid may be on this machine."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from indistack.config import Config, stacks_of
from indistack.debayer import DEBAYERS
from indistack.errors import FrameError
from indistack.raster.tiles import Sampling
from indistack.session.stacker import LocalStacker, Stacker
from indistack.settings import built
from indistack.stack import METHODS, BranchSettings, Extent, StackSettings
from indistack.system.resources import available_bytes, resident_bytes
from indistack.system.workers import Workers
from indistack.values.frame import CalibratedFrame
from indistack.values.grid import StackGrid
from indistack.values.star_list import Scene
from indistack.values.transform import Transform

log = logging.getLogger(__name__)

FULL_SCALE_ADU = 65535.0
"""Where the camera does not tell at which value it clips."""

RESERVE_BYTES = 150_000_000
"""Left to the system and to what else runs beside us."""

FULL, HALF_DEBAYER = "full", "superpixel"
"""The rung where nothing lacks; what halves the resolution."""

SAMPLE_PX = 64
"""Side of the small stacks that tell how much memory a large one takes."""


@dataclass(frozen=True, slots=True)
class StackSetup:
    """What all stacks of a session share.

    Attributes
    ----------
    grid : StackGrid
        Their grid.
    sampling : Sampling
        How subs come onto it.
    extent : Extent
        Their size and kind.
    workers : Workers
        The threads.
    folder : Path or None
        Room for subs that are kept on disk.
    exact : bool
        Combine all subs at once when the session is complete, where the method can.
    rung : str
        ``full``, or why the resolution is halved.
    new_stacker : callable
        Makes what puts the subs into the stacks of one filter.
    """

    grid: StackGrid
    sampling: Sampling
    extent: Extent
    workers: Workers
    folder: Path | None = None
    exact: bool = False
    rung: str = FULL
    new_stacker: Callable[[], Stacker] = LocalStacker

    def on(self, grid: StackGrid) -> StackSetup:
        """Return the same with another grid."""
        return replace(self, grid=grid, extent=replace(self.extent, height=grid.height, width=grid.width))


@dataclass(frozen=True, slots=True)
class SetupMaker:
    """Makes the setup that all stacks of a session share.

    Attributes
    ----------
    config : Config
        The settings.
    workers : Workers
        The threads.
    folder : Path or None
        Room for subs that are kept on disk.
    exact : bool
        As in `StackSetup`.
    new_stacker : callable
        As in `StackSetup`.
    """

    config: Config
    workers: Workers
    folder: Path | None = None
    exact: bool = False
    new_stacker: Callable[[], Stacker] = LocalStacker

    def make(self, reference: Scene, frame: CalibratedFrame, too_slow: str = "", spare_bytes: int = 0) -> StackSetup:
        """Return the setup for a reference and the first sub: at full resolution where time and memory allow it.

        Parameters
        ----------
        too_slow : str
            Why full resolution takes too long, "" where it does not.
        spare_bytes : int
            Memory that is about to be given back.
        """
        full = self._with(reference, frame, self.config.debayer.method)
        why = too_slow or lacking(self.config, full.extent, frame, spare_bytes)
        if not why or full.sampling.scale != 1:
            return full
        log.warning("the stack is made at half the resolution: %s", why)
        return replace(self._with(reference, frame, HALF_DEBAYER), rung=f"half: {why}")

    def make_again(self, reference: Scene, frame: CalibratedFrame, grid: StackGrid, rung: str) -> StackSetup:
        """Return a setup as it was before."""
        stack_setup = self._with(reference, frame, self.config.debayer.method if rung == FULL else HALF_DEBAYER)
        return replace(stack_setup.on(grid), rung=rung)

    def _with(self, reference: Scene, frame: CalibratedFrame, debayer: str) -> StackSetup:
        settings = self.config.stack
        sampling = Sampling(built(DEBAYERS.get(debayer), self.config.debayer), settings.kernel, settings.drizzle)
        grid = StackGrid.over(reference.height, reference.width, sampling.scale)
        clipped_adu = frame.info.saturation_adu
        full_scale_adu = clipped_adu if math.isfinite(clipped_adu) else FULL_SCALE_ADU
        own_weights = settings.drizzle > 0 and frame.cfa is not None
        if own_weights:
            self._require_own_weights()
        extent = Extent(*grid.size, frame.channels, full_scale_adu, own_weights)
        return StackSetup(grid, sampling, extent, self.workers, self.folder, self.exact, new_stacker=self.new_stacker)

    def _require_own_weights(self) -> None:
        for name, settings in stacks_of(self.config).items():
            if not METHODS.get(settings.method).takes_own_weights:
                able = " or ".join(method for method in METHODS if METHODS.get(method).takes_own_weights)
                detail = (
                    f"{name}: {settings.method} cannot weigh colours one by one, as drizzled ones must be; {able} can"
                )
                raise FrameError("no_drizzle", detail)


def reaching(stack_setup: StackSetup, config: Config, transform: Transform, frame: CalibratedFrame) -> StackSetup:
    """Return a setup whose grid has grown to where a sub reaches; the same where it does, or memory does not allow."""
    grid = stack_setup.grid.reaching(transform, frame.width, frame.height)
    if grid is stack_setup.grid:
        return stack_setup
    larger = stack_setup.on(grid)
    why_not = lacking(config, larger.extent, frame)
    if why_not:
        log.warning("the canvas does not grow to %d x %d: %s", grid.width, grid.height, why_not)
    return stack_setup if why_not else larger


def lacking(config: Config, extent: Extent, frame: CalibratedFrame, spare_bytes: int = 0) -> str:
    """Say what memory the stacks of one filter would lack, "" where they fit."""
    wanted = memory_bytes(stacks_of(config).values(), extent, frame.pixels.nbytes)
    budget = budget_bytes(config.stack) + spare_bytes
    return f"{wanted / 1e6:.0f} MB of memory wanted, {budget / 1e6:.0f} MB there" if wanted > budget else ""


def memory_bytes(branches: Iterable[BranchSettings], extent: Extent, frame_bytes: int) -> int:
    """Return what stacks of that extent will take: their state, the subs of their openings, a copy to publish."""
    small = replace(extent, height=SAMPLE_PX, width=SAMPLE_PX)
    methods = [METHODS.get(settings.method)(small, settings) for settings in branches]
    per_px = [sum(plane.nbytes for plane in method.planes().values()) / SAMPLE_PX**2 for method in methods]
    kept = max((method.opening for method in methods), default=0)
    return int(extent.height * extent.width * (sum(per_px) + max(per_px))) + kept * frame_bytes


def budget_bytes(settings: StackSettings) -> int:
    """Return how much more memory may be taken: what the machine has left, or what `max_memory_mb` leaves."""
    left = available_bytes() - RESERVE_BYTES
    return min(left, int(settings.max_memory_mb * 1e6) - resident_bytes()) if settings.max_memory_mb else left
