"""Where pixels lie on the sky: the tangent plane as a value.

Formulas: Calabretta and Greisen 2002, A&A 395, 1077 (gnomonic projection).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from indistack.values.frame import Card, DoubleArray


def project(centre_deg: tuple[float, float], radec_deg: DoubleArray) -> DoubleArray:
    """Map sky positions on the plane that touches the sphere at a point.

    Parameters
    ----------
    centre_deg : (float, float)
        RA and Dec of the point.
    radec_deg : array
        ``(n, 2)`` RA and Dec, less than 90 deg away from it.

    Returns
    -------
    array
        ``(n, 2)`` float64, degrees towards east and north.
    """
    ra, dec = np.radians(np.asarray(radec_deg, np.float64)).T
    ra_0, dec_0 = map(math.radians, centre_deg)
    cosine = math.sin(dec_0) * np.sin(dec) + math.cos(dec_0) * np.cos(dec) * np.cos(ra - ra_0)
    east = np.cos(dec) * np.sin(ra - ra_0) / cosine
    north = (math.cos(dec_0) * np.sin(dec) - math.sin(dec_0) * np.cos(dec) * np.cos(ra - ra_0)) / cosine
    plane: DoubleArray = np.degrees(np.column_stack([east, north]))
    return plane


def deproject(centre_deg: tuple[float, float], plane_deg: DoubleArray) -> DoubleArray:
    """Undo `project`: ``(n, 2)`` degrees towards east and north -> ``(n, 2)`` RA (0 to 360) and Dec (deg)."""
    east, north = np.radians(np.asarray(plane_deg, np.float64)).T
    ra_0, dec_0 = map(math.radians, centre_deg)
    depth = math.cos(dec_0) - north * math.sin(dec_0)
    ra = ra_0 + np.arctan2(east, depth)
    dec = np.arctan2(math.sin(dec_0) + north * math.cos(dec_0), np.hypot(east, depth))
    return np.column_stack([np.degrees(ra) % 360, np.degrees(dec)])


@dataclass(frozen=True, slots=True)
class Wcs:
    """A picture in the tangent plane.

    Attributes
    ----------
    ra_deg, dec_deg : float
        Where the plane touches the sky (ICRS).
    pixel : (float, float)
        The point of the picture there; the centre of the first pixel is (0, 0), unlike CRPIX.
    cd : array
        ``(2, 2)`` float64, px from `pixel` -> degrees towards east and north.
    """

    ra_deg: float
    dec_deg: float
    pixel: tuple[float, float]
    cd: DoubleArray

    @property
    def scale_arcsec_px(self) -> float:
        """Plate scale, the mean of both axes."""
        return scale_of(self.cd)

    @property
    def rotation_deg(self) -> float:
        """Position angle of the direction of growing y, from north over east, -180 to 180."""
        return math.degrees(math.atan2(self.cd[0, 1], self.cd[1, 1]))

    @property
    def parity(self) -> int:
        """-1 where, y pointing up, the picture is as we see the sky (north up, east left); 1 where it is mirrored."""
        return 1 if np.linalg.det(self.cd) > 0 else -1

    def to_sky(self, xy: DoubleArray) -> DoubleArray:
        """Map ``(n, 2)`` pixels to ``(n, 2)`` RA and Dec (deg)."""
        return deproject((self.ra_deg, self.dec_deg), (np.asarray(xy, np.float64) - self.pixel) @ self.cd.T)

    def to_pixel(self, radec_deg: DoubleArray) -> DoubleArray:
        """Map ``(n, 2)`` RA and Dec (deg) to ``(n, 2)`` pixels."""
        plane = project((self.ra_deg, self.dec_deg), radec_deg)
        xy: DoubleArray = plane @ np.linalg.inv(self.cd).T + self.pixel
        return xy

    def moved(self, matrix: DoubleArray) -> Wcs:
        """Return the same sky on another grid; `matrix` is affine ``(3, 3)``, pixel ``(x, y, 1)`` -> its pixel."""
        x, y, _ = matrix @ (*self.pixel, 1.0)
        return Wcs(self.ra_deg, self.dec_deg, (float(x), float(y)), self.cd @ np.linalg.inv(matrix[:2, :2]))

    def cards(self) -> tuple[Card, ...]:
        """Return it as FITS cards."""
        return (
            ("CTYPE1", "RA---TAN", "gnomonic projection"),
            ("CTYPE2", "DEC--TAN", "gnomonic projection"),
            ("CUNIT1", "deg", ""),
            ("CUNIT2", "deg", ""),
            ("CRVAL1", self.ra_deg, "[deg] right ascension at the reference pixel"),
            ("CRVAL2", self.dec_deg, "[deg] declination at the reference pixel"),
            ("CRPIX1", self.pixel[0] + 1, "reference pixel, the first is 1"),
            ("CRPIX2", self.pixel[1] + 1, "reference pixel, the first is 1"),
            *linear_cards(self.cd),
            ("RADESYS", "ICRS", ""),
        )


def scale_of(cd: DoubleArray) -> float:
    """Return the plate scale (arcsec/px) of a matrix from pixels to degrees, the mean of both axes."""
    return 3600 * math.sqrt(abs(np.linalg.det(cd)))


def linear_cards(cd: DoubleArray) -> list[Card]:
    """Write a matrix as steps and rotation: a CD matrix would make the third axis of a colour cube one without step."""
    step_deg = scale_of(cd) / 3600
    steps = [math.copysign(step_deg, np.linalg.det(cd)), step_deg]
    cards: list[Card] = [(f"CDELT{i + 1}", steps[i], "[deg/px]") for i in (0, 1)]
    return cards + [(f"PC{i + 1}_{j + 1}", float(cd[i, j] / steps[i]), "") for i in (0, 1) for j in (0, 1)]
