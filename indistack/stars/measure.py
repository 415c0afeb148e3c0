"""Measuring candidates on the full-resolution pixels, and telling stars from everything else."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from indistack.stars.detect import Candidates, best_of_parts, close_pairs, spread
from indistack.stars.fit import Fits, fit_gaussians
from indistack.stars.half_flux import half_flux_radii
from indistack.stars.sky import LuminanceSky
from indistack.stars.stamps import Stamps, cut, fits_inside, joined
from indistack.system.workers import Workers
from indistack.values.frame import BoolArray, CalibratedFrame, DoubleArray, FloatArray
from indistack.values.star_list import StarList

IntArray = npt.NDArray[np.intp]

SHARP_RADIUS = 4
SHARP_MONO = 0.6
"""A star of FWHM 1.2 px centred on a pixel has 1.0 times the peak in its 8 neighbours; a hot pixel has none."""
SHARP_GREEN = 0.2
"""A star of FWHM 1.3 px centred on a green photosite has 0.3 times the peak in the 4 nearest green ones."""

HOT_SIGMA = 8.0
"""A photosite that stands alone this far above the sky around is hot; less is noise, as on the top of a broad star."""

REACH = 2.0
"""Radius of a stamp in units of the field's longer width. Not rounded to pixels: wings beyond it count as sky, and the
same share must be lost whatever the seeing."""

FIELD_STARS = 64
"""Parts of the field; the best candidate of each tells the field's typical width."""
GUESS_RADIUS = 12
CUT_AT_ONCE = 256

MOST_SITES = 1_200_000
"""Photosites measured at most: where everything is broad, fewer stars do."""

FITS_PER_STAR = 1.5
"""Candidates that are fitted for each star that may be kept: some turn out to be none."""

LEAST_SNR = 3.0
NARROWEST, WIDEST, WIDEST_CLIPPED = 0.6, 1.9, 5.0
"""A star's FWHM in units of the field's median."""
LONGEST = 2.2
"""A star's longer axis in units of the field's median longer axis: a satellite's trail is longer, a gust's are not."""
MISFIT = 0.2
"""Largest rms residual in units of the amplitude, noise apart; a Moffat profile with beta 2.5 has 0.03."""


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
    picked = inside[_spread_out(frame, x[inside], y[inside], noise_adu, workers)]
    field = _field_width(frame, luminance, x[picked], y[picked], noise_adu, workers)
    reach = float(np.clip(REACH * field[1], 5, 40))
    radius = int(np.ceil(reach))
    picked = picked[fits_inside(frame, x[picked], y[picked], radius)]
    budget = max(FIELD_STARS, min(int(FITS_PER_STAR * limit), MOST_SITES // (2 * radius + 3) ** 2))
    picked = picked[spread(x[picked], y[picked], frame.width, frame.height, budget)]
    if len(picked) == 0:
        return empty_list(sky)
    x, y = x[picked], y[picked]
    stamps = _apart(_clean_stamps(frame, x, y, radius, noise_adu, workers, reach), x, y, radius)
    fits = fit_gaussians(stamps, x, y, field[0], noise_adu, workers)
    stars = np.flatnonzero(_is_star(fits, stamps, x, y, field, noise_adu))
    stars = stars[_order(fits, stars)]
    stars = stars[_first_of_its_place(fits.x[stars], fits.y[stars], max(1.5, 0.6 * field[0]))]
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


def _spread_out(
    frame: CalibratedFrame, x: DoubleArray, y: DoubleArray, noise_adu: float, workers: Workers
) -> BoolArray:
    """Tell which candidates have their light in more than one pixel."""
    parts = workers.strips(
        lambda part: _spreads_out(cut(frame, x[part], y[part], SHARP_RADIUS), frame, noise_adu), len(x), CUT_AT_ONCE
    )
    return np.concatenate([np.zeros(0, bool), *parts])


def _clean_stamps(
    frame: CalibratedFrame, x: DoubleArray, y: DoubleArray, radius: int, noise_adu: float, workers: Workers,
    reach: float | None = None,
) -> Stamps:  # fmt: skip
    """Cut a stamp around each point, without hot pixels; there is at least one."""
    return joined(
        workers.strips(
            lambda part: _without_hot(cut(frame, x[part], y[part], radius, reach), frame, noise_adu),
            len(x),
            CUT_AT_ONCE,
        )
    )


def _spreads_out(stamps: Stamps, frame: CalibratedFrame, noise_adu: float) -> BoolArray:
    """False where the light is in one pixel and not in its neighbours: hot pixels and cosmic rays."""
    green = frame.cfa is not None
    distance2 = (stamps.u[:, None] - stamps.u) ** 2 + (stamps.v[:, None] - stamps.v) ** 2
    adjacent = ((distance2 > 0) & (distance2 <= 2)).astype(np.float32)
    sky = _sky_under(stamps)
    above = (stamps.values - sky[:, None]) * (stamps.usable > 0)
    core = stamps.u**2 + stamps.v**2 <= 3.5**2
    peak = np.argmax(np.where(core, above, -np.inf), axis=1)
    height = above[np.arange(len(above)), peak]
    around = np.einsum("nm,nm->n", adjacent[peak], above)
    share = SHARP_GREEN if green else SHARP_MONO
    result: BoolArray = (around > share * height) | (height < HOT_SIGMA * noise_adu) | stamps.clipped
    return result


def _without_hot(stamps: Stamps, frame: CalibratedFrame, noise_adu: float) -> Stamps:
    """Take from each stamp the photosites that stand out alone: a hot pixel near a star pulls at its fit."""
    place = {(u, v): index for index, (u, v) in enumerate(zip(stamps.u.tolist(), stamps.v.tolist(), strict=True))}
    around = [(1, 1), (1, -1), (-1, 1), (-1, -1), *([] if frame.cfa else [(0, 1), (0, -1), (1, 0), (-1, 0)])]
    beyond = len(place)
    beside = np.array([[place.get((u + du, v + dv), beyond) for du, dv in around] for u, v in place], dtype=np.intp)
    sky = _sky_under(stamps)
    above = np.pad((stamps.values - sky[:, None]) * stamps.usable, ((0, 0), (0, 1)))
    star, site = np.nonzero(above[:, :-1] > HOT_SIGMA * noise_adu)
    share = SHARP_MONO if frame.cfa is None else SHARP_GREEN
    alone = above[star[:, None], beside[site]].sum(axis=1) < share * above[star, site] - 2 * noise_adu
    usable = stamps.usable.copy()
    usable[star[alone], site[alone]] = 0
    return stamps.with_usable(usable)


def _sky_under(stamps: Stamps) -> DoubleArray:
    sky: DoubleArray = np.median(stamps.values, axis=1) if len(stamps) else np.zeros(0)
    return sky


def _field_width(
    frame: CalibratedFrame, luminance: FloatArray, x: DoubleArray, y: DoubleArray, noise_adu: float, workers: Workers
) -> tuple[float, float]:
    """Median FWHM of bright stars, and median width of their longer axis (px).

    One candidate of each part of the field is taken: most of all peaks may lie on one satellite's trail.
    """
    chosen = best_of_parts(x, y, frame.width, frame.height, FIELD_STARS)
    x, y = x[chosen], y[chosen]
    guess = _width_at_half_height(luminance, (x - 0.5) / 2, (y - 0.5) / 2)
    radius = int(np.clip(np.ceil(1.6 * guess) + 2, 5, 40))
    some = np.flatnonzero(fits_inside(frame, x, y, radius))
    if len(some) == 0:
        return guess, guess
    stamps = _clean_stamps(frame, x[some], y[some], radius, noise_adu, workers)
    fits = fit_gaussians(stamps, x[some], y[some], guess, noise_adu, workers)
    good = (fits.snr > 2 * LEAST_SNR) & ~stamps.clipped & (fits.misfit < MISFIT) & (fits.major < 2 * radius)
    good &= np.hypot(fits.x - x[some], fits.y - y[some]) < max(2.0, 0.6 * guess)
    if not good.any():
        return guess, guess
    return float(np.median(fits.fwhm[good])), float(np.median(fits.major[good]))


def _width_at_half_height(luminance: FloatArray, x: DoubleArray, y: DoubleArray) -> float:
    """First guess of the FWHM (px, full resolution): from the area above half of the peak, on the binned plane."""
    column, row = np.rint(x).astype(np.intp), np.rint(y).astype(np.intp)
    reach = min(GUESS_RADIUS, min(luminance.shape) // 2 - 1)
    inside = (column >= reach) & (row >= reach)
    inside &= (column < luminance.shape[1] - reach) & (row < luminance.shape[0] - reach)
    if not inside.any():
        return 3.0
    span = np.arange(-reach, reach + 1)
    values = luminance[row[inside, None, None] + span[:, None], column[inside, None, None] + span]
    flat = values.reshape(len(values), -1)
    sky = np.median(flat, axis=1)
    top = values[:, reach - 1 : reach + 2, reach - 1 : reach + 2].max(axis=(1, 2))
    area = (flat > ((sky + top) / 2)[:, None]).sum(axis=1)
    wide = 2 * np.sqrt(float(np.median(area)) / np.pi)
    return float(np.clip(2 * np.sqrt(max(wide**2 - 0.5, 0.5)), 1.5, 24))


def _apart(stamps: Stamps, x: DoubleArray, y: DoubleArray, radius: int) -> Stamps:
    """Take from each stamp the photosites that lie nearer to another candidate."""
    i, j = close_pairs(x, y, 2.0 * radius)
    distance = np.hypot(x[i] - x[j], y[i] - y[j])
    closest = np.argsort(distance, kind="stable")[: MOST_SITES // len(stamps.u)]  # where all is crowded, the worst
    i, j, distance = i[closest], j[closest], distance[closest]
    separate = distance > 2.5  # nearer ones are one star found twice
    first, second = np.concatenate([i, j])[np.tile(separate, 2)], np.concatenate([j, i])[np.tile(separate, 2)]
    if len(first) == 0:
        return stamps
    u, v = stamps.u + stamps.x[first, None], stamps.v + stamps.y[first, None]
    own = (u - x[first, None]) ** 2 + (v - y[first, None]) ** 2
    other = (u - x[second, None]) ** 2 + (v - y[second, None]) ** 2
    usable = stamps.usable.copy()
    np.minimum.at(usable, first, (own <= other).astype(np.float32))
    return stamps.with_usable(usable)


def _is_star(
    fits: Fits, stamps: Stamps, x: DoubleArray, y: DoubleArray, field: tuple[float, float], noise_adu: float
) -> BoolArray:
    widest = np.where(stamps.clipped, WIDEST_CLIPPED, WIDEST)
    longest = LONGEST * np.where(stamps.clipped, WIDEST_CLIPPED / WIDEST, 1)
    noise = noise_adu / np.maximum(fits.amplitude, 1e-30)
    result: BoolArray = (
        (fits.amplitude > 0)
        & np.isfinite(fits.flux)
        & (fits.snr >= LEAST_SNR)
        & (np.hypot(fits.x - x, fits.y - y) <= max(2.0, 0.6 * field[0]))
        & (fits.fwhm >= NARROWEST * field[0])
        & (fits.fwhm <= widest * field[0])
        & (fits.major <= longest * field[1])
        & (stamps.clipped | (fits.misfit**2 <= MISFIT**2 + (1.5 * noise) ** 2))
    )
    return result


def _order(fits: Fits, stars: IntArray) -> IntArray:
    return np.lexsort((fits.x[stars], fits.y[stars], -fits.flux[stars]))


def _first_of_its_place(x: DoubleArray, y: DoubleArray, radius: float) -> BoolArray:
    """False for a star that lies within `radius` of a brighter one: the same star, found twice."""
    _, fainter = close_pairs(x, y, radius)
    first = np.ones(len(x), bool)
    first[fainter] = False
    return first
