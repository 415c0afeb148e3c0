"""WCS cards: read as a tangent plane, and moved to another grid whatever their kind.

Formulas: Greisen and Calabretta 2002, A&A 395, 1061 (CD, PC, CDELT, CROTA); Shupe et al. 2005 (SIP).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

import numpy as np

from indistack.fits_header.tangent import Wcs, linear_cards, scale_of
from indistack.fits_header.values import index, number
from indistack.values.frame import Card, CardValue, DoubleArray

SMALLEST_ARCSEC_PX, LARGEST_ARCSEC_PX = 0.001, 3600.0
"""Plate scales beyond these are a header's nonsense."""

LEAST_SINE = 0.1
"""Of the angle between the axes of the pixels on the sky; below, the matrix is no picture of a camera."""

_LINEAR = re.compile(r"CD[12]_[12]|PC[12]_[12]|PC00[12]00[12]|CDELT[12]|CROTA[12]")
_WCS = re.compile(
    rf"{_LINEAR.pattern}|WCSAXES|WCSNAME|C(?:TYPE|UNIT|RVAL|RPIX|RDER|SYER)[12]|P[VS][12]_\d+|LONPOLE|LATPOLE"
    r"|[AB]P?_(?:ORDER|DMAX|\d_\d)|EQUINOX|EPOCH|RADESYS|RADECSYS"
)
_SIP = re.compile(r"[AB]P?_(?:ORDER|DMAX|(\d)_(\d))")
_PIXEL_SIZE = re.compile(r"SCALE|PIXSCALE|SECPIX[12]?|[XY]PIXSZ|PIXSIZE[12]")
"""Keywords that are proportional to the size of a pixel."""


def read_wcs(cards: Iterable[Card]) -> Wcs | None:
    """Return the tangent plane of a header; None where it has no plausible one with RA and Dec on its axes, in order.

    Distortion terms are left out: they vanish at the reference pixel.
    """
    table = index(cards)
    cd = linear_part(table)
    values = [number(table.get(keyword)) for keyword in ("CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2")]
    if cd is None or not is_celestial(table) or None in values:
        return None
    ra_deg, dec_deg, x, y = (float(value or 0.0) for value in values)
    return Wcs(ra_deg % 360, dec_deg, (x - 1, y - 1), cd) if abs(dec_deg) <= 90 else None


def linear_part(table: Mapping[str, CardValue]) -> DoubleArray | None:
    """Return a header's matrix from pixels to degrees, ``(2, 2)``; None where it has no plausible one.

    A CD matrix is believed even without CTYPE; CDELT may mean anything then.
    """
    cd = _matrix(table, "CD{}_{}", 0.0)
    if cd is None and is_celestial(table):
        cd = _from_steps(table)
    return cd if cd is not None and _is_plausible(cd) else None


def _from_steps(table: Mapping[str, CardValue]) -> DoubleArray | None:
    """Return CDELT with PC or CROTA as a CD matrix."""
    steps = [number(table.get(keyword)) for keyword in ("CDELT1", "CDELT2")]
    if None in steps:
        return None
    turn = _matrix(table, "PC{}_{}", 1.0)
    if turn is None:
        turn = _matrix(table, "PC00{}00{}", 1.0)
    diagonal = np.diag(np.array(steps, np.float64))
    if turn is not None:
        return np.asarray(diagonal @ turn, np.float64)
    angle = math.radians(number(table.get("CROTA2", table.get("CROTA1"))) or 0.0)
    rotation = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return np.asarray(rotation @ diagonal, np.float64)


def _matrix(table: Mapping[str, CardValue], keyword: str, on_diagonal: float) -> DoubleArray | None:
    """Return the matrix under such keywords, missing ones by default; None where all are missing."""
    said = [[number(table.get(keyword.format(row, column))) for column in (1, 2)] for row in (1, 2)]
    if said == [[None, None], [None, None]]:
        return None
    default = np.eye(2) * on_diagonal
    return np.array([[default[i, j] if said[i][j] is None else said[i][j] for j in (0, 1)] for i in (0, 1)], np.float64)


def is_celestial(table: Mapping[str, CardValue]) -> bool:
    """Tell whether a header says that the axes of its picture are RA and Dec, in order."""
    return str(table.get("CTYPE1", "")).startswith("RA") and str(table.get("CTYPE2", "")).startswith("DEC")


def _is_plausible(cd: DoubleArray) -> bool:
    sides = np.hypot(*cd)
    sine = abs(np.linalg.det(cd)) / max(sides[0] * sides[1], 1e-300)
    return bool(sine > LEAST_SINE and SMALLEST_ARCSEC_PX < scale_of(cd) < LARGEST_ARCSEC_PX)


def without_half_wcs(cards: Iterable[Card]) -> tuple[Card, ...]:
    """Return a header without a WCS that tells a place on the sky but neither scale nor direction."""
    cards = tuple(cards)
    table = index(cards)
    if linear_part(table) is not None or not is_celestial(table):
        return cards
    return tuple(card for card in cards if not _WCS.fullmatch(card[0]) or re.match("EQUINOX|EPOCH|RADE", card[0]))


def with_wcs(cards: Iterable[Card], wcs: Wcs) -> tuple[Card, ...]:
    """Return a header with this WCS in the place of any other, and with its plate scale."""
    scale: Card = ("SCALE", wcs.scale_arcsec_px, "[arcsec/px] plate scale")
    kept = (card for card in cards if not _WCS.fullmatch(card[0]) and not re.match("SCALE|SECPIX|PIXSCALE", card[0]))
    return (*kept, *wcs.cards(), scale)


def moved_cards(cards: Iterable[Card], matrix: DoubleArray) -> tuple[Card, ...]:
    """Return a header as it is for the same picture on another grid.

    WCS of any projection, plate scale and pixel size are made true. The matrix of the WCS becomes CDELT and PC cards,
    whatever it was. SIP terms are kept where the grid is only scaled and shifted, and left out where it is turned.

    Parameters
    ----------
    cards : iterable of Card
        The header.
    matrix : array
        ``(3, 3)`` float64, affine: pixel ``(x, y, 1)`` -> pixel of the new grid; the first pixel's centre is (0, 0).
    """
    cards = tuple(card for card in cards if card[0] != "WCSAXES")  # as many as the picture has
    table, linear = index(cards), matrix[:2, :2]
    zoom = math.sqrt(abs(np.linalg.det(linear)))
    only_zoomed = np.allclose(linear, np.eye(2) * zoom)
    moved = [_moved(card, zoom, only_zoomed) for card in cards if only_zoomed or not _SIP.fullmatch(card[0])]
    cd, pixel = linear_part(table), [number(table.get(keyword)) for keyword in ("CRPIX1", "CRPIX2")]
    if cd is not None:
        moved = [card for card in moved if not _LINEAR.fullmatch(card[0])]
        moved += linear_cards(np.asarray(cd @ np.linalg.inv(linear), np.float64))
    if pixel[0] is not None and pixel[1] is not None:
        x, y, _ = matrix @ (pixel[0] - 1, pixel[1] - 1, 1.0) + (1, 1, 0)
        moved = [_renewed(card, {"CRPIX1": float(x), "CRPIX2": float(y)}) for card in moved]
    return tuple(moved)


def _renewed(card: Card, values: Mapping[str, CardValue]) -> Card:
    return (card[0], values.get(card[0], card[1]), card[2])


def _moved(card: Card, zoom: float, only_zoomed: bool) -> Card:
    """Make one card true for pixels that are `zoom` times smaller."""
    keyword, said, comment = card
    value = number(said)
    if not only_zoomed and keyword in ("CTYPE1", "CTYPE2"):
        return keyword, str(said).removesuffix("-SIP"), comment
    if value is None:
        return card
    if _PIXEL_SIZE.fullmatch(keyword):
        return keyword, value / zoom, comment
    term = _SIP.fullmatch(keyword)
    if term is None or keyword.endswith("ORDER"):
        return card
    power = int(term[1]) + int(term[2]) if term[1] else 0  # DMAX is a distance
    return keyword, value * zoom ** (1 - power), comment
