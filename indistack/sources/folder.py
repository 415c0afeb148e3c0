"""Frames from a hot folder: what is there, and what appears or is replaced while we watch."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import Field

from indistack.settings import Settings
from indistack.sources.base import (
    FITS_SUFFIXES,
    Emit,
    Stamp,
    is_frame_name,
    is_own_stack,
    is_unfinished_name,
    natural_key,
    read_blob,
    shows_own_stack,
    stamp_of,
)
from indistack.system.globs import is_aside
from indistack.values.own_files import OwnFiles

log = logging.getLogger(__name__)

SCAN_SHARE = 5
"""A scan that takes long (a slow network share) is followed by a pause this many times longer."""

FITS_BLOCK_BYTES = 2880
FITS_PATIENCE_S = 5.0
"""A FITS file that is no whole number of blocks (FITS standard 4.0, section 3.1), or that ends in zeros, is probably
not all there yet: some programs and network shares give it its full size at once."""

TAIL_BLOCKS = 4
"""At the end of a FITS file; padding makes less than one of them zero."""

MAX_DEPTH = 32
"""Folders within each other that are looked into: each one holds a descriptor meanwhile."""

OUR_FOLDERS = frozenset({"sessions", "spool", "commands"})
"""Of an agent, in its output folder."""

OUR_STATUS = "status.json"
"""File by which the output folder of an agent is known, that of another one too."""


class FolderSettings(Settings):
    """How a folder is watched."""

    interval_s: float = Field(default=0.3, gt=0, le=60)
    """Pause between two looks. Plain looking works on every file system, SMB and NFS too."""
    settle_s: float = Field(default=0.3, ge=0, le=600)
    """A file counts as complete when its size and time have not changed for this long."""
    recursive: bool = False
    """Look into sub-folders too."""
    existing: bool = True
    """Deliver what is there at the start too."""


class FolderSource:
    """A hot folder.

    Parameters
    ----------
    folder : Path
        It may appear later, vanish and come back.
    settings : FolderSettings
        How it is watched.
    ignore : Path or None
        The agent's own output folder. Where frames come into it, too, its folders and `own_files` are none. Neither are
        output folders of other agents below the folder, nor stacks in FITS files anywhere.
    own_files : OwnFiles, optional
        What the agent publishes there.
    known : iterable of Path
        Files that are there and not wanted.
    """

    def __init__(
        self,
        folder: Path,
        settings: FolderSettings | None = None,
        ignore: Path | None = None,
        own_files: OwnFiles | None = None,
        known: Iterable[Path] = (),
    ) -> None:
        self._folder = folder.absolute()
        self._settings = settings or FolderSettings()
        self._ignored = None if ignore is None else ignore.resolve()
        self._own_files = own_files or OwnFiles()
        stamps = {str(path.absolute()): stamp_of(path) for path in known}
        self._delivered = {name: stamp for name, stamp in stamps.items() if stamp is not None}
        self._waiting: dict[str, tuple[Stamp, float]] = {}
        self._unfinished: set[int] = set()  # inodes of files whose name says that they are being written
        self._renamed: set[int] = set()  # those of the look before: whoever gives one a frame's name is done
        self._present = True

    def status(self) -> dict[str, str | int]:
        """Return the folder and how many of its files were delivered."""
        there = "" if self._folder.is_dir() else ", which is not there"
        waits_for = f"files in {self._folder}{there}"
        return {"folder": str(self._folder), "files": len(self._delivered), "waits_for": waits_for}

    def run(self, emit: Emit, stop: threading.Event) -> None:
        """Deliver complete files in natural order, as they become complete, until `stop` is set."""
        if not self._settings.existing:
            self._delivered = self._look()
        log.info("waiting for files in %s", self._folder)
        pause_s = 0.0
        while not stop.wait(pause_s):
            began = time.monotonic()
            frames = self._look()
            pause_s = max(self._settings.interval_s, SCAN_SHARE * (time.monotonic() - began))
            for path in self._ready(frames, began):
                if stop.is_set():
                    return
                if is_own_stack(path) or shows_own_stack(path):
                    log.info("%s is a stack and no sub", path)
                    continue
                emit(read_blob(path, self._folder.name))

    def _ready(self, frames: dict[str, Stamp], now: float) -> list[Path]:
        """Return the files that are new, or replaced, and complete; remember those that are not yet."""
        waiting, ready = {}, []
        for name, stamp in frames.items():
            if stamp == self._delivered.get(name) or stamp.size_bytes == 0:
                continue
            known, since = self._waiting.get(name, (None, now))
            since = since if stamp == known else now
            if stamp.inode in self._renamed or self._settled(name, stamp, now - since):
                self._delivered[name] = stamp
                ready.append(Path(name))
            else:
                waiting[name] = stamp, since
        self._waiting = waiting
        return sorted(ready, key=natural_key)

    def _settled(self, name: str, stamp: Stamp, unchanged_s: float) -> bool:
        """Whether a file has not changed for so long that nobody writes to it any more."""
        if unchanged_s <= 0 or unchanged_s < self._settings.settle_s:
            return False
        if not name.lower().endswith(FITS_SUFFIXES) or unchanged_s >= self._settings.settle_s + FITS_PATIENCE_S:
            return True
        return stamp.size_bytes % FITS_BLOCK_BYTES == 0 and not _ends_in_zeros(Path(name), stamp.size_bytes)

    def _look(self) -> dict[str, Stamp]:
        """Return the frames that are in the folder now, with their stamps."""
        self._renamed, self._unfinished = self._unfinished, set()
        frames: dict[str, Stamp] = {}
        try:
            frames.update(self._scan(self._folder))
        except OSError as error:
            if self._present:
                log.warning("folder %s: %s; waiting for it", self._folder, error.strerror)
            self._present = False
        else:
            if not self._present:
                log.info("folder %s is back", self._folder)
            self._present = True
        return frames

    def _scan(self, folder: Path, depth: int = 0) -> Iterator[tuple[str, Stamp]]:
        """Return the frames of one folder, and of those below it where settings say so, down to `MAX_DEPTH`."""
        real = folder.resolve()
        with os.scandir(folder) as entries:
            for entry in entries:
                if self._is_ours(real / entry.name):
                    continue
                if self._settings.recursive and depth < MAX_DEPTH and entry.is_dir(follow_symlinks=False):
                    if not is_aside(entry.name) and not _is_output(Path(entry.path)):
                        yield from self._scan_below(Path(entry.path), depth + 1)
                elif (stamp := _file_stamp(entry)) is not None:
                    if is_frame_name(entry.name):
                        yield entry.path, stamp
                    elif is_unfinished_name(entry.name):
                        self._unfinished.add(stamp.inode)

    def _scan_below(self, folder: Path, depth: int) -> Iterator[tuple[str, Stamp]]:
        try:
            yield from self._scan(folder, depth)
        except OSError as error:  # removed while we looked, or not ours to read: the rest of the tree counts
            log.debug("folder %s: %s", folder, error.strerror)

    def _is_ours(self, path: Path) -> bool:
        """Whether the agent itself writes this file or folder, whose real path is given."""
        if path.name in OUR_FOLDERS and (path.parent == self._ignored or _is_output(path.parent)):
            return True
        if self._ignored is None or not path.is_relative_to(self._ignored):
            return False
        return not self._folder.resolve().is_relative_to(self._ignored) or path in self._own_files


def _ends_in_zeros(path: Path, size_bytes: int) -> bool:
    """Whether more than the padding at the end of a FITS file is zero; False where it cannot be read."""
    tail_bytes = min(TAIL_BLOCKS * FITS_BLOCK_BYTES, size_bytes)
    try:
        with path.open("rb") as file:
            file.seek(size_bytes - tail_bytes)
            return not any(file.read(tail_bytes))
    except OSError:
        return False


def _is_output(folder: Path) -> bool:
    """Whether this is the output folder of an agent."""
    return (folder / OUR_STATUS).exists() and (folder / "sessions").is_dir()


def _file_stamp(entry: os.DirEntry[str]) -> Stamp | None:
    """Return a file's stamp; None for what is no file, or is gone again."""
    try:
        if not entry.is_file():
            return None
        status = entry.stat()
    except OSError:
        return None
    return Stamp(status.st_size, status.st_mtime_ns, entry.inode())
