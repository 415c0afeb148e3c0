"""What a session's ledger tells of the mount, the sky and the stack: as text, JSON and a page with plots."""

from __future__ import annotations

from pathlib import Path

from indistack.errors import IndistackError
from indistack.report.page import as_page
from indistack.report.reading import SubTable, read_session
from indistack.report.summary import Summary, as_json, summarise
from indistack.report.text import as_text
from indistack.store.ledger import dump
from indistack.system.atomic import atomic_file


def write_report(summary: Summary, folder: Path) -> tuple[Path, Path]:
    """Write ``report.json`` and ``report.html``; return their paths.

    Raises
    ------
    IndistackError
        They cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise IndistackError(f"{folder}: {error.strerror}") from error
    paths = folder / "report.json", folder / "report.html"
    for path, text in zip(paths, (dump(as_json(summary), indent=1), as_page(summary)), strict=True):
        with atomic_file(path) as file:
            file.write(text.encode())
    return paths


__all__ = ["SubTable", "Summary", "as_json", "as_page", "as_text", "read_session", "summarise", "write_report"]
