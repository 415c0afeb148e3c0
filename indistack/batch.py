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
from indistack.config import MAIN, Config, jobs_of
from indistack.errors import FrameError, IndistackError
from indistack.grading.star_measures import measure
from indistack.output import snapshots
from indistack.output.destinations import require_writable, spared
from indistack.pipeline.pipeline import Pipeline
from indistack.session.filter_stack import Reference
from indistack.session.session import Session
from indistack.session.solve_watch import SolveWatch
from indistack.sinks import Snapshot, sink_for
from indistack.sources import FILES, announce, is_own_stack, read_blob
from indistack.store.entries import decided
from indistack.store.ledger import dump
from indistack.store.line_writer import as_line
from indistack.system.atomic import atomic_file
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


class LocalProcessing:
    """This process does all.

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
        return _read_ahead(files)


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
    config = one_picture(config)
    with Workers(jobs_of(config.stack)) as workers, closing(SolveWatch(config.solve)) as solve_watch:
        pipeline = processing.pipeline(config, workers)
        pipeline.align_to(_reference(batch, pipeline, processing))
        reports: list[SubReport] = []
        for number, blob in enumerate(processing.blobs(batch.files), 1):
            reports.append(decided(number, pipeline.process(blob), datetime.now(UTC)))
            progress(reports[-1])
            solve_watch.look(pipeline.session)
        session = pipeline.session
        solve_watch.look(session, max(SOLVER_PATIENCE_S, time.monotonic() - begin_s))
        try:
            if session is None:
                raise IndistackError(f"none of {len(reports)} files could be stacked{_reasons(reports)}")
            session.complete()
            files = _write_pictures(batch, session, config)
        finally:
            report = {
                "subs": [as_line(each) for each in reports],
                "stack": _summary(session, config, time.monotonic() - begin_s),
            }
            report["stacks"] = snapshots.numbers(session) if session is not None else {}
            _write_report(batch.report, report)
    return Result(report, snapshots.snapshot(session), [*files, *filter(None, [batch.report])])


def one_picture(config: Config) -> Config:
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
    return max(looks, key=_sharpness, default=None)


def _looks(blobs: Iterable[Blob], pipeline: Pipeline) -> Iterator[Reference]:
    for blob in blobs:
        try:
            yield pipeline.look(blob)
        except FrameError as error:
            log.debug("%s is no reference: %s", blob.origin, error)


def _sharpness(reference: Reference) -> float:
    """Many stars, small stars."""
    stars = measure(reference.scene.stars)
    return stars.stars / stars.fwhm_px**2 if stars.stars else 0.0


def _read_ahead(files: Sequence[Path]) -> Iterator[Blob]:
    """Read each file in turn, and tell the system which one is next: it reads ahead into memory of its own."""
    for path, following in zip(files, [*files[1:], None], strict=True):
        blob = read_blob(path, FILES)
        if following is not None:
            announce(following)
        yield blob
        del blob  # its memory is needed for the next one


def _write_pictures(batch: Batch, session: Session, config: Config) -> list[Path]:
    """Write every picture in every form that is wanted; return the files."""
    _warn_of_grey(session)
    written, inputs = [], batch.spared()
    for name in snapshots.names(session):
        snapshot = snapshots.snapshot(session, name, maps=config.publish.maps)
        for main in batch.pictures:
            path, sink = spared(_path_of(name, main), inputs), sink_for(main)
            shown = snapshots.with_preview(snapshot, config.picture) if sink.needs_preview else snapshot
            sink.write(path, shown)
            written.append(path)
    return written


def _warn_of_grey(session: Session) -> None:
    for name, told in snapshots.numbers(session).items():
        if told.get("why") and session.config.stack.palette != "none":
            log.warning("%s shows filter %s alone: %s", name, told["filters"][0] or "none", told["why"])


def _path_of(name: str, main: Path) -> Path:
    """Return where a picture goes, given the path of the main one: ``M31.fits``, ``M31-trails.fits``."""
    ending = name.removeprefix(MAIN).removeprefix("-")
    return main.with_stem(f"{main.stem}-{ending}") if ending else main


def _summary(session: Session | None, config: Config, seconds: float) -> dict[str, Any]:
    return {
        "method": config.stack.method,
        "n_subs": session.n_subs if session is not None else 0,
        "exposure_s": session.exposure_s if session is not None else 0.0,
        "reference": session.reference.name if session is not None else "",
        "width": session.size[1] if session is not None else 0,
        "height": session.size[0] if session is not None else 0,
        "sky": session.sky.numbers() if session is not None else None,
        "seconds": seconds,
        "peak_rss_mb": peak_rss_mb(),
    }


def peak_rss_mb() -> float:
    """Return the largest resident memory of this process so far.

    Not from getrusage: there a process starts with the memory of the one that forked it.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _write_report(path: Path | None, report: dict[str, Any]) -> None:
    if path is not None:
        with atomic_file(path) as file:
            file.write(dump(report, indent=1).encode())


def _reasons(reports: Sequence[SubReport]) -> str:
    words = sorted({report.reason for report in reports if report.word == Refused.word})
    return f": {', '.join(words)}" if words else ""
