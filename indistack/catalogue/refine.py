"""A place on the sky that is known roughly, made true by the catalogue's stars: mounts and focal lengths are off."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from indistack.catalogue.sky_field import SkyField
from indistack.values.frame import DoubleArray

MOST_KNOWN, MOST_SEEN, PAIRED = 40, 80, 14
"""The brightest stars of the catalogue, and of the picture, that are compared; and those that pairs are made of."""

LEAST_APART, FARTHEST = 0.15, 0.1
"""Stars of a pair, and how far the place may be off, as shares of the picture's longer side."""

MOST_SCALE, MOST_TURN_DEG = 0.06, 4.0
"""How far plate scale and direction may be off."""

SAME_SHARE, SAME_PX = 0.002, 2.0
"""Stars that near, as a share of the longer side, are the same; at least so many px."""

LEAST_SAME, LEAST_SHARE = 5, 0.6
"""So many stars, and such a share of those that should be there, have to be the same: fewer are by chance."""

FIT_ROUNDS = 3

Complex = npt.NDArray[np.complex128]


def refined(sky: SkyField, seen_xy: DoubleArray, shape: tuple[int, ...]) -> SkyField:
    """Return a place that brings the catalogue's stars on those of a picture; the same one where they do not agree.

    Parameters
    ----------
    sky : SkyField
        Where the picture is, roughly.
    seen_xy : array
        ``(n, 2)`` float64, stars of the picture, the brightest first (px).
    shape : tuple of int
        Height and width of the picture.
    """
    side = float(max(shape[:2]))
    known = _complex(sky.stars(shape).xy[:MOST_KNOWN])
    seen = _complex(seen_xy[:MOST_SEEN])
    if min(len(known), len(seen)) < LEAST_SAME:
        return sky
    same_px = max(SAME_SHARE * side, SAME_PX)
    best, most = (1 + 0j, 0j), _matches(known, seen, same_px).sum()
    for turn, shift in _similarities(known[:PAIRED], seen, side, (shape[1] + 1j * shape[0]) / 2):
        count = _matches(turn * known + shift, seen, same_px).sum()
        if count > most:
            best, most = (turn, shift), count
    inside = _inside(best[0] * known + best[1], shape)
    if most < max(LEAST_SAME, LEAST_SHARE * inside):
        return sky
    turn, shift = _fitted(known, seen, best, same_px)
    return sky.moved(np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag], [0, 0, 1]]))


def _complex(xy: DoubleArray) -> Complex:
    return np.asarray(xy[:, 0] + 1j * xy[:, 1], np.complex128)


def _matches(places: Complex, seen: Complex, same_px: float) -> npt.NDArray[np.bool_]:
    """Tell of each place whether a star is seen there."""
    return np.asarray(np.abs(places[:, np.newaxis] - seen).min(axis=1) < same_px, np.bool_)


def _inside(places: Complex, shape: tuple[int, ...]) -> int:
    across, down = places.real, places.imag
    return int(np.count_nonzero((across >= 0) & (across < shape[1]) & (down >= 0) & (down < shape[0])))


def _similarities(known: Complex, seen: Complex, side: float, middle: complex) -> Iterator[tuple[complex, complex]]:
    """Return what brings two known stars on two that are seen: ``turn * place + shift``, near to changing nothing."""
    one, other = np.nonzero(~np.eye(len(seen), dtype=bool))
    ways = seen[other] - seen[one]
    for i in range(len(known)):
        for j in range(i + 1, len(known)):
            way = known[j] - known[i]
            if abs(way) < LEAST_APART * side:
                continue
            turn = ways / way
            shift = seen[one] - turn * known[i]
            near = (np.abs(np.abs(turn) - 1) < MOST_SCALE) & (np.abs(np.angle(turn, deg=True)) < MOST_TURN_DEG)
            near &= np.abs(turn * middle + shift - middle) < FARTHEST * side
            yield from zip(turn[near].tolist(), shift[near].tolist(), strict=True)


def _fitted(known: Complex, seen: Complex, start: tuple[complex, complex], same_px: float) -> tuple[complex, complex]:
    """Return the similarity that fits the stars that are the same, by least squares."""
    turn, shift = start
    for _ in range(FIT_ROUNDS):
        places = turn * known + shift
        same = _matches(places, seen, same_px)
        pairs = known[same], seen[np.abs(places[same, np.newaxis] - seen).argmin(axis=1)]
        design = np.column_stack([pairs[0], np.ones(len(pairs[0]))])
        turn, shift = (complex(value) for value in np.linalg.lstsq(design, pairs[1], rcond=None)[0])
    return turn, shift
