"""A picture on the sky, with what a catalogue knows there."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from indistack.catalogue.contents import Catalogue, NamedPlaces
from indistack.fits_header import Wcs
from indistack.values.frame import DoubleArray, IndexArray

FARTHEST_DEG = 80.0
"""Beyond, a tangent plane shows nothing."""


@dataclass(frozen=True, slots=True)
class KnownStars:
    """Stars of a catalogue in a picture, the brightest first.

    Attributes
    ----------
    xy : array
        ``(n, 2)`` float64, where they should be (px).
    v_mag, b_v : array
        ``(n,)`` float64.
    """

    xy: DoubleArray = field(default_factory=lambda: np.zeros((0, 2)))
    v_mag: DoubleArray = field(default_factory=lambda: np.zeros(0))
    b_v: DoubleArray = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True, slots=True)
class SkyField:
    """Where a picture lies, and what is there.

    Attributes
    ----------
    wcs : Wcs
        Of the picture, as its pixels are.
    catalogue : Catalogue
        What is known around it.
    """

    wcs: Wcs
    catalogue: Catalogue = field(default_factory=Catalogue)

    def moved(self, matrix: DoubleArray) -> SkyField:
        """Return it for another grid; `matrix` is affine ``(3, 3)``, pixel ``(x, y, 1)`` -> its pixel."""
        return SkyField(self.wcs.moved(matrix), self.catalogue)

    @property
    def north(self) -> tuple[float, float]:
        """Where north is, as a unit vector ``(x, y)``; y grows downwards in a picture."""
        return self._direction(0.0, 1.0)

    @property
    def east(self) -> tuple[float, float]:
        """Where east is; see `north`."""
        return self._direction(1.0, 0.0)

    @property
    def mirrored(self) -> bool:
        """Whether, y growing downwards, the picture is not as we see the sky, with east left of north."""
        return self.wcs.parity < 0

    def _direction(self, east: float, north: float) -> tuple[float, float]:
        x, y = np.linalg.solve(self.wcs.cd, (east, north))
        return float(x / np.hypot(x, y)), float(y / np.hypot(x, y))

    def stars(self, shape: tuple[int, ...]) -> KnownStars:
        """Return the stars with colours in a picture of that height and width."""
        stars = self.catalogue.stars
        xy, inside = self._seen(stars.ra_deg, stars.dec_deg, shape)
        order = inside[np.argsort(stars.v_mag[inside], kind="stable")]
        return KnownStars(xy[order], stars.v_mag[order], stars.b_v[order])

    def places(self, shape: tuple[int, ...]) -> tuple[NamedPlaces, DoubleArray]:
        """Return what has a name in a picture of that height and width, and where it is, ``(n, 2)`` px."""
        places = self.catalogue.places
        xy, inside = self._seen(places.ra_deg, places.dec_deg, shape)
        return places.chosen(inside), xy[inside]

    def _seen(
        self, ra_deg: DoubleArray, dec_deg: DoubleArray, shape: tuple[int, ...]
    ) -> tuple[DoubleArray, IndexArray]:
        """Return where places are in a picture, and which of them lie inside."""
        ahead = _cosine(self.wcs, ra_deg, dec_deg) > np.cos(np.radians(FARTHEST_DEG))
        xy = np.full((len(ra_deg), 2), -1.0)
        xy[ahead] = self.wcs.to_pixel(np.column_stack([ra_deg, dec_deg])[ahead])
        inside = (xy >= 0) & (xy <= (shape[1] - 1, shape[0] - 1))
        return xy, np.flatnonzero(inside.all(axis=1))


def _cosine(wcs: Wcs, ra_deg: DoubleArray, dec_deg: DoubleArray) -> DoubleArray:
    """Return the cosine of each place's distance from where the plane touches the sky."""
    dec, dec_0 = np.radians(dec_deg), np.radians(wcs.dec_deg)
    turn = np.cos(np.radians(ra_deg - wcs.ra_deg))
    cosine: DoubleArray = np.sin(dec) * np.sin(dec_0) + np.cos(dec) * np.cos(dec_0) * turn
    return cosine
