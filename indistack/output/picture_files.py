"""The pictures of a session that is over: each in every form that is wanted, beside the main one."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from indistack.config import MAIN, Config
from indistack.output import snapshots
from indistack.output.destinations import spared
from indistack.session.session import Session
from indistack.sinks import sink_for

log = logging.getLogger(__name__)


def write_pictures(
    session: Session, config: Config, places: Mapping[str, Sequence[Path]], inputs: Sequence[Path]
) -> list[Path]:
    """Write every picture of a session in every form that is wanted.

    Parameters
    ----------
    session : Session
        Its stacks are complete.
    config : Config
        How pictures are made.
    places : mapping
        Name of a stack -> where its picture goes; the suffix decides in which form. The main one's are there; others
        that are not get names that are made from them.
    inputs : sequence of Path
        None of these is overwritten.

    Returns
    -------
    list of Path
        The files.
    """
    _warn_of_grey(session)
    written = []
    for name in snapshots.names(session):
        snapshot = snapshots.snapshot(session, name, maps=config.publish.maps)
        for wanted in _paths_of(name, places):
            path, sink = spared(wanted, inputs), sink_for(wanted)
            sink.write(path, snapshots.with_preview(snapshot, config.picture, [sink]))
            written.append(path)
    return written


def _warn_of_grey(session: Session) -> None:
    for name, told in snapshots.numbers(session).items():
        if told.get("why") and session.config.stack.palette != "none":
            log.warning("%s shows filter %s alone: %s", name, told["filters"][0] or "none", told["why"])


def _paths_of(name: str, places: Mapping[str, Sequence[Path]]) -> list[Path]:
    """Return where a picture goes: one of a filter beside its stack, ``M31-R.fits``, ``M31-trails-R.fits``."""
    whose = next((own for own in places if own != MAIN and (name == own or name.startswith(f"{own}-"))), MAIN)
    ending = name.removeprefix(whose).removeprefix("-")
    return [path.with_stem(f"{path.stem}-{ending}") if ending else path for path in places[whose]]
