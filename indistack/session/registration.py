"""Finds where subs lie on a session's reference, and remembers what helps to find the next ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from indistack.align import ALIGNERS, Aligner, Known, ReferenceStars, chained, mapped, require_same_stars
from indistack.config import Config
from indistack.errors import RegistrationError
from indistack.session.filter_stack import MeasuredSub, Placement
from indistack.stars import StarFinder
from indistack.system.workers import Workers
from indistack.values.frame import PixelArray
from indistack.values.grid import StackGrid
from indistack.values.packing import Arrays, pack, unpack
from indistack.values.star_list import Scene
from indistack.values.sub_parts import UsedAligner
from indistack.values.transform import Transform


class Registration:
    """Registers subs on a reference, directly or by way of the sub before.

    Parameters
    ----------
    config : Config
        The settings: by which aligner, against what.
    reference : Scene
        What the stack's grid is.
    workers : Workers
        Threads for the array work.

    Attributes
    ----------
    aligner : Aligner
        The one for this reference.
    stranger : Scene or None
        The last sub that did not fit the reference, since one did.
    """

    def __init__(self, config: Config, reference: Scene, workers: Workers) -> None:
        self._settings = settings = config.align
        self._against = settings.against
        self._finder = StarFinder(config.stars, workers)
        self.aligner = self._aligner_for(reference)
        self._compared = ReferenceStars(settings, self.kept(reference))
        self._guess: Transform | None = None
        self._before = self.kept(reference), Transform.identity()
        self.stranger: Scene | None = None

    @property
    def used_aligner(self) -> UsedAligner:
        """Which aligner it is, and why that one."""
        return UsedAligner(ALIGNERS.name_of(self.aligner), self.aligner.reason)

    def kept(self, scene: Scene) -> Scene:
        """Return of a scene what is to be remembered: without its picture where stars do."""
        return scene if self.aligner.needs_luminance else replace(scene, luminance=None)

    def require_reference(self) -> None:
        """Refuse a reference that shows nothing to align by: it would not even lie on itself.

        Raises
        ------
        RegistrationError
            As the aligner does. By stars there is no need to ask: they have been judged.
        """
        if self.aligner.needs_luminance and not self.aligner.needs_stars:
            self.aligner.register(self._compared.scene, self._compared.scene, None)

    def register(self, scene: Scene) -> Transform:
        """Find the transform from a sub to the reference.

        Raises
        ------
        RegistrationError
            The aligner finds none, or a part of the sub only lies where it says.
        """
        if self._against == "reference":
            return self._checked(scene, self._compared.scene, self._guess)
        other, to_reference = self._before
        step = self._checked(scene, other, None)
        return chained(step, to_reference, scene.width, scene.height)

    def _aligner_for(self, reference: Scene) -> Aligner:
        return ALIGNERS.get(self._settings.method)(self._settings).for_reference(reference)

    def _checked(self, scene: Scene, other: Scene, guess: Transform | None) -> Transform:
        transform = self.aligner.register(scene, other, guess)
        if self.aligner.needs_stars and not self.aligner.needs_luminance:
            require_same_stars(scene, other, transform)
        return transform

    def fits(self, scene: Scene, other: Scene | None) -> bool:
        """Tell whether two subs show the same field; no sub shows none.

        Where the reference is aligned without stars, two that differ from it may have some.
        """
        if other is None:
            return False
        aligner = self.aligner if self.aligner.needs_stars else self._aligner_for(other)
        try:
            aligner.register(scene, other, None)
        except RegistrationError:
            return False
        return True

    def accept(self, scene: Scene, transform: Transform) -> None:
        """The sub is in the stack: the next one is near it."""
        self._guess, self.stranger = transform, None
        if self._against == "previous":
            self._before = scene, transform

    def learn(self, sub: MeasuredSub, placement: Placement, grid: StackGrid) -> None:
        """Compare later subs with the stars of one that is in the stack, or of the stack, where these are better."""
        if not self.aligner.needs_stars:
            return
        self._compared.offer(sub.scene, placement.transform)
        main, n_subs = placement.filter_stack.branch_set.main, placement.filter_stack.n_subs
        if main.settings.followed == "stars" and self._compared.is_due(n_subs) and not main.opens:
            found = self._finder.find_in_stack(main.integration(), sub.frame.cfa is not None)
            self._compared.grow(n_subs, mapped(found, Transform(np.asarray(np.linalg.inv(grid.matrix)))))

    def memory(self, arrays: Arrays) -> dict[str, Any]:
        """Return what is remembered as plain values; `arrays` gets what they refer to, no copies."""
        return {
            "guess": pack(self._guess, arrays),
            "before": pack(self._before, arrays),
            "compared": pack(self._compared.known, arrays),
            "stranger": pack(self.stranger, arrays),
        }

    def recall(self, memory: Mapping[str, Any], arrays: Mapping[str, PixelArray]) -> None:
        """Go on as the one would whose memory this is."""
        self._guess = unpack(Transform | None, memory["guess"], arrays)
        self._before = unpack(tuple[Scene, Transform], memory["before"], arrays)
        self._compared.known = unpack(Known, memory["compared"], arrays)
        self.stranger = unpack(Scene | None, memory["stranger"], arrays)
