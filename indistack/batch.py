"""Works through files once: the same pipeline as the agent's, one picture and one report at the end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from indistack.atomic import atomic_file
from indistack.calibrate import Calibrator
from indistack.config import Config, jobs_of
from indistack.enhance import render
from indistack.errors import FrameError, IndistackError
from indistack.frame import Blob, Refused
from indistack.ledger import dump, record
from indistack.measures import measure
from indistack.pipeline import Pipeline
from indistack.session import Session
from indistack.sinks import SINKS
from indistack.sources import read_blob
from indistack.track import Reference
from indistack.workers import Workers

log = logging.getLogger(__name__)

DEVICE = "files"


@dataclass(frozen=True, slots=True)
class Batch:
    """What to do.

    Attributes
    ----------
    files : sequence of Path
        Subs, in order.
    fits, png, report : Path or None
        Where the results go.
    reference : str
        ``"first"`` good sub, ``"best"`` sub, or a file's path.
    """

    files: Sequence[Path]
    fits: Path | None = None
    png: Path | None = None
    report: Path | None = None
    reference: str = "first"


@dataclass(slots=True)
class Result:
    """What became of it: the report, and how many subs are in the stack."""

    report: dict[str, Any] = field(default_factory=dict)
    n_subs: int = 0


def run(
    batch: Batch,
    config: Config,
    calibrator_for: Callable[[Workers], Calibrator],
    progress: Callable[[dict[str, Any]], None],
) -> Result:
    """Stack files.

    Parameters
    ----------
    batch : Batch
        Inputs and outputs.
    config : Config
        All settings; the drift rules only refuse here, as there is one picture.
    calibrator_for : callable
        Makes the calibrator for the worker threads.
    progress : callable
        Told of every sub's line.

    Raises
    ------
    IndistackError
        No sub could be stacked, or an output cannot be written; the report is written first.
    """
    begin_s = time.monotonic()
    config = config.model_copy(update={"drift": config.drift.model_copy(update={"enabled": False})})
    with Workers(jobs_of(config.stack)) as workers:
        pipeline = Pipeline(config, workers, calibrator_for(workers), lambda _: None, skip_repeats=False)
        pipeline.align_to(_reference(batch, pipeline))
        lines = []
        for number, blob in enumerate(_read_ahead(batch.files), 1):
            lines.append(record(number, blob, pipeline.process(blob), datetime.now(UTC)))
            progress(lines[-1])
        session = pipeline.session
        try:
            if session is None:
                raise IndistackError(f"none of {len(lines)} files could be stacked{_reasons(lines)}")
            session.complete()
            _write_pictures(batch, session, config)
        finally:
            report = {"subs": lines, "stack": _summary(session, config, time.monotonic() - begin_s)}
            _write_report(batch.report, report)
    return Result(report, session.n_subs)


def _reference(batch: Batch, pipeline: Pipeline) -> Reference | None:
    if batch.reference == "first":
        return None
    if batch.reference != "best":
        try:
            return pipeline.look(read_blob(Path(batch.reference), DEVICE))
        except FrameError as error:
            raise IndistackError(f"the reference {batch.reference} cannot be used: {error}") from error
    looks = list(_looks(batch.files, pipeline))
    return max(looks, key=_sharpness, default=None)


def _looks(files: Sequence[Path], pipeline: Pipeline) -> Iterator[Reference]:
    for blob in _read_ahead(files):
        try:
            yield pipeline.look(blob)
        except FrameError as error:
            log.debug("%s is no reference: %s", blob.origin, error)


def _sharpness(reference: Reference) -> float:
    """Many stars, small stars."""
    stars = measure(reference.scene.stars)
    return stars.stars / stars.fwhm_px**2 if stars.stars else 0.0


def _read_ahead(files: Sequence[Path]) -> Iterator[Blob]:
    """Read each file while the one before it is being stacked."""
    with ThreadPoolExecutor(1, thread_name_prefix="read") as reader:
        coming = None
        for path in files:
            ready, coming = coming, reader.submit(read_blob, path, DEVICE)
            if ready is not None:
                yield ready.result()
        if coming is not None:
            yield coming.result()


def _write_pictures(batch: Batch, session: Session, config: Config) -> None:
    snapshot = session.snapshot(copy=False)
    if batch.fits is not None:
        SINKS.get("fits")().write(batch.fits, snapshot)
    if batch.png is not None:
        preview = render(snapshot.integration, snapshot.bottom_up, config.picture, snapshot.orientation)
        SINKS.get("png")().write(batch.png, replace(snapshot, preview=preview))


def _summary(session: Session | None, config: Config, seconds: float) -> dict[str, Any]:
    return {
        "method": config.stack.method,
        "n_subs": session.n_subs if session is not None else 0,
        "exposure_s": session.exposure_s if session is not None else 0.0,
        "reference": session.reference.name if session is not None else "",
        "width": session.size[1] if session is not None else 0,
        "height": session.size[0] if session is not None else 0,
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


def _reasons(lines: Sequence[dict[str, Any]]) -> str:
    words = sorted({line["reason"] for line in lines if line["outcome"] == Refused.word})
    return f": {', '.join(words)}" if words else ""
