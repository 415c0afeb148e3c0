"""Logging for the command line: one handler, one line per record."""

from __future__ import annotations

import logging

LEVELS = ("debug", "info", "warning", "error")

PLAIN = "%(asctime)s %(message)s"
THOROUGH = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
CLOCK = "%H:%M:%S"


def configure(level: str) -> None:
    """Send records of `level` and above to standard error; of which module they are is said for ``debug`` only.

    Called by the command line only; importing the package configures nothing.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(THOROUGH, CLOCK) if level == "debug" else _Plain(PLAIN, CLOCK))
    logging.basicConfig(level=getattr(logging, level.upper()), handlers=[handler], force=True)


class _Plain(logging.Formatter):
    """For people: the time and what is said; only what is not well is called so."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - its name
        if record.levelno >= logging.WARNING:
            record.message = f"{record.levelname.lower()}: {record.message}"
        return super().formatMessage(record)
