"""Subs whose line or raw bytes the disk has not taken yet."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from indistack.errors import SinkError
from indistack.store.checkpoint import State
from indistack.store.session_record import RecordSettings
from indistack.store.spooled import safe_suffix
from indistack.system.atomic import atomic_file
from indistack.values.blob import Blob, Content
from indistack.values.frame import IndexArray
from indistack.values.sub_report import SubReport

log = logging.getLogger(__name__)

MAX_BYTES = 256_000_000
"""Of raw subs in memory that the disk does not take: five of 24 MP."""


@dataclass(frozen=True, slots=True)
class LateSub:
    """A sub and what is to be written of it; see `Journal.add`."""

    report: SubReport
    blob: Blob
    mended: IndexArray
    settings: RecordSettings
    start: State


class LateSubs:
    """Waits for the disk: first for the subs' lines, then for their raw bytes.

    Attributes
    ----------
    without_line, without_bytes : list of LateSub
        In the order of their arrival.
    """

    def __init__(self) -> None:
        self.without_line: list[LateSub] = []
        self.without_bytes: list[LateSub] = []

    def __iter__(self) -> Iterator[LateSub]:
        return iter((*self.without_bytes, *self.without_line))

    def tell_lost(self) -> None:
        """Tell of each what is lost now that nobody waits for the disk any more."""
        for sub in self:
            log.error("sub %d: the disk has not taken it; %s", sub.report.number, _where_it_is(sub.blob))

    def hold(self) -> None:
        """Keep raw bytes in memory up to the bound; of a sub beyond it they are lost, which is told."""
        left_bytes = MAX_BYTES
        for waiting in (self.without_bytes, self.without_line):
            for place, sub in enumerate(waiting):
                sub.blob.content.let_go()
                if sub.blob.spooled is not None or sub.blob.path is not None:
                    continue
                left_bytes -= sub.blob.size_bytes
                if left_bytes < 0:
                    log.error("sub %d: its raw bytes are lost, disk and memory are full", sub.report.number)
                    waiting[place] = replace(sub, blob=replace(sub.blob, content=Content(b"")))


def _where_it_is(blob: Blob) -> str:
    if blob.spooled is not None:
        return "its raw bytes are in the spool"
    return "its raw bytes are lost" if blob.path is None else f"it is still in {blob.path}"


def keep_bytes(folder: Path, blob: Blob, number: int) -> None:
    """Keep the frame that a bug refused: it is wanted for mending the bug, and for the stack afterwards."""
    try:
        folder.mkdir(exist_ok=True)
        with atomic_file(folder / f"{number:06d}{safe_suffix(blob.suffix)}") as file:
            file.write(blob.data)
    except (OSError, SinkError) as error:
        log.error("%s: cannot keep the bytes of a refused frame: %s", folder, error)
