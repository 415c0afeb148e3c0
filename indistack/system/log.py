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


def configure(level: str) -> None:
    """Send records of `level` and above to standard error; of which module they are is said for ``debug`` only.

    Called by the command line only; importing the package configures nothing.
    """
    if level != "debug":
        os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")  # it has a line for each piece of a damaged TIFF
    handler = logging.StreamHandler()
    handler.setFormatter(_Harmless(THOROUGH, CLOCK) if level == "debug" else _Plain(PLAIN, CLOCK))
    logging.basicConfig(level=getattr(logging, level.upper()), handlers=[handler], force=True)


class _Harmless(logging.Formatter):
    """One line a record, whatever it quotes; a traceback keeps its own."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - its name
        record.message = harmless(record.message[:MOST])
        return super().formatMessage(record)

    def format(self, record: logging.LogRecord) -> str:
        return harmless_lines(super().format(record))


class _Plain(_Harmless):
    """For people: the time and what is said; only what is not well is called so."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - its name
        if record.levelno >= logging.WARNING:
            record.message = f"{record.levelname.lower()}: {record.message}"
        return super().formatMessage(record)
