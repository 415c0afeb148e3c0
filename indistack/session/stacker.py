"""Puts subs into the stacks that take them: this process, or others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from indistack.raster.tiles import Tile, integrate
from indistack.values.grid import PlacedSub

if TYPE_CHECKING:  # these hold a stacker, and it works on these
    from indistack.session.stack_branch import StackBranch
    from indistack.session.stack_setup import StackSetup


class Stacker(Protocol):
    """Does the work of some stacks that are made from the same subs.

    Attributes
    ----------
    at_once : bool
        A sub is in the stacks as soon as it is added, and not only when these are complete.
    """

    at_once: bool

    def add(self, placed: Sequence[tuple[StackBranch, PlacedSub]], stack_setup: StackSetup) -> None:
        """Add a sub to stacks, in each of which it has its place."""

    def complete(self, branches: Collection[StackBranch], stack_setup: StackSetup) -> None:
        """No sub will come any more."""


class LocalStacker:
    """Stacks in this process, each sub as it comes; it is warped once for all stacks that follow the same thing."""

    at_once = True

    def add(self, placed: Sequence[tuple[StackBranch, PlacedSub]], stack_setup: StackSetup) -> None:
        """See `Stacker.add`."""
        running = defaultdict(list)
        for branch, sub in placed:
            branch.begin()
            if branch.opens:
                branch.open_with(sub)
            else:
                running[branch.settings.followed].append((branch, sub))
        for group in running.values():
            _warp_once(group, stack_setup)
        for branch, sub in placed:
            branch.end(sub)

    def complete(self, branches: Collection[StackBranch], stack_setup: StackSetup) -> None:  # noqa: ARG002
        """See `Stacker.complete`."""
        for branch in branches:
            branch.complete()


def _warp_once(group: Sequence[tuple[StackBranch, PlacedSub]], stack_setup: StackSetup) -> None:
    """Warp a sub for stacks that it lies in the same place of."""
    sub = replace(group[0][1], weight=1.0)

    def take(tile: Tile) -> None:
        for branch, placed in group:
            branch.update(tile, placed.weight)

    integrate(sub, stack_setup.grid, stack_setup.sampling, take, stack_setup.workers)
