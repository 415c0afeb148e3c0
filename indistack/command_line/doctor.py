"""Examines whether this machine is ready for a night."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from indistack.command_line.doctor_indi import examine_indi
from indistack.command_line.finding import BAD, GOOD, WARN, Finding
from indistack.config import Config
from indistack.errors import SettingsError
from indistack.indi.library import BUNDLED
from indistack.output.destinations import require_folder
from indistack.pipeline.calibrators import REMEDY, library_fault, library_folder, library_of
from indistack.solve import find_program
from indistack.system.resources import available_bytes

CLIENT = "pyindi-client"

MESSAGES = "apprise"

BUS = "dbus-fast"

PACKAGES = ("numpy", "astropy", "opencv-python-headless", "rawpy", "pydantic", "rich", CLIENT)

MIN_FREE_GB = 2.0
MIN_MEMORY_GB = 1.5
"""A 24 MP colour stack takes about 1 GB."""


def examine(config: Config, folder: Path, faults: Sequence[str] = ()) -> Iterator[Finding]:
    """Yield what was found about settings, Python, packages, memory, disk, the calibration library, a solver, and INDI.

    `faults` are what is wrong with the settings.
    """
    yield from (Finding(BAD, "settings", fault) for fault in faults)
    yield _python()
    yield from (_package(name) for name in PACKAGES)
    yield _memory()
    yield from _disk(folder)
    yield _calibration(config)
    yield _solver(config)
    yield from _messages(config)
    yield from _ekos(config)
    yield from examine_indi(config)


def _python() -> Finding:
    mark = GOOD if sys.version_info >= (3, 11) else BAD
    return Finding(mark, "Python", f"{platform.python_version()} on {platform.machine()}")


def _package(name: str) -> Finding:
    """Look a package up where it is imported from; a wheel of ours brings the client library itself."""
    path = [str(BUNDLED), *sys.path] if name == CLIENT else sys.path
    found = next(iter(importlib.metadata.distributions(name=name, path=path)), None)
    return Finding(GOOD, name, found.version) if found else Finding(BAD, name, "not installed")


def _memory() -> Finding:
    available_gb = available_bytes() / 1e9
    mark = GOOD if available_gb >= MIN_MEMORY_GB else WARN
    return Finding(mark, "memory", f"{available_gb:.1f} GB can be taken")


def _disk(folder: Path) -> Iterator[Finding]:
    try:
        require_folder(folder)
        yield Finding(GOOD, "output", f"{folder} can be written")
    except SettingsError as error:
        yield Finding(BAD, "output", str(error))
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    free_gb = shutil.disk_usage(place).free / 1e9
    yield Finding(GOOD if free_gb >= MIN_FREE_GB else WARN, "disk", f"{free_gb:.1f} GB free at {place}")


def _calibration(config: Config) -> Finding:
    library, folder = library_of(config), library_folder(config.calibrate)
    if library is None or folder is None:
        fault = library_fault(folder) if folder is not None else ""
        return Finding(WARN if fault else GOOD, "calibration library", f"{fault}: {REMEDY}" if fault else "off")
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    if not os.access(place, os.W_OK):
        return Finding(WARN, "calibration library", f"{folder} cannot be written: nothing is learned")
    return Finding(GOOD, "calibration library", f"{len(library.entries())} masters in {folder}")


def _solver(config: Config) -> Finding:
    if config.solve.program == "off":
        return Finding(GOOD, "plate solver", "off")
    found = find_program(config.solve)
    if found is None:
        why = (
            "scale, orientation and WCS are the header's (Debian: astrometry.net with astrometry-data-tycho2, or astap)"
        )
        return Finding(GOOD if config.solve.program == "auto" else WARN, "plate solver", f"not installed: {why}")
    return Finding(GOOD, "plate solver", f"{found[0]}, {found[1]}")


def _messages(config: Config) -> Iterator[Finding]:
    """Look whether those can be told who are to be; only how many is said, as their addresses hold passwords."""
    if not config.notify.urls:
        return
    if importlib.util.find_spec(MESSAGES) is None:
        yield Finding(WARN, "messages", f"{MESSAGES} is not installed: nobody is told; pip install {MESSAGES}")
    else:
        yield Finding(GOOD, "messages", f"by {MESSAGES}, to {len(config.notify.urls)}")


def _ekos(config: Config) -> Iterator[Finding]:
    """Look whether Ekos can be listened to, where that is wanted."""
    ekos = config.ekos
    is_wanted = ekos.enabled and (ekos.stop_at_goal or ekos.files or ekos.disturbed == "hold")
    if importlib.util.find_spec(BUS.replace("-", "_")) is not None:
        yield Finding(GOOD, "Ekos' session bus", "listened to" if ekos.enabled else "off")
    elif is_wanted:
        yield Finding(WARN, "Ekos' session bus", f"{BUS} is not installed: Ekos is not heard; pip install {BUS}")
