"""Star lists of one sky, as pictures of different depth show it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from indistack.values.star_list import StarList
from tests.unit.align.fields import star_list

NOISE_ADU = 10.0


def sky(count: int = 400, seed: int = 1) -> StarList:
    """Stars at their true places."""
    rng = np.random.default_rng(seed)
    return star_list(rng.uniform(30, 1400, (count, 2)), np.geomspace(5e4, 60, count))


def seen(stars: StarList, depth: float = 1.0, seed: int = 2) -> StarList:
    """Those that show in a picture with `depth` times the exposure, at their measured places."""
    error = 2 * NOISE_ADU / depth**0.5 * stars.fwhm / stars.flux * 2.2
    shown = error < 0.4
    off = np.random.default_rng(seed).normal(0, 1, (2, len(stars))) * np.hypot(error, 0.01)
    moved = replace(stars, x=stars.x + off[0], y=stars.y + off[1], noise_adu=NOISE_ADU / depth**0.5)
    return moved.take(shown)


def rms_px(stars: StarList, true: StarList) -> float:
    """Of the places of the true stars, each compared with the nearest in the list."""
    distance = np.hypot(*(true.xy[:, None] - stars.xy).T).min(axis=0)
    return float(np.sqrt((distance**2).mean()))
