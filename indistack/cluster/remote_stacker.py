"""Stacks whose subs are noted while they come, and stacked by the workers of a cluster in the end."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from indistack.cluster.base import Cluster, PartialStack, StackTask, SubToStack
from indistack.cluster.remote_preparer import RemoteFrame
from indistack.raster.boxes import SIDE_PX
from indistack.session.stack_branch import StackBranch
from indistack.session.stack_setup import StackSetup
from indistack.stack import METHODS, StackMethod, Tally
from indistack.values.frame import IndexArray
from indistack.values.grid import PlacedSub, StackGrid

TASKS_PER_WORKER = 2
"""More tasks than workers, so that a fast machine takes over from a slow one."""


class RemoteStacker:
    """The workers of a cluster stack; see `Stacker`.

    Parameters
    ----------
    cluster : Cluster
        The workers.
    """

    at_once = False

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._subs: list[SubToStack] = []
        self._mended: dict[bytes, IndexArray] = {}

    def add(self, placed: Sequence[tuple[StackBranch, PlacedSub]], stack_setup: StackSetup) -> None:  # noqa: ARG002
        """Note a sub; see `Stacker.add`."""
        places = {branch.name: (sub.transform, sub.match, sub.weight) for branch, sub in placed}
        for _, sub in placed[:1]:
            assert isinstance(sub.frame, RemoteFrame)
            self._subs.append(SubToStack(sub.frame.path.absolute(), self._shared(sub.frame.mended), places))
        for branch, sub in placed:
            branch.method.count(sub.exposure_s)

    def complete(self, branches: Collection[StackBranch], stack_setup: StackSetup) -> None:
        """Have the work done: by groups of subs where stacks can be merged, else by bands of the canvas."""
        wanted = TASKS_PER_WORKER * self._cluster.n_workers()
        mergeable = all(_can_be_merged(branch) for branch in branches)
        for branch in branches:
            branch.method.tally = Tally()
        if mergeable:
            self._complete_by_subs(branches, stack_setup, wanted)
        else:
            self._complete_by_bands(branches, stack_setup, wanted)

    def _shared(self, mended: IndexArray) -> IndexArray:
        """Return the same array for all subs with these bad pixels: it goes to the workers once."""
        return self._mended.setdefault(mended.tobytes(), mended)

    def _complete_by_subs(self, branches: Collection[StackBranch], stack_setup: StackSetup, wanted: int) -> None:
        size = max(1, -(-len(self._subs) // wanted))
        groups = [self._subs[start : start + size] for start in range(0, len(self._subs), size)]
        for parts in self._cluster.stack([_task(branches, stack_setup, group) for group in groups]):
            for branch in branches:
                partial = METHODS.get(branch.settings.method)(stack_setup.extent, branch.settings)
                _fill(partial, parts[branch.name])
                branch.method.merge(partial)

    def _complete_by_bands(self, branches: Collection[StackBranch], stack_setup: StackSetup, wanted: int) -> None:
        """Every worker takes all subs, in order, to a band of the canvas: so any method works as if it were alone."""
        bands = _bands(stack_setup.grid.height, wanted)
        tasks = [_task(branches, stack_setup.on(_band_of(stack_setup.grid, band)), self._subs) for band in bands]
        for band, parts in zip(bands, self._cluster.stack(tasks), strict=True):
            for branch in branches:
                _fill(branch.method, parts[branch.name], band)


def _task(branches: Collection[StackBranch], stack_setup: StackSetup, subs: Sequence[SubToStack]) -> StackTask:
    settings = {branch.name: branch.settings for branch in branches}
    grid, sampling, extent = stack_setup.grid, stack_setup.sampling, stack_setup.extent
    return StackTask(settings, grid, sampling, extent, subs, stack_setup.exact)


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


def _fill(method: StackMethod, part: PartialStack, band: slice = slice(None)) -> None:
    """Set a stack, or a band of it, from what a worker made."""
    for name, plane in method.planes().items():
        plane[band] = part.planes[name]
    method.tally = part.tally
