"""Carries out what a person tells a running agent to do with its stacks."""

from __future__ import annotations

import logging

from indistack.agent.commands import AddBranch, Command, DropBranch, Pause, Readmit, Remove, Reset, Resume, Save
from indistack.errors import IndistackError, StackError
from indistack.output.publisher import Publisher
from indistack.pipeline.pipeline import Pipeline
from indistack.resume.remove_sub import readmit, remove
from indistack.store.journal import Journal
from indistack.store.session_reader import BRANCH, DROPPED, READMITTED, REMOVED, PastSession

log = logging.getLogger(__name__)


class CommandHandler:
    """Obeys.

    Parameters
    ----------
    pipeline : Pipeline
        Has the stacks.
    journal : Journal
        Is told of what changes them, so that a start after a power cut follows it.
    publisher : Publisher
        Shows the result.
    """

    def __init__(self, pipeline: Pipeline, journal: Journal, publisher: Publisher) -> None:
        self._pipeline = pipeline
        self._journal = journal
        self._publisher = publisher

    def answer(self, command: Command) -> str:
        """Carry a command out; return why it was refused, "" where it was not."""
        try:
            self.obey(command)
        except IndistackError as error:
            log.warning("%s is refused: %s", type(command).__name__.lower(), error)
            return str(error)
        return ""

    def obey(self, command: Command) -> None:
        """Carry a command out.

        Raises
        ------
        IndistackError
            It cannot be; nothing has changed.
        """
        match command:
            case Reset():
                self._pipeline.reset()
            case Pause() | Resume():
                self._pipeline.paused = isinstance(command, Pause)
            case Save():
                self._save()
            case Remove(number):
                remove(self._pipeline, self._past(), number)
                self._changed(REMOVED, number=number)
            case Readmit(number):
                readmit(self._pipeline, self._past(), number)
                self._changed(READMITTED, number=number)
            case AddBranch(name, settings):
                self._pipeline.open_branch(name, settings)
                self._changed(BRANCH, name=name, settings=settings)
            case DropBranch(name):
                self._pipeline.drop_branch(name)
                self._changed(DROPPED, name=name)

    def _save(self) -> None:
        if self._pipeline.session is not None and self._journal.record is not None:
            self._publisher.finish(self._pipeline.session, self._journal.record.folder)

    def _past(self) -> PastSession:
        if self._journal.record is None:
            raise StackError("there is no stack")
        return PastSession(self._journal.record.folder)

    def _changed(self, word: str, **facts: object) -> None:
        self._journal.event(word, **facts)
        if self._pipeline.session is not None:
            self._publisher.offer(self._pipeline.session)
