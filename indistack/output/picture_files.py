"""The pictures of a session that is over: each in every form that is wanted, beside the main one."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from indistack.config import MAIN, Config
from indistack.output import snapshots
from indistack.output.destinations import spared
from indistack.session.session import Session
from indistack.sinks import sink_for

log = logging.getLogger(__name__)


def write_pictures(session: Session, config: Config, mains: Sequence[Path], inputs: Sequence[Path]) -> list[Path]:
    """Write every picture of a session in every form that is wanted.

    Parameters
    ----------
    session : Session
        Its stacks are complete.
    config : Config
        How pictures are made.
    mains : sequence of Path
        Where the main picture goes; the suffix decides in which form. The others' names are made from it.
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
        for main in mains:
            path, sink = spared(_path_of(name, main), inputs), sink_for(main)
            sink.write(path, snapshots.with_preview(snapshot, config.picture, [sink]))
            written.append(path)
    return written


def _warn_of_grey(session: Session) -> None:
    for name, told in snapshots.numbers(session).items():
        if told.get("why") and session.config.stack.palette != "none":
            log.warning("%s shows filter %s alone: %s", name, told["filters"][0] or "none", told["why"])


def _path_of(name: str, main: Path) -> Path:
    """Return where a picture goes, given the path of the main one: ``M31.fits``, ``M31-trails.fits``."""
    ending = name.removeprefix(MAIN).removeprefix("-")
    return main.with_stem(f"{main.stem}-{ending}") if ending else main
