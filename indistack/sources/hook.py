"""Frames and jobs that Ekos' hooks announce, on a socket of this machine."""

from __future__ import annotations

import json
import logging
import os
import select
import socket
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

from pydantic import Field

from indistack.errors import SourceError
from indistack.hook import POST_JOB, PRE_JOB, candidates
from indistack.settings import Settings
from indistack.sources.base import Emit, read_announced
from indistack.system.atomic import remove_if_can_be

log = logging.getLogger(__name__)

POLL_S, RETRY_S = 0.2, 5.0
FILE_PATIENCE_S = 1.0
JOB_PATIENCE_S = 20.0
MAX_MESSAGE_BYTES = 1 << 16


OnJob = Callable[[bool, str], threading.Event]
"""Gets whether a job begins (or has ended), and its target's name, "" where Ekos does not tell; sets what it returns
when that is done."""


class HookSettings(Settings):
    """Where the hook finds the agent."""

    enabled: bool = True
    """Listen at all."""
    socket: str = ""
    """Path of the socket; "" for ``$INDISTACK_SOCKET``, else ``$XDG_RUNTIME_DIR/indistack/agent.sock``, else
    ``/tmp/indistack-UID/agent.sock``. The hook knows of another path only by ``$INDISTACK_SOCKET``."""
    alone: bool = True
    """Where no agent runs, the hook has the frame stacked all the same, in ``$INDISTACK_OUTPUT``, else ``~/indistack``;
    it reads this, and `folder`, in the usual settings file only."""
    folder: str = ""
    """Where Ekos' frames are, with the folders within: the hook takes the youngest one where Ekos names none (up to
    3.6.2)."""
    stays_s: float = Field(default=60.0, ge=0, le=86400)
    """Who stacks in place of an agent stays for so long after the last frame; its memory is free again then."""


class HookSource:
    """Files that Ekos says it has written.

    Parameters
    ----------
    settings : HookSettings
        Where to listen.
    on_job : callable, optional
        Told when a job of Ekos begins or has ended, see `OnJob`.
    """

    def __init__(self, settings: HookSettings | None = None, on_job: OnJob | None = None) -> None:
        self._settings = settings or HookSettings()
        self._on_job = on_job
        self.path: Path | None = None
        self.announced = 0

    def status(self) -> dict[str, str | int]:
        """Return where the hook is listened to, and how many frames were announced."""
        return {"hook": str(self.path or ""), "announced": self.announced}

    def run(self, emit: Emit, stop: threading.Event) -> None:
        """Deliver announced files until `stop` is set.

        Where no socket can be had, as another agent has it or its folder is gone with a log-out, that is tried again.
        """
        told = ""
        while self._settings.enabled and not stop.is_set():
            try:
                self.path = None
                with self._listen() as listener:
                    told = ""
                    self._serve(listener, emit, stop)
            except SourceError as error:
                if str(error) != told:
                    log.warning("%s; going on without the Ekos hook until there is one", error)
                told = str(error)
                stop.wait(RETRY_S)
        stop.wait()

    def _listen(self) -> socket.socket:
        """Return the socket at the first path that can be had."""
        explicit = self._settings.socket
        faults = []
        for path in [Path(explicit).expanduser()] if explicit else map(Path, candidates()):
            try:
                listener = bind(path)
            except OSError as error:
                faults.append(f"{path}: {error.strerror or error}")
            else:
                self.path = path
                log.debug("listening for the Ekos hook at %s", path)
                return listener
        raise SourceError("no socket for the Ekos hook: " + ", ".join(faults))

    def _serve(self, listener: socket.socket, emit: Emit, stop: threading.Event) -> None:
        """Listen until the socket is removed, or replaced by another agent's."""
        assert self.path is not None, "it listens there"
        own = self.path.lstat()
        try:
            while not stop.is_set():
                if select.select([listener], [], [], POLL_S)[0]:
                    self._take(listener.recv(MAX_MESSAGE_BYTES), emit, stop)
                elif not _is_there(self.path, own):
                    return
        finally:
            if _is_there(self.path, own):
                remove_if_can_be(self.path)

    def _take(self, data: bytes, emit: Emit, stop: threading.Event) -> None:
        """Deliver the file that one message names, or tell of a job."""
        try:
            said = json.loads(data)
            name, script, target = str(said["path"]), said.get("script"), str(said.get("target", ""))
        except (AttributeError, ValueError, LookupError, TypeError, RecursionError):
            log.warning("the Ekos hook's socket received what is no announcement (%d bytes)", len(data))
            return
        if script in (PRE_JOB, POST_JOB):
            if self._on_job is not None:
                wait_for(self._on_job(script == PRE_JOB, target), stop)
            return
        self.announced += 1
        if not name:
            log.debug("Ekos has captured a frame without telling its path")
            return
        blob = read_announced(Path(name), "Ekos", stop, FILE_PATIENCE_S)
        if blob is None:
            log.warning("Ekos has announced %s, which is not on this machine", name)
        else:
            emit(blob)


def _is_there(path: Path, own: os.stat_result) -> bool:
    """Whether a file is still at its path."""
    try:
        return os.path.samestat(path.lstat(), own)
    except OSError:
        return False


def wait_for(done: threading.Event, stop: threading.Event) -> None:
    """Wait until a job's stack has begun or ended, or that takes too long: frames after it belong to it."""
    began_s = time.monotonic()
    while not done.wait(POLL_S) and not stop.is_set() and time.monotonic() - began_s < JOB_PATIENCE_S:
        pass


def bind(path: Path) -> socket.socket:
    """Return a datagram socket at `path`, which replaces one that nobody listens to any more.

    Raises
    ------
    OSError
        Another agent listens there, or the folder is not safe: it must be ours, and nobody else's to write to.
    """
    _own_folder(path.parent)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        if _is_live(path):
            raise OSError(None, "another agent listens there")
        if path.is_socket():
            path.unlink()
        listener.bind(str(path))
    except OSError:
        listener.close()
        raise
    return listener


def _is_live(path: Path) -> bool:
    """Whether somebody listens at a socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True


def _own_folder(folder: Path) -> None:
    """Make the folder where it is not there; raise OSError where others could put their own socket into it."""
    if not folder.exists() and folder.parent.exists():
        folder.mkdir(mode=0o700)
    status = os.lstat(folder)
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o022:
        raise OSError(None, f"{folder} is not a folder that only this user can write to")
