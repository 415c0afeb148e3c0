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
from indistack.calibrate.library.build_queue import BuildQueue
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

LATE = "masters are still being built: this frame is calibrated without the newest"

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
        self._store = RawStore(library.folder / RAW, settings.learn_frames, int(settings.learn_max_gb * 1e9))
        self._queue = BuildQueue(clock)
        self._thread = threading.Thread(target=self._work, name="learn", daemon=True)

    def start(self) -> None:
        """Begin to build, first what was left undone; call it once."""
        _sweep(self._library.folder)
        try:
            unmade = [group for group in self._store.groups() if self._is_unmade(group)]
        except OSError as error:
            log.warning("calibration library: %s: %s", self._store.folder, error.strerror)
            unmade = []
        self._queue.add(unmade)
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
        self._queue.expect_more(group, raw.info.exposure_s or 0.0)
        return Filed(kind, SubReport(filed=FiledFrame(group, count)), f"frame {count} of {group}")

    def choose(self, raw: RawFrame) -> MasterChoice:
        """Return the masters for a light; the first one waits a while for masters that are being built.

        Parameters
        ----------
        raw : RawFrame
            The light; only its facts and shape count.
        """
        self._queue.wait_once(self._settings.learn_wait_s)
        choice = self._library.choose(raw)
        return choice if self._queue.is_idle() else replace(choice, warnings=(*choice.warnings, LATE))

    def status(self) -> dict[str, object]:
        """Return what is being built and what is to be built."""
        return self._queue.status()

    def close(self) -> None:
        """Build what takes no time, and end; the rest is built at the next start."""
        self._queue.wait(self._settings.learn_wait_s)
        self._queue.close()
        self._thread.join(CLOSE_S)

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
            while group := self._queue.next():
                try:
                    self._build(group, workers)
                except _ClosingError:
                    return
                except (IndistackError, OSError) as error:
                    log.warning("calibration library: no master of %s: %s", group, error)
                except Exception:  # the top of a thread: the next group may do better
                    log.exception("a bug in indistack; no master of %s", group)

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
        if self._queue.is_closing:
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
        self._queue.add(recent)


def _sweep(folder: Path) -> None:
    """Remove what a power cut has left of files that were being written."""
    for path in folder.rglob(".*.tmp"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > STALE_S:
                path.unlink()
