"""The bare primitives on whole frames: what anyone would write with OpenCV, NumPy and sep, timed stage by stage."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from typing import TypeVar

import cv2
import numpy as np
import sep
from numpy.typing import NDArray

from comparison.night import Files

T = TypeVar("T")
Plane = NDArray[np.float32]

PEDESTAL_ADU = 500.0  # keeps the noise of a dark sky above zero in 16 bits
SEP_PIXELS = 3_000_000


class Floor:
    """Decode, subtract and divide, demosaic, cubic warp, mean; sep's background and extraction on the binned plane.

    Attributes
    ----------
    ms : dict of list
        Milliseconds by stage, and in all under ``"total"``, one number for each sub.
    """

    def __init__(self, files: Files, cfa: str) -> None:
        sep.set_extract_pixstack(SEP_PIXELS)
        self._cfa = None if cfa == "mono" else cfa
        self._dark = decode(files.dark.read_bytes()).astype(np.float32)
        flat = decode(files.flat.read_bytes()).astype(np.float32)
        self._inverse_flat = (flat.mean() / np.maximum(flat, 1)).astype(np.float32)
        self._mean: Plane | None = None
        self._n_subs = 0
        self.ms: dict[str, list[float]] = defaultdict(list)

    def take(self, data: bytes, transform: NDArray[np.float64]) -> None:
        """Stack one sub, given the transform that the pipeline found: matching is no primitive."""
        begin_s = time.perf_counter()
        raw = self._timed("decode", lambda: decode(data))
        plane = self._timed("calibrate", lambda: (raw - self._dark) * self._inverse_flat)
        self._timed("stars", lambda: find_stars(plane))
        self._timed("stack", lambda: self._stack(plane, transform))
        self.ms["total"].append(1e3 * (time.perf_counter() - begin_s))

    def _stack(self, plane: Plane, transform: NDArray[np.float64]) -> None:
        size = (plane.shape[1], plane.shape[0])
        warped = cv2.warpAffine(self._picture(plane), transform[:2], size, flags=cv2.INTER_CUBIC)
        if self._mean is None:
            self._mean = np.zeros_like(warped)
        self._n_subs += 1
        cv2.accumulateWeighted(warped, self._mean, 1 / self._n_subs)

    def _picture(self, plane: Plane) -> Plane:
        if self._cfa is None:
            return plane
        stored = cv2.add(plane, PEDESTAL_ADU, dtype=cv2.CV_16U)
        return cv2.cvtColor(stored, getattr(cv2, f"COLOR_Bayer{self._cfa}2RGB")).astype(np.float32)

    def _timed(self, stage: str, work: Callable[[], T]) -> T:
        begin_s = time.perf_counter()
        result = work()
        self.ms[stage].append(1e3 * (time.perf_counter() - begin_s))
        return result


def decode(data: bytes) -> NDArray[np.uint16]:
    """Return the pixels of a plain 16-bit FITS file."""
    header = data[: data.index(b"END" + b" " * 77)].decode("ascii")
    cards = {header[i : i + 8].strip(): header[i + 10 : i + 30].strip() for i in range(0, len(header), 80)}
    start = -(-(len(header) + 80) // 2880) * 2880
    width, height = int(cards["NAXIS1"]), int(cards["NAXIS2"])
    stored = np.frombuffer(data, ">i2", width * height, start).reshape(height, width)
    return (stored.astype(np.int16) ^ np.int16(-32768)).view(np.uint16)


def find_stars(plane: Plane) -> None:
    """Measure background and objects of the plane binned 2x2."""
    height, width = plane.shape
    half = cv2.resize(plane, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    background = sep.Background(half)
    sep.extract(half - background.back(), 5.0, err=background.globalrms)
