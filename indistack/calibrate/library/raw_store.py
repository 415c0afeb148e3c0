"""Where raw calibration frames are kept, group by group, so that their masters can be built again with more of them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import re
import shutil
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from indistack.calibrate.library.catalogue import RAW
from indistack.errors import CalibrationError, SinkError
from indistack.fits_header import camera_key
from indistack.system.atomic import atomic_file
from indistack.values.blob import Blob
from indistack.values.frame import Card, RawFrame

log = logging.getLogger(__name__)

CARDS = ".cards.json"
"""Ends the name of what the device told of a frame, beside the frame whose file does not say it."""

MADE = ".made.json"
"""What the group's master was made of."""

MIN_FREE_BYTES = 500_000_000


class Made(NamedTuple):
    """What a master was made of: the names of its frames, and what was subtracted from them."""

    frames: tuple[str, ...]
    base: str


def group_of(raw: RawFrame) -> str:
    """Return the name of the group of frames that make one master with this one: readable, and safe as a file name.

    Darks belong together by exposure and whole degrees, flats by filter, whole degrees of the rotator and night.

    Parameters
    ----------
    raw : RawFrame
        Only its facts and shape count.
    """
    info = raw.info
    facts: list[object] = [
        info.kind,
        camera_key(info.camera),
        f"{raw.width}x{raw.height}",
        raw.cfa or ("rgb" if raw.pixels.ndim == 3 else "mono"),
        "bin{}x{}".format(*info.binning),
        _known("gain", info.gain_setting),
        _known("offset", info.offset_setting),
        info.readout_mode.casefold(),
    ]
    if info.kind in ("dark", "darkflat"):
        facts += [_known("", info.exposure_s, "s"), _known("", _whole(info.temperature_c), "C")]
    if info.kind == "flat":
        night = info.date_obs and f"{info.date_obs - timedelta(hours=12):%Y%m%d}"  # from noon to noon, at Greenwich
        facts += [info.filter_name.casefold(), _known("rot", _whole(info.rotator_deg)), night]
    words = (re.sub(r"[^A-Za-z0-9.+-]+", "-", str(fact)).strip(".") for fact in facts if fact)
    mark = hashlib.blake2b(repr(facts).encode(), digest_size=3).hexdigest()
    return "_".join([*(word for word in words if word), mark])


def _known(name: str, value: float | None, unit: str = "") -> str:
    return "" if value is None else f"{name}{value:.4g}{unit}"


def _whole(value: float | None) -> float | None:
    return None if value is None else round(value) + 0.0


class RawStore:
    """Folders of raw frames, one per group. They may be all that there is of them: none goes unasked.

    Parameters
    ----------
    folder : Path
        Made when the first frame comes.
    max_frames : int
        Of a group that count for its master, the latest.
    max_bytes : int
        Of all groups; the oldest go. 0: none goes.
    """

    def __init__(self, folder: Path, max_frames: int, max_bytes: int) -> None:
        self.folder = folder
        self._max_frames = max_frames
        self._max_bytes = max_bytes

    def groups(self) -> list[str]:
        """Return the names of all groups."""
        return sorted(path.name for path in self.folder.iterdir() if path.is_dir()) if self.folder.is_dir() else []

    def frames(self, group: str) -> list[Path]:
        """Return the latest frames of a group, the oldest of them first: those that its master is made of."""
        return self._all_of(group)[-self._max_frames :]

    def last_s(self, group: str) -> float:
        """Return when the group's latest frame was written (seconds since 1970); 0 where it has none."""
        frames = self.frames(group)
        return frames[-1].stat().st_mtime if frames else 0.0

    def file(self, raw: RawFrame, blob: Blob) -> tuple[str, int]:
        """Keep a frame as it came; return its group and how many frames count for its master.

        The same frame is kept once. A file on the same disk is linked, not copied.

        Parameters
        ----------
        raw : RawFrame
            Only its facts and shape count.
        blob : Blob
            As it came.

        Raises
        ------
        CalibrationError
            `library_full` or `not_filed`: there is no room, or the disk refuses.
        """
        group = group_of(raw)
        date = f"{raw.info.date_obs:%Y%m%dT%H%M%S.%f}" if raw.info.date_obs else "undated"
        path = self.folder / group / f"{date}_{raw.fingerprint}{blob.suffix or '.fits'}"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                self._make_room(blob.size_bytes, group)
                _write(path, blob)
            return group, len(self.frames(group))
        except (OSError, SinkError) as error:
            raise CalibrationError("not_filed", f"the calibration library cannot keep it: {error}") from error

    def made_of(self, group: str) -> Made:
        """Return what the group's master was made of; nothing where there is none."""
        try:
            made = json.loads((self.folder / group / MADE).read_text(encoding="utf-8"))
            return Made(tuple(map(str, made["frames"])), str(made["base"]))
        except (OSError, ValueError, LookupError, TypeError):
            return Made((), "")

    def note_made(self, group: str, made: Made) -> None:
        """Remember what the group's master was made of."""
        with atomic_file(self.folder / group / MADE) as file:
            file.write(json.dumps(made._asdict()).encode())

    def _make_room(self, n_bytes: int, group: str) -> None:
        """Refuse a frame that the disk has no room for; where a bound is set, delete the oldest until it is kept."""
        if self._max_bytes:
            self._keep_bound(n_bytes, group)
        free = shutil.disk_usage(self.folder).free
        if free < MIN_FREE_BYTES + n_bytes or 0 < self._max_bytes < n_bytes:
            detail = f"no room for {n_bytes / 1e6:.0f} MB: {free / 1e9:.1f} GB are free"
            raise CalibrationError("library_full", detail, {"bytes": n_bytes, "free_bytes": free})

    def _keep_bound(self, n_bytes: int, group: str) -> None:
        """Delete the oldest frames, those of other groups first, until one more fits."""
        frames = [frame for each in self.groups() for frame in self._all_of(each)]
        sizes = {frame: frame.stat().st_size for frame in frames}
        others = _by_age(frame for frame in frames if frame.parent.name != group)
        own = [frame for frame in frames if frame.parent.name == group]
        for frame in (*others, *own):
            if sum(sizes.values()) + n_bytes <= self._max_bytes:
                break
            log.info("calibration library: %s goes, as calibrate.learn_max_gb says; its master stays", frame)
            _delete(frame)
            del sizes[frame]

    def _all_of(self, group: str) -> list[Path]:
        return _by_age(path for path in (self.folder / group).iterdir() if not path.name.startswith("."))


def raw_room(folder: Path) -> tuple[int, int]:
    """Return how many raw frames a library keeps, and the bytes that they take."""
    frames = [path for path in (folder / RAW).glob("*/*") if not path.name.startswith(".") and path.is_file()]
    return len(frames), sum(path.stat().st_size for path in frames)


def cards_of(path: Path) -> tuple[Card, ...]:
    """Return what the device told of a kept frame."""
    try:
        told = json.loads(_cards_path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    return tuple((keyword, value, comment) for keyword, value, comment in told)


def _cards_path(path: Path) -> Path:
    return path.with_name(f".{path.name}{CARDS}")


def _write(path: Path, blob: Blob) -> None:
    if blob.cards:
        with atomic_file(_cards_path(path)) as file:
            file.write(json.dumps(blob.cards).encode())
    if blob.path is not None:
        with contextlib.suppress(OSError):  # another disk, or one that knows no links
            os.link(blob.path, path)
            return
    with atomic_file(path) as file:
        file.write(blob.data)


def _delete(path: Path) -> None:
    path.unlink(missing_ok=True)
    _cards_path(path).unlink(missing_ok=True)


def _by_age(paths: Iterable[Path]) -> list[Path]:
    return sorted(paths, key=lambda path: (path.stat().st_mtime_ns, path.name))
