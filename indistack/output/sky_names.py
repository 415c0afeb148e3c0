"""Names on a picture: bright stars, and what Messier, NGC and IC list, where they do not cover each other."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from indistack.catalogue import NamedPlaces, SkyField
from indistack.picture.captions import Ink, extent_of, plain, write
from indistack.values.frame import DoubleArray

MOST_NAMES = 24
"""The most prominent ones; more are no help on a phone."""

FAINTEST = 14.0
"""Fainter objects are left out, unless somebody has named them, or they are seen to be large."""

MESSIER, CALLED, UNKNOWN_MAG = -20.0, -3.0, 13.5
"""Added to the magnitude of Messier's objects and of those that have a name of their own; and where none is known."""

RING_INK, LARGEST_RING, LEAST_RING = 150, 0.4, 0.7
"""Strength of the ring around an object; its greatest radius as a share of the shorter side, its least in letters."""

BESIDE_MIDDLE = 3.0
"""How far from its middle the name of an object stands that is too large for a ring, in letters."""

GAP = 0.7
"""Between a star, or a ring, and its name, in letters."""


@dataclass(frozen=True, slots=True)
class _Label:
    name: str
    x: int
    y: int
    radius: int
    """Of the object; 0 of a star (px)."""


def write_names(ink: Ink, sky: SkyField, letter_px: int) -> None:
    """Write the names of what is in a picture, the most prominent first, where nothing is written yet.

    Parameters
    ----------
    ink : array
        ``(h, w)`` uint8, what is written; changed.
    sky : SkyField
        Where it is, and what is known there.
    letter_px : int
        Height of the letters.
    """
    places, xy = sky.places(ink.shape)
    px_arcmin = 60 / sky.wcs.scale_arcsec_px
    written = 0
    for index in _by_prominence(places, px_arcmin, letter_px):
        if written == MOST_NAMES:
            return
        written += _write(ink, _label(places, xy, index, px_arcmin, letter_px), letter_px)


def _by_prominence(places: NamedPlaces, px_arcmin: float, letter_px: int) -> list[int]:
    """Return the indices of what is worth a name."""
    mag = np.where(np.isfinite(places.mag), places.mag, UNKNOWN_MAG)
    names: list[str] = places.name.tolist()
    called = np.array([len(name.split()) != 2 for name in names], bool)
    messier = np.array([name.startswith("M ") for name in names], bool)
    is_large = places.size_arcmin * px_arcmin > 2 * letter_px
    seen = (places.size_arcmin == 0) | called | messier | is_large | (mag <= FAINTEST)
    rank = mag + np.where(messier, MESSIER, np.where(called, CALLED, 0.0))
    return [int(index) for index in np.argsort(rank, kind="stable") if seen[index]]


def _label(places: NamedPlaces, xy: DoubleArray, index: int, px_arcmin: float, letter_px: int) -> _Label:
    x, y = (round(float(value)) for value in xy[index])
    size = float(places.size_arcmin[index])
    name = plain(str(places.name[index]))
    is_object = size > 0 or not np.isfinite(places.mag[index]) or name[:2] in ("M ", "NG", "IC")
    radius = max(LEAST_RING * letter_px, size * px_arcmin / 2) if is_object else 0
    return _Label(name, x, y, round(radius))


def _write(ink: Ink, label: _Label, letter_px: int) -> bool:
    """Write one name, and draw the ring; False where there is no room."""
    width, height = extent_of(ink, label.name, letter_px)
    largest = round(LARGEST_RING * min(ink.shape))
    around = label.radius if label.radius <= largest else BESIDE_MIDDLE * letter_px
    for left, base in _spots(label, around + GAP * letter_px, width, height):
        if _is_free(ink, left, base, width, height, letter_px):
            if 0 < label.radius <= largest:
                _draw_ring(ink, label, letter_px)
            write(ink, label.name, (left, base), letter_px)
            return True
    return False


def _spots(label: _Label, off: float, width: int, height: int) -> Iterator[tuple[int, int]]:
    """Return where a name may begin: right, left, below, above, and aslant."""
    slant = off * math.sqrt(0.5)
    x, y, away, aslant = label.x, label.y, round(off), round(slant)
    middle = y + height // 2
    yield x + away, middle
    yield x - away - width, middle
    yield x - width // 2, y + away + height
    yield x - width // 2, y - away
    for base in (y - aslant, y + aslant + height):
        yield x + aslant, base
        yield x - aslant - width, base


def _is_free(ink: Ink, left: int, base: int, width: int, height: int, letter_px: int) -> bool:
    """Tell whether nothing is written where a name would stand, nor close to it, and all of it is in the picture."""
    margin = letter_px // 2
    top, bottom = base - height - margin, base + margin + letter_px // 3  # letters reach below their base
    right = left + width + margin
    if min(left - margin, top) < 0 or right > ink.shape[1] or bottom > ink.shape[0]:
        return False
    return not ink[top:bottom, left - margin : right].any()


def _draw_ring(ink: Ink, label: _Label, letter_px: int) -> None:
    """Draw a ring around an object, unless it would cross what is written."""
    reach = label.radius + letter_px // 5 + 1
    top, left = max(0, label.y - reach), max(0, label.x - reach)
    part = ink[top : label.y + reach + 1, left : label.x + reach + 1]
    ring = np.zeros_like(part)
    centre = label.x - left, label.y - top
    cv2.circle(ring, centre, label.radius, RING_INK, max(1, letter_px // 12), cv2.LINE_AA)
    if not (part[ring > 0]).any():
        np.maximum(part, ring, out=part)
