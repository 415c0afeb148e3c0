"""What every aligner promises, its settings, and the table of aligners."""

from __future__ import annotations

from typing import Literal, Protocol

from pydantic import Field

from indistack.frame import Scene, Transform
from indistack.registry import Registry
from indistack.settings import Settings


class AlignSettings(Settings):
    """How subs are aligned on the reference."""

    method: str = "asterism"
    """Name of the aligner."""
    model: Literal["similarity", "affine"] = "similarity"
    """What the transform may do: shift, rotate and scale; affine shears as well, where at least 12 stars support it."""
    min_matched: int = Field(default=6, ge=4, le=1000)
    """Fewer stars in common are no match."""
    max_rms_px: float = Field(default=1.5, gt=0, le=20)
    """A larger rms of the matched stars is no match."""
    max_scale_change: float = Field(default=0.03, ge=0, lt=0.5)
    """How far the scale of a sub may lie from the reference's, as a share of it."""


class Aligner(Protocol):
    """Finds the transform from a sub to the reference.

    Deterministic: the same two scenes and guess give the same bits.
    """

    def __init__(self, settings: AlignSettings) -> None: ...

    def register(self, sub: Scene, reference: Scene, guess: Transform | None) -> Transform:
        """Find the transform.

        Parameters
        ----------
        sub, reference : Scene
            What is known of the two frames.
        guess : Transform or None
            Where to look first, such as the transform of the sub before; it is never trusted.

        Returns
        -------
        Transform
            Sub (x, y) -> reference (x, y), with the stars that agree and their rms.

        Raises
        ------
        RegistrationError
            There is none that could be stood for; the reason is a stable word.
        """
        ...


ALIGNERS: Registry[Aligner] = Registry("align.method")
