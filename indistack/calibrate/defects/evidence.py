"""What stands out of a plane, and what the pixels around it say: light that spills over comes from a star."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import cv2
import numpy as np
import numpy.typing as npt

from indistack.calibrate.colour import Levels
from indistack.system.workers import Workers
from indistack.values.frame import DoubleArray, PixelArray

IndexArray = npt.NDArray[np.intp]
"""Flat indices into a plane."""
NONE: IndexArray = np.empty(0, np.intp)
Offsets = tuple[tuple[int, int], ...]

STRIP_BYTES = 400_000
REACH = 4
"""How far from a pixel its evidence lies."""

ORTHOGONAL = ((0, -1), (0, 1), (-1, 0), (1, 0))
DIAGONAL = ((-1, -1), (-1, 1), (1, -1), (1, 1))
EIGHT = (*ORTHOGONAL, *DIAGONAL)
_KNIGHTS = ((-1, -3), (-1, 3), (1, -3), (1, 3), (-3, -1), (3, -1), (-3, 1), (3, 1))
_COLOURS = (
    (ORTHOGONAL[:2], ((-2, -1), (-2, 1), (2, -1), (2, 1))),
    (ORTHOGONAL[2:], ((-1, -2), (1, -2), (-1, 2), (1, 2))),
    (DIAGONAL, _KNIGHTS),
)
"""On a CFA: the next pixels, and pixels of the same colour as these that show their background."""


def scaled(offsets: Offsets, factor: int) -> Offsets:
    """Return the same directions, `factor` times as far."""
    return tuple((factor * dy, factor * dx) for dy, dx in offsets)


@dataclass(frozen=True, slots=True)
class Evidence:
    """How some pixels look; arrays ``(n,)`` float64, ADU.

    Attributes
    ----------
    excess : array
        Pixel less the level of its colour around it.
    dip : array
        How far it is below nearly all pixels around it.
    sigma : array
        Noise there: the plane's, or what the surroundings show where that is more.
    spill : array
        Light in the eight next pixels, of whatever colour: eight times their median, because up to three of them may
        be hot as well.
    far : array
        Light in the four next pixels of its own colour: four times their median. 0 on mono, where they are among the
        eight.
    """

    excess: DoubleArray
    dip: DoubleArray
    sigma: DoubleArray
    spill: DoubleArray
    far: DoubleArray

    def take(self, index: npt.NDArray[np.generic]) -> Evidence:
        """Return the evidence of some of the pixels.

        Parameters
        ----------
        index : array
            A NumPy index: slice, mask or integers.
        """
        return Evidence(*(getattr(self, field.name)[index] for field in fields(self)))

    def with_centres(self, above: DoubleArray) -> Evidence:
        """Return the evidence for pixels that are by `above` brighter, with the same surroundings.

        Parameters
        ----------
        above : array
            ``(n,)`` float64, ADU.
        """
        return Evidence(self.excess + above, self.dip - above, self.sigma, self.spill, self.far)


def outstanding(
    plane: PixelArray, pitch: int, noise: Levels, sigma: float, workers: Workers
) -> tuple[IndexArray, DoubleArray]:
    """Return the pixels that are above, or below, all four next ones of their colour, and by how many sigmas.

    Parameters
    ----------
    plane : array
        ``(h, w)``, at least 16 px each way.
    pitch : int
        2 on a CFA, 1 on mono.
    noise : array
        ``(2, 2)`` sigma of the cell positions (ADU); where it is 0 the least of the others counts.
    sigma : float
        The least difference, in sigmas of the pixel's cell position.

    Returns
    -------
    index, margin : array
        ``(n,)``, sorted by index.
    """
    height, width = plane.shape
    known = _known(noise)

    def strip(rows: slice) -> tuple[IndexArray, DoubleArray]:
        index = _outstanding_in_row(plane[rows], pitch, sigma * float(known.min())) + rows.start * width
        patches = _Patches(plane, index)
        centre, cross = patches.centre(), patches.at(scaled(ORTHOGONAL, pitch))
        margin = (
            np.maximum(centre - cross.max(axis=0), cross.min(axis=0) - centre) / known[patches.y % 2, patches.x % 2]
        )
        return index[margin > sigma], margin[margin > sigma]

    parts = workers.strips(strip, height, max(1, STRIP_BYTES // (width * plane.itemsize)))
    return np.concatenate([index for index, _ in parts]), np.concatenate([margin for _, margin in parts])


def _known(noise: Levels) -> Levels:
    return np.asarray(np.maximum(noise, noise[noise > 0].min()))


def _outstanding_in_row(rows: PixelArray, pitch: int, threshold: float) -> IndexArray:
    """Return pixels that differ from both neighbours of their colour in the row: cheap, and leaves a few."""
    width = rows.shape[1]
    limit = threshold if rows.dtype.kind == "f" else rows.dtype.type(min(threshold, 2 ** (8 * rows.itemsize) - 1))
    large = np.empty((len(rows), width + pitch), bool)  # large[:, x]: pixel x and the one `pitch` before it
    large[:, :pitch] = large[:, width:] = True  # beyond the border nobody objects
    np.greater(cv2.absdiff(rows[:, :-pitch], rows[:, pitch:]), limit, out=large[:, pitch:width])
    return np.asarray(np.flatnonzero(large[:, :-pitch] & large[:, pitch:]), np.intp)


def evidence_of(plane: PixelArray, index: IndexArray, pitch: int, noise: Levels, workers: Workers) -> Evidence:
    """Look at the surroundings of some pixels.

    Parameters
    ----------
    plane : array
        ``(h, w)`` of any real dtype, stored values; unchanged.
    index : array
        ``(n,)`` intp, flat indices of the pixels.
    pitch : int
        Distance of the next pixel of the same colour: 1 for mono, 2 for CFA (px).
    noise : array
        ``(2, 2)`` sigma of the cell positions (ADU); where it is 0 the least of the others counts.

    Returns
    -------
    Evidence
        ``(n,)`` float64 each, stored units.
    """
    look: Callable[[_Patches, Levels], Evidence] = _on_cfa if pitch == 2 else _on_mono
    known = _known(noise)
    parts = workers.map(lambda part: look(_Patches(plane, part), known), np.array_split(index, workers.jobs))
    return Evidence(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Evidence)))


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

    def centre(self) -> DoubleArray:
        """Return the pixels themselves."""
        return np.asarray(self._flat[self._index], np.float64)

    def at(self, offsets: Offsets) -> DoubleArray:
        """Return ``(offsets, n)`` values."""
        values = np.empty((len(offsets), len(self._index)))
        for number, (dy, dx) in enumerate(offsets):
            places = self._index + (dy * self._width + dx)
            if self._edge.size:
                places[self._edge] = self._mirrored(dy, dx)
            values[number] = self._flat[places]
        return values

    def sorted_at(self, offsets: Offsets) -> DoubleArray:
        """Return ``(offsets, n)`` values, each column in rising order."""
        values = self.at(offsets)
        values.sort(axis=0)
        return values

    def sigma(self, noise: Levels, ring: DoubleArray) -> DoubleArray:
        """Return the noise at each pixel: the plane's, or what its sorted ring shows where that is more."""
        known = noise[self.y % 2, self.x % 2]
        return np.asarray(np.maximum(known, (ring[-2] - ring[1]) / 2.0))  # two sigmas wide for eight Gaussian values

    def _mirrored(self, dy: int, dx: int) -> IndexArray:
        bottom, right = self._limits
        y, x = self.y[self._edge], self.x[self._edge]
        row = np.where((y + dy < 0) | (y + dy > bottom), y - dy, y + dy)
        column = np.where((x + dx < 0) | (x + dx > right), x - dx, x + dx)
        return np.asarray(row * self._width + column)


def _on_mono(patches: _Patches, noise: Levels) -> Evidence:
    centre = patches.centre()
    near, ring = patches.sorted_at(EIGHT), patches.sorted_at(scaled(EIGHT, 2))
    level = ring[2:6].mean(axis=0)
    excess = centre - level
    spill = (near[3:5].mean(axis=0) - level) * 8
    dip = np.minimum(near[1] - centre, -excess)
    return Evidence(excess, dip, patches.sigma(noise, ring), spill, np.zeros(len(centre)))


def _on_cfa(patches: _Patches, noise: Levels) -> Evidence:
    centre = patches.centre()
    same = patches.at(scaled(EIGHT, 2))
    outside = patches.sorted_at(scaled(EIGHT, 4))[2:6].mean(axis=0)
    far = np.sort(same[:4], axis=0)[1:3].sum(axis=0) * 2 - 4 * outside
    ring = np.sort(same, axis=0)
    excess = centre - ring[2:6].mean(axis=0)
    return Evidence(excess, ring[1] - centre, patches.sigma(noise, ring), _spill(patches), far)


def _spill(patches: _Patches) -> DoubleArray:
    """Return the light of the next pixels above the background, which pixels of their own colours show."""
    beside = []
    for near, background in _COLOURS:
        around = patches.sorted_at(background)
        middle = around[len(around) // 4 : -(len(around) // 4)].mean(axis=0)
        beside.append(patches.at(near) - middle)
    return np.asarray(np.sort(np.concatenate(beside), axis=0)[3:5].mean(axis=0) * 8)
