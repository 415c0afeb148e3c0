"""What a worker of the cluster does. Every task gives the same answer wherever and however often it is run.

A sub's bad pixels depend on what earlier subs have taught, so the calibrator's memory goes from sub to sub: each is
calibrated with the memory that the one before it has left, by whichever worker. All else is done side by side.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from indistack import __version__
from indistack.cluster.base import CalibratedSub, Memory, PartialStack, SeenSub, StackTask, SubToStack
from indistack.config import Config, jobs_of
from indistack.errors import FrameError
from indistack.photometry.sky import sky_levels
from indistack.pipeline.calibrators import calibrator_factory, library_of
from indistack.pipeline.preparer import LocalPreparer
from indistack.session.branches import BranchSet
from indistack.session.filter_stack import MeasuredSub
from indistack.session.stack_branch import StackBranch
from indistack.session.stack_setup import StackSetup
from indistack.sources import FILES, read_blob
from indistack.system.workers import Workers
from indistack.values.frame import CalibratedFrame, DoubleArray, RawFrame
from indistack.values.grid import PlacedSub
from indistack.values.outcome import Refused
from indistack.values.sub_report import SubReport

_turn = threading.Lock()
"""One task at a time in each process: it has threads of its own."""


def read(settings: str, path: Path) -> RawFrame | Refused:
    """Decode a file; `settings` are all those of the run, as JSON."""
    with _turn:
        try:
            return _worker(settings).read(path)
        except FrameError as error:
            return _refused(error)


def calibrate(settings: str, raw: RawFrame | Refused, memory: Memory | None) -> CalibratedSub | Refused:
    """Calibrate a sub with what the calibrator has learned from those before it; None: it is the first."""
    with _turn:
        return raw if isinstance(raw, Refused) else _worker(settings).calibrate(raw, memory)


def memory_after(sub: CalibratedSub | Refused, before: Memory | None) -> Memory | None:
    """Return what the calibrator knows after a sub, given what it knew before."""
    return before if isinstance(sub, Refused) else sub.memory


def given(memory: Memory | None) -> Memory | None:
    """Return a memory that the process that judges has kept, so that nobody needs what it came from."""
    return memory


def see(settings: str, sub: CalibratedSub | Refused) -> SeenSub | Refused:
    """Find a sub's stars."""
    with _turn:
        return sub if isinstance(sub, Refused) else _worker(settings).see(sub)


def outline(sub: SeenSub | Refused) -> SeenSub | Refused:
    """Return what is told of a sub without its pixels."""
    return sub if isinstance(sub, Refused) else sub.outline()


def sky(sub: SeenSub, xy: DoubleArray) -> DoubleArray:
    """Measure a sub's sky; see `sky_levels`."""
    assert isinstance(sub.seen, MeasuredSub)
    return sky_levels(sub.seen.frame, xy)


def sky_here(key: str, xy: DoubleArray, dask_worker: Any) -> DoubleArray:
    """Do the same beside the tasks, for a sub that this worker holds; KeyError where it does not."""
    return sky(dask_worker.data[key], xy)


def lacks(names: Sequence[str]) -> tuple[str, list[str]]:
    """Return this worker's version, and which of the files it does not see."""
    return __version__, [name for name in names if not Path(name).exists()]


def stack(settings: str, task: StackTask, memory: Memory | None) -> dict[str, PartialStack]:
    """Do a part of the stacking, with what the calibrator has learned from all subs."""
    with _turn:
        return _worker(settings).stack(task, memory)


class ClusterWorker:
    """A worker's tools.

    Parameters
    ----------
    config : Config
        The settings, which all workers share.
    """

    def __init__(self, config: Config) -> None:
        self._workers = Workers(jobs_of(config.stack))
        self._calibrator = calibrator_factory(config, library_of(config))(self._workers)
        self._nothing_learned = self._calibrator.memory()
        self._preparer = LocalPreparer(config, self._workers, self._calibrator)

    def read(self, path: Path) -> RawFrame:
        """Decode a file."""
        if not path.exists():  # elsewhere it does: another worker may have more luck
            raise FileNotFoundError(f"{path} is not on this machine")
        return self._preparer.decode(read_blob(path, FILES))

    def calibrate(self, raw: RawFrame, memory: Memory | None) -> CalibratedSub:
        """Apply the masters and repair bad pixels; learn from a light."""
        self._remember(memory)
        frame: CalibratedFrame | Refused | None = None
        if raw.info.kind == "light":
            try:
                frame = self._calibrator.calibrate(raw)  # not in place: the task may be run again on the same pixels
            except FrameError as error:
                frame = _refused(error)
        bare = dataclasses.replace(raw, pixels=np.empty(0, raw.pixels.dtype))
        return CalibratedSub(bare, raw.pixels.shape, frame, self._calibrator.memory())

    def see(self, sub: CalibratedSub) -> SeenSub:
        """Find a sub's stars, where it is a light."""
        seen = self._preparer.find_stars(sub.frame) if isinstance(sub.frame, CalibratedFrame) else sub.frame
        return SeenSub(sub.raw, sub.shape, seen)

    def stack(self, task: StackTask, memory: Memory | None) -> dict[str, PartialStack]:
        """Do a part of the stacking."""
        self._remember(memory)
        stack_setup = StackSetup(task.grid, task.sampling, task.extent, self._workers, exact=task.exact)
        branch_set = BranchSet(task.branches, stack_setup)
        for sub in task.subs:
            _add(branch_set, self._preparer.calibrate(self.read(sub.path), sub.mended), sub)
        branch_set.complete()
        branches = branch_set.branches.items()
        return {name: PartialStack(branch.method.planes(), branch.method.tally) for name, branch in branches}

    def _remember(self, memory: Memory | None) -> None:
        self._calibrator.remember(*(self._nothing_learned if memory is None else memory))


def _add(branch_set: BranchSet, frame: CalibratedFrame, sub: SubToStack) -> None:
    def place(branch: StackBranch) -> PlacedSub:
        return PlacedSub(frame, *sub.places[branch.name])

    branch_set.add(place, sub.places)


def _refused(error: FrameError) -> Refused:
    return Refused(error.reason, SubReport(figures=error.numbers), error.detail)


@lru_cache(maxsize=1)
def _worker(settings: str) -> ClusterWorker:
    return ClusterWorker(Config.model_validate_json(settings))
