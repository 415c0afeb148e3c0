"""Looks at the output folder, and tells all pages when something has changed: the latest state wins."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from indistack.faces.web.album import Album, Page
from indistack.faces.web.folder_watch import FolderWatch
from indistack.faces.web.ledger_tail import LedgerTail
from indistack.faces.web.machine_history import MachineHistory
from indistack.faces.web.output_folder import WHOLES, OutputFolder, Picture, Shown, Stamp
from indistack.faces.web.page_state import facts_of
from indistack.faces.web.tile_shelf import TileShelf
from indistack.store.last_status import STATUS
from indistack.store.wanted import FULL_PICTURE, OWN_STRETCH

log = logging.getLogger(__name__)

LOOK_S = 0.2
"""A handful of stat calls each, where the kernel tells of no changes; it tells of none on a share of the network."""
PAUSE_S = 0.02
"""A publication is several files, each of which is told of."""
LIVENESS_S = 2.0
EARLY_S = 3.0
"""So long after a picture its numbers may come, where the status does not say of which one they are."""


class Hub:
    """The state that every page shows.

    Parameters
    ----------
    folder : OutputFolder
        Where the agent publishes.
    started : callable
        Tells what the observer has started from the page.

    Attributes
    ----------
    state : mapping
        What all pages show now; ``number`` grows with every change, and is of this `run`.
    readers : int
        Pages that listen.
    """

    def __init__(self, folder: OutputFolder, started: Callable[[], list[str]] = list) -> None:
        self.folder = folder
        self._started = started
        self.album = Album()
        self.ledger = LedgerTail(folder.folder)
        self.machine = MachineHistory()
        self.tiles = TileShelf(folder, self.whole)
        self.run = f"{os.getpid():x}{time.time_ns():x}"
        self.state: Mapping[str, Any] = {"run": self.run, "number": 0}
        self.readers = 0
        self._stamps: dict[str, Stamp] = {}
        self._looked_s = -LIVENESS_S
        self._news = asyncio.Event()
        self._view: tuple[Stamp, Shown] | None = None
        self._shown = Shown.of({})

    def look(self) -> bool:
        """Look once; tell whether anything is new."""
        stamps, now_s = self._looked(), time.monotonic()
        if stamps == self._stamps and now_s - self._looked_s < LIVENESS_S:
            return False
        self._looked_s = now_s
        status = self.folder.status()
        self._shown, read = Shown.of(status), stamps.get(STATUS)
        self._stamps = stamps = self._looked()
        if stamps.get(STATUS) != read:
            self._stamps = {}  # it has been replaced while it was read: look anew
            return False
        self.ledger.follow(status.get("session"))
        facts = facts_of(status, self.folder.agent(status), self.ledger.subs)
        self.machine.look(facts["machine"])
        self._take_picture(stamps, facts["session"])
        whole = next((stamps[name] for name in self._finest() if name in stamps), None)
        facts |= {
            "pictures": self.album.told() if self._view is not None else [],
            "whole": self._told_whole(whole) if whole is not None else None,
            "own": stamps[OWN_STRETCH].version if OWN_STRETCH in stamps else "",
            "refused_in_a_row": [sub["reason"] for sub in self.ledger.refused_in_a_row[:50]],
            "changed": self.ledger.changed,
            "started": self._started(),
            "last": dict(self.ledger.subs[-1]) if self.ledger.subs else None,
        }
        known = {name: value for name, value in self.state.items() if name not in ("run", "number")}
        if facts == known:
            return False
        self.state = {"run": self.run, "number": self.state["number"] + 1, **facts}
        return True

    def _looked(self) -> dict[str, Stamp]:
        return self.folder.stamps(self._shown.view, OWN_STRETCH, *self._finest())

    def _take_picture(self, stamps: Mapping[str, Stamp], session: str) -> None:
        """Keep the newest picture, with the numbers that belong to it."""
        shown = self._shown
        view = next((stamps[name] for name in (shown.view, *self._wholes()) if name in stamps), None)
        if view is None:
            self._view = None
            return
        known = self._view is not None and self._view[0] == view and (not shown.number or self._view[1] == shown)
        if known or self._is_early(view, stamps.get(STATUS)):
            return  # the file has the newest picture, and its numbers are told after it
        picture = self.folder.picture(view)
        if picture is None:
            self._stamps = {}  # it has just changed again: look anew
            return
        self._view = view, shown
        self.album.add(session, Page(picture, shown))

    def _is_early(self, view: Stamp, status: Stamp | None) -> bool:
        """Tell whether a picture was put in place after what is told of it, which then follows."""
        if self._shown.view or status is None or view.modified_ns <= status.modified_ns:
            return False
        return bool(self._shown.number) or time.time_ns() - view.modified_ns < EARLY_S * 1e9

    def _wholes(self) -> tuple[str, ...]:
        return (self._shown.whole, *WHOLES) if self._shown.whole else WHOLES

    def _finest(self) -> tuple[str, ...]:
        return (FULL_PICTURE, *self._wholes()) if self._shown.full_n_subs else self._wholes()

    def _told_whole(self, stamp: Stamp) -> dict[str, Any]:
        n_subs = self._shown.full_n_subs if stamp.name == FULL_PICTURE else self._shown.n_subs
        address = f"/api/v1/whole/{stamp.version}"
        return {"address": address, "bytes": stamp.n_bytes, "n_subs": n_subs, **self.tiles.told(stamp)}

    def picture(self, version: str) -> Picture | None:
        """Return a picture of this night."""
        return self.album.picture(version)

    def whole(self, version: str) -> Stamp | None:
        """Return the file with the picture at full resolution, as long as it is of that version."""
        stamps = (self.folder.stamp(name) for name in self._finest())
        return next((stamp for stamp in stamps if stamp is not None and stamp.version == version), None)

    async def keep_looking(self) -> None:
        """Look for ever: at once where something has changed, and now and then."""
        with FolderWatch(self.folder.folder) as watch:
            while True:
                watch.renew()
                try:
                    if await asyncio.to_thread(self.look):
                        self._news.set()
                        self._news = asyncio.Event()
                except Exception:  # the top of a task: the next look may do better
                    log.exception("a bug in indistack; the page shows what it had")
                await asyncio.sleep(PAUSE_S)
                await watch.change(LOOK_S)

    async def later_than(self, number: int, patience_s: float) -> Mapping[str, Any] | None:
        """Return the state as soon as it is newer than a number; None when it is not for that long."""
        if self.state["number"] == number:
            try:
                await asyncio.wait_for(self._news.wait(), patience_s)
            except TimeoutError:
                return None
        return self.state
