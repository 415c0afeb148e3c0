"""Carries out what a person tells a running agent to do with its stacks."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

from indistack.agent.remaker import Remaker
from indistack.commands import (
    LIVE,
    AddBranch,
    AlignByBox,
    Answer,
    Command,
    DropBranch,
    Finish,
    MarkComet,
    NewStack,
    Pause,
    Readmit,
    Remove,
    Resume,
    Save,
    Set,
    Undo,
    word_of,
)
from indistack.commands.live import Acts
from indistack.errors import IndistackError, StackError
from indistack.output.publisher import Publisher
from indistack.pipeline.changes import drop_branch, open_branch, set_live
from indistack.pipeline.pipeline import Pipeline
from indistack.report import read_session, summarise, write_report
from indistack.resume.pointing import ALIGN, COMET, Mark, alignment_by, follow_comet, mark_of, motion_of
from indistack.resume.remake import is_stale, require_remakable
from indistack.resume.remove_sub import readmit, remove
from indistack.resume.restack import restack
from indistack.settings import OFF, as_toml
from indistack.store.entries import AGAIN, BRANCH, DROPPED, READMITTED, REMOVED, SET, VALUE
from indistack.store.journal import Journal
from indistack.store.session_reader import PastSession
from indistack.values.counted import counted

log = logging.getLogger(__name__)

SINCE: dict[Acts, str] = {
    "next sub": "from the next sub on",
    "picture": "from the next picture on",
    "again": "from the next stack on",
}
"""From when on a setting holds."""


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

    Attributes
    ----------
    remaker : Remaker
        Makes stacks anew that cannot do without a sub.
    """

    def __init__(self, pipeline: Pipeline, journal: Journal, publisher: Publisher) -> None:
        self._pipeline = pipeline
        self._journal = journal
        self._publisher = publisher
        self.remaker = Remaker(pipeline, journal, publisher)
        self._marks: dict[int, Mark] = {}
        self._marks_of = self._ended = Path()

    def answer(self, command: Command) -> Answer:
        """Carry a command out; tell what was done, or why it was refused."""
        try:
            return Answer(self.obey(command))
        except IndistackError as error:
            log.warning("%s is refused: %s", word_of(command), error)
            return Answer(fault=str(error))

    def obey(self, command: Command) -> str:
        """Carry a command out; return in words what was done.

        Raises
        ------
        IndistackError
            It cannot be; nothing has changed.
        """
        match command:
            case NewStack(target):
                return self._begin(target)
            case Finish():
                return self._finish()
            case Pause():
                self._pipeline.paused = True
                return "paused: frames are received, none is stacked"
            case Resume():
                self._pipeline.paused = False
                return f"stacking again, {self._stacked()}"
            case Save():
                return self._save()
            case Set(name, value):
                return self._set(name, value)
            case AddBranch(name, settings):
                open_branch(self._pipeline, name, settings)
                self._changed(BRANCH, name=name, settings=settings)
                return f"the stack {name} begins with the next sub"
            case DropBranch(name):
                drop_branch(self._pipeline, name)
                self._changed(DROPPED, name=name)
                return f"the stack {name} has ended; its pictures stay"
            case MarkComet():
                return self._mark(command)
            case AlignByBox(number):
                align = alignment_by(self._pipeline, self._past_or_ended(), command)
                said = self._reset()
                self._use(ALIGN, align)
                return f"{said}, aligned by what is in that box of sub {number}"
            case _:
                return self._amend(command)

    def _amend(self, command: Undo | Remove | Readmit) -> str:
        """Take a sub out of the stack, or put it back."""
        past = self._past()
        number = past.newest() if isinstance(command, Undo) else command.number
        change, word, place = (
            (readmit, READMITTED, "in again") if isinstance(command, Readmit) else (remove, REMOVED, "out")
        )
        if self._pipeline.session is not None:
            require_remakable(self._pipeline.session, past, number, beside=True)
        change(self._pipeline, past, number)
        self._changed(word, number=number)
        self.remaker.try_again()
        if is_stale(self._pipeline.session):
            return f"sub {number} is {place} as soon as the stack has been made anew; subs go on being stacked"
        return f"sub {number} is {place}, {self._stacked()}"

    def _set(self, name: str, value: object) -> str:
        before, session = self._pipeline.config, self._pipeline.session
        set_live(self._pipeline, name, value)
        self._publisher.use(self._pipeline.config)
        since, facts = SINCE[LIVE[name].acts], {VALUE: value}
        if LIVE[name].acts == "again" and session is not None and before != self._pipeline.config:
            since, facts = self._restack(facts)
        self._changed(SET, name=name, settings=facts)
        return f"{name} is {as_toml(OFF if value is None else value)}, {since}"

    def _mark(self, command: MarkComet) -> str:
        """Take a comet's place; from two on they tell how it moves."""
        past = self._past()
        marks = self._marks if self._marks_of == past.folder else {}
        marks = {**marks, command.number: mark_of(self._pipeline, past, command)}
        motion = motion_of(marks) if len(marks) > 1 else None
        self._marks, self._marks_of = marks, past.folder
        if motion is None:
            return f"the comet is marked in sub {command.number}; mark it in a later sub, too"
        self._use(COMET, motion)
        self.remaker.try_again()
        then = "what follows it is made anew" if follow_comet(self._pipeline) else "the method comet follows it"
        return f"{len(marks)} marks tell how the comet moves; {then}"

    def _use(self, table: str, values: dict[str, Any]) -> None:
        """Have another table of settings, and let a start after a power cut have it, too."""
        set_live(self._pipeline, table, values)
        self._publisher.use(self._pipeline.config)
        self._changed(SET, name=table, settings={VALUE: values})

    def _restack(self, facts: dict[str, object]) -> tuple[str, dict[str, object]]:
        """Make the stack again; say so, or why only the next one is made so, and what the ledger is to know."""
        begin_s = time.monotonic()
        try:
            n_subs = restack(self._pipeline, self._past())
        except IndistackError as error:
            return f"from the next stack on, as this one cannot be made again: {error}", facts
        took_s = time.monotonic() - begin_s
        return f"the stack is made again of its {counted(n_subs, 'sub')}, in {took_s:.1f} s", {**facts, AGAIN: True}

    def _begin(self, target: str) -> str:
        """End the stack; the next sub begins another."""
        said = self._reset()
        self._pipeline.starter.named = self._journal.named = target
        return f"{said}, called {target}" if target else said

    def _finish(self) -> str:
        """End the stack, and tell of it."""
        folder = self._journal.record.folder if self._journal.record is not None else None
        said = self._reset()
        if folder is None:
            return said
        pages = write_report(summarise(read_session(folder)), folder)
        return f"{said}; report: {pages[-1]}"

    def _reset(self) -> str:
        if self._pipeline.session is None:
            return "there is no stack; the next sub begins one"
        stacked, name = self._stacked(), self._journal.name
        self._ended = self._journal.record.folder if self._journal.record is not None else Path()
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
        return f"{counted(n_subs, 'sub')} in the stack"

    def _past_or_ended(self) -> PastSession:
        """Return the stack that is being made, else the one that was ended last: its subs are still seen."""
        return self._past() if self._journal.record is not None or not self._ended.name else PastSession(self._ended)

    def _past(self) -> PastSession:
        if self._journal.record is None:
            raise StackError("there is no stack")
        return PastSession(self._journal.record.folder)

    def _changed(self, word: str, **facts: object) -> None:
        self._journal.event(word, **facts)
        if self._pipeline.session is not None:
            self._publisher.offer(self._pipeline.session)
