"""What all stacks of a session share, and how fine their grid may be on this machine."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from indistack.config import Config, stacks_of
from indistack.debayer import DEBAYERS
from indistack.errors import FrameError
from indistack.raster.tiles import Sampling
from indistack.session.memory_need import MemoryNeed, lacking, need_of
from indistack.session.rung import FINEST, HALF, QUARTER, Rung
from indistack.session.stacker import LocalStacker, Stacker
from indistack.settings import built
from indistack.stack import METHODS, BranchSettings, Extent
from indistack.system.workers import Workers
from indistack.values.frame import CalibratedFrame
from indistack.values.grid import StackGrid
from indistack.values.star_list import Scene
from indistack.values.transform import Transform

log = logging.getLogger(__name__)

FULL_SCALE_ADU = 65535.0
"""Where the camera does not tell at which value it clips."""

COARSER = {HALF: "superpixel", QUARTER: "superpixel4"}
"""What makes a lower resolution."""

BY_SHRINK = {2: "superpixel", 4: "superpixel4"}
"""The same, by how much of it makes one pixel."""


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
    rung : Rung
        How fine they are, and why.
    lean : bool
        Memory is spared: subs of openings are kept on the disk, pictures are written from the stacks themselves.
    new_stacker : callable
        Makes what puts the subs into the stacks of one filter.
    """

    grid: StackGrid
    sampling: Sampling
    extent: Extent
    workers: Workers
    folder: Path | None = None
    exact: bool = False
    rung: Rung = FINEST
    lean: bool = False
    new_stacker: Callable[[], Stacker] = LocalStacker

    def stacks_of(self, config: Config) -> dict[str, BranchSettings]:
        """Return the settings of the stacks that are made, by name, the main one first."""
        return {name: one for name, one in stacks_of(config).items() if name not in self.rung.without}

    def need(self, config: Config, frame: CalibratedFrame) -> MemoryNeed:
        """Return what the stacks of one more filter will take."""
        return need_of(config, self.stacks_of(config).values(), self.extent, frame)

    def on(self, grid: StackGrid) -> StackSetup:
        """Return the same with another grid."""
        return replace(self, grid=grid, extent=replace(self.extent, height=grid.height, width=grid.width))

    def coarser(self, binning: int) -> StackSetup | None:
        """Return a setup of stacks that are looked at binned by so much: less work, and no coarser than that.

        None where there is none, or memory is spared.
        """
        shrink = self.sampling.debayer.shrink
        steps = [step for step in (4, 2) if step <= binning and shrink * step in BY_SHRINK]
        if not steps or self.sampling.drizzle or self.lean:
            return None
        debayer = DEBAYERS.get(BY_SHRINK[shrink * steps[0]])()
        return replace(self, sampling=replace(self.sampling, debayer=debayer)).on(self.grid.binned(steps[0]))


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

    def make(
        self, reference: Scene, frame: CalibratedFrame, at_most: Rung = FINEST, freed_bytes: int = 0
    ) -> StackSetup:
        """Return the setup for a reference and the first sub: as fine as time and memory allow it.

        Parameters
        ----------
        at_most : Rung
            No finer, and without these stacks.
        freed_bytes : int
            Memory that is about to be given back.

        Raises
        ------
        FrameError
            There is no memory even for the coarsest one.
        """
        why = ""
        for stack_setup in self._ladder(reference, frame, at_most):
            need = stack_setup.need(self.config, frame)
            for lean in (False, True):
                lacks = lacking(self.config, need, lean, freed_bytes)
                if not lacks:
                    return self._told(replace(stack_setup, lean=lean), why)
            why = why or lacks
        raise FrameError("no_memory", f"no stack can be made, not even at a quarter of the resolution: {lacks}")

    def slower(self, now: Rung, why: str) -> Rung | None:
        """Return where to go where subs come too fast: half the resolution; None where that is not to be changed."""
        chosen = DEBAYERS.get(self.config.debayer.method).shrink != 1 or self.config.stack.drizzle
        return None if chosen or not why or now != FINEST else Rung(HALF, why=why)

    def make_again(self, reference: Scene, frame: CalibratedFrame, grid: StackGrid, rung: Rung) -> StackSetup:
        """Return a setup as it was before.

        Raises
        ------
        FrameError
            There is no memory for it now.
        """
        return with_room(self._at(reference, frame, rung).on(grid), self.config, frame, "as it was")

    def _ladder(self, reference: Scene, frame: CalibratedFrame, at_most: Rung) -> Iterator[StackSetup]:
        finest = math.inf
        for rung in at_most.down(list(self.config.branches)):
            stack_setup = self._at(reference, frame, rung)
            if stack_setup.sampling.scale < finest or rung.without != at_most.without:
                yield stack_setup
            finest = min(finest, stack_setup.sampling.scale)

    def _told(self, stack_setup: StackSetup, lacks: str) -> StackSetup:
        """Give the rung its reason, and say it."""
        rung = replace(stack_setup.rung, why=stack_setup.rung.why or lacks)
        if rung != FINEST:
            log.warning("the stack is made at a lower rung: %s", rung)
        return replace(stack_setup, rung=rung)

    def _at(self, reference: Scene, frame: CalibratedFrame, rung: Rung) -> StackSetup:
        settings = self.config.stack
        debayer, drizzle = COARSER.get(rung.word, self.config.debayer.method), settings.drizzle
        sampling = Sampling(
            built(DEBAYERS.get(debayer), self.config.debayer), settings.kernel, 0 if rung.word in COARSER else drizzle
        )
        grid = StackGrid.over(reference.height, reference.width, sampling.scale)
        clipped_adu = frame.info.saturation_adu
        full_scale_adu = clipped_adu if math.isfinite(clipped_adu) else FULL_SCALE_ADU
        own_weights = sampling.drizzle > 0 and frame.cfa is not None
        if own_weights:
            self._require_own_weights()
        extent = Extent(*grid.size, frame.channels, full_scale_adu, own_weights)
        return StackSetup(
            grid, sampling, extent, self.workers, self.folder, self.exact, rung, new_stacker=self.new_stacker
        )

    def _require_own_weights(self) -> None:
        for name, settings in stacks_of(self.config).items():
            if not METHODS.get(settings.method).takes_own_weights:
                able = " or ".join(method for method in METHODS if METHODS.get(method).takes_own_weights)
                detail = (
                    f"{name}: {settings.method} cannot weigh colours one by one, as drizzled ones must be; {able} can"
                )
                raise FrameError("no_drizzle", detail)


def with_room(stack_setup: StackSetup, config: Config, frame: CalibratedFrame, what: str) -> StackSetup:
    """Return a setup, lean if need be, whose stacks of one more filter find room; `what` says which stack that is.

    Raises
    ------
    FrameError
        There is no memory for them.
    """
    need = stack_setup.need(config, frame)
    if not stack_setup.lean and not lacking(config, need, lean=False):
        return stack_setup
    if lacks := lacking(config, need, lean=True):
        raise FrameError("no_memory", f"no stack can be made {what}: {lacks}")
    return replace(stack_setup, lean=True)


def reaching(stack_setup: StackSetup, config: Config, transform: Transform, frame: CalibratedFrame) -> StackSetup:
    """Return a setup whose grid has grown to where a sub reaches; the same where it does, or memory does not allow."""
    grid = stack_setup.grid.reaching(transform, frame.width, frame.height)
    if grid is stack_setup.grid:
        return stack_setup
    try:
        return with_room(stack_setup.on(grid), config, frame, "of that size")
    except FrameError as error:
        log.warning("the canvas does not grow to %d x %d: %s", grid.width, grid.height, error.detail)
        return stack_setup
