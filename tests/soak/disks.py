"""The disk is full, read-only, gone or slow while frames come."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

from indistack.store.session_folders import SessionFolders
from indistack.store.session_reader import PastSession
from indistack.values.blob import Blob
from tests.pipeline.night import blob_of, make_sky
from tests.pipeline.sessions import agent_of
from tests.soak.figures import Clock, Figures

SUBS, SIZE_MB, PATIENCE_S = 8, 8, 60.0
TRIES, PAUSE_S, SLOW_S = 100, 0.02, 0.3

AT_FIRST = ("read-only",)
"""Only before the first line; `_cover` does it later."""

Trouble = Callable[[Path], object]


def _fill(out: Path) -> None:
    with contextlib.suppress(OSError), (out / "filler").open("wb") as file:
        while True:
            file.write(bytes(4096))


def _make_room(out: Path) -> None:
    (out / "filler").unlink()


def _lock(out: Path) -> None:
    for _ in range(TRIES):  # not while a file is open for writing
        if subprocess.run(["mount", "-o", "remount,ro", out], capture_output=True, check=False).returncode == 0:
            return
        time.sleep(PAUSE_S)
    raise OSError("the disk stays busy")


def _unlock(out: Path) -> None:
    subprocess.run(["mount", "-o", "remount,rw", out], check=True)


def _remove(out: Path) -> None:
    for path in out.iterdir():
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def _refuse(*_: object) -> None:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))


LOCKED_LEDGER = mock.patch("indistack.store.ledger._write", _refuse)
"""A kernel that locks a disk for its faults locks open files, too; `mount` leaves these alone."""


def _cover(out: Path) -> None:
    """Lay a locked view of the disk over it, as it cannot be locked while a file is open."""
    subprocess.run(["mount", "--bind", out, out], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", out], check=True)
    LOCKED_LEDGER.start()


def _uncover(out: Path) -> None:
    LOCKED_LEDGER.stop()
    subprocess.run(["umount", "-l", out], check=True)


def _wait_and_sync(handle: int, sync: Callable[[int], None] = os.fsync) -> None:
    time.sleep(SLOW_S)
    sync(handle)


SLOW_DISK = mock.patch("os.fsync", _wait_and_sync)

CASES: dict[str, tuple[Trouble, Trouble]] = {
    "full": (_fill, _make_room),
    "read-only": (_lock, _unlock),
    "locked": (_cover, _uncover),
    "emptied": (_remove, lambda _: None),
    "slow": (lambda _: SLOW_DISK.start(), lambda _: SLOW_DISK.stop()),
}


def why_not() -> str:
    """Say why no disk can be made here, "" where one can."""
    return "" if os.geteuid() == 0 and shutil.which("mount") else "only root can mount a small disk"


def soak(folder: Path, clock: Clock) -> Figures:
    """Bring each trouble over a small disk in the middle of a night, for some subs, at another place each round."""
    figures = Figures("disk full, locked, gone, slow", note=why_not())
    rounds = 0
    while not figures.note and not clock.is_over():
        for name, trouble in CASES.items():
            try:
                with _small_disk(folder / f"{rounds}-{name}") as out:
                    _night(figures, out, name, trouble, begin=0 if name in AT_FIRST else rounds % SUBS)
            except OSError as error:
                figures.note = f"left out: {error}"
        rounds += 1
    figures.note = figures.note or f"{rounds} rounds of {', '.join(CASES)}"
    return figures


@contextlib.contextmanager
def _small_disk(out: Path) -> Iterator[Path]:
    out.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "soak", out], capture_output=True)
    if done.returncode:
        raise OSError(done.stderr.decode().strip())
    try:
        yield out
    finally:
        subprocess.run(["umount", "-l", out], check=False)


def _night(figures: Figures, out: Path, name: str, trouble: tuple[Trouble, Trouble], begin: int) -> None:
    sky = make_sky(width_px=160, height_px=120, n_stars=60, mag_max=11.0)
    blobs = [blob_of(sky.expose(), f"{number}.fits") for number in range(SUBS)]
    agent, stop = agent_of(out, [], endless=True), threading.Event()
    taken, seen = agent._blobs.take, []

    def take(blob: Blob, number: int = 0) -> None:
        if len(seen) == begin:
            trouble[0](out)
        seen.append(blob)
        taken(blob, number)
        if len(seen) == min(begin + 3, SUBS):
            trouble[1](out)
            agent._journal.look_again(at_once=True)

    agent._blobs.take = take  # type: ignore[method-assign]
    worker = threading.Thread(target=agent.run, args=(stop,))
    worker.start()
    for blob in blobs:
        agent.send(blob)  # type: ignore[arg-type]
    end_s = time.monotonic() + PATIENCE_S
    while len(seen) < SUBS and worker.is_alive() and time.monotonic() < end_s:
        time.sleep(0.02)
    stop.set()
    worker.join(PATIENCE_S)
    figures.tries += 1
    figures.delivered += SUBS
    lines = {
        (session.name, one.number) for session in SessionFolders(out).all() for one in PastSession(session).lights()
    }
    figures.lines += len(lines)
    if worker.is_alive() or len(lines) != SUBS:
        figures.faults.append(
            f"{name} from sub {begin + 1}: {len(lines)} lines, {len(seen)} of {SUBS} frames were taken"
        )
