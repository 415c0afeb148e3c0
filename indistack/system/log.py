"""Logging for the command line: one handler, one line per record."""

from __future__ import annotations

import logging

LEVELS = ("debug", "info", "warning", "error")


def configure(level: str) -> None:
    """Send records of `level` and above to standard error.

    Called by the command line only; importing the package configures nothing.
    """
    logging.basicConfig(
        level=getattr(logging, level.upper()),
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
        datefmt="%H:%M:%S",
        force=True,
    )
