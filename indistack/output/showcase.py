"""What is published of a session now: every picture with its number and what was true when it was taken."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from indistack.config import MAIN
from indistack.output.growth import Growth
from indistack.output.ring import Ring
from indistack.sinks import Snapshot
from indistack.sinks.labels import labels_of
from indistack.store.last_status import last_status

PICTURE = ".jpg"
"""Suffix of the pictures that are kept under their numbers."""


class Showcase:
    """Counts publications, and knows what each file shows. Written by the publishing thread, read by others.

    Parameters
    ----------
    output : Path
        The agent's output folder; its last status tells what an earlier agent has left there.
    leading : str
        Suffix of the form that the numbers belong to: the one that is published most often.

    Attributes
    ----------
    listener : callable or None
        Gets what is `told` whenever a picture is there.
    lost : list of Path
        Files that could not be written when their stack had ended.
    """

    def __init__(self, output: Path, leading: str) -> None:
        told = last_status(output)
        number, shown = told.get("number"), told.get("shown")
        self._number = number if type(number) is int else 0
        self._shown: dict[str, dict[str, Any]] = dict(shown) if isinstance(shown, dict) else {}
        self._output = output
        self._ring = Ring(output)
        self._growth: Growth | None = None
        self._lock = threading.Lock()
        self._leading = leading
        self._is_new = True
        self.listener: Callable[[dict[str, Any]], None] | None = None
        self.lost: list[Path] = []
        views = (one.get("view") for one in self._shown.values() if isinstance(one, dict))
        pictures = (one.get("files", {}).get(PICTURE) for one in self._shown.values() if isinstance(one, dict))
        self._ring.sweep({str(name) for name in (*views, *pictures) if name})

    def begin(self) -> None:
        """Another session is shown from now on; the pictures of the one before stay until its first one is there."""
        self._is_new, self._growth = True, None

    def grow_in(self, session: Path | None, most: int) -> None:
        """Keep so many pictures of the main stack in a session's folder from now on; None: where they are kept."""
        if session is not None and most and (self._growth is None or self._growth.session != session):
            self._growth = Growth(session, most)

    def next_number(self) -> int:
        """Return the number of the publication that begins."""
        with self._lock:
            self._number += 1
            return self._number

    def show(self, name: str, number: int, sub: int, path: Path, snapshot: Snapshot) -> None:
        """Know that a file shows a snapshot now.

        Parameters
        ----------
        name : str
            Of the picture.
        number : int
            Of the publication.
        sub : int
            Number in the ledger of the last sub in it.
        path : Path
            The file, in the output folder.
        snapshot : Snapshot
            What it shows.
        """
        files, view = {path.suffix: path.name}, None
        if path.suffix == PICTURE and snapshot.preview is not None:
            kept = self._ring.keep(name, number, path, snapshot.preview.pixels)
            files, view = {PICTURE: kept.get("picture", path.name)}, kept.get("view")
            if view is not None and name == MAIN and self._growth is not None:
                self._growth.keep(labels_of(snapshot.cards).subs, self._output / view)
        with self._lock:
            before = {} if self._is_new else self._shown.get(name, {})
            one = before | {name: before.get(name, {}) | told for name, told in
                            (("files", files), ("numbers", {path.suffix: number}))}  # fmt: skip
            if path.suffix == self._leading or "number" not in before:
                one |= {"number": number, "sub": sub, "view": view, **_facts(snapshot)}
            self._shown = {name: one} if self._is_new else self._shown | {name: one}
            self._is_new = False
        if self.listener is not None:
            self.listener(self.told())

    def add_full(self, name: str, number: int, path: Path, snapshot: Snapshot) -> None:
        """Know the file with a picture as fine as the stack is; it is that of another moment, and its number tells so.

        Parameters
        ----------
        name : str
            Of the picture.
        number : int
            Of the publication.
        path : Path
            The file, in the output folder.
        snapshot : Snapshot
            What it shows.
        """
        with self._lock:
            if self._is_new:
                return  # of a session that is over
            full = {"file": path.name, "number": number, **_facts(snapshot)}
            self._shown = self._shown | {name: self._shown.get(name, {}) | {"full": full}}
        if self.listener is not None:
            self.listener(self.told())

    def told(self) -> dict[str, Any]:
        """Return what there is, as plain values: ``number``, ``shown``."""
        with self._lock:
            return {"number": self._number, "shown": dict(self._shown)}


def _facts(snapshot: Snapshot) -> dict[str, Any]:
    """Return what is true of a picture."""
    labels = labels_of(snapshot.cards)
    return {"n_subs": labels.subs, "exposure_s": labels.exposure_s, "method": labels.method}
