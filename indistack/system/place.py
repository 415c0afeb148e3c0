"""A folder that may go while a program works in it: made anew, but never on the bare place of a disk that is gone."""

from __future__ import annotations

import errno
import os
from pathlib import Path

READ_ONLY = {"ro", "emergency_ro"}
"""What the kernel calls a file system that it lets nobody write to; newer ones by the latter after an error."""


def is_read_only(folder: Path, mounts: Path = Path("/proc/self/mountinfo")) -> bool:
    """Tell whether a folder's whole file system is read-only, as that of a card that fails; a mount alone may be so."""
    try:
        device = folder.stat().st_dev
        lines = [line.split() for line in mounts.read_text(errors="replace").splitlines()]
    except OSError:
        return False
    name = f"{os.major(device)}:{os.minor(device)}"
    return any(
        len(words) > 2 and words[2] == name and not READ_ONLY.isdisjoint(words[-1].split(",")) for words in lines
    )


class Place:
    """A folder that is made when it is needed.

    Parameters
    ----------
    folder : Path
        It need not be there yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        whole = folder.absolute()
        self._mount = next(one for one in (whole, *whole.parents) if os.path.ismount(one))

    def make(self) -> None:
        """Make the folder if it is missing; raise OSError where it cannot be, or its disk is not mounted now."""
        if not os.path.ismount(self._mount):
            raise OSError(errno.ENODEV, f"the disk at {self._mount} is not there")
        self.folder.mkdir(parents=True, exist_ok=True)
