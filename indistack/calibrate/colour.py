"""Levels and noise of the colours of a plane, and planes of one number per colour."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from indistack.values.frame import CfaPattern, DoubleArray, FloatArray, PixelArray

F = TypeVar("F", np.float32, np.float64)

SAMPLE = 100_000
NOISE_SAMPLE = 30_000
"""Pixels per colour; the noise is then known to half a percent."""

Levels = DoubleArray
"""One number per colour: ``(2, 2)`` for CFA cell positions (mono: four times the same), ``(3,)`` for RGB."""


def levels_of(plane: PixelArray, cfa: CfaPattern | None, subtract: FloatArray | float = 0.0) -> Levels:
    """Return the median of each colour of ``plane - subtract``; NaN is left out, the two greens count as one.

    A regular sample of about `SAMPLE` pixels per colour is enough.

    Parameters
    ----------
    plane : array
        ``(h, w)`` or ``(h, w, 3)`` of any real dtype, ADU; unchanged.
    cfa : str or None
        Colours of the 2x2 cell, None for mono and RGB.
    subtract : array or float
        Taken off first, ADU, of the shape of the plane.

    Returns
    -------
    array
        ``(2, 2)`` float64, the level (ADU) of each position of the cell; ``(3,)`` for RGB.
    """
    offset = np.broadcast_to(np.asarray(subtract, np.float32), plane.shape)
    if plane.ndim == 3:
        return np.array([_median([(plane[..., c], offset[..., c])]) for c in range(3)])
    cells = [(plane[j::2, i::2], offset[j::2, i::2]) for j in (0, 1) for i in (0, 1)]
    if cfa is None:
        return np.full((2, 2), _median(cells))
    medians = {colour: _median([cell for cell, c in zip(cells, cfa, strict=True) if c == colour]) for colour in "RGB"}
    return np.array([medians[colour] for colour in cfa]).reshape(2, 2)


def _median(parts: list[tuple[PixelArray, PixelArray]]) -> float:
    values = np.concatenate([(_thin(plane).astype(np.float64) - _thin(offset)).ravel() for plane, offset in parts])
    values = values[np.isfinite(values)]
    return float(np.median(values)) if values.size else 0.0


def _thin(plane: PixelArray) -> PixelArray:
    step = max(1, int((plane.size / SAMPLE) ** 0.5))
    return plane[::step, ::step]


def over_rows(levels: npt.NDArray[F], rows: slice, width: int) -> npt.NDArray[F]:
    """Return the levels laid out over rows of a plane: ``(rows, width)``, or ``(1, 1, 3)`` for RGB."""
    if levels.shape == (3,):
        return levels.reshape(1, 1, 3)
    tiled = np.tile(levels, (1, -(-width // 2)))[:, :width]
    return np.asarray(tiled[np.arange(rows.start, rows.stop) % 2])


def noise_of(plane: PixelArray) -> Levels:
    """Return the noise of each cell position (sigma, ADU), from differences of neighbours of the same colour.

    Clipped at 3 sigma over and over, so that stars and edges do not count; steps of the converter do not matter,
    because the result is a root mean square and no median. 0 where all neighbours are equal.

    Parameters
    ----------
    plane : array
        ``(h, w)`` or ``(h, w, 3)`` of any real dtype, ADU; unchanged.

    Returns
    -------
    array
        ``(2, 2)`` float64, of each position of the cell; ``(3,)`` for RGB.
    """
    if plane.ndim == 3:
        return np.array([_noise(plane[..., c]) for c in range(3)])
    return np.array([[_noise(plane[j::2, i::2]) for i in (0, 1)] for j in (0, 1)])


def _noise(plane: PixelArray) -> float:
    rows = plane[:: max(1, plane.size // NOISE_SAMPLE)].astype(np.float32)
    with np.errstate(invalid="ignore"):
        steps = np.abs(rows[:, 1:] - rows[:, :-1]).ravel()
    steps = steps[np.isfinite(steps)]
    if not steps.size:
        return 0.0
    sigma = float(np.percentile(steps, 68.27)) or float("inf")
    for _ in range(5):
        inside = steps[steps <= 3.0 * sigma]
        sigma = float(np.sqrt(np.mean(inside**2))) * 1.0135  # a Gaussian loses 1.3 % by the 3 sigma cut
    return sigma / 2**0.5
