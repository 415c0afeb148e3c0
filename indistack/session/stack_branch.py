"""One stack: which subs it takes, those that it keeps, and its state."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from indistack.picture.integration import Integration
from indistack.raster.boxes import sample_bands
from indistack.raster.tiles import Cube, Tile, integrate, integrate_all
from indistack.session.clipped_map import ClippedMap
from indistack.session.frame_cache import parked
from indistack.session.opening_view import OpeningView
from indistack.session.stack_setup import StackSetup
from indistack.stack import METHODS, BranchSettings
from indistack.values.frame import IndexArray, PixelArray
from indistack.values.grid import PlacedSub


class StackBranch:
    """One stack.

    Parameters
    ----------
    name : str
        As files and status call it.
    settings : BranchSettings
        What it takes and how it combines.
    stack_setup : StackSetup
        Shared with the others.

    Attributes
    ----------
    method : StackMethod
        The stack's state.
    clipped : ClippedMap
        Where its subs were clipped.
    rejected : float
        Share of the grid's pixels that the last sub lost by rejection.
    ms : float
        What the last sub cost this stack alone.
    slowed : int
        Of the subs that it should take it takes every so many-th only, as time is short.
    """

    def __init__(self, name: str, settings: BranchSettings, stack_setup: StackSetup) -> None:
        self.name, self.settings = name, settings
        self.method = METHODS.get(settings.method)(stack_setup.extent, settings)
        self.clipped = ClippedMap(stack_setup.grid)
        self._stack_setup = stack_setup
        self._exact = stack_setup.exact and self.method.opening > 0
        self._kept: deque[PlacedSub] = deque()
        self._offered, self._is_behind = 0, False
        self._lock, self._combining = threading.Lock(), threading.Lock()
        self._opening_view = OpeningView(settings)
        self.rejected, self.ms = 0.0, 0.0
        self.slowed = 1

    def wants_next(self) -> bool:
        """Tell whether the sub that comes now is one of every so many."""
        self._offered += 1
        return (self._offered - 1) % (self.settings.every * self.slowed) == 0

    @property
    def opens(self) -> bool:
        """Whether the next sub is combined with all those before it."""
        return self._exact or self.method.tally.n_subs < self.method.opening

    def begin(self) -> None:
        """A sub comes."""
        self.rejected, self.ms = 0.0, 0.0

    def integration(self) -> Integration:
        """Return the stack as it is now; see `StackMethod.integration`.

        The first subs are combined when somebody looks, and not with each of them.
        """
        with self._combining:
            if self._is_behind:
                self._combine()
                self._is_behind = False
            return self.method.integration()

    def preparation(self, binning: int) -> Callable[[], object] | None:
        """Return what is to be called, even while subs are added, before `seen` has the stack; None where it has."""
        if not self._is_behind:
            return None
        coarse = self._stack_setup.coarser(binning)
        view = self._opening_view
        return self.integration if coarse is None else view.preparation(self._kept, self.method.tally, coarse)

    def seen(self, binning: int) -> Integration:
        """Return the stack as it is now for one who bins it by so much: it may be binned by less than that already."""
        coarse = self._stack_setup.coarser(binning) if self._is_behind else None
        return (coarse and self._opening_view.at_hand(self.method.tally.n_subs, coarse)) or self.integration()

    def sample(self) -> tuple[Integration, IndexArray | slice]:
        """Return the stack, and those of its rows that show the last sub whether somebody has looked or not."""
        opens = self.opens and not self._exact and self.method.tally.n_subs > 1
        bands = sample_bands(self._stack_setup.grid) if opens else []
        rows = np.concatenate([np.arange(band.start, band.stop) for band in bands]) if bands else slice(None)
        return self.method.integration(), rows

    @property
    def kept(self) -> list[int]:
        """Ledger numbers of the subs that are wanted again."""
        return [sub.number for sub in self._kept]

    def memory(self) -> dict[str, Any]:
        """Return what is remembered beside the stack's planes."""
        tally = self.method.tally
        return {
            "settings": self.settings.model_dump(mode="json"),
            "tally": [tally.n_subs, tally.exposure_s],
            "offered": self._offered,
            "slowed": self.slowed,
            "kept": self.kept,
        }

    def recall(
        self, memory: Mapping[str, Any], plane_of: Callable[[str], PixelArray], kept: Iterable[PlacedSub]
    ) -> None:
        """Go on as the one would whose memory this is; its planes are asked for one by one: they are large.

        Raises
        ------
        KeyError, ValueError
            The planes are not those of such a stack.
        """
        for name, plane in self.method.planes().items():
            plane[...] = plane_of(name)
        self.method.tally.n_subs, self.method.tally.exposure_s = memory["tally"]
        self._offered, self.slowed = memory["offered"], memory["slowed"]
        parks = bool(self.settings.last) or self._stack_setup.lean
        self._kept.extend(self._parked(sub) if parks else sub for sub in kept)
        self._is_behind = bool(self._kept) and self.opens and not self._exact

    def take_turn_of(self, other: StackBranch) -> None:
        """Want the next sub when the other one would."""
        self._offered, self.slowed = other._offered, other.slowed

    def update(self, tile: Tile, weight: float) -> None:
        """Take a tile of it; from several threads."""
        start_s = time.perf_counter()
        rejected = self.method.update(tile.times(weight))
        took_ms, stack_setup = 1e3 * (time.perf_counter() - start_s), self._stack_setup
        with self._lock:
            self.rejected += rejected / (stack_setup.grid.height * stack_setup.grid.width)
            self.ms += took_ms / stack_setup.workers.jobs

    def open_with(self, sub: PlacedSub) -> None:
        """Take one more of the first subs: a sample of the boxes tells at once what is told of it.

        The picture of the very first one and of all of them is made at once, too: one is wanted soon, the other needed.
        """
        kept = self._parked(sub) if self._exact or self._stack_setup.lean else sub
        if self._exact:
            self._kept.append(kept)
            return
        with self._combining:
            self._kept.append(kept)
            start_s = time.perf_counter()
            try:
                self._open(self.method.tally.n_subs + 1)
            except BaseException:
                self._kept.pop()  # it is refused
                raise
            self.ms += 1e3 * (time.perf_counter() - start_s)

    def _open(self, n_subs: int) -> None:
        self._is_behind = n_subs > 1
        complete = n_subs in (1, self.method.opening)
        self.rejected = self._combine(() if complete else sample_bands(self._stack_setup.grid))
        self._is_behind = not complete

    def end(self, sub: PlacedSub) -> None:
        """The sub is complete."""
        self.method.count(sub.exposure_s)
        self.clipped.note(sub, self._stack_setup.workers)
        if self.settings.last:
            self._forget_oldest(sub)
        elif not self.opens:
            self._kept.clear()
            self._opening_view.forget()

    def move_to(self, stack_setup: StackSetup) -> None:
        """Go on with a larger grid that holds the one so far."""
        offset = stack_setup.grid.matrix[:2, 2] - self._stack_setup.grid.matrix[:2, 2]
        left, top = (round(float(px)) for px in offset)
        held = slice(top, top + self._stack_setup.grid.height), slice(left, left + self._stack_setup.grid.width)
        larger = METHODS.get(self.settings.method)(stack_setup.extent, self.settings)
        for name, plane in self.method.planes().items():
            larger.planes()[name][held] = plane
        larger.tally = self.method.tally
        self.method, self._stack_setup, self.clipped = larger, stack_setup, self.clipped.moved_to(stack_setup.grid)

    def complete(self) -> None:
        """No sub will come any more: nothing of the stack is left to be made."""
        if self._exact and self._kept:
            self._combine()
            self._kept.clear()
        self.integration()

    def _combine(self, bands: Sequence[slice] = ()) -> float:
        """Combine all subs that are kept, in bands of rows or all over; return which share the last one loses there."""
        stack_setup = self._stack_setup
        lost: list[int] = []

        def take(cube: Cube) -> None:
            lost.append(int(self.method.combine(cube)[-1]))

        integrate_all(self._kept, stack_setup.grid, stack_setup.sampling, take, stack_setup.workers, bands)
        n_rows = sum(band.stop - band.start for band in bands) or stack_setup.grid.height
        return sum(lost) / (n_rows * stack_setup.grid.width)

    def _forget_oldest(self, sub: PlacedSub) -> None:
        self._kept.append(self._parked(sub))
        if len(self._kept) > self.settings.last:
            self._remove(self._kept.popleft())

    def _parked(self, sub: PlacedSub) -> PlacedSub:
        return replace(sub, frame=parked(sub.frame, self._stack_setup.folder))

    def holds(self, number: int) -> bool:
        """Tell whether a sub that was added has not been forgotten since."""
        return not self.settings.last or number in self.kept

    def remove(self, sub: PlacedSub) -> None:
        """Take a sub of the ledger out again that was added with the same place, light and weight."""
        self._remove(sub)
        self._kept = deque(one for one in self._kept if one.number != sub.number)

    def _remove(self, sub: PlacedSub) -> None:
        stack_setup = self._stack_setup
        integrate(sub, stack_setup.grid, stack_setup.sampling, self.method.remove, stack_setup.workers)
        self.method.count(sub.exposure_s, -1)
        self.clipped.forget(sub, stack_setup.workers)

    def readmit(self, sub: PlacedSub) -> None:
        """Add a sub that was removed."""
        stack_setup = self._stack_setup
        integrate(sub, stack_setup.grid, stack_setup.sampling, self.method.update, stack_setup.workers)
        self.method.count(sub.exposure_s)
        self.clipped.note(sub, stack_setup.workers)
