"""What the agent's output folder shows at one moment: its status, whether it is at work, and the picture."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from indistack.commands.client import STOPPED
from indistack.faces.web.plain import number, table
from indistack.store.folder_lock import is_at_work
from indistack.store.last_status import STATUS
from indistack.system.ordinary_file import read_ordinary
from indistack.system.place import is_read_only

MAX_STATUS_BYTES = 4_000_000
MAX_VIEW_BYTES = 60_000_000
"""A larger picture is not shown; the PNG of 24 MP has 40 MB."""

MEDIA = {".jpg": "image/jpeg", ".png": "image/png", ".fits": "application/fits"}

MAIN = "stack"
"""Name of the main stack's files."""

WHOLES = ("stack.jpg", "stack.png")
"""The picture at full size, the smaller file first."""
FILE_NAME = re.compile(r"(?:published/)?[A-Za-z0-9_][A-Za-z0-9_.-]{0,80}\.(?:jpg|png)")
"""Of a picture that the status may tell of."""

READ_ONLY = "it has become read-only, as Linux makes a card that fails"

NONE, GONE = "none", "gone"
"""How an agent is of which there is no status, and one that has died."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells one version of a file from another."""

    name: str
    modified_ns: int
    n_bytes: int

    @property
    def version(self) -> str:
        """For addresses."""
        return f"{self.modified_ns:x}-{self.n_bytes:x}"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is sent."""

    version: str
    media: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Shown:
    """What the status tells of the main picture.

    Attributes
    ----------
    number : int
        Of the publication; 0 where the status has no such numbers, and is of another moment than the picture.
    n_subs : int
        In the picture.
    exposure_s : float
        Their exposure.
    snr_gain : float
        How many times the first sub's signal to noise it has; 0: not known.
    view, whole : str
        Names of the files of the small picture and of the one at full size, "" where none is told of.
    full_n_subs : int
        Subs in the picture that is as fine as the stack, where there is one; that one is of another moment.
    """

    number: int
    n_subs: int
    exposure_s: float
    snr_gain: float
    view: str
    whole: str = ""
    full_n_subs: int = 0

    @classmethod
    def of(cls, status: Mapping[str, Any]) -> Shown:
        """Read it, whatever the status holds."""
        shown = table(table(status.get("shown")).get(MAIN))
        told = shown or status
        return cls(
            int(number(shown.get("number"))),
            int(number(told.get("n_subs"))),
            number(told.get("exposure_s")),
            number(shown.get("snr_gain")),
            _file_name(shown.get("view")),
            _file_name(table(shown.get("files")).get(".jpg")),
            int(number(table(shown.get("full")).get("n_subs"))),
        )


def _file_name(told: object) -> str:
    return told if isinstance(told, str) and FILE_NAME.fullmatch(told) else ""


class OutputFolder:
    """An agent's output folder, which is only read, and where nothing that is found is trusted.

    Parameters
    ----------
    folder : Path
        It, present or not.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def stamps(self, *further: str) -> dict[str, Stamp]:
        """Return which of its files are there, and of further ones, in which version."""
        found = (self.stamp(name) for name in dict.fromkeys(filter(None, (STATUS, *further, *WHOLES))))
        return {stamp.name: stamp for stamp in found if stamp is not None}

    def stamp(self, name: str) -> Stamp | None:
        """Return the version of a file; None where there is none."""
        try:
            found = (self.folder / name).stat()
        except OSError:
            return None
        return Stamp(name, found.st_mtime_ns, found.st_size)

    def status(self) -> dict[str, Any]:
        """Return the agent's status; {} where there is none that can be read."""
        try:
            status = json.loads(read_ordinary(self.folder / STATUS, MAX_STATUS_BYTES))
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(status, dict):
            return {}
        return {**status, "disk": READ_ONLY} if self._is_stuck(status) else status

    def _is_stuck(self, status: Mapping[str, Any]) -> bool:
        """Tell whether the agent cannot say any more how it is: Linux takes no writing to a card that fails."""
        is_here = status.get("state") != STOPPED and status.get("host") == platform.node()
        return is_here and is_read_only(self.folder)

    def agent(self, status: Mapping[str, Any]) -> str:
        """Return how the agent is: the word of its status, `GONE` where it has died, `NONE` where none ever was."""
        word = status.get("state")
        if not isinstance(word, str):
            return NONE
        if word == STOPPED or status.get("host") != platform.node() or is_at_work(self.folder):
            return word
        return GONE

    def picture(self, stamp: Stamp) -> Picture | None:
        """Return a picture that is there in this version; None where it has changed since, or cannot be read."""
        try:
            data = read_ordinary(self.folder / stamp.name, MAX_VIEW_BYTES)
        except OSError:
            return None
        if self.stamp(stamp.name) != stamp:
            return None
        return Picture(stamp.version, MEDIA[Path(stamp.name).suffix], data)
