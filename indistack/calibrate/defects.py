"""Hot and dead pixels: found in a single raw plane or in a master dark, repaired from neighbours of the same colour."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from indistack.calibrate.colour import Levels
from indistack.frame import BoolArray, DoubleArray, FloatArray, PixelArray
from indistack.tiles import Workers

IndexArray = npt.NDArray[np.intp]

STRIP_BYTES = 400_000
REACH = 4
"""How far from a pixel its evidence lies."""
SPILL_MONO = 0.5
SPILL_CFA = (0.12, 0.3)
"""Light that a star's neighbours hold together, as a fraction of its peak's excess; less of it means a defect. A round
star of FWHM 1.8 px, centred, has 2.7. On a CFA, where the neighbours see other colours, less is enough: the first
number where noise allows, never more than the second."""
FAR_CFA = 0.1
"""The same for the next pixels of its own colour: a star of FWHM 1.8 px has 0.2 there even in one colour only."""
SPILL_NOISE, FAR_NOISE = 3.6, 2.6
"""Noise of these two sums, in sigmas of a pixel (measured on Gaussian noise)."""
SURE_SIGMA = 50.0
"""Where many stars have one colour only (narrow band), only defects this bright can be told from them."""

_ORTHOGONAL = ((0, -1), (0, 1), (-1, 0), (1, 0))
_DIAGONAL = ((-1, -1), (-1, 1), (1, -1), (1, 1))
_EIGHT = (*_ORTHOGONAL, *_DIAGONAL)
_KNIGHTS = ((-1, -3), (-1, 3), (1, -3), (1, 3), (-3, -1), (3, -1), (-3, 1), (3, 1))

Offsets = tuple[tuple[int, int], ...]


def _scaled(offsets: Offsets, factor: int) -> Offsets:
    return tuple((factor * dy, factor * dx) for dy, dx in offsets)


@dataclass(frozen=True, slots=True)
class Repair:
    """Which pixels take the mean of which neighbours; flat indices into the plane.

    Attributes
    ----------
    pixels : array
        ``(n,)``.
    neighbours : array
        ``(4, n)``.
    hopeless : array
        ``(m,)``, pixels without a good neighbour.
    """

    pixels: IndexArray
    neighbours: IndexArray
    hopeless: IndexArray

    def apply(self, plane: PixelArray) -> None:
        """Replace the pixels in place; `plane` is contiguous."""
        flat = plane.reshape(-1)
        mean = flat[self.neighbours].sum(axis=0, dtype=np.float64) / len(self.neighbours)
        flat[self.pixels] = np.rint(mean) if plane.dtype.kind == "u" else mean


def plan_repair(bad: IndexArray, height: int, width: int, pitch: int) -> Repair:
    """Choose up to four good neighbours of the same colour for each bad pixel, the near ones first.

    Parameters
    ----------
    bad : array
        Flat indices.
    pitch : int
        Distance of the next pixel of the same colour: 2 on a CFA, 1 on mono.
    """
    offsets = _scaled(_EIGHT, pitch)
    y, x = np.divmod(bad, width)
    blocked = np.zeros(height * width, bool)
    blocked[bad] = True
    places = np.empty((len(offsets), len(bad)), np.intp)
    good = np.empty((len(offsets), len(bad)), bool)
    for number, (dy, dx) in enumerate(offsets):
        inside = (y + dy >= 0) & (y + dy < height) & (x + dx >= 0) & (x + dx < width)
        places[number] = np.where(inside, bad + dy * width + dx, 0)
        good[number] = inside & ~blocked[places[number]]
    order = np.argsort(~good, axis=0, kind="stable")[:4]
    chosen = np.take_along_axis(places, order, axis=0)
    usable = np.take_along_axis(good, order, axis=0)
    chosen = np.where(usable, chosen, chosen[0])
    fine = usable[0]
    return Repair(bad[fine], chosen[:, fine], bad[~fine])


def hot_in_dark(dark: FloatArray, sigma: float, saturation_adu: float) -> IndexArray:
    """Return the flat indices of pixels that a dark shows to be useless.

    Those are above the median by `sigma` robust sigmas, not a number, or at nine tenths of saturation.
    """
    sample = dark[:: max(1, len(dark) // 256)]
    sample = sample[np.isfinite(sample)]
    middle = float(np.median(sample)) if sample.size else 0.0
    spread = 1.4826 * float(np.median(np.abs(sample - middle))) if sample.size else 0.0
    limit = min(middle + sigma * max(spread, 1e-6), 0.9 * saturation_adu)
    return np.asarray(np.flatnonzero(~(dark <= limit)))


def find_defects(plane: PixelArray, pitch: int, noise: Levels, sigma: float, workers: Workers) -> IndexArray:
    """Return the flat indices of hot and dead pixels of one raw plane, sorted.

    A cheap comparison with the left and right neighbours of the same colour leaves a few candidates, and only these
    are looked at closely: a star spills onto the pixels around it, of whatever colour they are, a hot pixel does not.

    Parameters
    ----------
    plane : array
        ``(h, w)`` uint8, uint16 or float32, at least 16 px each way (else nothing is found).
    pitch : int
        2 on a CFA, 1 on mono.
    noise : array
        ``(2, 2)`` sigma of the cell positions (ADU).
    sigma : float
        How far a defect stands out.
    """
    height, width = plane.shape
    if min(height, width) < 16 or not noise.max() > 0:
        return np.empty(0, np.intp)
    threshold = sigma * float(noise[noise > 0].min())

    def strip(rows: slice) -> IndexArray:
        found: IndexArray = _candidates(plane[rows], pitch, threshold) + rows.start * width
        return found

    candidates = np.concatenate(workers.strips(strip, height, max(1, STRIP_BYTES // (width * plane.itemsize))))
    parts = np.array_split(candidates, workers.jobs)
    return np.concatenate(workers.map(lambda part: _judge(plane, part, pitch, noise, sigma), parts))


def _candidates(rows: PixelArray, pitch: int, threshold: float) -> IndexArray:
    """Return pixels that differ from both neighbours of their colour in the row by more than `threshold`."""
    width = rows.shape[1]
    limit = threshold if rows.dtype.kind == "f" else rows.dtype.type(min(threshold, 2 ** (8 * rows.itemsize) - 1))
    large = cv2.absdiff(rows[:, :-pitch], rows[:, pitch:]) > limit
    y, x = np.divmod(np.flatnonzero(large[:, :-pitch] & large[:, pitch:]), width - 2 * pitch)
    return np.asarray(y * width + x + pitch)


class _Patches:
    """Values around chosen pixels of a plane; beyond its borders it is mirrored, so that colours stay in phase."""

    def __init__(self, plane: PixelArray, index: IndexArray) -> None:
        self._flat = plane.reshape(-1)
        self._index = index
        height, self._width = plane.shape
        self.y, self.x = np.divmod(index, self._width)
        self._edge = np.flatnonzero(
            (np.minimum(self.y, height - 1 - self.y) < REACH) | (np.minimum(self.x, self._width - 1 - self.x) < REACH)
        )
        self._limits = height - 1, self._width - 1

    def at(self, offsets: Offsets) -> DoubleArray:
        """Return ``(offsets, n)`` values."""
        values = np.empty((len(offsets), len(self._index)))
        for number, (dy, dx) in enumerate(offsets):
            places = self._index + (dy * self._width + dx)
            if self._edge.size:
                places[self._edge] = self._mirrored(dy, dx)
            values[number] = self._flat[places]
        return values

    def _mirrored(self, dy: int, dx: int) -> IndexArray:
        bottom, right = self._limits
        y, x = self.y[self._edge], self.x[self._edge]
        row = np.where((y + dy < 0) | (y + dy > bottom), y - dy, y + dy)
        column = np.where((x + dx < 0) | (x + dx > right), x - dx, x + dx)
        return np.asarray(row * self._width + column)


def _judge(plane: PixelArray, index: IndexArray, pitch: int, noise: Levels, sigma: float) -> IndexArray:
    """Return those candidates that are defects."""
    patches = _Patches(plane, index)
    centre = patches.at(((0, 0),))[0]
    cross = patches.at(_scaled(_ORTHOGONAL, pitch))
    threshold = sigma * float(noise[noise > 0].min())
    index = index[(centre - cross.max(axis=0) > threshold) | (cross.min(axis=0) - centre > threshold)]
    patches = _Patches(plane, index)
    test = _judge_cfa if pitch == 2 else _judge_mono
    return index[test(patches, noise, sigma)] if index.size else index


def _sigma_at(patches: _Patches, noise: Levels, ring: DoubleArray) -> DoubleArray:
    """Return the noise at each pixel: the plane's, or what its sorted ring of neighbours shows where that is more."""
    known = np.maximum(noise, noise[noise > 0].min())[patches.y % 2, patches.x % 2]
    return np.asarray(np.maximum(known, (ring[-2] - ring[1]) / 2.0))  # two sigmas wide for eight Gaussian values


def _judge_mono(patches: _Patches, noise: Levels, sigma: float) -> BoolArray:
    centre = patches.at(((0, 0),))[0]
    near = np.sort(patches.at(_EIGHT), axis=0)
    far = np.sort(patches.at(_scaled(_EIGHT, 2)), axis=0)
    level = far[2:6].mean(axis=0)
    local = _sigma_at(patches, noise, far)
    excess = centre - level
    spill = (near[:7].mean(axis=0) - level) * 8  # without the highest: the neighbour may be hot as well
    hot: BoolArray = (excess > sigma * local) & (spill < SPILL_MONO * excess)
    dead: BoolArray = (near[1] - centre > sigma * local) & (-excess > sigma * local)
    return hot | dead


def _judge_cfa(patches: _Patches, noise: Levels, sigma: float) -> BoolArray:
    """A hot pixel has no light around it, neither in the next pixels nor in the next ones of its own colour."""
    centre = patches.at(((0, 0),))[0]
    same = patches.at(_scaled(_EIGHT, 2))
    ring = np.sort(same, axis=0)
    level = ring[2:6].mean(axis=0)
    excess = centre - level
    loud = float(noise.max())
    spill, far = _spill(patches), _far(patches, same)
    dark_around = spill < np.clip(SPILL_NOISE * 3 * loud, SPILL_CFA[0] * excess, SPILL_CFA[1] * excess)
    dark_beyond = far < np.maximum(FAR_CFA * excess, FAR_NOISE * 2 * loud)
    stars = ~dark_beyond & (excess > SURE_SIGMA / 2 * loud)
    narrow_band = stars.sum() >= 5 and bool((spill < SPILL_CFA[1] * excess)[stars].mean() > 0.2)
    hot: BoolArray = (excess > sigma * _sigma_at(patches, noise, ring)) & dark_around & dark_beyond
    if narrow_band:
        hot &= excess > SURE_SIGMA * loud
    dead: BoolArray = ring[1] - centre > sigma * _sigma_at(patches, noise, ring)
    return hot | dead


def _spill(patches: _Patches) -> DoubleArray:
    """Return the light in the eight next pixels above the background, which pixels of their own colours show."""
    spill = np.zeros(len(patches.y))
    for near, background in (
        (_ORTHOGONAL[:2], ((-2, -1), (-2, 1), (2, -1), (2, 1))),
        (_ORTHOGONAL[2:], ((-1, -2), (1, -2), (-1, 2), (1, 2))),
        (_DIAGONAL, _KNIGHTS),
    ):
        around = np.sort(patches.at(background), axis=0)
        middle = around[len(around) // 4 : -(len(around) // 4)].mean(axis=0)
        spill += patches.at(near).sum(axis=0) - len(near) * middle
    return spill


def _far(patches: _Patches, same: DoubleArray) -> DoubleArray:
    """Return the light in the four next pixels of the same colour above those twice as far."""
    outside = np.sort(patches.at(_scaled(_EIGHT, 4)), axis=0)[2:6].mean(axis=0)
    return np.asarray(same[:4].sum(axis=0) - 4 * outside)
