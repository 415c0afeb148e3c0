"""The append-only record of a session: a file of JSON lines, one for each blob."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import json
import logging
import math
import os
from collections.abc import Mapping
from datetime import datetime
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np

from indistack.errors import StackError
from indistack.system.ordinary_file import read_ordinary
from indistack.system.place import Place

log = logging.getLogger(__name__)

Line = Mapping[str, Any]

LEDGER = "ledger.jsonl"

DIGITS = 12
"""Of a number: the last row of a projective transform is of the order of 1e-8 and acts on thousands of pixels."""


class Ledger:
    """Appends lines to ``ledger.jsonl``; each survives a power cut once `append` has returned.

    Parameters
    ----------
    folder : Path
        The session's folder, made if missing. A ledger that is there goes on after its last whole line.

    Attributes
    ----------
    lines : int
        How many there are.
    late : list
        Lines that the disk has not taken; they are written before the next one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / LEDGER
        self.late: list[Mapping[str, Any]] = []
        self._place = Place(folder)
        try:
            self._take(*self._opened())
        except OSError as error:
            raise StackError(f"{self.path}: {error.strerror}") from error

    def append(self, line: Mapping[str, Any]) -> None:
        """Write one line and wait until it is on the disk.

        Raises
        ------
        StackError
            The disk does not take it, now; the line is kept for the next time.
        """
        self.late.append(line)
        self.catch_up()

    def catch_up(self) -> None:
        """Write the lines that are late; raises as `append`."""
        data = "".join(dump(each) + "\n" for each in self.late).encode()
        try:
            self._stay_in_place()
            _write(self._file, data)
        except OSError as error:
            with contextlib.suppress(OSError):
                self._file.truncate(self._end)
            raise StackError(f"{self.path}: {error.strerror}") from error
        self._end += len(data)
        self.lines += len(self.late)
        self.late.clear()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _opened(self) -> tuple[FileIO, bytes]:
        """Open the file; return it with its whole lines."""
        self._place.make()
        file = FileIO(self.path, "ab+")
        file.seek(0)
        data = file.readall()
        whole = data[: data.rfind(b"\n") + 1]
        if len(data) > len(whole):
            log.warning("%s: the last line is torn, and left out", self.path)
            file.truncate(len(whole))
        return file, whole

    def _take(self, file: FileIO, data: bytes) -> None:
        self._file, self._end, self.lines = file, len(data), data.count(b"\n")

    def _stay_in_place(self) -> None:
        """Where the file was removed or its disk replaced, write its lines again: nobody finds them otherwise."""
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(self._file.fileno()), self.path.stat()):
                return
        before = self._lines_so_far()
        file, found = self._opened()
        again = before[len(found) :] if before.startswith(found) else b""
        try:
            _write(file, again)
        except OSError:
            file.close()
            raise
        log.error("%s was removed or replaced; %d lines are written again", self.path, again.count(b"\n"))
        self._file.close()
        self._take(file, found + again)

    def _lines_so_far(self) -> bytes:
        """Return what was written; nothing where its disk is gone."""
        with contextlib.suppress(OSError):
            return os.pread(self._file.fileno(), self._end, 0)
        return b""


def _write(file: FileIO, data: bytes) -> None:
    if file.write(data) != len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.fsync(file.fileno())


def ledger_of(session: Path) -> Path:
    """Return the ledger of a session, which is named by its folder or by the ledger itself."""
    return session / LEDGER if session.is_dir() else session


def read_lines(session: Path) -> list[dict[str, Any]]:
    """Return the lines of a session's ledger; {} for a damaged one. A last line that a power cut has torn is left out.

    Parameters
    ----------
    session : Path
        Its folder, or its ledger.

    Raises
    ------
    StackError
        There is none, or it cannot be read.
    """
    ledger = ledger_of(session)
    try:
        data = read_ordinary(ledger)
    except OSError as error:
        raise StackError(f"{ledger}: {error.strerror}") from error
    return [_parsed(text) for text in data[: data.rfind(b"\n") + 1].split(b"\n")[:-1]]


def _parsed(text: bytes) -> dict[str, Any]:
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return line if isinstance(line, dict) else {}


def dump(value: Mapping[str, Any], indent: int | None = None) -> str:
    """Return strict JSON; NumPy numbers become numbers, what is not finite becomes null."""
    return json.dumps(_plain(value), indent=indent, allow_nan=False)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    return value
