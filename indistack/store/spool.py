"""The spool: raw subs on the disk before anything is done with them."""

from __future__ import annotations

import errno
import json
import logging
import math
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from indistack.errors import FrameError, SinkError
from indistack.settings import Settings
from indistack.sources import stamp_of
from indistack.store.disk_use import DiskUse, size_of
from indistack.store.spooled import FACTS, facts_of, file_of, read_facts, read_spooled, safe_suffix
from indistack.system.atomic import atomic_file
from indistack.system.place import Place
from indistack.values.blob import Blob, Content, Spooled

log = logging.getLogger(__name__)

SPOOL = "spool"
"""Folder of an output folder."""

NAME = re.compile(r"(\d{8,})\.")
"""What a sub's files begin with."""

TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm", "/run")
"""Files below may be gone after a power cut: their bytes are taken into the spool."""


class SpoolSettings(Settings):
    """How raw subs are kept, so that nothing is lost by a power cut and every stack can be made again."""

    enabled: bool = True
    """False: nothing can be gone on with after a power cut, made again, or taken out."""
    keep: Literal["all", "stacked", "none"] = "all"
    """What stays when a stack has ended: every sub, those that are in it, or none (it can then be neither continued
    nor made again). Files that the camera's program has written itself are never touched."""
    max_gb: float = Field(default=0.0, ge=0)
    """Room for the raw subs of all stacks. Whoever sets it allows that, beyond it or where the disk is full, the oldest
    finished stacks lose their raw subs and checkpoints, never their pictures. 0 = what the disk has, and no raw sub is
    ever removed: on a full disk new subs are stacked, and not kept; it is warned an hour ahead."""
    min_free_gb: float = Field(default=1.0, ge=0)
    """Of the disk, left to others; with less it counts as full."""


class Spool:
    """Keeps what has arrived and is not yet in the ledger.

    Parameters
    ----------
    folder : Path
        Made when it is needed.
    settings : SpoolSettings
        How much there may be.
    make_room : callable
        Gives up the oldest material that nobody needs any more; returns how many bytes, 0 when there is none.

    Attributes
    ----------
    use : DiskUse
        What is held here and by the sessions, together; who writes to these counts it there.
    fault : str
        Why new subs are not kept, "" while they are.
    """

    def __init__(self, folder: Path, settings: SpoolSettings, make_room: Callable[[], int] = lambda: 0) -> None:
        self._folder = folder
        self._place = Place(folder)
        self._settings = settings
        self._make_room = make_room
        self.use = DiskUse()
        self.count_anew(sessions_bytes=0)
        self._door = threading.Lock()
        self.fault = ""
        names = (NAME.match(path.name) for path in folder.glob("*"))
        self._left = sorted({found[1] for found in names if found})
        self._next = 1
        for name in self._left:
            self.begin_after(name)

    @property
    def folder(self) -> Path:
        """Where it is; perhaps not yet."""
        return self._folder

    def count_anew(self, sessions_bytes: int) -> None:
        """Look at what is here, beside what the sessions hold."""
        self.use.count_anew(sessions_bytes + sum(map(size_of, self._folder.glob("*"))))

    def begin_after(self, name: str) -> None:
        """Give names that come after one that was given in an earlier run."""
        self._next = max(self._next, int(name) + 1)

    @property
    def names(self) -> list[str]:
        """Of all that an earlier run has left, oldest first; what is in the ledger may have been moved in part."""
        return self._left.copy()

    def left(self) -> list[str]:
        """Return the names of what an earlier run has left, oldest first; of what has no bytes nothing is kept."""
        whole = [name for name in self._left if self._is_whole(name)]
        for name in set(self._left) - set(whole):
            self.forget(name)
        return whole

    def take(self, blob: Blob) -> Blob:
        """Return the blob with its name in the spool, once it would survive a power cut.

        A disk that does not take it is told of once, and the blob is returned as it is.
        """
        if blob.spooled is not None or blob.fault:
            return blob
        with self._door:  # two sources must not take one name, or both the last of the room
            return self._take(blob)

    def _take(self, blob: Blob) -> Blob:
        begin_s, name = time.perf_counter(), f"{self._next:08d}"
        stamp = stamp_of(blob.path) if blob.path is not None else None
        try:
            content = self._write(name, blob, 0 if stamp is None else stamp.modified_ns)
        except (OSError, SinkError) as error:
            why = str(error.strerror or error) if isinstance(error, OSError) else str(error)
            if not self.fault:
                log.error("%s: subs are not kept from now on, a power cut would cost them: %s", self._folder, why)
            self.fault = why
            self.forget(name)
            return blob
        if self.fault:
            log.info("%s: subs are kept again", self._folder)
        self.fault = ""
        self._next += 1
        took_ms = 1e3 * (time.perf_counter() - begin_s)
        spooled = Spooled(name, took_ms, None if stamp is None else stamp.modified_ns)
        return replace(blob, content=content, spooled=spooled)

    def read(self, name: str) -> Blob:
        """Return a blob that is kept here; see `read_spooled`."""
        return read_spooled(self._folder, name)

    def modified_ns(self, name: str) -> int | None:
        """Return when the file that a blob came in was written, None where it came otherwise; raises as `read`."""
        return int(read_facts(self._folder, name)["modified_ns"]) or None

    def whence(self, name: str) -> tuple[str, str]:
        """Return when and whence a sub came, as its line says it; raises as `read`."""
        facts = read_facts(self._folder, name)
        return datetime.fromisoformat(facts["received"]).isoformat(timespec="milliseconds"), str(facts["origin"])

    def move(self, name: str, folder: Path, new_name: str) -> None:
        """Give a sub that is in the ledger to its session; after a crash this may be done once more.

        Raises
        ------
        OSError
            It stays in part, or a file of that name is there: that one is never replaced.
        """
        folder.mkdir(exist_ok=True)
        for path in self._files(name):
            target = folder / (new_name + path.name.removeprefix(name))
            if target.exists():
                raise FileExistsError(errno.EEXIST, f"{target} is there already")
            path.rename(target)

    def forget(self, name: str) -> None:
        """Remove a sub that nobody needs."""
        for path in self._files(name):
            try:
                with self.use.written(path):
                    path.unlink(missing_ok=True)
            except OSError as error:
                log.error("%s cannot be removed: %s", path, error.strerror)

    def _is_whole(self, name: str) -> bool:
        try:
            file = file_of(self._folder, name)
        except FrameError:
            return False
        return file is None or file.exists()

    def _files(self, name: str) -> list[Path]:
        """Facts last: as long as they are there the sub is."""
        return sorted(self._folder.glob(f"{name}.*"), key=lambda path: path.suffix == FACTS)

    def _write(self, name: str, blob: Blob, modified_ns: int) -> Content:
        """Write a blob's facts, and its bytes where they would not last elsewhere; return these with their place."""
        here = blob.path is None or _is_temporary(blob.path)
        facts = facts_of(blob, modified_ns, f"{name}{safe_suffix(blob.suffix)}" if here else "")
        told = json.dumps(facts).encode()
        self._require_room(len(told) + (blob.size_bytes if here else 0))
        self._place.make()
        self._put(f"{name}{FACTS}", told)
        return Content(blob.data, self._put(str(facts["file"]), blob.data)) if here else blob.content

    def _put(self, name: str, data: Any) -> Path:
        """Write a file whole, and count it."""
        path = self._folder / name
        with self.use.written(path), atomic_file(path) as file:
            file.write(data)
        return path

    def _require_room(self, n_bytes: int) -> None:
        while self.left_bytes() < n_bytes:
            freed = self._make_room()
            if not freed:
                raise OSError(errno.ENOSPC, self._why_full(n_bytes))
            self.use.add(-freed)

    def left_bytes(self) -> float:
        """Return for how much there is room without giving anything up; raise OSError where the disk does not tell."""
        return min(self._own_left_bytes(), self._free_bytes() - self._settings.min_free_gb * 1e9)

    def _own_left_bytes(self) -> float:
        return (self._settings.max_gb * 1e9 or math.inf) - self.use.n_bytes

    def _free_bytes(self) -> int:
        existing = next(one for one in (self._folder, *self._folder.parents) if one.exists())
        return shutil.disk_usage(existing).free

    def _why_full(self, n_bytes: int) -> str:
        """Say what there is no room in, and who can make some."""
        settings = self._settings
        if self._own_left_bytes() < n_bytes:
            return f"this stack alone has reached spool.max_gb ({settings.max_gb:g} GB)"
        full = f"the disk is full, but for the {settings.min_free_gb:g} GB of spool.min_free_gb"
        if settings.max_gb:
            return full
        command = f"indistack sessions --output-dir {self._folder.parent} --prune raw --older-than 7"
        return f"{full}; no older sub is removed unasked: {command}"


def _is_temporary(path: Path) -> bool:
    folders = {Path(one).resolve() for one in (*TEMPORARY, tempfile.gettempdir())}
    return any(path.resolve().is_relative_to(one) for one in folders)
