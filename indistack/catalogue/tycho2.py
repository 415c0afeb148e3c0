"""Tables of Tycho-2, as archives give them: text with a line of column names, packed or not."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from pathlib import Path
from typing import TextIO

import numpy as np

from indistack.catalogue.contents import Stars
from indistack.errors import SettingsError
from indistack.values.frame import DoubleArray

LICENCE = "Tycho-2 (Hog et al. 2000, A&A 355, L27), free for use with its source named"

COLUMNS = {
    "ra": ("radeg", "ramdeg", "raicrs", "raj2000", "ra"),
    "dec": ("dedeg", "decdeg", "demdeg", "deicrs", "dej2000", "decj2000", "dec", "de"),
    "bt": ("btmag", "bt"),
    "vt": ("vtmag", "vt"),
}
"""What columns are called, without signs between the letters, the best first."""

V_SHARE, B_V_SHARE = 0.090, 0.850
"""V = VT - 0.090 (BT - VT), B-V = 0.850 (BT - VT): ESA 1997, SP-1200, volume 1, section 1.3."""


def stars_of_table(path: Path) -> Stars:
    """Read those stars of a table that have both magnitudes, none of one without BT; RA and Dec are in degrees.

    Parameters
    ----------
    path : Path
        ``.csv``, ``.tsv`` or text with ``,``, ``;``, ``|`` or tabulators between the columns; ``.gz`` as well.

    Raises
    ------
    SettingsError
        It is no such table.
    """
    try:
        with _opened(path) as file:
            table = _numbers(path, file)
    except (ValueError, csv.Error, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SettingsError([f"{path}: no table of Tycho-2: {error}"]) from error
    colour = table["bt"] - table["vt"]
    return Stars(table["ra"] % 360, table["dec"], table["vt"] - V_SHARE * colour, B_V_SHARE * colour).known()


def _opened(path: Path) -> TextIO:
    return gzip.open(path, "rt", encoding="latin-1") if path.suffix == ".gz" else path.open("r", encoding="latin-1")


def _numbers(path: Path, file: TextIO) -> dict[str, DoubleArray]:
    """Return the columns that are needed, NaN where a field is empty."""
    lines = (line for line in file if line.strip() and line[0] != "#")
    head = next(lines, "")
    delimiter = max(",;|\t", key=head.count)
    place = {}
    names = [re.sub(r"[^a-z0-9]", "", name.lower()) for name in head.split(delimiter)]
    for wanted, spelled in COLUMNS.items():
        found = next((name for name in spelled if name in names), None)
        if found is None and wanted != "bt":
            raise SettingsError([f"{path}: has no column {wanted.upper()}; it has {head.strip()[:80]}"])
        place[wanted] = len(names) if found is None else names.index(found)
    columns = list(place.values())
    rows = [[row[one] if one < len(row) else "" for one in columns] for row in csv.reader(lines, delimiter=delimiter)]
    numbers = np.array([[_number(field) for field in row] for row in rows if any(row)], np.float64).reshape(-1, 4)
    return dict(zip(place, numbers.T, strict=True))


def _number(field: str) -> float:
    return float(field) if field.strip() else np.nan
