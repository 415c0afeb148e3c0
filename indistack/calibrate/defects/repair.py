"""Repair of bad pixels from their neighbours of the same colour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from indistack.calibrate.defects.evidence import EIGHT, IndexArray, scaled
from indistack.values.frame import PixelArray


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

    @property
    def size(self) -> int:
        """How many pixels are replaced."""
        return len(self.pixels)

    @property
    def all(self) -> IndexArray:
        """Every bad pixel, replaced or not."""
        return np.concatenate([self.pixels, self.hopeless])

    def apply(self, plane: PixelArray) -> None:
        """Replace the pixels in place; `plane` is contiguous.

        Parameters
        ----------
        plane : array
            ``(h, w)`` contiguous, of any real dtype; changed in place. Integers are rounded.
        """
        flat = plane.reshape(-1)
        mean = flat[self.neighbours].sum(axis=0, dtype=np.float64) / len(self.neighbours)
        flat[self.pixels] = np.rint(mean) if plane.dtype.kind == "u" else mean


def plan_repair(bad: IndexArray, height: int, width: int, pitch: int) -> Repair:
    """Choose up to four good neighbours of the same colour for each bad pixel, the near ones first.

    Parameters
    ----------
    bad : array
        Flat indices, sorted.
    pitch : int
        Distance of the next pixel of the same colour: 2 on a CFA, 1 on mono.
    """
    offsets = scaled(EIGHT, pitch)
    y, x = np.divmod(bad, width)
    places = np.empty((len(offsets), len(bad)), np.intp)
    good = np.empty((len(offsets), len(bad)), bool)
    for number, (dy, dx) in enumerate(offsets):
        inside = (y + dy >= 0) & (y + dy < height) & (x + dx >= 0) & (x + dx < width)
        places[number] = np.where(inside, bad + dy * width + dx, 0)
        met = np.minimum(np.searchsorted(bad, places[number]), len(bad) - 1)
        good[number] = inside & (bad[met] != places[number])
    order = np.argsort(~good, axis=0, kind="stable")[:4]
    chosen = np.take_along_axis(places, order, axis=0)
    usable = np.take_along_axis(good, order, axis=0)
    chosen = np.where(usable, chosen, chosen[0])
    fine = usable[0]
    return Repair(bad[fine], chosen[:, fine], bad[~fine])
