"""What is known of a picture beside its pixels, and decides how it is shown."""

from __future__ import annotations

from dataclasses import dataclass

from indistack.catalogue import SkyField
from indistack.picture.crop import WHOLE, Part
from indistack.values.frame import FloatArray


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """What is known of a picture of a stack beside its pixels.

    Attributes
    ----------
    bottom_up : bool
        The stack's first row is the bottom of the picture.
    orientation : int
        EXIF: how the camera was held.
    shown : Part
        What the picture shows; the rest enters no statistic.
    false_colours : bool
        The colours stand for something else than colours: none is made white.
    body : bool
        Subs were aligned by a limb or a surface: the Sun, the Moon or a landscape, which may fill the field.
    white_balance : tuple of 3 floats, or None
        The camera's own multipliers of its colours.
    clipped : array or None
        ``(rows, columns)`` float32, which share of the subs was clipped in the cells of a coarse grid over the stack;
        None: none was, or nobody knows.
    sky : SkyField or None
        Where the stack's pixels are on the sky, and what is known there.
    """

    bottom_up: bool = False
    orientation: int = 1
    shown: Part = WHOLE
    false_colours: bool = False
    body: bool = False
    white_balance: tuple[float, float, float] | None = None
    clipped: FloatArray | None = None
    sky: SkyField | None = None


PLAIN = PictureFacts()
"""Nothing is known."""
