"""When a file's frame was taken, by its header alone where that is possible."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from indistack.decode.base import DecodeSettings
from indistack.decode.exif import exif_facts
from indistack.decode.glance import glance
from indistack.errors import DecodeError
from indistack.system.ordinary_file import read_ordinary


def taken_at(path: Path, settings: DecodeSettings) -> datetime | None:
    """Return when a frame was taken (UTC), None where the file does not tell or cannot be read.

    Compressed FITS files and those with their picture in an extension are not looked into.
    """
    try:
        seen = glance(path, settings)
        if seen is not None:
            return seen.info.date_obs
        taken: datetime | None = exif_facts(memoryview(read_ordinary(path))).get("date_obs")
    except (DecodeError, OSError):
        return None
    return taken
