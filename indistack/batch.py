"""Works through files once: the same pipeline as the agent's, one picture and one report at the end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from indistack.config import MAIN, Config, jobs_of
from indistack.errors import FrameError, IndistackError, SettingsError, SinkError
from indistack.grading.star_measures import sharpness
from indistack.output import snapshots
from indistack.output.destinations import require_writable
from indistack.output.picture_files import write_pictures
from indistack.output.trim import Trim
from indistack.pipeline.one_picture import OnePicture
from indistack.pipeline.pipeline import Pipeline
from indistack.pipeline.processing import Processing
from indistack.pipeline.sharpest import choose
from indistack.session.filter_stack import Reference
from indistack.session.session import Session
from indistack.session.solve_watch import SolveWatch
from indistack.sinks import Snapshot
from indistack.sources import is_own_stack
from indistack.store.entries import decided
from indistack.store.ledger import dump
from indistack.store.line_writer import as_line
from indistack.system.atomic import atomic_file
from indistack.system.resources import peak_bytes
from indistack.system.workers import Workers
from indistack.values.blob import Blob
from indistack.values.outcome import Outcome, Refused
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
    outputs : mapping
        Name of a stack -> files of its own that its picture is written to. Other stacks' files are named after those of
        the main one.
    best_percent : float, optional
        So many of the subs are taken, those that show the most detail; the sharpest of all is then the ``"best"``.
    """

    files: Sequence[Path]
    fits: Path | None = None
    png: Path | None = None
    report: Path | None = None
    reference: str = "first"
    others: Sequence[Path] = ()
    outputs: Mapping[str, Sequence[Path]] = field(default_factory=dict)
    best_percent: float | None = None

    @property
    def places(self) -> dict[str, list[Path]]:
        """Name of a stack -> where its picture goes; the main one's are there always."""
        mains = [path for path in (self.fits, self.png, *self.outputs.get(MAIN, ())) if path is not None]
        return {MAIN: mains} | {name: list(paths) for name, paths in self.outputs.items() if name != MAIN}

    @property
    def pictures(self) -> list[Path]:
        """All files that were named for pictures."""
        return [path for paths in self.places.values() for path in paths]

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
        batch, left_out = _sharpest(batch, pipeline, processing, workers)
        pipeline.align_to(_reference(batch, pipeline, processing))
        reports = _stacked(batch, left_out, pipeline, processing, progress, solve_watch)
        session = pipeline.session
        solve_watch.look(session, max(SOLVER_PATIENCE_S, time.monotonic() - begin_s))
        try:
            if session is None:
                raise IndistackError(f"none of {len(reports)} files could be stacked{_reasons(reports)}")
            session.complete()
            files = write_pictures(session, pipeline.config, batch.places, batch.spared())
        finally:
            report = {
                "subs": [as_line(each) for each in reports],
                "stack": _summary(session, pipeline.config, time.monotonic() - begin_s),
            }
            report["stacks"] = snapshots.numbers(session) if session is not None else {}
            _write_report(batch.report, report)
    return Result(report, snapshots.snapshot(session), [*files, *filter(None, [batch.report])])


def _stacked(
    batch: Batch,
    left_out: Mapping[int, Outcome],
    pipeline: Pipeline,
    processing: Processing,
    progress: Callable[[SubReport], None],
    solve_watch: SolveWatch,
) -> list[SubReport]:
    """Take all subs but those that are left out into one stack; return the reports of all, in order."""
    known: dict[int, SubReport] = {}

    def tell(place: int, outcome: Outcome) -> None:
        known[place] = decided(processing.number(place), outcome, datetime.now(UTC))
        progress(known[place])

    for place, outcome in left_out.items():
        tell(place, outcome)
    places = [place for place in range(1, len(batch.files) + 1) if place not in left_out]
    one_picture = OnePicture(pipeline, processing.again)
    for blob in processing.blobs([batch.files[place - 1] for place in places]):
        for number, outcome in one_picture.process(blob):
            tell(places[number - 1] if left_out else number, outcome)
        _require_rest(pipeline.session)
        solve_watch.look(pipeline.session)
    return [known[place] for place in sorted(known)]


def _require_rest(session: Session | None) -> None:
    """Raise SettingsError where all of the picture would be cut off: now, and not when all subs are stacked."""
    if session is None or session.config.stack.canvas == "grow":  # how far it grows is not known yet
        return
    try:
        Trim.of(session)
    except SinkError as error:
        raise SettingsError([str(error)]) from error


def _sharpest(
    batch: Batch, pipeline: Pipeline, processing: Processing, workers: Workers
) -> tuple[Batch, dict[int, Refused]]:
    """Return which subs show too little detail, and the batch with the sharpest as its reference if that is wanted."""
    if batch.best_percent is None:
        return batch, {}
    choice = choose(processing.blobs(batch.files), pipeline.intake, workers, batch.best_percent)
    if batch.reference == "best" and choice.sharpest:
        batch = replace(batch, reference=str(batch.files[choice.sharpest - 1]))
    return batch, choice.left_out


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
