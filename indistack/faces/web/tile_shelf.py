"""Pictures at full resolution that somebody looks at closely: their tiles, by the version of the picture."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from indistack.faces.web.jpeg_tiles import MAX_HEAD_BYTES, Head, JpegTiles, read_head
from indistack.faces.web.output_folder import OutputFolder, Stamp
from indistack.store.wanted import FULL_PICTURE, LEASE_S, want
from indistack.system.ordinary_file import read_ordinary

log = logging.getLogger(__name__)

MOST = 3
"""Pictures that are held open: who looks closely at one sees all of it, although newer ones have come."""

WISH_S = LEASE_S / 6
"""So often a wish for a finer picture is said while tiles are asked for."""


class TileShelf:
    """Cuts pictures when their first tile is asked for; of each it keeps the places, and none of its bytes.

    Parameters
    ----------
    folder : OutputFolder
        Where they are.
    find : callable
        Given a version, returns the file that has it now.
    """

    def __init__(self, folder: OutputFolder, find: Callable[[str], Stamp | None]) -> None:
        self._folder = folder
        self._find = find
        self._held: dict[str, JpegTiles] = {}
        self._head: tuple[Stamp, Head] | None = None
        self._wished_s = -WISH_S
        self._lock = threading.Lock()

    def told(self, stamp: Stamp) -> dict[str, Any]:
        """Return what is told of a picture's size and tiles; nothing where it has no tiles."""
        if self._head is None or self._head[0] != stamp:
            try:
                head = read_head(read_ordinary(self._folder.folder / stamp.name, head_bytes=MAX_HEAD_BYTES))
            except (OSError, ValueError) as error:
                log.debug("%s has no tiles: %s", stamp.name, error)
                return {}
            self._head = stamp, head
        head = self._head[1]
        if not head.can_be_cut:
            return {}
        size = {"width": head.width, "height": head.height, "tile": list(head.tile_px)}
        return {**size, "tiles": f"/api/v1/tiles/{stamp.version}/"}

    def tile(self, version: str, column: int, row: int) -> bytes:
        """Return a tile; b"" where there is none, or the picture is gone."""
        with self._lock:
            self._wish()
            tiles = self._held.get(version) or self._opened(version)
            return tiles.tile(column, row) if tiles is not None else b""

    def _wish(self) -> None:
        """Let the agent know that somebody looks closely."""
        now_s = time.monotonic()
        if now_s - self._wished_s > WISH_S:
            self._wished_s = now_s
            want(self._folder.folder, FULL_PICTURE)

    def _opened(self, version: str) -> JpegTiles | None:
        stamp = self._find(version)
        if stamp is None:
            return None
        try:
            handle = os.open(self._folder.folder / stamp.name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            tiles = JpegTiles(handle)
        except (OSError, ValueError) as error:
            log.debug("%s: %s", stamp.name, error)
            return None
        found = os.fstat(handle)
        if Stamp(stamp.name, found.st_mtime_ns, found.st_size) != stamp:
            return None  # a newer one has taken its name
        while len(self._held) >= MOST:
            self._held.pop(next(iter(self._held))).close()
        self._held[version] = tiles
        return tiles
