"""Logging for the command line: one handler, one line per record."""

from __future__ import annotations

import logging
import os

from indistack.system.harmless import harmless, harmless_lines

LEVELS = ("debug", "info", "warning", "error")

PLAIN = "%(asctime)s %(message)s"
THOROUGH = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
MOST = 4000
"""Characters of a record: what names and paths are longer are not worth a page of the log."""
CLOCK = "%H:%M:%S"

JOURNAL = "%(name)s: %(message)s"
SYSLOG = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}
"""Level -> what systemd's journal calls it, before a line in angle brackets; it knows the time itself."""


def configure(level: str) -> None:
    """Send records of `level` and above to standard error; of which module they are is said for ``debug`` only.

    Called by the command line only; importing the package configures nothing.
    """
    if level != "debug":
        os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")  # it has a line for each piece of a damaged TIFF
    handler = logging.StreamHandler()
    formatter = _Harmless(THOROUGH, CLOCK) if level == "debug" else _Plain(PLAIN, CLOCK)
    handler.setFormatter(_ForJournal() if goes_to_journal() else formatter)
    logging.basicConfig(level=getattr(logging, level.upper()), handlers=[handler], force=True)


class _Harmless(logging.Formatter):
    """One line a record, whatever it quotes; a traceback keeps its own."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - its name
        record.message = harmless(record.message[:MOST])
        return super().formatMessage(record)

    def format(self, record: logging.LogRecord) -> str:
        return harmless_lines(super().format(record))


class _ForJournal(_Harmless):
    """For systemd's journal: each line with its level, so that `journalctl -p warning` finds it."""

    def __init__(self) -> None:
        super().__init__(JOURNAL)

    def format(self, record: logging.LogRecord) -> str:
        mark = f"<{SYSLOG.get(record.levelno, 6)}>"
        return "\n".join(mark + line for line in super().format(record).split("\n"))


def goes_to_journal() -> bool:
    """Tell whether standard error is systemd's journal."""
    try:
        status = os.fstat(2)
    except OSError:
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


class _Plain(_Harmless):
    """For people: the time and what is said; only what is not well is called so."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - its name
        if record.levelno >= logging.WARNING:
            record.message = f"{record.levelname.lower()}: {record.message}"
        return super().formatMessage(record)
