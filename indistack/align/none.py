"""The aligner that does not align."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from indistack.align.base import ALIGNERS, Aligner, AlignSettings
from indistack.errors import RegistrationError
from indistack.values.star_list import Scene
from indistack.values.transform import Transform


@ALIGNERS.register("none")
class NoAligner(Aligner):
    """Takes every sub as it lies; star trails, and frames that another program has aligned."""

    needs_stars: ClassVar[bool] = False

    def __init__(self, settings: AlignSettings) -> None:
        self._settings = settings

    def register(self, sub: Scene, reference: Scene, guess: Transform | None) -> Transform:  # noqa: ARG002
        """Return the identity.

        Raises
        ------
        RegistrationError
            ``shape_differs``: the two frames differ in size.
        """
        if (sub.width, sub.height) != (reference.width, reference.height):
            numbers = {"width": sub.width, "height": sub.height}
            detail = f"{sub.width} x {sub.height} does not lie on {reference.width} x {reference.height} as it is"
            raise RegistrationError("shape_differs", detail, numbers)
        return Transform(np.eye(3))
