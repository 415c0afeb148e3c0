"""What a catalogue holds: stars with their colours, and places with names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from indistack.values.frame import BoolArray, DoubleArray

EPOCH_YEAR = 2026.0
"""Stars stand where they are then: the fastest of the bright ones move by a few arcsec a year."""

SAME_DEG = 10 / 3600
"""Stars of two sources that are as near as that are taken for one."""

BLUEST, REDDEST = -0.5, 4.0
"""A B-V beyond is a hole in a table."""

Row = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class _Table:
    """Columns of the same length, one entry an item."""

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))

    def chosen(self, which: BoolArray | Row) -> Self:
        """Return some of the entries, by a mask or by indices ``(n,)``."""
        return type(self)(*(getattr(self, column.name)[which] for column in fields(self)))

    def joined(self, *others: Self) -> Self:
        """Return the entries of all, one after the other."""
        names = [column.name for column in fields(self)]
        return type(self)(*(np.concatenate([getattr(one, name) for one in (self, *others)]) for name in names))


def _none() -> DoubleArray:
    return np.zeros(0)


@dataclass(frozen=True, slots=True)
class Stars(_Table):
    """Stars with colours.

    Attributes
    ----------
    ra_deg, dec_deg : array
        ``(n,)`` float64, ICRS, at `EPOCH_YEAR`.
    v_mag, b_v : array
        ``(n,)`` float64, Johnson's V and B-V.
    """

    ra_deg: DoubleArray = field(default_factory=_none)
    dec_deg: DoubleArray = field(default_factory=_none)
    v_mag: DoubleArray = field(default_factory=_none)
    b_v: DoubleArray = field(default_factory=_none)

    def known(self) -> Stars:
        """Return those with a place, a brightness and a believable colour."""
        whole = np.isfinite(self.ra_deg + self.dec_deg + self.v_mag)
        return self.chosen(whole & (self.b_v > BLUEST) & (self.b_v < REDDEST))

    def with_further(self, others: Stars) -> Stars:
        """Return these, and those of another source that stand where none of these does."""
        taken = np.unique(_cells(self))
        row, column = np.meshgrid((-1, 0, 1), (-1, 0, 1))
        near = [np.isin(_cells(others, int(y), int(x)), taken) for y, x in zip(row.flat, column.flat, strict=True)]
        return self.joined(others.chosen(~np.any(near, axis=0)))


def _cells(stars: Stars, down: int = 0, right: int = 0) -> npt.NDArray[np.int64]:
    """Return the number of the cell of a grid over the sky that each star is in, or of one beside it."""
    row = np.round(stars.dec_deg / SAME_DEG).astype(np.int64) + down
    across = stars.ra_deg * np.cos(np.radians(row * SAME_DEG)) / SAME_DEG
    cells: npt.NDArray[np.int64] = row * 10_000_000 + np.round(across).astype(np.int64) + right
    return cells


@dataclass(frozen=True, slots=True)
class NamedPlaces(_Table):
    """Bright stars and deep-sky objects with names.

    Attributes
    ----------
    name : array
        ``(n,)`` of text.
    ra_deg, dec_deg : array
        ``(n,)`` float64, ICRS.
    mag : array
        ``(n,)`` float64; NaN where it is not known.
    size_arcmin : array
        ``(n,)`` float64, the longer axis of an object; 0 of a star.
    """

    name: Row = field(default_factory=lambda: np.zeros(0, "U1"))
    ra_deg: DoubleArray = field(default_factory=_none)
    dec_deg: DoubleArray = field(default_factory=_none)
    mag: DoubleArray = field(default_factory=_none)
    size_arcmin: DoubleArray = field(default_factory=_none)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All of it.

    Attributes
    ----------
    stars : Stars
        With colours.
    places : NamedPlaces
        With names.
    sources : sequence of str
        What it was made of, and under which licences.
    """

    stars: Stars = field(default_factory=Stars)
    places: NamedPlaces = field(default_factory=NamedPlaces)
    sources: Sequence[str] = ()

    def within(self, centre_deg: tuple[float, float], radius_deg: float) -> Catalogue:
        """Return what lies so near to a place of the sky."""
        stars = self.stars.chosen(_is_near(self.stars, centre_deg, radius_deg))
        return Catalogue(stars, self.places.chosen(_is_near(self.places, centre_deg, radius_deg)), self.sources)


def _is_near(table: Stars | NamedPlaces, centre_deg: tuple[float, float], radius_deg: float) -> BoolArray:
    ra, dec = np.radians(table.ra_deg), np.radians(table.dec_deg)
    ra_0, dec_0 = np.radians(centre_deg)
    half = np.sin((dec - dec_0) / 2) ** 2 + np.cos(dec) * np.cos(dec_0) * np.sin((ra - ra_0) / 2) ** 2
    near: BoolArray = half <= np.sin(np.radians(min(radius_deg, 180.0)) / 2) ** 2
    return near
