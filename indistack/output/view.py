"""How fine somebody looks at the stacks of a session: what is copied of them, and what has to be made before."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from indistack.output.trim import Trim
from indistack.picture.integration import Integration
from indistack.picture.linear import StackPicture
from indistack.picture.sparse import picture_of
from indistack.session.session import Session
from indistack.session.stack_branch import StackBranch

Binning = Callable[[tuple[int, ...]], int]
"""Given the shape of a stack, by how much it is binned; 1: copied as fine as it is."""


@dataclass(frozen=True, slots=True)
class View:
    """How somebody looks at stacks.

    Attributes
    ----------
    session : Session
        Whose they are.
    binning : callable or None
        How coarse; None: the stacks themselves, which must not change then.
    whole : bool
        Every pixel is wanted, whatever the binning.
    """

    session: Session
    binning: Binning | None = None
    whole: bool = False

    def preparations(self, branches: Iterable[StackBranch]) -> list[Callable[[], object]]:
        """Return what has to be called, not under the session's lock, before these stacks are seen as they are now."""
        wanted = list(branches)
        if self.session.config.stack.canvas == "grow":  # the main stacks tell what is cut off
            wanted += [one.branch_set.main for one in self.session.filter_stacks.values()]
        asked = [branch.preparation(self._least_binning(branch)) for branch in wanted]
        return [each for each in asked if each is not None]

    def stack(self, branch: StackBranch, trim: Trim) -> Integration:
        """Return the trimmed part of a stack; the first subs' may be binned already, by no more than is wanted."""
        seen = branch.seen(self._least_binning(branch))
        return seen if seen.coverage.shape != _size(branch) else trim.cut(seen)

    def picture(self, branch: StackBranch, stack: Integration) -> StackPicture:
        """Return a picture of a stack that is as coarse as wanted, and nobody changes any more."""
        picture = picture_of(stack)
        factor = self._least_binning(branch)
        if factor == 1 or stack.coverage.shape == _size(branch):
            return self.kept(picture)
        height, width = (max(1, side // factor) for side in _size(branch))
        return picture.scaled(height, width, factor / (_size(branch)[0] // stack.coverage.shape[0]))

    def kept(self, picture: StackPicture) -> StackPicture:
        """Return what is kept of a picture: itself, a copy, or a binned one."""
        if self.binning is None:
            return picture
        factor = self.binning(picture.shape)
        return StackPicture(picture.binned(factor)) if factor > 1 else picture.copy()

    def _least_binning(self, branch: StackBranch) -> int:
        """By how much a stack may be binned from the beginning: not at all where a part of it is cut out."""
        config = self.session.config
        cuts = config.stack.canvas == "grow" or config.publish.crop is not None
        if self.binning is None or self.whole or cuts:
            return 1
        return self.binning(branch.method.planes()["pixels"].shape)


def _size(branch: StackBranch) -> tuple[int, ...]:
    """Height and width of a stack (px)."""
    return branch.method.planes()["coverage"].shape
