"""What every stack keeps, pixels with their weight and coverage, and the chores that come with it."""

from __future__ import annotations

from typing import ClassVar, Self, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from indistack.errors import StackError
from indistack.picture.integration import Integration
from indistack.raster.tiles import Cube, Tile
from indistack.stack.base import Extent, Light, MethodSettings, Planes, Tally, read_only, require_same_shape
from indistack.system.workers import Scratch
from indistack.values.frame import BoolArray, CountArray, FloatArray
from indistack.values.grid import Box

S = TypeVar("S", bound=np.generic)

STRIP_ROWS = 64
"""Stacks are merged so many rows at a time, to keep temporaries small."""


class Layers:
    """Base of the stack methods: state arrays, counting, reading; see `indistack.stack.base.StackMethod`.

    Parameters
    ----------
    extent : Extent
        Size and kind.
    settings : MethodSettings
        Each method reads what concerns it.

    Raises
    ------
    StackError
        The extent has a weight for every channel, and the method cannot work with that.
    """

    opening = 0
    can_remove: ClassVar[bool] = False
    light: ClassVar[Light] = "kept"
    ordered: str = ""
    approximates: ClassVar[bool] = False
    takes_own_weights: ClassVar[bool] = False

    def __init__(self, extent: Extent, settings: MethodSettings) -> None:
        if extent.own_weights and not self.takes_own_weights:
            raise StackError(f"{_name(self)} needs all colours in every pixel, and drizzled subs do not have them")
        size = (extent.height, extent.width)
        self._extent = extent
        self._settings = settings
        self._pixels = np.zeros(extent.shape, np.float32)
        self._weight = np.zeros(extent.shape if extent.own_weights else size, np.float32)
        self._coverage = np.zeros(size, np.uint16)
        self._scratch = Scratch()
        self.tally = Tally()

    def update(self, tile: Tile) -> int:
        """Take one tile of a sub; return how many pixels were rejected."""
        raise NotImplementedError

    def combine(self, cube: Cube) -> npt.NDArray[np.intp]:  # noqa: ARG002
        """Refuse: every sub is taken as it comes."""
        raise StackError(f"{_name(self)} takes every sub as it comes: there is nothing to combine")

    def remove(self, tile: Tile) -> None:  # noqa: ARG002
        """Refuse: a sub that is in cannot be taken out."""
        raise StackError(f"{_name(self)} cannot take a sub out again")

    def count(self, exposure_s: float, subs: int = 1) -> None:
        """One sub is complete, or (-1) has been removed."""
        self.tally.n_subs += subs
        self.tally.exposure_s += subs * exposure_s

    def merge(self, other: Self) -> None:
        """Add another stack's state."""
        if self.ordered:
            raise StackError(f"{_name(self)} stacks cannot be merged: {self.ordered}")
        require_same_shape(self._pixels.shape, other._pixels.shape)
        for top in range(0, self._extent.height, STRIP_ROWS):
            self._join(other, (slice(top, top + STRIP_ROWS), slice(None)))
        self._weight += other._weight
        self._coverage += other._coverage
        self.tally.n_subs += other.tally.n_subs
        self.tally.exposure_s += other.tally.exposure_s

    def planes(self) -> Planes:
        """Return the state itself."""
        return {"pixels": self._pixels, "weight": self._weight, "coverage": self._coverage}

    def integration(self) -> Integration:
        """Return read-only views of the state."""
        return Integration(
            read_only(self._pixels),
            read_only(self._weight),
            read_only(self._coverage),
            self.tally.n_subs,
            self.tally.exposure_s,
        )

    def _join(self, other: Self, box: Box) -> None:
        """Bring a box of another stack into this one's; weight and coverage are still those of each."""
        raise NotImplementedError

    def _count_tile(self, box: Box, weight: float | FloatArray) -> None:
        """Note that a sub with this weight reached the box."""
        self._weight[box] += np.float32(weight) if isinstance(weight, float) else weight
        self._coverage[box] += np.uint16(1) if isinstance(weight, float) else reached(weight)


class OneByOne(Layers):
    """Base of the methods that know one formula: the next stack from the last one and a sub.

    The first sub that reaches a pixel is taken as it is; a pixel that a sub does not reach stays as it is.
    """

    def update(self, tile: Tile) -> int:
        """Take one tile of a sub."""
        box = (tile.rows, tile.cols)
        weight = usable_weight(tile)
        stack, begun = self._pixels[box], by_channel(self._coverage[box] > 0, tile.pixels.ndim)
        covered = by_channel(plane_of(weight, self._weight[box]) > 0, tile.pixels.ndim)
        pixels = np.where(covered, tile.pixels, np.float32(0))
        np.copyto(stack, np.where(begun, self._next(stack, pixels), pixels), where=covered)
        self._count_tile(box, weight)
        return 0

    def _next(self, stack: FloatArray, sub: FloatArray) -> FloatArray:
        """Return the stack with one sub more, a new array."""
        raise NotImplementedError

    def _join(self, other: Self, box: Box) -> None:
        mine, theirs = (by_channel(stack._coverage[box] > 0, self._pixels.ndim) for stack in (self, other))
        pixels, more = self._pixels[box], other._pixels[box]
        np.copyto(pixels, np.where(mine, self._next(pixels, more), more), where=theirs)


def usable_weight(tile: Tile) -> float | FloatArray:
    """Return the weight of a tile with zeros where a pixel is not finite.

    Parameters
    ----------
    tile : Tile
        Unchanged.

    Returns
    -------
    float or array
        The tile's own where all is finite; else ``(h, w)`` or ``(h, w, 3)`` float32, new.
    """
    if np.isfinite(cv2.sumElems(tile.pixels)).all():  # one pass instead of a mask: NaN and inf survive a sum
        return tile.weight
    finite: BoolArray = np.isfinite(tile.pixels)
    if tile.pixels.ndim == 3 and np.ndim(tile.weight) < 3:
        finite = np.logical_and.reduce(finite, axis=2)
    return np.where(finite, np.float32(1) * tile.weight, np.float32(0)).astype(np.float32)


def usable_weights(cube: Cube) -> FloatArray:
    """``(n, h, w)``: the weights of several subs, in place, with zeros where a pixel is not finite."""
    for pixels, weight in zip(cube.pixels, cube.weight, strict=True):
        usable = usable_weight(Tile(cube.rows, cube.cols, pixels, weight))
        if usable is not weight:
            weight[:] = usable
    return cube.weight


def how_many(planes: BoolArray) -> CountArray:
    """``(h, w)``: in how many of the planes ``(n, h, w)`` a pixel is True."""
    count = np.zeros(planes.shape[1:], np.uint16)
    for plane in planes:
        count += plane
    return count


def plane_of(weight: float | FloatArray, like: FloatArray) -> FloatArray:
    """Return a weight as a float32 plane of the shape of `like`: new for a number, itself for an array."""
    return np.full_like(like, weight) if isinstance(weight, float) else weight


def reached(weight: FloatArray) -> BoolArray:
    """``(h, w)``: where a sub with such weights, ``(h, w)`` or ``(h, w, 3)``, counts at all."""
    positive: BoolArray = weight > 0
    return positive if positive.ndim == 2 else np.logical_or.reduce(positive, axis=2)


def blend(mean: FloatArray, pixels: FloatArray, share: FloatArray, scratch: Scratch) -> None:
    """Mean += (pixels - mean) * share, in place.

    Parameters
    ----------
    mean, pixels : array
        ``(h, w)`` or ``(h, w, 3)`` float32; pixels need not be finite where `share` is 0.
    share : array
        ``(h, w)`` float32, or as `mean`.
    scratch : Scratch
        Buffers of this thread.
    """
    step = np.subtract(pixels, mean, out=scratch("step", mean.shape, np.float32))
    if not np.isfinite(cv2.sumElems(step)).all():
        np.copyto(step, np.float32(0), where=by_channel(share == 0, step.ndim))  # NaN * 0 is not 0
    step_by(mean, step, share, scratch)


def step_by(mean: FloatArray, step: FloatArray, share: FloatArray, scratch: Scratch) -> None:
    """Add ``step * share`` to a mean, in place.

    Parameters
    ----------
    mean : array
        ``(h, w)`` or ``(h, w, 3)`` float32, ADU; changed in place.
    step : array
        Of that shape, float32, finite; unchanged.
    share : array
        Of that shape, or ``(h, w)`` for all colours, float32, finite; unchanged.
    scratch : callable
        Buffers of this thread.
    """
    if share.ndim < step.ndim:
        shares = scratch("shares", step.shape, np.float32)
        cv2.merge([share] * step.shape[2], dst=shares)
        share = shares
    cv2.accumulateProduct(step, share, mean)


def by_channel(plane: npt.NDArray[S], dimensions: int) -> npt.NDArray[S]:
    """``(h, w)`` as it broadcasts against pixels of so many dimensions."""
    return plane[..., np.newaxis] if plane.ndim < dimensions else plane


def _name(method: object) -> str:
    return type(method).__name__


def luminance(pixels: FloatArray, out: FloatArray) -> FloatArray:
    """Mean of the colours, ``(h, w)``, in `out`; a grey picture itself."""
    if pixels.ndim == 2:
        return pixels
    return np.asarray(cv2.transform(pixels, np.full((1, 3), 1 / 3, np.float32), dst=out))
