"""Measuring candidates on the full-resolution pixels, and telling stars from everything else."""

from __future__ import annotations

import numpy as np

from indistack.stars.clean_stamps import SHARP_RADIUS, apart, clean_stamps, spread_out
from indistack.stars.detect import Candidates, spread
from indistack.stars.field_width import FIELD_STARS, field_width
from indistack.stars.fit import fit_gaussians
from indistack.stars.half_flux import half_flux_radii
from indistack.stars.selection import brightest_first, first_of_its_place, is_star
from indistack.stars.sky import LuminanceSky
from indistack.stars.stamps import MOST_SITES, fits_inside
from indistack.system.workers import Workers
from indistack.values.frame import CalibratedFrame, FloatArray
from indistack.values.star_list import StarList

REACH = 2.0
"""Radius of a stamp in units of the field's longer width. Not rounded to pixels: wings beyond it count as sky, and the
same share must be lost whatever the seeing."""

FITS_PER_STAR = 1.5
"""Candidates that are fitted for each star that may be kept: some turn out to be none."""


def measure_stars(
    frame: CalibratedFrame,
    luminance: FloatArray,
    candidates: Candidates,
    sky: LuminanceSky,
    limit: int,
    workers: Workers,
) -> StarList:
    """Measure candidates and keep the stars.

    Parameters
    ----------
    frame : CalibratedFrame
        The frame.
    luminance : array
        Its binned luminance, in which the candidates were found.
    candidates : Candidates
        Most significant first.
    sky : LuminanceSky
        Level and noise of the frame.
    limit : int
        Keep at most so many stars, spread over the field.

    Returns
    -------
    StarList
        Brightest first; empty when there is none.
    """
    x, y = 2 * candidates.x + 0.5, 2 * candidates.y + 0.5
    noise_adu = max(sky.noise_adu, 1e-12)
    inside = np.flatnonzero(fits_inside(frame, x, y, SHARP_RADIUS))
    picked = inside[spread_out(frame, x[inside], y[inside], noise_adu, workers)]
    field = field_width(frame, luminance, x[picked], y[picked], noise_adu, workers)
    reach = float(np.clip(REACH * field[1], 5, 40))
    radius = int(np.ceil(reach))
    picked = picked[fits_inside(frame, x[picked], y[picked], radius)]
    budget = max(FIELD_STARS, min(int(FITS_PER_STAR * limit), MOST_SITES // (2 * radius + 3) ** 2))
    picked = picked[spread(x[picked], y[picked], frame.width, frame.height, budget)]
    if len(picked) == 0:
        return empty_list(sky)
    x, y = x[picked], y[picked]
    stamps = apart(clean_stamps(frame, x, y, radius, noise_adu, workers, reach), x, y, radius)
    fits = fit_gaussians(stamps, x, y, field[0], noise_adu, workers)
    stars = np.flatnonzero(is_star(fits, stamps, x, y, field, noise_adu))
    stars = stars[brightest_first(fits, stars)]
    stars = stars[first_of_its_place(fits.x[stars], fits.y[stars], max(1.5, 0.6 * field[0]))]
    stars = stars[spread(fits.x[stars], fits.y[stars], frame.width, frame.height, limit)]
    hfr = half_flux_radii(stamps, fits)
    return StarList(
        fits.x[stars], fits.y[stars], fits.flux[stars], fits.fwhm[stars], hfr[stars], fits.eccentricity[stars],
        fits.angle[stars], stamps.clipped[stars], sky.level_adu, sky.noise_adu,
    )  # fmt: skip


def empty_list(sky: LuminanceSky) -> StarList:
    """Return a list without stars: arrays of length 0, and the level and noise of the sky."""
    none = np.zeros(0)
    return StarList(none, none, none, none, none, none, none, np.zeros(0, bool), sky.level_adu, sky.noise_adu)
