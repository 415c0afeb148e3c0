"""The pipeline that judges, aligns and matches here what workers have seen, and has them stack it at the end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np

from indistack.calibrate import Calibrator, Masters, NamedMasters
from indistack.cluster.absent import AbsentFrame, AbsentRaw
from indistack.cluster.bench import Entry, Part, Share, Sight
from indistack.config import Config, stacks_of
from indistack.errors import FrameError
from indistack.pipeline.draft import Draft
from indistack.pipeline.intake import Intake
from indistack.pipeline.pipeline import Pipeline
from indistack.raster.tiles import SIDE_PX
from indistack.session.branches import BranchSet, StackBranch
from indistack.session.filter_stack import FilterStack, MeasuredSub, Reference
from indistack.session.session import Session
from indistack.session.stack_setup import StackSetup
from indistack.stack import METHODS, BranchSettings, StackMethod, Tally
from indistack.system.workers import Workers
from indistack.values.blob import Blob
from indistack.values.frame import CalibratedFrame, DoubleArray, RawFrame
from indistack.values.grid import PlacedSub, StackGrid
from indistack.values.outcome import Refused
from indistack.values.sub_report import Arrival, FrameFacts, StackShare

SHARES_PER_WORKER = 2
"""More shares than workers, so that a fast machine takes over from a slow one."""


class Hands(Protocol):
    """Those who do the work."""

    def sight(self, path: Path) -> Sight | Refused:
        """Return what has been seen of a sub, without its pixels."""

    def levels(self, path: Path, xy: DoubleArray) -> DoubleArray:
        """Return the sky of a sub at some places; see `sky_levels`."""

    def integrate(self, shares: Sequence[Share]) -> Iterator[dict[str, Part]]:
        """Stack some shares; return what came of them, in order."""

    def count(self) -> int:
        """Return how many workers there are."""


class Roll(BranchSet):
    """Stacks whose subs are written down while they come, and stacked by others in the end.

    Parameters
    ----------
    wanted, stack_setup
        As `BranchSet`.
    hands : Hands
        The others.
    """

    def __init__(self, wanted: Mapping[str, BranchSettings], stack_setup: StackSetup, hands: Hands) -> None:
        super().__init__(wanted, stack_setup)
        self._hands = hands
        self._entries: list[Entry] = []

    def noted(self, share: StackShare) -> StackShare:
        """Nothing is known of a sub in the stack yet."""
        return share

    def add(self, place: Callable[[StackBranch], PlacedSub], takers: Collection[str] | None = None) -> dict[str, float]:
        """Write a sub down; see `BranchSet.add`."""
        asked = [(branch, branch.wants_next()) for branch in self.branches.values()]
        wanting = [branch for branch, wants in asked if (wants if takers is None else branch.name in takers)]
        placed = {branch.name: place(branch) for branch in wanting}
        places = {name: (sub.transform, sub.match, sub.weight) for name, sub in placed.items()}
        self._entries += [Entry(_path(sub.frame).absolute(), places) for sub in list(placed.values())[:1]]
        for branch in wanting:
            branch.method.count(placed[branch.name].exposure_s)
        return {name: sub.weight for name, sub in placed.items()}

    def complete(self) -> None:
        """Have the work done: by groups of subs where stacks can be merged, else by bands of the canvas."""
        wanted = SHARES_PER_WORKER * self._hands.count()
        mergeable = all(_can_be_merged(branch) for branch in self.branches.values())
        for branch in self.branches.values():
            branch.method.tally = Tally()
        if mergeable:
            self._complete_by_subs(wanted)
        else:
            self._complete_by_bands(wanted)

    def _complete_by_subs(self, wanted: int) -> None:
        size = max(1, -(-len(self._entries) // wanted))
        groups = [self._entries[start : start + size] for start in range(0, len(self._entries), size)]
        for parts in self._hands.integrate([self._share(self._stack_setup.grid, group) for group in groups]):
            for name, branch in self.branches.items():
                partial = METHODS.get(branch.settings.method)(self._stack_setup.extent, branch.settings)
                _fill(partial, parts[name])
                branch.method.merge(partial)

    def _complete_by_bands(self, wanted: int) -> None:
        """Every worker takes all subs, in order, to a band of the canvas: so any method works as if it were alone."""
        grid = self._stack_setup.grid
        bands = _bands(grid.height, wanted)
        shares = [self._share(_band_of(grid, band), self._entries) for band in bands]
        for band, parts in zip(bands, self._hands.integrate(shares), strict=True):
            for name, branch in self.branches.items():
                _fill(branch.method, parts[name], band)

    def _share(self, grid: StackGrid, entries: Sequence[Entry]) -> Share:
        stack_setup, settings = (
            self._stack_setup.on(grid),
            {name: branch.settings for name, branch in self.branches.items()},
        )
        return Share(settings, grid, stack_setup.sampling, stack_setup.extent, entries, stack_setup.exact)


class FieldSession(Session):
    """A session whose subs are stacked by others."""

    def __init__(
        self, config: Config, stack_setup: StackSetup, reference: Reference, frame: CalibratedFrame, hands: Hands
    ) -> None:
        self._hands = hands
        super().__init__(config, stack_setup, reference, frame)

    def new_filter_stack(self, light: Reference) -> FilterStack:
        """See `Session.new_track`."""
        filter_stack = super().new_filter_stack(light)
        filter_stack.branch_set = Roll(stacks_of(self.config), self._stack_setup, self._hands)
        return filter_stack


class FieldIntake(Intake):
    """An intake of what others have seen.

    Parameters
    ----------
    config : Config
        The settings.
    workers : Workers
        The threads of this process.
    hands : Hands
        The others.
    """

    def __init__(self, config: Config, workers: Workers, hands: Hands) -> None:
        unused = Calibrator(config.calibrate, NamedMasters(Masters(), config.calibrate), workers)
        super().__init__(config, workers, unused, skip_repeats=False)
        self._hands = hands

    def decode(self, blob: Blob, draft: Draft, new: bool = False) -> RawFrame:  # noqa: ARG002
        """See `Intake.decode`."""
        path = Path(blob.origin)
        sight = self._hands.sight(path)
        if isinstance(sight, Refused):
            raise FrameError(sight.reason, sight.detail, sight.report.figures)
        raw = AbsentRaw.of(sight, path)
        draft.note(arrival=replace(Arrival.of(blob), size_bytes=sight.size_bytes), frame=FrameFacts.of(raw))
        return raw

    def calibrate(self, raw: RawFrame, draft: Draft) -> CalibratedFrame:
        """See `Intake.calibrate`."""
        assert isinstance(raw, AbsentRaw)
        frame = AbsentFrame.of(raw, partial(self._hands.levels, raw.path))
        draft.note(masters=self._used_masters(frame))
        return frame

    def see(self, frame: CalibratedFrame, draft: Draft) -> MeasuredSub:
        """See `Intake.see`."""
        assert isinstance(frame, AbsentFrame)
        draft.note(stars=frame.seen.measures)
        return replace(frame.seen, frame=frame)


class Foreman(Pipeline):
    """A pipeline for one picture, whose frames stay with those who do the work.

    Parameters
    ----------
    config : Config
        The settings.
    workers : Workers
        The threads of this process.
    hands : Hands
        The others.
    exact : bool
        Combine all subs at once, where the method can.
    """

    def __init__(self, config: Config, workers: Workers, hands: Hands, exact: bool = False) -> None:
        intake = FieldIntake(config, workers, hands)
        super().__init__(config, workers, intake.calibrator, lambda _: None, exact=exact)
        self.intake = intake
        self._hands = hands

    def _session(self, stack_setup: StackSetup, reference: Reference, frame: CalibratedFrame) -> Session:
        return FieldSession(self.config, stack_setup, reference, frame, self._hands)


def _can_be_merged(branch: StackBranch) -> bool:
    """Tell whether stacks of some subs each make the stack of all."""
    settings, method = branch.settings, branch.method
    return method.opening == 0 and not method.ordered and not settings.last


def _bands(height: int, wanted: int) -> list[slice]:
    """Bands of whole tiles, about so many: a method that looks at a tile sees the same ones."""
    tiles = -(-height // SIDE_PX)
    step = SIDE_PX * -(-tiles // min(wanted, tiles))
    return [slice(top, min(top + step, height)) for top in range(0, height, step)]


def _band_of(grid: StackGrid, band: slice) -> StackGrid:
    up = np.array([[1.0, 0, 0], [0, 1, -band.start], [0, 0, 1]])
    return StackGrid(band.stop - band.start, grid.width, up @ grid.matrix)


def _fill(method: StackMethod, part: Part, band: slice = slice(None)) -> None:
    """Set a stack, or a band of it, from what a worker made."""
    for name, plane in method.planes().items():
        plane[band] = part.planes[name]
    method.tally = part.tally


def _path(frame: CalibratedFrame) -> Path:
    assert isinstance(frame, AbsentFrame)
    return frame.path
