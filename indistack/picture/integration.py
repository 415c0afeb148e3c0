"""What comes of the subs: the stack, and the picture of it for people."""

from __future__ import annotations

from dataclasses import dataclass

from indistack.catalogue import SkyField
from indistack.values.frame import CountArray, FloatArray, PixelArray


@dataclass(frozen=True, slots=True)
class Integration:
    """A read-only view of the stack.

    Attributes
    ----------
    pixels : array
        ``(height, width)`` or ``(height, width, 3)`` float32, ADU; meaningless where `weight` is 0.
    weight : array
        ``(height, width)`` float32, or ``(height, width, 3)`` where every colour has its own (drizzle).
    coverage : array
        ``(height, width)`` uint16, how many subs reached the pixel.
    n_subs : int
        Subs added.
    exposure_s : float
        Their summed exposure.
    variance : array or None
        ``(height, width)`` float32, of the subs' values, as the mean of their colours, for weight 1 (ADU^2); where the
        method keeps it.
    rejected : array or None
        ``(height, width)`` uint16, how many subs reached the pixel and were rejected there; where the method rejects.
    """

    pixels: FloatArray
    weight: FloatArray
    coverage: CountArray
    n_subs: int
    exposure_s: float
    variance: FloatArray | None = None
    rejected: CountArray | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """A picture for people: ``(height, width)`` or ``(height, width, 3)``, RGB, top row first.

    Attributes
    ----------
    pixels : array
        uint8.
    fine : array or None
        The same as uint16, where a sink asked for it.
    sky : SkyField or None
        Where its pixels are on the sky, where that is known.
    """

    pixels: PixelArray
    fine: PixelArray | None = None
    sky: SkyField | None = None
