"""Combines calibration frames to a master: mean with outlier rejection, strip by strip, in bounded memory."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import IO

import cv2
import numpy as np

from indistack.calibrate.base import CalibrateSettings, Master
from indistack.calibrate.colour import Levels, levels_of, over_rows
from indistack.calibrate.fit import FrameFacts, compare
from indistack.errors import CalibrationError
from indistack.numerics.statistics import sigma_of_deviations
from indistack.system.workers import Workers
from indistack.values.frame import BoolArray, DoubleArray, FloatArray, Kind, PixelArray, RawFrame

IN_MEMORY_BYTES = 400_000_000

SMOOTH_PX = 65
"""Side of the box over which a difference between two flats is a gradient and no star."""

STRIP_BYTES = 16_000_000
"""Values of all frames that one thread works on at a time, as float64."""


def combine(
    kind: Kind,
    frames: Iterable[RawFrame],
    n_frames: int,
    source: str,
    workers: Workers,
    settings: CalibrateSettings | None = None,
    subtract: FloatArray | float = 0.0,
    in_memory_bytes: int | None = None,
) -> Master:
    """Combine frames of one kind.

    One frame is taken as it is, two are averaged (flats by `pair_without_stars`), from three on `clipped_mean` leaves
    outliers out. Flats are brought to one level first, colour by colour.

    Parameters
    ----------
    frames : iterable of RawFrame
        Decoded one after the other; only their planes are kept, on disk where they are many.
    n_frames : int
        How many there will be at most.
    settings : CalibrateSettings, optional
        `rule` (of darks) and `reject_sigma`.
    subtract : array or float
        Bias or dark-flat (ADU), taken off each flat before its level is measured.
    in_memory_bytes : int, optional
        More than that goes to disk; `IN_MEMORY_BYTES` where not said.

    Raises
    ------
    CalibrationError
        `no_frames`: there is none. `master_mismatch`: the frames differ in size, CFA, binning or type of numbers.
        `bad_flat`: a flat without light.
    """
    settings = settings or CalibrateSettings()
    walk = iter(frames)
    first = next(walk, None)
    if first is None:
        raise CalibrationError("no_frames", f"no {kind} to combine")
    levels: list[Levels] = []
    livestack = settings.rule == "livestack" and kind == "dark"
    limit = IN_MEMORY_BYTES if in_memory_bytes is None else in_memory_bytes
    with _Planes(first.pixels, n_frames * first.pixels.nbytes > limit) as planes:
        for frame in chain([first], walk):
            compare(FrameFacts.of(frame, kind), FrameFacts.of(first), settings).require_geometry(kind)
            planes.add(frame.pixels)
            if kind == "flat":
                levels.append(_flat_levels(frame, subtract))
        mean = np.empty(first.pixels.shape, np.float32)

        def strip(rows: slice) -> None:
            values = [planes.rows(number, rows) for number in range(len(planes))]
            if levels:
                offset = subtract[rows] if isinstance(subtract, np.ndarray) else subtract
                laid = [over_rows(level, rows, first.width) for level in levels]
                values = [(value - offset) / level for value, level in zip(values, laid, strict=True)]
            if livestack:
                mean[rows] = livestack_dark(values)
            elif len(levels) == 2:
                mean[rows] = pair_without_stars(values, settings.reject_sigma)
            else:
                mean[rows] = clipped_mean(values, settings.reject_sigma)

        row_bytes = first.pixels[0].size * 8 * len(planes)
        workers.strips(strip, len(mean), max(1, STRIP_BYTES // row_bytes))
        return Master(mean, kind, first.cfa, first.info, len(planes), source)


def clipped_mean(values: list[PixelArray], reject_sigma: float) -> DoubleArray:
    """Return the per-pixel mean of equally shaped arrays without outliers.

    Centre and spread are those of the values without the lowest and the highest, the spread corrected for that cut
    (factor 1 + 5/n, right to 3 % for Gaussian noise and n from 5 to 100). It is at least the median spread of all
    pixels here, so that a pixel of few values is not judged by its own luck. NaN is left out; a pixel without any
    value is NaN.
    """
    cube = np.stack([np.asarray(value, np.float64) for value in values])
    n = len(cube)
    known = np.isfinite(cube)
    if not known.all():
        return _mean_of_known(cube, known)
    if n < 3:
        return np.asarray(cube.mean(axis=0))
    low, high = cube.min(axis=0), cube.max(axis=0)
    centre = (cube.sum(axis=0) - low - high) / (n - 2)
    cube -= centre
    spread2 = (np.einsum("i...,i...->...", cube, cube) - (low - centre) ** 2 - (high - centre) ** 2) / (n - 2)
    sigma = np.maximum(np.sqrt(np.maximum(spread2, 0.0)) * (1 + 5 / n), _typical(cube))
    keep = np.abs(cube) <= reject_sigma * sigma
    cube *= keep
    result: DoubleArray = centre + cube.sum(axis=0) / np.maximum(keep.sum(axis=0), 1)
    return result


def pair_without_stars(values: list[PixelArray], reject_sigma: float) -> DoubleArray:
    """Return the mean of two flats of one level, and the lower one where they differ: light in one alone is a star's.

    A star in a twilight flat would be a hole in every sub. What changes slowly from one flat to the other, as the
    sky's gradient does, is no difference.

    Parameters
    ----------
    values : list of array
        Two of one shape, ``(h, w)`` or ``(h, w, 3)``, relative to their levels; unchanged. NaN is left out.
    reject_sigma : float
        How many sigmas of their usual difference make one.

    Returns
    -------
    array
        Of that shape, float64, new.
    """
    mean, difference = clipped_mean(values, reject_sigma), np.asarray(values[0] - values[1], np.float64)
    if np.isfinite(difference).all():
        difference -= cv2.blur(difference, (SMOOTH_PX, SMOOTH_PX))
        beyond = np.abs(difference) > reject_sigma * _typical(difference)
        mean[beyond] -= np.abs(difference[beyond]) / 2
    return mean


def livestack_dark(values: list[PixelArray]) -> DoubleArray:
    """Return LiveStack's dark: the first one; then, where a dark is above it, the mean of the two.

    It lies above the mean (darks of 100 with noise 10 give 107 after 5 and 118 after 50) and depends on the order;
    kept for those who want the pictures that they know.

    Parameters
    ----------
    values : list of array
        The darks in order, of one shape, ADU; unchanged.

    Returns
    -------
    array
        Of that shape, float64, new.
    """
    master = np.asarray(values[0], np.float64).copy()
    for value in values[1:]:
        np.copyto(master, (master + value) / 2, where=value > master)
    return master


def _typical(deviations: DoubleArray) -> float:
    """Return the robust sigma of deviations from the mean."""
    sample = deviations.ravel()
    return sigma_of_deviations(sample[:: max(1, sample.size // 50_000)])


def _mean_of_known(cube: DoubleArray, known: BoolArray) -> DoubleArray:
    count = known.sum(axis=0)
    total = np.where(known, cube, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _flat_levels(frame: RawFrame, subtract: FloatArray | float) -> Levels:
    levels = levels_of(frame.pixels, frame.cfa, subtract)
    lowest = float(levels.min())
    if lowest <= 0:
        raise CalibrationError("bad_flat", f"a flat whose level is {lowest:g} ADU", {"level_adu": lowest})
    return levels


class _Planes:
    """Planes of one shape, kept in memory while they are few, else in a temporary file outside of any RAM disk.

    The file is read piece by piece and not mapped, so that its pages do not count as this process's memory.
    """

    def __init__(self, like: PixelArray, on_disk: bool) -> None:
        self._like = like
        self._kept: list[PixelArray] = []
        self._file: IO[bytes] | None = None
        self._count = 0
        if on_disk:
            folder = Path("/var/tmp")
            self._file = tempfile.TemporaryFile(dir=folder if folder.is_dir() else None)  # noqa: SIM115

    def __len__(self) -> int:
        return self._count

    def __enter__(self) -> _Planes:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, plane: PixelArray) -> None:
        """Keep one more plane; numbers of another type stay what they are, or are refused."""
        if not np.can_cast(plane.dtype, self._like.dtype, "safe"):
            detail = f"its pixels are {plane.dtype}, those of the first frame {self._like.dtype}"
            raise CalibrationError("master_mismatch", detail)
        same = np.ascontiguousarray(plane, self._like.dtype)
        self._count += 1
        if self._file is None:
            self._kept.append(same)
        else:
            self._file.write(same.data)
            self._file.flush()

    def rows(self, number: int, rows: slice) -> PixelArray:
        """Return some rows of a plane; may be called from several threads."""
        if self._file is None:
            return self._kept[number][rows]
        row_bytes = self._like[0].nbytes
        start = number * self._like.nbytes + rows.start * row_bytes
        data = os.pread(self._file.fileno(), (rows.stop - rows.start) * row_bytes, start)
        return np.frombuffer(data, self._like.dtype).reshape(-1, *self._like.shape[1:])
