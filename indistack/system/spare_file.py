"""Room on the disk that is taken beforehand, so that a short file can be written whole where the disk is full."""

from __future__ import annotations

import errno
import os
import secrets
from pathlib import Path

from indistack.system.atomic import NEW, remove_if_can_be

SPARE_BYTES = 1 << 15
N_SPARES = 2
"""One becomes the file, the other the next one: the two change places from then on."""


class SpareFile:
    """Spares of one file.

    Parameters
    ----------
    path : Path
        The file; its spares lie hidden beside it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._spares = [path.with_name(f".{path.name}.spare-{number}") for number in range(1, N_SPARES + 1)]

    def keep(self) -> None:
        """Take the room, unless it is taken; raise OSError where there is none."""
        for spare in self._spares:
            if not spare.exists():
                with os.fdopen(os.open(spare, NEW, 0o666), "wb") as file:
                    file.write(b" " * SPARE_BYTES)

    def write(self, text: bytes) -> None:
        """Write the file, filled up with blanks, in the room of a spare; a reader sees the old or the new one.

        Raises
        ------
        OSError
            There is no spare, the text is too long, or the disk takes nothing at all.
        """
        if len(text) > SPARE_BYTES:
            raise OSError(errno.ENOSPC, "longer than its spare")
        spare = next((one for one in self._spares if one.exists()), self._spares[0])
        with os.fdopen(os.open(spare, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "wb") as file:
            file.write(text.ljust(SPARE_BYTES))
        before = self._path.with_name(f".{self._path.name}.{secrets.token_hex(6)}.tmp")
        has_room = self._path.exists() and self._path.stat().st_size == SPARE_BYTES
        try:
            if has_room:
                before.hardlink_to(self._path)
            spare.replace(self._path)
            if has_room:
                before.replace(spare)
        finally:
            remove_if_can_be(before)

    def give_up(self) -> None:
        """Give the room back."""
        for spare in self._spares:
            remove_if_can_be(spare)
