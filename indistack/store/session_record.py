"""What is kept of a session: its ledger, its raw subs, its checkpoints."""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import numpy as np

from indistack.errors import SinkError, StackError
from indistack.store.checkpoint import Checkpoints, CheckpointSettings, State
from indistack.store.held_files import give_up, give_up_refused
from indistack.store.ledger import Ledger
from indistack.store.line_writer import as_line
from indistack.store.session_reader import ASKED, SETTINGS, mended_name
from indistack.store.spool import Spool, SpoolSettings
from indistack.store.sub_files import SUBS, sub_name
from indistack.system.atomic import atomic_file
from indistack.values.frame import IndexArray
from indistack.values.sub_report import SubReport

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RecordSettings:
    """What the settings say of a record.

    Attributes
    ----------
    spool : SpoolSettings
        What is kept of the raw subs.
    checkpoint : CheckpointSettings
        How often the stacks' state is kept.
    toml : str
        All settings of the session, to be kept beside its ledger.
    asked : str
        Those that the agent was started with, which a person may have changed since; "" for the same.
    """

    spool: SpoolSettings
    checkpoint: CheckpointSettings
    toml: str
    asked: str = ""


class SessionRecord:
    """The record of one session.

    Parameters
    ----------
    folder : Path
        The session's.
    settings : RecordSettings
        What is kept, and how often.
    spool : Spool
        Gives the raw subs.

    Attributes
    ----------
    ledger : Ledger
        One line for each blob, and for what befell the stack beside.
    checkpoints : Checkpoints
        Of the stacks' state.
    """

    def __init__(self, folder: Path, settings: RecordSettings, spool: Spool) -> None:
        self.folder = folder
        self.ledger = Ledger(folder)
        self.checkpoints = Checkpoints(folder, settings.checkpoint, spool.use)
        self._settings = settings
        self._spool = spool
        self._mended: tuple[int, IndexArray] = (0, np.empty(0, np.intp))

    @staticmethod
    def begin(folder: Path, settings: RecordSettings, spool: Spool, start: State) -> SessionRecord:
        """Begin the record of a new session; `start` is what was known before its first sub.

        Raises
        ------
        StackError
            The disk does not take it.
        """
        record = SessionRecord(folder, settings, spool)
        try:
            record.keep_settings()
        except SinkError as error:
            record.ledger.close()
            raise StackError(str(error)) from error
        record.checkpoints.begin(start)
        return record

    def add(self, report: SubReport, mended: IndexArray) -> None:
        """Write a blob's line, and the list of its bad pixels where that is a new one.

        Raises
        ------
        StackError
            The disk does not take the line.
        """
        self.ledger.append(as_line(replace(report, mended=self._keep_mended(report.number, mended))))
        try:
            self.keep_settings()
        except SinkError as error:
            log.error("the session's settings are not kept: %s", error)

    def keep_settings(self) -> None:
        """Write the settings, unless they are there; raise SinkError."""
        if (self.folder / SETTINGS).exists():
            return
        texts = {SETTINGS: self._settings.toml}
        if self._settings.asked not in ("", self._settings.toml):
            texts = {ASKED: self._settings.asked, **texts}
        for name, text in texts.items():
            with atomic_file(self.folder / name) as file:
                file.write(text.encode())

    def take_over(self, spooled: str, number: int) -> None:
        """Move a sub that has its line from the spool to the session."""
        try:
            self._spool.move(spooled, self.folder / SUBS, sub_name(number))
        except OSError as error:
            log.error("%s: a raw sub stays in the spool: %s", self.folder, error.strerror or error)

    def close(self, state: State) -> None:
        """Keep the last state, and of the subs what the settings say."""
        self.ledger.close()
        if self._settings.spool.keep == "none":
            self.checkpoints.wait()
            self._spool.use.add(-give_up(self.folder))
            return
        self.checkpoints.close(state)
        if self._settings.spool.keep == "stacked":
            self._spool.use.add(-give_up_refused(self.folder))

    def _keep_mended(self, number: int, mended: IndexArray) -> int:
        """Write the list of bad pixels where it is not the one before; return the number under which it is kept."""
        if np.array_equal(mended, self._mended[1]):
            return self._mended[0]
        folder = self.folder / SUBS
        number = next(one for one in count(number) if not (folder / mended_name(one)).exists())
        buffer, path = io.BytesIO(), folder / mended_name(number)
        np.save(buffer, mended.astype(np.uint32), allow_pickle=False)
        try:
            path.parent.mkdir(exist_ok=True)
            with self._spool.use.written(path), atomic_file(path) as file:
                file.write(buffer.getvalue())
        except (OSError, SinkError) as error:
            log.error("sub %d cannot be taken out of the stack later: %s", number, error)
            return number
        self._mended = number, mended
        return number
