"""Who works on the subs of a batch: this process, or others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from indistack.calibrate import Calibrator
from indistack.config import Config
from indistack.pipeline.pipeline import Pipeline
from indistack.session.stacker import LocalStacker, Stacker
from indistack.sources import read_ahead
from indistack.system.workers import Workers
from indistack.values.blob import Blob


class Processing(Protocol):
    """Those who work on the subs."""

    def pipeline(self, config: Config, workers: Workers) -> Pipeline:
        """Return what takes the blobs of `blobs` into a stack."""

    def blobs(self, files: Sequence[Path]) -> Iterator[Blob]:
        """Return the files as blobs, in order."""

    def number(self, place: int) -> int:
        """Return the number by which people know a blob, given its place, from 1, among `blobs`."""

    def again(self, blobs: Sequence[Blob]) -> Iterator[Blob]:
        """Return blobs once more that have been worked on."""


class LocalProcessing:
    """Has this process do all.

    Parameters
    ----------
    calibrator_for : callable
        Makes the calibrator for the worker threads.
    exact : bool
        Combine all subs at once, where the method can.
    times : mapping
        File -> when it was taken (UTC), where the file itself may not tell.
    new_stacker : callable
        Makes what puts the subs into the stacks of one filter.
    """

    def __init__(
        self,
        calibrator_for: Callable[[Workers], Calibrator],
        exact: bool = False,
        times: Mapping[Path, datetime] | None = None,
        new_stacker: Callable[[], Stacker] = LocalStacker,
    ) -> None:
        self._calibrator_for = calibrator_for
        self._exact = exact
        self._times = times or {}
        self._new_stacker = new_stacker

    def pipeline(self, config: Config, workers: Workers) -> Pipeline:
        """See `Processing`."""
        calibrator = self._calibrator_for(workers)
        return Pipeline(
            config, workers, calibrator, lambda _: None, exact=self._exact, new_stacker=self._new_stacker
        )  # fmt: skip

    def blobs(self, files: Sequence[Path]) -> Iterator[Blob]:
        """See `Processing`."""
        for blob in read_ahead(files):
            taken = self._times.get(blob.path) if blob.path is not None else None
            yield blob if taken is None else replace(blob, cards=(("DATE-OBS", f"{taken:%Y-%m-%dT%H:%M:%S.%f}", ""),))

    def number(self, place: int) -> int:
        """Return the place: files have no other number."""
        return place

    def again(self, blobs: Sequence[Blob]) -> Iterator[Blob]:
        """See `Processing`: what was let go of is read from the disk."""
        return iter(blobs)
