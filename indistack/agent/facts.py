"""What only the agent knows of itself, for its status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from indistack.agent.blob_queue import BlobQueue
from indistack.agent.command_handler import CommandHandler
from indistack.agent.lights import lights_of, sentence_of
from indistack.agent.machine_watch import SOON_MIN, MachineWatch
from indistack.agent.snr_growth import SnrGrowth
from indistack.agent.source_threads import SourceThreads
from indistack.agent.status import waits_for
from indistack.calibrate import Learner
from indistack.centre import Keeper
from indistack.commands import LIVE
from indistack.commands.client import STOPPED
from indistack.config import Config
from indistack.pipeline.pipeline import Pipeline
from indistack.session.session import Session
from indistack.store.journal import Journal
from indistack.values.sub_report import SubReport


@dataclass(slots=True)
class AgentFacts:
    """Looks at the parts of an agent.

    Attributes
    ----------
    folder : Path
        The agent's output folder.
    pipeline, journal, queue, feed, orders, learner, keeper, growth, machine
        The parts.
    """

    folder: Path
    pipeline: Pipeline
    journal: Journal
    queue: BlobQueue
    feed: SourceThreads
    orders: CommandHandler
    learner: Learner | None
    keeper: Keeper | None
    growth: SnrGrowth
    machine: MachineWatch = field(init=False)

    def __post_init__(self) -> None:
        """Begin to watch the machine."""
        self.machine = MachineWatch(self.folder, self.journal.left_bytes)

    def facts(self, state: str, session: Session | None, name: str, last: SubReport | None) -> dict[str, Any]:
        """Return what is to be told.

        Parameters
        ----------
        state : str
            ``running``, ``paused`` or ``stopped``.
        session : Session or None
            The stack.
        name : str
            Of its folder.
        last : SubReport or None
            Of the newest light.
        """
        sources, n_waiting, disk = self.feed.status(), len(self.queue), self.journal.fault or self.journal.spool.fault
        waiting = "" if state == STOPPED else waits_for(self.pipeline.paused, n_waiting, sources)
        limit_px = session.drift.limit_px if session is not None else None
        machine = self.machine.facts(self.journal.spool.use.n_bytes, last, n_waiting)
        return {
            "session": name,
            "waiting": n_waiting,
            "disk": disk,
            "waits_for": waiting,
            "sources": sources,
            "library": self.learner.status() if self.learner is not None else None,
            "sky": session.sky.numbers() if session is not None else None,
            "centre": self.keeper.status() if self.keeper is not None else None,
            "target": session.target if session is not None else "",
            "method": session.config.stack.method if session is not None else self.pipeline.config.stack.method,
            "why_plain": session.why_plain if session is not None else "",
            "remaking": self.orders.remaker.told(),
            "reference": session.reference.name if session is not None else "",
            "snr": self.growth.told(self.pipeline.config.goal.snr),
            "settings": live_values(self.pipeline.config),
            "machine": machine,
            "lights": lights_of(state, sources, disk, n_waiting, last, limit_px, _is_short(machine["disk"])),
            "sentence": sentence_of(last, disk, waiting),
        }


def _is_short(disk: Mapping[str, Any]) -> bool:
    """Tell whether a disk takes what comes, but is slow, or will soon be full."""
    left = disk["minutes_left"]
    return bool(disk["slow"]) or (left is not None and left < SOON_MIN)


def live_values(config: Config) -> dict[str, Any]:
    """Return the settings that change live, as they are."""
    tables = config.model_dump(mode="json")
    return {name: tables[table][last] for name in LIVE for table, _, last in [name.partition(".")]}
