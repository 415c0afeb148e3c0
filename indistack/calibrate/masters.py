"""Finds calibration files, and loads masters or builds them from the raw frames that belong together."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

import numpy as np

from indistack.calibrate.base import CalibrateSettings, Master, Masters
from indistack.calibrate.combine import combine
from indistack.calibrate.fit import FrameFacts, compare, in_words
from indistack.calibrate.master_file import count_of, is_master
from indistack.calibrate.vet import require_numbers, require_plausible
from indistack.errors import CalibrationError, FrameError, SettingsError
from indistack.fits_header import index, text_fact
from indistack.system.globs import is_glob, matches
from indistack.system.workers import Workers
from indistack.values.frame import FloatArray, Kind, RawFrame

_log = logging.getLogger(__name__)

Decode = Callable[[Path], RawFrame]
Progress = Callable[[str, int, int], None]
"""Called with the kind, the frames done and the frames to do."""

STAND_INS: dict[Kind, tuple[Kind, ...]] = {"darkflat": ("dark", "bias")}
"""What a kind may be labelled as, too: most programs know no dark-flats."""


def _warn(text: str) -> None:
    _log.warning("calibration: %s", text)


@dataclass(frozen=True, slots=True)
class Workshop:
    """What it takes to make masters.

    Attributes
    ----------
    decode : callable
        Path -> `RawFrame`; raises `DecodeError`.
    tell : callable
        Gets a sentence about every frame that is left out, and about every doubt.
    force : bool
        Combine what is given: neither labels, nor facts but the geometry, nor pixels are questioned.
    in_memory_bytes : int or None
        As in `combine`.
    """

    decode: Decode
    workers: Workers
    settings: CalibrateSettings = field(default_factory=CalibrateSettings)
    progress: Progress | None = None
    tell: Callable[[str], None] = _warn
    force: bool = False
    in_memory_bytes: int | None = None


def load_masters(shop: Workshop) -> Masters:
    """Load or build everything that the settings name.

    Raises
    ------
    SettingsError
        A name matches no file.
    FrameError
        A file cannot be decoded, or the files of one kind do not fit together.
    """
    named = shop.settings
    files: dict[Kind, list[Path]] = {
        "bias": expand("calibrate.bias", named.bias),
        "darkflat": expand("calibrate.darkflat", named.darkflat),
        "dark": expand("calibrate.dark", named.dark),
    }
    masters = {kind: load_master(kind, paths, shop) for kind, paths in files.items() if paths}
    if flats := expand("calibrate.flat", named.flat):
        masters["flat"] = load_master("flat", flats, shop, masters.get("darkflat") or masters.get("bias"))
    return Masters(masters.get("dark"), masters.get("flat"), masters.get("bias"))


def expand(setting: str, names: Iterable[str], level: int = logging.WARNING) -> list[Path]:
    """Return the files that paths, folders and globs mean, in order of their names.

    Empty folders, and globs that match nothing, are told (at `level`) and passed over while others give some.

    Raises
    ------
    SettingsError
        One fault for every name that matches nothing.
    """
    found: list[Path] = []
    faults: list[str] = []
    empty: list[str] = []
    for name in names:
        path = Path(name).expanduser()
        if path.is_dir():
            files = sorted(item for item in path.iterdir() if item.is_file() and not item.name.startswith("."))
        else:
            files = [path] if path.is_file() else sorted(matches(path))
        if not files:
            optional = path.is_dir() or is_glob(path)
            (empty if optional else faults).append(f"{setting}: no file matches {name!r}")
        found += files
    if faults or (empty and not found):
        raise SettingsError([*faults, *empty])
    for text in empty:
        _log.log(level, "%s; passed over", text)
    return found


def load_master(kind: Kind, files: Sequence[Path], shop: Workshop, base: Master | None = None) -> Master:
    """Load one master file, or combine raw frames.

    A single file that is a master already is taken as it is, so a master flat must be free of its bias. Raw flats lose
    `base` (dark-flat, bias, or a dark of their exposure), or else the level that the camera is known to record without
    light. Frames that are not what they should be are left out, each with the reason told.

    Raises
    ------
    FrameError
        `master_mismatch`: the frames belong to different masters. `no_frames`: all were left out. `damaged`: no numbers
        that a master can have. Or a file cannot be decoded.
    """
    if len(files) == 1:
        frame = _decode(files[0], shop)
        if is_master(frame, files[0].name):
            _tell_other_kind(kind, frame, files[0], shop)
            pixels = np.array(frame.pixels, np.float32)
            require_numbers(kind, pixels)
            return Master(pixels, kind, frame.cfa, frame.info, count_of(frame), files[0].name)
    used: list[str] = []
    usable = _usable(kind, files, shop, used)
    first = next(usable)
    subtract = _subtrahend(first, base, shop) if kind == "flat" else 0.0
    master = combine(
        kind, chain([first], usable), len(files), "", shop.workers, shop.settings, subtract, shop.in_memory_bytes
    )  # fmt: skip
    return replace(master, source=used[0] if len(used) == 1 else f"{used[0]} ... {used[-1]}")


def _decode(path: Path, shop: Workshop) -> RawFrame:
    try:
        return shop.decode(path)
    except FrameError as error:
        raise CalibrationError(error.reason, f"{path}: {error.detail}", error.numbers) from error


def _usable(kind: Kind, files: Sequence[Path], shop: Workshop, used: list[str]) -> Iterator[RawFrame]:
    """Yield the frames that belong to this master; their names are appended to `used`."""
    first: RawFrame | None = None
    fault = ""
    for done, path in enumerate(files, 1):
        if shop.progress is not None:
            shop.progress(kind, done, len(files))
        try:
            frame = shop.decode(path)
            if not shop.force:
                _require_kind(kind, frame)
        except FrameError as error:
            fault = error.detail
            shop.tell(f"{path.name} is left out: {fault}")
            continue
        if first is not None:
            _require_agreement(kind, frame, first, path, shop)
        first = first or frame
        used.append(path.name)
        yield frame
    if first is None:
        raise CalibrationError("no_frames", f"none of {len(files)} files is a usable {kind}: {fault}")


def _require_kind(kind: Kind, frame: RawFrame) -> None:
    """Raise when this is no raw frame of this kind."""
    said = frame.info.kind
    labelled = bool(text_fact(index(frame.info.header), "kind")) or said != "light"
    if labelled and said not in (kind, *STAND_INS.get(kind, ())):
        raise CalibrationError(f"not_a_{kind}", f"its header says that it is a {said}")
    if count_of(frame) > 1:
        raise CalibrationError(f"not_a_{kind}", f"a master of {count_of(frame)} frames, not a raw frame")
    require_plausible(kind, frame)


def _require_agreement(kind: Kind, frame: RawFrame, first: RawFrame, path: Path, shop: Workshop) -> None:
    """Raise `master_mismatch` where the frames were not taken alike; a temperature that drifts is only told."""
    comparison = compare(FrameFacts.of(frame, kind), FrameFacts.of(first), shop.settings)
    try:
        comparison.require_geometry(kind)
    except CalibrationError as error:
        raise CalibrationError(error.reason, f"{path.name}: {error.detail}", error.numbers) from error
    if shop.force:
        return
    differences = comparison.differences
    warm = differences.pop("temperature", None)
    if warm is not None:
        shop.tell(f"{path.name} was taken at {warm[0]}, the first {kind} at {warm[1]}")
    if differences:
        reasons = in_words(differences, "the first")
        raise CalibrationError("master_mismatch", f"{path.name} belongs to another master {kind}: {reasons}")


def _subtrahend(flat: RawFrame, base: Master | None, shop: Workshop) -> FloatArray | float:
    """Return what raw flats contain besides their light (ADU)."""
    if base is not None:
        compare(FrameFacts.of(base, base.kind), FrameFacts.of(flat), shop.settings).require_geometry(
            f"master {base.kind}"
        )
        return base.pixels
    if not flat.info.black_adu and flat.pixels.dtype.kind == "u":
        shop.tell("flat: without a dark-flat, a bias or a known black level it corrects too little")
    return flat.info.black_adu


def _tell_other_kind(kind: Kind, frame: RawFrame, path: Path, shop: Workshop) -> None:
    if frame.info.kind not in ("light", kind, *STAND_INS.get(kind, ())):
        shop.tell(f"{path.name} is used as a {kind}, but its header says that it is a {frame.info.kind}")
