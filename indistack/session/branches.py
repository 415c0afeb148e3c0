"""Several stacks made from the same subs at once: which of them take a sub, and where it lies in each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from indistack.config import Config
from indistack.session.memory_need import lacking
from indistack.session.stack_branch import StackBranch
from indistack.session.stack_setup import StackSetup
from indistack.stack import BranchSettings
from indistack.values.frame import CalibratedFrame
from indistack.values.grid import PlacedSub
from indistack.values.sub_parts import StackShare


class BranchSet:
    """The stacks that are made from the same subs.

    Parameters
    ----------
    wanted : mapping
        Name -> settings, the main stack first.
    stack_setup : StackSetup
        What they share.
    """

    def __init__(self, wanted: Mapping[str, BranchSettings], stack_setup: StackSetup) -> None:
        self._stack_setup = stack_setup
        self._stacker = stack_setup.new_stacker()
        self.branches = {name: StackBranch(name, settings, stack_setup) for name, settings in wanted.items()}

    @property
    def main(self) -> StackBranch:
        """The first of the stacks."""
        return next(iter(self.branches.values()))

    def noted(self, share: StackShare) -> StackShare:
        """Return what the last sub is to the stacks with what these know of it."""
        if not self._stacker.at_once:
            return share
        branch_ms = {branch.name: branch.ms for branch in self.branches.values()}
        return replace(share, rejected=self.main.rejected, branch_ms=branch_ms)

    def add(self, place: Callable[[StackBranch], PlacedSub], takers: Collection[str] | None = None) -> dict[str, float]:
        """Add a sub to every stack that wants it; return the weight that it has in each of these.

        Parameters
        ----------
        place : callable
            Says where and with what weight the sub belongs in a stack.
        takers : collection of str, optional
            The stacks that took it when it was added before: then they take it whether they want it or not.
        """
        asked = [(branch, branch.wants_next()) for branch in self.branches.values()]
        placed = [
            (branch, place(branch)) for branch, wants in asked if (wants if takers is None else branch.name in takers)
        ]
        self._stacker.add(placed, self._stack_setup)
        return {branch.name: sub.weight for branch, sub in placed}

    def move_to(self, stack_setup: StackSetup) -> None:
        """Go on with a larger grid; see `StackBranch.move_to`."""
        for branch in self.branches.values():
            branch.move_to(stack_setup)
        self._stack_setup = stack_setup

    def anew(self) -> BranchSet:
        """Return empty stacks in place of those that cannot do without a sub that they have seen."""
        wanted = {name: self.branches[name].settings for name in self.stubborn(self.branches)}
        return BranchSet(wanted, self._stack_setup)

    def stubborn(self, names: Collection[str]) -> list[str]:
        """Return those of these stacks that cannot do without a sub that they have seen."""
        return [name for name, branch in self.branches.items() if name in names and not branch.method.can_remove]

    def lacking(self, config: Config, frame: CalibratedFrame) -> str:
        """Say what memory lacks for the same stacks once more, "" where there is enough."""
        return lacking(config, self._stack_setup.need(config, frame), lean=True)

    def take_over(self, new: BranchSet, old: Mapping[str, StackBranch]) -> None:
        """Have other stacks in place of these old ones, where they have not been ended or begun anew since."""
        new.move_to(self._stack_setup)
        for name, branch in new.branches.items():
            if self.branches.get(name) is old[name]:
                branch.take_turn_of(old[name])
                self.branches[name] = branch

    def slow_down(self, factor: int) -> None:
        """Let further stacks take only every so many-th of the subs that they should take."""
        for branch in self.branches.values():
            branch.slowed = 1 if branch is self.main else factor

    def open_branch(self, name: str, settings: BranchSettings) -> None:
        """Begin a further stack with the next sub; one of that name is begun anew."""
        self.branches[name] = self.fresh(name, settings)

    def fresh(self, name: str, settings: BranchSettings) -> StackBranch:
        """Return an empty stack that is none of these yet."""
        return StackBranch(name, settings, self._stack_setup)

    def add_to(self, branch: StackBranch, sub: PlacedSub) -> None:
        """Add a sub to a stack that is none of these yet."""
        self._stacker.add([(branch, sub)], self._stack_setup)

    def replace(self, branch: StackBranch) -> None:
        """Put a stack in the place of the one of its name."""
        self.branches[branch.name] = branch

    def drop_branch(self, name: str) -> None:
        """End a stack; the main one stays."""
        if name != self.main.name:
            self.branches.pop(name, None)

    def complete(self) -> None:
        """No sub will come any more."""
        self._stacker.complete(self.branches.values(), self._stack_setup)
