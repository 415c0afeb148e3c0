"""Files calibration frames that arrive and builds their masters, in a thread of its own."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from indistack.calibrate.base import CalibrateSettings, Master, MasterChoice
from indistack.calibrate.fit import FrameFacts
from indistack.calibrate.library.catalogue import RAW
from indistack.calibrate.library.choice import Library
from indistack.calibrate.library.raw_store import Made, RawStore, cards_of
from indistack.calibrate.master_file import write_master
from indistack.calibrate.masters import Workshop, load_master
from indistack.calibrate.vet import require_plausible
from indistack.errors import CalibrationError, IndistackError
from indistack.system.atomic import atomic_file
from indistack.system.workers import Workers
from indistack.values.blob import Blob
from indistack.values.frame import Card, RawFrame
from indistack.values.outcome import Filed
from indistack.values.sub_parts import FiledFrame
from indistack.values.sub_report import SubReport

log = logging.getLogger(__name__)

LEARNED = "learned"
"""Folder of the masters that were built here."""

MIN_FRAMES = 3
"""Fewer make no master: nothing could be rejected."""

WORTH = 2
"""A master is not replaced by one of less than half its frames: the others may have gone for want of room."""

QUIET_S = 10.0
"""A master is built when no frame of its group has come for that long beyond twice the exposure; at once when one of
another group comes, or a light."""

LATE = "masters are still being built: this frame is calibrated without the newest"
POLL_S = 0.5

RECENT_S = 86_400.0
"""Flats of the last day are made anew when a better dark-flat or bias for them has come."""

CLOSE_S = 2.0
STALE_S = 3600.0
IN_MEMORY_BYTES = 100_000_000
NICE = 10

Recall = Callable[[Path, tuple[Card, ...]], RawFrame]
"""Decodes a kept frame, given what the device told of it."""


class _ClosingError(Exception):
    """The agent ends while a master is being built; it is built at the next start."""


class Learner:
    """Takes calibration frames into a library, and chooses from it for lights.

    A frame that is what its label says is kept as it came, under ``raw/GROUP/``; the master of the group is built anew
    when no more have come for a while, or a light waits for it. Every file appears whole or not at all, and what is not
    built when the power goes is built at the next start.

    Parameters
    ----------
    library : Library
        Gets the masters, and is asked for those of lights.
    bases : Library
        The same folder, asked from the building thread what to subtract from flats.
    settings : CalibrateSettings
        How much is kept, and how masters are built.
    recall : callable
        Decodes a kept frame.
    clock : callable
        Seconds that only go on.
    """

    def __init__(
        self,
        library: Library,
        bases: Library,
        settings: CalibrateSettings,
        recall: Recall,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._library = library
        self._bases = bases
        self._settings = settings
        self._recall = recall
        self._clock = clock
        self._store = RawStore(library.folder / RAW, settings.learn_frames, int(settings.learn_max_gb * 1e9))
        self._due_s: dict[str, float] = {}
        self._building = ""
        self._patient, self._hurried, self._closing = True, False, False
        self._change = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="learn", daemon=True)

    def start(self) -> None:
        """Begin to build, first what was left undone; call it once."""
        _sweep(self._library.folder)
        try:
            unmade = [group for group in self._store.groups() if self._is_unmade(group)]
        except OSError as error:
            log.warning("calibration library: %s: %s", self._store.folder, error.strerror)
            unmade = []
        self._due_s = dict.fromkeys(unmade, self._clock())
        self._thread.start()

    def learn(self, raw: RawFrame, blob: Blob) -> Filed:
        """Keep a calibration frame; its master follows.

        Parameters
        ----------
        raw : RawFrame
            A dark, flat, bias or dark-flat; unchanged.
        blob : Blob
            As it came.

        Raises
        ------
        CalibrationError
            `not_a_dark` and the like, `not_linear`, `library_full`, `not_filed`.
        """
        kind = raw.info.kind
        if not raw.info.linear:
            raise CalibrationError("not_linear", f"a {kind} whose values have passed a tone curve")
        require_plausible(kind, raw)
        group, count = self._store.file(raw, blob)
        now_s = self._clock()
        with self._change:
            self._due_s = dict.fromkeys(self._due_s, now_s) | {
                group: now_s + QUIET_S + 2 * (raw.info.exposure_s or 0.0)
            }
            self._change.notify_all()
        return Filed(kind, SubReport(filed=FiledFrame(group, count)), f"frame {count} of {group}")

    def choose(self, raw: RawFrame) -> MasterChoice:
        """Return the masters for a light; the first one waits a while for masters that are being built.

        Parameters
        ----------
        raw : RawFrame
            The light; only its facts and shape count.
        """
        if self._patient and not self._wait(self._settings.learn_wait_s):
            self._patient = False
        choice = self._library.choose(raw)
        with self._change:
            is_late = bool(self._due_s or self._building)
        return replace(choice, warnings=(*choice.warnings, LATE)) if is_late else choice

    def status(self) -> dict[str, object]:
        """Return what is being built and what is to be built."""
        with self._change:
            return {"building": self._building, "due": sorted(self._due_s)}

    def close(self) -> None:
        """Build what takes no time, and end; the rest is built at the next start."""
        self._wait(self._settings.learn_wait_s)
        with self._change:
            self._closing = True
            self._change.notify_all()
        self._thread.join(CLOSE_S)

    def _wait(self, timeout_s: float) -> bool:
        """Have everything built now; return whether it is, within the time."""
        with self._change:
            self._hurried = True
            self._change.notify_all()
            return self._change.wait_for(lambda: not self._due_s and not self._building, timeout_s)

    def _is_unmade(self, group: str) -> bool:
        """Return whether there are frames that the group's master does not hold."""
        return not {path.name for path in self._store.frames(group)} <= set(self._made_of(group).frames)

    def _made_of(self, group: str) -> Made:
        """Return what the master that is there was made of; a deleted one holds nothing."""
        return self._store.made_of(group) if self._master_path(group).is_file() else Made((), "")

    def _master_path(self, group: str) -> Path:
        return self._library.folder / LEARNED / f"{group}.fits"

    def _work(self) -> None:
        with contextlib.suppress(OSError):  # of this thread alone, where the system knows that
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        with Workers(1) as workers:
            while group := self._next():
                try:
                    self._build(group, workers)
                except _ClosingError:
                    return
                except (IndistackError, OSError) as error:
                    log.warning("calibration library: no master of %s: %s", group, error)
                except Exception:  # the top of a thread: the next group may do better
                    log.exception("a bug in indistack; no master of %s", group)

    def _next(self) -> str:
        """Return the group to build next, flats after what is subtracted from them; "" at the end."""
        with self._change:
            self._building = ""
            while not self._closing:
                if not self._due_s:
                    self._patient, self._hurried = True, False
                self._change.notify_all()
                now_s = self._clock()
                ripe = [group for group, due_s in self._due_s.items() if self._hurried or now_s >= due_s]
                if ripe:
                    self._building = min(ripe, key=lambda group: (group.startswith("flat"), group))
                    del self._due_s[self._building]
                    return self._building
                self._change.wait(POLL_S if self._due_s else None)
        return ""

    def _build(self, group: str, workers: Workers) -> None:
        """Build a group's master, unless it is made of the same already."""
        frames = self._store.frames(group)
        if len(frames) < MIN_FRAMES:
            log.info("calibration library: %d of %d frames for a master of %s", len(frames), MIN_FRAMES, group)
            return
        first = self._read(frames[0])
        kind = first.info.kind
        base = self._bases.base_for(FrameFacts.of(first)) if kind == "flat" else None
        made = Made(tuple(path.name for path in frames), base.describe() if base is not None else "")
        before = self._made_of(group)
        if made == before or WORTH * len(frames) < len(before.frames):
            return
        shop = Workshop(
            self._read, workers, self._settings, self._go_on, force=True, in_memory_bytes=IN_MEMORY_BYTES
        )  # fmt: skip
        master = replace(load_master(kind, frames, shop, base), source=group)
        self._publish(group, master)
        self._store.note_made(group, made)
        log.info("calibration library: built %s", master.describe())
        if kind != "flat":
            self._review_flats()

    def _read(self, path: Path) -> RawFrame:
        return self._recall(path, cards_of(path))

    def _go_on(self, *_: object) -> None:
        if self._closing:
            raise _ClosingError

    def _publish(self, group: str, master: Master) -> None:
        path = self._master_path(group)
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(path) as file:
            write_master(file, master)
        self._library.refresh()
        self._bases.refresh()

    def _review_flats(self) -> None:
        """Look at recent flats again: there may be something better to subtract from them."""
        since_s = time.time() - RECENT_S
        flats = [group for group in self._store.groups() if group.startswith("flat")]
        recent = [group for group in flats if self._store.last_s(group) >= since_s]
        with self._change:
            self._due_s = dict.fromkeys(recent, self._clock()) | self._due_s  # of some there are more to come


def _sweep(folder: Path) -> None:
    """Remove what a power cut has left of files that were being written."""
    for path in folder.rglob(".*.tmp"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > STALE_S:
                path.unlink()
