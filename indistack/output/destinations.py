"""Where results are to go: examined before any work, so that no raw sub is overwritten and no hour's work is lost."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from pathlib import Path

from indistack.errors import SettingsError, SinkError
from indistack.sinks import sink_for
from indistack.sources import FITS_SUFFIXES, is_own_stack
from indistack.store.folder_lock import is_at_work
from indistack.store.last_status import SESSIONS, STATUS
from indistack.store.spool import SPOOL
from indistack.system.real_path import real_path

TABLE_SUFFIXES = (".json",)

BELOW = (SESSIONS, SPOOL)
"""Folders of an output folder without which nothing is kept; a start by another user may have left them his."""


def require_writable(
    pictures: Iterable[Path | None] = (),
    tables: Iterable[Path | None] = (),
    masters: Iterable[Path | None] = (),
    inputs: Iterable[Path] = (),
    texts: Iterable[Path | None] = (),
) -> None:
    """Refuse outputs that cannot be written, or would take something away.

    Parameters
    ----------
    pictures, tables, masters : iterable of Path or None
        The outputs of each kind; None is no output. The suffix of each must be one in which its kind is written.
    inputs : iterable of Path
        What is read: none of it is overwritten.
    texts : iterable of Path or None
        Outputs of a form that has been examined.

    Raises
    ------
    SettingsError
        With a sentence for each output whose name is wrong.
    SinkError
        The names are right, and some cannot be written now: a disk is full, a folder is missing or not ours.
    """
    sources = list(inputs)
    faults: list[str] = []
    obstacles: list[str] = []
    outputs: list[Path] = []
    forms: tuple[Callable[[Path], str], ...] = (_no_picture, _no_table, _no_master, lambda _: "")
    for paths, form in zip((pictures, tables, masters, texts), forms, strict=True):
        for path in filter(None, paths):
            faults.append(_no_file(path) or form(path) or _loss(path, sources) or _twice(path, outputs))
            obstacles.append(_obstacle(path))
            outputs.append(path)
    if any(faults):
        raise SettingsError(list(filter(None, faults)))
    if any(obstacles):
        raise SinkError("; ".join(filter(None, obstacles)))


def require_folder(folder: Path) -> None:
    """Refuse an output folder that cannot be made or written, as it is or further down; raise `SettingsError`."""
    place = folder.absolute()
    while not os.path.lexists(place):
        place = place.parent
    try:
        _try_to_write(place)
        for below in (folder / name for name in BELOW if (folder / name).is_dir()):
            place = below
            _try_to_write(below)
    except NotADirectoryError:
        raise SettingsError([f"output folder {folder}: {place} is a file"]) from None
    except OSError as error:
        which = place if place.parent == folder else folder
        raise SettingsError([f"output folder {which}: cannot be written: {error.strerror}"]) from None


def default_stem(inputs: Sequence[Path], ending: str, suffixes: Iterable[str]) -> Path:
    """Return where results go that nobody named, without a suffix: a name that no file has yet.

    It lies beside the folder of the inputs and is called after it, so that the folder of subs holds subs only; in the
    current folder where that is the inputs' own, or where there nothing can be written.

    Parameters
    ----------
    inputs : sequence of Path
        One or more.
    ending : str
        Word after the folder's name.
    suffixes : iterable of str
        Of the files that will be written.
    """
    here = Path.cwd()
    folder = Path(os.path.commonpath([real_path(path).parent for path in inputs]))
    beside = folder.name and folder != here and os.access(folder.parent, os.W_OK | os.X_OK)
    place = folder.parent if beside else here
    stem = f"{folder.name}-{ending}".lstrip("-")
    wanted = (place / f"{stem}{'' if number == 1 else f'-{number}'}" for number in count(1))
    free = next(path for path in wanted if not any(os.path.lexists(f"{path}{suffix}") for suffix in suffixes))
    return free.relative_to(here) if free.is_relative_to(here) else free


def spared(path: Path, inputs: Sequence[Path]) -> Path:
    """Return a path, or one like it where writing there would take something away."""
    others = (path.with_stem(f"{path.stem}-stack{'' if number == 1 else number}") for number in count(1))
    return next(other for other in others if not _loss(other, inputs)) if _loss(path, inputs) else path


def _no_picture(path: Path) -> str:
    try:
        sink_for(path)
    except SinkError as error:
        return str(error)
    return ""


def _no_table(path: Path) -> str:
    return _no_suffix(path, "a report", TABLE_SUFFIXES)


def _no_master(path: Path) -> str:
    return _no_suffix(path, "a master", FITS_SUFFIXES)


def _no_suffix(path: Path, what: str, suffixes: Sequence[str]) -> str:
    return "" if path.suffix.lower() in suffixes else f"{path}: {what} is written as {suffixes[0]}, and not otherwise"


def _twice(path: Path, outputs: Iterable[Path]) -> str:
    return f"{path}: is named for two outputs" if _is_among(path, outputs) else ""


def _no_file(path: Path) -> str:
    """Say what else is there, "" where nothing or a file is."""
    try:
        if path.is_dir():
            return f"{path}: is a folder; name a file in it"
        return f"{path}: is no ordinary file" if path.exists() and not path.is_file() else ""
    except OSError:  # one may not even look: that is an obstacle
        return ""


def _obstacle(path: Path) -> str:
    """Say why nothing can be written there now, "" where it can."""
    try:
        if not path.parent.is_dir():
            return f"{path}: there is no folder {path.parent}"
        if path.exists() and not os.access(path, os.W_OK):
            return f"{path}: is write-protected"
        if path.exists() and (path.parent / STATUS).exists() and is_at_work(path.parent):
            return f"{path}: an agent is at work in that folder, and writes its pictures there"
        _try_to_write(path.parent)
    except OSError as error:
        return f"{path}: cannot be written: {error.strerror}"
    return ""


def _try_to_write(folder: Path) -> None:
    """Make a file and take it away again: nothing else tells for every user and file system. Raises OSError."""
    tempfile.TemporaryFile(dir=folder).close()


def _loss(path: Path, inputs: Sequence[Path]) -> str:
    """Say what writing there would take away, "" where nothing."""
    if _is_among(path, inputs):
        return f"{path}: is one of the inputs; name another file for the result"
    if path.suffix.lower() in FITS_SUFFIXES and _size(path) and not is_own_stack(path):
        return f"{path}: is there already, and not by this program; name another file, or move that one away"
    return ""


def _is_among(path: Path, others: Iterable[Path]) -> bool:
    """Whether it is one of some files, under this name or another."""
    real = real_path(path)
    return any(real == real_path(other) or _is_same_file(path, other) for other in others)


def _is_same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # one of them is not there
        return False


def _size(path: Path) -> int:
    """Return the size of a file in bytes, 0 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
