"""Makes what calibrates a run: the masters that the settings name, the library, and who learns new ones."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from indistack import __version__
from indistack.calibrate import (
    LIGHT_KINDS,
    CalibrateSettings,
    Calibrator,
    Chooser,
    DefectMaps,
    Learner,
    Library,
    Master,
    NamedFirst,
    NamedMasters,
    Reader,
    Workshop,
    load_master,
    load_masters,
    write_master,
)
from indistack.calibrate.masters import Progress, expand
from indistack.config import Config, jobs_of
from indistack.decode import decode
from indistack.decode.glance import glance
from indistack.errors import FrameError, SettingsError
from indistack.sources import read_blob
from indistack.sources.base import is_frame_name
from indistack.system.atomic import atomic_file
from indistack.system.data_folder import data_folder
from indistack.system.resources import give_back_memory
from indistack.system.workers import Workers
from indistack.values.frame import Card, Kind, RawFrame

log = logging.getLogger(__name__)

DEVICE = "calibration"

REMEDY = "let this user read it (chmod, chown), or name another folder with --library ('' for none)"
"""Of a library that cannot be read."""


def calibrator_factory(
    config: Config, library: Chooser | None = None, learns: bool = False
) -> Callable[[Workers], Calibrator]:
    """Return a function that loads or builds the named masters and makes the calibrator.

    It raises `SettingsError` when a file is missing, is no frame, or does not fit the others.

    Parameters
    ----------
    library : Chooser, optional
        Chooses the masters of kinds that are not named; beside it lie the maps of bad pixels.
    learns : bool
        Keep for the next night what the lights show of bad pixels.
    """
    maps = DefectMaps(defects_folder(config, library), read_only=not learns)

    def make(workers: Workers) -> Calibrator:
        try:
            masters = load_masters(Workshop(_reader(config), workers, config.calibrate))
        except FrameError as error:
            raise SettingsError([f"calibration frames: {error}"]) from error
        for master in masters.present():
            log.info("using %s", master.describe())
        named = NamedMasters(masters, config.calibrate)
        del masters
        give_back_memory()
        return Calibrator(config.calibrate, named if library is None else NamedFirst(named, library), workers, maps)

    return make


def named_files(config: Config) -> list[Path]:
    """Return the files of all masters and calibration frames that the settings name.

    Raises
    ------
    SettingsError
        A name matches no file.
    """
    named = {kind: getattr(config.calibrate, kind) for kind in ("dark", "flat", "bias", "darkflat")}
    return [path for kind, names in named.items() for path in expand(f"calibrate.{kind}", names, logging.DEBUG)]


def defects_folder(config: Config, library: Chooser | None) -> Path | None:
    """Return where maps of bad pixels are kept: beside the library, None without one."""
    folder = library_folder(config.calibrate) if library is not None else None
    return None if folder is None else folder / "defects"


def library_folder(settings: CalibrateSettings) -> Path | None:
    """Return the library's folder, None where it is off."""
    if settings.library != "auto":
        return Path(settings.library).expanduser() if settings.library else None
    return data_folder() / "calibration"


def library_fault(folder: Path) -> str:
    """Say why a library's folder cannot be read, "" where it can, or where none is there yet."""
    try:
        with os.scandir(folder):
            (folder / "any").stat()  # to list it is one permission, to enter it another
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"{folder}: {error.strerror}"
    return ""


def library_of(config: Config) -> Library | None:
    """Return the library for kinds of masters that the settings do not name; None where it is off or cannot be read."""
    named = config.calibrate
    kinds = [kind for kind in LIGHT_KINDS if not getattr(named, kind)]
    folder = library_folder(named)
    if folder is not None and (fault := library_fault(folder)):
        log.warning("calibration library: %s; nothing is taken from it or learned: %s", fault, REMEDY)
        return None
    if named.library != "auto" and folder is not None and not folder.is_dir():
        log.warning("calibration library: there is no folder %s yet", folder)
    if named.dark:  # a bias beside it would only serve to scale it: who wants that names both
        kinds = [kind for kind in kinds if kind != "bias"]
    return _library(config, kinds)


def learner_of(config: Config, library: Library | None, clock: Callable[[], float] = time.monotonic) -> Learner | None:
    """Return who files calibration frames and builds their masters; None where that is off."""
    bases = _library(config, ())
    if library is None or bases is None or not config.calibrate.learn:
        return None

    def recall(path: Path, cards: tuple[Card, ...]) -> RawFrame:
        return decode(replace(read_blob(path, DEVICE), cards=cards), config.decode)

    return Learner(library, bases, config.calibrate, recall, clock)


def build_master(
    config: Config, kind: Kind, files: Sequence[Path], path: Path, progress: Progress,
    tell: Callable[[str], None], force: bool,
) -> Master:  # fmt: skip
    """Build a master from raw frames and write it.

    What the settings name as dark-flat, else as dark, else as bias, is taken off flats.

    Raises
    ------
    FrameError
        The frames do not belong together, or none is usable.
    SettingsError
        A name matches no file.
    SinkError
        The file cannot be written.
    """
    with Workers(jobs_of(config.stack)) as workers:
        shop = Workshop(_reader(config), workers, config.calibrate, progress, tell, force)
        base = _base(shop) if kind == "flat" else None
        master = load_master(kind, files, shop, base)
    with atomic_file(path) as file:
        write_master(file, master)
    return master


def _base(shop: Workshop) -> Master | None:
    kinds: tuple[Kind, ...] = ("darkflat", "dark", "bias")
    for kind in kinds:
        if names := getattr(shop.settings, kind):
            return load_master(kind, expand(f"calibrate.{kind}", names), shop)
    return None


def _library(config: Config, kinds: Sequence[Kind]) -> Library | None:
    folder, read = library_folder(config.calibrate), _reader(config)
    if folder is None:
        return None

    def look(path: Path) -> RawFrame:
        return glance(path, config.decode) or read(path)

    reader = Reader(read, look, is_frame_name, f"{__version__} {config.decode.model_dump_json()}")
    return Library(folder, config.calibrate, reader, kinds, bool(config.calibrate.bias))


def _reader(config: Config) -> Callable[[Path], RawFrame]:
    def read(path: Path) -> RawFrame:
        return decode(read_blob(path, DEVICE), config.decode)

    return read
