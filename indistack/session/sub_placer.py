"""Where a sub lies in each stack: what stands still there."""

from __future__ import annotations

from indistack.field.comet import CometSettings, Motion
from indistack.session.stack_branch import StackBranch
from indistack.stack import Follow
from indistack.values.frame import CalibratedFrame, FrameInfo
from indistack.values.grid import PlacedSub
from indistack.values.star_list import PhotometricMatch
from indistack.values.transform import Transform


class SubPlacer:
    """Lays subs in the stacks of a session.

    Parameters
    ----------
    reference : FrameInfo
        Of the reference: a comet stands where it stood then.
    comet : CometSettings
        How it moves.
    """

    def __init__(self, reference: FrameInfo, comet: CometSettings) -> None:
        self._reference = reference
        self._comet = comet
        self._motion: Motion | None = None

    def follow(self, comet: CometSettings) -> None:
        """Lay subs by another motion of the comet from now on."""
        self._comet, self._motion = comet, None

    def place(
        self,
        frame: CalibratedFrame,
        transform: Transform,
        match: PhotometricMatch,
        branch: StackBranch,
        weight: float,
        number: int,
    ) -> PlacedSub:
        """Return a sub, of that number in the ledger, as it lies in one stack, given its place among the stars."""
        where = self._followed(branch.settings.followed, transform, frame.info)
        return PlacedSub(frame, where, match, weight, number)

    def _followed(self, follow: Follow, transform: Transform, info: FrameInfo) -> Transform:
        """Return where a sub lies if that is to stand still."""
        if follow == "camera":
            return Transform.identity()
        if follow == "stars":
            return transform
        if self._motion is None:
            self._motion = Motion.over(self._reference, self._comet)
        return self._motion.follow(transform, info)
