"""Several stacks made from the same subs at once: a sub is warped once for all that follow the same thing."""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from indistack.raster.tiles import Cube, Tile, integrate, integrate_all
from indistack.session.frame_cache import parked
from indistack.session.stack_setup import Easel
from indistack.stack import METHODS, BranchSettings
from indistack.values.frame import PixelArray
from indistack.values.grid import Placed


class Branch:
    """One stack.

    Parameters
    ----------
    name : str
        As files and status call it.
    settings : BranchSettings
        What it takes and how it combines.
    easel : Easel
        Shared with the others.

    Attributes
    ----------
    method : StackMethod
        The stack's state.
    rejected : float
        Share of the canvas's pixels that the last sub lost by rejection.
    ms : float
        What the last sub cost this stack alone.
    slowed : int
        Of the subs that it should take it takes every so many-th only, as time is short.
    """

    def __init__(self, name: str, settings: BranchSettings, easel: Easel) -> None:
        self.name = name
        self.settings = settings
        self.method = METHODS.get(settings.method)(easel.extent, settings)
        self._easel = easel
        self._exact = easel.exact and self.method.opening > 0
        self._kept: deque[Placed] = deque()
        self._offered = 0
        self._lock = threading.Lock()
        self.rejected = 0.0
        self.ms = 0.0
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

    def recall(self, memory: Mapping[str, Any], planes: Mapping[str, PixelArray], kept: Iterable[Placed]) -> None:
        """Go on as the one would whose memory this is.

        Raises
        ------
        KeyError, ValueError
            The planes are not those of such a stack.
        """
        for name, plane in self.method.planes().items():
            plane[...] = planes[name]
        self.method.tally.n_subs, self.method.tally.exposure_s = memory["tally"]
        self._offered, self.slowed = memory["offered"], memory["slowed"]
        self._kept.extend(self._parked(sub) if self.settings.last else sub for sub in kept)

    def update(self, tile: Tile, weight: float) -> None:
        """Take a tile of it; from several threads."""
        start_s = time.perf_counter()
        rejected = self.method.update(tile.times(weight))
        took_ms = 1e3 * (time.perf_counter() - start_s)
        with self._lock:
            self._count(rejected)
            self.ms += took_ms / self._easel.workers.jobs

    def open_with(self, sub: Placed) -> None:
        """Combine the first subs anew with one more."""
        self._kept.append(self._parked(sub) if self._exact else sub)
        if not self._exact:
            self._combine()

    def end(self, sub: Placed) -> None:
        """The sub is complete."""
        self.method.count(sub.exposure_s)
        if self.settings.last:
            self._forget_oldest(sub)
        elif not self.opens:
            self._kept.clear()

    def move_to(self, easel: Easel) -> None:
        """Go on with a larger canvas that holds the one so far."""
        offset = easel.canvas.matrix[:2, 2] - self._easel.canvas.matrix[:2, 2]
        left, top = (round(float(px)) for px in offset)
        held = slice(top, top + self._easel.canvas.height), slice(left, left + self._easel.canvas.width)
        larger = METHODS.get(self.settings.method)(easel.extent, self.settings)
        for name, plane in self.method.planes().items():
            larger.planes()[name][held] = plane
        larger.tally = self.method.tally
        self.method, self._easel = larger, easel

    def complete(self) -> None:
        """No sub will come any more."""
        if self._exact and self._kept:
            self._combine()
            self._kept.clear()

    def _combine(self) -> None:
        start_s = time.perf_counter()
        easel = self._easel

        def take(cube: Cube) -> None:
            rejected = self.method.combine(cube)
            with self._lock:
                self._count(int(rejected[-1]))

        integrate_all(self._kept, easel.canvas, easel.sampling, take, easel.workers)
        self.ms += 1e3 * (time.perf_counter() - start_s)

    def _forget_oldest(self, sub: Placed) -> None:
        self._kept.append(self._parked(sub))
        if len(self._kept) > self.settings.last:
            self._remove(self._kept.popleft())

    def _parked(self, sub: Placed) -> Placed:
        return replace(sub, frame=parked(sub.frame, self._easel.folder))

    def holds(self, number: int) -> bool:
        """Tell whether a sub that was added has not been forgotten since."""
        return not self.settings.last or number in self.kept

    def remove(self, sub: Placed) -> None:
        """Take a sub of the ledger out again that was added with the same place, light and weight."""
        self._remove(sub)
        self._kept = deque(one for one in self._kept if one.number != sub.number)

    def _remove(self, sub: Placed) -> None:
        easel = self._easel
        integrate(sub, easel.canvas, easel.sampling, self.method.remove, easel.workers)
        self.method.count(sub.exposure_s, -1)

    def readmit(self, sub: Placed) -> None:
        """Add a sub that was removed."""
        easel = self._easel
        integrate(sub, easel.canvas, easel.sampling, self.method.update, easel.workers)
        self.method.count(sub.exposure_s)

    def _count(self, rejected: int) -> None:
        self.rejected += rejected / (self._easel.canvas.height * self._easel.canvas.width)


class Fan:
    """The stacks that are made from the same subs.

    Parameters
    ----------
    wanted : mapping
        Name -> settings, the main stack first.
    easel : Easel
        What they share.
    """

    def __init__(self, wanted: Mapping[str, BranchSettings], easel: Easel) -> None:
        self._easel = easel
        self.branches = {name: Branch(name, settings, easel) for name, settings in wanted.items()}

    @property
    def main(self) -> Branch:
        """The first of the stacks."""
        return next(iter(self.branches.values()))

    def numbers(self) -> dict[str, object]:
        """Return what the last sub was to the stacks, for the ledger."""
        branches = self.branches.values()
        return {"rejected": self.main.rejected, "branch_ms": {branch.name: branch.ms for branch in branches}}

    def add(self, place: Callable[[Branch], Placed], takers: Collection[str] | None = None) -> dict[str, float]:
        """Add a sub to every stack that wants it; return the weight that it has in each of these.

        Parameters
        ----------
        place : callable
            Says where and with what weight the sub belongs in a stack.
        takers : collection of str, optional
            The stacks that took it when it was added before: then they take it whether they want it or not.
        """
        asked = [(branch, branch.wants_next()) for branch in self.branches.values()]
        wanting = [
            (branch, place(branch)) for branch, wants in asked if (wants if takers is None else branch.name in takers)
        ]
        running = defaultdict(list)
        for branch, sub in wanting:
            branch.begin()
            if branch.opens:
                branch.open_with(sub)
            else:
                running[branch.settings.follow].append((branch, sub))
        for group in running.values():
            self._warp_once(group)
        for branch, sub in wanting:
            branch.end(sub)
        return {branch.name: sub.weight for branch, sub in wanting}

    def move_to(self, easel: Easel) -> None:
        """Go on with a larger canvas; see `Branch.move_to`."""
        for branch in self.branches.values():
            branch.move_to(easel)
        self._easel = easel

    def slow_down(self, factor: int) -> None:
        """Let further stacks take only every so many-th of the subs that they should take."""
        for branch in self.branches.values():
            branch.slowed = 1 if branch is self.main else factor

    def open_branch(self, name: str, settings: BranchSettings) -> None:
        """Begin a further stack with the next sub; one of that name is begun anew."""
        self.branches[name] = Branch(name, settings, self._easel)

    def drop_branch(self, name: str) -> None:
        """End a stack; the main one stays."""
        if name != self.main.name:
            self.branches.pop(name, None)

    def complete(self) -> None:
        """No sub will come any more."""
        for branch in self.branches.values():
            branch.complete()

    def _warp_once(self, group: Iterable[tuple[Branch, Placed]]) -> None:
        """Warp a sub for stacks that it lies in the same place of."""
        group = list(group)
        sub = replace(group[0][1], weight=1.0)

        def take(tile: Tile) -> None:
            for branch, placed in group:
                branch.update(tile, placed.weight)

        integrate(sub, self._easel.canvas, self._easel.sampling, take, self._easel.workers)
