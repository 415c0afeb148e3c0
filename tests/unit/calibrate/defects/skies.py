"""Synthetic skies with known truth: stars of all colours on a grid, hot pixels between them."""

from __future__ import annotations

from math import erf
from typing import Any

import numpy as np

SIZE = 480
NOISE = 10.0
AROUND = 32
"""Sky outside the frame, for stars that drift out of it (px)."""
WHITE, SOLAR, CARBON, BLUE, H_ALPHA = (1, 1, 1), (0.6, 1, 0.7), (1, 0.4, 0.3), (0.2, 0.4, 1), (1, 0.02, 0)
_erf = np.vectorize(erf)


def star(x: float, y: float, fwhm_px: float) -> Any:
    """Return a Gaussian star of flux 1, integrated over pixels, in a 17 x 17 box around (int(x), int(y))."""
    sigma = fwhm_px / 2.3548
    edges = np.arange(-8.5, 9.0)
    across = [np.diff(_erf((edges - (at - int(at))) / sigma / 2**0.5)) / 2 for at in (y, x)]
    return np.outer(*across)


def sky_of(
    fwhm_px: float,
    colour: tuple[float, ...],
    cfa: str | None,
    rng: Any,
    layout: Any = None,
    shift: tuple[float, float] = (0.0, 0.0),
) -> tuple[Any, Any]:
    """Return a plane of stars of 5 to 2000 sigmas on a grid, and a mask of where they are.

    `layout` is the generator of their places and fluxes, where these are to be the same again; `shift` moves them all.
    """
    layout = layout or rng
    levels = np.full((2, 2), 500.0) if cfa is None else np.array([(300.0, 500.0, 350.0)["RGB".index(c)] for c in cfa])
    plane = np.tile(levels.reshape(2, 2), (SIZE // 2, SIZE // 2))
    cell = np.ones((2, 2)) if cfa is None else np.array([colour["RGB".index(c)] for c in cfa]).reshape(2, 2)
    tint = np.tile(cell, (SIZE // 2, SIZE // 2))
    stars = np.zeros((SIZE + 2 * AROUND, SIZE + 2 * AROUND), bool)
    signal = np.zeros(stars.shape)
    for top in range(12, SIZE - 12, 24):
        for left in range(12, SIZE - 12, 24):
            x, y = layout.uniform(left, left + 2) + shift[0], layout.uniform(top, top + 2) + shift[1]
            x, y = x + AROUND, y + AROUND
            box = np.s_[int(y) - 8 : int(y) + 9, int(x) - 8 : int(x) + 9]
            signal[box] += star(x, y, fwhm_px) * 10 ** layout.uniform(2.2, 4.9)
            stars[int(y) - 5 : int(y) + 7, int(x) - 5 : int(x) + 7] = True
    inside = np.s_[AROUND:-AROUND, AROUND:-AROUND]
    signal, stars = signal[inside] * tint, stars[inside]
    return rng.normal(plane + signal, np.sqrt(NOISE**2 + signal / 4)), stars


def planted(plane: Any, stars: Any, sigmas: float, count: int, rng: Any) -> Any:
    """Raise `count` pixels away from stars, in place; return their flat indices."""
    free = np.flatnonzero(~stars)
    chosen = rng.choice(free, count, replace=False)
    plane.reshape(-1)[chosen] += sigmas * NOISE
    return np.sort(chosen)
