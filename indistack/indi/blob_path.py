"""By which way a camera's BLOBs come: as memory from a server on this machine, else with all the rest by TCP."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple

from indistack.indi.local_server import LocalServer, local_server, runs_libindi
from indistack.indi.pyindi import STREAM, ServerClient
from indistack.indi.shared_blobs import SharedBlob, SharedBlobs
from indistack.system import array_pipe

log = logging.getLogger(__name__)

Watch = Callable[[SharedBlobs, bool], None]
"""Has the main thread woken by a connection, or no longer."""

WORD = "frame "
"""How the word of a ping for a frame begins."""

REPLY_S = 2.0
"""Longest time for which a frame is held back."""

LAST_READS = 8
"""What a local socket holds when its server has died, in reads."""

Property = tuple[str, str]
"""Device and name."""


class HeldFrame(NamedTuple):
    """A copy of a BLOB as a memfd, the number of the ping whose reply it waits for, and until when."""

    blob: SharedBlob
    frame: int
    number: int
    until_s: float


class BlobPath:
    """Subscribes to BLOBs by the lighter way that the server and the camera's driver allow.

    Parameters
    ----------
    client : ServerClient
        The connection by TCP; gets all frames to pass on.
    peer : socket, optional
        That connection's socket.
    watch : callable
        See `Watch`.
    shared : bool
        Whether memory may be taken at all.
    """

    def __init__(self, client: ServerClient, peer: socket.socket | None, watch: Watch, *, shared: bool = True) -> None:
        self._client = client
        self._watch = watch
        self._peer = peer if shared else None
        self._shared: SharedBlobs | None = None
        self._by_tcp: set[Property] = set()
        self._as_memory: set[Property] = set()
        self._held: deque[HeldFrame] = deque()
        self._n_held = 0
        self._answered = 0

    def want(self, wanted: Mapping[Property, str]) -> None:
        """Subscribe to these properties, and to no others; each is given with the executable of its device's driver."""
        for device, name in (self._by_tcp | self._as_memory) - wanted.keys():
            self._end(device, name)
        for device, name in wanted.keys() - self._by_tcp - self._as_memory:
            self._begin(device, name, wanted[device, name])

    def take(self) -> None:
        """Pass on what the local socket has brought.

        A BLOB overtakes what the driver has said by TCP before it (its file's path, gain, filter): it waits for the
        reply to a ping, which comes after all of that.
        """
        self._receive()
        while self._client.replies:
            if (word := self._client.replies.popleft()).startswith(WORD):
                self._answered = int(word.removeprefix(WORD))
        while self._held and (self._held[0].number <= self._answered or time.monotonic() > self._held[0].until_s):
            self._pass_on(self._held.popleft())

    def finish(self) -> None:
        """Pass on what has still come by a connection that is ending."""
        self._client.lost = True
        for _ in range(LAST_READS):
            self._receive()
        while self._held:
            self._pass_on(self._held.popleft())

    def _pass_on(self, held: HeldFrame) -> None:
        self._client.send_frame(held.blob.device, held.blob.property, held.blob.suffix, held.frame)

    def _receive(self) -> None:
        """Copy what has come: the driver's memory is not ours."""
        if self._shared is None:
            return
        try:
            for blob in self._shared.take():
                try:
                    self._hold(blob)
                finally:
                    os.close(blob.fd)
        except OSError as error:
            self._give_up(error)

    def _hold(self, blob: SharedBlob) -> None:
        self._client.signs.append(False)
        if (blob.device, blob.property) in self._as_memory and not blob.suffix.startswith(STREAM):
            self._n_held += 1
            frame = array_pipe.copy(blob.fd, blob.size)
            self._held.append(HeldFrame(blob, frame, self._n_held, time.monotonic() + REPLY_S))
            self._client.ping(f"{WORD}{self._n_held}")

    def _begin(self, device: str, name: str, driver: str) -> None:
        server = self._peer and local_server(self._peer)
        if server and runs_libindi(server, driver):
            try:
                self._connected(server).subscribe(device, name, on=True)
                self._as_memory.add((device, name))
                log.debug("%s.%s comes as memory", device, name)
                return
            except OSError as error:
                self._give_up(error)
        self._client.subscribe(device, name, on=True)
        self._by_tcp.add((device, name))

    def _end(self, device: str, name: str) -> None:
        if (device, name) in self._by_tcp:
            self._by_tcp.discard((device, name))
            self._client.subscribe(device, name, on=False)
            return
        self._as_memory.discard((device, name))
        if self._shared is not None:
            try:
                self._shared.subscribe(device, name, on=False)
            except OSError as error:
                self._give_up(error)

    def _connected(self, server: LocalServer) -> SharedBlobs:
        if self._shared is None:
            self._shared = SharedBlobs(server)
            self._watch(self._shared, True)
        return self._shared

    def _give_up(self, error: OSError) -> None:
        """Go on by TCP alone, for as long as this connection lives."""
        log.warning("BLOBs come by TCP from now on: %s", error)
        self._peer = None
        if self._shared is not None:
            self._watch(self._shared, False)
            self._shared.close()
            self._shared = None
        if not self._client.lost:
            for device, name in self._as_memory:
                self._client.subscribe(device, name, on=True)
        self._by_tcp |= self._as_memory
        self._as_memory = set()
