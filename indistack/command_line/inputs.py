"""Which subs are meant, in which order, and when they were taken where the files do not tell."""

from __future__ import annotations

import codecs
import csv
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from indistack.command_line.arguments import Options
from indistack.decode import DecodeSettings
from indistack.decode.taken import taken_at
from indistack.errors import SettingsError
from indistack.sources import expand, natural_key

SEPARATORS = ",;\t"
UTF_16 = codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE
"""How texts begin that PowerShell writes."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Inputs:
    """Subs.

    Attributes
    ----------
    files : list of Path
        In the order in which they are stacked.
    times : mapping
        When each was taken (UTC), of those of which a table tells.
    """

    files: list[Path]
    times: dict[Path, datetime]


def inputs_of(options: Options, settings: DecodeSettings) -> Inputs:
    """Return the subs that are meant.

    Raises
    ------
    SettingsError
        There are none, or a list or table cannot be read.
    """
    names = [*options.files, *(_listed(options.list) if options.list is not None else ())]
    if not names:
        raise SettingsError(["no subs: name files, folders or globs, or a text that lists them by --list"])
    files = expand(names, keep_missing=True)
    times = _times(options.times, files) if options.times is not None else {}
    if options.order == "name":
        files = sorted(files, key=natural_key)
    elif options.order == "time":
        files = _by_time(files, times, settings)
    return Inputs(files[:: options.every or 1], times)


def _listed(path: Path) -> list[Path]:
    """Return what a text lists, a name on every line; those after # are none."""
    lines = (_unquoted(line.strip(), path.parent) for line in _text(path, "--list").splitlines())
    return [path.parent / Path(line).expanduser() for line in lines if line and not line.startswith("#")]


def _unquoted(line: str, folder: Path) -> str:
    """Return a name without the quotes that some programs put around one with blanks, if no file is called so."""
    is_quoted = len(line) > 2 and line[0] == line[-1] and line[0] in "\"'"
    return line[1:-1] if is_quoted and not os.path.lexists(folder / line) else line


def _times(path: Path, files: list[Path]) -> dict[Path, datetime]:
    """Return what a table of names and times says of files; its first line may be a head."""
    lines = [line for line in _text(path, "--times").splitlines() if line.strip() and not line.startswith("#")]
    rows = list(csv.reader(lines, delimiter=_separator(lines), skipinitialspace=True))
    told: dict[str, datetime] = {}
    faults = []
    for number, row in enumerate(rows, 1):
        moment = _moment(row[1]) if len(row) > 1 else None
        if moment is not None:
            told[Path(row[0].strip()).name] = moment
        elif number > 1:
            faults.append(f"--times {path}, row {number}: {','.join(row)}: wanted is a name and a time,"
                          " as IMG_0001.JPG,2026-10-14T17:30:00")  # fmt: skip
    if faults:
        raise SettingsError(faults)
    known = {file: told[file.name] for file in files if file.name in told}
    if len(known) < len(files):
        log.warning("--times %s: tells nothing of %d of %d subs", path, len(files) - len(known), len(files))
    return known


def _separator(lines: list[str]) -> str:
    """Return what stands between the columns: spreadsheets write a comma, a semicolon or a tab, by their language."""
    return max(SEPARATORS, key=lambda each: sum(each in line for line in lines))


def _moment(word: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(word.strip())
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _by_time(files: list[Path], times: Mapping[Path, datetime], settings: DecodeSettings) -> list[Path]:
    """Sort by when a table or the file says that it was taken, else by when the file was written, and by name."""
    known = {file: times.get(file) or taken_at(file, settings) for file in files}
    silent = [file for file, taken in known.items() if taken is None]
    if silent:
        log.warning("%d of %d subs tell no time: when their files were written counts", len(silent), len(files))
    return sorted(files, key=lambda file: (known[file] or _written(file), natural_key(file)))


def _written(file: Path) -> datetime:
    try:
        return datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except OSError:  # told of when it is read
        return datetime.max.replace(tzinfo=UTC)


def _text(path: Path, option: str) -> str:
    try:
        data = path.read_bytes()
        return data.decode("utf-16" if data.startswith(UTF_16) else "utf-8-sig")
    except OSError as error:
        raise SettingsError([f"{option} {path}: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise SettingsError([f"{option} {path}: is no text in UTF-8"]) from error
