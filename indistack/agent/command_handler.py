"""Carries out what a person tells a running agent to do with its stacks."""

from __future__ import annotations

import logging

from indistack.agent.commands import AddBranch, Answer, Command, DropBranch, Pause, Readmit, Remove, Reset, Resume, Save
from indistack.errors import IndistackError, StackError
from indistack.output.publisher import Publisher
from indistack.pipeline.pipeline import Pipeline
from indistack.resume.remove_sub import readmit, remove
from indistack.store.journal import Journal
from indistack.store.session_reader import BRANCH, DROPPED, READMITTED, REMOVED, PastSession

log = logging.getLogger(__name__)


class CommandHandler:
    """Carries out commands.

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

    def answer(self, command: Command) -> Answer:
        """Carry a command out; tell what was done, or why it was refused."""
        try:
            return Answer(self.obey(command))
        except IndistackError as error:
            log.warning("%s is refused: %s", type(command).__name__.lower(), error)
            return Answer(fault=str(error))

    def obey(self, command: Command) -> str:
        """Carry a command out; return in words what was done.

        Raises
        ------
        IndistackError
            It cannot be; nothing has changed.
        """
        match command:
            case Reset():
                return self._reset()
            case Pause():
                self._pipeline.paused = True
                return "paused: frames are received, none is stacked"
            case Resume():
                self._pipeline.paused = False
                return f"stacking again, {self._stacked()}"
            case Save():
                return self._save()
            case Remove(number):
                remove(self._pipeline, self._past(), number)
                self._changed(REMOVED, number=number)
                return f"sub {number} is out, {self._stacked()}"
            case Readmit(number):
                readmit(self._pipeline, self._past(), number)
                self._changed(READMITTED, number=number)
                return f"sub {number} is in again, {self._stacked()}"
            case AddBranch(name, settings):
                self._pipeline.open_branch(name, settings)
                self._changed(BRANCH, name=name, settings=settings)
                return f"the stack {name} begins with the next sub"
            case DropBranch(name):
                self._pipeline.drop_branch(name)
                self._changed(DROPPED, name=name)
                return f"the stack {name} has ended; its pictures stay"

    def _reset(self) -> str:
        if self._pipeline.session is None:
            return "there is no stack; the next sub begins one"
        stacked, name = self._stacked(), self._journal.name
        self._pipeline.reset()
        return f"{stacked}, kept as {name}; the next sub begins another"

    def _save(self) -> str:
        session, record = self._pipeline.session, self._journal.record
        if session is None or record is None:
            return "there is no stack yet"
        self._publisher.finish(session, record.folder)
        return f"published, {self._stacked()}"

    def _stacked(self) -> str:
        n_subs = self._pipeline.session.n_subs if self._pipeline.session is not None else 0
        return f"{n_subs} sub{'' if n_subs == 1 else 's'} in the stack"

    def _past(self) -> PastSession:
        if self._journal.record is None:
            raise StackError("there is no stack")
        return PastSession(self._journal.record.folder)

    def _changed(self, word: str, **facts: object) -> None:
        self._journal.event(word, **facts)
        if self._pipeline.session is not None:
            self._publisher.offer(self._pipeline.session)
