"""From pixels and header cards to a frame: what formats with FITS keywords have in common."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from indistack.decode.base import DecodeSettings, fingerprint, require_contrast
from indistack.decode.byte_order import SWAPPED, exchanged
from indistack.decode.cfa import cfa_of
from indistack.decode.value_range import FRACTIONS, are_fractions, fractions_to_adu
from indistack.fits_header import frame_info, index
from indistack.system.workers import Workers
from indistack.values.frame import Card, PixelArray, RawFrame

FULL_SCALE = {"uint8": 255.0, "uint16": 65472.0}
"""Where pixels clip unless the header knows better. 16 bits: the top of a 10-bit converter shifted left, so that 12 and
14-bit ones (65520, 65532) are below it too."""

ROWS_LOOKED_AT, MOST_BEYOND = 8, 0.01
"""One of so many rows; share of the pixels above a level, beyond which it is not where the camera clips."""


def assemble(
    pixels: PixelArray,
    cards: tuple[Card, ...],
    settings: DecodeSettings,
    workers: Workers,
    warnings: Sequence[str] = (),
    *,
    real: bool = False,
) -> RawFrame:
    """Return the frame.

    Parameters
    ----------
    pixels : array
        ``(h, w)`` or ``(h, w, 3)`` native; fractions of full scale are brought to ADU in place.
    cards : tuple of Card
        The file's header.
    warnings : sequence of str
        What was odd about the file so far.
    real : bool
        The file holds real numbers, which may be fractions of full scale.

    Raises
    ------
    DecodeError
        `constant` or `unsupported` (its mosaic).
    """
    table = index(cards)
    if (other := exchanged(pixels)) is not None:
        pixels, warnings = other, (*warnings, SWAPPED)
    fractions = real and are_fractions(pixels, table)
    full_scale = FULL_SCALE.get("uint16" if fractions else pixels.dtype.name, math.inf)
    info = frame_info(cards, full_scale)
    if not fractions and info.saturation_adu < full_scale and goes_beyond(pixels, info.saturation_adu):
        warnings = (
            *warnings,
            f"the header says that the camera clips at {info.saturation_adu:g} ADU: pixels go beyond",
        )
        info = replace(info, saturation_adu=full_scale)
    if info.kind == "light":
        require_contrast(pixels)
    mark = fingerprint(pixels)
    if fractions:
        fractions_to_adu(pixels, workers)
        warnings = (*warnings, FRACTIONS)
        if info.saturation_adu <= 1.0:  # said in fractions too
            info = replace(info, saturation_adu=FULL_SCALE["uint16"])
    cfa = cfa_of(table, len(pixels), settings.bayer_for(info.camera)) if pixels.ndim == 2 else None
    return RawFrame(pixels, cfa, info, mark, tuple(warnings))


def goes_beyond(pixels: PixelArray, saturation_adu: float) -> bool:
    """Tell whether so many pixels are above a level that it cannot be where the camera clips.

    Some stars go beyond where a sensor stops being linear; a frame's sky never does.
    """
    return math.isfinite(saturation_adu) and float(np.mean(pixels[::ROWS_LOOKED_AT] > saturation_adu)) > MOST_BEYOND
