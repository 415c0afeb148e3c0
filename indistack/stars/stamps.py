"""Small cut-outs of a frame around many stars at once, as one table of photosites."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indistack.values.frame import BoolArray, CalibratedFrame, DoubleArray, FloatArray

IntArray = npt.NDArray[np.intp]
MOST_SITES = 1_200_000
"""Photosites measured at most: where everything is broad, fewer stars do."""

SIZED = np.lib.stride_tricks.sliding_window_view


@dataclass(frozen=True, slots=True)
class Stamps:
    """Photosites around `n` stars, `m` of them each, at the same places relative to the stamp's centre.

    Attributes
    ----------
    values : array
        ``(n, m)`` float32, ADU.
    usable : array
        ``(n, m)`` float32: 1 to use, 0 for bad, clipped, beyond the radius or nearer to another star.
    u, v : array
        ``(m,)`` float32, place of each photosite relative to the stamp's centre (px): x and y.
    x, y : array
        ``(n,)`` float64, position of each stamp's centre in the frame.
    clipped : array
        ``(n,)`` bool, a photosite of any colour near the star's place is saturated.
    """

    values: FloatArray
    usable: FloatArray
    u: FloatArray
    v: FloatArray
    x: DoubleArray
    y: DoubleArray
    clipped: BoolArray

    def __len__(self) -> int:
        return len(self.x)

    def take(self, index: npt.NDArray[np.generic] | slice) -> Stamps:
        """Return the stamps that a NumPy index array or slice picks."""
        return Stamps(
            self.values[index], self.usable[index], self.u, self.v, self.x[index], self.y[index], self.clipped[index]
        )

    def with_usable(self, usable: FloatArray) -> Stamps:
        """Return the same stamps with another choice of photosites.

        Parameters
        ----------
        usable : array
            As the attribute: ``(n, side, side)`` float32, 1 where a photosite counts, else 0; shared, not copied.
        """
        return Stamps(self.values, usable, self.u, self.v, self.x, self.y, self.clipped)


def joined(parts: list[Stamps]) -> Stamps:
    """Put stamps of the same photosites one after the other."""
    first = parts[0]
    values, usable, x, y, clipped = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("values", "usable", "x", "y", "clipped")
    )
    return Stamps(values, usable, first.u, first.v, x, y, clipped)


def fits_inside(frame: CalibratedFrame, x: DoubleArray, y: DoubleArray, radius: int) -> BoolArray:
    """Tell which stamps lie wholly inside the frame.

    Parameters
    ----------
    frame : CalibratedFrame
        Only its size counts.
    x, y : array
        ``(n,)`` float64, px, their centres.
    radius : int
        From the centre to the border (px).

    Returns
    -------
    array
        ``(n,)`` bool, new.
    """
    left, top = _origin(x, radius), _origin(y, radius)
    side = _side(radius)
    inside: BoolArray = (left >= 0) & (top >= 0) & (left + side <= frame.width) & (top + side <= frame.height)
    return inside


def cut(frame: CalibratedFrame, x: DoubleArray, y: DoubleArray, radius: int, reach: float | None = None) -> Stamps:
    """Cut a stamp around each point.

    Parameters
    ----------
    frame : CalibratedFrame
        Of a CFA frame only the green photosites are taken, of an RGB frame the mean of the channels.
    x, y : array
        Points (px) for which `fits_inside` is true.
    radius : int
        Half of the stamp's side (px).
    reach : float
        Photosites farther from the point than this are not usable (px, at most `radius`, which is the default).
    """
    reach = radius if reach is None else reach
    left, top = _origin(x, radius), _origin(y, radius)
    side = _side(radius)
    cells = _gather(frame.pixels, left, top, side)
    cells = (cells - np.float32(frame.zero)) * np.float32(frame.step_adu)
    good = np.isfinite(cells)
    if frame.bad is not None:
        good &= ~SIZED(frame.bad, (side, side))[top, left].reshape(len(x), side * side, 1)
    full = good & (cells >= frame.info.saturation_adu)
    middle = np.float64(side - 1) / 2
    centre_x, centre_y = (corner.astype(np.float64) + middle for corner in (left, top))
    v, u = (axis.reshape(-1).astype(np.float32) - (side - 1) / 2 for axis in np.mgrid[:side, :side])
    distance2 = (u - (x - centre_x)[:, None]) ** 2 + (v - (y - centre_y)[:, None]) ** 2
    clipped = (full.any(axis=2) & (distance2 <= 2.5**2)).any(axis=1)
    usable = (good & ~full).all(axis=2) & (distance2 <= reach**2)
    sites = _sites(frame, side, reach)
    values = np.where(good, cells, 0).mean(axis=2, dtype=np.float32)
    return Stamps(
        np.ascontiguousarray(values[:, sites]), usable[:, sites].astype(np.float32),
        u[sites].astype(np.float32), v[sites].astype(np.float32), centre_x, centre_y, clipped,
    )  # fmt: skip


def _side(radius: int) -> int:
    """An even origin can lie up to two pixels before the wanted one."""
    return 2 * radius + 3


def _origin(position: DoubleArray, radius: int) -> IntArray:
    """First row or column of a stamp: even, so that the CFA pattern is the same in every stamp."""
    return 2 * np.floor((position - radius) / 2).astype(np.intp)


def _gather(pixels: npt.NDArray[np.generic], left: IntArray, top: IntArray, side: int) -> FloatArray:
    """Return ``(n, side * side, channels)`` float32."""
    if pixels.ndim == 2:
        return SIZED(pixels, (side, side))[top, left].reshape(len(left), side * side, 1).astype(np.float32)
    windows = SIZED(pixels, (side, side), axis=(0, 1))[top, left]
    return windows.reshape(len(left), 3, side * side).transpose(0, 2, 1).astype(np.float32)


def _sites(frame: CalibratedFrame, side: int, reach: float) -> IntArray:
    """Flat indices of the photosites to use: the green ones, or all, that some star can have within reach."""
    row, column = np.divmod(np.arange(side * side), side)
    middle = (side - 1) / 2
    near = np.hypot(row - middle, column - middle) <= reach + 2**0.5
    if frame.cfa is not None:
        near &= (row + column) % 2 == (0 if frame.cfa[0] == "G" else 1)
    return np.flatnonzero(near)
