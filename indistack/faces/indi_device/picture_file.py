"""The published pictures as files: which is the newest, what its header tells, and its bytes for a BLOB."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from indistack.commands import State
from indistack.store.wanted import DEVICE_PICTURE, want

HEAD_BYTES = 2880 * 40
"""The header of a picture is within so many."""

FITS, JPEG = "FORMAT_FITS", "FORMAT_NATIVE"
"""Names of the formats, as every INDI camera calls them."""

SUFFIXES = (".jpg", ".png")
"""Of pictures for people, the quickest first."""


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A picture as it lies in the folder.

    Attributes
    ----------
    path : Path
        The file.
    suffix : str
        What clients are told that it is.
    version : int
        Another one where the file is another.
    """

    path: Path
    suffix: str
    version: int

    def in_memory(self) -> int:
        """Return a memfd that holds the file, which the caller closes; raise OSError where the file is gone."""
        source = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            file, rest = os.memfd_create("indi-blob", os.MFD_CLOEXEC), os.fstat(source).st_size
            try:
                while rest > 0 and (sent := os.sendfile(file, source, None, rest)):
                    rest -= sent
            except OSError:
                os.close(file)
                raise
            return file
        finally:
            os.close(source)


def newest(output: Path, state: State, form: str) -> PictureFile | None:
    """Return the newest picture of the main stack in a form, None where there is none."""
    if form == FITS:
        return _file(output / DEVICE_PICTURE, ".fits")
    files = state.main.files if state.main is not None else {}
    known = [files.get(suffix, output / f"stack{suffix}") for suffix in SUFFIXES]
    return next((found for path in known if (found := _file(path, path.suffix))), None)


def ask_for(output: Path, form: str) -> None:
    """Let the agent make pictures of a form, if it makes them for those only who want them."""
    if form == FITS:
        want(output, DEVICE_PICTURE)


def fits_facts(head: bytes) -> dict[str, str]:
    """Return the plain values of a FITS header, as text without quotes."""
    facts: dict[str, str] = {}
    for at in range(0, len(head), 80):
        card = head[at : at + 80].decode("latin-1")
        if card.startswith("END "):
            break
        if card[8:10] == "= ":
            facts[card[:8].rstrip()] = card[10:].partition("/")[0].strip().strip("'").strip()
    return facts


def _file(path: Path, suffix: str) -> PictureFile | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return PictureFile(path, suffix, found.st_mtime_ns) if found.st_size else None
