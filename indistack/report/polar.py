"""What field rotation says of the polar alignment.

An axis that misses the pole by the small angle e turns the telescope, beside the sky, about a vector of length w e that
lies in the equator; w is the sidereal rate. Its component along the line of sight, w e cos(d) cos(h), turns the field;
h is the hour angle from the direction of the error, d the declination. Where a guider keeps a star in place, its
corrections about the polar axis turn the field, too, and the sum is w e cos(h) / cos(d) (Covington, Astrophotography
for the Amateur, 2nd edition, appendix B). The hour angle of the error being unknown, rotation gives a lower limit of e.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

SIDEREAL_DEG_H = 15.0411
ARCMIN_PER_RAD = 3437.747

MOST_ARCMIN = 300.0
"""Nobody misses the pole by more: such a field is turned by an alt-azimuth mount."""


@dataclass(frozen=True, slots=True)
class Polar:
    """Least distance of the mount's axis from the pole (arcmin), if the mount was guided and if it was not."""

    guided_arcmin: float
    unguided_arcmin: float

    @property
    def is_altazimuth(self) -> bool:
        """Whether no equatorial mount turns like that."""
        return min(self.guided_arcmin, self.unguided_arcmin) > MOST_ARCMIN


def polar_error(rotation_deg_h: float, dec_deg: float) -> Polar:
    """Return the least polar error that makes the field turn that fast at a declination."""
    error_arcmin = abs(rotation_deg_h) / SIDEREAL_DEG_H * ARCMIN_PER_RAD
    cosine = max(math.cos(math.radians(dec_deg)), 1e-6)
    return Polar(error_arcmin * cosine, error_arcmin / cosine)
