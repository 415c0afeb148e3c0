"""Hot and dead pixels: found in a master dark or in a single plane."""

from __future__ import annotations

import numpy as np

from indistack.calibrate.defects.evidence import Evidence
from indistack.numerics.statistics import robust_sigma
from indistack.values.frame import BoolArray, FloatArray

SPILL_MONO = 0.5
SPILL_CFA = (0.12, 0.3)
"""Light that a star's neighbours hold together, as a fraction of its peak's excess; less of it means a defect. A star
of FWHM 1.8 px has 1.8 or more, wherever in its pixel it stands. On a CFA, where the neighbours see other colours (0.7
for carbon stars), less is enough: the first number where noise allows, never more than the second."""
STAR_SPILL_CFA = 0.6
"""What even faint stars have on a CFA: a defect must miss this by 1.5 sigmas of the noise."""
FAR_CFA = 0.1
"""The same for the next pixels of its own colour: a star of FWHM 1.8 px has 0.2 there even in one colour only."""
SPILL_NOISE, FAR_NOISE = 4.2, 2.6
"""Noise of these two sums, in sigmas of a pixel (measured on Gaussian noise)."""
SURE_SIGMA = 50.0
"""Where many stars have one colour only (narrow band), only defects this bright can be told from them."""
NARROW_BAND = 0.2
"""Share of one-coloured stars among the bright ones from which on faint ones are taken to be so too."""
LEAST_SIDE_PX = 16
"""In smaller planes nothing is looked for."""


def hot_limit(dark: FloatArray, sigma: float, saturation_adu: float) -> float:
    """Return the level (ADU) above which a dark shows a pixel to be useless.

    That is `sigma` robust sigmas above its median, or nine tenths of saturation.

    Parameters
    ----------
    dark : array
        ``(h, w)`` float32, ADU; unchanged. NaN is left out.
    sigma : float
        How many.
    saturation_adu : float
        Where the camera clips.
    """
    sample = dark[:: max(1, len(dark) // 128)]
    sample = sample[np.isfinite(sample)]
    middle = float(np.median(sample)) if sample.size else 0.0
    spread = robust_sigma(sample, middle)
    return min(middle + sigma * max(spread, 1e-6), 0.9 * saturation_adu)


def are_defects(evidence: Evidence, pitch: int, loud: float, sigma: float) -> BoolArray:
    """Judge by one look; `loud` is the noise of the loudest colour (ADU).

    A star spills onto the pixels around it, of whatever colour they are, a hot pixel does not.

    Parameters
    ----------
    pitch : int
        Distance of the next pixel of the same colour: 1 for mono, 2 for CFA (px).
    sigma : float
        How far a defect must stand out.

    Returns
    -------
    array
        ``(n,)`` bool, one a pixel of the evidence, new.
    """
    stands_out = evidence.excess > sigma * evidence.sigma
    dead = evidence.dip > sigma * evidence.sigma
    if pitch == 1:
        return np.asarray(dead | (stands_out & (evidence.spill < SPILL_MONO * evidence.excess)))
    hot = stands_out & _dark_around(evidence, loud) & _dark_beyond(evidence, loud)
    share = narrow_band_share(evidence, loud)
    if share is None:
        hot &= evidence.far < 2 * FAR_CFA * evidence.excess - 1.5 * FAR_NOISE * loud
    elif share > NARROW_BAND:
        hot &= evidence.excess > SURE_SIGMA * loud
    return np.asarray(dead | hot)


def narrow_band_share(evidence: Evidence, loud: float) -> float | None:
    """Return which share of the bright stars on a CFA leaves neighbours of other colours dark; None: too few stars."""
    stars = ~_dark_beyond(evidence, loud) & (evidence.excess > SURE_SIGMA / 2 * loud)
    alone = (evidence.spill < SPILL_CFA[1] * evidence.excess)[stars]
    return float(alone.mean()) if len(alone) >= 5 else None


def _dark_around(evidence: Evidence, loud: float) -> BoolArray:
    excess, noise = evidence.excess, SPILL_NOISE * loud
    limit = np.clip(3 * noise, SPILL_CFA[0] * excess, SPILL_CFA[1] * excess)
    return np.asarray(evidence.spill < np.minimum(limit, STAR_SPILL_CFA * excess - 1.5 * noise))


def _dark_beyond(evidence: Evidence, loud: float) -> BoolArray:
    return np.asarray(evidence.far < np.maximum(FAR_CFA * evidence.excess, 2 * FAR_NOISE * loud))
