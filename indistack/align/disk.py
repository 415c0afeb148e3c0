"""The Sun, the Moon or a planet, by its limb."""

from __future__ import annotations

from typing import ClassVar

from indistack.align.base import ALIGNERS, Aligner, AlignSettings
from indistack.align.circle import Circle
from indistack.align.limb import find_limb
from indistack.align.planes import clean_plane, shifted, to_full
from indistack.values.star_list import Scene
from indistack.values.transform import Transform


@ALIGNERS.register("disk")
class Disk(Aligner):
    """Fits the limb of the Sun, the Moon or a planet, whole, crescent or cut by the frame; translation."""

    needs_luminance: ClassVar[bool] = True
    needs_stars: ClassVar[bool] = False

    def __init__(self, settings: AlignSettings) -> None:
        self._settings = settings
        self._known: tuple[Scene, Circle] | None = None

    def register(self, sub: Scene, reference: Scene, guess: Transform | None) -> Transform:  # noqa: ARG002
        """Find the shift; see `Aligner`. The radius is the reference's: an arc alone tells it less well.

        Raises
        ------
        RegistrationError
            ``no_limb``: too little of one in the sub or in the reference, or one of another size. ``too_small``.
        """
        theirs = self._of_reference(reference)
        ours = find_limb(clean_plane(sub), theirs.radius)
        shift = shifted(theirs.x - ours.x, theirs.y - ours.y)
        return Transform(to_full(shift), rms_px=2 * ours.rms)

    def _of_reference(self, reference: Scene) -> Circle:
        """The reference's limb, found once."""
        if self._known is None or self._known[0] is not reference:
            self._known = reference, find_limb(clean_plane(reference))
        return self._known[1]
