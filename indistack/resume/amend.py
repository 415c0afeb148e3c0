"""Takes subs out of the stack of a session that has ended, or puts them back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from indistack.calibrate import Calibrator
from indistack.config import Config, jobs_of, record_settings
from indistack.errors import IndistackError, SinkError
from indistack.output import snapshots
from indistack.pipeline.pipeline import Pipeline
from indistack.resume.recovery import Recovery
from indistack.resume.remake import is_stale, remake, require_remakable
from indistack.resume.remove_sub import readmit, remove
from indistack.resume.state import state_of
from indistack.session.session import Session
from indistack.sinks import SINKS
from indistack.sinks.fits import FitsSink, has_maps
from indistack.store.entries import READMITTED, REMOVED, Event
from indistack.store.folder_lock import only_one
from indistack.store.line_writer import as_line
from indistack.store.session_folders import SessionFolders
from indistack.store.session_reader import PastSession
from indistack.store.session_record import SessionRecord
from indistack.store.spool import Spool
from indistack.system.atomic import keep_as
from indistack.system.workers import Workers


def amend(
    past: PastSession,
    numbers: Sequence[int],
    put_back: bool,
    config: Config,
    calibrator_for: Callable[[Workers], Calibrator],
    now: datetime,
) -> Session:
    """Take subs out, or put them back, and write the session's pictures anew.

    Parameters
    ----------
    past : PastSession
        The session.
    numbers : sequence of int
        Of the subs, in the ledger.
    put_back : bool
        They were taken out before.
    config : Config
        The session's settings.
    calibrator_for : callable
        Makes the calibrator for the worker threads.
    now : datetime
        For the ledger.

    Raises
    ------
    IndistackError
        A sub cannot be taken out or put back; those before it have been.
    """
    word, change = (READMITTED, readmit) if put_back else (REMOVED, remove)
    output = past.folder.parent.parent
    with only_one(output), Workers(jobs_of(config.stack)) as workers:
        pipeline = Pipeline(config, workers, calibrator_for(workers), lambda _: None)
        record = SessionRecord(past.folder, record_settings(config), Spool(output / "spool", config.spool))
        Recovery(pipeline, past, record, now).run()
        try:
            was_stale = is_stale(pipeline.session)
            for number in numbers:
                so_far = PastSession(past.folder)
                so_far.stacked(number)
                if was_stale and so_far.is_in(number) == put_back:
                    continue  # it was asked for before, and could not be done
                if pipeline.session is not None:
                    require_remakable(pipeline.session, so_far, number)
                change(pipeline, so_far, number)
                record.ledger.append(as_line(Event(word, now, number)))
            remake(pipeline, PastSession(past.folder))
        finally:
            record.ledger.close()
            record.checkpoints.close(state_of(pipeline, record.ledger.lines))
        if pipeline.session is None:
            raise IndistackError(f"{past.folder}: there is no stack")
        _write_pictures(pipeline.session, past.folder, config)
        return pipeline.session


def _write_pictures(session: Session, folder: Path, config: Config) -> None:
    """Write them anew, with maps where they have had some: a later run may have been told to publish these.

    Where the output folder still shows those of this session, it shows the new ones.
    """
    output = folder.parent.parent
    shown = SessionFolders(output).shows(folder)
    for name in snapshots.names(session):
        maps = config.publish.maps or has_maps(folder / f"{name}{FitsSink.suffix}")
        sinks = [SINKS.get(each)() for each in config.publish.sinks]
        snapshot = snapshots.with_preview(snapshots.snapshot(session, name, maps=maps), config.picture, sinks)
        for sink in sinks:
            path = folder / f"{name}{sink.suffix}"
            sink.write(path, snapshot)
            if shown:
                _show(path, output / path.name)


def _show(path: Path, shown: Path) -> None:
    try:
        keep_as(path, shown)
    except OSError as error:
        raise SinkError(f"{shown}: {error.strerror}") from error
