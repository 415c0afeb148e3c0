"""Several stacks made from the same subs at once: a sub is warped once for all that follow the same thing."""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from indistack.canvas import Canvas, Placed
from indistack.parked import parked
from indistack.stack import METHODS, BranchSettings, Extent
from indistack.tiles import Cube, Sampling, Tile, integrate, integrate_all
from indistack.workers import Workers


@dataclass(frozen=True, slots=True)
class Easel:
    """What all stacks of a session share.

    Attributes
    ----------
    canvas : Canvas
        Their grid.
    sampling : Sampling
        How subs come onto it.
    extent : Extent
        Their size and kind.
    workers : Workers
        The threads.
    folder : Path or None
        Room for subs that are kept on disk.
    """

    canvas: Canvas
    sampling: Sampling
    extent: Extent
    workers: Workers
    folder: Path | None = None


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
    exact : bool
        Combine all subs at once in `complete`, instead of each as it comes.

    Attributes
    ----------
    method : StackMethod
        The stack's state.
    rejected : float
        Share of the canvas's pixels that the last sub lost by rejection.
    ms : float
        What the last sub cost this stack alone.
    """

    def __init__(self, name: str, settings: BranchSettings, easel: Easel, exact: bool = False) -> None:
        self.name = name
        self.settings = settings
        self.method = METHODS.get(settings.method)(easel.extent, settings)
        self._easel = easel
        self._exact = exact and self.method.opening > 0
        self._kept: deque[Placed] = deque()
        self._offered = 0
        self._lock = threading.Lock()
        self.rejected = 0.0
        self.ms = 0.0

    def wants_next(self) -> bool:
        """Tell whether the sub that comes now is one of every so many."""
        self._offered += 1
        return (self._offered - 1) % self.settings.every == 0

    @property
    def opens(self) -> bool:
        """Whether the next sub is combined with all those before it."""
        return self._exact or self.method.tally.n_subs < self.method.opening

    def begin(self) -> None:
        """A sub comes."""
        self.rejected, self.ms = 0.0, 0.0

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
        self._kept.append(replace(sub, frame=parked(sub.frame, self._easel.folder)) if self._exact else sub)
        if not self._exact:
            self._combine()

    def end(self, sub: Placed) -> None:
        """The sub is complete."""
        self.method.count(sub.exposure_s)
        if self.settings.last:
            self._forget_oldest(sub)
        elif not self.opens:
            self._kept.clear()

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
        self._kept.append(replace(sub, frame=parked(sub.frame, self._easel.folder)))
        if len(self._kept) > self.settings.last:
            self.remove(self._kept.popleft())

    def remove(self, sub: Placed) -> None:
        """Take a sub out again that was added with the same place, light and weight."""
        easel = self._easel
        integrate(sub, easel.canvas, easel.sampling, self.method.remove, easel.workers)
        self.method.count(sub.exposure_s, -1)

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
    exact : bool
        See `Branch`.
    """

    def __init__(self, wanted: Mapping[str, BranchSettings], easel: Easel, exact: bool = False) -> None:
        self._easel = easel
        self._exact = exact
        self.branches = {name: Branch(name, settings, easel, exact) for name, settings in wanted.items()}

    @property
    def main(self) -> Branch:
        """The first of the stacks."""
        return next(iter(self.branches.values()))

    def numbers(self) -> dict[str, object]:
        """Return what the last sub was to the stacks, for the ledger."""
        branches = self.branches.values()
        return {"rejected": self.main.rejected, "branch_ms": {branch.name: branch.ms for branch in branches}}

    def add(self, place: Callable[[BranchSettings], Placed]) -> None:
        """Add a sub to every stack that wants it.

        Parameters
        ----------
        place : callable
            Says where and with what weight the sub belongs in a stack with such settings.
        """
        wanting = [(branch, place(branch.settings)) for branch in self.branches.values() if branch.wants_next()]
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

    def open_branch(self, name: str, settings: BranchSettings) -> None:
        """Begin a further stack with the next sub; one of that name is begun anew."""
        self.branches[name] = Branch(name, settings, self._easel, self._exact)

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
