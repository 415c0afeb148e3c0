"""Brings a frame to its physical zero: overscan subtracted and cut off, PEDESTAL taken back.

Both differ from frame to frame or from program to program, and a master need not carry what its lights carry. So they
are taken out of the pixels of every frame alike (light, dark, flat, bias, master) before anything is compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from indistack.decode.base import DecodeSettings
from indistack.decode.section import Section, parse_section
from indistack.fits_header import READ, index, number
from indistack.numerics.statistics import robust_sigma
from indistack.values.frame import Card, CardValue, PixelArray, RawFrame
from indistack.values.mosaic import shifted

MIN_OVERSCAN_PIXELS = 64
MAX_PEDESTAL_ADU = 32767.0


def to_zero(frame: RawFrame, settings: DecodeSettings) -> RawFrame:
    """Return the frame with 0 ADU = no light as far as its header tells, cut to the part that sees light.

    The level of the overscan is one number for the frame, the mean of what lies within three robust sigmas of its
    median: single rows of an overscan are too short to be subtracted without adding their noise as stripes. It contains
    a pedestal, which is not subtracted twice. PEDESTAL counts by its size: MaximDL and TheSkyX write what is to be
    added for a zero base (-100), PixInsight what has been added (100).

    Pixels become float32 where something is subtracted: rounded levels and clipped noise would bias faint skies.
    """
    table = index(frame.info.header)
    if not settings.overscan:
        return _lowered(frame, _pedestal(table))
    height, width = frame.pixels.shape[:2]
    whole = Section(0, 0, width, height)
    sensitive, fault = _section(table, "light_area", whole)
    overscan, other_fault = _section(table, "overscan", whole)
    faults = [each for each in (fault, other_fault) if each]
    if overscan is not None and overscan.meets(sensitive or Section(0, 0, 0, 0)):
        faults.append("overscan and light-sensitive part overlap: the overscan is not used")
        overscan = None
    level = _pedestal(table) if overscan is None else _level(overscan.of(frame.pixels))
    frame = replace(frame, warnings=(*frame.warnings, *faults))
    return _lowered(frame if sensitive is None else _cut(frame, sensitive), level)


def _section(table: Mapping[str, CardValue], fact: str, whole: Section) -> tuple[Section | None, str]:
    """Return a part of the frame that the header names, or why it is not used ("" where it names none)."""
    for keyword in READ[fact]:
        said = str(table.get(keyword, "")).strip()
        if not said:
            continue
        box = parse_section(said)
        if box is None:
            return None, f"{keyword} = {said!r} is no section [x1:x2,y1:y2]: ignored"
        if not box.within(whole):
            return None, f"{keyword} = {said} is not within {whole.right} x {whole.bottom} pixels: ignored"
        return box, ""
    return None, ""


def _pedestal(table: Mapping[str, CardValue]) -> float:
    said = abs(number(table.get(READ["pedestal"][0])) or 0.0)
    return said if said <= MAX_PEDESTAL_ADU else 0.0


def _level(overscan: PixelArray) -> float:
    """Return the level without light; 0 for an overscan that is too small to tell."""
    values = overscan[np.isfinite(overscan)].astype(np.float64)
    if values.size < MIN_OVERSCAN_PIXELS:
        return 0.0
    middle = float(np.median(values))
    sigma = robust_sigma(values, middle)
    return float(values[np.abs(values - middle) <= max(3.0 * sigma, 1.0)].mean())


def _cut(frame: RawFrame, sensitive: Section) -> RawFrame:
    pixels = np.ascontiguousarray(sensitive.of(frame.pixels))
    cfa = None if frame.cfa is None else shifted(frame.cfa, sensitive.left, sensitive.top)
    cards = tuple(_moved(card, sensitive) for card in frame.info.header)
    return replace(frame, pixels=pixels, cfa=cfa, info=replace(frame.info, header=cards))


def _moved(card: Card, sensitive: Section) -> Card:
    """Return a card with the position of the sky's reference pixel in the cut frame."""
    keyword, value, comment = card
    place = {"CRPIX1": sensitive.left, "CRPIX2": sensitive.top}.get(keyword)
    at = None if place is None else number(value)
    return card if at is None or place is None else (keyword, at - place, comment)


def _lowered(frame: RawFrame, level_adu: float) -> RawFrame:
    if level_adu == 0.0:
        return frame
    pixels = np.subtract(frame.pixels, np.float32(level_adu), dtype=np.float32)
    info = frame.info
    return replace(
        frame,
        pixels=pixels,
        info=replace(
            info, saturation_adu=info.saturation_adu - level_adu, black_adu=max(0.0, info.black_adu - level_adu)
        ),
    )
