"""The agent: sources, queue, pipeline, ledger and publisher, started and stopped together."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import datetime
from functools import partial
from pathlib import Path

from indistack.agent.blob_handler import BlobHandler, Listener
from indistack.agent.blob_queue import BlobQueue, Item
from indistack.agent.command_handler import CommandHandler
from indistack.agent.facts import AgentFacts
from indistack.agent.mailbox import ENDS, Mailbox, Request, reply
from indistack.agent.snr_growth import SnrGrowth
from indistack.agent.source_threads import SourceThreads
from indistack.agent.status import StatusFile, StatusListener
from indistack.calibrate import Calibrator, Learner
from indistack.centre import Keeper
from indistack.commands import Answer, Command
from indistack.commands.client import STOPPED
from indistack.config import Config, jobs_of, record_settings
from indistack.output.publisher import Publisher
from indistack.output.sub_previews import SubPreviews
from indistack.pipeline.pace import Pace
from indistack.pipeline.pipeline import Pipeline
from indistack.resume.recovery import Recovery, is_worth
from indistack.resume.same_night import reports_of_the_night
from indistack.resume.state import state_of
from indistack.session.memory_need import queue_bytes
from indistack.session.session import Session
from indistack.session.solve_watch import SolveWatch
from indistack.sources import Source
from indistack.store.file_stamps import FileStamps
from indistack.store.folder_lock import FolderLock, make_folder, only_one
from indistack.store.journal import Journal
from indistack.store.last_status import STATUS
from indistack.store.session_folders import SessionFolders
from indistack.store.session_reader import PastSession
from indistack.system.clock import utc_now
from indistack.system.workers import Workers
from indistack.values.blob import Blob
from indistack.values.disturbances import Disturbances
from indistack.values.own_files import OwnFiles

log = logging.getLogger(__name__)

IDLE_S = 0.5
"""Without frames the status is refreshed that often."""


class Agent:
    """Runs until its sources end, `stop` is set, or enough subs were taken.

    Parameters
    ----------
    config : Config
        All settings.
    sources : sequence of Source
        Where frames come from.
    folder : Path
        Gets ``stack.fits``, ``stack.png``, ``status.json`` and ``sessions/``.
    calibrator_for : callable
        Makes the calibrator for the worker threads; reads the masters.
    listener, status_listener, clock : callable, optional
        Told of every blob's report, else the log is; told of every change of the status; gives the time.
    learner, keeper : Learner, Keeper, optional
        Takes calibration frames into the library, else they are refused; sends the telescope back to the target.
    goes_on, asked : PastSession, Config, optional
        Session of that folder that is gone on with, whose settings the others must be; those that were asked for.
    own_files : OwnFiles, optional
        Is told of every file that is published.
    disturbances : Disturbances, optional
        What somebody tells of what shakes the telescope.
    """

    def __init__(
        self,
        config: Config,
        sources: Sequence[Source],
        folder: Path,
        calibrator_for: Callable[[Workers], Calibrator],
        listener: Listener | None = None,
        clock: Callable[[], datetime] = utc_now,
        learner: Learner | None = None,
        keeper: Keeper | None = None,
        goes_on: PastSession | None = None,
        own_files: OwnFiles | None = None,
        status_listener: StatusListener | None = None,
        disturbances: Disturbances | None = None,
        asked: Config | None = None,
    ) -> None:
        self._folder = make_folder(folder)
        self._clock, self._learner, self._past = clock, learner, goes_on
        self._journal = Journal(folder, record_settings(config, asked), clock, goes_on)
        self._mailbox = Mailbox(folder)
        self._feed = SourceThreads(sources, self._receive)
        self._queue = BlobQueue(queue_bytes(config), self._journal.spool, config.spool.enabled)
        self._workers = Workers(jobs_of(config.stack))
        learn = learner.learn if learner is not None else None
        self._previews = SubPreviews()
        ways = config, self._workers, calibrator_for(self._workers), self._finish
        self._pipeline = Pipeline(*ways, learn=learn, see=self._previews.see, folder=folder, pace=Pace())
        self._pipeline.intake.disturbances = disturbances or Disturbances()
        self._publisher = Publisher(folder, config, own_files)
        self._status = StatusFile(folder / STATUS, clock, status_listener, snr := SnrGrowth())
        self._publisher.showcase.listener = self._status.show
        self._status.show(self._publisher.showcase.told())
        self._orders = CommandHandler(self._pipeline, self._journal, self._publisher)
        looked_at = self._pipeline, self._journal, self._queue, self._feed, self._orders
        self._facts = AgentFacts(folder, *looked_at, learner, keeper, snr)
        self._solve_watch = SolveWatch(config.solve)
        self._keeper = keeper
        parts = self._pipeline, self._journal, self._publisher, self._status, self._previews
        self._blobs = BlobHandler(*parts, keeper, clock, listener, goes_on.last_number if goes_on is not None else 0)
        self._known = FileStamps(reports_of_the_night(SessionFolders(folder), goes_on) if goes_on is not None else ())

    def send(self, command: Command) -> None:
        """Give a command; it acts after the frames that have arrived before it."""
        self._queue.put(command)

    def run(self, stop: threading.Event, max_subs: int = 0, lock: FolderLock | None = None) -> list[Path]:
        """Work until done; return the pictures that could not be written when their stacks had ended.

        Parameters
        ----------
        stop : Event
            Set it from anywhere: frames already received are still stacked, the last state is published.
        max_subs : int
            Stop after that many ledger lines, calibration frames that were filed not counted; 0 = no limit.
        lock : FolderLock, optional
            By which the caller keeps other agents out, see `only_one`.

        Raises
        ------
        IndistackError
            Another agent is at work in the folder.
        """
        with nullcontext(lock) if lock is not None else only_one(self._folder) as held:
            self._mailbox.clear()
            for name in self._journal.open():
                self._queue.put_spooled(name)
            self._run(stop, max_subs, held)
        return self._publisher.showcase.lost

    def _run(self, stop: threading.Event, max_subs: int, lock: FolderLock) -> None:
        if self._learner is not None:
            self._learner.start()
        self._feed.start()
        orderly = False
        try:
            self._recover()
            while not (max_subs and self._blobs.subs >= max_subs):
                if stop.is_set():
                    self._feed.end(len(self._queue))
                over = self._feed.is_over
                for request in self._mailbox.collect():
                    self._queue.put(request)
                item = self._queue.get(IDLE_S)
                lock.renew()
                self._journal.look_again()
                self._solve_watch.look(self._pipeline.session)
                self._orders.remaker.look()
                if item is not None:
                    self._handle(item)
                elif over:
                    break
                self._publisher.look(self._pipeline.session)
                self._write_status("paused" if self._pipeline.paused else "running", self._pipeline.session)
            self._forget_the_rest()
            orderly = True
        finally:
            self._feed.close()
            self._close(orderly)

    def _receive(self, blob: Blob) -> None:
        if blob.path is not None and self._known.has(blob.path):
            log.debug("%s: already in the ledger", blob.path)
        else:
            self._queue.put(blob)

    def _recover(self) -> None:
        """Bring the stack to where it was; the sources are received meanwhile."""
        if self._past is not None and self._journal.record is not None:
            Recovery(self._pipeline, self._past, self._journal.record, self._clock()).run()
            if is_worth(self._pipeline.session, self._past):
                self._status.recall(self._past.reports())
                self._blobs.tell_anew(self._past)
            else:
                log.error("%s stays as it is, a new stack begins: its subs are lost", self._past.folder.name)
                self._pipeline.session = None
                self._journal.leave()
            self._past = None
            self._publisher.use(self._pipeline.config)
        if self._pipeline.session is not None:
            self._publisher.offer(self._pipeline.session)

    def _forget_the_rest(self) -> None:
        """Let go of frames that came after the last one that was wanted."""
        while (item := self._queue.get(0)) is not None:
            if isinstance(item, Blob):
                self._journal.drop(item)
            elif isinstance(item, Request):
                reply(item.answer, Answer(fault=ENDS))

    def _handle(self, item: Item) -> None:
        match item:
            case Blob():
                self._blobs.take(item)
            case Request(command, answer):
                reply(answer, self._orders.answer(command))
            case _:
                self._orders.answer(item)

    def _finish(self, session: Session) -> None:
        """Keep a stack that has ended; the next line opens the next ledger."""
        if self._keeper is not None:
            self._keeper.begin()
        self._journal.look_again(at_once=True)
        self._orders.remaker.finish()
        record = self._journal.record
        self._publisher.end(session, record.folder if record is not None else None)
        self._journal.end(partial(state_of, self._pipeline))

    def _close(self, orderly: bool) -> None:
        """End the session; after a bug it is left as it is, and the next start goes on with it."""
        last, name = self._pipeline.session, self._journal.name
        if orderly:
            self._pipeline.reset()
            self._journal.end(partial(state_of, self._pipeline))
        else:
            self._orders.remaker.close()
            self._journal.abandon()
        self._solve_watch.close()
        self._publisher.close()
        self._previews.close()
        if self._learner is not None:
            self._learner.close()
        self._workers.close()
        self._write_status(STOPPED, last, name)
        for request in self._mailbox.collect():
            reply(request.answer, Answer(fault=ENDS))

    def _write_status(self, state: str, session: Session | None, name: str = "") -> None:
        facts = self._facts.facts(state, session, name or self._journal.name, self._status.last_light)
        self._status.write(state, session, facts)
