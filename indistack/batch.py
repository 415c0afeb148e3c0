"""Works through files once: the same pipeline as the agent's, one picture and one report at the end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from indistack.calibrate import Calibrator
from indistack.config import Config, jobs_of
from indistack.errors import FrameError, IndistackError
from indistack.grading.star_measures import sharpness
from indistack.output import snapshots
from indistack.output.destinations import require_writable
from indistack.output.picture_files import write_pictures
from indistack.output.trim import Trim
from indistack.pipeline.one_picture import OnePicture
from indistack.pipeline.pipeline import Pipeline
from indistack.session.filter_stack import Reference
from indistack.session.session import Session
from indistack.session.solve_watch import SolveWatch
from indistack.sinks import Snapshot
from indistack.sources import is_own_stack, read_ahead
from indistack.store.entries import decided
from indistack.store.ledger import dump
from indistack.store.line_writer import as_line
from indistack.system.atomic import atomic_file
from indistack.system.resources import peak_bytes
from indistack.system.workers import Workers
from indistack.values.blob import Blob
from indistack.values.outcome import Refused
from indistack.values.sub_report import SubReport

log = logging.getLogger(__name__)

SOLVER_PATIENCE_S = 10.0
"""How long the pictures wait at least for a solver; they wait as long as the stack took, if that is more."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What to do.

    Attributes
    ----------
    files : sequence of Path
        Subs, in order.
    fits, png, report : Path or None
        Where the results go. The suffix decides in which form.
    reference : str
        ``"first"`` good sub, ``"best"`` sub, or a file's path.
    others : sequence of Path
        What else is read. As the subs, none of it is overwritten.
    """

    files: Sequence[Path]
    fits: Path | None = None
    png: Path | None = None
    report: Path | None = None
    reference: str = "first"
    others: Sequence[Path] = ()

    @property
    def pictures(self) -> list[Path]:
        """Where the main picture goes."""
        return [path for path in (self.fits, self.png) if path is not None]

    def spared(self) -> list[Path]:
        """Return what must not be overwritten: all that is read, but for what is an earlier result of the same."""
        names = {path.name for path in self.pictures}
        subs = [path for path in self.files if not (path.name in names and is_own_stack(path))]
        return [*subs, *self.others, *([] if self.reference in ("first", "best") else [Path(self.reference)])]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of it: the report, the main picture, and the files that were written."""

    report: dict[str, Any]
    snapshot: Snapshot
    files: Sequence[Path]


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
    """

    def __init__(self, calibrator_for: Callable[[Workers], Calibrator], exact: bool = False) -> None:
        self._calibrator_for = calibrator_for
        self._exact = exact

    def pipeline(self, config: Config, workers: Workers) -> Pipeline:
        """See `Processing`."""
        calibrator = self._calibrator_for(workers)
        return Pipeline(config, workers, calibrator, lambda _: None, exact=self._exact)

    def blobs(self, files: Sequence[Path]) -> Iterator[Blob]:
        """See `Processing`."""
        return read_ahead(files)

    def number(self, place: int) -> int:
        """Return the place: files have no other number."""
        return place

    def again(self, blobs: Sequence[Blob]) -> Iterator[Blob]:
        """See `Processing`: what was let go of is read from the disk."""
        return iter(blobs)


def run(batch: Batch, config: Config, processing: Processing, progress: Callable[[SubReport], None]) -> Result:
    """Stack files.

    Parameters
    ----------
    batch : Batch
        Inputs and outputs.
    config : Config
        All settings; the drift rules only refuse here, as there is one picture.
    processing : Processing
        Who does it.
    progress : callable
        Told of every sub's report.

    Raises
    ------
    SettingsError
        An output cannot be written, or is one of the inputs; nothing was done.
    IndistackError
        No sub could be stacked, or an output cannot be written; the report is written first.
    """
    begin_s = time.monotonic()
    require_writable(batch.pictures, [batch.report], inputs=batch.spared())
    config = for_one_picture(config)
    with Workers(jobs_of(config.stack)) as workers, closing(SolveWatch(config.solve)) as solve_watch:
        pipeline = processing.pipeline(config, workers)
        pipeline.align_to(_reference(batch, pipeline, processing))
        one_picture, known = OnePicture(pipeline, processing.again), dict[int, SubReport]()
        for blob in processing.blobs(batch.files):
            for number, outcome in one_picture.process(blob):
                known[number] = decided(processing.number(number), outcome, datetime.now(UTC))
                progress(known[number])
            solve_watch.look(pipeline.session)
        reports = [known[number] for number in sorted(known)]
        session = pipeline.session
        solve_watch.look(session, max(SOLVER_PATIENCE_S, time.monotonic() - begin_s))
        try:
            if session is None:
                raise IndistackError(f"none of {len(reports)} files could be stacked{_reasons(reports)}")
            session.complete()
            files = write_pictures(session, pipeline.config, batch.pictures, batch.spared())
        finally:
            report = {
                "subs": [as_line(each) for each in reports],
                "stack": _summary(session, pipeline.config, time.monotonic() - begin_s),
            }
            report["stacks"] = snapshots.numbers(session) if session is not None else {}
            _write_report(batch.report, report)
    return Result(report, snapshots.snapshot(session), [*files, *filter(None, [batch.report])])


def for_one_picture(config: Config) -> Config:
    """Return the settings for one picture of all subs: what would begin another one is refused."""
    return config.model_copy(update={"drift": config.drift.model_copy(update={"enabled": False})})


def _reference(batch: Batch, pipeline: Pipeline, processing: Processing) -> Reference | None:
    if batch.reference == "first":
        return None
    if batch.reference != "best":
        try:
            (reference,) = (pipeline.look(blob) for blob in processing.blobs([Path(batch.reference)]))
        except FrameError as error:
            raise IndistackError(f"the reference {batch.reference} cannot be used: {error}") from error
        return reference
    looks = list(_looks(processing.blobs(batch.files), pipeline))
    return max(looks, key=lambda look: sharpness(look.scene.stars), default=None)


def _looks(blobs: Iterable[Blob], pipeline: Pipeline) -> Iterator[Reference]:
    for blob in blobs:
        try:
            yield pipeline.look(blob)
        except FrameError as error:
            log.debug("%s is no reference: %s", blob.origin, error)


def _summary(session: Session | None, config: Config, seconds: float) -> dict[str, Any]:
    height, width = Trim.size(session) if session is not None else (0, 0)
    return {
        "method": session.config.stack.method if session is not None else config.stack.method,
        "why_plain": session.why_plain if session is not None else "",
        "n_subs": session.n_subs if session is not None else 0,
        "exposure_s": session.exposure_s if session is not None else 0.0,
        "reference": session.reference.name if session is not None else "",
        "width": width,
        "height": height,
        "sky": session.sky.numbers() if session is not None else None,
        "seconds": seconds,
        "peak_rss_mb": peak_bytes() / 2**20,
    }


def _write_report(path: Path | None, report: dict[str, Any]) -> None:
    if path is not None:
        with atomic_file(path) as file:
            file.write(dump(report, indent=1).encode())


def _reasons(reports: Sequence[SubReport]) -> str:
    refused = {report.reason: report.decision for report in reports if report.word == Refused.word}
    details = [f" ({one.detail})" for one in refused.values() if one is not None and one.detail]
    return f": {', '.join(sorted(refused))}{details[0] if len(refused) == 1 and details else ''}" if refused else ""
