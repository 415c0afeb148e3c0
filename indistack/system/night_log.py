"""The log of the nights, beside the pictures: a JSON line a record, bounded, for people and programs to look back."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from indistack.system.harmless import harmless, harmless_lines
from indistack.system.log import MOST

LOG, OLDER_LOG = "log.jsonl", "log.1.jsonl"

MOST_BYTES = 2_000_000
"""Of the file; it then takes the place of the older one. Some ten thousand subs."""

APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
"""A pipe that lies in its place is not waited for, a link not followed."""


class NightLog(logging.Handler):
    """Appends to the file, which is opened for each record: a disk may be full, taken away and put back meanwhile.

    Parameters
    ----------
    folder : Path
        Of the file; never made here.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._path = folder / LOG

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; a disk that does not take it is told of by those who write what matters."""
        told = {"level": record.levelname.lower(), "where": record.name, "text": harmless(record.getMessage()[:MOST])}
        if record.exc_info:
            trace = logging.Formatter().formatException(record.exc_info)
            told["trace"] = harmless_lines(trace[-MOST:])
        self._put(datetime.fromtimestamp(record.created, UTC), told)

    def sub(self, number: int, outcome: str, text: str) -> None:
        """Write the line of a sub."""
        with self.lock or contextlib.nullcontext():
            self._put(datetime.now(UTC), {"level": "info", "sub": number, "outcome": outcome, "text": harmless(text)})

    def _put(self, time: datetime, told: dict[str, Any]) -> None:
        line = json.dumps({"time": time.isoformat(timespec="milliseconds"), **told}, ensure_ascii=False)
        with contextlib.suppress(OSError):
            handle = os.open(self._path, APPEND, 0o666)
            with os.fdopen(handle, "ab") as file:
                file.write(f"{line}\n".encode(errors="replace"))
                is_full = file.tell() >= MOST_BYTES
            if is_full:
                self._path.replace(self._path.with_name(OLDER_LOG))


@contextlib.contextmanager
def night_log(folder: Path) -> Iterator[NightLog]:
    """Write what is logged in the block to the folder's log, too; and what ends it, if that is a bug."""
    handler = NightLog(folder)
    logging.root.addHandler(handler)
    try:
        yield handler
    except Exception:
        handler.handle(logging.LogRecord(__name__, logging.CRITICAL, "", 0, "ended by", (), sys.exc_info()))
        raise
    finally:
        logging.root.removeHandler(handler)
