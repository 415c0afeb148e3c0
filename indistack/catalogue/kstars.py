"""What KStars has on the disk: stars with colours and names as text, deeper stars in its own form, deep-sky objects.

The binary form is described by its own header: fields with a size and a scale, an index of triangles, records.
"""

from __future__ import annotations

import gzip
import re
import sqlite3
import struct
import zlib
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import numpy as np

from indistack.catalogue.contents import EPOCH_YEAR, NamedPlaces, Row, Stars
from indistack.errors import SettingsError
from indistack.values.frame import DoubleArray

SYSTEM = Path("/usr/share/kstars")
"""Where Debian's package ``kstars-data`` puts it."""

STARS, DEEP_STARS, OBJECTS = "stars.dat", "deepstars.dat", "OpenNGC.kscat"
"""Hipparcos and Tycho to magnitude 9 and their names; Tycho-2 to 12, which KStars gets on demand; NGC, IC, Messier."""

LICENCES = {
    STARS: "KStars stars.dat: Hipparcos and Tycho catalogues (ESA), public domain; compilation GPL-2+",
    DEEP_STARS: "KStars deepstars.dat: Tycho-2 (Hog et al. 2000), free for use with its source named; file GPL-2+",
    OBJECTS: "KStars OpenNGC.kscat: OpenNGC (Mattia Verga), CC BY-SA 4.0",
}

HEADER, FIELD, ENTRY = 124, struct.Struct("<10sBBi"), struct.Struct("<III")
BYTE_ORDER = 0x4B53
"""Bytes of text before the binary part; a field of a record; an entry of the index; the mark of the byte order."""

BRIGHTEST_NAMED = 6.5
"""Fainter stars go by their proper name only."""

STAR_TYPES = (0, 1, 17)
"""Objects of KStars that are stars after all, or double ones; those of Messier's list are kept."""

_OTHER_LIST = re.compile(r"\s*(NGC|IC|PGC|UGC|MCG|MWSC|LBN|Sh2|Cr|Mel|ESO|GC)\b.*")


def stars_of_text(path: Path) -> tuple[Stars, NamedPlaces]:
    """Read ``stars.dat``: columns of fixed width, then after a comma the names.

    Raises
    ------
    SettingsError
        It is no such file.
    """
    try:
        text = (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()).decode("latin-1")
        lines = [line for line in text.splitlines() if line[:1] not in ("", "#")]
        table = np.array([_numbers(line) for line in lines], np.float64).reshape(-1, 6)
    except (ValueError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SettingsError([f"{path}: not as KStars writes it: {error}"]) from error
    ra_deg, dec_deg = _moved(table[:, 0], table[:, 1], table[:, 2:4] / 1000)
    names = np.array([_name(line, mag) for line, mag in zip(lines, table[:, 4], strict=True)], "U32")
    named = np.char.str_len(names) > 0
    places = NamedPlaces(names, ra_deg, dec_deg, table[:, 4], np.zeros(len(lines)))
    return Stars(ra_deg, dec_deg, table[:, 4], table[:, 5]).known(), places.chosen(named)


def _numbers(line: str) -> tuple[float, ...]:
    """Return RA and Dec (deg), motions (mas a year), V and B-V of a line."""
    ra_deg = 15 * (int(line[0:2]) + int(line[2:4]) / 60 + float(line[4:9]) / 3600)
    dec_deg = int(line[11:13]) + int(line[13:15]) / 60 + float(line[15:19]) / 3600
    sign = -1 if line[10] == "-" else 1
    motions = float(line[20:29]), float(line[29:38])
    return ra_deg, sign * dec_deg, *motions, float(line[46:51]), float(line[51:56])


def _name(line: str, mag: float) -> str:
    """Return what a star is called: its proper name, else Bayer's or Flamsteed's of a bright one, else nothing."""
    _, bayer, proper = (part.strip() for part in (f"{line},,").split(",")[:3])
    if proper or mag > BRIGHTEST_NAMED:
        return proper
    letter, constellation = bayer[:4].strip(), bayer[4:].strip()
    return "" if letter.startswith(".") else f"{letter} {constellation}".strip()


def _moved(ra_deg: DoubleArray, dec_deg: DoubleArray, motion_arcsec: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
    """Return where stars of 2000 are at the catalogue's epoch; motions ``(n, 2)`` are on the sky, a year."""
    moved = motion_arcsec * (EPOCH_YEAR - 2000) / 3600
    return (ra_deg + moved[:, 0] / np.cos(np.radians(dec_deg))) % 360, dec_deg + moved[:, 1]


def stars_of_binary(path: Path) -> Stars:
    """Read a file of KStars' binary form that has B and V, as ``deepstars.dat``.

    Raises
    ------
    SettingsError
        It is no such file.
    """
    content = path.read_bytes()
    try:
        dtype, scales, begin = _layout(content)
        records = np.frombuffer(content, dtype, offset=begin, count=(len(content) - begin) // dtype.itemsize)
        value = {name: records[name] / scale for name, scale in scales.items()}
        ra_deg, dec_deg = 15 * value["RA"], value["Dec"]
        blue, green = value["B"], value["V"]
    except (struct.error, ValueError, KeyError, IndexError) as error:
        raise SettingsError([f"{path}: not as KStars writes it: {error}"]) from error
    motion = np.column_stack([value["dRA"], value["dDec"]]) / 1000
    return Stars(*_moved(ra_deg, dec_deg, motion), green, blue - green).known()


def _layout(content: bytes) -> tuple[np.dtype[np.void], dict[str, float], int]:
    """Return what a record is, by how much its fields are multiplied, and where the records begin."""
    mark, _, count = struct.unpack_from("<HBH", content, HEADER)
    if mark != BYTE_ORDER:
        raise ValueError("no mark of the byte order")
    at = HEADER + 5
    described = [FIELD.unpack_from(content, at + FIELD.size * i) for i in range(count)]
    at += FIELD.size * count
    names = [name.rstrip(b"\0").decode("ascii") for name, *_ in described]
    dtype = np.dtype([(name, f"<i{size}") for name, (_, size, _, _) in zip(names, described, strict=True)])
    scales = {name: float(scale or 1) for name, (*_, scale) in zip(names, described, strict=True)}
    return dtype, scales, ENTRY.unpack_from(content, at + 4)[1]


def objects_of(path: Path) -> NamedPlaces:
    """Read a deep-sky catalogue of KStars, ``*.kscat``.

    Raises
    ------
    SettingsError
        It is no such file.
    """
    asked = "SELECT type, name, long_name, ra, dec, magnitude, major_axis FROM cat WHERE name IS NOT NULL"
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as base:
            return _places(base.execute(asked))
    except (sqlite3.Error, TypeError, ValueError) as error:
        raise SettingsError([f"{path}: not as KStars writes it: {error}"]) from error


def _places(rows: Iterable[tuple[int, str, str | None, float, float, float | None, float | None]]) -> NamedPlaces:
    kept = [row for row in rows if row[0] not in STAR_TYPES or row[1].startswith("M ")]
    names = np.array([_object_name(name, more or "") for _, name, more, *_ in kept], "U48")
    numbers: Row = np.array([[np.nan if one is None else one for one in row[3:]] for row in kept], np.float64)
    ra_deg, dec_deg, mag, size = numbers.reshape(-1, 4).T
    return NamedPlaces(names, ra_deg, dec_deg, mag, np.nan_to_num(size))


def _object_name(name: str, more: str) -> str:
    """Return the number of an object in its list, and what it is called where that is no other number."""
    called = next((part.strip() for part in more.split(",") if not _OTHER_LIST.fullmatch(part)), "")
    return f"{name} {called}".strip()
