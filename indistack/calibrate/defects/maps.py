"""Keeps what was learned of each sensor's pixels, from night to night."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from indistack.calibrate.defects.evidence import NONE, IndexArray
from indistack.calibrate.defects.learned import DefectMap
from indistack.errors import SinkError
from indistack.system.atomic import atomic_file
from indistack.system.ordinary_file import read_ordinary
from indistack.values.frame import PixelArray, RawFrame

_log = logging.getLogger(__name__)


class DefectMaps:
    """One defect map for each camera, size, binning and CFA.

    Parameters
    ----------
    folder : Path or None
        Where they are kept; None: nowhere.
    read_only : bool
        Profit from what is kept there, and add nothing.
    """

    def __init__(self, folder: Path | None = None, read_only: bool = False) -> None:
        self._folder = folder
        self._read_only = read_only
        self._maps: dict[str, DefectMap] = {}

    def of(self, raw: RawFrame) -> DefectMap:
        """Return the sensor's map, which an earlier night may have begun.

        Parameters
        ----------
        raw : RawFrame
            Of the sensor; only its facts and shape count.
        """
        name = _name(raw)
        if name not in self._maps:
            self._maps[name] = DefectMap(1 if raw.cfa is None else 2, self._kept(name, raw.width * raw.height))
        return self._maps[name]

    def keep(self, raw: RawFrame) -> None:
        """Write the sensor's map down; a disk that does not take it costs a line in the log.

        Parameters
        ----------
        raw : RawFrame
            Of the sensor; only its facts and shape count.
        """
        if self._folder is None or self._read_only:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with atomic_file(self._folder / _name(raw)) as file:
                np.save(file, self.of(raw).pixels.astype(np.uint32), allow_pickle=False)
        except (OSError, SinkError) as error:
            _log.warning("the defect map is not kept: %s", error)

    def memory(self) -> tuple[dict[str, Any], dict[str, PixelArray]]:
        """Return what the maps have learned: plain values, and arrays that are not changed any more."""
        memories = {name: one.memory() for name, one in self._maps.items()}
        return {name: facts for name, (facts, _) in memories.items()}, {
            name: records for name, (_, records) in memories.items()
        }

    def remember(self, facts: Mapping[str, Any], arrays: Mapping[str, PixelArray]) -> None:
        """Go on with maps as they were when their memory was taken.

        Parameters
        ----------
        facts : mapping
            Plain values of the memory.
        arrays : mapping
            Name -> array, as the memory gave them.
        """
        self._maps = {name: DefectMap.remembered(facts[name], arrays[name]) for name in facts}

    def _kept(self, name: str, n_pixels: int) -> IndexArray:
        path = None if self._folder is None else self._folder / name
        if path is None:
            return NONE
        try:
            return _checked(np.load(io.BytesIO(read_ordinary(path)), allow_pickle=False), n_pixels)
        except FileNotFoundError:
            return NONE
        except (OSError, ValueError, EOFError) as error:
            _log.warning("%s cannot be used (%s): bad pixels are learned anew", path, error)
            return NONE


def _checked(pixels: object, n_pixels: int) -> IndexArray:
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint32 or pixels.ndim != 1:
        raise ValueError("not a defect map")
    index = pixels.astype(np.intp)
    if len(index) and (np.diff(index).min(initial=1) < 1 or index[-1] >= n_pixels):
        raise ValueError("pixels out of order or outside the frame")
    return index


def _name(raw: RawFrame) -> str:
    camera = re.sub(r"[^a-z0-9]+", "-", raw.info.camera.lower()).strip("-") or "camera"
    binning = "x".join(map(str, raw.info.binning))
    return f"defects_{camera}_{raw.width}x{raw.height}_{binning}_{raw.cfa or 'mono'}.npy"
