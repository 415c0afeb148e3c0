"""What LibRaw tells of a raw file beside its pixels."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SensorFacts:
    """Facts of one exposure, as they cross from the process of LibRaw.

    Attributes
    ----------
    cfa : str
        Colours of the first 2x2 pixels, row by row (``"RGGB"``, or what no Bayer filter has); "" for mono and RGB.
    black_adu : float
        Level without light, of all pixels.
    saturation_adu : float
        Level of full wells, of the colour that fills first; 0 when unknown.
    white_balance : tuple of 3 floats, or None
        The camera's multipliers of R, G, B, green 1.
    flip : int
        How the picture is to be turned for people, in dcraw's numbers.
    iso, exposure_s : float or None
        The camera's settings.
    taken : str
        Its clock, ISO 8601 without a zone; "" when unknown.
    """

    cfa: str
    black_adu: float
    saturation_adu: float
    white_balance: tuple[float, float, float] | None
    flip: int
    iso: float | None
    exposure_s: float | None
    taken: str
