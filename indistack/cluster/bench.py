"""What a worker of the cluster does. Every task gives the same answer wherever and however often it is run."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from indistack import __version__
from indistack.align import ALIGNERS
from indistack.calibrate import DefectMaps
from indistack.calibrate.defects.learned import DefectMap
from indistack.config import Config, jobs_of
from indistack.decode import decode
from indistack.errors import FrameError
from indistack.grading.star_measures import measure
from indistack.photometry.sky import sky_levels
from indistack.pipeline.calibrators import calibrator_factory, defects_folder, library_of
from indistack.raster.tiles import Sampling
from indistack.session.branches import BranchSet, StackBranch
from indistack.session.filter_stack import MeasuredSub
from indistack.session.stack_setup import StackSetup
from indistack.sources import read_blob
from indistack.stack import BranchSettings, Extent, Tally
from indistack.stars import StarFinder
from indistack.system.workers import Workers
from indistack.values.frame import CalibratedFrame, DoubleArray, PixelArray, RawFrame
from indistack.values.grid import PlacedSub, StackGrid
from indistack.values.outcome import Refused
from indistack.values.star_list import PhotometricMatch
from indistack.values.sub_report import SubReport
from indistack.values.transform import Transform

DEVICE = "cluster"

Box = tuple[slice, slice]

_turn = threading.Lock()
"""One task at a time in each process: it has threads of its own."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What all tasks of a run share.

    Attributes
    ----------
    config : str
        All settings, as JSON.
    lessons : tuple of Path
        The first subs: the camera's bad pixels and the scale of its calibrated frames are learned from these, by every
        worker.
    """

    config: str
    lessons: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Sight:
    """A sub as a worker has seen it.

    Attributes
    ----------
    raw : RawFrame
        As recorded; without its pixels.
    shape : tuple of int
        Of the pixels.
    seen : MeasuredSub or None
        None where the frame is no light.
    size_bytes : int
        Of the file.
    """

    raw: RawFrame
    shape: tuple[int, ...]
    seen: MeasuredSub | None
    size_bytes: int

    def outline(self) -> Sight:
        """Return it without any pixels of the sub."""
        if self.seen is None:
            return self
        frame = dataclasses.replace(self.seen.frame, pixels=np.empty(0, self.seen.frame.pixels.dtype), bad=None)
        return dataclasses.replace(self, seen=dataclasses.replace(self.seen, frame=frame))


@dataclass(frozen=True, slots=True)
class Entry:
    """A sub that is to be stacked: its file, and its place, light and weight in each stack that takes it."""

    path: Path
    places: Mapping[str, tuple[Transform, PhotometricMatch, float]]


@dataclass(frozen=True, slots=True)
class Share:
    """A part of the work on some stacks: some subs, or a band of the canvas.

    Attributes
    ----------
    branches : mapping
        Name -> settings of the stacks.
    canvas, sampling, extent
        As in `StackSetup`.
    entries : sequence of Entry
        The subs.
    exact : bool
        As in `StackSetup`.
    """

    branches: Mapping[str, BranchSettings]
    grid: StackGrid
    sampling: Sampling
    extent: Extent
    entries: Sequence[Entry]
    exact: bool


@dataclass(frozen=True, slots=True)
class Part:
    """What came of a share: the state of one stack."""

    planes: Mapping[str, PixelArray]
    tally: Tally


def see(setup: Setup, path: Path) -> Sight | Refused:
    """Decode, calibrate, find stars."""
    with _turn:
        try:
            return _bench(setup).see(path)
        except FrameError as error:
            return Refused(error.reason, SubReport(figures=error.numbers), error.detail)


def outline(sight: Sight | Refused) -> Sight | Refused:
    """Return what is told of a sub without its pixels."""
    return sight if isinstance(sight, Refused) else sight.outline()


def levels(sight: Sight, xy: DoubleArray) -> DoubleArray:
    """Measure a sub's sky; see `sky_levels`."""
    assert sight.seen is not None
    return sky_levels(sight.seen.frame, xy)


def levels_here(key: str, xy: DoubleArray, dask_worker: Any) -> DoubleArray:
    """Do the same beside the tasks, for a sight that this worker holds; KeyError where it does not."""
    return levels(dask_worker.data[key], xy)


def lacks(names: Sequence[str]) -> tuple[str, list[str]]:
    """Return this worker's version, and which of the files it does not see."""
    return __version__, [name for name in names if not Path(name).exists()]


def integrate(setup: Setup, share: Share) -> dict[str, Part]:
    """Stack a share."""
    with _turn:
        return _bench(setup).integrate(share)


class Taught(DefectMaps):
    """What is known of the sensors, and learned until school is over.

    From then on every frame is searched by itself, beside what is known: so it is calibrated alike by every worker.
    """

    def __init__(self, folder: Path | None) -> None:
        super().__init__(folder, read_only=True)
        self.over = False

    def of(self, raw: RawFrame) -> DefectMap:
        """Return the sensor's map; later a fresh copy for each frame."""
        known = super().of(raw)
        return DefectMap(1 if raw.cfa is None else 2, known.pixels) if self.over else known


class Bench:
    """A worker's tools.

    Parameters
    ----------
    setup : Setup
        What all workers share.
    """

    def __init__(self, setup: Setup) -> None:
        self._config = config = Config.model_validate_json(setup.config)
        self._workers = Workers(jobs_of(config.stack))
        library = library_of(config)
        maps = Taught(defects_folder(config, library))
        self._calibrator = calibrator_factory(config, library, maps=maps)(self._workers)
        self._finder = StarFinder(config.stars, self._workers)
        self._with_luminance = ALIGNERS.get(config.align.method).needs_luminance
        for path in setup.lessons:
            self._learn(path)
        maps.over = True

    def see(self, path: Path) -> Sight:
        """Decode, calibrate, find stars."""
        raw = self._decode(path)
        bare = dataclasses.replace(raw, pixels=np.empty(0, raw.pixels.dtype))
        size_bytes = path.stat().st_size
        if raw.info.kind != "light":
            return Sight(bare, raw.pixels.shape, None, size_bytes)
        frame = self._calibrator.calibrate(raw, in_place=True)
        scene = self._finder.scene(frame, self._with_luminance)
        return Sight(bare, raw.pixels.shape, MeasuredSub(frame, scene, measure(scene.stars)), size_bytes)

    def integrate(self, share: Share) -> dict[str, Part]:
        """Stack a share."""
        stack_setup = StackSetup(share.grid, share.sampling, share.extent, self._workers, exact=share.exact)
        branch_set = BranchSet(share.branches, stack_setup)
        for entry in share.entries:
            _add(branch_set, self._calibrator.calibrate(self._decode(entry.path), in_place=True), entry)
        branch_set.complete()
        return {name: Part(branch.method.planes(), branch.method.tally) for name, branch in branch_set.branches.items()}

    def _learn(self, path: Path) -> None:
        try:
            raw = self._decode(path)
            if raw.info.kind == "light":
                self._calibrator.calibrate(raw, in_place=True)
        except FrameError:
            return  # nothing to be learned from it; what is wrong with it is told when its turn comes

    def _decode(self, path: Path) -> RawFrame:
        if not path.exists():  # elsewhere it does: another worker may have more luck
            raise FileNotFoundError(f"{path} is not on this machine")
        return decode(read_blob(path, DEVICE), self._config.decode, self._workers)


def _add(branch_set: BranchSet, frame: CalibratedFrame, entry: Entry) -> None:
    def place(branch: StackBranch) -> PlacedSub:
        return PlacedSub(frame, *entry.places[branch.name])

    branch_set.add(place, entry.places)


@lru_cache(maxsize=1)
def _bench(setup: Setup) -> Bench:
    return Bench(setup)
