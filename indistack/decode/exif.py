"""What a camera notes about an exposure in a picture or raw file: time, exposure, ISO, its name, how it was held.

The tags stand in TIFF directories, which a TIFF and most raw files are made of, and which the others carry as a block.
Nothing in here refuses a frame: facts that cannot be read are missing.
"""

from __future__ import annotations

import contextlib
import math
import re
import struct
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import Any

from indistack.decode.picture_size import JPEG, PNG, START_OF_SCAN, jpeg_segments, png_chunks
from indistack.decode.tiff import TIFF_LIKE, Directory
from indistack.errors import DecodeError
from indistack.values.frame import Card

APP1 = 0xE1
MAKE, MODEL, ORIENTATION, DATE_TIME = 271, 272, 274, 306
EXIF_DIRECTORY, MAKER_NOTE = 34665, 37500
EXPOSURE_TIME, AMBIENT_TEMPERATURE = 33434, 37888
ISO_SPEEDS = (34855, 34866, 34867)
"""The oldest tag holds 16 bits: 65535 there means that one of the others knows."""
TAKEN = ((36867, 36881, 37521), (36868, 36882, 37522))
"""Time, its zone and its fraction of a second: when the picture was taken, when it was digitised."""
CANON_SHOT = 4
CANON_TEMPERATURE = 12
"""Place of the camera's temperature in Canon's settings of the shot: degrees Celsius + 128, 0 when not measured."""

EARLIEST_YEAR = 1990
MAX_EXPOSURE_S = 86_400.0
MAX_BLOCKS, MAX_BOXES = 16, 1000

_DATE = re.compile(r"(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)")
_ZONE = re.compile(r"([+-])(\d\d):(\d\d)")


def exif_facts(data: memoryview) -> dict[str, Any]:
    """Return what is known of an exposure, by the names of `indistack.values.frame.FrameInfo`.

    Times are those of the camera's clock in the zone that it tells; without a zone they are taken for UTC. The time of
    the last change (DateTime) counts only where a camera is named: programs write it too.
    """
    directories = tuple(_directories(data))
    camera = _camera(directories)
    facts = {
        "exposure_s": _exposure_s(directories),
        "gain_setting": _iso(directories),
        "date_obs": _taken(directories, bool(camera)),
        "camera": camera,
        "orientation": _orientation(directories),
        "temperature_c": _temperature_c(directories, camera),
    }
    return {name: value for name, value in facts.items() if value not in (None, "")}


def header_of(facts: Mapping[str, Any]) -> tuple[Card, ...]:
    """Return the facts that a stack keeps of its reference as FITS cards."""
    cards = (
        ("INSTRUME", facts.get("camera"), "camera"),
        ("ISOSPEED", facts.get("gain_setting"), "ISO speed"),
        ("CCD-TEMP", facts.get("temperature_c"), "[C] temperature of the camera"),
    )
    return tuple((keyword, value, comment) for keyword, value, comment in cards if value not in (None, ""))


Directories = tuple[Directory, ...]


def _directories(data: memoryview) -> Iterator[Directory]:
    """Yield the directories of the main picture, those with general tags first."""
    for block in islice(_blocks(data), MAX_BLOCKS):
        with contextlib.suppress(struct.error):
            yield from _with_inner(block)


def _with_inner(block: memoryview) -> Iterator[Directory]:
    outer = Directory(block)
    yield outer
    if EXIF_DIRECTORY not in outer:
        return
    inner = Directory(block, outer.whole(EXIF_DIRECTORY))
    yield inner
    note = inner.place(MAKER_NOTE)
    if note is not None and outer.text(MAKE).startswith("Canon"):  # a plain directory, unlike others' notes
        yield Directory(block, note)


def _blocks(data: memoryview) -> Iterator[memoryview]:
    """Yield what is built like a TIFF in a file of any kind; a damaged file ends it."""
    head = bytes(data[:16])
    with contextlib.suppress(struct.error, IndexError, DecodeError):
        if head.startswith(TIFF_LIKE):
            yield data
        elif head.startswith(JPEG):
            yield from _jpeg_blocks(data)
        elif head.startswith(PNG):
            yield from (body for name, body in png_chunks(data) if name == b"eXIf")
        elif head.startswith(b"FUJIFILMCCD-RAW"):  # a JPEG inside has it
            at, length = struct.unpack_from(">II", data, 84)
            yield from _jpeg_blocks(data[at : at + length])
        elif head[4:12] == b"ftypcrx ":
            yield from _canon_blocks(data)
        elif head.startswith(b"\0MRM"):
            yield from _minolta_blocks(data)


def _jpeg_blocks(data: memoryview) -> Iterator[memoryview]:
    segments = takewhile(lambda segment: segment[0] != START_OF_SCAN, jpeg_segments(data))
    return (body[6:] for kind, body in segments if kind == APP1 and bytes(body[:6]) == b"Exif\0\0")


def _boxes(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yield name and content of the boxes of an ISO media file (ISO 14496-12), of 32-bit length."""
    at = 0
    for _ in range(MAX_BOXES):
        if at + 8 > len(data):
            return
        length, name = struct.unpack_from(">I4s", data, at)
        if length < 8:
            return
        yield name, data[at + 8 : at + length]
        at += length


def _canon_blocks(data: memoryview) -> Iterator[memoryview]:
    """Yield the general directory, Exif and the maker note of a CR3; each stands alone."""
    movies = (body for name, body in _boxes(data) if name == b"moov")
    private = (body[16:] for movie in movies for name, body in _boxes(movie) if name == b"uuid")
    return (body for part in private for name, body in _boxes(part) if name in (b"CMT1", b"CMT2", b"CMT3"))


def _minolta_blocks(data: memoryview) -> Iterator[memoryview]:
    at = 8
    for _ in range(MAX_BOXES):
        name, length = struct.unpack_from(">4sI", data, at)
        if name == b"\0TTW":
            yield data[at + 8 : at + 8 + length]
        at += 8 + length


def _first(directories: Directories, tag: int) -> float | None:
    """Return the first finite value of a tag in any of the directories."""
    for directory in directories:
        with contextlib.suppress(struct.error):
            values = directory.numbers(tag)
            if values and math.isfinite(values[0]):
                return values[0]
    return None


def _text(directories: Directories, tag: int) -> str:
    return next(filter(None, (directory.text(tag) for directory in directories)), "")


def _camera(directories: Directories) -> str:
    """Return the model, with the make before it unless it says it itself: ``Canon EOS 6D``, ``SONY ILCE-7M3``."""
    make, model = _text(directories, MAKE), _text(directories, MODEL)
    word = make.split(" ")[0]
    return model if not word or not model or model.casefold().startswith(word.casefold()) else f"{word} {model}"


def _exposure_s(directories: Directories) -> float | None:
    exposure_s = _first(directories, EXPOSURE_TIME)
    return exposure_s if exposure_s is not None and 0 < exposure_s <= MAX_EXPOSURE_S else None


def _iso(directories: Directories) -> float | None:
    speeds = (_first(directories, tag) for tag in ISO_SPEEDS)
    return next((float(iso) for iso in speeds if iso is not None and 0 < iso < 1e8 and iso != 65535), None)


def _orientation(directories: Directories) -> int | None:
    said = _first(directories, ORIENTATION)
    return int(said) if said is not None and said in range(1, 9) else None


def _temperature_c(directories: Directories, camera: str) -> float | None:
    ambient_c = _first(directories, AMBIENT_TEMPERATURE)
    if ambient_c is None and camera.startswith("Canon"):
        for directory in directories:
            with contextlib.suppress(struct.error):
                settings = directory.numbers(CANON_SHOT)
                if len(settings) > CANON_TEMPERATURE and 0 < settings[CANON_TEMPERATURE] < 255:
                    return settings[CANON_TEMPERATURE] - 128.0
    return ambient_c if ambient_c is not None and -90 < ambient_c < 100 else None


def _taken(directories: Directories, by_camera: bool) -> datetime | None:
    for tag, zone_tag, fraction_tag in TAKEN:
        moment = _moment(_text(directories, tag), _text(directories, zone_tag), _text(directories, fraction_tag))
        if moment is not None:
            return moment
    return _moment(_text(directories, DATE_TIME)) if by_camera else None


def _moment(said: str, zone: str = "", fraction: str = "") -> datetime | None:
    """Return a time in UTC; None for zeros, where the clock was never set, and for what is no time."""
    date, offset = _DATE.match(said), _ZONE.fullmatch(zone)
    if date is None or int(date[1]) < EARLIEST_YEAR:
        return None
    part_s = float(f"0.{fraction}") if fraction.isascii() and fraction.isdigit() else 0.0
    east = timedelta(hours=int(offset[2]), minutes=int(offset[3])) if offset else timedelta(0)
    try:
        local = datetime.fromisoformat("{}-{}-{} {}:{}:{}".format(*date.groups())).replace(tzinfo=UTC)
        return local + timedelta(seconds=part_s) + (east if offset and offset[1] == "-" else -east)
    except (ValueError, OverflowError):
        return None
