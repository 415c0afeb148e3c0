"""The stars that subs are compared with: better ones, and more of them, as the stack grows, on a grid that stays."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from indistack.align.base import AlignSettings
from indistack.align.join_stars import inside, mapped, merged
from indistack.grading.star_measures import sharpness
from indistack.values.star_list import Scene, StarList
from indistack.values.transform import Transform

log = logging.getLogger(__name__)
IntArray = npt.NDArray[np.intp]

BETTER = {"first": 2.0, "best": 1.0}
"""How many times as sharp a sub must be to give the reference its stars."""
STEADY_PX = 0.1
"""Stars that come by way of a transform that is known worse, at a corner, would move the grid."""
FIRST_GROWTH, GROWTH = 4, 4
"""Subs in the stack when its own stars are looked for, and how many times as many until the next time: so that the
noise has halved."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of a reference: its stars, and when they may change.

    Attributes
    ----------
    scene : Scene
        The reference with the stars to compare with.
    subs : int
        How many subs have offered theirs.
    sharpness : float
        Of the sub that gave the stars.
    next_growth : int
        Subs in the stack when its own stars are looked for.
    """

    scene: Scene
    subs: int
    sharpness: float
    next_growth: int


class ReferenceStars:
    """The reference as subs see it: its grid for ever, and the best list of stars known on it.

    Parameters
    ----------
    settings : AlignSettings
        When the list may change.
    reference : Scene
        What the stack's grid is.

    Attributes
    ----------
    known : Known
        All that is remembered; may be set.
    """

    def __init__(self, settings: AlignSettings, reference: Scene) -> None:
        self._settings = settings
        self.known = Known(reference, 0, sharpness(reference.stars), max(FIRST_GROWTH, settings.reference_subs))

    @property
    def scene(self) -> Scene:
        """The reference with the stars to compare with."""
        return self.known.scene

    def offer(self, sub: Scene, transform: Transform) -> bool:
        """Consider the stars of an accepted sub; tell whether the reference has taken them.

        Parameters
        ----------
        sub : Scene
            The sub.
        transform : Transform
            Sub -> reference.
        """
        subs, sharp = self.known.subs + 1, sharpness(sub.stars)
        self.known = replace(self.known, subs=subs)
        early = subs <= self._settings.reference_subs
        if not early or sharp <= BETTER[self._settings.reference] * self.known.sharpness:
            return False
        if transform.corner_error_px is None or transform.corner_error_px > STEADY_PX:
            return False
        stars = inside(mapped(sub.stars, transform), self.scene)
        log.info("the reference takes the stars of a better sub: %d", len(stars))
        self.known = replace(self.known, scene=replace(self.scene, stars=stars), sharpness=sharp)
        return True

    def is_due(self, n_subs: int) -> bool:
        """Tell whether a stack of so many subs is worth looking for stars in."""
        return self._settings.grow_reference and n_subs >= self.known.next_growth

    def grow(self, n_subs: int, found: StarList) -> bool:
        """Consider the stars of the stack; tell whether they have been taken in.

        Parameters
        ----------
        n_subs : int
            How many subs are in the stack.
        found : StarList
            The stack's stars, in px of the reference.
        """
        self.known = replace(self.known, next_growth=GROWTH * n_subs)
        stars = merged(self.scene.stars, found, self.scene)
        if stars is None:
            log.info("the stack of %d subs shows other stars than the reference: these are kept", n_subs)
            return False
        log.debug("the reference's stars grow from %d to %d", len(self.scene.stars), len(stars))
        self.known = replace(self.known, scene=replace(self.scene, stars=stars))
        return True
